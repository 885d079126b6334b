/* Writing times by a pattern. */
#include "core/time/format_private.h"

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

/* +hh, +hhmm or +hh:mm; `minutes` false leaves them out where they are zero. */
static qn_status print_offset(int32_t offset, bool minutes, const char *colon, qn_text *out) {
    int32_t size = abs(offset), hour = size / 3600, minute = size / 60 % 60;
    QN_TRY(qn_text_printf(out, "%c%02d", offset < 0 ? '-' : '+', hour));
    if (minutes || minute != 0)
        QN_TRY(qn_text_printf(out, "%s%02d", colon, minute));
    return QN_OK;
}

/* GMT, GMT+1, GMT+5:30; in full GMT+01:00 */
static qn_status print_greenwich(int32_t offset, bool full, qn_text *out) {
    int32_t size = abs(offset), hour = size / 3600, minute = size / 60 % 60;
    QN_TRY(qn_text_add(out, "GMT", 3));
    if (offset == 0)
        return QN_OK;
    if (full)
        return print_offset(offset, true, ":", out);
    QN_TRY(qn_text_printf(out, "%c%d", offset < 0 ? '-' : '+', hour));
    return minute == 0 ? QN_OK : qn_text_printf(out, ":%02d", minute);
}

static qn_status print_zone(const qn_time_item *item, const parts *p, qn_text *out) {
    bool iso = item->letter == 'X' || (item->letter == 'Z' && item->count == 5);
    if (iso && p->offset == 0)
        return qn_text_add_char(out, 'Z');
    if (item->letter == 'O' || (item->letter == 'Z' && item->count == 4))
        return print_greenwich(p->offset, item->count == 4, out);
    if (item->letter == 'Z')
        return print_offset(p->offset, true, item->count == 5 ? ":" : "", out);
    return print_offset(p->offset, item->count > 1, item->count == 3 ? ":" : "", out);
}

static qn_status print_quarter(int count, int32_t quarter, qn_text *out) {
    static const char *const ordinals[] = {"1st", "2nd", "3rd", "4th"};
    if (count == 4)
        return qn_text_printf(out, "%s quarter", ordinals[quarter - 1]);
    return qn_text_printf(out, count == 3 ? "Q%0*d" : "%0*d", count == 3 ? 1 : count, quarter);
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

static qn_status print_name(const char *name, bool full, qn_text *out) {
    return qn_text_add(out, name, full ? (int64_t)strlen(name) : 3);
}

static qn_status print_item(const qn_time_item *item, const parts *p, qn_text *out) {
    int32_t number = number_of(item, p);
    if (number >= 0)
        return qn_text_printf(out, "%0*d", item->count, number);
    switch (item->letter) {
    case 0:
        return qn_text_add_char(out, item->literal);
    case 'M':
        return print_name(qn_month_names[p->month - 1], item->count == 4, out);
    case 'E':
        return print_name(qn_weekday_names[weekday(p->days)], item->count == 4, out);
    case 'Q':
        return print_quarter(item->count, (p->month + 2) / 3, out);
    case 'a':
        return qn_text_add(out, p->hour < 12 ? "AM" : "PM", 2);
    case 'G':
        return qn_text_add(out, "AD", 2);
    case 'z':
        return qn_text_printf(out, "%s", p->abbreviation);
    case 'V':
        return qn_text_printf(out, "%s", p->zone);
    case '[':
    case ']':
        return QN_OK;
    default:
        return print_zone(item, p, out);
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
    int64_t before = out->length;
    take_apart(nanoseconds, clock, &p);
    for (int32_t i = 0; i < format->count; i++) {
        qn_status status = print_item(&format->items[i], &p, out);
        if (status != QN_OK) {
            qn_text_truncate(out, before);
            return status;
        }
    }
    return QN_OK;
}

qn_status qn_time_format_print(const qn_time_format *format, int64_t nanoseconds, qn_text *out) {
    qn_clock utc = qn_clock_of(NULL);
    return qn_time_format_print_in(format, nanoseconds, &utc, out);
}
