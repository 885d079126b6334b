/* Sorting. */
#ifndef QUERN_FEATURES_SORT_SORT_H
#define QUERN_FEATURES_SORT_SORT_H

#include "core/key/order.h"
#include "features/wide/wide.h"

/* Local (see wide.h). All rows in the order of the keys, stable. JOB error for a column that has no
 * order. limit >= 0: rows [offset, offset + limit) of it only; up to 131,072 rows each, ranks keep
 * some twice offset + limit rows and send no more than those to the first one.
 *
 * Cost: sample sort (16,384 samples or 1,024 a rank); each row moves at most once, on one rank none
 * does; splitters take the row's place into account, so that equal keys spread over ranks. Rows are
 * gathered when they are asked for. Past the budget sorted runs are spilled and merged; on several
 * ranks each row is then written twice. */
QN_CHECKED qn_status qn_sort_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                                  const qn_sort_key *keys, int32_t count, int64_t limit,
                                  int64_t offset);

/* Local (see wide.h). Of each group by the partition columns, the first `limit` rows in the order
 * of the keys, in the input's order, with their row_number (int32, appended as column `name`; NULL:
 * none): what WHERE row_number() OVER (PARTITION BY ... ORDER BY ...) <= limit asks. JOB error for
 * a partition by vectors, DATA error if `name` is taken.
 *
 * Cost: bounded heaps a group, no sort. Of each rank's first rows the partition and key columns
 * move; the rows themselves never do. Where even they do not fit the budget, a window numbers all
 * rows (see window.h); the result is the same. */
QN_CHECKED qn_status qn_group_top_open(qn_stream **out, qn_stream *in,
                                       const qn_execution *execution, const int32_t *partition,
                                       int32_t partition_count, const qn_sort_key *keys,
                                       int32_t key_count, int64_t limit, const char *name);

/* Local (see wide.h). Rows spread anew over ranks: by hash of the columns (a partition is on one
 * rank, but for the rows by which batches are filled up), or evenly in their order (count == 0).
 * Rows stay the same; order: by partition of the hash, then input order. By range of keys:
 * qn_sort_open. Spills past the budget. */
QN_CHECKED qn_status qn_repartition_open(qn_stream **out, qn_stream *in,
                                         const qn_execution *execution, const int32_t *columns,
                                         int32_t count);

#endif
