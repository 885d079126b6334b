/* Sorting. */
#ifndef QUERN_FEATURES_WIDE_SORT_H
#define QUERN_FEATURES_WIDE_SORT_H

#include "core/key/order.h"
#include "features/wide/wide.h"

/* Local (see wide.h). All rows in the order of the keys, stable. limit >= 0: rows [offset, offset +
 * limit) of it only (top-k: each rank keeps no more than offset + limit rows). Cost: sample sort;
 * each row moves at most once; splitters take the row number into account, so that equal keys
 * spread over ranks. Spills sorted runs past the budget and merges them. */
QN_CHECKED qn_status qn_sort_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                                  const qn_sort_key *keys, int32_t count, int64_t limit,
                                  int64_t offset);

/* Local (see wide.h). Of each group by the partition columns, the first `limit` rows in the order
 * of the keys, in the input's order, with their row_number (int32, appended as column `name`; NULL:
 * none): what WHERE row_number() OVER (PARTITION BY ... ORDER BY ...) <= limit asks. Bounded heaps
 * a group, no sort. */
QN_CHECKED qn_status qn_group_top_open(qn_stream **out, qn_stream *in,
                                       const qn_execution *execution, const int32_t *partition,
                                       int32_t partition_count, const qn_sort_key *keys,
                                       int32_t key_count, int64_t limit, const char *name);

/* Local (see wide.h). Rows spread anew over ranks: by hash of the columns, by range of the sort
 * keys (that is: sorted), or evenly in their order (count == 0). Rows stay the same; order: by
 * partition of the hash, then input order. */
QN_CHECKED qn_status qn_repartition_open(qn_stream **out, qn_stream *in,
                                         const qn_execution *execution, const int32_t *columns,
                                         int32_t count);

#endif
