/* An affine map of each slot of a vector column, x -> (x - shift) * factor + offset, computed in
 * this order. */
#ifndef QUERN_FEATURES_STAGE_SCALE_H
#define QUERN_FEATURES_STAGE_SCALE_H

#include "core/column/column.h"

/* The arrays are borrowed and hold one number a slot; a NULL one is 0, 1 or 0 everywhere. */
typedef struct qn_scale {
    int32_t width;
    const double *shift, *factor, *offset;
} qn_scale;

/* Local. The scaled column; `in` has `by->width` slots. Null rows stay null, NaN stays NaN.
 *
 * Dense stays dense. Sparse stays sparse where all zeros stay zero: stored entries are scaled, also
 * those that become 0. Otherwise slots whose zeros change have an entry in every row, and the
 * result is dense unless 1.5 * (entries + rows) < rows * width (Spark's rule for a whole batch),
 * so a few such slots do not blow up wide vectors.
 *
 * Cost: dense, one read and one write a value at the speed of memory; sparse about 1 ns a stored
 * value. Errors: MEMORY. */
QN_CHECKED qn_status qn_scale_apply(const qn_scale *by, const qn_column *in, qn_column **out);

#endif
