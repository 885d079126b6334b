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

typedef struct qn_time_format qn_time_format; /* core/time/format.h */

/* Local. ISO text: "2024-01-31", "2024-01-31 12:00:00[.123]". Returns the length; 40 bytes. */
int qn_print_date(int32_t days, char *out);
int qn_print_timestamp(int64_t nanoseconds, char *out);

#endif
