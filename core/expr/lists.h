/* Lists of strings, for kernels. Private to core/expr. */
#ifndef QUERN_CORE_EXPR_LISTS_H
#define QUERN_CORE_EXPR_LISTS_H

#include "core/expr/node.h"

/* One row's list: a stretch of a column of items. */
typedef struct qn_list {
    const qn_column *items;
    int64_t first, count;
} qn_list;

static inline qn_list qn_list_at(const qn_operand *operand, int64_t row) {
    const qn_column *column = operand->column;
    int64_t i = qn_at(operand, row);
    return (qn_list){column->items, column->offsets[i],
                     column->offsets[i + 1] - column->offsets[i]};
}

/* The k-th item; its data pointer is NULL for a null. */
static inline qn_view qn_list_item(qn_list list, int64_t k) {
    if (qn_column_is_null(list.items, list.first + k))
        return (qn_view){NULL, 0};
    qn_view item = qn_column_string(list.items, list.first + k);
    return item.data != NULL ? item : (qn_view){"", 0};
}

/* Null is equal to null and below every text. */
static inline int qn_item_compare(qn_view a, qn_view b) {
    if (a.data == NULL || b.data == NULL)
        return (a.data != NULL) - (b.data != NULL);
    return qn_view_compare(a, b);
}

/* Item by item, a shorter list first. */
int qn_list_compare(qn_list a, qn_list b);

/* Builds a column of lists item by item. */
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
QN_CHECKED qn_status qn_list_builder_end(qn_list_builder *builder); /* the row is complete */
QN_CHECKED qn_status qn_list_builder_end_null(qn_list_builder *builder);
/* Hands the column out and leaves the builder empty. */
QN_CHECKED qn_status qn_list_builder_finish(qn_list_builder *builder, qn_column **out);

/* One row's list: items are added, the row is ended by the caller. *null makes the row null. */
typedef qn_status (*qn_list_step)(const qn_call *call, int64_t row, qn_list_builder *out,
                                  bool *null);
QN_CHECKED qn_status qn_list_rows(const qn_call *call, qn_list_step step, qn_column **out);

#endif
