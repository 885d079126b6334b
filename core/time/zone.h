/* Time zones: what clocks showed, from the system's tz database (TZif files, RFC 8536), read from
 * $TZDIR or /usr/share/zoneinfo.
 *
 * A local time that clocks skipped is moved forward by the gap; of two times that clocks showed
 * twice the earlier one is meant: the rule of java.time and of Spark, "the offset before the
 * transition". */
#ifndef QUERN_CORE_TIME_ZONE_H
#define QUERN_CORE_TIME_ZONE_H

#include "core/text/text.h"

typedef struct qn_zone qn_zone;

/* Local. By IANA name ("Europe/Berlin") or offset: Z, UTC, GMT, +h, +hh[[:]mm[[:]ss]], the same
 * behind UTC, GMT or UT; at most 18 hours. *out is NULL for UTC itself, else shared, for
 * qn_zone_release. JOB error with the nearest name for an unknown one. Reads one small file. */
QN_CHECKED qn_status qn_zone_open(qn_zone **out, const char *name);
qn_zone *qn_zone_retain(qn_zone *zone); /* NULL is fine */
void qn_zone_release(qn_zone *zone);    /* NULL is fine */

/* Local. The same from a file's bytes; `name` is kept for qn_zone_name. */
QN_CHECKED qn_status qn_zone_read(qn_zone **out, const char *name, const void *bytes, size_t size);

const char *qn_zone_name(const qn_zone *zone); /* "UTC" for NULL */

/* A time during which clocks kept one offset: [from, until) in seconds since 1970, UTC. */
typedef struct qn_zone_span {
    int64_t from, until;
    int32_t offset;           /* seconds east of Greenwich */
    const char *abbreviation; /* "CET", borrowed of the zone */
} qn_zone_span;

qn_zone_span qn_zone_span_at(const qn_zone *zone, int64_t seconds);

/* Offset at a time. `span` remembers the last answer: start with zeros. */
static inline int32_t qn_zone_offset(const qn_zone *zone, int64_t seconds, qn_zone_span *span) {
    if (seconds < span->from || seconds >= span->until)
        *span = qn_zone_span_at(zone, seconds);
    return span->offset;
}

/* UTC seconds of a local time. `preferred`: the offset to take if clocks showed the time twice
 * (INT32_MIN: the earlier time). */
int64_t qn_zone_to_utc(const qn_zone *zone, int64_t local, int32_t preferred, qn_zone_span *span);

/* UTC seconds at which a local day (since 1970) starts: 0:00, or the first time past a gap. */
int64_t qn_zone_day_start(const qn_zone *zone, int64_t day, qn_zone_span *span);

/* Local. "+hh[[:]mm[[:]ss]]", "Z" and so on; false if it is none or past 18 hours. */
bool qn_parse_offset(qn_view text, int32_t *seconds);

#endif
