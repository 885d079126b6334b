/* Inside core/window: the rows of a table in the order of a window. */
#ifndef QUERN_CORE_WINDOW_ORDER_H
#define QUERN_CORE_WINDOW_ORDER_H

#include "core/window/window.h"

typedef struct qn_window_order {
    int64_t rows;
    qn_ref *refs;       /* by partition, order keys, place in the table */
    uint8_t *flags;     /* 1 where a row differs from the one before it; NULL without order keys */
    uint64_t *keys;     /* the one order key as an ordered number, smallest first; NULL if it has
                           nulls, is text, or if there are several */
    int64_t partitions; /* none is empty */
    int64_t *starts;    /* partitions + 1 */
} qn_window_order;

/* Local. Cost: groups are found by hashing (core/key/key.h), counted, and their rows placed; one
 * numeric key is sorted partition by partition in cache, other keys by one sort of all rows before.
 * Memory: 16 to 32 bytes a row while it runs. */
QN_CHECKED qn_status qn_window_order_find(qn_window_order *out, const qn_table *table,
                                          const qn_window_spec *spec);
void qn_window_order_clear(qn_window_order *ordered);

/* Local. Numbers from 0 on for distinct values of columns, ids[i] of row i of the table. */
QN_CHECKED qn_status qn_window_groups(uint32_t *ids, int64_t *count, const qn_table *table,
                                      const int32_t *columns, int32_t column_count);

#endif
