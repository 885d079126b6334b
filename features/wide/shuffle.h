/* Rows to the ranks where they are wanted. */
#ifndef QUERN_FEATURES_WIDE_SHUFFLE_H
#define QUERN_FEATURES_WIDE_SHUFFLE_H

#include "features/wide/wide.h"

/* Where rows go: sets ranks[i] for each row of a batch. Local. */
typedef qn_status (*qn_route)(void *context, const qn_batch *batch, int32_t *ranks);

/* Takes what arrives from a rank. Takes over the batch. */
typedef qn_status (*qn_sink)(void *context, int source, qn_batch *batch);

typedef struct qn_shuffle_plan {
    qn_route route;
    void *route_context;
    qn_sink sink;
    void *sink_context;
    bool keep_rows; /* batches arrive with row_ids: the source row numbers */
} qn_shuffle_plan;

/* Collective; the same status on all ranks. Reads `in` from where it stands to its end, sends each
 * row where `route` says, and gives what arrives here to `sink`: in rounds of some 64 MB a rank, so
 * rows of one source come in their order, but sources take turns. A failure of the input, the route
 * or the sink on one rank is everyone's. On one rank nobody is asked where rows go: batches pass
 * straight to the sink. Cost: each row that changes rank
 * is copied out, sent and copied in once; rows that stay are copied once. */
QN_CHECKED qn_status qn_shuffle(qn_stream *in, qn_comm *comm, const qn_shuffle_plan *plan);

/* Collective. The same into a table in memory, in order of the source rank, then of its rows: with
 * contiguous ranges on ranks, the canonical order. */
QN_CHECKED qn_status qn_shuffle_table(qn_table *out, qn_stream *in, qn_comm *comm, qn_route route,
                                      void *route_context, bool keep_rows);

#endif
