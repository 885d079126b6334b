/* Inside core/stats: the digits that qn_sum and qn_sums are made of. Digit k of a sum weighs
 * 2^(32 k - 1075) and holds a signed 64-bit integer; an array of digits may start at any k. */
#ifndef QUERN_CORE_STATS_DIGITS_H
#define QUERN_CORE_STATS_DIGITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Additions (each below 2^52 + 2^32 in a digit) that fit in 63 bits before carries must be
 * propagated; and the exponent field of infinities and NaN. */
enum { QN_DIGITS_ADDITIONS = 2000, QN_DIGITS_SPECIAL = 0x7ff, QN_DIGITS_MOST = 68 };

/* A double as the amounts to add to digits `digit` and `digit` + 1. */
typedef struct qn_pieces {
    int exponent;
    int digit;
    int64_t low, high;
} qn_pieces;

static inline qn_pieces qn_digits_split(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int exponent = (int)(bits >> 52) & 0x7ff;
    uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    if (exponent == 0)
        exponent = 1;
    else
        mantissa |= UINT64_C(1) << 52;
    int shift = exponent & 31;
    int64_t sign = -(int64_t)(bits >> 63);
    int64_t low = (int64_t)((mantissa << shift) & 0xffffffff);
    int64_t high = (int64_t)(mantissa >> (32 - shift));
    return (qn_pieces){exponent, exponent >> 5, (low ^ sign) - sign, (high ^ sign) - sign};
}

/* Local. Propagates carries: all digits but the last end in [0, 2^32), the last keeps the sign.
 * Representations of equal numbers become equal. */
void qn_digits_carry(int64_t *digits, int count);

/* Local. After a carry: the range of digits [*first, *last) that are not zero, once the sign is
 * drawn down from the last digit, so that a small negative sum touches few digits. */
void qn_digits_trim(int64_t *digits, int count, int *first, int *last);

/* Local. The number nearest to the sum of the digits, which start at digit `first`; ties to even.
 * Overwrites the digits. */
double qn_digits_round(int64_t *digits, int count, int first);

#endif
