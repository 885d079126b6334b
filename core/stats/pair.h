/* Inside core/stats: numbers as unevaluated sums high + low, about 106 bits (T. J. Dekker, "A
 * floating-point technique for extending the available precision", 1971). */
#ifndef QUERN_CORE_STATS_PAIR_H
#define QUERN_CORE_STATS_PAIR_H

#include <math.h>

typedef struct qn_pair {
    double high, low;
} qn_pair;

static inline qn_pair qn_pair_normal(double high, double low) {
    double sum = high + low;
    return (qn_pair){sum, low - (sum - high)};
}

static inline qn_pair qn_pair_add(qn_pair a, qn_pair b) {
    double sum = a.high + b.high, part = sum - a.high;
    double error = (a.high - (sum - part)) + (b.high - part);
    return qn_pair_normal(sum, error + (a.low + b.low));
}

static inline qn_pair qn_pair_negate(qn_pair a) {
    return (qn_pair){-a.high, -a.low};
}

static inline qn_pair qn_pair_multiply(qn_pair a, qn_pair b) {
    double product = a.high * b.high;
    double error = fma(a.high, b.high, -product);
    return qn_pair_normal(product, error + (a.high * b.low + a.low * b.high));
}

static inline qn_pair qn_pair_divide(qn_pair a, qn_pair b) {
    double quotient = a.high / b.high;
    qn_pair rest = qn_pair_add(a, qn_pair_negate(qn_pair_multiply(b, (qn_pair){quotient, 0})));
    return qn_pair_normal(quotient, (rest.high + rest.low) / b.high);
}

#endif
