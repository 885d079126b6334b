#include "core/text/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Integers ------------------------------------------------------------------------------- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Sign and digits, and nothing else. Returns the index of the first digit, 0 length if none. */
static int64_t integer_start(qn_view text) {
    int64_t start = text.length > 0 && (text.data[0] == '-' || text.data[0] == '+');
    for (int64_t i = start; i < text.length; i++)
        if (!is_digit(text.data[i]))
            return -1;
    return start < text.length ? start : -1;
}

bool qn_parse_int64(qn_view text, int64_t *out) {
    int64_t start = integer_start(text);
    if (start < 0)
        return false;
    bool negative = text.data[0] == '-';
    int64_t value = 0; /* kept negative: the negative range is the wider one */
    for (int64_t i = start; i < text.length; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, text.data[i] - '0', &value))
            return false;
    if (!negative && value == INT64_MIN)
        return false;
    *out = negative ? value : -value;
    return true;
}

bool qn_parse_int32(qn_view text, int32_t *out) {
    int64_t wide;
    if (!qn_parse_int64(text, &wide) || wide < INT32_MIN || wide > INT32_MAX)
        return false;
    *out = (int32_t)wide;
    return true;
}

bool qn_is_int_too_long(qn_view text) {
    int64_t value;
    return integer_start(text) >= 0 && !qn_parse_int64(text, &value);
}

/* ---- Reals ---------------------------------------------------------------------------------- */

__extension__ typedef unsigned __int128 wide_int;

/* A decimal number as read: digits * 10^exponent, when all digits fit. */
typedef struct decimal_number {
    bool negative;
    bool exact;      /* no digit was left out of `digits` */
    int significant; /* digits that were put in, from the first that is not 0 */
    uint64_t digits;
    int64_t exponent;
} decimal_number;

enum { MOST_DIGITS = 19 }; /* always fit 64 bits */

static const double powers_of_ten[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                         1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

#define TEN_POWERS_OF_TEN(times)                                                                   \
    UINT64_C(1) * times, UINT64_C(10) * times, UINT64_C(100) * times, UINT64_C(1000) * times,      \
        UINT64_C(10000) * times, UINT64_C(100000) * times, UINT64_C(1000000) * times,              \
        UINT64_C(10000000) * times, UINT64_C(100000000) * times, UINT64_C(1000000000) * times

static const uint64_t integer_powers_of_ten[20] = {TEN_POWERS_OF_TEN(1),
                                                   TEN_POWERS_OF_TEN(UINT64_C(10000000000))};

/* Eight digits at once, if there are eight: Lemire, "Quickly parsing eight digits". */
static inline bool read_eight(const char *at, uint64_t *out) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t high = word & UINT64_C(0xf0f0f0f0f0f0f0f0);
    uint64_t carried = (word + UINT64_C(0x0606060606060606)) & UINT64_C(0xf0f0f0f0f0f0f0f0);
    if ((high | carried >> 4) != UINT64_C(0x3333333333333333))
        return false;
    word -= UINT64_C(0x3030303030303030);
    word = word * 10 + (word >> 8);
    const uint64_t mask = UINT64_C(0x000000ff000000ff);
    *out = ((word & mask) * UINT64_C(0x000f424000000064) +
            (word >> 16 & mask) * UINT64_C(0x0000271000000001)) >>
           32;
    return true;
}

/* Reads a run of digits into the number; `scale` is what each costs the exponent. */
static inline const char *read_digits(const char *at, const char *end, int scale,
                                      decimal_number *number) {
    while (number->digits == 0 && at < end && *at == '0') {
        number->exponent -= scale;
        at++;
    }
    uint64_t eight;
    while (end - at >= 8 && number->significant <= MOST_DIGITS - 8 && read_eight(at, &eight)) {
        number->digits = number->digits * 100000000 + eight;
        number->significant += 8;
        number->exponent -= 8 * scale;
        at += 8;
    }
    for (; at < end && is_digit(*at); at++) {
        if (number->significant < MOST_DIGITS) {
            number->digits = number->digits * 10 + (uint64_t)(*at - '0');
            number->significant++;
            number->exponent -= scale;
        } else {
            number->exact &= *at == '0';
            number->exponent += 1 - scale;
        }
    }
    return at;
}

static const char *read_exponent(const char *at, const char *end, int64_t *exponent) {
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    const char *start = at;
    int64_t value = 0;
    for (; at < end && is_digit(*at); at++)
        if (value < 100000000)
            value = value * 10 + (*at - '0');
    if (at == start)
        return NULL;
    *exponent += negative ? -value : value;
    return at;
}

static bool read_decimal(qn_view text, char decimal, decimal_number *number) {
    const char *at = text.data, *end = text.data + text.length;
    *number = (decimal_number){.exact = true};
    number->negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    const char *start = at;
    at = read_digits(at, end, 0, number);
    int64_t digits = at - start;
    if (at < end && *at == decimal) {
        start = ++at;
        at = read_digits(at, end, 1, number);
        digits += at - start;
    }
    if (digits == 0)
        return false;
    if (at < end && (*at | 32) == 'e')
        at = read_exponent(at + 1, end, &number->exponent);
    return at == end;
}

/* bits * 2^exponent to nearest, ties to even; the top bit of `bits` is set, `sticky` tells that
 * there is more below, the result is far from the ends of the range. */
static inline double assemble(uint64_t bits, bool sticky, int exponent) {
    uint64_t kept = bits >> 11, rest = bits & 0x7ff;
    kept += rest + (sticky | (kept & 1)) > 0x400;
    uint64_t scale_bits = (uint64_t)(exponent + 11 + 1023) << 52;
    double scale;
    memcpy(&scale, &scale_bits, sizeof scale);
    return (double)kept * scale;
}

/* high:low by the divisor; high is the smaller. */
static inline uint64_t divide_wide(uint64_t high, uint64_t low, uint64_t divisor, uint64_t *rest) {
#ifdef __x86_64__
    uint64_t quotient;
    __asm__("divq %4" : "=a"(quotient), "=d"(*rest) : "0"(low), "1"(high), "r"(divisor));
    return quotient;
#else
    wide_int dividend = (wide_int)high << 64 | low;
    *rest = (uint64_t)(dividend % divisor);
    return (uint64_t)(dividend / divisor);
#endif
}

/* digits / 10^power, correctly rounded by one 128-by-64-bit division. */
static inline double divide_exactly(uint64_t digits, int power) {
    uint64_t divisor = integer_powers_of_ten[power], rest;
    int up = __builtin_clzll(digits), divisor_up = __builtin_clzll(divisor);
    /* The dividend is below 2^127, the divisor not below 2^63: the quotient has 63 or 64 bits. */
    digits <<= up;
    uint64_t quotient = divide_wide(digits >> 1, digits << 63, divisor << divisor_up, &rest);
    int normal = __builtin_clzll(quotient);
    return assemble(quotient << normal, rest != 0, divisor_up - up - 63 - normal);
}

static inline double multiply_exactly(uint64_t digits, int power) {
    wide_int wide = (wide_int)digits * integer_powers_of_ten[power];
    uint64_t high = (uint64_t)(wide >> 64);
    if (high == 0)
        return (double)(uint64_t)wide; /* the processor rounds it right */
    int normal = __builtin_clzll(high);
    wide <<= normal;
    return assemble((uint64_t)(wide >> 64), (uint64_t)wide != 0, 64 - normal);
}

bool qn_real_of_decimal(uint64_t digits, int64_t exponent, double *out) {
    if (digits <= UINT64_C(1) << 53 && exponent >= -22 && exponent <= 22) {
        double value = (double)digits;
        *out = exponent < 0 ? value / powers_of_ten[-exponent] : value * powers_of_ten[exponent];
        return true;
    }
    if (digits == 0) {
        *out = 0;
        return true;
    }
    if (exponent < -19 || exponent > 19)
        return false;
    *out = exponent < 0 ? divide_exactly(digits, (int)-exponent)
                        : multiply_exactly(digits, (int)exponent);
    return true;
}

/* strtod and strtof of the text, whatever the program's locale; a text read_decimal has passed.
 * Digits in any number: the copy may be long, so it is cut where digits stop mattering. */
typedef struct c_text {
    char bytes[1200];
} c_text;

/* A double is decided by its first 768 significant digits (and whether any other follows): the
 * ones behind are folded into one non-zero digit. */
static void copy_for_strtod(qn_view text, char decimal, c_text *out) {
    enum { KEPT = 800 };
    const char *at = text.data, *end = text.data + text.length;
    int64_t exponent = 0;
    int kept = 0;
    bool after_point = false, rest = false;
    char *to = out->bytes;
    if (*at == '-' || *at == '+')
        *to++ = *at++;
    for (; at < end && (is_digit(*at) || *at == decimal); at++) {
        if (*at == decimal) {
            after_point = true;
            continue;
        }
        exponent -= after_point;
        if (kept == 0 && *at == '0')
            continue;
        if (kept < KEPT) {
            *to++ = *at;
            kept++;
        } else {
            rest |= *at != '0';
            exponent++;
        }
    }
    if (kept == 0)
        *to++ = '0';
    if (rest) {
        *to++ = '1';
        exponent--;
    }
    if (at < end)
        (void)read_exponent(at + 1, end, &exponent);
    snprintf(to, 32, "e%lld", (long long)exponent);
}

static double convert_slowly(qn_view text, char decimal) {
    c_text copy;
    copy_for_strtod(text, decimal, &copy);
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a static object in libc */
    double value = strtod_l(copy.bytes, NULL, c_locale);
    freelocale(c_locale);
    return value;
}

static float convert_slowly32(qn_view text, char decimal) {
    c_text copy;
    copy_for_strtod(text, decimal, &copy);
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    float value = strtof_l(copy.bytes, NULL, c_locale);
    freelocale(c_locale);
    return value;
}

/* nan, inf, infinity with a sign, any case. */
static bool parse_word(qn_view text, double *out) {
    int64_t signs = text.length > 0 && (text.data[0] == '-' || text.data[0] == '+');
    const char *word = text.data + signs;
    int64_t length = text.length - signs;
    double value;
    if (length == 3 && strncasecmp(word, "nan", 3) == 0)
        value = NAN;
    else if ((length == 3 && strncasecmp(word, "inf", 3) == 0) ||
             (length == 8 && strncasecmp(word, "infinity", 8) == 0))
        value = INFINITY;
    else
        return false;
    *out = text.data[0] == '-' && !isnan(value) ? -value : value;
    return true;
}

bool qn_parse_real_with(qn_view text, char decimal, double *out) {
    decimal_number number;
    if (!read_decimal(text, decimal, &number))
        return parse_word(text, out);
    double value;
    if (number.exact && qn_real_of_decimal(number.digits, number.exponent, &value))
        *out = number.negative ? -value : value;
    else
        *out = convert_slowly(text, decimal);
    return true;
}

bool qn_parse_real(qn_view text, double *out) {
    return qn_parse_real_with(text, '.', out);
}

bool qn_parse_option_real(qn_view text, double *out) {
    bool negative = text.length > 0 && text.data[0] == '-';
    qn_view word = {text.data + negative, text.length - negative};
    if (!qn_view_equal(word, qn_view_of(".inf")) && !qn_view_equal(word, qn_view_of(".nan")))
        return qn_parse_real(text, out);
    double value = word.data[1] == 'i' ? HUGE_VAL : NAN;
    *out = negative ? -value : value;
    return true;
}

/* Rounding to double and then to float differs from rounding once only if the double lies in the
 * middle of two floats, or where floats are subnormal or end. */
static bool is_float_safe(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    double size = fabs(value);
    return (bits & 0x1fffffff) != 0x10000000 && (size == 0 || (size >= 2e-38 && size <= 3e38));
}

bool qn_parse_real32_with(qn_view text, char decimal, float *out) {
    double value;
    decimal_number number;
    if (!qn_parse_real_with(text, decimal, &value))
        return false;
    if (isfinite(value) && !is_float_safe(value) && read_decimal(text, decimal, &number))
        *out = convert_slowly32(text, decimal);
    else
        *out = (float)value;
    return true;
}

bool qn_parse_real32(qn_view text, float *out) {
    return qn_parse_real32_with(text, '.', out);
}
