/* The first rows of an order, without sorting all. */
#ifndef QUERN_FEATURES_SORT_SORT_TOP_H
#define QUERN_FEATURES_SORT_SORT_TOP_H

#include "core/key/order.h"
#include "features/wide/wide.h"

/* Local (see qn_stream_next). The first `wanted` rows of the input by the keys, in their order; no
 * more than about twice as many are held at any time. */
QN_CHECKED qn_status qn_top_read(qn_table *out, qn_stream *in, const qn_sort_key *keys,
                                 int32_t count, int64_t wanted);

/* Local. refs of all rows of a table, in their order; the caller's. */
QN_CHECKED qn_status qn_top_refs(qn_ref **out, const qn_table *table);

/* Local. Rows of a table as batches of QN_BATCH_ROWS, added to `out`. */
QN_CHECKED qn_status qn_top_take(qn_table *out, const qn_table *table, const qn_ref *refs,
                                 int64_t count);

#endif
