/* unique: no two rows have the same values in the columns. All but the first of equal rows break
 * the rule; rows with a null are equal to none. */
#include "core/memory.h"
#include "features/aggregate/aggregate.h"
#include "features/quality/keys.h"
#include "features/quality/rules/rules.h"

static const qn_option options[] = {
    {"columns", QN_OPTION_TEXTS, NULL, NULL, "columns whose values together identify a row"},
    QN_ROW_RULE_OPTIONS};

static qn_status bind(qn_rule *rule, const qn_rule_scene *scene) {
    QN_TRY(qn_rule_use_option(rule, scene->schema, "columns"));
    for (int64_t i = 0; i < rule->column_count; i++) {
        const qn_field *field = &scene->schema->fields[rule->columns[i]];
        if (field->type == QN_VECTOR || field->type == QN_STRING_LIST)
            return qn_rule_fail_type(field, "a scalar");
    }
    return QN_OK;
}

/* What is marked are the first rows. */
static qn_status open_firsts(const qn_rule *rule, const qn_rule_scene *scene, qn_row_range *range,
                             qn_stream **out) {
    qn_stream *keys = NULL;
    int32_t *columns = NULL;
    QN_TRY(qn_keys_open(&keys, rule, scene, range));
    qn_status status = qn_mem_alloc(&columns, (size_t)rule->column_count, sizeof *columns);
    if (status != QN_OK) {
        qn_stream_free(keys);
        return status;
    }
    for (int32_t i = 0; i < rule->column_count; i++)
        columns[i] = i + 1;
    status = qn_distinct_open(out, keys, scene->execution, columns, (int32_t)rule->column_count);
    qn_mem_free(columns);
    return status;
}

static qn_status prepare(qn_rule *rule, const qn_rule_scene *scene) {
    qn_stream *firsts = NULL;
    qn_row_range range = QN_ROW_RANGE_NONE;
    rule->inverted = true;
    qn_status status = qn_comm_agree(scene->comm, open_firsts(rule, scene, &range, &firsts));
    if (status != QN_OK) {
        qn_stream_free(firsts);
        return status;
    }
    return qn_keys_mark(rule, scene, firsts, &range);
}

const qn_rule_class qn_rule_unique = {
    .name = "unique",
    .help = "no two rows have equal values in the columns",
    .options = options,
    .bind = bind,
    .prepare = prepare,
};
