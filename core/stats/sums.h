/* Many exact sums side by side: qn_sum's digits, but only the window of digits that the numbers
 * touch (usually 5 or 6 of 68), the same for all of them. For Gram matrices and the moments of
 * wide vectors. Results are as order-free as those of qn_sum. */
#ifndef QUERN_CORE_STATS_SUMS_H
#define QUERN_CORE_STATS_SUMS_H

#include "core/stats/pair.h"
#include "core/stats/sum.h"

/* Each sum has `window` digits from digit `first` on and one word that counts additions since the
 * last carry propagation. `specials` (NULL: none met) has counts of NaN, +inf, -inf a sum. */
typedef struct qn_sums {
    int64_t count;
    int32_t first;
    int32_t window; /* 0: nothing but zeros was added */
    int64_t *words; /* count * (window + 1) */
    int64_t *specials;
} qn_sums;

QN_CHECKED qn_status qn_sums_init(qn_sums *sums, int64_t count);
void qn_sums_clear(qn_sums *sums);
QN_CHECKED qn_status qn_sums_copy(qn_sums *out, const qn_sums *source);

/* Local. Adds to one sum; exact. MEMORY error. ~3 ns. */
QN_CHECKED qn_status qn_sums_add(qn_sums *sums, int64_t index, double value);

/* Local. The same for a product (see qn_sum_add_product). */
QN_CHECKED qn_status qn_sums_add_product(qn_sums *sums, int64_t index, double a, double b);

/* Local. values[i] to sum first_index + i. */
QN_CHECKED qn_status qn_sums_add_array(qn_sums *sums, int64_t first_index, const double *values,
                                       int64_t count);

/* Local. Column sums of a matrix: adds values[r * stride + j] to sum first_index + j, j < count.
 * Exact; < 1 ns a value for many rows. */
QN_CHECKED qn_status qn_sums_add_rows(qn_sums *sums, int64_t first_index, const double *values,
                                      int64_t rows, int64_t count, int64_t stride);

/* Local. The same for the squares of the values. */
QN_CHECKED qn_status qn_sums_add_squares(qn_sums *sums, int64_t first_index, const double *values,
                                         int64_t rows, int64_t count, int64_t stride);

QN_CHECKED qn_status qn_sums_add_sum(qn_sums *sums, int64_t index, const qn_sum *sum);
QN_CHECKED qn_status qn_sums_merge(qn_sums *sums, const qn_sums *other);

double qn_sums_result(const qn_sums *sums, int64_t index);
qn_pair qn_sums_result_pair(const qn_sums *sums, int64_t index);
void qn_sums_get(const qn_sums *sums, int64_t index, qn_sum *out); /* one of them, alone */

/* Local. For the reduction over ranks (mpi/comm/reduce.h): propagates carries, so that words may be
 * added up elementwise over up to 2^20 ranks, and widens the window to digits [first, last). */
QN_CHECKED qn_status qn_sums_normalize(qn_sums *sums);
QN_CHECKED qn_status qn_sums_widen(qn_sums *sums, int32_t first, int32_t last);

#endif
