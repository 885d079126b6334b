/* Less common functions of reals: hyperbolic and reciprocal ones, hypot, rint, nanvl, histogram
 * buckets. */
#include "core/expr/loops.h"
#include "core/expr/number.h"

#include "core/memory.h"

#include <math.h>

/* Defines the kernel run_NAME for out = expression of x. */
#define REAL_FUNCTION(name, expression)                                                            \
    QN_LOOP_1(loop_##name, double, double, expression)                                             \
    static qn_status run_##name(const qn_call *call, qn_column **out) {                            \
        QN_TRY(qn_column_new(out, QN_FLOAT64, call->length, 0));                                   \
        loop_##name((*out)->f64, call->arguments[0].column->f64, call->length);                    \
        return QN_OK;                                                                              \
    }

REAL_FUNCTION(sinh, sinh(x))
REAL_FUNCTION(cosh, cosh(x))
REAL_FUNCTION(asinh, asinh(x))
REAL_FUNCTION(acosh, acosh(x))
REAL_FUNCTION(atanh, atanh(x))
REAL_FUNCTION(cot, 1 / tan(x))
REAL_FUNCTION(sec, 1 / cos(x))
REAL_FUNCTION(csc, 1 / sin(x))
REAL_FUNCTION(rint, rint(x))

QN_LOOP_2(loop_hypot, double, double, hypot(x, y))

static qn_status run_hypot(const qn_call *call, qn_column **out) {
    const qn_operand *a = &call->arguments[0], *b = &call->arguments[1];
    QN_TRY(qn_column_new(out, QN_FLOAT64, call->length, 0));
    loop_hypot((*out)->f64, a->column->f64, b->column->f64, call->length, qn_shape_of(a, b));
    return QN_OK;
}

/* ---- Constants ------------------------------------------------------------------------------- */

static qn_status run_constant(const qn_call *call, double value, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_FLOAT64, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->f64[i] = value;
    return QN_OK;
}

static qn_status run_pi(const qn_call *call, qn_column **out) {
    return run_constant(call, M_PI, out);
}

static qn_status run_e(const qn_call *call, qn_column **out) {
    return run_constant(call, M_E, out);
}

/* ---- nanvl ----------------------------------------------------------------------------------- */

static bool is_nan(const qn_column *column, int64_t row) {
    if (column->type == QN_FLOAT32)
        return isnan(column->f32[row]);
    return column->type == QN_FLOAT64 && isnan(column->f64[row]);
}

/* The first, or the second where the first is NaN. */
static qn_status run_nanvl(const qn_call *call, qn_column **out) {
    const qn_operand *x = &call->arguments[0];
    int32_t *choice = NULL;
    QN_TRY(qn_mem_alloc(&choice, (size_t)call->length, sizeof *choice));
    for (int64_t i = 0; i < call->length; i++)
        choice[i] = !qn_operand_null(x, i) && is_nan(x->column, qn_at(x, i));
    qn_status status = qn_choose(out, call, call->arguments, 2, choice);
    qn_mem_free(choice);
    return status;
}

/* ---- width_bucket ---------------------------------------------------------------------------- */

/* 0 below the range, count + 1 above it; negative: null. The range may run downwards. */
static int64_t bucket_of(double value, double low, double high, int64_t count) {
    if (count <= 0 || count == INT64_MAX || isnan(value) || low == high || !isfinite(low) ||
        !isfinite(high))
        return -1;
    bool up = low < high;
    if (up ? value < low : value > low)
        return 0;
    if (up ? value >= high : value <= high)
        return count + 1;
    double above = up ? value - low : low - value, range = up ? high - low : low - high;
    /* a range past the greatest double: NaN, which counts as 0 */
    return qn_real_to_int64((double)count * above / range) + 1;
}

static qn_status run_bucket(const qn_call *call, qn_column **out) {
    const qn_operand *a = call->arguments;
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_INT64, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        column->i64[i] =
            bucket_of(a[0].column->f64[qn_at(&a[0], i)], a[1].column->f64[qn_at(&a[1], i)],
                      a[2].column->f64[qn_at(&a[2], i)], qn_whole_at(&a[3], i));
        qn_status status = column->i64[i] < 0 ? qn_column_set_null(column, i) : QN_OK;
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

#define REAL_1(name, run)                                                                          \
    { name, 1, 1, {QN_TAKES_REAL}, QN_GIVES_FLOAT64, QN_NULLS_STRICT, run, NULL, NULL }
#define CONSTANT(name, run)                                                                        \
    { name, 0, 0, {QN_TAKES_NOTHING}, QN_GIVES_FLOAT64, QN_NULLS_STRICT, run, NULL, NULL }

const qn_function qn_functions_curves[] = {
    REAL_1("sinh", run_sinh),
    REAL_1("cosh", run_cosh),
    REAL_1("asinh", run_asinh),
    REAL_1("acosh", run_acosh),
    REAL_1("atanh", run_atanh),
    REAL_1("cot", run_cot),
    REAL_1("sec", run_sec),
    REAL_1("csc", run_csc),
    REAL_1("rint", run_rint),
    {"hypot", 2, 2, {QN_TAKES_REAL}, QN_GIVES_FLOAT64, QN_NULLS_STRICT, run_hypot, NULL, NULL},
    CONSTANT("pi", run_pi),
    CONSTANT("e", run_e),
    {"nanvl", 2, 2, {QN_TAKES_NUMBER}, QN_GIVES_SAME, QN_NULLS_OWN, run_nanvl, NULL, NULL},
    {"width_bucket",
     4,
     4,
     {QN_TAKES_REAL, QN_TAKES_REAL, QN_TAKES_REAL, QN_TAKES_WHOLE},
     QN_GIVES_INT64,
     QN_NULLS_STRICT,
     run_bucket,
     NULL,
     NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
