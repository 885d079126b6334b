/* Inside features/wide/join*.c only: both sides of a join spread over ranks by their keys' hash.
 *
 * Slots are the partitions of the hash. The output's order is that of slots, then of left rows; a
 * rank gets a contiguous range of it, cut so that all have about the same number of rows. Where a
 * cut lies inside a slot, left rows before it go to one rank and those behind it to the next; right
 * rows of the slot go to both. */
#ifndef QUERN_FEATURES_JOIN_JOIN_SPREAD_H
#define QUERN_FEATURES_JOIN_JOIN_SPREAD_H

#include "features/join/join_arrival.h"
#include "features/join/join_input.h"

/* Where a rank's range begins: at a left row of a slot, counted over all ranks. */
typedef struct qn_join_cut {
    int32_t slot;
    int64_t left;
} qn_join_cut;

typedef struct qn_join_layout {
    int size;
    qn_join_cut *cuts;                      /* size + 1 */
    int64_t left[QN_KEY_PARTITIONS];        /* rows a slot, of all ranks */
    int64_t left_before[QN_KEY_PARTITIONS]; /* those of the ranks before this one */
    int64_t right[QN_KEY_PARTITIONS];
} qn_join_layout;

void qn_join_layout_clear(qn_join_layout *layout);

/* Collective. */
QN_CHECKED qn_status qn_join_layout_init(qn_join_layout *out, const qn_join_input *left,
                                         const qn_join_input *right, qn_comm *comm);

/* Slots [*from, *to) of which a rank has rows, maybe none. */
void qn_join_layout_slots(const qn_join_layout *layout, int rank, int32_t *from, int32_t *to);

/* Collective. Sends the input's rows where they belong, giving them up; what is for this rank goes
 * to `arrival`. */
QN_CHECKED qn_status qn_join_spread(qn_join_arrival *arrival, qn_join_input *input,
                                    const qn_join_layout *layout, bool right, qn_comm *comm);

#endif
