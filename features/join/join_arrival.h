/* Inside features/wide/join*.c only: rows of one side that arrive on the rank that joins them.
 *
 * Rows come in pieces, each sorted by slot, from all ranks in turn. They are kept by lane (slots
 * that are joined together) in memory or in scratch, in the order in which they came; what of each
 * piece belongs to which slot is noted, and gives the rows' right order when a lane is loaded. */
#ifndef QUERN_FEATURES_JOIN_JOIN_ARRIVAL_H
#define QUERN_FEATURES_JOIN_JOIN_ARRIVAL_H

#include "features/join/join_private.h"
#include "mpi/file/scratch.h"

typedef struct qn_join_piece {
    int source;
    int64_t row;    /* its first row in the lane, in order of arrival */
    int64_t counts; /* where in the lane's counts its rows a slot begin */
} qn_join_piece;

typedef struct qn_join_lane {
    int32_t from, to; /* slots of this rank, from 0 */
    int64_t rows;
    qn_table table; /* where there is no scratch */
    qn_join_piece *pieces;
    int64_t piece_count, piece_capacity;
    int32_t *counts;
    int64_t count_count, count_capacity;
} qn_join_lane;

typedef struct qn_join_arrival {
    int32_t slots; /* of this rank */
    int sources;
    qn_join_lane *lanes;
    int32_t lane_count;
    qn_scratch *scratch; /* NULL: one lane, in memory */
    /* the piece that is under way: */
    int32_t *counts;
    int32_t slot;
    int64_t left; /* rows of that slot still to come */
} qn_join_arrival;

/* Local. lane_ends[i]: the slot behind lane i. Several lanes go to scratch. */
QN_CHECKED qn_status qn_join_arrival_init(qn_join_arrival *out, const qn_schema *schema,
                                          int32_t slots, int sources, const int32_t *lane_ends,
                                          int32_t lane_count, const char *folder);
void qn_join_arrival_clear(qn_join_arrival *arrival);

/* Local. A qn_sink. Each piece begins with a batch without rows, of one int32 column as long as
 * there are slots: the piece's rows of each slot. */
qn_status qn_join_arrival_take(void *arrival, int source, qn_batch *batch);

/* Local. After the last batch. */
QN_CHECKED qn_status qn_join_arrival_end(qn_join_arrival *arrival);

/* Local. Makes a side of a lane's rows: slot by slot, in order of the source, then of arrival.
 * From memory they can be loaded once. */
QN_CHECKED qn_status qn_join_arrival_load(qn_join_side *out, qn_join_arrival *arrival,
                                          int32_t lane);

#endif
