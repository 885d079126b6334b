#include "core/time/date.h"

#include "core/time/civil.h"
#include "core/time/clock.h"
#include "core/time/scan.h"

#include <stdio.h>
#include <string.h>

int32_t qn_days_from_civil(int32_t year, int32_t month, int32_t day) {
    return qn_join_days(year, month, day);
}

void qn_civil_from_days(int32_t days, int32_t *year, int32_t *month, int32_t *day) {
    qn_split_days(days, year, month, day);
}

int32_t qn_days_in_month(int32_t year, int32_t month) {
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

bool qn_date_is_valid(int32_t year, int32_t month, int32_t day) {
    return month >= 1 && month <= 12 && day >= 1 && day <= qn_days_in_month(year, month);
}

int32_t qn_days_of_timestamp(int64_t nanoseconds, int64_t *nanoseconds_of_day) {
    int64_t days = nanoseconds / QN_NANOS_A_DAY;
    int64_t rest = nanoseconds % QN_NANOS_A_DAY;
    if (rest < 0) {
        rest += QN_NANOS_A_DAY;
        days--;
    }
    *nanoseconds_of_day = rest;
    return (int32_t)days;
}

bool qn_timestamp_of_days(int64_t days, int64_t nanoseconds_of_day, int64_t *out) {
    /* Counted from the day's end before 1970, so that the product stays in range down to the
     * first timestamp. */
    int64_t value, rest = nanoseconds_of_day;
    if (days < 0) {
        days++;
        rest -= QN_NANOS_A_DAY;
    }
    if (__builtin_mul_overflow(days, QN_NANOS_A_DAY, &value) ||
        __builtin_add_overflow(value, rest, &value))
        return false;
    *out = value;
    return true;
}

/* Eight digits in a word, as the values of the four pairs: the first pair lowest, 16 bits each.
 * False if there is another character. */
static inline bool pair_digits(uint64_t word, uint64_t *pairs) {
    uint64_t high = word & UINT64_C(0xf0f0f0f0f0f0f0f0);
    uint64_t carried = (word + UINT64_C(0x0606060606060606)) & UINT64_C(0xf0f0f0f0f0f0f0f0);
    word -= UINT64_C(0x3030303030303030);
    *pairs = (word * 10 + (word >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    return (high | carried >> 4) == UINT64_C(0x3333333333333333);
}

static inline uint64_t load(const char *at, size_t bytes) {
    uint64_t word = 0;
    memcpy(&word, at, bytes);
    return word;
}

static inline bool take_date(cursor *c, int32_t *days) {
    const char *at = c->at;
    uint64_t pairs;
    if (c->end - at < 10 || at[4] != '-' || at[7] != '-' ||
        !pair_digits(load(at, 4) | load(at + 5, 2) << 32 | load(at + 8, 2) << 48, &pairs))
        return false;
    int32_t year = (int32_t)(pairs & 0xff) * 100 + (int32_t)(pairs >> 16 & 0xff);
    int32_t month = (int32_t)(pairs >> 32 & 0xff), day = (int32_t)(pairs >> 48);
    if (!qn_date_is_valid(year, month, day))
        return false;
    *days = qn_days_from_civil(year, month, day);
    c->at = at + 10;
    return true;
}

/* HH:mm[:ss[.fraction]] */
static inline bool take_time(cursor *c, int64_t *nanoseconds) {
    const char *at = c->at;
    if (c->end - at < 5 || at[2] != ':')
        return false;
    bool seconds = c->end - at >= 8 && at[5] == ':';
    uint64_t pairs, word = load(at, 2) | load(at + 3, 2) << 16;
    word |= load(seconds ? at + 6 : "00", 2) << 32 | load("00", 2) << 48;
    if (!pair_digits(word, &pairs))
        return false;
    int32_t hour = (int32_t)(pairs & 0xff), minute = (int32_t)(pairs >> 16 & 0xff);
    int32_t second = (int32_t)(pairs >> 32 & 0xff), fraction = 0;
    c->at = at + (seconds ? 8 : 5);
    if (seconds && take_char(c, '.') && !take_fraction(c, 9, &fraction))
        return false;
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *nanoseconds = (hour * 3600 + minute * 60 + second) * QN_NANOS_A_SECOND + fraction;
    return true;
}

bool qn_parse_date(qn_view text, int32_t *out) {
    cursor c = {text.data, text.data + text.length};
    int32_t days;
    if (text.length != 10 || !take_date(&c, &days))
        return false;
    *out = days;
    return true;
}

bool qn_parse_timestamp(qn_view text, int64_t *out) {
    cursor c = {text.data, text.data + text.length};
    int32_t days, zone = 0;
    int64_t time = 0;
    if (!take_date(&c, &days))
        return false;
    if (c.at < c.end) {
        if (!take_char(&c, 'T') && !take_char(&c, ' '))
            return false;
        if (!take_time(&c, &time) || (c.at < c.end && !take_zone(&c, &zone)) || c.at < c.end)
            return false;
    }
    return qn_timestamp_of_days(days, time - zone * QN_NANOS_A_SECOND, out);
}

int qn_print_date(int32_t days, char *out) {
    int32_t year, month, day;
    qn_civil_from_days(days, &year, &month, &day);
    if (year < 0 || year > 9999)
        return snprintf(out, 40, "%+05d-%02d-%02d", year, month, day);
    out[0] = (char)('0' + year / 1000);
    out[1] = (char)('0' + year / 100 % 10);
    out[2] = (char)('0' + year / 10 % 10);
    out[3] = (char)('0' + year % 10);
    out[4] = '-';
    out[5] = (char)('0' + month / 10);
    out[6] = (char)('0' + month % 10);
    out[7] = '-';
    out[8] = (char)('0' + day / 10);
    out[9] = (char)('0' + day % 10);
    out[10] = '\0';
    return 10;
}

int qn_print_timestamp(int64_t nanoseconds, char *out) {
    qn_clock utc = qn_clock_of(NULL);
    return qn_clock_print(&utc, nanoseconds, out);
}
