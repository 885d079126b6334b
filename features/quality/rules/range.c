/* range: a number, date or timestamp lies between bounds. NaN lies in no range. */
#include "features/quality/condition.h"
#include "features/quality/rules/rules.h"

static const qn_option options[] = {
    {"column", QN_OPTION_TEXT, NULL, NULL, "column of numbers, dates or timestamps"},
    {"min", QN_OPTION_TEXT, NULL, NULL, "least value"},
    {"max", QN_OPTION_TEXT, NULL, NULL, "greatest value"},
    {"exclusive", QN_OPTION_CHOICE, "none", "none|min|max|both",
     "bounds that are themselves outside"},
    QN_ROW_RULE_OPTIONS};

static qn_expr *outside(const qn_rule *rule, const qn_field *field, const qn_session *session,
                        bool low) {
    const char *option = low ? "min" : "max";
    bool exclusive = qn_options_is(rule->options, "exclusive", option) ||
                     qn_options_is(rule->options, "exclusive", "both");
    qn_expr *bound =
        qn_condition_value(field, option, qn_options_text(rule->options, option), session);
    if (bound == NULL)
        return NULL;
    const char *beyond = low ? (exclusive ? "<=" : "<") : (exclusive ? ">=" : ">");
    return qn_condition_binary(beyond, qn_condition_column(field->name), bound);
}

static qn_status add_term(qn_expr **violation, qn_expr *term) {
    if (term == NULL) {
        qn_expr_free(*violation);
        return qn_last_error().code;
    }
    return qn_condition_made(qn_condition_or(*violation, term), violation);
}

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    const qn_session *session = scene->execution->session;
    qn_expr *violation = NULL;
    QN_TRY(qn_rule_use_option(rule, scene->schema, "column"));
    const qn_field *field = qn_rule_field(rule, scene->schema);
    bool ordered =
        qn_type_is_numeric(field->type) || field->type == QN_DATE || field->type == QN_TIMESTAMP;
    if (!ordered)
        return qn_rule_fail_type(field, "a number, date or timestamp");
    bool low = qn_options_has(rule->options, "min"), high = qn_options_has(rule->options, "max");
    if (!low && !high)
        return qn_fail(QN_JOB, "neither min nor max is set");
    if (low)
        QN_TRY(add_term(&violation, outside(rule, field, session, true)));
    if (high)
        QN_TRY(add_term(&violation, outside(rule, field, session, false)));
    if (field->type == QN_FLOAT32 || field->type == QN_FLOAT64)
        QN_TRY(add_term(&violation, qn_condition_unary("isnan", qn_condition_column(field->name))));
    return qn_rule_set_condition(rule, scene, violation);
}

const qn_rule_class qn_rule_range = {
    .name = "range",
    .help = "values lie between bounds",
    .options = options,
    .bind = bind,
};
