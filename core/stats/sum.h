/* Exact sums of doubles: the result is the correctly rounded sum of everything added, whatever
 * the order and grouping, so it is the same on any number of ranks.
 *
 * A small superaccumulator (R. M. Neal, "Fast exact summation using small and large
 * superaccumulators", 2015): 64-bit integer digits with 32 bits of overlap, one every 32 bits of
 * exponent. Merging is elementwise integer addition, so a vector of them is reduced over ranks by
 * one integer allreduce. Infinities and NaNs are counted apart and give what IEEE addition
 * would. Many sums at once, in less memory: core/stats/sums.h. */
#ifndef QUERN_CORE_STATS_SUM_H
#define QUERN_CORE_STATS_SUM_H

#include "core/status.h"

#include <stdint.h>

enum { QN_SUM_DIGITS = 68, QN_SUM_WORDS = 72 };

/* words[0..QN_SUM_DIGITS): digits; then counts of NaN, +inf, -inf; then additions since the last
 * carry propagation. All words add up when sums are merged. Digit k weighs 2^(32 k - 1075). */
typedef struct qn_sum {
    int64_t words[QN_SUM_WORDS];
} qn_sum;

void qn_sum_init(qn_sum *sum);
void qn_sum_add(qn_sum *sum, double value);                                /* exact */
void qn_sum_add_array(qn_sum *sum, const double *values, int64_t count);   /* exact; < 1 ns each */
void qn_sum_add_squares(qn_sum *sum, const double *values, int64_t count); /* of the squares */
/* Exact, unless a * b overflows (counts as an infinity) or underflows. */
void qn_sum_add_product(qn_sum *sum, double a, double b);
void qn_sum_merge(qn_sum *sum, const qn_sum *other);
double qn_sum_result(const qn_sum *sum); /* correctly rounded, ties to even */

/* The sum as high + low with low = what rounding left, itself rounded: 106 bits, for differences
 * of large sums. low is 0 where high is not finite. */
void qn_sum_result_pair(const qn_sum *sum, double *high, double *low);

/* Before elementwise addition over up to 2^20 ranks: propagates carries so digits cannot
 * overflow. Afterwards equal sums have equal words. */
void qn_sum_normalize(qn_sum *sum);

#endif
