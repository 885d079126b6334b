/* standard_scaler: slots of a vector divided by their sample standard deviation, after taking the
 * mean away if asked. A slot without variance becomes 0 (factor 0). Sparse vectors stay sparse
 * unless the mean is taken away. */
#include "core/memory.h"
#include "core/stats/moments.h"
#include "features/stage/scale.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"
#include "mpi/comm/reduce.h"

#include <math.h>

static const qn_option options[] = {
    QN_VECTORS_OPTIONS,
    {"with_mean", QN_OPTION_BOOL, "false", NULL, "take the mean away (the result is dense)"},
    {"with_std", QN_OPTION_BOOL, "true", NULL, "divide by the sample standard deviation"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct standard_scaler {
    qn_stage base;
    bool counting;
    qn_moments moments; /* while fitting */
    int64_t width;
    double *mean, *std;
} standard_scaler;

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    return qn_vectors_bind_fitted(stage, in, ((standard_scaler *)stage)->width, out);
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    standard_scaler *self = (standard_scaler *)stage;
    int32_t index;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    if (!self->counting)
        QN_TRY(qn_moments_init(&self->moments, schema->fields[index].width, QN_MOMENTS_PLAIN));
    self->counting = true;
    return qn_moments_add_rounded(&self->moments, batch->columns[index]);
}

static void end_counting(standard_scaler *self) {
    if (self->counting)
        qn_moments_clear(&self->moments);
    self->counting = false;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    standard_scaler *self = (standard_scaler *)stage;
    QN_TRY(qn_reduce_moments(comm, &self->moments));
    QN_TRY(qn_vectors_check_rows(stage, self->moments.rows));
    size_t width = (size_t)self->moments.width;
    QN_TRY(qn_mem_alloc(&self->mean, width, sizeof *self->mean));
    QN_TRY(qn_mem_alloc(&self->std, width, sizeof *self->std));
    self->width = self->moments.width;
    for (int32_t i = 0; i < self->moments.width; i++) {
        self->mean[i] = qn_moments_mean(&self->moments, i);
        self->std[i] = sqrt(qn_moments_variance(&self->moments, i, QN_VARIANCE_SAMPLE));
    }
    end_counting(self);
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const standard_scaler *self = (const standard_scaler *)stage;
    qn_scale by = {.width = (int32_t)self->width};
    double *factor = NULL;
    if (qn_options_bool(stage->options, "with_mean"))
        by.shift = self->mean;
    if (qn_options_bool(stage->options, "with_std"))
        QN_TRY(qn_scale_divide(&factor, self->std, self->width, 0));
    by.factor = factor;
    qn_status status = qn_scale_transform(&by, stage, schema, in, out);
    qn_mem_free(factor);
    return status;
}

/* ---- State ---------------------------------------------------------------------------------- */

enum { ARRAYS = 2 };
#define FITTED(self) ((const qn_vectors_array[]){{"mean", &(self)->mean}, {"std", &(self)->std}})

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    standard_scaler *self = (standard_scaler *)stage;
    return qn_vectors_persist(archive, FITTED(self), ARRAYS, &self->width);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    standard_scaler *self = (standard_scaler *)(uintptr_t)stage;
    return qn_vectors_describe(object, FITTED(self), ARRAYS, self->width);
}

static void clear(qn_stage *stage) {
    standard_scaler *self = (standard_scaler *)stage;
    end_counting(self);
    qn_vectors_clear(FITTED(self), ARRAYS, &self->width);
}

const qn_stage_class qn_standard_scaler_class = {
    .name = "standard_scaler",
    .help = "scale the slots of a vector to unit deviation, and to zero mean if asked",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(standard_scaler),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
