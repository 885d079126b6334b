/* Whole numbers that do not fit, where that is a fault. Private to core/expr. */
#ifndef QUERN_CORE_EXPR_OVERFLOW_H
#define QUERN_CORE_EXPR_OVERFLOW_H

#include "core/expr/node.h"

typedef enum qn_overflow {
    QN_OVERFLOW_ADD,
    QN_OVERFLOW_SUBTRACT,
    QN_OVERFLOW_MULTIPLY
} qn_overflow;

/* Local. Faults of the rows of a computed column of whole numbers where the operation on the two
 * arguments does not fit its type; of other columns none. On failure the column is released. */
QN_CHECKED qn_status qn_fault_overflow(const qn_call *call, qn_overflow operation,
                                       const qn_operand *a, const qn_operand *b, qn_column **out);

/* Local. The same of -x, and of abs(x): the least number has no opposite. */
QN_CHECKED qn_status qn_fault_opposite(const qn_call *call, qn_column **out);

#endif
