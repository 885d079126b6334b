/* not_null: no column of the row is null. NaN is a value, not a null. */
#include "features/quality/condition.h"
#include "features/quality/rules/rules.h"

static const qn_option options[] = {
    {"columns", QN_OPTION_TEXTS, NULL, NULL, "columns that must have a value"},
    QN_ROW_RULE_OPTIONS};

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    qn_expr *violation = NULL;
    QN_TRY(qn_rule_use_option(rule, scene->schema, "columns"));
    for (int64_t i = 0; i < rule->column_count; i++) {
        const char *name = scene->schema->fields[rule->columns[i]].name;
        qn_expr *missing = qn_condition_unary("is null", qn_condition_column(name));
        if (missing == NULL) {
            qn_expr_free(violation);
            return qn_last_error().code;
        }
        QN_TRY(qn_condition_made(qn_condition_or(violation, missing), &violation));
    }
    return qn_rule_set_condition(rule, scene, violation);
}

const qn_rule_class qn_rule_not_null = {
    .name = "not_null",
    .help = "columns have a value in every row",
    .checks_nulls = true,
    .options = options,
    .bind = bind,
};
