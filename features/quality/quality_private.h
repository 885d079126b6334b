/* The parts of a set of rules. Private to features/quality. */
#ifndef QUERN_FEATURES_QUALITY_PRIVATE_H
#define QUERN_FEATURES_QUALITY_PRIVATE_H

#include "features/quality/rule.h"

struct qn_quality {
    int64_t count, capacity;
    qn_rule **rules;
    int32_t examples;
    qn_schema schema; /* as the rules are bound to it */
    qn_execution execution;
    qn_quality_tables tables;

    /* once judged */
    qn_row_set removed;     /* rows of this rank that do not pass */
    qn_row_set quarantined; /* those of them that go to quarantine */
    int64_t local_passed, local_quarantined;
    qn_quality_counts counts;
};

/* Collective. The pass over all rows: evaluates row rules, feeds the summaries of table rules. */
QN_CHECKED qn_status qn_quality_judge_rows(qn_quality *quality, const qn_rule_scene *scene);

/* Local. {"row": .., "values": {column: value}} of a row and the rule's columns. */
QN_CHECKED qn_status qn_quality_example(const qn_rule *rule, const qn_schema *schema,
                                        const qn_batch *batch, int64_t row, json_t **out);

#endif
