/* Rows gathered from a table in memory. A row is named by its batch and its place in it, in 32
 * bits: batch << 14 | row. So a table here has at most 2^18 batches; operators spill before. */
#ifndef QUERN_CORE_COLUMN_TAKE_H
#define QUERN_CORE_COLUMN_TAKE_H

#include "core/stream.h"

typedef uint32_t qn_ref;

enum { QN_REF_SHIFT = 14, QN_REF_MASK = QN_BATCH_ROWS - 1, QN_REF_MAX_BATCHES = 1 << 18 };
#define QN_REF_NULL UINT32_MAX /* gives a null; the last row of batch 2^18 - 1 is never used */

static inline qn_ref qn_ref_of(int64_t batch, int64_t row) {
    return (qn_ref)(batch << QN_REF_SHIFT | row);
}
static inline int64_t qn_ref_batch(qn_ref ref) {
    return ref >> QN_REF_SHIFT;
}
static inline int64_t qn_ref_row(qn_ref ref) {
    return ref & QN_REF_MASK;
}

/* Local. Row i of the result is refs[i] of column `column`; QN_REF_NULL gives null. Strings keep a
 * dictionary that all batches share; else each value is copied. Cost: about one cache miss a value
 * when refs are random. */
QN_CHECKED qn_status qn_table_take(qn_column **out, const qn_table *table, int32_t column,
                                   const qn_ref *refs, int64_t count);

/* Local. The same for all columns, appended to `out`'s. Sets out->length. */
QN_CHECKED qn_status qn_table_take_all(qn_batch *out, const qn_table *table, const qn_ref *refs,
                                       int64_t count);

#endif
