/* Columns of lists of strings: one row's list, and how such a column is built. */
#ifndef QUERN_CORE_COLUMN_LIST_BUILDER_H
#define QUERN_CORE_COLUMN_LIST_BUILDER_H

#include "core/column/column.h"

/* One row's list: a stretch of a column of items. */
typedef struct qn_list {
    const qn_column *items;
    int64_t first, count;
} qn_list;

static inline qn_list qn_list_row(const qn_column *column, int64_t row) {
    return (qn_list){column->items, column->offsets[row],
                     column->offsets[row + 1] - column->offsets[row]};
}

/* The k-th item; its data pointer is NULL for a null. */
static inline qn_view qn_list_item(qn_list list, int64_t k) {
    if (qn_column_is_null(list.items, list.first + k))
        return (qn_view){NULL, 0};
    qn_view item = qn_column_string(list.items, list.first + k);
    return item.data != NULL ? item : (qn_view){"", 0};
}

/* Builds a column of lists, row by row: items are added, then the row is ended. */
typedef struct qn_list_builder {
    int64_t length, null_count, capacity;
    int32_t *offsets;
    uint64_t *validity;
    qn_string_builder items;
} qn_list_builder;

void qn_list_builder_init(qn_list_builder *builder);
void qn_list_builder_clear(qn_list_builder *builder);

/* An item of the row being built; a NULL data pointer adds a null. */
QN_CHECKED qn_status qn_list_builder_add(qn_list_builder *builder, qn_view item);
QN_CHECKED qn_status qn_list_builder_add_list(qn_list_builder *builder, qn_list list);

/* For writers that put the items' bytes themselves: room for so many more items and bytes, to be
 * written as qn_string_builder_reserve says, into builder->items. DATA error past 2^31 items. */
QN_CHECKED qn_status qn_list_builder_reserve(qn_list_builder *builder, int64_t items,
                                             int64_t chars);

QN_CHECKED qn_status qn_list_builder_end(qn_list_builder *builder); /* the row is complete */
QN_CHECKED qn_status qn_list_builder_end_null(qn_list_builder *builder);

/* Hands the column out and leaves the builder empty. */
QN_CHECKED qn_status qn_list_builder_finish(qn_list_builder *builder, qn_column **out);

#endif
