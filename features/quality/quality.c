#include "features/quality/quality.h"

#include "core/memory.h"
#include "features/quality/quality_private.h"
#include "features/quality/rules/rules.h"
#include "mpi/stage.h"

#include <string.h>

enum { EXAMPLES = 5 };

static const qn_rule_class *const classes[] = {
#define X(name) &qn_rule_##name,
    QN_RULES(X)
#undef X
};
enum { CLASSES = sizeof classes / sizeof *classes };

bool qn_quality_kind(int32_t index, qn_rule_kind *out) {
    if (index < 0 || index >= CLASSES)
        return false;
    const qn_rule_class *class_ = classes[index];
    *out = (qn_rule_kind){class_->name, class_->help, class_->of_table, class_->options};
    return true;
}

qn_status qn_quality_new(qn_quality **out) {
    qn_quality *quality = NULL;
    QN_TRY(qn_mem_calloc(&quality, 1, sizeof *quality));
    quality->examples = EXAMPLES;
    qn_schema_init(&quality->schema);
    *out = quality;
    return QN_OK;
}

void qn_quality_free(qn_quality *quality) {
    if (quality == NULL)
        return;
    for (int64_t i = 0; i < quality->count; i++)
        qn_rule_free(quality->rules[i]);
    qn_mem_free(quality->rules);
    qn_schema_clear(&quality->schema);
    qn_row_set_clear(&quality->removed);
    qn_row_set_clear(&quality->quarantined);
    qn_mem_free(quality);
}

static qn_status find_class(const char *name, const qn_rule_class **out) {
    const char *names[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
        names[i] = classes[i]->name;
        if (strcmp(names[i], name) == 0) {
            *out = classes[i];
            return QN_OK;
        }
    }
    qn_status status = qn_fail(QN_JOB, "unknown rule '%s'", name);
    const char *nearest = qn_nearest(name, names, CLASSES);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    else
        qn_error_help("'quern help rules' lists them");
    return status;
}

qn_status qn_quality_add(qn_quality *quality, const char *kind, qn_rule **out) {
    const qn_rule_class *class_ = NULL;
    QN_TRY(find_class(kind, &class_));
    QN_TRY(
        qn_mem_reserve(&quality->rules, &quality->capacity, quality->count + 1, sizeof(qn_rule *)));
    QN_TRY(qn_rule_new(out, class_));
    quality->rules[quality->count++] = *out;
    return QN_OK;
}

void qn_quality_set_examples(qn_quality *quality, int32_t count) {
    quality->examples = count;
}

int32_t qn_quality_count(const qn_quality *quality) {
    return (int32_t)quality->count;
}

bool qn_quality_quarantines(const qn_quality *quality) {
    for (int64_t i = 0; i < quality->count; i++)
        if (quality->rules[i]->action == QN_RULE_QUARANTINE)
            return true;
    return false;
}

/* ---- Binding -------------------------------------------------------------------------------- */

static bool name_is_taken(const qn_quality *quality, int32_t index, const char *name) {
    for (int32_t i = 0; i < index; i++)
        if (quality->rules[i]->name != NULL && strcmp(quality->rules[i]->name, name) == 0)
            return true;
    return false;
}

/* Names given must differ; names made get a number. */
static qn_status settle_name(qn_quality *quality, int32_t index) {
    qn_rule *rule = quality->rules[index];
    if (!name_is_taken(quality, index, rule->name))
        return QN_OK;
    if (qn_options_has(rule->options, "name"))
        return qn_fail(QN_JOB, "two rules are called '%s'", rule->name);
    for (int number = 2;; number++) {
        char *name = NULL;
        QN_TRY(qn_format(&name, "%s #%d", rule->name, number));
        if (!name_is_taken(quality, index, name)) {
            qn_mem_free(rule->name);
            rule->name = name;
            return QN_OK;
        }
        qn_mem_free(name);
    }
}

static qn_status check_quarantine(const qn_rule *rule, const qn_schema *schema) {
    static const char *const added[] = {QN_QUALITY_ROW, QN_QUALITY_RULES};
    for (int i = 0; rule->action == QN_RULE_QUARANTINE && i < 2; i++)
        if (qn_schema_find(schema, added[i]) >= 0)
            return qn_fail(QN_JOB,
                           "the table has a column '%s', which quarantined rows get: rename it",
                           added[i]);
    return QN_OK;
}

static qn_status bind(qn_quality *quality, int32_t index, const qn_rule_scene *scene) {
    qn_rule *rule = quality->rules[index];
    rule->column_count = 0;
    QN_TRY(qn_comm_agree(scene->comm, rule->class_->bind(rule, scene)));
    qn_status status = qn_rule_settle_options(rule, scene->schema);
    if (status == QN_OK)
        status = settle_name(quality, index);
    if (status == QN_OK)
        status = check_quarantine(rule, scene->schema);
    return qn_comm_agree(scene->comm, status);
}

qn_status qn_quality_bind(qn_quality *quality, int32_t index, const qn_schema *schema,
                          const qn_quality_tables *tables, const qn_execution *execution) {
    qn_status status = QN_OK;
    if (index == 0) {
        qn_schema_clear(&quality->schema);
        status = qn_schema_copy(&quality->schema, schema);
    }
    QN_TRY(qn_comm_agree(execution->comm, status));
    quality->execution = *execution;
    quality->tables = tables == NULL ? (qn_quality_tables){0} : *tables;
    const qn_rule_scene scene = {.comm = execution->comm,
                                 .execution = &quality->execution,
                                 .tables = &quality->tables,
                                 .schema = &quality->schema};
    status = bind(quality, index, &scene);
    if (status != QN_OK)
        qn_error_prefix("%s: ", quality->rules[index]->class_->name);
    return status;
}

void qn_quality_mark_columns(const qn_quality *quality, bool *needed) {
    for (int64_t i = 0; i < quality->count; i++)
        for (int32_t k = 0; quality->rules[i]->class_->reads_all && k < quality->schema.count; k++)
            needed[k] = true;
    for (int64_t i = 0; i < quality->count; i++)
        for (int64_t k = 0; k < quality->rules[i]->column_count; k++)
            needed[quality->rules[i]->columns[k]] = true;
}

/* ---- Judging -------------------------------------------------------------------------------- */

static qn_status survey_batch(void *context, const qn_batch *batch) {
    qn_quality *quality = context;
    for (int64_t i = 0; i < quality->count; i++)
        if (quality->rules[i]->class_->survey != NULL)
            QN_TRY(quality->rules[i]->class_->survey(quality->rules[i], batch));
    return QN_OK;
}

/* Every rank has a summary, also one without rows. */
static qn_status survey_nothing(qn_quality *quality) {
    qn_batch none;
    qn_batch_init(&none);
    qn_status status = qn_batch_reserve(&none, quality->schema.count);
    for (int32_t i = 0; i < quality->schema.count && status == QN_OK; i++) {
        const qn_field *field = &quality->schema.fields[i];
        status = qn_column_new(&none.columns[i], field->type, 0, field->width);
    }
    if (status == QN_OK)
        status = survey_batch(quality, &none);
    qn_batch_clear(&none);
    return status;
}

static qn_status survey(qn_quality *quality, const qn_rule_scene *scene) {
    bool wanted = false;
    for (int64_t i = 0; i < quality->count; i++)
        wanted |= quality->rules[i]->class_->survey != NULL;
    if (!wanted)
        return QN_OK;
    QN_TRY(qn_comm_agree(scene->comm, survey_nothing(quality)));
    return qn_stage_scan(scene->in, scene->comm, survey_batch, quality);
}

static qn_status prepare(qn_quality *quality, const qn_rule_scene *scene) {
    for (int64_t i = 0; i < quality->count; i++) {
        qn_rule *rule = quality->rules[i];
        if (rule->class_->prepare == NULL)
            continue;
        qn_status status = qn_comm_agree(scene->comm, rule->class_->prepare(rule, scene));
        if (status != QN_OK)
            qn_error_prefix("rule '%s': ", rule->name);
        QN_TRY(status);
    }
    return QN_OK;
}

static qn_status judge_table(qn_quality *quality, const qn_rule_scene *scene) {
    for (int64_t i = 0; i < quality->count; i++) {
        qn_rule *rule = quality->rules[i];
        if (!rule->class_->of_table)
            continue;
        qn_status status = qn_comm_agree(scene->comm, rule->class_->judge(rule, scene));
        if (status != QN_OK)
            qn_error_prefix("rule '%s': ", rule->name);
        QN_TRY(status);
    }
    return QN_OK;
}

static void settle(qn_quality *quality) {
    quality->counts.failed = quality->counts.warned = 0;
    for (int64_t i = 0; i < quality->count; i++) {
        qn_rule *rule = quality->rules[i];
        rule->broken = qn_rule_is_broken(rule);
        quality->counts.failed += rule->broken && rule->action == QN_RULE_FAIL;
        quality->counts.warned += rule->broken && rule->action == QN_RULE_WARN;
    }
}

qn_status qn_quality_run(qn_quality *quality, qn_stream *in) {
    qn_rule_scene scene = {.comm = quality->execution.comm,
                           .execution = &quality->execution,
                           .tables = &quality->tables,
                           .schema = &quality->schema,
                           .in = in};
    if (!qn_schema_equal(&quality->schema, &in->schema))
        return qn_fail(QN_INTERNAL, "rules are judged over another table than they are bound to");
    QN_TRY(survey(quality, &scene));
    QN_TRY(prepare(quality, &scene));
    QN_TRY(qn_quality_judge_rows(quality, &scene));
    scene.rows = quality->counts.rows;
    QN_TRY(judge_table(quality, &scene));
    settle(quality);
    return QN_OK;
}

qn_quality_counts qn_quality_counts_of(const qn_quality *quality) {
    return quality->counts;
}

qn_status qn_quality_verdict(const qn_quality *quality) {
    if (quality->counts.failed == 0)
        return QN_OK;
    qn_text names;
    qn_text_init(&names);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < quality->count && status == QN_OK; i++) {
        const qn_rule *rule = quality->rules[i];
        if (rule->broken && rule->action == QN_RULE_FAIL)
            status = qn_text_printf(&names, "%s%s", names.length > 0 ? ", " : "", rule->name);
    }
    if (status == QN_OK)
        status = qn_fail(QN_QUALITY, "%d quality rule%s broken: %s", quality->counts.failed,
                         quality->counts.failed == 1 ? " is" : "s are", names.data);
    qn_text_clear(&names);
    return status;
}
