/* matches: a regular expression (PCRE2) is found in the text; ^ and $ make it match all of it. */
#include "features/quality/condition.h"
#include "features/quality/rules/rules.h"

static const qn_option options[] = {
    {"column", QN_OPTION_TEXT, NULL, NULL, "column of texts"},
    {"pattern", QN_OPTION_TEXT, NULL, NULL, "regular expression (PCRE2) to be found in the text"},
    QN_ROW_RULE_OPTIONS};

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    qn_expr *violation = NULL;
    QN_TRY(qn_rule_use_option(rule, scene->schema, "column"));
    const qn_field *field = qn_rule_field(rule, scene->schema);
    if (field->type != QN_STRING)
        return qn_rule_fail_type(field, "string");
    if (!qn_options_has(rule->options, "pattern"))
        return qn_fail(QN_JOB, "pattern is not set");
    qn_expr *found =
        qn_condition_binary("rlike", qn_condition_column(field->name),
                            qn_condition_text(qn_options_text(rule->options, "pattern")));
    QN_TRY(qn_condition_made(found == NULL ? NULL : qn_condition_unary("not", found), &violation));
    return qn_rule_set_condition(rule, scene, violation);
}

const qn_rule_class qn_rule_matches = {
    .name = "matches",
    .help = "texts match a regular expression",
    .options = options,
    .bind = bind,
};
