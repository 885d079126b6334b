/* Units of time and zones by name, and what adding units does. Private to core/expr. */
#ifndef QUERN_CORE_EXPR_UNITS_H
#define QUERN_CORE_EXPR_UNITS_H

#include "core/expr/node.h"

typedef enum qn_unit {
    QN_YEAR,
    QN_QUARTER,
    QN_MONTH,
    QN_WEEK,
    QN_DAY,
    QN_HOUR,
    QN_MINUTE,
    QN_SECOND,
    QN_MILLI,
    QN_MICRO
} qn_unit;

extern const int64_t qn_unit_nanos[]; /* of QN_HOUR and shorter ones; 0 for the others */

/* By any of Spark's names, in any case. */
bool qn_find_unit(qn_view name, qn_unit *out);

/* Local. A JOB error unless argument `index` is a constant that names a unit, or is null. */
QN_CHECKED qn_status qn_prepare_unit(qn_expr *call, int32_t index);

/* The unit in argument `index` of a prepared call. */
qn_unit qn_unit_of(const qn_call *call, int32_t index);

/* Local. Opens the zone that argument `index` names, a constant, as the call's state (NULL: UTC).
 */
QN_CHECKED qn_status qn_prepare_zone(qn_expr *call, int32_t index);
void qn_release_zone(void *state);

/* The day is kept, or cut to the month's last. False past 5 million years. */
bool qn_add_months(int32_t days, int64_t months, int32_t *out);

/* Months, then days, both on the clock of the zone, then nanoseconds. False if it does not fit. */
bool qn_add_to_time(qn_clock *clock, int64_t time, int64_t months, int64_t days,
                    int64_t nanoseconds, int64_t *out);

/* The local day and the nanoseconds on the clock since midnight of a date or a timestamp. */
static inline int32_t qn_moment_at(const qn_operand *moments, int64_t row, qn_clock *clock,
                                   int64_t *of_day) {
    int64_t i = qn_at(moments, row);
    if (moments->column->type == QN_TIMESTAMP)
        return qn_clock_split(clock, moments->column->i64[i], of_day);
    *of_day = 0;
    return moments->column->i32[i];
}

#endif
