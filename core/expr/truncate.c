/* Dates and times cut to the start of a unit: date_trunc, trunc. */
#include "core/expr/civil.h"
#include "core/expr/units.h"

static int32_t truncate_days(int32_t days, qn_unit to) {
    int32_t year, month, day;
    if (to == QN_WEEK)
        return (int32_t)((uint32_t)days - (uint32_t)qn_weekday_of(days));
    if (to >= QN_DAY)
        return days;
    qn_split_days(days, &year, &month, &day);
    month = to == QN_YEAR ? 1 : to == QN_QUARTER ? (month - 1) / 3 * 3 + 1 : month;
    return qn_days_from_civil(year, month, 1);
}

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
    const qn_operand *days = &call->arguments[0];
    qn_unit to = qn_unit_of(call, 1);
    QN_TRY(qn_column_new(out, QN_DATE, call->length, 0));
    for (int64_t i = 0; i < call->length; i++)
        (*out)->i32[i] = truncate_days(days->column->i32[qn_at(days, i)], to);
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
