/* Writing times by a pattern. */
#include "core/time/format_private.h"
#include "core/time/scan.h"

#include <stdlib.h>
#include <string.h>

/* A time taken apart. */
typedef struct parts {
    int32_t days, year, month, day, hour, minute, second, nanosecond, offset;
    const char *zone, *abbreviation;
} parts;

static int32_t day_of_year(const parts *p) {
    return p->days - qn_days_from_civil(p->year, 1, 1) + 1;
}

/* Monday is 0. */
static int32_t weekday(int32_t days) {
    int32_t rest = (int32_t)(((int64_t)days + 3) % 7);
    return rest < 0 ? rest + 7 : rest;
}

/* ISO 8601: a week belongs to the year of its Thursday. */
static int32_t week_of_year(const parts *p) {
    int32_t thursday = p->days - weekday(p->days) + 3, year, month, day;
    qn_civil_from_days(thursday, &year, &month, &day);
    return (thursday - qn_days_from_civil(year, 1, 1)) / 7 + 1;
}

/* What follows writes at `out` and returns the end; no part needs more than ITEM_SIZE bytes. */
enum { ITEM_SIZE = 136 };

static char *put_text(char *out, const char *text, size_t length) {
    memcpy(out, text, length);
    return out + length;
}

/* +hh, +hhmm or +hh:mm; `minutes` false leaves them out where they are zero. */
static char *put_offset(char *out, int32_t offset, bool minutes, const char *colon) {
    int32_t size = abs(offset), hour = size / 3600, minute = size / 60 % 60;
    *out++ = offset < 0 ? '-' : '+';
    out = put_two(out, hour);
    if (minutes || minute != 0)
        out = put_two(put_text(out, colon, strlen(colon)), minute);
    return out;
}

/* GMT, GMT+1, GMT+5:30; in full GMT+01:00 */
static char *put_greenwich(char *out, int32_t offset, bool full) {
    int32_t size = abs(offset), hour = size / 3600, minute = size / 60 % 60;
    out = put_text(out, "GMT", 3);
    if (offset == 0)
        return out;
    if (full)
        return put_offset(out, offset, true, ":");
    *out++ = offset < 0 ? '-' : '+';
    out = put_digits(out, (uint32_t)hour, 1);
    return minute == 0 ? out : put_two(put_text(out, ":", 1), minute);
}

static char *put_zone(char *out, const qn_time_item *item, const parts *p) {
    bool iso = item->letter == 'X' || (item->letter == 'Z' && item->count == 5);
    if (iso && p->offset == 0)
        return put_text(out, "Z", 1);
    if (item->letter == 'O' || (item->letter == 'Z' && item->count == 4))
        return put_greenwich(out, p->offset, item->count == 4);
    if (item->letter == 'Z')
        return put_offset(out, p->offset, true, item->count == 5 ? ":" : "");
    return put_offset(out, p->offset, item->count > 1, item->count == 3 ? ":" : "");
}

static char *put_quarter(char *out, int count, int32_t quarter) {
    static const char *const ordinals[] = {"1st quarter", "2nd quarter", "3rd quarter",
                                           "4th quarter"};
    if (count == 4)
        return put_text(out, ordinals[quarter - 1], 11);
    if (count == 3)
        *out++ = 'Q';
    return put_digits(out, (uint32_t)quarter, count == 2 ? 2 : 1);
}

/* The number that a letter stands for; -1 for those that are no numbers. */
static int32_t number_of(const qn_time_item *item, const parts *p) {
    static const int32_t scale[10] = {1000000000, 100000000, 10000000, 1000000, 100000,
                                      10000,      1000,      100,      10,      1};
    switch (item->letter) {
    case 'y':
        return item->count == 2 ? abs(p->year % 100) : p->year;
    case 'M':
        return item->count > 2 ? -1 : p->month;
    case 'd':
        return p->day;
    case 'D':
        return day_of_year(p);
    case 'w':
        return week_of_year(p);
    case 'H':
        return p->hour;
    case 'K':
        return p->hour % 12;
    case 'h':
        return (p->hour + 11) % 12 + 1;
    case 'k':
        return (p->hour + 23) % 24 + 1;
    case 'm':
        return p->minute;
    case 's':
        return p->second;
    case 'S':
        return p->nanosecond / scale[item->count];
    default:
        return -1;
    }
}

static char *put_name(char *out, const char *name, bool full) {
    return put_text(out, name, full ? strlen(name) : 3);
}

static char *put_item(char *out, const qn_time_item *item, const parts *p) {
    int32_t number = number_of(item, p);
    if (number >= 0)
        return put_digits(out, (uint32_t)number, item->count);
    switch (item->letter) {
    case 0:
        *out = item->literal;
        return out + 1;
    case 'M':
        return put_name(out, qn_month_names[p->month - 1], item->count == 4);
    case 'E':
        return put_name(out, qn_weekday_names[weekday(p->days)], item->count == 4);
    case 'Q':
        return put_quarter(out, item->count, (p->month + 2) / 3);
    case 'a':
        return put_text(out, p->hour < 12 ? "AM" : "PM", 2);
    case 'G':
        return put_text(out, "AD", 2);
    case 'z':
        return put_text(out, p->abbreviation, strlen(p->abbreviation));
    case 'V':
        return put_text(out, p->zone, strlen(p->zone));
    case '[':
    case ']':
        return out;
    default:
        return put_zone(out, item, p);
    }
}

static void take_apart(int64_t nanoseconds, qn_clock *clock, parts *p) {
    int64_t time;
    p->days = qn_clock_split(clock, nanoseconds, &time);
    int32_t seconds = (int32_t)(time / QN_NANOS_A_SECOND);
    qn_civil_from_days(p->days, &p->year, &p->month, &p->day);
    p->hour = seconds / 3600;
    p->minute = seconds / 60 % 60;
    p->second = seconds % 60;
    p->nanosecond = (int32_t)(time % QN_NANOS_A_SECOND);
    p->offset = clock->zone == NULL ? 0 : clock->span.offset;
    p->zone = qn_zone_name(clock->zone);
    p->abbreviation = clock->zone == NULL ? "UTC" : clock->span.abbreviation;
}

qn_status qn_time_format_print_in(const qn_time_format *format, int64_t nanoseconds,
                                  qn_clock *clock, qn_text *out) {
    parts p;
    take_apart(nanoseconds, clock, &p);
    QN_TRY(qn_text_reserve(out, (int64_t)format->count * ITEM_SIZE));
    char *end = out->data + out->length;
    for (int32_t i = 0; i < format->count; i++)
        end = put_item(end, &format->items[i], &p);
    *end = '\0';
    out->length = end - out->data;
    return QN_OK;
}

qn_status qn_time_format_print(const qn_time_format *format, int64_t nanoseconds, qn_text *out) {
    qn_clock utc = qn_clock_of(NULL);
    return qn_time_format_print_in(format, nanoseconds, &utc, out);
}
