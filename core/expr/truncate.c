/* Dates and times cut to the start of a unit: date_trunc, trunc. */
#include "core/expr/civil.h"
#include "core/expr/node.h"

#include <string.h>

typedef enum unit { YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLI, MICRO } unit;

static const struct {
    const char *name;
    unit unit;
} units[] = {{"year", YEAR},       {"yyyy", YEAR},         {"yy", YEAR},
             {"quarter", QUARTER}, {"month", MONTH},       {"mon", MONTH},
             {"mm", MONTH},        {"week", WEEK},         {"day", DAY},
             {"dd", DAY},          {"hour", HOUR},         {"minute", MINUTE},
             {"second", SECOND},   {"millisecond", MILLI}, {"microsecond", MICRO}};

enum { UNITS = sizeof units / sizeof units[0] };

static bool find_unit(qn_view name, unit *out) {
    for (int i = 0; i < UNITS; i++)
        if ((int64_t)strlen(units[i].name) == name.length &&
            strncasecmp(units[i].name, name.data, (size_t)name.length) == 0) {
            *out = units[i].unit;
            return true;
        }
    return false;
}

static int32_t truncate_days(int32_t days, unit to) {
    int32_t year, month, day;
    if (to == WEEK)
        return (int32_t)((uint32_t)days - (uint32_t)qn_weekday_of(days));
    if (to >= DAY)
        return days;
    qn_split_days(days, &year, &month, &day);
    month = to == YEAR ? 1 : to == QUARTER ? (month - 1) / 3 * 3 + 1 : month;
    return qn_days_from_civil(year, month, 1);
}

/* Days and longer ones start at local midnights, hours and shorter ones at full local ones. False
 * before the first whole unit that a timestamp can tell, in 1677. */
static bool truncate_time(qn_clock *clock, int64_t time, unit to, int64_t *out) {
    static const int64_t steps[] = {[HOUR] = 3600000000000,
                                    [MINUTE] = 60000000000,
                                    [SECOND] = 1000000000,
                                    [MILLI] = 1000000,
                                    [MICRO] = 1000};
    int64_t of_day;
    if (to > MINUTE || (to > DAY && clock->zone == NULL))
        return !__builtin_sub_overflow(time, qn_floor_modulo(time, steps[to]), out);
    int32_t days = qn_clock_split(clock, time, &of_day);
    if (to > DAY)
        return !__builtin_sub_overflow(time, of_day % steps[to], out);
    return qn_clock_day_start(clock, truncate_days(days, to), out);
}

static qn_status prepare_unit(qn_expr *call, int32_t index) {
    const qn_expr *argument = call->arguments[index];
    if (!qn_expr_is_literal(argument))
        return qn_expr_fail(argument->position, "the unit of '%s' must be a constant",
                            call->function->name);
    qn_view name = qn_text_at(&(qn_operand){argument->value, true}, 0);
    unit found;
    if (qn_expr_is_null_literal(argument) || find_unit(name, &found))
        return QN_OK;
    qn_status status = qn_expr_fail(argument->position, "unknown unit '%.*s' in '%s'",
                                    (int)name.length, name.data, call->function->name);
    qn_error_help("units are year, quarter, month, week, day, hour, minute, second, millisecond, "
                  "microsecond");
    return status;
}

static qn_status prepare_date_trunc(qn_expr *call) {
    return prepare_unit(call, 0);
}

static qn_status prepare_trunc(qn_expr *call) {
    return prepare_unit(call, 1);
}

static qn_status run_date_trunc(const qn_call *call, qn_column **out) {
    const qn_operand *times = &call->arguments[1];
    unit to = DAY;
    (void)find_unit(qn_text_at(&call->arguments[0], 0), &to);
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
    unit to = DAY;
    (void)find_unit(qn_text_at(&call->arguments[1], 0), &to);
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
