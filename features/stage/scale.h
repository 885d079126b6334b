/* An affine map of each slot of a vector column, x -> (x - shift) * factor + offset, computed in
 * this order. */
#ifndef QUERN_FEATURES_STAGE_SCALE_H
#define QUERN_FEATURES_STAGE_SCALE_H

#include "core/stats/extremes.h"
#include "mpi/stage.h"

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

/* Local. For transform: `out` becomes `in` and the scaled input_col. */
QN_CHECKED qn_status qn_scale_transform(const qn_scale *by, const qn_stage *stage,
                                        const qn_schema *schema, const qn_batch *in, qn_batch *out);

/* Local. Factors that divide by `ranges`, `flat` where a range is 0; the caller's. */
QN_CHECKED qn_status qn_scale_divide(double **factors, const double *ranges, int64_t width,
                                     double flat);

/* ---- Fitting by ranges ---------------------------------------------------------------------- */

/* Local. For `add` of a stage that is fitted by the extremes of its input_col: begins them at the
 * first call. */
QN_CHECKED qn_status qn_scale_add_extremes(const qn_stage *stage, const qn_schema *schema,
                                           const qn_batch *batch, qn_extremes *extremes);

/* Collective. For `finish`: the extremes of each slot over all ranks, in two arrays that are the
 * caller's; clears `extremes`. DATA error if there is no row. */
QN_CHECKED qn_status qn_scale_finish_extremes(const qn_stage *stage, qn_comm *comm,
                                              qn_extremes *extremes, double **min, double **max);

/* Local. DATA error about a slot of input_col whose values, from low to high, cannot be scaled:
 * NaN (there are none) or a difference that is not finite. */
QN_CHECKED qn_status qn_scale_check_range(const qn_stage *stage, int32_t slot, double low,
                                          double high);

#endif
