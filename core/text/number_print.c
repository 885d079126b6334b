#include "core/text/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide_int;

int qn_print_int64(int64_t value, char *out) {
    char reversed[20];
    int digits = 0, length = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        reversed[digits++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        out[length++] = '-';
    while (digits > 0)
        out[length++] = reversed[--digits];
    out[length] = '\0';
    return length;
}

static int print_words(double value, char *out) {
    const char *word = isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
    int length = (int)strlen(word);
    memcpy(out, word, (size_t)length + 1);
    return length;
}

/* ---- Reals of common size, in 128-bit integers ---------------------------------------------- */

static uint64_t power_of_ten(int power) {
    uint64_t value = 1;
    for (; power > 0; power--)
        value *= 10;
    return value;
}

/* size * 10^power, rounded to the nearest integer, ties to even: exact in 128 bits for sizes from
 * 1e-4 to 1e17 and powers from -2 to 20. */
static uint64_t scale(double size, int power) {
    int exponent;
    uint64_t mantissa = (uint64_t)ldexp(frexp(size, &exponent), 53);
    exponent -= 53;
    wide_int value = mantissa, half, whole, rest;
    if (power < 0) { /* the size is an integer then */
        uint64_t divisor = power_of_ten(-power);
        value = exponent >= 0 ? value << exponent : value >> -exponent;
        whole = value / divisor;
        rest = (value - whole * divisor) * 2;
        half = divisor;
    } else {
        value *= power_of_ten(power < 19 ? power : 19);
        value *= power_of_ten(power < 19 ? 0 : power - 19);
        if (exponent >= 0)
            return (uint64_t)(value << exponent);
        whole = value >> -exponent;
        rest = value - (whole << -exponent);
        half = (wide_int)1 << (-exponent - 1);
    }
    return (uint64_t)whole + (rest > half || (rest == half && (whole & 1)));
}

/* The digits' power of ten: 3 for 1000 to 9999. */
static int magnitude(double size) {
    int power = (int)floor(log10(size)); /* one off at most */
    uint64_t digits = scale(size, 16 - power);
    if (digits >= power_of_ten(17))
        return power + 1;
    return digits < power_of_ten(16) ? power - 1 : power;
}

/* Writes digits whose first one stands at 10^power, as printf's %g of so many digits would. */
static int write_digits(const char *digits, int count, int power, char *out) {
    int length = 0;
    if (power >= count) { /* there would be zeros up to the point */
        out[length++] = digits[0];
        if (count > 1)
            out[length++] = '.';
        memcpy(out + length, digits + 1, (size_t)(count - 1));
        length += count - 1;
        return length + sprintf(out + length, "e+%02d", power);
    }
    if (power < 0) {
        memcpy(out, "0.0000", 6);
        length = 1 - power;
        memcpy(out + length, digits, (size_t)count);
        length += count;
    } else {
        memcpy(out, digits, (size_t)power + 1);
        length = power + 1;
        if (count > length) {
            out[length++] = '.';
            memcpy(out + length, digits + power + 1, (size_t)(count - power - 1));
            length += count - power - 1;
        }
    }
    out[length] = '\0';
    return length;
}

/* For sizes from 1e-4 to 1e17: the nearest decimals of 15, 16 and 17 digits; the first that reads
 * back, without its zeros, is the shortest. */
static int print_common(double size, char *out) {
    int power = magnitude(size), precision = 15;
    uint64_t digits = 0;
    for (; precision <= 17; precision++) {
        double back;
        digits = scale(size, precision - 1 - power);
        if (precision == 17 ||
            (qn_real_of_decimal(digits, power - precision + 1, &back) && back == size))
            break;
    }
    char text[24];
    int count = qn_print_int64((int64_t)digits, text);
    power += count - precision; /* rounded up to the next power of ten */
    while (count > 1 && text[count - 1] == '0')
        count--;
    return write_digits(text, count, power, out);
}

/* ---- All others ----------------------------------------------------------------------------- */

static int print_by_search(double value, char *out) {
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a static object in libc */
    locale_t former = uselocale(c_locale);
    int length = 0;
    for (int precision = 1; precision <= 17; precision++) {
        double back;
        length = snprintf(out, 32, "%.*g", precision, value);
        if (qn_parse_real((qn_view){out, length}, &back) && back == value)
            break;
    }
    uselocale(former);
    freelocale(c_locale);
    return length;
}

int qn_print_real(double value, char *out) {
    double size = fabs(value);
    if (!isfinite(value))
        return print_words(value, out);
    if (size < 1e15 && value == (double)(int64_t)value && (value != 0 || !signbit(value)))
        return qn_print_int64((int64_t)value, out);
    if (!(size >= 1e-4 && size < 1e17))
        return print_by_search(value, out);
    int sign = value < 0;
    if (sign)
        out[0] = '-';
    return sign + print_common(size, out + sign);
}
