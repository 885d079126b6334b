/* allowed: a value is one of a set. */
#include "core/memory.h"
#include "features/quality/condition.h"
#include "features/quality/rules/rules.h"

static const qn_option options[] = {
    {"column", QN_OPTION_TEXT, NULL, NULL, "column to check"},
    {"values", QN_OPTION_TEXTS, NULL, NULL, "values that are allowed"},
    QN_ROW_RULE_OPTIONS};

/* column, value, value, ...: taken over, also on failure. */
static qn_status not_in(qn_expr **arguments, int64_t count, qn_expr **out) {
    qn_expr *in = NULL;
    QN_TRY(qn_expr_call(&in, "in", arguments, (int32_t)count, -1));
    return qn_condition_made(qn_condition_unary("not", in), out);
}

static qn_status make_arguments(const qn_field *field, char *const *values, int64_t count,
                                const qn_session *session, qn_expr **out) {
    QN_TRY(qn_condition_made(qn_condition_column(field->name), &out[0]));
    for (int64_t i = 0; i < count; i++)
        QN_TRY(qn_condition_made(qn_condition_value(field, "values", values[i], session),
                                 &out[1 + i]));
    return QN_OK;
}

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    char *const *values = NULL;
    QN_TRY(qn_rule_use_option(rule, scene->schema, "column"));
    const qn_field *field = qn_rule_field(rule, scene->schema);
    if (field->type == QN_VECTOR || field->type == QN_STRING_LIST)
        return qn_rule_fail_type(field, "a scalar");
    int64_t count = qn_options_has(rule->options, "values")
                        ? qn_options_list(rule->options, "values", &values)
                        : 0;
    if (count == 0)
        return qn_fail(QN_JOB, "values is %s",
                       qn_options_has(rule->options, "values") ? "empty" : "not set");
    qn_expr **arguments = NULL, *violation = NULL;
    QN_TRY(qn_mem_calloc(&arguments, (size_t)count + 1, sizeof *arguments));
    qn_status status = make_arguments(field, values, count, scene->execution->session, arguments);
    if (status == QN_OK)
        status = not_in(arguments, count + 1, &violation);
    else
        for (int64_t i = 0; i <= count; i++)
            qn_expr_free(arguments[i]);
    qn_mem_free(arguments);
    return status == QN_OK ? qn_rule_set_condition(rule, scene, violation) : status;
}

const qn_rule_class qn_rule_allowed = {
    .name = "allowed",
    .help = "values are among those named",
    .options = options,
    .bind = bind,
};
