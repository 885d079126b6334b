/* Casts among scalar types with Spark's non-ANSI meaning. */
#include "core/expr/cast.h"
#include "core/expr/loops.h"
#include "core/expr/number.h"
#include "core/time/civil.h"

#include "core/memory.h"
#include "core/text/number.h"
#include "core/time/date.h"

#include <math.h>
#include <string.h>

static bool is_number_or_bool(qn_type type) {
    return type == QN_BOOL || qn_type_is_numeric(type);
}

bool qn_cast_exists(qn_type from, qn_type to) {
    if (from >= QN_STRING_LIST || to >= QN_STRING_LIST)
        return from == to;
    if (from == to || from == QN_STRING || to == QN_STRING)
        return true;
    if (is_number_or_bool(from) && is_number_or_bool(to))
        return true;
    if (from == QN_DATE || to == QN_DATE)
        return from == QN_TIMESTAMP || to == QN_TIMESTAMP;
    return qn_type_is_numeric(from) || qn_type_is_numeric(to); /* timestamps as seconds */
}

/* ---- Numbers to numbers ---------------------------------------------------------------------- */

QN_LOOP_1(int32_to_int64, int64_t, int32_t, x)
QN_LOOP_1(int32_to_float, float, int32_t, (float)x)
QN_LOOP_1(int32_to_real, double, int32_t, x)
QN_LOOP_1(int64_to_int32, int32_t, int64_t, (int32_t)(uint32_t)(uint64_t)x)
QN_LOOP_1(int64_to_float, float, int64_t, (float)x)
QN_LOOP_1(int64_to_real, double, int64_t, (double)x)
QN_LOOP_1(float_to_int32, int32_t, float, qn_real_to_int32(x))
QN_LOOP_1(float_to_int64, int64_t, float, qn_real_to_int64(x))
QN_LOOP_1(float_to_real, double, float, x)
QN_LOOP_1(real_to_int32, int32_t, double, qn_real_to_int32(x))
QN_LOOP_1(real_to_int64, int64_t, double, qn_real_to_int64(x))
QN_LOOP_1(real_to_float, float, double, (float)x)

static void from_int32(const int32_t *x, qn_column *out) {
    if (out->type == QN_INT64)
        int32_to_int64(out->i64, x, out->length);
    else if (out->type == QN_FLOAT32)
        int32_to_float(out->f32, x, out->length);
    else
        int32_to_real(out->f64, x, out->length);
}

static void from_int64(const int64_t *x, qn_column *out) {
    if (out->type == QN_INT32)
        int64_to_int32(out->i32, x, out->length);
    else if (out->type == QN_FLOAT32)
        int64_to_float(out->f32, x, out->length);
    else
        int64_to_real(out->f64, x, out->length);
}

static void from_float(const float *x, qn_column *out) {
    if (out->type == QN_INT32)
        float_to_int32(out->i32, x, out->length);
    else if (out->type == QN_INT64)
        float_to_int64(out->i64, x, out->length);
    else
        float_to_real(out->f64, x, out->length);
}

static void from_real(const double *x, qn_column *out) {
    if (out->type == QN_INT32)
        real_to_int32(out->i32, x, out->length);
    else if (out->type == QN_INT64)
        real_to_int64(out->i64, x, out->length);
    else
        real_to_float(out->f32, x, out->length);
}

static void from_bool(const uint64_t *bits, qn_column *out) {
    for (int64_t i = 0; i < out->length; i++) {
        int one = qn_bit(bits, i);
        if (out->type == QN_INT32)
            out->i32[i] = one;
        else if (out->type == QN_INT64)
            out->i64[i] = one;
        else if (out->type == QN_FLOAT32)
            out->f32[i] = (float)one;
        else
            out->f64[i] = one;
    }
}

static void number_to_number(const qn_column *in, qn_column *out) {
    if (in->type == QN_BOOL)
        from_bool(in->bits, out);
    else if (in->type == QN_INT32)
        from_int32(in->i32, out);
    else if (in->type == QN_INT64)
        from_int64(in->i64, out);
    else if (in->type == QN_FLOAT32)
        from_float(in->f32, out);
    else
        from_real(in->f64, out);
}

static bool is_nonzero(const qn_column *in, int64_t i) {
    switch (in->type) {
    case QN_INT32:
        return in->i32[i] != 0;
    case QN_INT64:
        return in->i64[i] != 0;
    case QN_FLOAT32:
        return in->f32[i] != 0;
    default:
        return in->f64[i] != 0;
    }
}

static void number_to_bool(const qn_column *in, qn_column *out) {
    for (int64_t i = 0; i < out->length; i++)
        if (is_nonzero(in, i))
            qn_bit_set(out->bits, i);
}

/* ---- Values as text, and what cannot be cast ---------------------------------------------------
 */

enum { PRINTED = 64 }; /* bytes that a value printed may need */

static int print_row(const qn_call *call, int64_t i, qn_clock *clock, char *out) {
    const qn_column *in = call->arguments[0].column;
    i = qn_at(&call->arguments[0], i);
    switch (in->type) {
    case QN_BOOL:
        return (int)(stpcpy(out, qn_bit(in->bits, i) ? "true" : "false") - out);
    case QN_INT32:
        return qn_print_int64(in->i32[i], out);
    case QN_INT64:
        return qn_print_int64(in->i64[i], out);
    case QN_FLOAT32:
        return qn_print_java(in->f32[i], true, out);
    case QN_FLOAT64:
        return qn_print_java(in->f64[i], false, out);
    case QN_DATE:
        return qn_print_date(in->i32[i], out);
    default:
        return qn_clock_print(clock, in->i64[i], out);
    }
}

static qn_status fault(const qn_call *call, qn_column *out, int64_t row) {
    char text[64];
    const char *to = qn_type_name(out->type);
    if (call->arguments[0].column->type == QN_STRING) {
        qn_view view = qn_text_at(&call->arguments[0], row);
        return qn_call_fault(call, out, row, "'%.*s' cannot be cast to %s",
                             qn_shown_length(view, 100), view.data, to);
    }
    if (call->faults == NULL)
        return qn_call_fault(call, out, row, "a value cannot be cast to %s", to);
    qn_clock clock = qn_call_clock(call);
    int length = print_row(call, row, &clock, text);
    return qn_call_fault(call, out, row, "%.*s cannot be cast to %s", length, text, to);
}

/* Where a number was cut to the ends of whole ones, or wrapped. */
static bool is_cut(const qn_column *in, const qn_column *out, int64_t i) {
    bool narrow = out->type == QN_INT32;
    double value;
    switch (in->type) {
    case QN_INT64:
        return narrow && in->i64[i] != (int32_t)in->i64[i];
    case QN_TIMESTAMP:
        return narrow && qn_floor_divide(in->i64[i], QN_NANOS_A_SECOND) != out->i32[i];
    case QN_FLOAT32:
        value = trunc((double)in->f32[i]);
        break;
    case QN_FLOAT64:
        value = trunc(in->f64[i]);
        break;
    default:
        return false;
    }
    return narrow ? !(value >= -0x1p31 && value < 0x1p31) : !(value >= -0x1p63 && value < 0x1p63);
}

static qn_status check_cut(const qn_call *call, qn_column *out) {
    const qn_column *in = call->arguments[0].column;
    if (!call->checks || (out->type != QN_INT32 && out->type != QN_INT64))
        return QN_OK;
    for (int64_t i = 0; i < out->length; i++)
        if (is_cut(in, out, i))
            QN_TRY(fault(call, out, i));
    return QN_OK;
}

/* ---- Dates and times ------------------------------------------------------------------------- */

static qn_status date_to_timestamp(const qn_call *call, qn_column *out) {
    const qn_column *in = call->arguments[0].column;
    qn_clock clock = qn_call_clock(call);
    for (int64_t i = 0; i < out->length; i++)
        if (!qn_call_skips(call, i) && !qn_clock_day_start(&clock, in->i32[i], &out->i64[i]))
            QN_TRY(fault(call, out, i));
    return QN_OK;
}

static void timestamp_to_date(const qn_call *call, qn_column *out) {
    const qn_column *in = call->arguments[0].column;
    qn_clock clock = qn_call_clock(call);
    int64_t of_day;
    for (int64_t i = 0; i < out->length; i++)
        out->i32[i] = qn_clock_split(&clock, in->i64[i], &of_day);
}

/* Numbers are seconds since 1970; whole ones are rounded down. */
static void timestamp_to_number(const qn_column *in, qn_column *out) {
    for (int64_t i = 0; i < out->length; i++) {
        int64_t seconds = qn_floor_divide(in->i64[i], QN_NANOS_A_SECOND);
        double real = (double)in->i64[i] / 1e9;
        if (out->type == QN_INT32)
            out->i32[i] = (int32_t)(uint32_t)(uint64_t)seconds;
        else if (out->type == QN_INT64)
            out->i64[i] = seconds;
        else if (out->type == QN_FLOAT32)
            out->f32[i] = (float)real;
        else
            out->f64[i] = real;
    }
}

/* False where the time is outside what a timestamp holds. */
static bool seconds_to_time(const qn_column *in, int64_t i, int64_t *out) {
    if (in->type == QN_INT32)
        return !__builtin_mul_overflow(in->i32[i], QN_NANOS_A_SECOND, out);
    if (in->type == QN_INT64)
        return !__builtin_mul_overflow(in->i64[i], QN_NANOS_A_SECOND, out);
    /* whole microseconds, toward zero, as Spark: a double cannot tell nanoseconds of today */
    double micros = (in->type == QN_FLOAT32 ? (double)in->f32[i] : in->f64[i]) * 1e6;
    return fabs(micros) < 0x1p63 && !__builtin_mul_overflow((int64_t)micros, INT64_C(1000), out);
}

static qn_status number_to_timestamp(const qn_call *call, qn_column *out) {
    for (int64_t i = 0; i < out->length; i++)
        if (!seconds_to_time(call->arguments[0].column, i, &out->i64[i]))
            QN_TRY(fault(call, out, i));
    return QN_OK;
}

/* ---- Text ------------------------------------------------------------------------------------ */

static bool parse_row(qn_view text, qn_clock *clock, qn_column *out, int64_t i) {
    int64_t whole;
    bool yes;
    switch (out->type) {
    case QN_BOOL:
        if (!qn_cast_text_bool(text, &yes))
            return false;
        out->bits[i >> 6] |= (uint64_t)yes << (i & 63);
        return true;
    case QN_INT32:
        if (!qn_cast_text_int64(text, &whole) || whole != (int32_t)whole)
            return false;
        out->i32[i] = (int32_t)whole;
        return true;
    case QN_INT64:
        return qn_cast_text_int64(text, &out->i64[i]);
    case QN_FLOAT32:
        return qn_cast_text_float(text, &out->f32[i]);
    case QN_FLOAT64:
        return qn_cast_text_real(text, &out->f64[i]);
    case QN_DATE:
        return qn_cast_text_date(text, &out->i32[i]);
    default:
        return qn_cast_text_timestamp(text, clock, &out->i64[i]);
    }
}

static qn_status from_text(const qn_call *call, qn_column *out) {
    qn_clock clock = qn_call_clock(call);
    for (int64_t i = 0; i < call->length; i++)
        if (!qn_call_skips(call, i) &&
            !parse_row(qn_text_at(&call->arguments[0], i), &clock, out, i))
            QN_TRY(fault(call, out, i));
    return QN_OK;
}

/* Straight into the column's characters. */
static qn_status print_rows(const qn_call *call, qn_column *out) {
    enum { PAD = 64 };
    qn_clock clock = qn_call_clock(call);
    int64_t end = 0, capacity = 0;
    for (int64_t i = 0; i < call->length; i++) {
        QN_TRY(qn_mem_reserve(&out->chars, &capacity, end + PRINTED + PAD, 1));
        if (!qn_call_skips(call, i))
            end += print_row(call, i, &clock, out->chars + end);
        if (end > INT32_MAX)
            return qn_fail(QN_DATA, "more than 2 GiB of text in one column of a batch");
        out->offsets[i + 1] = (int32_t)end;
    }
    return QN_OK;
}

/* ---- The kernel ------------------------------------------------------------------------------ */

static qn_status fill(const qn_call *call, qn_column *out) {
    const qn_column *in = call->arguments[0].column;
    if (in->type == QN_STRING)
        return from_text(call, out);
    if (in->type == QN_DATE)
        return date_to_timestamp(call, out);
    if (in->type == QN_TIMESTAMP && out->type == QN_DATE)
        timestamp_to_date(call, out);
    else if (in->type == QN_TIMESTAMP)
        timestamp_to_number(in, out);
    else if (out->type == QN_TIMESTAMP)
        return number_to_timestamp(call, out);
    else if (out->type == QN_BOOL)
        number_to_bool(in, out);
    else
        number_to_number(in, out);
    return check_cut(call, out);
}

static qn_status run_cast(const qn_call *call, qn_column **out) {
    const qn_operand *x = &call->arguments[0];
    qn_type to = call->node->type;
    if (x->column->type == to) {
        *out = qn_column_retain(x->column);
        return QN_OK;
    }
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, to, call->length, 0));
    qn_status status = to == QN_STRING ? print_rows(call, column) : fill(call, column);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    *out = column;
    return QN_OK;
}

const qn_function qn_function_cast[] = {
    {"cast", 1, 1, {QN_TAKES_ANY}, QN_GIVES_OWN, QN_NULLS_STRICT, run_cast, NULL, NULL},
};

const qn_function qn_function_try_cast[] = {
    {"try_cast", 1, 1, {QN_TAKES_ANY}, QN_GIVES_OWN, QN_NULLS_STRICT, run_cast, NULL, NULL},
};
