/* Private to core/time: reading and writing digits, reading zone offsets. */
#ifndef QUERN_CORE_TIME_SCAN_H
#define QUERN_CORE_TIME_SCAN_H

#include "core/text/text.h"

/* What is left of the text that is being read. */
typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

static inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Reads between `least` and `most` digits (at most 9). */
static inline bool take_digits(cursor *c, int least, int most, int32_t *out) {
    int32_t value = 0;
    int count = 0;
    while (count < most && c->at < c->end && is_digit(*c->at)) {
        value = value * 10 + (*c->at++ - '0');
        count++;
    }
    *out = value;
    return count >= least;
}

static inline bool take_char(cursor *c, char wanted) {
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* Reads one to `most` digits as a fraction of a second. */
static inline bool take_fraction(cursor *c, int most, int32_t *nanoseconds) {
    const char *start = c->at;
    if (!take_digits(c, 1, most, nanoseconds))
        return false;
    for (int64_t digits = c->at - start; digits < 9; digits++)
        *nanoseconds *= 10;
    return true;
}

/* Reads Z or (+|-)HH[[:]mm]. */
static inline bool take_zone(cursor *c, int32_t *offset_seconds) {
    if (take_char(c, 'Z')) {
        *offset_seconds = 0;
        return true;
    }
    int32_t hours = 0, minutes = 0, sign = take_char(c, '-') ? -1 : 1;
    if (sign > 0 && !take_char(c, '+'))
        return false;
    if (!take_digits(c, 2, 2, &hours))
        return false;
    bool colon = take_char(c, ':');
    if ((colon || (c->at < c->end && is_digit(*c->at))) && !take_digits(c, 2, 2, &minutes))
        return false;
    if (hours > 18 || minutes > 59)
        return false;
    *offset_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

/* Writes `value` in at least `width` digits; returns the end. */
static inline char *put_digits(char *out, uint32_t value, int width) {
    char digits[10];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (; width > count; width--)
        *out++ = '0';
    while (count > 0)
        *out++ = digits[--count];
    return out;
}

static inline char *put_two(char *out, int32_t value) {
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
    return out + 2;
}

#endif
