/* Lengths of time as SQL writes them: months, days and nanoseconds stay apart, because months and
 * days are of no fixed length. */
#ifndef QUERN_CORE_TIME_INTERVAL_H
#define QUERN_CORE_TIME_INTERVAL_H

#include "core/text/text.h"

typedef struct qn_interval {
    int32_t months, days;
    int64_t nanoseconds;
} qn_interval;

/* What a number without a unit counts: INTERVAL '7' DAY. */
typedef enum qn_interval_field {
    QN_INTERVAL_NONE, /* such a number is refused */
    QN_INTERVAL_YEAR,
    QN_INTERVAL_MONTH,
    QN_INTERVAL_DAY,
    QN_INTERVAL_HOUR,
    QN_INTERVAL_MINUTE,
    QN_INTERVAL_SECOND
} qn_interval_field;

/* Local. "7 days", "1 month 2 hours", "1 day 04:05:06.5", "1-6" (years and months), "P1DT2H" (ISO
 * 8601), each part with a sign of its own, "ago" at the end turning all. `last` is the smallest
 * field stated outside the text. False for anything else and what does not fit. */
bool qn_parse_interval(qn_view text, qn_interval_field last, qn_interval *out);

/* Local. False if it does not fit. */
bool qn_interval_negate(qn_interval *interval);

/* Local. "1 month 2 days 00:00:03.5", which reads back; "0 days". Returns the length; 80 bytes. */
int qn_print_interval(const qn_interval *interval, char *out);

#endif
