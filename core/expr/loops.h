/* Loops over one or two plain arrays, for kernels. Private to core/expr. */
#ifndef QUERN_CORE_EXPR_LOOPS_H
#define QUERN_CORE_EXPR_LOOPS_H

#include "core/expr/node.h"

/* Which argument of two is a constant. */
typedef enum qn_shape { QN_ROWS_ROWS, QN_ROWS_ONE, QN_ONE_ROWS } qn_shape;

static inline qn_shape qn_shape_of(const qn_operand *a, const qn_operand *b) {
    return b->constant ? QN_ROWS_ONE : a->constant ? QN_ONE_ROWS : QN_ROWS_ROWS;
}

/* Defines `name`, which sets out[i] = expression of x = a[i] and y = b[i]. */
#define QN_LOOP_2(name, out_type, in_type, expression)                                             \
    QN_CLONES static void name(out_type *restrict out, const in_type *a, const in_type *b,         \
                               int64_t n, qn_shape shape) {                                        \
        if (shape == QN_ROWS_ROWS) {                                                               \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const in_type x = a[i], y = b[i];                                                  \
                out[i] = (expression);                                                             \
            }                                                                                      \
        } else if (shape == QN_ROWS_ONE) {                                                         \
            const in_type y = *b;                                                                  \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const in_type x = a[i];                                                            \
                out[i] = (expression);                                                             \
            }                                                                                      \
        } else {                                                                                   \
            const in_type x = *a;                                                                  \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const in_type y = b[i];                                                            \
                out[i] = (expression);                                                             \
            }                                                                                      \
        }                                                                                          \
    }

/* Defines `name`, which sets out[i] = expression of x = a[i]. */
#define QN_LOOP_1(name, out_type, in_type, expression)                                             \
    QN_CLONES static void name(out_type *restrict out, const in_type *a, int64_t n) {              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const in_type x = a[i];                                                                \
            out[i] = (expression);                                                                 \
        }                                                                                          \
    }

#endif
