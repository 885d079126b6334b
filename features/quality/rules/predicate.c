/* predicate: an SQL condition is true for the row. Null is a violation unless allow_null. */
#include "core/memory.h"
#include "features/quality/condition.h"
#include "features/quality/rules/rules.h"
#include "features/sql/sql.h"

static const qn_option options[] = {
    {"predicate", QN_OPTION_TEXT, NULL, NULL, "SQL condition that every row must satisfy"},
    {"allow_null", QN_OPTION_BOOL, "false", NULL, "rows for which it is null are good, too"},
    QN_ROW_RULE_OPTIONS};

static qn_status parse(const qn_rule *rule, qn_expr **out) {
    return qn_sql_expression(out, qn_view_of(qn_options_text(rule->options, "predicate")));
}

/* The columns that it reads are those shown. */
static qn_status use_columns(qn_rule *rule, const qn_schema *schema) {
    bool *used = NULL;
    QN_TRY(qn_mem_calloc(&used, (size_t)schema->count, sizeof *used));
    qn_expr_mark_columns(rule->condition, used);
    qn_status status = QN_OK;
    for (int32_t i = 0; i < schema->count && status == QN_OK; i++)
        if (used[i])
            status = qn_rule_use_column(rule, schema, schema->fields[i].name);
    qn_mem_free(used);
    return status;
}

/* Either all rows but those for which it is true, or those for which its contrary is. */
static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    qn_expr *predicate = NULL;
    if (!qn_options_has(rule->options, "predicate"))
        return qn_fail(QN_JOB, "predicate is not set");
    QN_TRY(parse(rule, &predicate));
    QN_TRY(qn_rule_set_condition(rule, scene, predicate));
    QN_TRY(use_columns(rule, scene->schema));
    rule->inverted = !qn_options_bool(rule->options, "allow_null");
    if (rule->inverted)
        return QN_OK;
    QN_TRY(parse(rule, &predicate));
    QN_TRY(qn_condition_made(qn_condition_unary("not", predicate), &predicate));
    return qn_rule_set_condition(rule, scene, predicate);
}

const qn_rule_class qn_rule_predicate = {
    .name = "predicate",
    .help = "an SQL condition holds for every row",
    .checks_nulls = true,
    .options = options,
    .bind = bind,
};
