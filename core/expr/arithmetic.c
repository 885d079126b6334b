/* + - * / % on numbers, abs, sign. Integers wrap as Spark's (and Java's) do unless the
 * session says otherwise; a division by zero is null or a fault; `/` is always float64. */
#include "core/expr/loops.h"
#include "core/expr/overflow.h"

#include <math.h>

QN_LOOP_2(add_32, int32_t, int32_t, (int32_t)((uint32_t)x + (uint32_t)y))
QN_LOOP_2(add_64, int64_t, int64_t, (int64_t)((uint64_t)x + (uint64_t)y))
QN_LOOP_2(add_float, float, float, x + y)
QN_LOOP_2(add_real, double, double, x + y)
QN_LOOP_2(subtract_32, int32_t, int32_t, (int32_t)((uint32_t)x - (uint32_t)y))
QN_LOOP_2(subtract_64, int64_t, int64_t, (int64_t)((uint64_t)x - (uint64_t)y))
QN_LOOP_2(subtract_float, float, float, x - y)
QN_LOOP_2(subtract_real, double, double, x - y)
QN_LOOP_2(multiply_32, int32_t, int32_t, (int32_t)((uint32_t)x *(uint32_t)y))
QN_LOOP_2(multiply_64, int64_t, int64_t, (int64_t)((uint64_t)x *(uint64_t)y))
QN_LOOP_2(multiply_float, float, float, x *y)
QN_LOOP_2(multiply_real, double, double, x *y)
QN_LOOP_2(divide_real, double, double, x / y)

/* A divisor of 0 gives a null later, -1 would overflow. */
QN_LOOP_2(remainder_32, int32_t, int32_t, y == 0 || y == -1 ? 0 : x % y)
QN_LOOP_2(remainder_64, int64_t, int64_t, y == 0 || y == -1 ? 0 : x % y)
QN_LOOP_2(remainder_float, float, float, fmodf(x, y))
QN_LOOP_2(remainder_real, double, double, fmod(x, y))

QN_LOOP_1(negate_32, int32_t, int32_t, (int32_t)(0u - (uint32_t)x))
QN_LOOP_1(negate_64, int64_t, int64_t, (int64_t)(UINT64_C(0) - (uint64_t)x))
QN_LOOP_1(negate_float, float, float, -x)
QN_LOOP_1(negate_real, double, double, -x)
QN_LOOP_1(abs_32, int32_t, int32_t, x < 0 ? (int32_t)(0u - (uint32_t)x) : x)
QN_LOOP_1(abs_64, int64_t, int64_t, x < 0 ? (int64_t)(UINT64_C(0) - (uint64_t)x) : x)
QN_LOOP_1(abs_float, float, float, fabsf(x))
QN_LOOP_1(abs_real, double, double, fabs(x))
QN_LOOP_1(sign_real, double, double, x > 0 ? 1.0 : x < 0 ? -1.0 : x)

static qn_status new_output(const qn_call *call, qn_column **out) {
    return qn_column_new(out, call->node->type, call->length, 0);
}

/* Runs the loop that fits the type, with the two arguments and the output in scope. */
#define RUN_2(out, call, for_32, for_64, for_float, for_real)                                      \
    do {                                                                                           \
        const qn_operand *a_ = &(call)->arguments[0], *b_ = &(call)->arguments[1];                 \
        const qn_column *x_ = a_->column, *y_ = b_->column;                                        \
        qn_shape shape_ = qn_shape_of(a_, b_);                                                     \
        int64_t n_ = (call)->length;                                                               \
        switch ((out)->type) {                                                                     \
        case QN_INT32:                                                                             \
            for_32((out)->i32, x_->i32, y_->i32, n_, shape_);                                      \
            break;                                                                                 \
        case QN_INT64:                                                                             \
            for_64((out)->i64, x_->i64, y_->i64, n_, shape_);                                      \
            break;                                                                                 \
        case QN_FLOAT32:                                                                           \
            for_float((out)->f32, x_->f32, y_->f32, n_, shape_);                                   \
            break;                                                                                 \
        default:                                                                                   \
            for_real((out)->f64, x_->f64, y_->f64, n_, shape_);                                    \
            break;                                                                                 \
        }                                                                                          \
    } while (0)

#define RUN_1(out, call, for_32, for_64, for_float, for_real)                                      \
    do {                                                                                           \
        const qn_column *x_ = (call)->arguments[0].column;                                         \
        int64_t n_ = (call)->length;                                                               \
        switch ((out)->type) {                                                                     \
        case QN_INT32:                                                                             \
            for_32((out)->i32, x_->i32, n_);                                                       \
            break;                                                                                 \
        case QN_INT64:                                                                             \
            for_64((out)->i64, x_->i64, n_);                                                       \
            break;                                                                                 \
        case QN_FLOAT32:                                                                           \
            for_float((out)->f32, x_->f32, n_);                                                    \
            break;                                                                                 \
        default:                                                                                   \
            for_real((out)->f64, x_->f64, n_);                                                     \
            break;                                                                                 \
        }                                                                                          \
    } while (0)

static qn_status check_two(const qn_call *call, qn_overflow operation, qn_column **out) {
    if (!call->checks)
        return QN_OK;
    return qn_fault_overflow(call, operation, &call->arguments[0], &call->arguments[1], out);
}

static qn_status run_add(const qn_call *call, qn_column **out) {
    QN_TRY(new_output(call, out));
    RUN_2(*out, call, add_32, add_64, add_float, add_real);
    return check_two(call, QN_OVERFLOW_ADD, out);
}

static qn_status run_subtract(const qn_call *call, qn_column **out) {
    QN_TRY(new_output(call, out));
    if (call->count == 1) {
        RUN_1(*out, call, negate_32, negate_64, negate_float, negate_real);
        return call->checks ? qn_fault_opposite(call, out) : QN_OK;
    }
    RUN_2(*out, call, subtract_32, subtract_64, subtract_float, subtract_real);
    return check_two(call, QN_OVERFLOW_SUBTRACT, out);
}

static qn_status run_multiply(const qn_call *call, qn_column **out) {
    QN_TRY(new_output(call, out));
    RUN_2(*out, call, multiply_32, multiply_64, multiply_float, multiply_real);
    return check_two(call, QN_OVERFLOW_MULTIPLY, out);
}

static qn_status run_abs(const qn_call *call, qn_column **out) {
    QN_TRY(new_output(call, out));
    RUN_1(*out, call, abs_32, abs_64, abs_float, abs_real);
    return call->checks ? qn_fault_opposite(call, out) : QN_OK;
}

static qn_status run_sign(const qn_call *call, qn_column **out) {
    QN_TRY(new_output(call, out));
    sign_real((*out)->f64, call->arguments[0].column->f64, call->length);
    return QN_OK;
}

/* ---- Division -------------------------------------------------------------------------------- */

static bool is_zero(const qn_column *column, int64_t row) {
    switch (column->type) {
    case QN_INT32:
        return column->i32[row] == 0;
    case QN_INT64:
        return column->i64[row] == 0;
    case QN_FLOAT32:
        return column->f32[row] == 0;
    default:
        return column->f64[row] == 0;
    }
}

QN_CLONES static int64_t count_zeros_real(const double *values, int64_t length) {
    int64_t zeros = 0;
    for (int64_t i = 0; i < length; i++)
        zeros += values[i] == 0;
    return zeros;
}

/* Nulls where the divisor is zero; takes the output over on failure. */
static qn_status null_zero_divisors(const qn_call *call, qn_column **out) {
    const qn_operand *divisor = &call->arguments[1];
    int64_t rows = divisor->constant ? 1 : call->length;
    if (divisor->column->type == QN_FLOAT64 && count_zeros_real(divisor->column->f64, rows) == 0)
        return QN_OK;
    for (int64_t i = 0; i < call->length; i++) {
        if (!is_zero(divisor->column, qn_at(divisor, i)))
            continue;
        qn_status status =
            qn_call_fault(call, *out, i, "'%s' divides by zero", call->node->function->name);
        if (status != QN_OK) {
            qn_column_release(*out);
            return status;
        }
    }
    return QN_OK;
}

static qn_status run_divide(const qn_call *call, qn_column **out) {
    const qn_operand *a = &call->arguments[0], *b = &call->arguments[1];
    QN_TRY(new_output(call, out));
    divide_real((*out)->f64, a->column->f64, b->column->f64, call->length, qn_shape_of(a, b));
    return null_zero_divisors(call, out);
}

static qn_status run_remainder(const qn_call *call, qn_column **out) {
    QN_TRY(new_output(call, out));
    RUN_2(*out, call, remainder_32, remainder_64, remainder_float, remainder_real);
    return null_zero_divisors(call, out);
}

const qn_function qn_functions_arithmetic[] = {
    {"+", 2, 2, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run_add, NULL, NULL},
    {"-", 1, 2, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run_subtract, NULL, NULL},
    {"*", 2, 2, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run_multiply, NULL, NULL},
    {"/", 2, 2, {QN_TAKES_REAL}, QN_GIVES_FLOAT64, QN_NULLS_STRICT, run_divide, NULL, NULL},
    {"%", 2, 2, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run_remainder, NULL, NULL},
    {"mod", 2, 2, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run_remainder, NULL, NULL},
    {"abs", 1, 1, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run_abs, NULL, NULL},
    {"sign", 1, 1, {QN_TAKES_REAL}, QN_GIVES_FLOAT64, QN_NULLS_STRICT, run_sign, NULL, NULL},
    {"signum", 1, 1, {QN_TAKES_REAL}, QN_GIVES_FLOAT64, QN_NULLS_STRICT, run_sign, NULL, NULL},
    {"try_add", 2, 2, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run_add, NULL, NULL},
    {"try_subtract",
     2,
     2,
     {QN_TAKES_NUMBER},
     QN_GIVES_SAME,
     QN_NULLS_STRICT,
     run_subtract,
     NULL,
     NULL},
    {"try_multiply",
     2,
     2,
     {QN_TAKES_NUMBER},
     QN_GIVES_SAME,
     QN_NULLS_STRICT,
     run_multiply,
     NULL,
     NULL},
    {"try_divide",
     2,
     2,
     {QN_TAKES_REAL},
     QN_GIVES_FLOAT64,
     QN_NULLS_STRICT,
     run_divide,
     NULL,
     NULL},
    {"try_mod", 2, 2, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run_remainder, NULL, NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
