/* Dates and times cut to the start of a unit: date_trunc, trunc. */
#include "core/expr/loops.h"
#include "core/expr/units.h"
#include "core/time/civil.h"

#include <string.h>

static inline int32_t start_of_week(int32_t days) {
    return (int32_t)((uint32_t)days - (uint32_t)qn_weekday_of(days));
}

/* Of units of `months` months. */
static inline int32_t start_of_months(int32_t days, int32_t months) {
    int32_t year, month, day;
    qn_split_days(days, &year, &month, &day);
    return qn_join_days(year, (month - 1) / months * months + 1, 1);
}

static inline int32_t start_of_month(int32_t days) {
    int32_t year, month, day;
    qn_split_days(days, &year, &month, &day);
    return (int32_t)((uint32_t)days - (uint32_t)day + 1u);
}

static int32_t truncate_days(int32_t days, qn_unit to) {
    switch (to) {
    case QN_YEAR:
        return start_of_months(days, 12);
    case QN_QUARTER:
        return start_of_months(days, 3);
    case QN_MONTH:
        return start_of_month(days);
    case QN_WEEK:
        return start_of_week(days);
    default:
        return days;
    }
}

QN_LOOP_1(loop_year, int32_t, int32_t, start_of_months(x, 12))
QN_LOOP_1(loop_quarter, int32_t, int32_t, start_of_months(x, 3))
QN_LOOP_1(loop_month, int32_t, int32_t, start_of_month(x))
QN_LOOP_1(loop_week, int32_t, int32_t, start_of_week(x))

/* Days and longer ones start at local midnights, hours and shorter ones at full local ones. False
 * before the first whole unit that a timestamp can tell, in 1677. */
static bool truncate_time(qn_clock *clock, int64_t time, qn_unit to, int64_t *out) {
    int64_t of_day;
    if (to > QN_MINUTE || (to > QN_DAY && clock->zone == NULL))
        return !__builtin_sub_overflow(time, qn_floor_modulo(time, qn_unit_nanos[to]), out);
    int32_t days = qn_clock_split(clock, time, &of_day);
    if (to > QN_DAY)
        return !__builtin_sub_overflow(time, of_day % qn_unit_nanos[to], out);
    return qn_clock_day_start(clock, truncate_days(days, to), out);
}

static qn_status prepare_date_trunc(qn_expr *call) {
    return qn_prepare_unit(call, 0);
}

static qn_status prepare_trunc(qn_expr *call) {
    return qn_prepare_unit(call, 1);
}

static qn_status run_date_trunc(const qn_call *call, qn_column **out) {
    const qn_operand *times = &call->arguments[1];
    qn_unit to = qn_unit_of(call, 0);
    qn_column *column = NULL;
    qn_clock clock = qn_call_clock(call);
    QN_TRY(qn_column_new(&column, QN_TIMESTAMP, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        if (truncate_time(&clock, times->column->i64[qn_at(times, i)], to, &column->i64[i]))
            continue;
        qn_status status = qn_call_fault(call, column, i, "date_trunc gives a time before 1677");
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

static qn_status run_trunc(const qn_call *call, qn_column **out) {
    const qn_column *days = call->arguments[0].column;
    int64_t length = days->length < call->length ? days->length : call->length; /* a constant: 1 */
    qn_unit to = qn_unit_of(call, 1);
    QN_TRY(qn_column_new(out, QN_DATE, call->length, 0));
    if (to == QN_YEAR)
        loop_year((*out)->i32, days->i32, length);
    else if (to == QN_QUARTER)
        loop_quarter((*out)->i32, days->i32, length);
    else if (to == QN_MONTH)
        loop_month((*out)->i32, days->i32, length);
    else if (to == QN_WEEK)
        loop_week((*out)->i32, days->i32, length);
    else
        memcpy((*out)->i32, days->i32, (size_t)length * sizeof *days->i32);
    return QN_OK;
}

const qn_function qn_functions_truncate[] = {
    {"date_trunc",
     2,
     2,
     {QN_TAKES_TEXT, QN_TAKES_TIME},
     QN_GIVES_TIMESTAMP,
     QN_NULLS_STRICT,
     run_date_trunc,
     prepare_date_trunc,
     NULL},
    {"trunc",
     2,
     2,
     {QN_TAKES_DATE, QN_TAKES_TEXT},
     QN_GIVES_DATE,
     QN_NULLS_STRICT,
     run_trunc,
     prepare_trunc,
     NULL},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
