/* Times as numbers since 1970, and back: unix_timestamp, from_unixtime, timestamp_seconds ... */
#include "core/expr/texts.h"
#include "core/time/civil.h"
#include "core/time/format.h"

#include "core/memory.h"

/* ---- Times to numbers ------------------------------------------------------------------------ */

static qn_status floor_times(const qn_call *call, int64_t unit, qn_column **out) {
    const qn_operand *times = &call->arguments[0];
    QN_TRY(qn_column_new(out, QN_INT64, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i64[i] = qn_floor_divide(times->column->i64[qn_at(times, i)], unit);
    return QN_OK;
}

static qn_status run_seconds(const qn_call *call, qn_column **out) {
    return floor_times(call, QN_NANOS_A_SECOND, out);
}

static qn_status run_millis(const qn_call *call, qn_column **out) {
    return floor_times(call, 1000000, out);
}

static qn_status run_micros(const qn_call *call, qn_column **out) {
    return floor_times(call, 1000, out);
}

static qn_status run_unix_date(const qn_call *call, qn_column **out) {
    const qn_operand *days = &call->arguments[0];
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = days->column->i32[qn_at(days, i)];
    return QN_OK;
}

/* ---- Numbers to times ------------------------------------------------------------------------ */

static qn_status multiply_times(const qn_call *call, int64_t unit, qn_column **out) {
    const qn_operand *counts = &call->arguments[0];
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_TIMESTAMP, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int64_t count = counts->column->i64[qn_at(counts, i)];
        if (!__builtin_mul_overflow(count, unit, &column->i64[i]))
            continue;
        qn_status status = qn_call_fault(
            call, column, i, "'%s' of %lld is past the times that 64 bits of nanoseconds hold",
            call->node->function->name, (long long)count);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

static qn_status run_of_millis(const qn_call *call, qn_column **out) {
    return multiply_times(call, 1000000, out);
}

static qn_status run_of_micros(const qn_call *call, qn_column **out) {
    return multiply_times(call, 1000, out);
}

/* As a cast of the number. */
static qn_status run_of_seconds(const qn_call *call, qn_column **out) {
    qn_expr cast = {.kind = QN_EXPR_CALL,
                    .type = QN_TIMESTAMP,
                    .function = qn_function_cast,
                    .session = call->node->session,
                    .position = call->node->position,
                    .count = 1};
    qn_operand operand = call->arguments[0];
    return qn_call_run(&cast, &operand, call->length, call->faults, out);
}

static qn_status run_of_unix_date(const qn_call *call, qn_column **out) {
    const qn_operand *counts = &call->arguments[0];
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_DATE, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int64_t count = counts->column->i64[qn_at(counts, i)];
        column->i32[i] = (int32_t)count;
        qn_status status = count == column->i32[i]
                               ? QN_OK
                               : qn_call_fault(call, column, i, "day %lld is past the last date",
                                               (long long)count);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

/* ---- unix_timestamp and from_unixtime -------------------------------------------------------- */

static void format_free(void *state) {
    qn_time_format_free(state);
}

/* The pattern in the second argument, or the usual one. */
static qn_status prepare_pattern(qn_expr *call) {
    qn_time_format *format = NULL;
    char *pattern = NULL;
    qn_status status;
    if (call->count < 2)
        return qn_time_format_new((qn_time_format **)&call->state, "yyyy-MM-dd HH:mm:ss");
    const qn_expr *argument = call->arguments[1];
    if (!qn_expr_is_literal(argument))
        return qn_expr_fail(argument->position, "the pattern of '%s' must be a constant",
                            call->function->name);
    if (qn_expr_is_null_literal(argument))
        return QN_OK;
    qn_view view = qn_text_at(&(qn_operand){argument->value, true}, 0);
    QN_TRY(qn_format(&pattern, "%.*s", (int)view.length, view.data));
    QN_TRY_GOTO(qn_time_format_new(&format, pattern), done);
    call->state = format;
done:
    qn_mem_free(pattern);
    if (status == QN_JOB)
        qn_expr_set_position(argument->position);
    return status;
}

static qn_status prepare_unix(qn_expr *call) {
    if (call->count == 0) {
        if (call->session != NULL && call->session->now != 0)
            return QN_OK;
        qn_status status =
            qn_expr_fail(call->position, "'%s' needs the time of the run, which is not known here",
                         call->function->name);
        qn_error_help(
            "in C, bind the expression with qn_expr_bind_in and a session that has `now`");
        return status;
    }
    qn_type type = call->arguments[0]->type;
    bool known = type == QN_STRING || type == QN_DATE || type == QN_TIMESTAMP;
    if (!known && !qn_expr_is_null_literal(call->arguments[0]))
        return qn_expr_fail(call->position, "'%s' takes a string, date or timestamp, not %s",
                            call->function->name, qn_type_name(type));
    if (type != QN_STRING)
        return QN_OK;
    QN_TRY(prepare_pattern(call));
    char letter = call->state == NULL ? 0 : qn_time_format_print_only(call->state);
    if (letter == 0)
        return QN_OK;
    return qn_expr_fail(call->arguments[1]->position,
                        "'%c' in a time pattern can be printed, but not read", letter);
}

static bool unix_seconds(const qn_call *call, int64_t row, qn_clock *clock, int64_t *out) {
    const qn_operand *moments = &call->arguments[0];
    int64_t time, i = qn_at(moments, row);
    bool good = true;
    if (moments->column->type == QN_TIMESTAMP)
        time = moments->column->i64[i];
    else if (moments->column->type == QN_DATE)
        good = qn_clock_day_start(clock, moments->column->i32[i], &time);
    else
        good = qn_time_format_parse_in(call->node->state, qn_text_at(moments, row), clock, &time);
    if (good)
        *out = qn_floor_divide(time, QN_NANOS_A_SECOND);
    return good;
}

static qn_status run_unix(const qn_call *call, qn_column **out) {
    qn_clock clock = qn_call_clock(call);
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_INT64, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        if (call->count == 0)
            column->i64[i] = qn_floor_divide(call->node->session->now, QN_NANOS_A_SECOND);
        if (call->count == 0 || qn_call_skips(call, i) ||
            unix_seconds(call, i, &clock, &column->i64[i]))
            continue;
        qn_status status = qn_call_fault(call, column, i, "a value is no time for '%s'",
                                         call->node->function->name);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

static qn_status step_from_unix(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    const qn_operand *counts = &call->arguments[0];
    qn_clock clock = qn_call_clock(call);
    int64_t time;
    if (__builtin_mul_overflow(counts->column->i64[qn_at(counts, row)], QN_NANOS_A_SECOND, &time))
        return QN_OK; /* null */
    QN_TRY(qn_time_format_print_in(call->node->state, time, &clock, scratch));
    *out = (qn_view){scratch->data != NULL ? scratch->data : "", scratch->length};
    return QN_OK;
}

static qn_status run_from_unix(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_from_unix, out);
}

#define OF_TIME(name, run)                                                                         \
    { name, 1, 1, {QN_TAKES_TIME}, QN_GIVES_INT64, QN_NULLS_STRICT, run, NULL, NULL }
#define TO_TIME(name, takes, run)                                                                  \
    { name, 1, 1, {takes}, QN_GIVES_TIMESTAMP, QN_NULLS_STRICT, run, NULL, NULL }
#define UNIX(name, least)                                                                          \
    {                                                                                              \
        name, least, 2, {QN_TAKES_ANY, QN_TAKES_TEXT}, QN_GIVES_INT64, QN_NULLS_STRICT, run_unix,  \
            prepare_unix, format_free                                                              \
    }

const qn_function qn_functions_epoch[] = {
    OF_TIME("unix_seconds", run_seconds),
    OF_TIME("unix_millis", run_millis),
    OF_TIME("unix_micros", run_micros),
    {"unix_date",
     1,
     1,
     {QN_TAKES_DATE},
     QN_GIVES_INT32,
     QN_NULLS_STRICT,
     run_unix_date,
     NULL,
     NULL},
    TO_TIME("timestamp_seconds", QN_TAKES_NUMBER, run_of_seconds),
    TO_TIME("timestamp_millis", QN_TAKES_WHOLE, run_of_millis),
    TO_TIME("timestamp_micros", QN_TAKES_WHOLE, run_of_micros),
    {"date_from_unix_date",
     1,
     1,
     {QN_TAKES_WHOLE},
     QN_GIVES_DATE,
     QN_NULLS_STRICT,
     run_of_unix_date,
     NULL,
     NULL},
    UNIX("unix_timestamp", 0),
    UNIX("to_unix_timestamp", 1),
    {"from_unixtime",
     1,
     2,
     {QN_TAKES_WHOLE, QN_TAKES_TEXT},
     QN_GIVES_STRING,
     QN_NULLS_STRICT,
     run_from_unix,
     prepare_pattern,
     format_free},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
