/* Sorted runs in scratch space, merged as rows are asked for. */
#ifndef QUERN_FEATURES_SORT_SORT_MERGE_H
#define QUERN_FEATURES_SORT_SORT_MERGE_H

#include "core/key/order.h"
#include "mpi/file/scratch.h"

typedef struct qn_merge qn_merge;

/* Local. Merges all lanes of the scratch, which are in the order of the keys; equal rows in order
 * of their lanes. Both must outlive the merge. */
QN_CHECKED qn_status qn_merge_new(qn_merge **out, qn_scratch *scratch, int32_t lanes,
                                  const qn_schema *schema, const qn_sort_key *keys, int32_t count);
void qn_merge_free(qn_merge *merge); /* NULL is fine */

/* Local. Rows [first, first + count) of the merged order, count <= QN_BATCH_ROWS; starts again from
 * the front if they lie behind. Cost: a comparison a level of the tree of lanes, and a gather. */
QN_CHECKED qn_status qn_merge_rows(qn_merge *merge, int64_t first, int64_t count, qn_batch *out);

#endif
