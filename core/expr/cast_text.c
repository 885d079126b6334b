#include "core/expr/cast.h"

#include "core/text/number.h"
#include "core/time/date.h"

#include <math.h>
#include <string.h>

static qn_view trimmed(qn_view text) {
    while (text.length > 0 && (unsigned char)text.data[0] <= ' ') {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && (unsigned char)text.data[text.length - 1] <= ' ')
        text.length--;
    return text;
}

static bool is_word(qn_view text, const char *word) {
    return (int64_t)strlen(word) == text.length &&
           strncasecmp(text.data, word, (size_t)text.length) == 0;
}

static bool is_one_of(qn_view text, const char *const *words) {
    for (; *words != NULL; words++)
        if (is_word(text, *words))
            return true;
    return false;
}

bool qn_cast_text_bool(qn_view text, bool *out) {
    static const char *const yes[] = {"t", "true", "y", "yes", "1", NULL};
    static const char *const no[] = {"f", "false", "n", "no", "0", NULL};
    text = trimmed(text);
    *out = is_one_of(text, yes);
    return *out || is_one_of(text, no);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool qn_cast_text_int64(qn_view text, int64_t *out) {
    text = trimmed(text);
    const char *c = text.data, *end = c + text.length;
    bool negative = c < end && *c == '-';
    if (c < end && (*c == '-' || *c == '+'))
        c++;
    const char *start = c;
    int64_t value = 0; /* negative, so that the lowest fits */
    for (; c < end && is_digit(*c); c++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *c - '0', &value))
            return false;
    int64_t digits = c - start;
    if (c < end && *c == '.')
        for (c++; c < end && is_digit(*c); c++)
            digits++;
    if (c != end || digits == 0 || (!negative && value == INT64_MIN))
        return false;
    *out = negative ? value : -value;
    return true;
}

/* NaN and the infinities, which Java spells its own way. */
static bool read_special(qn_view text, double *out) {
    static const char *const infinities[] = {"inf", "infinity", NULL};
    if (is_word(text, "nan")) {
        *out = NAN;
        return true;
    }
    bool negative = text.length > 0 && *text.data == '-';
    if (negative || (text.length > 0 && *text.data == '+')) {
        text.data++;
        text.length--;
    }
    if (text.length == 3 && memcmp(text.data, "NaN", 3) == 0) { /* Java reads signs here */
        *out = NAN;
        return true;
    }
    *out = negative ? -INFINITY : INFINITY;
    return is_one_of(text, infinities);
}

/* Takes off the type letter that Java allows; false if no number can follow. */
static bool cut_suffix(qn_view *text) {
    if (text->length > 1 && memchr("dDfF", text->data[text->length - 1], 4) != NULL)
        text->length--;
    char last = text->length > 0 ? text->data[text->length - 1] : ' ';
    return is_digit(last) || last == '.';
}

bool qn_cast_text_real(qn_view text, double *out) {
    text = trimmed(text);
    return read_special(text, out) || (cut_suffix(&text) && qn_parse_real(text, out));
}

bool qn_cast_text_float(qn_view text, float *out) {
    double special;
    text = trimmed(text);
    if (!read_special(text, &special))
        return cut_suffix(&text) && qn_parse_real32(text, out);
    *out = (float)special;
    return true;
}

/* ---- Dates and times ------------------------------------------------------------------------- */

typedef struct reader {
    const char *c, *end;
} reader;

/* A run of `least` to `most` digits. */
static bool read_digits(reader *in, int least, int most, int32_t *out) {
    int count = 0;
    *out = 0;
    for (; in->c < in->end && is_digit(*in->c) && count < most; in->c++, count++)
        *out = *out * 10 + (*in->c - '0');
    return count >= least && (in->c == in->end || !is_digit(*in->c));
}

static bool read_char(reader *in, char c) {
    if (in->c == in->end || *in->c != c)
        return false;
    in->c++;
    return true;
}

/* yyyy, yyyy-[m]m or yyyy-[m]m-[d]d; `whole` tells the last. */
static bool read_date(reader *in, int32_t *days, bool *whole) {
    int32_t year, month = 1, day = 1;
    *whole = false;
    if (!read_digits(in, 4, 4, &year))
        return false;
    if (read_char(in, '-')) {
        if (!read_digits(in, 1, 2, &month))
            return false;
        *whole = read_char(in, '-');
        if (*whole && !read_digits(in, 1, 2, &day))
            return false;
    }
    if (!qn_date_is_valid(year, month, day))
        return false;
    *days = qn_days_from_civil(year, month, day);
    return true;
}

bool qn_cast_text_date(qn_view text, int32_t *out) {
    text = trimmed(text);
    reader in = {text.data, text.data + text.length};
    int32_t days;
    bool whole;
    if (!read_date(&in, &days, &whole))
        return false;
    if (in.c != in.end && (!whole || (*in.c != ' ' && *in.c != 'T')))
        return false;
    *out = days;
    return true;
}

static bool read_fraction(reader *in, int64_t *nanoseconds) {
    int64_t unit = 100000000;
    const char *start = in->c;
    for (*nanoseconds = 0; in->c < in->end && is_digit(*in->c); in->c++, unit /= 10)
        *nanoseconds += (*in->c - '0') * unit;
    return in->c > start;
}

static bool read_clock(reader *in, int64_t *nanoseconds) {
    int32_t hour, minute, second = 0;
    int64_t fraction = 0;
    if (!read_digits(in, 1, 2, &hour) || !read_char(in, ':') || !read_digits(in, 1, 2, &minute))
        return false;
    if (read_char(in, ':')) {
        if (!read_digits(in, 1, 2, &second))
            return false;
        if (read_char(in, '.') && !read_fraction(in, &fraction))
            return false;
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *nanoseconds = (hour * 3600 + minute * 60 + second) * QN_NANOS_A_SECOND + fraction;
    return true;
}

/* Z, UTC, GMT or +h[h][[:]mm[[:]ss]] behind them; nothing leaves *zoned as it is. */
static bool read_zone(reader *in, bool *zoned, int32_t *seconds) {
    static const char *const names[] = {"z", "utc", "gmt", NULL};
    while (read_char(in, ' '))
        continue;
    qn_view rest = {in->c, in->end - in->c};
    if (rest.length == 0)
        return true;
    *zoned = true;
    *seconds = 0;
    return is_one_of(rest, names) || qn_parse_offset(rest, seconds);
}

bool qn_cast_text_timestamp(qn_view text, qn_clock *clock, int64_t *out) {
    text = trimmed(text);
    reader in = {text.data, text.data + text.length};
    int32_t days, offset = 0;
    bool whole, zoned = false;
    int64_t of_day = 0;
    if (!read_date(&in, &days, &whole))
        return false;
    if (in.c != in.end) {
        if (!whole || (!read_char(&in, ' ') && !read_char(&in, 'T')))
            return false;
        if (!read_clock(&in, &of_day) || !read_zone(&in, &zoned, &offset))
            return false;
    }
    if (zoned)
        return qn_timestamp_of_days(days, of_day - offset * QN_NANOS_A_SECOND, out);
    return qn_clock_join(clock, days, of_day, INT32_MIN, out);
}
