/* Lists of strings, for kernels. Private to core/expr. */
#ifndef QUERN_CORE_EXPR_LISTS_H
#define QUERN_CORE_EXPR_LISTS_H

#include "core/column/list_builder.h"
#include "core/expr/node.h"

static inline qn_list qn_list_at(const qn_operand *operand, int64_t row) {
    return qn_list_row(operand->column, qn_at(operand, row));
}

/* Null is equal to null and below every text. */
static inline int qn_item_compare(qn_view a, qn_view b) {
    if (a.data == NULL || b.data == NULL)
        return (a.data != NULL) - (b.data != NULL);
    return qn_view_compare(a, b);
}

/* Item by item, a shorter list first. */
int qn_list_compare(qn_list a, qn_list b);

/* One row's list: items are added, the row is ended by the caller. *null makes the row null. */
typedef qn_status (*qn_list_step)(const qn_call *call, int64_t row, qn_list_builder *out,
                                  bool *null);
QN_CHECKED qn_status qn_list_rows(const qn_call *call, qn_list_step step, qn_column **out);

#endif
