/* max_abs_scaler: slots of a vector divided by their largest absolute value in the fit, into
 * [-1, 1]; a slot of zeros stays as it is. Sparse vectors stay sparse. NaN is ignored in the fit
 * and stays. */
#include "core/memory.h"
#include "features/stage/scale.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <math.h>

static const qn_option options[] = {QN_VECTORS_OPTIONS, {NULL, 0, NULL, NULL, NULL}};

typedef struct max_abs_scaler {
    qn_stage base;
    qn_extremes extremes; /* while fitting */
    int64_t width;
    double *max_abs;
} max_abs_scaler;

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    return qn_vectors_bind_fitted(stage, in, ((max_abs_scaler *)stage)->width, out);
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    return qn_scale_add_extremes(stage, schema, batch, &((max_abs_scaler *)stage)->extremes);
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    max_abs_scaler *self = (max_abs_scaler *)stage;
    double *min = NULL;
    self->width = self->extremes.width;
    qn_status status = qn_scale_finish_extremes(stage, comm, &self->extremes, &min, &self->max_abs);
    for (int32_t s = 0; s < self->width && status == QN_OK; s++) {
        double max = self->max_abs[s], most = fmax(fabs(min[s]), fabs(max));
        if (!isfinite(most))
            status = qn_scale_check_range(stage, s, min[s], max);
        self->max_abs[s] = most;
    }
    qn_mem_free(min);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const max_abs_scaler *self = (const max_abs_scaler *)stage;
    double *factor = NULL;
    QN_TRY(qn_scale_divide(&factor, self->max_abs, self->width, 1));
    qn_scale by = {(int32_t)self->width, NULL, factor, NULL};
    qn_status status = qn_scale_transform(&by, stage, schema, in, out);
    qn_mem_free(factor);
    return status;
}

/* ---- State ---------------------------------------------------------------------------------- */

#define FITTED(self) ((const qn_vectors_array[]){{"max_abs", &(self)->max_abs}})

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    max_abs_scaler *self = (max_abs_scaler *)stage;
    return qn_vectors_persist(archive, FITTED(self), 1, &self->width);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    max_abs_scaler *self = (max_abs_scaler *)(uintptr_t)stage;
    return qn_vectors_describe(object, FITTED(self), 1, self->width);
}

static void clear(qn_stage *stage) {
    max_abs_scaler *self = (max_abs_scaler *)stage;
    qn_extremes_clear(&self->extremes);
    qn_vectors_clear(FITTED(self), 1, &self->width);
}

const qn_stage_class qn_max_abs_scaler_class = {
    .name = "max_abs_scaler",
    .help = "divide the slots of a vector by their largest absolute value",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(max_abs_scaler),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
