/* Sorting rows of a table in memory: Spark's order. NaN is greater than every number and equal to
 * itself, -0.0 = 0.0, strings by unsigned bytes, false < true; nulls first or last as said. */
#ifndef QUERN_CORE_KEY_ORDER_H
#define QUERN_CORE_KEY_ORDER_H

#include "core/column/take.h"

typedef struct qn_sort_key {
    int32_t column;
    bool descending;
    bool nulls_last; /* SQL's default: nulls first ascending, last descending */
} qn_sort_key;

/* Local. JOB error for a column that has no order (lists and vectors). */
QN_CHECKED qn_status qn_order_check(const qn_schema *schema, const qn_sort_key *keys,
                                    int32_t count);

/* Local. Sorts refs[0..rows) by the keys, stably. Radix sort on normalised keys: each key takes as
 * many bits as its range needs, keys share 64-bit words, digits that are constant are skipped;
 * strings by their place among the distinct ones. Cost: about 1 ns a digit and row, plus one gather
 * a key. Memory: 16 to 24 bytes a row while it runs (strings without a dictionary: 40 more). */
QN_CHECKED qn_status qn_order_sort(const qn_table *table, const qn_sort_key *keys, int32_t count,
                                   qn_ref *refs, int64_t rows);

/* What sorting knows of the sorted keys: numbers, dates and timestamps need not be gathered from
 * the rows once more. */
typedef struct qn_order_kept qn_order_kept;

/* Local. qn_order_sort; *kept (NULL: nothing could be kept) costs 8 bytes a row and is the
 * caller's. */
QN_CHECKED qn_status qn_order_sort_keep(const qn_table *table, const qn_sort_key *keys,
                                        int32_t count, qn_ref *refs, int64_t rows,
                                        qn_order_kept **kept);
void qn_order_kept_free(qn_order_kept *kept); /* NULL is fine */

/* Local. Column `column` of sorted rows [first, first + count), which are refs[0..count) of the
 * table; *out stays NULL if it was not kept. Zeros and NaN of reals are looked up: their sign and
 * bits are no part of the order. */
QN_CHECKED qn_status qn_order_kept_column(const qn_order_kept *kept, const qn_table *table,
                                          int32_t column, const qn_ref *refs, int64_t first,
                                          int64_t count, qn_column **out);

/* Local. starts[i] = 1 where row refs[i] differs from refs[i - 1] in some key (starts[0] = 1). */
QN_CHECKED qn_status qn_order_boundaries(const qn_table *table, const qn_sort_key *keys,
                                         int32_t count, const qn_ref *refs, int64_t rows,
                                         uint8_t *starts);

/* <0, 0, >0: row i of one batch against row j of another with the same schema; slow beside sorting.
 */
int qn_order_compare_rows(const qn_batch *a, int64_t i, const qn_batch *b, int64_t j,
                          const qn_sort_key *keys, int32_t count);

/* The same for rows of tables. */
int qn_order_compare(const qn_table *table_a, qn_ref a, const qn_table *table_b, qn_ref b,
                     const qn_sort_key *keys, int32_t count);

/* The first key of each row of a batch as a number: where numbers differ, the rows are in their
 * order (strings: by their first eight bytes). True if rows with equal numbers are equal in this
 * key; else they must be compared. Without keys all are 0. For splitters, thresholds and merging.
 */
bool qn_order_prefixes(const qn_batch *batch, const qn_sort_key *keys, int32_t count,
                       uint64_t *prefixes);

#endif
