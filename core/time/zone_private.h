/* Inside of time zones. Private to core/time. */
#ifndef QUERN_CORE_TIME_ZONE_PRIVATE_H
#define QUERN_CORE_TIME_ZONE_PRIVATE_H

#include "core/time/zone.h"

enum { QN_ZONE_WORD = 16 }; /* bytes of an abbreviation with its NUL */

/* Seconds since 1970 that 64 bits of nanoseconds reach, and how they are cut: 2^21 seconds are 24
 * days, in which clocks hardly ever change twice. */
enum { QN_ZONE_STEP_BITS = 21 };
#define QN_ZONE_REACH INT64_C(9223372037)

/* One offset that clocks of a zone kept at some time. */
typedef struct qn_zone_kind {
    int32_t offset;
    char abbreviation[QN_ZONE_WORD];
} qn_zone_kind;

/* A day of the year on which clocks change, and the time on it. */
typedef struct qn_zone_change {
    char form; /* 'J': days 1 to 365 without leap days, 'D': days from 0, 'M': month.week.day */
    int32_t month, week, day;
    int32_t time; /* seconds, of the local time before the change; may be negative or past a day */
} qn_zone_change;

/* What holds after the last listed transition. */
typedef struct qn_zone_rule {
    bool present, changes; /* changes: clocks change twice a year */
    qn_zone_kind standard, summer;
    qn_zone_change start, end;
} qn_zone_rule;

struct qn_zone {
    int64_t references;
    char *name;
    int64_t count; /* transitions */
    int64_t *at;   /* UTC seconds */
    uint8_t *kind; /* count + 1: before, between and after them */
    qn_zone_kind *kinds;
    qn_zone_rule rule;
    /* All of the above as spans, for the times that nanoseconds reach; NULL: not made. `first` is
     * the span in which each QN_ZONE_STEP seconds begin. */
    int64_t span_count;
    qn_zone_span *spans;
    uint16_t *first;
};

/* "CET-1CEST,M3.5.0,M10.5.0/3"; false if it is no such text. */
bool qn_zone_parse_rule(const char *text, qn_zone_rule *out);
qn_zone_span qn_zone_rule_span(const qn_zone_rule *rule, int64_t seconds);

#endif
