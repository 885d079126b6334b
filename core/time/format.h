/* Times from text and to text by a pattern of letters, as in Spark 3 and
 * java.time.format.DateTimeFormatter:
 *
 *   y u year (yy: 2000 to 2099)   M L month (MMM Jan, MMMM January)   d day   D day of the year
 *   E weekday (EEEE in full)      Q q quarter (QQQ Q1, QQQQ 1st quarter)
 *   w week of the year (ISO 8601) G era
 *   H 0-23   h 1-12   K 0-11   k 1-24   a AM or PM   m minute   s second
 *   S to SSSSSSSSS fraction (parses one to that many digits)
 *   X XX XXX (Z for zero) x xx xxx Z ZZZZ ZZZZZ O OOOO offset   z abbreviation   VV zone name
 *   'quoted text', punctuation, [optional section]
 *
 * Names are English, any case when parsed. Q q w G z and V are for printing only. Parts that a
 * pattern lacks are those of 1970-01-01 00:00:00; hours without am or pm are morning hours. */
#ifndef QUERN_CORE_TIME_FORMAT_H
#define QUERN_CORE_TIME_FORMAT_H

#include "core/time/clock.h"

extern const char *const qn_month_names[12];
extern const char *const qn_weekday_names[7]; /* from Monday */

QN_CHECKED qn_status qn_time_format_new(qn_time_format **out, const char *pattern); /* JOB error */
void qn_time_format_free(qn_time_format *format);

/* A letter of the pattern that can only be printed; 0: none. */
char qn_time_format_print_only(const qn_time_format *format);

/* In a zone: of texts without an offset of their own, and of what is printed. */
bool qn_time_format_parse_in(const qn_time_format *format, qn_view text, qn_clock *clock,
                             int64_t *nanoseconds);
QN_CHECKED qn_status qn_time_format_print_in(const qn_time_format *format, int64_t nanoseconds,
                                             qn_clock *clock, qn_text *out);

/* In UTC. */
bool qn_time_format_parse(const qn_time_format *format, qn_view text, int64_t *nanoseconds);
bool qn_time_format_parse_date(const qn_time_format *format, qn_view text, int32_t *days);
QN_CHECKED qn_status qn_time_format_print(const qn_time_format *format, int64_t nanoseconds,
                                          qn_text *out);

#endif
