/* Functions of whole numbers: bits, shifts, factorial; pmod, which also takes reals. */
#include "core/expr/loops.h"

#include <math.h>

/* ---- Bits ------------------------------------------------------------------------------------ */

QN_LOOP_2(and_32, int32_t, int32_t, x &y)
QN_LOOP_2(and_64, int64_t, int64_t, x &y)
QN_LOOP_2(or_32, int32_t, int32_t, x | y)
QN_LOOP_2(or_64, int64_t, int64_t, x | y)
QN_LOOP_2(xor_32, int32_t, int32_t, x ^ y)
QN_LOOP_2(xor_64, int64_t, int64_t, x ^ y)
QN_LOOP_1(not_32, int32_t, int32_t, ~x)
QN_LOOP_1(not_64, int64_t, int64_t, ~x)

static qn_status check_whole(qn_expr *call) {
    const qn_expr *x = call->arguments[0];
    if (x->type == QN_INT32 || x->type == QN_INT64 || qn_expr_is_null_literal(x))
        return QN_OK;
    return qn_expr_fail(call->position, "'%s' takes whole numbers, not %s", call->function->name,
                        qn_type_name(x->type));
}

#define RUN_BITS(name)                                                                             \
    static qn_status run_##name(const qn_call *call, qn_column **out) {                            \
        const qn_operand *a = &call->arguments[0], *b = &call->arguments[1];                       \
        QN_TRY(qn_column_new(out, call->node->type, call->length, 0));                             \
        if ((*out)->type == QN_INT32)                                                              \
            name##_32((*out)->i32, a->column->i32, b->column->i32, call->length,                   \
                      qn_shape_of(a, b));                                                          \
        else                                                                                       \
            name##_64((*out)->i64, a->column->i64, b->column->i64, call->length,                   \
                      qn_shape_of(a, b));                                                          \
        return QN_OK;                                                                              \
    }

RUN_BITS(and)
RUN_BITS(or)
RUN_BITS(xor)

static qn_status run_not(const qn_call *call, qn_column **out) {
    const qn_column *x = call->arguments[0].column;
    QN_TRY(qn_column_new(out, call->node->type, call->length, 0));
    if ((*out)->type == QN_INT32)
        not_32((*out)->i32, x->i32, call->length);
    else
        not_64((*out)->i64, x->i64, call->length);
    return QN_OK;
}

/* ---- Shifts: by the low five or six bits of the count, as Java ------------------------------- */

typedef enum shift { LEFT, RIGHT, RIGHT_UNSIGNED } shift;

static int64_t shift_whole(int64_t value, int64_t count, shift how, bool narrow) {
    int bits = (int)(count & (narrow ? 31 : 63));
    uint64_t whole = narrow ? (uint32_t)value : (uint64_t)value;
    if (how == LEFT)
        return (int64_t)(whole << bits);
    return how == RIGHT ? value >> bits : (int64_t)(whole >> bits);
}

static qn_status run_shift(const qn_call *call, shift how, qn_column **out) {
    const qn_operand *x = &call->arguments[0];
    QN_TRY(qn_column_new(out, call->node->type, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int64_t count = qn_whole_at(&call->arguments[1], i), row = qn_at(x, i);
        if ((*out)->type == QN_INT32)
            (*out)->i32[i] = (int32_t)(uint32_t)shift_whole(x->column->i32[row], count, how, true);
        else
            (*out)->i64[i] = shift_whole(x->column->i64[row], count, how, false);
    }
    return QN_OK;
}

static qn_status run_left(const qn_call *call, qn_column **out) {
    return run_shift(call, LEFT, out);
}

static qn_status run_right(const qn_call *call, qn_column **out) {
    return run_shift(call, RIGHT, out);
}

static qn_status run_right_unsigned(const qn_call *call, qn_column **out) {
    return run_shift(call, RIGHT_UNSIGNED, out);
}

/* An int32 is widened with its sign, as Spark does. */
static qn_status run_bit_count(const qn_call *call, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = __builtin_popcountll((uint64_t)qn_whole_at(&call->arguments[0], i));
    return QN_OK;
}

/* ---- Factorial ------------------------------------------------------------------------------- */

static qn_status run_factorial(const qn_call *call, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_INT64, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int64_t n = qn_whole_at(&call->arguments[0], i), product = 1;
        qn_status status = n < 0 || n > 20 ? qn_column_set_null(column, i) : QN_OK;
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
        for (int64_t k = 2; k <= n && n <= 20; k++)
            product *= k;
        column->i64[i] = product;
    }
    *out = column;
    return QN_OK;
}

/* ---- pmod: the remainder with the sign of the divisor where the dividend is negative --------- */

static int32_t pmod_int(int32_t a, int32_t n) {
    if (n == -1)
        return 0;
    int32_t rest = a % n;
    return rest < 0 ? (int32_t)((uint32_t)rest + (uint32_t)n) % n : rest;
}

static int64_t pmod_whole(int64_t a, int64_t n) {
    if (n == -1)
        return 0;
    int64_t rest = a % n;
    return rest < 0 ? (int64_t)((uint64_t)rest + (uint64_t)n) % n : rest;
}

static double pmod_real(double a, double n) {
    double rest = fmod(a, n);
    return rest < 0 ? fmod(rest + n, n) : rest;
}

static float pmod_float(float a, float n) {
    float rest = fmodf(a, n);
    return rest < 0 ? fmodf(rest + n, n) : rest;
}

/* False for a zero divisor. */
static bool pmod_row(const qn_column *a, int64_t i, const qn_column *n, int64_t k, qn_column *out,
                     int64_t row) {
    switch (out->type) {
    case QN_INT32:
        if (n->i32[k] == 0)
            return false;
        out->i32[row] = pmod_int(a->i32[i], n->i32[k]);
        return true;
    case QN_INT64:
        if (n->i64[k] == 0)
            return false;
        out->i64[row] = pmod_whole(a->i64[i], n->i64[k]);
        return true;
    case QN_FLOAT32:
        out->f32[row] = pmod_float(a->f32[i], n->f32[k]);
        return n->f32[k] != 0;
    default:
        out->f64[row] = pmod_real(a->f64[i], n->f64[k]);
        return n->f64[k] != 0;
    }
}

static qn_status run_pmod(const qn_call *call, qn_column **out) {
    const qn_operand *a = &call->arguments[0], *n = &call->arguments[1];
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, call->node->type, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        if (pmod_row(a->column, qn_at(a, i), n->column, qn_at(n, i), column, i))
            continue;
        qn_status status = qn_call_fault(call, column, i, "'pmod' divides by zero");
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

#define BITS_2(name, run)                                                                          \
    { name, 2, 2, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run, check_whole, NULL }
#define BITS_1(name, run)                                                                          \
    { name, 1, 1, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run, check_whole, NULL }
#define SHIFTS(name, run)                                                                          \
    {                                                                                              \
        name, 2, 2, {QN_TAKES_NUMBER, QN_TAKES_WHOLE}, QN_GIVES_SAME, QN_NULLS_STRICT, run,        \
            check_whole, NULL                                                                      \
    }

const qn_function qn_functions_whole[] = {
    BITS_2("&", run_and),
    BITS_2("|", run_or),
    BITS_2("#", run_xor),
    BITS_1("~", run_not),
    SHIFTS("<<", run_left),
    SHIFTS(">>", run_right),
    SHIFTS("shiftleft", run_left),
    SHIFTS("shiftright", run_right),
    SHIFTS("shiftrightunsigned", run_right_unsigned),
    {"bit_count",
     1,
     1,
     {QN_TAKES_WHOLE},
     QN_GIVES_INT32,
     QN_NULLS_STRICT,
     run_bit_count,
     NULL,
     NULL},
    {"factorial",
     1,
     1,
     {QN_TAKES_WHOLE},
     QN_GIVES_INT64,
     QN_NULLS_STRICT,
     run_factorial,
     NULL,
     NULL},
    {"pmod", 2, 2, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_STRICT, run_pmod, NULL, NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
