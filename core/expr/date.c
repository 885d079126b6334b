/* Parts of dates and times, and arithmetic with them. UTC, proleptic Gregorian calendar. */
#include "core/expr/loops.h"

#include "core/time/date.h"

#include <string.h>

static inline int64_t floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static inline int64_t floor_modulo(int64_t a, int64_t b) {
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

/* ---- Parts of a date ------------------------------------------------------------------------- */

/* Howard Hinnant's civil_from_days again, here in the open so that loops over it vectorise.
 * Months count from March, so that leap days come last. */
static inline void split_days(int32_t days, int32_t *year, int32_t *month, int32_t *day) {
    /* 719468 days from 0000-03-01 to 1970-01-01 are 4 eras and a rest: no sum overflows */
    int32_t era = days / 146097;
    uint32_t rest = (uint32_t)(days - era * 146097 + 719468);
    uint32_t of_era = rest % 146097;
    era += (int32_t)(rest / 146097);
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t from_march = (5 * of_year + 2) / 153;
    *day = (int32_t)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int32_t)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int32_t)year_of_era + era * 400 + (*month <= 2);
}

static inline int32_t year_of(int32_t days) {
    int32_t year, month, day;
    split_days(days, &year, &month, &day);
    return year;
}

static inline int32_t month_of(int32_t days) {
    int32_t year, month, day;
    split_days(days, &year, &month, &day);
    return month;
}

static inline int32_t quarter_of(int32_t days) {
    return (month_of(days) + 2) / 3;
}

static inline int32_t day_of(int32_t days) {
    int32_t year, month, day;
    split_days(days, &year, &month, &day);
    return day;
}

/* Monday is 0. */
static inline int32_t weekday_of(int32_t days) {
    return (int32_t)floor_modulo((int64_t)days + 3, 7);
}

/* Sunday is 1. */
static inline int32_t dayofweek_of(int32_t days) {
    return (int32_t)floor_modulo((int64_t)days + 4, 7) + 1;
}

static inline int32_t dayofyear_of(int32_t days) {
    return days - qn_days_from_civil(year_of(days), 1, 1) + 1;
}

/* ISO 8601: a week belongs to the year of its Thursday. */
static inline int32_t weekofyear_of(int32_t days) {
    int32_t thursday = (int32_t)((uint32_t)days - (uint32_t)weekday_of(days) + 3u);
    return (dayofyear_of(thursday) - 1) / 7 + 1;
}

static inline int32_t last_day_of(int32_t days) {
    int32_t year, month, day;
    split_days(days, &year, &month, &day);
    return (int32_t)((uint32_t)(days - day) + (uint32_t)qn_days_in_month(year, month));
}

/* Defines the kernel run_NAME for a part of a date. */
#define DAY_KERNEL(name)                                                                           \
    QN_LOOP_1(loop_##name, int32_t, int32_t, name##_of(x))                                         \
    static qn_status run_##name(const qn_call *call, qn_column **out) {                            \
        QN_TRY(qn_column_new(out, call->node->type, call->length, 0));                             \
        loop_##name((*out)->i32, call->arguments[0].column->i32, call->length);                    \
        return QN_OK;                                                                              \
    }

DAY_KERNEL(year)
DAY_KERNEL(quarter)
DAY_KERNEL(month)
DAY_KERNEL(day)
DAY_KERNEL(weekday)
DAY_KERNEL(dayofweek)
DAY_KERNEL(dayofyear)
DAY_KERNEL(weekofyear)
DAY_KERNEL(last_day)

/* ---- Parts of a time ------------------------------------------------------------------------- */

static qn_status run_clock(const qn_call *call, int64_t unit, int64_t units, qn_column **out) {
    const qn_operand *times = &call->arguments[0];
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int64_t time = floor_modulo(times->column->i64[qn_at(times, i)], QN_NANOS_A_DAY);
        (*out)->i32[i] = (int32_t)(time / unit % units);
    }
    return QN_OK;
}

static qn_status run_hour(const qn_call *call, qn_column **out) {
    return run_clock(call, 3600 * QN_NANOS_A_SECOND, 24, out);
}

static qn_status run_minute(const qn_call *call, qn_column **out) {
    return run_clock(call, 60 * QN_NANOS_A_SECOND, 60, out);
}

static qn_status run_second(const qn_call *call, qn_column **out) {
    return run_clock(call, QN_NANOS_A_SECOND, 60, out);
}

/* ---- Arithmetic ------------------------------------------------------------------------------ */

static qn_status add_days(const qn_call *call, int64_t sign, qn_column **out) {
    const qn_operand *date = &call->arguments[0], *days = &call->arguments[1];
    QN_TRY(qn_column_new(out, QN_DATE, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        uint64_t step = (uint64_t)sign * (uint64_t)days->column->i64[qn_at(days, i)];
        (*out)->i32[i] = (int32_t)(uint32_t)((uint64_t)date->column->i32[qn_at(date, i)] + step);
    }
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

/* False where the year has no place in a date. */
static bool add_months(int32_t days, int64_t months, int32_t *out) {
    const int32_t most = 5000000;
    int32_t year, month, day;
    split_days(days, &year, &month, &day);
    int64_t index = (int64_t)year * 12 + month - 1 + months;
    year = (int32_t)floor_divide(index, 12);
    if (year < -most || year > most)
        return false;
    month = (int32_t)floor_modulo(index, 12) + 1;
    int32_t last = qn_days_in_month(year, month);
    *out = qn_days_from_civil(year, month, day < last ? day : last);
    return true;
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
        if (count < -most || count > most || !add_months(days, count, &column->i32[i]))
            status = qn_column_set_null(column, i);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

/* ---- Truncation ------------------------------------------------------------------------------ */

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
        return (int32_t)((uint32_t)days - (uint32_t)weekday_of(days));
    if (to >= DAY)
        return days;
    split_days(days, &year, &month, &day);
    month = to == YEAR ? 1 : to == QUARTER ? (month - 1) / 3 * 3 + 1 : month;
    return qn_days_from_civil(year, month, 1);
}

/* False before the first whole unit that a timestamp can tell, in 1677. */
static bool truncate_time(int64_t time, unit to, int64_t *out) {
    static const int64_t steps[] = {[HOUR] = 3600000000000,
                                    [MINUTE] = 60000000000,
                                    [SECOND] = 1000000000,
                                    [MILLI] = 1000000,
                                    [MICRO] = 1000};
    if (to > DAY)
        return !__builtin_sub_overflow(time, floor_modulo(time, steps[to]), out);
    int32_t days = (int32_t)floor_divide(time, QN_NANOS_A_DAY);
    return qn_timestamp_of_days(truncate_days(days, to), 0, out);
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
    QN_TRY(qn_column_new(&column, QN_TIMESTAMP, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        if (truncate_time(times->column->i64[qn_at(times, i)], to, &column->i64[i]))
            continue;
        qn_status status = qn_column_set_null(column, i);
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

#define DAY_PART(name, run)                                                                        \
    { name, 1, 1, {QN_TAKES_DATE}, QN_GIVES_INT32, QN_NULLS_STRICT, run, NULL, NULL }
#define CLOCK_PART(name, run)                                                                      \
    { name, 1, 1, {QN_TAKES_TIME}, QN_GIVES_INT32, QN_NULLS_STRICT, run, NULL, NULL }
#define MOVES_DATE(name, run)                                                                      \
    { name, 2, 2, {QN_TAKES_DATE, QN_TAKES_WHOLE}, QN_GIVES_DATE, QN_NULLS_STRICT, run, NULL, NULL }

const qn_function qn_functions_date[] = {
    DAY_PART("year", run_year),
    DAY_PART("quarter", run_quarter),
    DAY_PART("month", run_month),
    DAY_PART("day", run_day),
    DAY_PART("dayofmonth", run_day),
    DAY_PART("weekday", run_weekday),
    DAY_PART("dayofweek", run_dayofweek),
    DAY_PART("dayofyear", run_dayofyear),
    DAY_PART("weekofyear", run_weekofyear),
    CLOCK_PART("hour", run_hour),
    CLOCK_PART("minute", run_minute),
    CLOCK_PART("second", run_second),
    {"last_day", 1, 1, {QN_TAKES_DATE}, QN_GIVES_DATE, QN_NULLS_STRICT, run_last_day, NULL, NULL},
    MOVES_DATE("date_add", run_date_add),
    MOVES_DATE("date_sub", run_date_sub),
    MOVES_DATE("add_months", run_add_months),
    {"datediff", 2, 2, {QN_TAKES_DATE}, QN_GIVES_INT32, QN_NULLS_STRICT, run_datediff, NULL, NULL},
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
