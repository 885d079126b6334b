/* Parts of dates and times that have functions of their own. Proleptic Gregorian calendar. */
#include "core/expr/loops.h"
#include "core/time/civil.h"

static inline int32_t year_of(int32_t days) {
    int32_t year, month, day;
    qn_split_days(days, &year, &month, &day);
    return year;
}

static inline int32_t month_of(int32_t days) {
    int32_t year, month, day;
    qn_split_days(days, &year, &month, &day);
    return month;
}

static inline int32_t quarter_of(int32_t days) {
    return (month_of(days) + 2) / 3;
}

static inline int32_t day_of(int32_t days) {
    int32_t year, month, day;
    qn_split_days(days, &year, &month, &day);
    return day;
}

static inline int32_t weekday_of(int32_t days) {
    return qn_weekday_of(days);
}

/* Sunday is 1. */
static inline int32_t dayofweek_of(int32_t days) {
    return (qn_weekday_of(days) + 1) % 7 + 1;
}

static inline int32_t dayofyear_of(int32_t days) {
    return (int32_t)((uint32_t)days - (uint32_t)qn_join_days(year_of(days), 1, 1)) + 1;
}

/* ISO 8601: a week belongs to the year of its Thursday. */
static inline int32_t weekofyear_of(int32_t days) {
    int32_t thursday = (int32_t)((uint32_t)days - (uint32_t)qn_weekday_of(days) + 3u);
    return (dayofyear_of(thursday) - 1) / 7 + 1;
}

static inline int32_t last_day_of(int32_t days) {
    int32_t year, month, day;
    qn_split_days(days, &year, &month, &day);
    return qn_join_days(year + (month == 12), month == 12 ? 1 : month + 1, 1) - 1;
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
    qn_clock clock = qn_call_clock(call);
    int64_t of_day;
    QN_TRY(qn_column_new(out, QN_INT32, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        (void)qn_clock_split(&clock, times->column->i64[qn_at(times, i)], &of_day);
        (*out)->i32[i] = (int32_t)(of_day / unit % units);
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

#define DAY_PART(name, run)                                                                        \
    { name, 1, 1, {QN_TAKES_DATE}, QN_GIVES_INT32, QN_NULLS_STRICT, run, NULL, NULL }
#define CLOCK_PART(name, run)                                                                      \
    { name, 1, 1, {QN_TAKES_TIME}, QN_GIVES_INT32, QN_NULLS_STRICT, run, NULL, NULL }
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
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
