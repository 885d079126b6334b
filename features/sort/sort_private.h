/* Sorting, as repartitioning uses it too. */
#ifndef QUERN_FEATURES_SORT_SORT_PRIVATE_H
#define QUERN_FEATURES_SORT_SORT_PRIVATE_H

#include "features/sort/sort.h"
#include "features/wide/shuffle.h"

/* Where rows are sorted: NULL for sampled splitters. Must not contradict the keys' order. */
typedef qn_status (*qn_sort_route)(qn_comm *comm, const qn_batch *batch, int32_t *ranks);

/* Local. qn_sort_open, with ranks by `route`, and without the last `hidden` columns in the result.
 */
QN_CHECKED qn_status qn_sort_open_routed(qn_stream **out, qn_stream *in,
                                         const qn_execution *execution, const qn_sort_key *keys,
                                         int32_t count, qn_sort_route route, int32_t hidden);

#endif
