/* Intervals added to dates and times, and whole units added or counted: what SQL writes
 * d + INTERVAL '1 month', timestampadd, timestampdiff. */
#include "core/expr/units.h"
#include "core/time/civil.h"

#include "core/memory.h"
#include "core/time/interval.h"

/* ---- Intervals ------------------------------------------------------------------------------- */

/* The interval's text is the second argument: a date and whole days or months give a date. */
static qn_status prepare_interval(qn_expr *call) {
    qn_interval *interval = NULL;
    const qn_expr *text = call->arguments[1];
    qn_type type = call->arguments[0]->type;
    if (!qn_expr_is_literal(text) || qn_expr_is_null_literal(text))
        return qn_expr_fail(text->position, "an interval must be a constant");
    QN_TRY(qn_mem_calloc(&interval, 1, sizeof *interval));
    call->state = interval;
    if (!qn_parse_interval(qn_text_at(&(qn_operand){text->value, true}, 0), QN_INTERVAL_NONE,
                           interval) ||
        (*call->function->name == '-' && !qn_interval_negate(interval)))
        return qn_expr_fail(text->position, "a text is not an interval");
    call->type = type == QN_DATE && interval->nanoseconds == 0 ? QN_DATE : QN_TIMESTAMP;
    return QN_OK;
}

static bool add_to_date(int32_t day, const qn_interval *interval, int32_t *out) {
    return qn_add_months(day, interval->months, &day) &&
           !__builtin_add_overflow(day, interval->days, out);
}

static bool add_interval(const qn_column *in, int64_t row, const qn_interval *interval,
                         qn_clock *clock, qn_column *out, int64_t i) {
    int64_t time;
    if (out->type == QN_DATE)
        return add_to_date(in->i32[row], interval, &out->i32[i]);
    if (in->type == QN_TIMESTAMP)
        time = in->i64[row];
    else if (!qn_clock_day_start(clock, in->i32[row], &time))
        return false;
    return qn_add_to_time(clock, time, interval->months, interval->days, interval->nanoseconds,
                          &out->i64[i]);
}

static qn_status run_interval(const qn_call *call, qn_column **out) {
    const qn_operand *from = &call->arguments[0];
    const qn_interval *interval = call->node->state;
    qn_clock clock = qn_call_clock(call);
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, call->node->type, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        if (add_interval(from->column, qn_at(from, i), interval, &clock, column, i))
            continue;
        char text[80];
        qn_print_interval(interval, text);
        qn_status status = qn_call_fault(call, column, i, "INTERVAL '%s' leads past the last %s",
                                         text, qn_type_name(column->type));
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

/* ---- Units ----------------------------------------------------------------------------------- */

static qn_status prepare_first(qn_expr *call) {
    return qn_prepare_unit(call, 0);
}

static bool add_units(qn_clock *clock, int64_t time, qn_unit unit, int64_t count, int64_t *out) {
    static const int8_t months[] = {[QN_YEAR] = 12, [QN_QUARTER] = 3, [QN_MONTH] = 1};
    int64_t product;
    if (unit <= QN_MONTH)
        return !__builtin_mul_overflow(count, months[unit], &product) &&
               qn_add_to_time(clock, time, product, 0, 0, out);
    if (unit <= QN_DAY)
        return !__builtin_mul_overflow(count, unit == QN_WEEK ? 7 : 1, &product) &&
               qn_add_to_time(clock, time, 0, product, 0, out);
    return !__builtin_mul_overflow(count, qn_unit_nanos[unit], &product) &&
           !__builtin_add_overflow(time, product, out);
}

static qn_status run_add_units(const qn_call *call, qn_column **out) {
    const qn_operand *counts = &call->arguments[1], *times = &call->arguments[2];
    qn_unit unit = qn_unit_of(call, 0);
    qn_clock clock = qn_call_clock(call);
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_TIMESTAMP, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        int64_t count = counts->column->i64[qn_at(counts, i)];
        if (add_units(&clock, times->column->i64[qn_at(times, i)], unit, count, &column->i64[i]))
            continue;
        qn_status status = qn_call_fault(
            call, column, i, "'%s' of %lld leads past the times that 64 bits of nanoseconds hold",
            call->node->function->name, (long long)count);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

/* Whole months between two local times, as java.time counts them: toward zero. */
static int64_t whole_months(int32_t from, int64_t from_clock, int32_t to, int64_t to_clock) {
    int32_t year[2], month[2], day[2];
    qn_split_days(from, &year[0], &month[0], &day[0]);
    qn_split_days(to, &year[1], &month[1], &day[1]);
    int64_t months = 12 * ((int64_t)year[1] - year[0]) + month[1] - month[0];
    if (months > 0 && (day[1] < day[0] || (day[1] == day[0] && to_clock < from_clock)))
        return months - 1;
    if (months < 0 && (day[1] > day[0] || (day[1] == day[0] && to_clock > from_clock)))
        return months + 1;
    return months;
}

static int64_t whole_days(int32_t from, int64_t from_clock, int32_t to, int64_t to_clock) {
    int64_t days = (int64_t)to - from;
    if (days > 0 && to_clock < from_clock)
        return days - 1;
    return days < 0 && to_clock > from_clock ? days + 1 : days;
}

/* A moment on the clock of the zone. */
typedef struct moment {
    int32_t day;
    int64_t of_day;
} moment;

/* Whole units between two, toward zero. False if there are more than 64 bits count. */
static bool count_units(moment from, moment to, qn_unit unit, int64_t *out) {
    int64_t days = whole_days(from.day, from.of_day, to.day, to.of_day), rest;
    switch (unit) {
    case QN_YEAR:
    case QN_QUARTER:
    case QN_MONTH:
        *out = whole_months(from.day, from.of_day, to.day, to.of_day) / (unit == QN_YEAR      ? 12
                                                                         : unit == QN_QUARTER ? 3
                                                                                              : 1);
        return true;
    case QN_WEEK:
    case QN_DAY:
        *out = unit == QN_WEEK ? days / 7 : days;
        return true;
    default: /* the rest is less than a day and has the days' sign */
        rest = ((int64_t)to.day - from.day - days) * QN_NANOS_A_DAY + to.of_day - from.of_day;
        return !__builtin_mul_overflow(days, QN_NANOS_A_DAY / qn_unit_nanos[unit], out) &&
               !__builtin_add_overflow(*out, rest / qn_unit_nanos[unit], out);
    }
}

static qn_status run_count_units(const qn_call *call, qn_column **out) {
    const qn_operand *starts = &call->arguments[1], *ends = &call->arguments[2];
    qn_unit unit = qn_unit_of(call, 0);
    qn_clock clock = qn_call_clock(call);
    qn_column *column = NULL;
    moment from, to;
    QN_TRY(qn_column_new(&column, QN_INT64, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        from.day = qn_moment_at(starts, i, &clock, &from.of_day);
        to.day = qn_moment_at(ends, i, &clock, &to.of_day);
        if (count_units(from, to, unit, &column->i64[i]))
            continue;
        qn_status status =
            qn_call_fault(call, column, i, "'%s' overflows int64", call->node->function->name);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
    }
    *out = column;
    return QN_OK;
}

#define INTERVAL(name)                                                                             \
    {                                                                                              \
        name, 2, 2, {QN_TAKES_MOMENT, QN_TAKES_TEXT}, QN_GIVES_OWN, QN_NULLS_STRICT, run_interval, \
            prepare_interval, qn_mem_free                                                          \
    }
#define ADDS_UNITS(name)                                                                           \
    {                                                                                              \
        name, 3, 3, {QN_TAKES_TEXT, QN_TAKES_WHOLE, QN_TAKES_TIME}, QN_GIVES_TIMESTAMP,            \
            QN_NULLS_STRICT, run_add_units, prepare_first, NULL                                    \
    }
#define COUNTS_UNITS(name)                                                                         \
    {                                                                                              \
        name, 3, 3, {QN_TAKES_TEXT, QN_TAKES_MOMENT}, QN_GIVES_INT64, QN_NULLS_STRICT,             \
            run_count_units, prepare_first, NULL                                                   \
    }

const qn_function qn_functions_interval[] = {
    INTERVAL("+ interval"),
    INTERVAL("- interval"),
    ADDS_UNITS("timestampadd"),
    ADDS_UNITS("dateadd"),
    COUNTS_UNITS("timestampdiff"),
    COUNTS_UNITS("date_diff"),
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
