#include "features/quality/rule.h"

#include "core/expr/session.h"
#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

qn_status qn_rule_new(qn_rule **out, const qn_rule_class *class_) {
    qn_rule *rule = NULL;
    QN_TRY(qn_mem_calloc(&rule, 1, sizeof *rule));
    rule->class_ = class_;
    qn_status status = qn_options_new(&rule->options, class_->options);
    if (status == QN_OK && class_->state_size > 0)
        status = qn_mem_calloc(&rule->state, 1, class_->state_size);
    if (status != QN_OK) {
        qn_rule_free(rule);
        return status;
    }
    *out = rule;
    return QN_OK;
}

void qn_rule_free(qn_rule *rule) {
    if (rule == NULL)
        return;
    if (rule->class_->clear != NULL && rule->state != NULL)
        rule->class_->clear(rule);
    qn_mem_free(rule->state);
    qn_options_free(rule->options);
    qn_mem_free(rule->name);
    qn_mem_free(rule->columns);
    qn_expr_free(rule->condition);
    qn_row_set_clear(&rule->marked);
    qn_mem_free(rule->detail);
    json_decref(rule->examples);
    qn_mem_free(rule);
}

qn_options *qn_rule_options(const qn_rule *rule) {
    return rule->options;
}

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status add_column(qn_rule *rule, int32_t column) {
    for (int64_t i = 0; i < rule->column_count; i++)
        if (rule->columns[i] == column)
            return QN_OK;
    QN_TRY(qn_mem_reserve(&rule->columns, &rule->column_capacity, rule->column_count + 1,
                          sizeof *rule->columns));
    rule->columns[rule->column_count++] = column;
    return QN_OK;
}

qn_status qn_rule_use_column(qn_rule *rule, const qn_schema *schema, const char *name) {
    int32_t index;
    QN_TRY(qn_schema_require(schema, name, &index));
    return add_column(rule, index);
}

static const qn_option *find_option(const qn_rule *rule, const char *name) {
    const qn_option *option = rule->class_->options;
    while (strcmp(option->name, name) != 0)
        option++;
    return option;
}

qn_status qn_rule_use_option(qn_rule *rule, const qn_schema *schema, const char *option) {
    if (!qn_options_has(rule->options, option))
        return qn_fail(QN_JOB, "%s is not set", option);
    if (find_option(rule, option)->type == QN_OPTION_TEXT)
        return qn_rule_use_column(rule, schema, qn_options_text(rule->options, option));
    char *const *names = NULL;
    int64_t count = qn_options_list(rule->options, option, &names);
    if (count == 0)
        return qn_fail(QN_JOB, "%s is empty", option);
    for (int64_t i = 0; i < count; i++)
        QN_TRY(qn_rule_use_column(rule, schema, names[i]));
    return QN_OK;
}

const qn_field *qn_rule_field(const qn_rule *rule, const qn_schema *schema) {
    return &schema->fields[rule->columns[0]];
}

qn_status qn_rule_fail_type(const qn_field *field, const char *wanted) {
    return qn_fail(QN_JOB, "column '%s' is of type %s, not %s", field->name,
                   qn_type_name(field->type), wanted);
}

qn_status qn_rule_set_condition(qn_rule *rule, const qn_rule_scene *scene, qn_expr *condition) {
    qn_status status = qn_expr_bind_in(condition, scene->schema, scene->execution->session);
    if (status == QN_OK && qn_expr_type(condition) != QN_BOOL)
        status = qn_fail(QN_JOB, "a predicate must be boolean; this one is of type %s",
                         qn_type_name(qn_expr_type(condition)));
    if (status != QN_OK) {
        qn_expr_free(condition);
        return status;
    }
    qn_expr_free(rule->condition);
    rule->condition = condition;
    return QN_OK;
}

enum { NAMED_COLUMNS = 3 };

/* "range(price)", "unique(a, b, c and 4 more)" */
static qn_status make_name(qn_rule *rule, const qn_schema *schema) {
    qn_text text;
    qn_text_init(&text);
    qn_status status = qn_text_printf(&text, "%s", rule->class_->name);
    for (int64_t i = 0; i < rule->column_count && i < NAMED_COLUMNS && status == QN_OK; i++)
        status = qn_text_printf(&text, "%s%s", i == 0 ? "(" : ", ",
                                schema->fields[rule->columns[i]].name);
    if (status == QN_OK && rule->column_count > NAMED_COLUMNS)
        status =
            qn_text_printf(&text, " and %lld more", (long long)rule->column_count - NAMED_COLUMNS);
    if (status == QN_OK && rule->column_count > 0)
        status = qn_text_add_char(&text, ')');
    if (status != QN_OK) {
        qn_text_clear(&text);
        return status;
    }
    rule->name = text.data;
    return QN_OK;
}

static bool is_tolerant(const qn_rule *rule) {
    return !rule->class_->of_table && (qn_options_has(rule->options, "max_count") ||
                                       qn_options_has(rule->options, "max_share"));
}

qn_status qn_rule_settle_options(qn_rule *rule, const qn_schema *schema) {
    static const char *const words[] = {"warn", "drop", "quarantine", "fail"};
    for (int i = 0; i < 4; i++)
        if (qn_options_is(rule->options, "action", words[i]))
            rule->action = (qn_rule_action)i;
    bool moves_rows = rule->action == QN_RULE_DROP || rule->action == QN_RULE_QUARANTINE;
    if (moves_rows && is_tolerant(rule))
        return qn_fail(QN_JOB,
                       "max_count and max_share judge the table: the action must be 'warn' or "
                       "'fail', not '%s'",
                       words[rule->action]);
    qn_mem_free(rule->name);
    rule->name = NULL;
    return qn_options_has(rule->options, "name")
               ? qn_mem_copy_text(&rule->name, qn_options_text(rule->options, "name"))
               : make_name(rule, schema);
}

/* ---- Judging -------------------------------------------------------------------------------- */

bool qn_rule_is_broken(const qn_rule *rule) {
    if (!is_tolerant(rule))
        return rule->violations > 0;
    const qn_options *options = rule->options;
    if (qn_options_has(options, "max_count") &&
        rule->violations > qn_options_int(options, "max_count"))
        return true;
    return qn_options_has(options, "max_share") &&
           (double)rule->violations > qn_options_real(options, "max_share") * (double)rule->checked;
}

qn_status qn_rule_set_detail(qn_rule *rule, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    qn_mem_free(rule->detail);
    rule->detail = NULL;
    return qn_mem_copy_text(&rule->detail, text);
}

qn_status qn_rule_present(const qn_rule *rule, const qn_batch *batch, uint64_t **out) {
    size_t words = (size_t)qn_bit_words(batch->length);
    for (int64_t i = 0; i < rule->column_count; i++) {
        const qn_column *column = batch->columns[rule->columns[i]];
        if (column->validity == NULL)
            continue;
        if (*out == NULL) {
            QN_TRY(qn_mem_copy(out, column->validity, words, sizeof **out));
            continue;
        }
        for (size_t w = 0; w < words; w++)
            (*out)[w] &= column->validity[w];
    }
    return QN_OK;
}

static void flip(uint64_t *bits, int64_t length) {
    for (int64_t w = 0; w < qn_bit_words(length); w++)
        bits[w] = ~bits[w];
    if (length % 64 != 0)
        bits[length / 64] &= (UINT64_C(1) << (length % 64)) - 1;
}

/* Of a set of rows: those with a null break nothing. */
static qn_status marked_violations(const qn_rule *rule, const qn_batch *batch, uint64_t *bits) {
    uint64_t *present = NULL;
    qn_row_set_get_batch(&rule->marked, batch, bits);
    if (rule->inverted)
        flip(bits, batch->length);
    QN_TRY(qn_rule_present(rule, batch, &present));
    for (int64_t w = 0; present != NULL && w < qn_bit_words(batch->length); w++)
        bits[w] &= present[w];
    qn_mem_free(present);
    return QN_OK;
}

qn_status qn_rule_violations(const qn_rule *rule, const qn_batch *batch, uint64_t **out) {
    uint64_t *bits = NULL;
    if (rule->condition != NULL) {
        QN_TRY(qn_expr_filter(rule->condition, batch, &bits));
        if (rule->inverted)
            flip(bits, batch->length);
        *out = bits;
        return QN_OK;
    }
    QN_TRY(qn_mem_calloc(&bits, (size_t)qn_bit_words(batch->length) + 1, sizeof *bits));
    qn_status status = marked_violations(rule, batch, bits);
    if (status != QN_OK) {
        qn_mem_free(bits);
        return status;
    }
    *out = bits;
    return QN_OK;
}
