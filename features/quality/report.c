#include "features/quality/quality_private.h"

static const char *action_word(const qn_rule *rule) {
    return qn_options_text(rule->options, "action");
}

static const char *outcome_word(const qn_rule *rule) {
    static const char *const words[] = {"warned", "dropped", "quarantined", "failed"};
    return rule->broken ? words[rule->action] : "passed";
}

static json_t *columns_of(const qn_rule *rule, const qn_schema *schema) {
    json_t *names = json_array();
    for (int64_t i = 0; i < rule->column_count; i++)
        if (json_array_append_new(names, json_string(schema->fields[rule->columns[i]].name)) != 0)
            break;
    return names;
}

static json_t *describe_rule(const qn_rule *rule, const qn_schema *schema) {
    bool of_table = rule->class_->of_table;
    double share = rule->checked > 0 ? (double)rule->violations / (double)rule->checked : 0;
    json_t *object =
        json_pack("{s:s, s:s, s:o, s:s, s:s, s:I}", "rule", rule->name, "type", rule->class_->name,
                  "columns", columns_of(rule, schema), "action", action_word(rule), "outcome",
                  outcome_word(rule), "checked", (json_int_t)rule->checked);
    int failed = object == NULL;
    if (!of_table && !failed) {
        failed =
            json_object_set_new(object, "violations", json_integer((json_int_t)rule->violations));
        failed |= json_object_set_new(object, "share", json_real(share));
    }
    if (rule->detail != NULL && !failed)
        failed = json_object_set_new(object, "detail", json_string(rule->detail));
    if (!of_table && !failed)
        failed = json_object_set(object, "examples", rule->examples);
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

qn_status qn_quality_report(const qn_quality *quality, json_t **out) {
    const qn_quality_counts *counts = &quality->counts;
    json_t *rules = json_array();
    int failed = rules == NULL;
    for (int64_t i = 0; i < quality->count && !failed; i++)
        failed = json_array_append_new(rules, describe_rule(quality->rules[i], &quality->schema));
    json_t *report =
        failed
            ? NULL
            : json_pack("{s:I, s:I, s:I, s:I, s:i, s:i, s:O}", "rows", (json_int_t)counts->rows,
                        "passed", (json_int_t)counts->passed, "dropped",
                        (json_int_t)counts->dropped, "quarantined", (json_int_t)counts->quarantined,
                        "failed", counts->failed, "warned", counts->warned, "rules", rules);
    json_decref(rules);
    if (report == NULL)
        return qn_fail(QN_MEMORY, "no memory for a quality report");
    *out = report;
    return QN_OK;
}
