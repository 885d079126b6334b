/* Civil dates and times (proleptic Gregorian calendar, UTC). */
#ifndef QUERN_CORE_TIME_DATE_H
#define QUERN_CORE_TIME_DATE_H

#include "core/text/text.h"

#define QN_NANOS_A_SECOND INT64_C(1000000000)
#define QN_NANOS_A_DAY    (INT64_C(86400) * QN_NANOS_A_SECOND)

/* Howard Hinnant, "chrono-compatible low-level date algorithms". */
int32_t qn_days_from_civil(int32_t year, int32_t month, int32_t day);
void qn_civil_from_days(int32_t days, int32_t *year, int32_t *month, int32_t *day);
bool qn_date_is_valid(int32_t year, int32_t month, int32_t day);
int32_t qn_days_in_month(int32_t year, int32_t month);

/* Splits a time into its day (rounded down) and the nanoseconds since that midnight. */
int32_t qn_days_of_timestamp(int64_t nanoseconds, int64_t *nanoseconds_of_day);

/* False if the time does not fit 64 bits of nanoseconds (1677-09-21 to 2262-04-11). */
bool qn_timestamp_of_days(int64_t days, int64_t nanoseconds_of_day, int64_t *out);

/* Local. ISO 8601 text to days or nanoseconds since 1970; false if the text is anything else.
 * Timestamps: yyyy-MM-dd[( |T)HH:mm[:ss[.fraction up to 9]][Z|(+|-)HH[[:]mm]]]. */
bool qn_parse_date(qn_view text, int32_t *out);
bool qn_parse_timestamp(qn_view text, int64_t *out);

/* A compiled pattern of letters as in Spark: yyyy yy MMMM MMM MM M dd d HH H hh h mm m ss s S..S
 * (parses one to that many digits) a X XX XXX x xx xxx Z 'quoted' and literal punctuation. Names
 * of months and am/pm are English, any case when parsed. Parts that a pattern lacks are those of
 * 1970-01-01 00:00:00 UTC; hours without am/pm are morning hours; yy is 2000 to 2099. */
typedef struct qn_time_format qn_time_format;
QN_CHECKED qn_status qn_time_format_new(qn_time_format **out, const char *pattern); /* JOB error */
void qn_time_format_free(qn_time_format *format);
bool qn_time_format_parse(const qn_time_format *format, qn_view text, int64_t *nanoseconds);
bool qn_time_format_parse_date(const qn_time_format *format, qn_view text, int32_t *days);
QN_CHECKED qn_status qn_time_format_print(const qn_time_format *format, int64_t nanoseconds,
                                          qn_text *out);

/* Local. ISO text: "2024-01-31", "2024-01-31 12:00:00[.123]". Returns the length; 40 bytes. */
int qn_print_date(int32_t days, char *out);
int qn_print_timestamp(int64_t nanoseconds, char *out);

#endif
