/* Timestamps as the clocks of a zone show them. */
#ifndef QUERN_CORE_TIME_CLOCK_H
#define QUERN_CORE_TIME_CLOCK_H

#include "core/time/date.h"
#include "core/time/zone.h"

/* A zone (NULL: UTC) and what was last asked of it: one for a loop over rows. */
typedef struct qn_clock {
    const qn_zone *zone;
    qn_zone_span span;
} qn_clock;

static inline qn_clock qn_clock_of(const qn_zone *zone) {
    return (qn_clock){.zone = zone};
}

static inline int32_t qn_clock_offset(qn_clock *clock, int64_t time) {
    int64_t seconds = time / QN_NANOS_A_SECOND - (time % QN_NANOS_A_SECOND < 0);
    return clock->zone == NULL ? 0 : qn_zone_offset(clock->zone, seconds, &clock->span);
}

/* The local day (since 1970) of a time, and the nanoseconds on the clock since midnight. */
static inline int32_t qn_clock_split(qn_clock *clock, int64_t time, int64_t *of_day) {
    int32_t day = qn_days_of_timestamp(time, of_day);
    if (clock->zone == NULL)
        return day;
    *of_day += qn_clock_offset(clock, time) * QN_NANOS_A_SECOND;
    if (*of_day < 0) {
        *of_day += QN_NANOS_A_DAY;
        return day - 1;
    }
    if (*of_day < QN_NANOS_A_DAY)
        return day;
    *of_day -= QN_NANOS_A_DAY;
    return day + 1;
}

/* The time of a local day and clock; skipped and repeated ones by zone.h's rule, of repeated ones
 * that of offset `preferred` (INT32_MIN: none). False if it does not fit 64 bits. */
bool qn_clock_join(qn_clock *clock, int64_t day, int64_t of_day, int32_t preferred, int64_t *out);

/* The time at which a local day starts. */
bool qn_clock_day_start(qn_clock *clock, int64_t day, int64_t *out);

/* Local. ISO text of the local time: "2024-01-31 12:00:00[.123]". Returns the length; 40 bytes. */
int qn_clock_print(qn_clock *clock, int64_t time, char *out);

#endif
