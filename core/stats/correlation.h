/* Sums of squares and products of every two of some columns, over the rows where both have a value:
 * pairwise complete observations, what correlation matrices are made of. Over ranks:
 * qn_reduce_correlation (mpi/comm/reduce.h).
 *
 * A batch is centred near its own means, multiplied out with the kernel of Gram matrices (columns
 * with missing values also with their squares and as 0 and 1), moved back to the origin and added
 * up exactly. So nothing depends on how batches are spread over ranks, and large means lose
 * nothing. */
#ifndef QUERN_CORE_STATS_CORRELATION_H
#define QUERN_CORE_STATS_CORRELATION_H

#include "core/stats/hypothesis.h"
#include "core/stats/sums.h"

typedef struct qn_correlation {
    int32_t width;
    int64_t *rows;  /* width x width: with a value in both columns */
    qn_sums sums;   /* for columns i, j and rows with both: x_i (width x width); x_i^2 (the same);
                       x_i x_j (the same, j > i) */
    int64_t length; /* private, of the arrays below */
    double *packed, *product, *total, *total_rest; /* private: kept from batch to batch */
} qn_correlation;

QN_CHECKED qn_status qn_correlation_init(qn_correlation *correlation, int32_t width);
void qn_correlation_clear(qn_correlation *correlation);

/* Local. Adds `rows` rows: columns[i] are the values of column i, missing where they are not
 * finite. Values are so small that their squares are finite: else DATA error. Cost: width^2 / 2
 * multiply-adds a row; up to 9 times that where values are missing. */
QN_CHECKED qn_status qn_correlation_add(qn_correlation *correlation, const double *const *columns,
                                        int64_t rows);

/* The sums of columns i (x) and j (y). */
void qn_correlation_sums(const qn_correlation *correlation, int32_t i, int32_t j,
                         qn_test_sums *out);

#endif
