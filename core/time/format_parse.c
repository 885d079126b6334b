/* Reading text by a pattern. */
#include "core/time/format_private.h"
#include "core/time/scan.h"

#include <string.h>
#include <strings.h>

/* What parsing has found so far. */
typedef struct fields {
    int32_t year, month, day, day_of_year, weekday; /* -1: not said */
    int32_t hour, minute, second, nanosecond, offset;
    bool half_day, zoned; /* the hour counts from 12, 1 .. 11; the text has an offset */
    int32_t noon;         /* 12 for pm */
} fields;

static bool take_year(cursor *c, const qn_time_item *item, int32_t *year) {
    int count = item->count, digits = 0;
    while (digits < c->end - c->at && is_digit(c->at[digits]))
        digits++;
    int most = count == 2 || count == 4 ? count : digits - item->reserved;
    if (!take_digits(c, count, most > 9 ? 9 : most < count ? count : most, year))
        return false;
    if (count == 2)
        *year += 2000;
    return true;
}

/* One of `names`, in full or the first three letters; from 1. */
static bool take_name(cursor *c, const char *const *names, int32_t many, bool full, int32_t *out) {
    for (int32_t i = 0; i < many; i++) {
        int64_t length = full ? (int64_t)strlen(names[i]) : 3;
        if (c->end - c->at >= length && strncasecmp(c->at, names[i], (size_t)length) == 0) {
            c->at += length;
            *out = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_noon(cursor *c, int32_t *noon) {
    if (c->end - c->at < 2 || (c->at[1] | 32) != 'm')
        return false;
    char half = (char)(c->at[0] | 32);
    c->at += 2;
    *noon = half == 'p' ? 12 : 0;
    return half == 'a' || half == 'p';
}

/* The hour by one of its four ways to count. */
static bool take_hour(cursor *c, const qn_time_item *item, fields *f) {
    static const int8_t first[] = {
        ['H' - 'H'] = 0, ['K' - 'H'] = 0, ['h' - 'H'] = 1, ['k' - 'H'] = 1};
    bool half = item->letter == 'h' || item->letter == 'K';
    int32_t least = first[item->letter - 'H'], count = half ? 12 : 24;
    if (!take_digits(c, item->count, 2, &f->hour) || f->hour < least || f->hour >= count + least)
        return false;
    f->hour %= count;
    f->half_day = half;
    return true;
}

/* Offsets by X x Z O; GMT may stand in front of those that print it. */
static bool take_offset(cursor *c, const qn_time_item *item, fields *f) {
    bool greenwich = item->letter == 'O' || (item->letter == 'Z' && item->count == 4);
    f->zoned = true;
    f->offset = 0;
    if (greenwich) {
        if (c->end - c->at < 3 || strncasecmp(c->at, "GMT", 3) != 0)
            return false;
        c->at += 3;
        if (c->at == c->end || (*c->at != '+' && *c->at != '-'))
            return true;
        if (c->end - c->at >= 2 && is_digit(c->at[1]) &&
            (c->end - c->at == 2 || !is_digit(c->at[2]))) { /* GMT+8 */
            f->offset = (*c->at == '-' ? -3600 : 3600) * (c->at[1] - '0');
            c->at += 2;
            return true;
        }
    }
    return take_zone(c, &f->offset);
}

static bool take_item(cursor *c, const qn_time_item *item, fields *f) {
    int least = item->count;
    switch (item->letter) {
    case 0:
        return take_char(c, item->literal);
    case 'y':
        return take_year(c, item, &f->year);
    case 'M':
        return least > 2 ? take_name(c, qn_month_names, 12, least == 4, &f->month)
                         : take_digits(c, least, 2, &f->month);
    case 'd':
        return take_digits(c, least, 2, &f->day);
    case 'D':
        return take_digits(c, least, 3, &f->day_of_year) && f->day_of_year > 0;
    case 'E':
        return take_name(c, qn_weekday_names, 7, least == 4, &f->weekday);
    case 'm':
        return take_digits(c, least, 2, &f->minute);
    case 's':
        return take_digits(c, least, 2, &f->second);
    case 'S':
        return take_fraction(c, item->count, &f->nanosecond);
    case 'a':
        return take_noon(c, &f->noon);
    default:
        return qn_is_zone_letter(item->letter) ? take_offset(c, item, f) : take_hour(c, item, f);
    }
}

/* An optional section that does not fit is passed over. */
static bool take_items(const qn_time_format *format, cursor *c, fields *f) {
    cursor saved = *c;
    fields before = *f;
    int32_t skip = -1; /* where to go on if the section does not fit */
    for (int32_t i = 0; i < format->count; i++) {
        const qn_time_item *item = &format->items[i];
        if (item->letter == '[') {
            saved = *c;
            before = *f;
            skip = item->jump;
        } else if (item->letter == ']') {
            skip = -1;
        } else if (!take_item(c, item, f)) {
            if (skip < 0)
                return false;
            *c = saved;
            *f = before;
            i = skip;
            skip = -1;
        }
    }
    return c->at == c->end;
}

static bool find_days(const fields *f, int32_t *days) {
    int32_t january = qn_days_from_civil(f->year, 1, 1);
    int32_t month = f->month < 0 ? 1 : f->month, day = f->day < 0 ? 1 : f->day;
    if (!qn_date_is_valid(f->year, month, day))
        return false;
    *days = qn_days_from_civil(f->year, month, day);
    if (f->day_of_year > 0 && f->month < 0 && f->day < 0)
        *days = january + f->day_of_year - 1;
    if (f->day_of_year > 0 && (*days - january + 1 != f->day_of_year ||
                               f->day_of_year > 365 + (qn_days_in_month(f->year, 2) == 29)))
        return false;
    return f->weekday < 0 || (*days + 3 - (f->weekday - 1)) % 7 == 0;
}

/* Days, nanoseconds since that midnight, and the offset if the text has one. */
static bool parse_fields(const qn_time_format *format, qn_view text, int32_t *days, int64_t *time,
                         fields *f) {
    cursor c = {text.data, text.data + text.length};
    *f = (fields){.year = 1970, .month = -1, .day = -1, .day_of_year = -1, .weekday = -1};
    if (!take_items(format, &c, f) || !find_days(f, days))
        return false;
    if (f->half_day)
        f->hour += f->noon;
    if (f->minute > 59 || f->second > 59)
        return false;
    *time = (f->hour * 3600 + f->minute * 60 + f->second) * QN_NANOS_A_SECOND + f->nanosecond;
    return true;
}

bool qn_time_format_parse_in(const qn_time_format *format, qn_view text, qn_clock *clock,
                             int64_t *nanoseconds) {
    fields f;
    int32_t days;
    int64_t time;
    if (!parse_fields(format, text, &days, &time, &f))
        return false;
    if (f.zoned)
        return qn_timestamp_of_days(days, time - f.offset * QN_NANOS_A_SECOND, nanoseconds);
    return qn_clock_join(clock, days, time, INT32_MIN, nanoseconds);
}

bool qn_time_format_parse(const qn_time_format *format, qn_view text, int64_t *nanoseconds) {
    qn_clock utc = qn_clock_of(NULL);
    return qn_time_format_parse_in(format, text, &utc, nanoseconds);
}

bool qn_time_format_parse_date(const qn_time_format *format, qn_view text, int32_t *days) {
    fields f;
    int32_t parsed;
    int64_t time;
    if (!parse_fields(format, text, &parsed, &time, &f))
        return false;
    *days = parsed;
    return true;
}
