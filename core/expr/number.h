/* Numbers as Spark (Java) writes and converts them. Private to core/expr. */
#ifndef QUERN_CORE_EXPR_NUMBER_H
#define QUERN_CORE_EXPR_NUMBER_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Truncated; past the ends the ends, NaN gives 0. */
static inline int64_t qn_real_to_int64(double x) {
    if (!(x < 0x1p63))
        return x != x ? 0 : INT64_MAX;
    return x < -0x1p63 ? INT64_MIN : (int64_t)x;
}

static inline int32_t qn_real_to_int32(double x) {
    if (!(x < 0x1p31))
        return x != x ? 0 : INT32_MAX;
    return x <= -0x1p31 ? INT32_MIN : (int32_t)x;
}

enum { QN_DECIMAL_DIGITS = 24 };

/* A finite number as 0.D1D2...Dn * 10^exponent, the shortest that reads back as the same. */
typedef struct qn_decimal {
    bool negative;
    int count, exponent;
    char digits[QN_DECIMAL_DIGITS];
} qn_decimal;

/* `single`: the shortest that reads back as the same float32. */
void qn_decimal_of(double value, bool single, qn_decimal *out);

/* "1.0", "1.0E7", "NaN", "-Infinity": as Java's Double.toString (Float.toString). Returns the
 * length; 32 bytes. */
int qn_print_java(double value, bool single, char *out);

/* Rounded at 10^-digits of the shortest decimal, halves away from zero (even: to even). */
double qn_round_real(double value, int64_t digits, bool even, bool single);

#endif
