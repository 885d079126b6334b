/* Inside features/wide/asof*.c only: right rows of an as-of join, by group and then by the ordered
 * column. */
#ifndef QUERN_FEATURES_JOIN_ASOF_LIST_H
#define QUERN_FEATURES_JOIN_ASOF_LIST_H

#include "features/join/join_private.h"

typedef struct qn_asof_plan {
    qn_join_plan join; /* keys and schemas */
    int32_t left_on, right_on;
    bool strict, forward, inner;
    double tolerance;
} qn_asof_plan;

/* A right row: the ordered column as a number whose unsigned order is the column's. */
typedef struct qn_asof_entry {
    uint64_t order;
    uint32_t position;
} qn_asof_entry;

typedef struct qn_asof_list {
    const qn_asof_plan *plan;
    qn_join_side right; /* owned */
    qn_matcher matcher;
    qn_asof_entry *entries; /* by group, then in order */
    uint32_t *starts;       /* groups + 1 */
    uint32_t *hints;        /* by group: where the last left row was found */
    uint32_t *groups;       /* of a batch of left rows */
    uint64_t *orders;
    qn_column **keys;
} qn_asof_list;

/* Local. With plan and right.table set. Clear it also after a failure. */
QN_CHECKED qn_status qn_asof_list_init(qn_asof_list *self);
void qn_asof_list_clear(qn_asof_list *self);

/* Local. refs[i] = the right row of a left row, or QN_REF_NULL. */
QN_CHECKED qn_status qn_asof_list_find(qn_asof_list *self, qn_column *const *columns, int64_t rows,
                                       qn_ref *refs);

#endif
