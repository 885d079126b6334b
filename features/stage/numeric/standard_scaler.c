/* standard_scaler: slots of a vector divided by their sample standard deviation, after taking the
 * mean away if asked. A slot without variance becomes 0 (factor 0). Sparse vectors stay sparse
 * unless the mean is taken away. */
#include "core/memory.h"
#include "core/stats/moments.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"
#include "mpi/comm/reduce.h"

#include <math.h>
#include <string.h>

static const qn_option options[] = {
    {"input_col", QN_OPTION_TEXT, "features", NULL, "vector column to read"},
    {"output_col", QN_OPTION_TEXT, NULL, NULL, "vector column to add"},
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

static qn_status find_input(const qn_stage *stage, const qn_schema *schema, int32_t *index) {
    QN_TRY(qn_schema_require(schema, qn_options_text(stage->options, "input_col"), index));
    if (schema->fields[*index].type != QN_VECTOR)
        return qn_columns_fail_type(&schema->fields[*index], "a vector (see vector_assembler)");
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    const standard_scaler *self = (standard_scaler *)stage;
    int32_t index;
    if (!qn_options_is_set(stage->options, "output_col"))
        return qn_fail(QN_JOB, "output_col is not set");
    QN_TRY(find_input(stage, in, &index));
    const qn_field *field = &in->fields[index];
    if (stage->fitted && field->width != self->width)
        return qn_fail(QN_JOB, "column '%s' has %d slots, but %lld were fitted", field->name,
                       field->width, (long long)self->width);
    QN_TRY(qn_schema_copy(out, in));
    return qn_columns_add(out, qn_options_text(stage->options, "output_col"), QN_VECTOR,
                          field->width, field->attributes);
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    standard_scaler *self = (standard_scaler *)stage;
    int32_t index;
    QN_TRY(find_input(stage, schema, &index));
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
    if (self->moments.rows == 0)
        return qn_fail(QN_DATA, "there is no row to fit");
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

/* x -> (x - shift) * factor, the pairs of a few rows one after the other, so that the inner loop
 * is long however narrow the vectors are. */
typedef struct pattern {
    int64_t length; /* a multiple of the width */
    double *shift, *factor;
} pattern;

enum { PATTERN = 512 };

static qn_status make_pattern(const standard_scaler *self, pattern *out) {
    bool with_mean = qn_options_bool(self->base.options, "with_mean");
    bool with_std = qn_options_bool(self->base.options, "with_std");
    int64_t width = self->width, rows = width > 0 ? (PATTERN + width - 1) / width : 0;
    double *values = NULL;
    QN_TRY(qn_mem_alloc(&values, (size_t)(2 * rows * width), sizeof *values));
    *out = (pattern){rows * width, values, values + rows * width};
    for (int64_t i = 0; i < out->length; i++) {
        double std = self->std[i % width];
        out->shift[i] = with_mean ? self->mean[i % width] : 0;
        out->factor[i] = !with_std ? 1 : std != 0 ? 1 / std : 0;
    }
    return QN_OK;
}

__attribute__((target_clones("avx512f", "avx2", "default"))) static void
scale_block(const double *in, double *out, const double *shift, const double *factor,
            int64_t count) {
    for (int64_t i = 0; i < count; i++)
        out[i] = (in[i] - shift[i]) * factor[i];
}

static void scale_values(const pattern *by, const double *in, double *out, int64_t count) {
    for (int64_t first = 0; first < count; first += by->length) {
        int64_t left = count - first;
        scale_block(in + first, out + first, by->shift, by->factor,
                    left < by->length ? left : by->length);
    }
}

static qn_status scale_sparse(const pattern *by, const qn_column *in, qn_column **out) {
    int64_t stored = in->offsets[in->length];
    qn_column *column = NULL;
    QN_TRY(qn_column_new_sparse(&column, in->length, in->width, stored));
    memcpy(column->offsets, in->offsets, (size_t)(in->length + 1) * sizeof *in->offsets);
    memcpy(column->indices, in->indices, (size_t)stored * sizeof *in->indices);
    for (int64_t i = 0; i < stored; i++)
        column->f64[i] = in->f64[i] * by->factor[in->indices[i]];
    *out = column;
    return QN_OK;
}

static qn_status scale_dense(const pattern *by, const qn_column *in, qn_column **out) {
    qn_column *dense = NULL, *column = NULL;
    QN_TRY(qn_column_densify(&dense, in));
    qn_status status = qn_column_new_raw(&column, QN_VECTOR, in->length, in->width);
    if (status == QN_OK) {
        scale_values(by, dense->f64, column->f64, in->length * in->width);
        *out = column;
    }
    qn_column_release(dense);
    return status;
}

/* A null row is zeros (dense) or empty (sparse). */
static qn_status copy_nulls(qn_column *to, const qn_column *from) {
    for (int64_t i = 0; from->null_count > 0 && i < from->length; i++) {
        if (!qn_column_is_null(from, i))
            continue;
        QN_TRY(qn_column_set_null(to, i));
        if (to->indices == NULL)
            memset(to->f64 + i * to->width, 0, (size_t)to->width * sizeof *to->f64);
    }
    return QN_OK;
}

static qn_status scale(const standard_scaler *self, const qn_column *in, qn_column **out) {
    pattern by = {0};
    qn_column *column = NULL;
    QN_TRY(make_pattern(self, &by));
    bool sparse = in->indices != NULL && !qn_options_bool(self->base.options, "with_mean");
    qn_status status = sparse ? scale_sparse(&by, in, &column) : scale_dense(&by, in, &column);
    if (status == QN_OK)
        status = copy_nulls(column, in);
    if (status == QN_OK)
        *out = column;
    else
        qn_column_release(column);
    qn_mem_free(by.shift);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const standard_scaler *self = (const standard_scaler *)stage;
    int32_t index;
    qn_column *scaled = NULL;
    QN_TRY(find_input(stage, schema, &index));
    QN_TRY(qn_batch_share(out, in));
    QN_TRY(scale(self, in->columns[index], &scaled));
    return qn_batch_append(out, scaled);
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    standard_scaler *self = (standard_scaler *)stage;
    int64_t stds = self->width;
    QN_TRY(qn_archive_reals(archive, "mean", &self->mean, &self->width));
    QN_TRY(qn_archive_reals(archive, "std", &self->std, &stds));
    if (stds != self->width)
        return qn_fail(QN_DATA, "the file has %lld means, but %lld deviations",
                       (long long)self->width, (long long)stds);
    return QN_OK;
}

static json_t *reals_json(const double *values, int64_t count) {
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        if (json_array_append_new(array,
                                  isfinite(values[i]) ? json_real(values[i]) : json_null()) != 0)
            break;
    return array;
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const standard_scaler *self = (const standard_scaler *)stage;
    int failed = json_object_set_new(object, "mean", reals_json(self->mean, self->width));
    failed |= json_object_set_new(object, "std", reals_json(self->std, self->width));
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

static void clear(qn_stage *stage) {
    standard_scaler *self = (standard_scaler *)stage;
    end_counting(self);
    qn_mem_free(self->mean);
    qn_mem_free(self->std);
    self->mean = self->std = NULL;
    self->width = 0;
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
