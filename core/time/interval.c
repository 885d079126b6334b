#include "core/time/interval.h"

#include "core/time/date.h"
#include "core/time/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MINUTE (60 * QN_NANOS_A_SECOND)
#define HOUR   (60 * MINUTE)

/* What one of a unit is. */
typedef struct unit {
    const char *names; /* each between blanks */
    int32_t months, days;
    int64_t nanoseconds;
} unit;

/* The first six in the order of qn_interval_field. */
static const unit units[] = {
    {" year years yr yrs y ", 12, 0, 0},
    {" month months mon mons ", 1, 0, 0},
    {" day days d ", 0, 1, 0},
    {" hour hours hr hrs h ", 0, 0, HOUR},
    {" minute minutes min mins m ", 0, 0, MINUTE},
    {" second seconds sec secs s ", 0, 0, QN_NANOS_A_SECOND},
    {" week weeks w ", 0, 7, 0},
    {" quarter quarters ", 3, 0, 0},
    {" decade decades ", 120, 0, 0},
    {" century centuries ", 1200, 0, 0},
    {" millennium millenniums millennia ", 12000, 0, 0},
    {" millisecond milliseconds msec msecs ms ", 0, 0, 1000000},
    {" microsecond microseconds usec usecs us ", 0, 0, 1000},
    {" nanosecond nanoseconds nsec nsecs ns ", 0, 0, 1},
};

/* A number as it was read: `whole` units and `fraction` 10^-9 ths of one, both with its sign. */
typedef struct amount {
    int64_t whole, fraction;
} amount;

static void skip_blanks(cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
        c->at++;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const unit *find_unit(const char *word, int64_t length) {
    char wanted[24];
    if (length == 0 || length > 20)
        return NULL;
    snprintf(wanted, sizeof wanted, " %.*s ", (int)length, word);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcasestr(units[i].names, wanted) != NULL)
            return &units[i];
    return NULL;
}

/* *sum += count * size; false if that does not fit. */
static bool add_product(int64_t *sum, int64_t count, int64_t size) {
    int64_t product;
    return !__builtin_mul_overflow(count, size, &product) &&
           !__builtin_add_overflow(*sum, product, sum);
}

static bool add_amount(qn_interval *out, const unit *of, amount value) {
    int64_t months = out->months, days = out->days, time = out->nanoseconds;
    /* the fraction has 30 bits: in two steps it meets an hour, of 42, without overflow */
    int64_t step = of->nanoseconds / 1000, rest = of->nanoseconds % 1000;
    int64_t part = value.fraction * step / 1000000 + value.fraction * rest / 1000000000;
    if (value.fraction != 0 && of->nanoseconds == 0) /* half a month is no length of time */
        return false;
    if (!add_product(&months, value.whole, of->months) || months != (int32_t)months ||
        !add_product(&days, value.whole, of->days) || days != (int32_t)days ||
        !add_product(&time, value.whole, of->nanoseconds) || !add_product(&time, 1, part))
        return false;
    *out = (qn_interval){(int32_t)months, (int32_t)days, time};
    return true;
}

/* ---- Numbers --------------------------------------------------------------------------------- */

static bool take_sign(cursor *c) {
    bool negative = take_char(c, '-');
    if (!negative)
        (void)take_char(c, '+');
    return negative;
}

static bool take_whole(cursor *c, int64_t *out) {
    const char *start = c->at;
    for (*out = 0; c->at < c->end && is_digit(*c->at); c->at++)
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, *c->at - '0', out))
            return false;
    return c->at > start;
}

/* digits[.digits] without a sign */
static bool take_amount(cursor *c, amount *out) {
    int32_t fraction = 0;
    bool digits = c->at < c->end && is_digit(*c->at);
    *out = (amount){0};
    if (digits && !take_whole(c, &out->whole))
        return false;
    if (!take_char(c, '.'))
        return digits;
    if (c->at < c->end && is_digit(*c->at)) {
        if (!take_fraction(c, 9, &fraction))
            return false;
        digits = true;
    }
    out->fraction = fraction;
    return digits && (c->at == c->end || !is_digit(*c->at));
}

static amount signed_amount(amount value, bool negative) {
    return negative ? (amount){-value.whole, -value.fraction} : value;
}

/* The rest of a time of day whose first number is read: h:m[:s], or m:s where `last` says so. */
static bool take_clock(cursor *c, amount first, bool negative, qn_interval_field last,
                       qn_interval *out) {
    amount second = {0}, third = {0};
    if (first.fraction != 0 || !take_char(c, ':') || !take_amount(c, &second))
        return false;
    bool three = take_char(c, ':');
    if (three && (second.fraction != 0 || !take_amount(c, &third)))
        return false;
    bool from_minutes = !three && (second.fraction != 0 || last == QN_INTERVAL_SECOND);
    const unit *of = &units[from_minutes ? QN_INTERVAL_MINUTE - 1 : QN_INTERVAL_HOUR - 1];
    if (second.whole > 59 || third.whole > 59)
        return false;
    return add_amount(out, of, signed_amount(first, negative)) &&
           add_amount(out, of + 1, signed_amount(second, negative)) &&
           (!three || add_amount(out, of + 2, signed_amount(third, negative)));
}

/* Years and months, "1-6", the years being read. */
static bool take_months(cursor *c, amount years, bool negative, qn_interval *out) {
    amount months = {0};
    if (!take_char(c, '-') || !take_amount(c, &months) || months.fraction != 0 || months.whole > 11)
        return false;
    return years.fraction == 0 &&
           add_amount(out, &units[QN_INTERVAL_YEAR - 1], signed_amount(years, negative)) &&
           add_amount(out, &units[QN_INTERVAL_MONTH - 1], signed_amount(months, negative));
}

/* ---- Texts ----------------------------------------------------------------------------------- */

/* The unit behind a number; days in front of a time of day, else what `last` says, need none. */
static const unit *take_unit(cursor *c, qn_interval_field last) {
    skip_blanks(c);
    const char *word = c->at;
    while (c->at < c->end && is_letter(*c->at))
        c->at++;
    if (c->at > word)
        return find_unit(word, c->at - word);
    if (c->at < c->end)
        return last >= QN_INTERVAL_HOUR ? &units[QN_INTERVAL_DAY - 1] : NULL;
    return last == QN_INTERVAL_NONE ? NULL : &units[last - 1];
}

static bool take_part(cursor *c, qn_interval_field last, qn_interval *out) {
    amount value;
    bool negative = take_sign(c);
    skip_blanks(c);
    if (!take_amount(c, &value))
        return false;
    if (c->at < c->end && *c->at == ':')
        return take_clock(c, value, negative, last, out);
    if (c->at < c->end && *c->at == '-')
        return take_months(c, value, negative, out);
    const unit *of = take_unit(c, last);
    return of != NULL && add_amount(out, of, signed_amount(value, negative));
}

static bool parse_parts(cursor *c, qn_interval_field last, qn_interval *out) {
    int parts = 0;
    (void)take_char(c, '@'); /* PostgreSQL's verbose style */
    for (skip_blanks(c); c->at < c->end; skip_blanks(c), parts++) {
        if (parts > 0 && c->end - c->at == 3 && strncasecmp(c->at, "ago", 3) == 0)
            return qn_interval_negate(out);
        if (!take_part(c, last, out))
            return false;
    }
    return parts > 0;
}

/* P[nY][nM][nW][nD][T[nH][nM][nS]] */
static bool parse_iso(cursor *c, qn_interval *out) {
    static const char letters[] = "YMDHMSW"; /* as `units` begins */
    bool clock = false;
    int parts = 0;
    for (c->at++; c->at < c->end; parts++) {
        amount value;
        if (!clock && take_char(c, 'T'))
            clock = true;
        bool negative = take_sign(c);
        if (!take_amount(c, &value) || c->at == c->end)
            return false;
        const char *letter = memchr(letters + (clock ? 3 : 0), *c->at++, clock ? 3 : 7);
        if (letter == NULL || (!clock && letter >= letters + 3 && letter < letters + 6) ||
            !add_amount(out, &units[letter - letters], signed_amount(value, negative)))
            return false;
    }
    return parts > 0;
}

bool qn_parse_interval(qn_view text, qn_interval_field last, qn_interval *out) {
    cursor c = {text.data, text.data + text.length};
    qn_interval interval = {0};
    skip_blanks(&c);
    while (c.end > c.at && (c.end[-1] == ' ' || c.end[-1] == '\t'))
        c.end--;
    bool iso = c.at < c.end && *c.at == 'P';
    if (!(iso ? parse_iso(&c, &interval) : parse_parts(&c, last, &interval)))
        return false;
    *out = interval;
    return true;
}

bool qn_interval_negate(qn_interval *interval) {
    qn_interval turned;
    if (__builtin_sub_overflow(0, interval->months, &turned.months) ||
        __builtin_sub_overflow(0, interval->days, &turned.days) ||
        __builtin_sub_overflow(0, interval->nanoseconds, &turned.nanoseconds))
        return false;
    *interval = turned;
    return true;
}

int qn_print_interval(const qn_interval *interval, char *out) {
    enum { SIZE = 80 };
    char *at = out;
    uint64_t time = interval->nanoseconds < 0 ? -(uint64_t)interval->nanoseconds
                                              : (uint64_t)interval->nanoseconds;
    if (interval->months != 0)
        at += snprintf(at, SIZE, "%d month%s ", interval->months,
                       abs(interval->months) == 1 ? "" : "s");
    if (interval->days != 0 || (interval->months == 0 && time == 0))
        at += snprintf(at, 24, "%d day%s ", interval->days, abs(interval->days) == 1 ? "" : "s");
    if (time != 0) {
        uint64_t seconds = time / QN_NANOS_A_SECOND;
        at += snprintf(at, 24, "%s%02d:%02d:%02d", interval->nanoseconds < 0 ? "-" : "",
                       (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
        if (time % QN_NANOS_A_SECOND != 0) {
            at += snprintf(at, 12, ".%09d", (int)(time % QN_NANOS_A_SECOND));
            while (at[-1] == '0')
                at--;
        }
    } else {
        at--;
    }
    *at = '\0';
    return (int)(at - out);
}
