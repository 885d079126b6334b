/* row_count: the table has so many rows. */
#include "features/quality/rules/rules.h"

static const qn_option options[] = {
    {"min", QN_OPTION_INT, NULL, "[0,inf)", "least number of rows"},
    {"max", QN_OPTION_INT, NULL, "[0,inf)", "greatest number of rows"},
    QN_TABLE_RULE_OPTIONS};

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    (void)scene;
    bool low = qn_options_has(rule->options, "min"), high = qn_options_has(rule->options, "max");
    if (!low && !high)
        return qn_fail(QN_JOB, "neither min nor max is set");
    if (low && high && qn_options_int(rule->options, "min") > qn_options_int(rule->options, "max"))
        return qn_fail(QN_JOB, "min is greater than max");
    return QN_OK;
}

static qn_status judge(qn_rule *rule, const qn_rule_scene *scene) {
    const qn_options *options_ = rule->options;
    long long rows = scene->rows;
    rule->checked = rows;
    rule->violations = 1;
    if (qn_options_has(options_, "min") && rows < qn_options_int(options_, "min"))
        return qn_rule_set_detail(rule, "%lld rows, at least %lld are wanted", rows,
                                  (long long)qn_options_int(options_, "min"));
    if (qn_options_has(options_, "max") && rows > qn_options_int(options_, "max"))
        return qn_rule_set_detail(rule, "%lld rows, at most %lld are wanted", rows,
                                  (long long)qn_options_int(options_, "max"));
    rule->violations = 0;
    return qn_rule_set_detail(rule, "%lld rows", rows);
}

const qn_rule_class qn_rule_row_count = {
    .name = "row_count",
    .help = "the number of rows lies between bounds",
    .of_table = true,
    .options = options,
    .bind = bind,
    .judge = judge,
};
