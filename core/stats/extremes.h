/* Smallest and largest value of each slot of a vector column.
 *
 * Meaning is that of Spark's Summarizer: NaN is ignored, implicit zeros of sparse vectors count,
 * null rows are left out. Order-free: -0 and 0 are one value, 0. */
#ifndef QUERN_CORE_STATS_EXTREMES_H
#define QUERN_CORE_STATS_EXTREMES_H

#include "core/column/column.h"

typedef struct qn_extremes {
    int32_t width;
    int64_t rows;       /* not null */
    int64_t dense_rows; /* of these, in dense columns */
    int64_t *stored;    /* width: entries in sparse columns */
    double *min, *max;  /* width, of the values looked at that are not NaN; none: +inf, -inf */
} qn_extremes;

QN_CHECKED qn_status qn_extremes_init(qn_extremes *extremes, int32_t width);
void qn_extremes_clear(qn_extremes *extremes); /* once more is fine */

/* Local. Adds a vector column of `width` slots. Errors: MEMORY. Cost: dense at the speed of memory,
 * sparse 1 ns a stored value. */
QN_CHECKED qn_status qn_extremes_add(qn_extremes *extremes, const qn_column *column);

/* Local. `other` has the same width. Over ranks: qn_reduce_extremes (mpi/comm/reduce.h). */
void qn_extremes_merge(qn_extremes *extremes, const qn_extremes *other);

/* Results of a slot; NaN if nothing but NaN was met, or nothing at all. */
double qn_extremes_min(const qn_extremes *extremes, int32_t slot);
double qn_extremes_max(const qn_extremes *extremes, int32_t slot);

#endif
