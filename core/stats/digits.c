#include "core/stats/digits.h"

#include <math.h>

void qn_digits_carry(int64_t *digits, int count) {
    int64_t carry = 0;
    for (int k = 0; k < count - 1; k++) {
        int64_t value = digits[k] + carry;
        digits[k] = value & 0xffffffff;
        carry = value >> 32;
    }
    digits[count - 1] += carry;
}

void qn_digits_trim(int64_t *digits, int count, int *first, int *last) {
    for (int k = count - 1; k > 0 && digits[k] == -1; k--) {
        digits[k] = 0;
        digits[k - 1] -= INT64_C(1) << 32;
    }
    *last = count;
    while (*last > 0 && digits[*last - 1] == 0)
        --*last;
    *first = 0;
    while (*first < *last && digits[*first] == 0)
        ++*first;
}

/* Two zero digits in front; what the last digit holds beyond 32 bits becomes one more. */
static double round_positive(const int64_t *digits, int count, int first) {
    uint64_t padded[QN_DIGITS_MOST + 4] = {0};
    for (int k = 0; k < count; k++)
        padded[k + 2] = (uint64_t)digits[k];
    padded[count + 2] = padded[count + 1] >> 32;
    padded[count + 1] &= 0xffffffff;
    int top = count + 2;
    while (top > 1 && padded[top] == 0)
        top--;
    if (padded[top] == 0)
        return 0;
    uint64_t leading = padded[top] << 32 | padded[top - 1];
    int zeros = __builtin_clzll(leading);
    uint64_t below = padded[top - 2] << zeros; /* its upper 32 bits belong to the leading 64 */
    leading = leading << zeros | below >> 32;
    bool rest = (below & 0xffffffff) != 0;
    for (int k = top - 3; k >= 0 && !rest; k--)
        rest = padded[k] != 0;
    uint64_t mantissa = leading >> 11, tail = leading & 0x7ff;
    if (tail > 0x400 || (tail == 0x400 && (rest || (mantissa & 1))))
        mantissa++;
    /* A subnormal result is exact: all digits are multiples of the least double. */
    return ldexp((double)mantissa, 32 * (first + top - 2 - 1) - 1075 - zeros + 11);
}

double qn_digits_round(int64_t *digits, int count, int first) {
    qn_digits_carry(digits, count);
    bool negative = digits[count - 1] < 0;
    if (negative) {
        for (int k = 0; k < count; k++)
            digits[k] = -digits[k];
        qn_digits_carry(digits, count);
    }
    double magnitude = round_positive(digits, count, first);
    return negative ? -magnitude : magnitude;
}
