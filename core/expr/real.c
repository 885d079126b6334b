/* Functions of real numbers, and rounding. */
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

REAL_FUNCTION(exp, exp(x))
REAL_FUNCTION(expm1, expm1(x))
REAL_FUNCTION(sqrt, sqrt(x))
REAL_FUNCTION(cbrt, cbrt(x))
REAL_FUNCTION(sin, sin(x))
REAL_FUNCTION(cos, cos(x))
REAL_FUNCTION(tan, tan(x))
REAL_FUNCTION(asin, asin(x))
REAL_FUNCTION(acos, acos(x))
REAL_FUNCTION(atan, atan(x))
REAL_FUNCTION(tanh, tanh(x))
REAL_FUNCTION(degrees, x *(180.0 / M_PI))
REAL_FUNCTION(radians, x *(M_PI / 180.0))

QN_LOOP_2(loop_pow, double, double, pow(x, y))
QN_LOOP_2(loop_atan2, double, double, atan2(x, y))

static qn_status run_pow(const qn_call *call, qn_column **out) {
    const qn_operand *a = &call->arguments[0], *b = &call->arguments[1];
    QN_TRY(qn_column_new(out, QN_FLOAT64, call->length, 0));
    loop_pow((*out)->f64, a->column->f64, b->column->f64, call->length, qn_shape_of(a, b));
    return QN_OK;
}

static qn_status run_atan2(const qn_call *call, qn_column **out) {
    const qn_operand *a = &call->arguments[0], *b = &call->arguments[1];
    QN_TRY(qn_column_new(out, QN_FLOAT64, call->length, 0));
    loop_atan2((*out)->f64, a->column->f64, b->column->f64, call->length, qn_shape_of(a, b));
    return QN_OK;
}

/* ---- Logarithms: null outside their domain --------------------------------------------------- */

QN_LOOP_1(loop_ln, double, double, log(x))
QN_LOOP_1(loop_log1p, double, double, log1p(x))
QN_LOOP_1(loop_log2, double, double, log2(x))
QN_LOOP_1(loop_log10, double, double, log10(x))

/* Nulls where values <= limit; releases the output on failure. */
static qn_status null_up_to(qn_column **out, const qn_operand *values, double limit) {
    for (int64_t i = 0; i < (*out)->length; i++) {
        if (!(values->column->f64[qn_at(values, i)] <= limit))
            continue;
        qn_status status = qn_column_set_null(*out, i);
        if (status != QN_OK) {
            qn_column_release(*out);
            return status;
        }
    }
    return QN_OK;
}

static qn_status run_logarithm(const qn_call *call, double limit,
                               void (*loop)(double *restrict, const double *, int64_t),
                               qn_column **out) {
    QN_TRY(qn_column_new(out, QN_FLOAT64, call->length, 0));
    loop((*out)->f64, call->arguments[0].column->f64, call->length);
    return null_up_to(out, &call->arguments[0], limit);
}

static qn_status run_ln(const qn_call *call, qn_column **out) {
    return run_logarithm(call, 0, loop_ln, out);
}

static qn_status run_log1p(const qn_call *call, qn_column **out) {
    return run_logarithm(call, -1, loop_log1p, out);
}

static qn_status run_log2(const qn_call *call, qn_column **out) {
    return run_logarithm(call, 0, loop_log2, out);
}

static qn_status run_log10(const qn_call *call, qn_column **out) {
    return run_logarithm(call, 0, loop_log10, out);
}

/* log(x), or log(base, x) */
static qn_status run_log(const qn_call *call, qn_column **out) {
    if (call->count == 1)
        return run_ln(call, out);
    const qn_operand *base = &call->arguments[0], *x = &call->arguments[1];
    QN_TRY(qn_column_new(out, QN_FLOAT64, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->f64[i] = log(x->column->f64[qn_at(x, i)]) / log(base->column->f64[qn_at(base, i)]);
    QN_TRY(null_up_to(out, base, 0));
    return null_up_to(out, x, 0);
}

/* ---- Rounding -------------------------------------------------------------------------------- */

/* At 10^-digits for digits < 0, halves away from zero or to even. False if that passes the ends of
 * int64: then wrapped. */
static bool round_whole(int64_t value, int64_t digits, bool even, int64_t *out) {
    *out = digits >= 0 ? value : 0;
    if (digits >= 0 || digits < -18)
        return true;
    int64_t unit = 1;
    for (int64_t i = 0; i > digits; i--)
        unit *= 10;
    int64_t rest = value % unit, whole = value - rest, half = rest < 0 ? -rest : rest;
    bool up = half * 2 > unit || (half * 2 == unit && (!even || (whole / unit) % 2 != 0));
    return !__builtin_add_overflow(whole, up ? (value < 0 ? -unit : unit) : 0, out);
}

static qn_status round_whole_row(const qn_call *call, int64_t row, int64_t digits, bool even,
                                 qn_column *out) {
    const qn_operand *x = &call->arguments[0];
    int64_t i = qn_at(x, row), rounded;
    bool wide = out->type == QN_INT64;
    int64_t value = wide ? x->column->i64[i] : x->column->i32[i];
    bool fits = round_whole(value, digits, even, &rounded);
    if (wide)
        out->i64[row] = rounded;
    else
        out->i32[row] = (int32_t)rounded;
    if (!call->checks || (fits && (wide || rounded == out->i32[row])))
        return QN_OK;
    return qn_call_fault(call, out, row, "%s(%lld, %lld) overflows %s", call->node->function->name,
                         (long long)value, (long long)digits, qn_type_name(out->type));
}

static qn_status round_rows(const qn_call *call, bool even, qn_column **out) {
    const qn_operand *x = &call->arguments[0];
    const qn_operand *places = call->count > 1 ? &call->arguments[1] : NULL;
    qn_column *result = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_column_new(&result, call->node->type, call->length, 0));
    for (int64_t i = 0; i < call->length && status == QN_OK; i++) {
        int64_t digits = places != NULL ? places->column->i64[qn_at(places, i)] : 0;
        int64_t row = qn_at(x, i);
        if (result->type == QN_FLOAT32)
            result->f32[i] = (float)qn_round_real(x->column->f32[row], digits, even, true);
        else if (result->type == QN_FLOAT64)
            result->f64[i] = qn_round_real(x->column->f64[row], digits, even, false);
        else
            status = round_whole_row(call, i, digits, even, result);
    }
    if (status != QN_OK) {
        qn_column_release(result);
        return status;
    }
    *out = result;
    return QN_OK;
}

static qn_status run_round(const qn_call *call, qn_column **out) {
    return round_rows(call, false, out);
}

static qn_status run_bround(const qn_call *call, qn_column **out) {
    return round_rows(call, true, out);
}

QN_LOOP_1(floor_float, int64_t, float, qn_real_to_int64(floor((double)x)))
QN_LOOP_1(floor_real, int64_t, double, qn_real_to_int64(floor(x)))
QN_LOOP_1(ceil_float, int64_t, float, qn_real_to_int64(ceil((double)x)))
QN_LOOP_1(ceil_real, int64_t, double, qn_real_to_int64(ceil(x)))
QN_LOOP_1(widen, int64_t, int32_t, x)
QN_LOOP_1(keep, int64_t, int64_t, x)

static qn_status run_to_whole(const qn_call *call, bool up, qn_column **out) {
    const qn_column *x = call->arguments[0].column;
    QN_TRY(qn_column_new(out, QN_INT64, call->length, 0));
    int64_t *values = (*out)->i64;
    if (x->type == QN_INT32)
        widen(values, x->i32, call->length);
    else if (x->type == QN_INT64)
        keep(values, x->i64, call->length);
    else if (x->type == QN_FLOAT32)
        (up ? ceil_float : floor_float)(values, x->f32, call->length);
    else
        (up ? ceil_real : floor_real)(values, x->f64, call->length);
    return QN_OK;
}

static qn_status run_floor(const qn_call *call, qn_column **out) {
    return run_to_whole(call, false, out);
}

static qn_status run_ceil(const qn_call *call, qn_column **out) {
    return run_to_whole(call, true, out);
}

/* False for a null, as Spark's. */
static qn_status run_isnan(const qn_call *call, qn_column **out) {
    const qn_operand *x = &call->arguments[0];
    QN_TRY(qn_column_new(out, QN_BOOL, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        double value = x->column->f64[qn_at(x, i)];
        if (value != value && !qn_operand_null(x, i))
            qn_bit_set((*out)->bits, i);
    }
    return QN_OK;
}

#define REAL_1(name, run)                                                                          \
    { name, 1, 1, {QN_TAKES_REAL}, QN_GIVES_FLOAT64, QN_NULLS_STRICT, run, NULL, NULL }
#define REAL_2(name, run)                                                                          \
    { name, 2, 2, {QN_TAKES_REAL}, QN_GIVES_FLOAT64, QN_NULLS_STRICT, run, NULL, NULL }
#define TO_WHOLE(name, run)                                                                        \
    { name, 1, 1, {QN_TAKES_NUMBER}, QN_GIVES_INT64, QN_NULLS_STRICT, run, NULL, NULL }
#define ROUNDS(name, run)                                                                          \
    {                                                                                              \
        name, 1, 2, {QN_TAKES_NUMBER, QN_TAKES_WHOLE}, QN_GIVES_SAME, QN_NULLS_STRICT, run, NULL,  \
            NULL                                                                                   \
    }

const qn_function qn_functions_real[] = {
    REAL_1("exp", run_exp),
    REAL_1("expm1", run_expm1),
    REAL_1("ln", run_ln),
    {"log", 1, 2, {QN_TAKES_REAL}, QN_GIVES_FLOAT64, QN_NULLS_STRICT, run_log, NULL, NULL},
    REAL_1("log1p", run_log1p),
    REAL_1("log2", run_log2),
    REAL_1("log10", run_log10),
    REAL_1("sqrt", run_sqrt),
    REAL_1("cbrt", run_cbrt),
    REAL_2("pow", run_pow),
    REAL_2("power", run_pow),
    REAL_1("sin", run_sin),
    REAL_1("cos", run_cos),
    REAL_1("tan", run_tan),
    REAL_1("asin", run_asin),
    REAL_1("acos", run_acos),
    REAL_1("atan", run_atan),
    REAL_2("atan2", run_atan2),
    REAL_1("tanh", run_tanh),
    REAL_1("degrees", run_degrees),
    REAL_1("radians", run_radians),
    ROUNDS("round", run_round),
    ROUNDS("bround", run_bround),
    TO_WHOLE("floor", run_floor),
    TO_WHOLE("ceil", run_ceil),
    TO_WHOLE("ceiling", run_ceil),
    {"isnan", 1, 1, {QN_TAKES_REAL}, QN_GIVES_BOOL, QN_NULLS_OWN, run_isnan, NULL, NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
