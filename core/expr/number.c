#include "core/expr/number.h"

#include "core/text/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shortest %e text: 9 digits always tell float32 values apart. */
static void print_single(float value, char *out, size_t size) {
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(out, size, "%.*e", digits - 1, (double)value);
        if (strtof(out, NULL) == value)
            return;
    }
}

void qn_decimal_of(double value, bool single, qn_decimal *out) {
    char text[48];
    if (single)
        print_single((float)value, text, sizeof text);
    else
        text[qn_print_real(value, text)] = '\0';
    *out = (qn_decimal){.negative = value < 0};
    int point = -1, seen = 0;
    const char *c = text + (*text == '-');
    for (; *c != '\0' && *c != 'e' && *c != 'E'; c++) {
        if (*c == '.') {
            point = seen;
            continue;
        }
        seen++;
        if (out->count == 0 && *c == '0') { /* leading zeros carry no digit */
            out->exponent--;
            continue;
        }
        if (out->count < QN_DECIMAL_DIGITS)
            out->digits[out->count++] = *c;
    }
    out->exponent += point < 0 ? seen : point;
    if (*c != '\0')
        out->exponent += (int)strtol(c + 1, NULL, 10);
    while (out->count > 0 && out->digits[out->count - 1] == '0')
        out->count--;
}

static char *put_digits(char *out, const qn_decimal *decimal, int from, int to) {
    for (int i = from; i < to; i++)
        *out++ = i >= 0 && i < decimal->count ? decimal->digits[i] : '0';
    return out;
}

int qn_print_java(double value, bool single, char *out) {
    if (value != value)
        return (int)(stpcpy(out, "NaN") - out);
    if (isinf(value))
        return (int)(stpcpy(out, value < 0 ? "-Infinity" : "Infinity") - out);
    if (value == 0)
        return (int)(stpcpy(out, signbit(value) ? "-0.0" : "0.0") - out);
    qn_decimal decimal;
    qn_decimal_of(value, single, &decimal);
    char *end = out;
    if (decimal.negative)
        *end++ = '-';
    bool plain = decimal.exponent > -3 && decimal.exponent <= 7;
    int whole = plain ? decimal.exponent : 1;
    if (whole > 0)
        end = put_digits(end, &decimal, 0, whole);
    else
        *end++ = '0';
    *end++ = '.';
    end = put_digits(end, &decimal, whole, decimal.count > whole ? decimal.count : whole + 1);
    if (!plain)
        end += sprintf(end, "E%d", decimal.exponent - 1);
    *end = '\0';
    return (int)(end - out);
}

/* ---- Rounding -------------------------------------------------------------------------------- */

static bool rounds_up(const qn_decimal *decimal, int place, bool even) {
    if (place >= decimal->count || place < 0 || decimal->digits[place] < '5')
        return false;
    bool tie = decimal->digits[place] == '5' && place == decimal->count - 1;
    bool odd = place > 0 && (decimal->digits[place - 1] - '0') % 2 == 1;
    return !even || !tie || odd;
}

static double round_by_digits(double value, int64_t digits, bool even, bool single) {
    qn_decimal decimal;
    qn_decimal_of(value, single, &decimal);
    int64_t place = decimal.exponent + digits; /* digits that stay */
    if (place >= decimal.count)
        return value;
    if (place < 0)
        return decimal.negative ? -0.0 : 0.0;
    bool up = rounds_up(&decimal, (int)place, even);
    char text[64];
    char *end = text;
    if (decimal.negative)
        *end++ = '-';
    *end++ = '0'; /* takes the carry */
    end = put_digits(end, &decimal, 0, (int)place);
    for (char *c = end - 1; up; c--) {
        up = *c == '9';
        *c = up ? '0' : (char)(*c + 1);
    }
    sprintf(end, "e%d", decimal.exponent - (int)place);
    return strtod(text, NULL);
}

double qn_round_real(double value, int64_t digits, bool even, bool single) {
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    if (!isfinite(value) || value == 0 || digits > 400)
        return value;
    if (digits < -400)
        return copysign(0.0, value);
    if (digits < 0 || digits > 15 || single)
        return round_by_digits(value, digits, even, single);
    double scaled = fabs(value) * powers[digits];
    double whole = floor(scaled), rest = scaled - whole;
    /* Near a half, the shortest decimal decides, not the binary value. */
    if (scaled > 0x1p40 || (digits > 0 && fabs(rest - 0.5) < 1e-3))
        return round_by_digits(value, digits, even, single);
    bool up = rest > 0.5 || (rest == 0.5 && (!even || fmod(whole, 2) == 1));
    return copysign((whole + up) / powers[digits], value);
}
