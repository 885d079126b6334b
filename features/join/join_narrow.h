/* Inside features/wide/join*.c only: a join that passes left batches on, as a filter does. */
#ifndef QUERN_FEATURES_JOIN_JOIN_NARROW_H
#define QUERN_FEATURES_JOIN_JOIN_NARROW_H

#include "features/join/join_private.h"

typedef struct qn_join_narrow {
    const qn_join_plan *plan;
    qn_join_facts facts;
    qn_join_side right; /* all of it; owned */
    qn_matcher matcher;
    uint32_t *groups, *found; /* of a batch of left rows */
    uint8_t *nulls;
    qn_ref *refs;
    qn_column **keys;
} qn_join_narrow;

/* Local. With plan, facts and right side set: groups the right rows. Clear it also after a
 * failure. */
QN_CHECKED qn_status qn_join_narrow_init(qn_join_narrow *self);
void qn_join_narrow_clear(qn_join_narrow *self);

/* Each left row is given at most once. */
bool qn_join_is_narrow(const qn_join_narrow *self);

/* Local. The output for a batch of left rows; `out` is empty before. */
QN_CHECKED qn_status qn_join_narrow_run(qn_join_narrow *self, const qn_batch *batch, qn_batch *out);

#endif
