#include "core/expr/units.h"

#include "core/time/civil.h"

#include <string.h>

const int64_t qn_unit_nanos[] = {[QN_HOUR] = 3600000000000,
                                 [QN_MINUTE] = 60000000000,
                                 [QN_SECOND] = 1000000000,
                                 [QN_MILLI] = 1000000,
                                 [QN_MICRO] = 1000};

static const struct {
    const char *name;
    qn_unit unit;
} units[] = {{"year", QN_YEAR},         {"yyyy", QN_YEAR},
             {"yy", QN_YEAR},           {"years", QN_YEAR},
             {"quarter", QN_QUARTER},   {"quarters", QN_QUARTER},
             {"month", QN_MONTH},       {"mon", QN_MONTH},
             {"mm", QN_MONTH},          {"months", QN_MONTH},
             {"week", QN_WEEK},         {"weeks", QN_WEEK},
             {"day", QN_DAY},           {"dd", QN_DAY},
             {"days", QN_DAY},          {"dayofyear", QN_DAY},
             {"hour", QN_HOUR},         {"hours", QN_HOUR},
             {"minute", QN_MINUTE},     {"minutes", QN_MINUTE},
             {"second", QN_SECOND},     {"seconds", QN_SECOND},
             {"millisecond", QN_MILLI}, {"milliseconds", QN_MILLI},
             {"microsecond", QN_MICRO}, {"microseconds", QN_MICRO}};

bool qn_find_unit(qn_view name, qn_unit *out) {
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if ((int64_t)strlen(units[i].name) == name.length &&
            strncasecmp(units[i].name, name.data, (size_t)name.length) == 0) {
            *out = units[i].unit;
            return true;
        }
    return false;
}

qn_status qn_prepare_unit(qn_expr *call, int32_t index) {
    const qn_expr *argument = call->arguments[index];
    if (!qn_expr_is_literal(argument))
        return qn_expr_fail(argument->position, "the unit of '%s' must be a constant",
                            call->function->name);
    qn_unit found;
    if (qn_expr_is_null_literal(argument))
        return QN_OK;
    qn_view name = qn_text_at(&(qn_operand){argument->value, true}, 0);
    if (qn_find_unit(name, &found))
        return QN_OK;
    qn_status status = qn_expr_fail(argument->position, "unknown unit '%.*s' in '%s'",
                                    (int)name.length, name.data, call->function->name);
    qn_error_help("units are year, quarter, month, week, day, hour, minute, second, millisecond, "
                  "microsecond");
    return status;
}

qn_unit qn_unit_of(const qn_call *call, int32_t index) {
    qn_unit unit = QN_DAY;
    (void)qn_find_unit(qn_text_at(&call->arguments[index], 0), &unit);
    return unit;
}

bool qn_add_months(int32_t days, int64_t months, int32_t *out) {
    const int32_t most = 5000000, shift = 20000000; /* years; all sums of months fit 32 bits */
    int32_t year, month, day;
    if (months > 12 * most * INT64_C(2) || months < -12 * most * INT64_C(2))
        return false;
    qn_split_days(days, &year, &month, &day);
    uint32_t index = (uint32_t)((year + shift) * 12 + month - 1 + (int32_t)months);
    year = (int32_t)(index / 12) - shift;
    if (year < -most || year > most)
        return false;
    month = (int32_t)(index % 12) + 1;
    int32_t last = qn_days_in_month(year, month);
    *out = qn_join_days(year, month, day < last ? day : last);
    return true;
}

bool qn_add_to_time(qn_clock *clock, int64_t time, int64_t months, int64_t days,
                    int64_t nanoseconds, int64_t *out) {
    int64_t whole;
    if (months == 0 && (days == 0 || clock->zone == NULL)) /* all days are as long */
        return !__builtin_mul_overflow(days, QN_NANOS_A_DAY, &whole) &&
               !__builtin_add_overflow(time, whole, &time) &&
               !__builtin_add_overflow(time, nanoseconds, out);
    if (months != 0 || days != 0) {
        int64_t of_day, sum;
        int32_t offset = qn_clock_offset(clock, time);
        int32_t day = qn_clock_split(clock, time, &of_day);
        if (!qn_add_months(day, months, &day) || __builtin_add_overflow(day, days, &sum) ||
            !qn_clock_join(clock, sum, of_day, offset, &time))
            return false;
    }
    return !__builtin_add_overflow(time, nanoseconds, out);
}
