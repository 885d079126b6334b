/* min_max_scaler: slots of a vector moved and stretched from their range in the fit to [min, max];
 * a slot that was constant becomes (min + max) / 2. NaN is ignored in the fit and stays. */
#include "core/memory.h"
#include "features/stage/scale.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"

#include <math.h>

static const qn_option options[] = {
    QN_VECTORS_OPTIONS,
    {"min", QN_OPTION_REAL, "0", "(-inf,inf)", "what the smallest value of a slot becomes"},
    {"max", QN_OPTION_REAL, "1", "(-inf,inf)", "what the largest value of a slot becomes"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct min_max_scaler {
    qn_stage base;
    qn_extremes extremes; /* while fitting */
    int64_t width;
    double *min, *max; /* of the slots */
} min_max_scaler;

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    double min = qn_options_real(stage->options, "min");
    double max = qn_options_real(stage->options, "max");
    if (!(min < max))
        return qn_fail(QN_JOB, "min is %g, which must be less than max, %g", min, max);
    return qn_vectors_bind_fitted(stage, in, ((min_max_scaler *)stage)->width, out);
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    return qn_scale_add_extremes(stage, schema, batch, &((min_max_scaler *)stage)->extremes);
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    min_max_scaler *self = (min_max_scaler *)stage;
    self->width = self->extremes.width;
    QN_TRY(qn_scale_finish_extremes(stage, comm, &self->extremes, &self->min, &self->max));
    for (int32_t s = 0; s < self->width; s++)
        QN_TRY(qn_scale_check_range(stage, s, self->min[s], self->max[s]));
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status make_scale(const min_max_scaler *self, qn_scale *out) {
    double *factor = NULL;
    double min = qn_options_real(self->base.options, "min");
    double max = qn_options_real(self->base.options, "max");
    QN_TRY(qn_mem_alloc(&factor, (size_t)(2 * self->width), sizeof *factor));
    double *offset = factor + self->width;
    for (int64_t s = 0; s < self->width; s++) {
        double range = self->max[s] - self->min[s];
        factor[s] = range != 0 ? (max - min) / range : 0;
        offset[s] = range != 0 ? min : (min + max) / 2;
    }
    *out = (qn_scale){(int32_t)self->width, self->min, factor, offset};
    return QN_OK;
}

static void set_slot(qn_column *column, int64_t row, int32_t slot, double value) {
    if (column->indices == NULL) {
        column->f64[row * column->width + slot] = value;
        return;
    }
    for (int32_t k = column->offsets[row]; k < column->offsets[row + 1]; k++)
        if (column->indices[k] == slot)
            column->f64[k] = value;
}

/* An infinity in a slot that was constant: the map makes it NaN, but it is a number like others. */
static void mend_constants(const qn_scale *by, const qn_column *in, qn_column *out) {
    bool sparse = in->indices != NULL;
    for (int64_t i = 0; i < in->length && sparse; i++)
        for (int32_t k = in->offsets[i]; k < in->offsets[i + 1]; k++)
            if (by->factor[in->indices[k]] == 0 && isinf(in->f64[k]))
                set_slot(out, i, in->indices[k], by->offset[in->indices[k]]);
    for (int32_t s = 0; s < by->width && !sparse; s++)
        for (int64_t i = 0; i < in->length && by->factor[s] == 0; i++)
            if (isinf(in->f64[i * in->width + s]))
                set_slot(out, i, s, by->offset[s]);
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    int32_t index;
    qn_scale by = {0};
    qn_column *scaled = NULL;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    QN_TRY(make_scale((const min_max_scaler *)stage, &by));
    qn_status status = qn_scale_apply(&by, in->columns[index], &scaled);
    if (status == QN_OK) {
        mend_constants(&by, in->columns[index], scaled);
        status = qn_vectors_append(in, scaled, out);
    }
    qn_mem_free((void *)(uintptr_t)by.factor);
    return status;
}

/* ---- State ---------------------------------------------------------------------------------- */

enum { ARRAYS = 2 };
#define FITTED(self)                                                                               \
    ((const qn_vectors_array[]){{"original_min", &(self)->min}, {"original_max", &(self)->max}})

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    min_max_scaler *self = (min_max_scaler *)stage;
    return qn_vectors_persist(archive, FITTED(self), ARRAYS, &self->width);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    min_max_scaler *self = (min_max_scaler *)(uintptr_t)stage;
    return qn_vectors_describe(object, FITTED(self), ARRAYS, self->width);
}

static void clear(qn_stage *stage) {
    min_max_scaler *self = (min_max_scaler *)stage;
    qn_extremes_clear(&self->extremes);
    qn_vectors_clear(FITTED(self), ARRAYS, &self->width);
}

const qn_stage_class qn_min_max_scaler_class = {
    .name = "min_max_scaler",
    .help = "scale the slots of a vector to a range",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(min_max_scaler),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
