/* Inside core/window: integers of 128 and 256 bits, for sums of floats on one grid: a float is an
 * integer multiple of a power of two, so sums and products of such integers are exact. */
#ifndef QUERN_CORE_WINDOW_FIXED_H
#define QUERN_CORE_WINDOW_FIXED_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef __int128 qn_int128;
__extension__ typedef unsigned __int128 qn_uint128;

/* Two's complement, least significant word first. Sums wrap. */
typedef struct qn_int256 {
    uint64_t words[4];
} qn_int256;

/* A finite double, not 0, as mantissa * 2^exponent with an odd mantissa's trailing zeros still
 * there. */
static inline int64_t qn_fixed_split(double value, int *exponent) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int biased = (int)(bits >> 52 & 2047);
    int64_t mantissa = (int64_t)(bits & ((UINT64_C(1) << 52) - 1));
    if (biased > 0)
        mantissa |= INT64_C(1) << 52;
    *exponent = (biased > 0 ? biased : 1) - 1075;
    return bits >> 63 != 0 ? -mantissa : mantissa;
}

/* value / 2^lowest, which must be a whole number of at most 126 bits. */
static inline qn_int128 qn_fixed_scale(double value, int lowest) {
    int exponent;
    int64_t mantissa = qn_fixed_split(value, &exponent);
    int shift = exponent - lowest; /* negative: only zeros fall out */
    return shift >= 0    ? (qn_int128)((qn_uint128)(qn_int128)mantissa << shift)
           : shift > -64 ? (qn_int128)(mantissa >> -shift)
                         : 0;
}

/* 2^exponent for exponents of normal doubles. */
static inline double qn_fixed_power(int exponent) {
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* Correctly rounded: the leading 62 bits and one that says whether anything follows. */
static inline double qn_fixed_real(qn_int128 value) {
    if (value == (int64_t)value)
        return (double)(int64_t)value;
    bool negative = value < 0;
    qn_uint128 size = negative ? -(qn_uint128)value : (qn_uint128)value;
    uint64_t high = (uint64_t)(size >> 64);
    int shift = high == 0 ? 2 : 66 - __builtin_clzll(high);
    uint64_t top = (uint64_t)(size >> shift);
    top |= (size & (((qn_uint128)1 << shift) - 1)) != 0;
    double real = (double)(int64_t)top * qn_fixed_power(shift);
    return negative ? -real : real;
}

static inline qn_int256 qn_int256_add(qn_int256 a, qn_int256 b) {
    qn_uint128 carry = 0;
    for (int k = 0; k < 4; k++) {
        carry += (qn_uint128)a.words[k] + b.words[k];
        a.words[k] = (uint64_t)carry;
        carry >>= 64;
    }
    return a;
}

static inline qn_int256 qn_int256_negate(qn_int256 a) {
    const qn_int256 one = {{1, 0, 0, 0}};
    for (int k = 0; k < 4; k++)
        a.words[k] = ~a.words[k];
    return qn_int256_add(a, one);
}

static inline qn_int256 qn_int256_subtract(qn_int256 a, qn_int256 b) {
    qn_uint128 borrow = 0;
    for (int k = 0; k < 4; k++) {
        qn_uint128 rest = (qn_uint128)a.words[k] - b.words[k] - borrow;
        a.words[k] = (uint64_t)rest;
        borrow = rest >> 64 & 1;
    }
    return a;
}

static inline qn_int256 qn_int256_times(qn_int256 a, uint32_t factor) {
    qn_uint128 carry = 0;
    for (int k = 0; k < 4; k++) {
        carry += (qn_uint128)a.words[k] * factor;
        a.words[k] = (uint64_t)carry;
        carry >>= 64;
    }
    return a;
}

/* The product of two numbers of at most 126 bits. */
static inline qn_int256 qn_int256_multiply(qn_int128 a, qn_int128 b) {
    bool negative = (a < 0) != (b < 0);
    qn_uint128 x = a < 0 ? -(qn_uint128)a : (qn_uint128)a;
    qn_uint128 y = b < 0 ? -(qn_uint128)b : (qn_uint128)b;
    qn_uint128 low = (qn_uint128)(uint64_t)x * (uint64_t)y;
    qn_uint128 cross = (qn_uint128)(uint64_t)x * (uint64_t)(y >> 64);
    qn_uint128 other = (qn_uint128)(uint64_t)(x >> 64) * (uint64_t)y;
    qn_uint128 high = (qn_uint128)(uint64_t)(x >> 64) * (uint64_t)(y >> 64);
    qn_uint128 middle = (low >> 64) + (uint64_t)cross + (uint64_t)other;
    high += (cross >> 64) + (other >> 64) + (middle >> 64);
    qn_int256 product = {{(uint64_t)low, (uint64_t)middle, (uint64_t)high, (uint64_t)(high >> 64)}};
    return negative ? qn_int256_negate(product) : product;
}

/* Correctly rounded, but for the order of 2^255, where nobody comes. */
static inline double qn_int256_real(qn_int256 value) {
    bool negative = value.words[3] >> 63 != 0;
    if (negative)
        value = qn_int256_negate(value);
    int top = 3;
    while (top > 0 && value.words[top] == 0)
        top--;
    if (top == 0 && value.words[0] >> 63 == 0)
        return negative ? -(double)value.words[0] : (double)value.words[0];
    bool rest = false;
    for (int k = 0; k < top - 1; k++)
        rest |= value.words[k] != 0;
    qn_uint128 leading = (qn_uint128)value.words[top] << 64;
    if (top > 0)
        leading |= value.words[top - 1];
    int shift = 66 - __builtin_clzll(value.words[top]);
    uint64_t bits = (uint64_t)(leading >> shift);
    bits |= rest || (leading & (((qn_uint128)1 << shift) - 1)) != 0;
    double real = (double)(int64_t)bits * qn_fixed_power(shift + 64 * (top - 1));
    return negative ? -real : real;
}

#endif
