/* Arithmetic with dates: days and months added, differences. */
#include "core/expr/units.h"
#include "core/time/civil.h"
#include "core/time/format.h"

#include <math.h>
#include <string.h>

/* Wraps as Spark's does, where that is no fault. */
static qn_status add_days(const qn_call *call, int64_t sign, qn_column **out) {
    const qn_operand *date = &call->arguments[0], *days = &call->arguments[1];
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_DATE, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int32_t from = date->column->i32[qn_at(date, i)];
        int64_t step = days->column->i64[qn_at(days, i)];
        uint64_t sum = (uint64_t)from + (uint64_t)sign * (uint64_t)step;
        column->i32[i] = (int32_t)(uint32_t)sum;
        bool fits = step >= -INT64_C(0x100000000) && step <= INT64_C(0x100000000) &&
                    from + sign * step == column->i32[i];
        qn_status status = fits || !call->checks
                               ? QN_OK
                               : qn_call_fault(call, column, i, "%lld days lead past the last date",
                                               (long long)step);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

static qn_status run_date_add(const qn_call *call, qn_column **out) {
    return add_days(call, 1, out);
}

static qn_status run_date_sub(const qn_call *call, qn_column **out) {
    return add_days(call, -1, out);
}

static qn_status run_datediff(const qn_call *call, qn_column **out) {
    const qn_operand *end = &call->arguments[0], *start = &call->arguments[1];
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = (int32_t)((uint32_t)end->column->i32[qn_at(end, i)] -
                                   (uint32_t)start->column->i32[qn_at(start, i)]);
    return QN_OK;
}

/* The day is kept, or cut to the month's last. Past a million years: null. */
static qn_status run_add_months(const qn_call *call, qn_column **out) {
    const qn_operand *date = &call->arguments[0], *months = &call->arguments[1];
    const int64_t most = 12000000;
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_DATE, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int64_t count = months->column->i64[qn_at(months, i)];
        qn_status status = QN_OK;
        int32_t days = date->column->i32[qn_at(date, i)];
        if (count < -most || count > most || !qn_add_months(days, count, &column->i32[i]))
            status = qn_call_fault(call, column, i, "%lld months lead past the last date",
                                   (long long)count);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

/* ---- next_day -------------------------------------------------------------------------------- */

/* Monday is 0; -1 for what names no weekday: Mo, Mon and Monday do. */
static int32_t find_weekday(qn_view name) {
    for (int32_t i = 0; i < 7; i++) {
        const char *weekday = qn_weekday_names[i];
        bool whole =
            name.length == 2 || name.length == 3 || name.length == (int64_t)strlen(weekday);
        if (whole && strncasecmp(weekday, name.data, (size_t)name.length) == 0)
            return i;
    }
    return -1;
}

static qn_status run_next_day(const qn_call *call, qn_column **out) {
    const qn_operand *days = &call->arguments[0];
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_DATE, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        if (qn_call_skips(call, i))
            continue;
        qn_view name = qn_text_at(&call->arguments[1], i);
        int32_t day = days->column->i32[qn_at(days, i)], weekday = find_weekday(name);
        int32_t step = (weekday - qn_weekday_of(day) + 6) % 7 + 1;
        qn_status status = QN_OK;
        if (weekday < 0 || __builtin_add_overflow(day, step, &column->i32[i]))
            status = qn_call_fault(call, column, i, "'%.*s' is not a day of the week",
                                   qn_shown_length(name, 40), name.data);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

/* ---- months_between -------------------------------------------------------------------------- */

/* As Spark: whole if both are the same day of a month or its last, else with a fraction of 31 days
 * of the days and the whole seconds on the clock. */
static double months_between(const int32_t day[2], const int64_t of_day[2]) {
    int32_t year[2], month[2], of_month[2];
    bool last[2];
    for (int k = 0; k < 2; k++) {
        qn_split_days(day[k], &year[k], &month[k], &of_month[k]);
        last[k] = of_month[k] == qn_days_in_month(year[k], month[k]);
    }
    double months = 12.0 * ((double)year[0] - year[1]) + month[0] - month[1];
    if (of_month[0] == of_month[1] || (last[0] && last[1]))
        return months;
    int64_t seconds = (of_month[0] - of_month[1]) * INT64_C(86400) + of_day[0] / QN_NANOS_A_SECOND -
                      of_day[1] / QN_NANOS_A_SECOND;
    return months + (double)seconds / (31 * 86400.0);
}

static qn_status run_months_between(const qn_call *call, qn_column **out) {
    const qn_operand *rounds = call->count > 2 ? &call->arguments[2] : NULL;
    qn_clock clock = qn_call_clock(call);
    QN_TRY(qn_column_new(out, QN_FLOAT64, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int32_t day[2];
        int64_t of_day[2];
        for (int k = 0; k < 2; k++)
            day[k] = qn_moment_at(&call->arguments[k], i, &clock, &of_day[k]);
        double months = months_between(day, of_day);
        if (rounds == NULL || qn_bit(rounds->column->bits, qn_at(rounds, i)))
            months = floor(months * 1e8 + 0.5) / 1e8; /* Java's Math.round */
        (*out)->f64[i] = months;
    }
    return QN_OK;
}

#define MOVES_DATE(name, run)                                                                      \
    { name, 2, 2, {QN_TAKES_DATE, QN_TAKES_WHOLE}, QN_GIVES_DATE, QN_NULLS_STRICT, run, NULL, NULL }

const qn_function qn_functions_date_move[] = {
    MOVES_DATE("date_add", run_date_add),
    MOVES_DATE("date_sub", run_date_sub),
    MOVES_DATE("add_months", run_add_months),
    {"next_day",
     2,
     2,
     {QN_TAKES_DATE, QN_TAKES_TEXT},
     QN_GIVES_DATE,
     QN_NULLS_STRICT,
     run_next_day,
     NULL,
     NULL},
    {"months_between",
     2,
     3,
     {QN_TAKES_MOMENT, QN_TAKES_MOMENT, QN_TAKES_BOOL},
     QN_GIVES_FLOAT64,
     QN_NULLS_STRICT,
     run_months_between,
     NULL,
     NULL},
    {"datediff", 2, 2, {QN_TAKES_DATE}, QN_GIVES_INT32, QN_NULLS_STRICT, run_datediff, NULL, NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
