/* Weighted cross products of features and label, in one pass: all that linear least squares needs.
 *
 * A batch is centred on values near its own means, multiplied out by a register-tiled kernel, and
 * moved back to the origin in 106-bit arithmetic; batches are added up exactly (core/stats/sums.h).
 * So the summary does not depend on how batches are spread over ranks, and columns with large
 * means and small variances lose nothing. Over ranks: qn_reduce_gram (mpi/comm/reduce.h). */
#ifndef QUERN_CORE_STATS_GRAM_H
#define QUERN_CORE_STATS_GRAM_H

#include "core/column/column.h"
#include "core/stats/sums.h"

/* Variables are the features in order, then the label. */
typedef struct qn_gram {
    int32_t width;  /* features */
    int64_t rows;   /* added, whatever their weight */
    qn_sums sums;   /* weight; width + 1 first moments; upper triangle by rows of second moments */
    double *min;    /* width + 1: smallest and largest value of each variable in rows of weight */
    double *max;    /* > 0; +inf, -inf where there are none */
    double *work;   /* private: packed rows and their products, kept from batch to batch */
    int64_t *index; /* private */
} qn_gram;

QN_CHECKED qn_status qn_gram_init(qn_gram *gram, int32_t width);
void qn_gram_clear(qn_gram *gram);

/* Local. Adds all rows of a vector column of `width` slots, dense or sparse, without nulls;
 * `label` and `weights` (NULL: all 1) have one value a row. DATA error, the gram unchanged, if a
 * value is not finite or too large to be multiplied (qn_gram_find_bad tells which). Cost: (width +
 * 2)^2 / 2 multiply-adds a row at about half of the processor's peak; wide sparse rows that are
 * mostly empty: nonzeros^2 / 2. */
QN_CHECKED qn_status qn_gram_add(qn_gram *gram, const qn_column *features, const double *label,
                                 const double *weights);

/* Local. The first value of a vector column that is not finite. */
bool qn_gram_find_bad(const qn_column *features, int64_t *row, int32_t *slot);

/* What the sums amount to. Matrices are width x width, symmetric, in full. */
typedef struct qn_gram_result {
    double weight;
    double *mean;    /* width + 1 */
    double *product; /* sum of w (x - mean)(x - mean)' */
    double *label;   /* width: sum of w (x - mean)(y - mean) */
    double label_square;
} qn_gram_result;

/* Local. The caller's (qn_gram_result_clear). With `centered` false nothing is subtracted: raw
 * moments, and `mean` is still given. NUMERIC error if the weights add up to nothing. */
QN_CHECKED qn_status qn_gram_finish(const qn_gram *gram, bool centered, qn_gram_result *out);
void qn_gram_result_clear(qn_gram_result *result);

/* A variable whose rows of positive weight all hold one value. */
static inline bool qn_gram_is_constant(const qn_gram *gram, int32_t variable) {
    return !(gram->min[variable] < gram->max[variable]);
}

#endif
