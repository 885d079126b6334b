/* Sums, squares and products of the slots of vectors with one label: what regressions of the label
 * on each slot alone need. Over ranks: qn_reduce_cross (mpi/comm/reduce.h).
 *
 * Blocks of 256 rows are centred on their means and multiplied out in floating point, moved back to
 * the origin and added up exactly, as in core/stats/moments_rounded.c: what is lost is relative to
 * the spread of the values, and depends on the batch alone. */
#ifndef QUERN_CORE_STATS_CROSS_H
#define QUERN_CORE_STATS_CROSS_H

#include "core/column/column.h"
#include "core/stats/hypothesis.h"
#include "core/stats/sums.h"

typedef struct qn_cross {
    int32_t width;
    int64_t rows;
    qn_sums sums; /* y, y^2; then for each slot x, x^2, x y */
    double *min;  /* width + 1, the label last */
    double *max;
} qn_cross;

QN_CHECKED qn_status qn_cross_init(qn_cross *cross, int32_t width);
void qn_cross_clear(qn_cross *cross);

/* Local. All rows of a vector column without nulls and their labels, all finite. Dense about 1 ns a
 * value; sparse, whose slots are not centred, 2 ns a stored value. */
QN_CHECKED qn_status qn_cross_add(qn_cross *cross, const qn_column *vectors, const double *labels);

/* The sums of a slot. */
void qn_cross_sums(const qn_cross *cross, int32_t slot, qn_test_sums *out);

#endif
