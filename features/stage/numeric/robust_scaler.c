/* robust_scaler: slots of a vector divided by the difference of two of their quantiles, after
 * taking the median away if asked. A slot whose quantiles are equal becomes 0 (factor 0). Quantiles
 * are elements of the data by the rule of Spark's approxQuantile (core/stats/quantile.h); NaN is
 * ignored in the fit and stays. Implicit zeros of sparse vectors count. */
#include "core/memory.h"
#include "core/stats/quantile.h"
#include "features/stage/scale.h"
#include "features/stage/stages.h"
#include "features/stage/vectors.h"
#include "mpi/comm/reduce.h"

#include <math.h>
#include <string.h>

static const qn_option options[] = {
    QN_VECTORS_OPTIONS,
    {"lower", QN_OPTION_REAL, "0.25", "(0,1)", "share of the values below the lower quantile"},
    {"upper", QN_OPTION_REAL, "0.75", "(0,1)", "share of the values below the upper quantile"},
    {"with_centering", QN_OPTION_BOOL, "false", NULL, "take the median away (the result is dense)"},
    {"with_scaling", QN_OPTION_BOOL, "true", NULL, "divide by the range between the quantiles"},
    {"relative_error", QN_OPTION_REAL, "0.001", "[0,1]",
     "error of the quantiles' ranks, as a share of the rows; 0 is exact and keeps all values"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct robust_scaler {
    qn_stage base;
    int64_t counting; /* number of `orders`, while fitting */
    int64_t rows;
    qn_quantiles *orders;
    int64_t width;
    double *median, *range;
} robust_scaler;

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    double lower = qn_options_real(stage->options, "lower");
    double upper = qn_options_real(stage->options, "upper");
    if (!(lower < upper))
        return qn_fail(QN_JOB, "lower is %g, which must be less than upper, %g", lower, upper);
    return qn_vectors_bind_fitted(stage, in, ((robust_scaler *)stage)->width, out);
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status begin_counting(robust_scaler *self, int32_t width) {
    double error = qn_options_real(self->base.options, "relative_error");
    QN_TRY(qn_mem_calloc(&self->orders, (size_t)width, sizeof *self->orders));
    for (; self->counting < width; self->counting++)
        QN_TRY(qn_quantiles_init(&self->orders[self->counting], error));
    return QN_OK;
}

static void end_counting(robust_scaler *self) {
    for (int64_t s = 0; s < self->counting; s++)
        qn_quantiles_clear(&self->orders[s]);
    qn_mem_free(self->orders);
    self->orders = NULL;
    self->counting = self->rows = 0;
}

enum { STRIP = 8 }; /* slots of a dense column taken at once: a cache line */

/* Slots [first, first + count) of the rows that are not null, a slot after the other, each with
 * room for all rows. Returns the number of rows. */
static int64_t split_slots(const qn_column *column, int32_t first, int32_t count, double *out) {
    int64_t rows = 0;
    for (int64_t i = 0; i < column->length; i++) {
        const double *from = column->f64 + i * column->width + first;
        for (int32_t k = 0; k < count; k++)
            out[k * column->length + rows] = from[k];
        rows += !qn_column_is_null(column, i);
    }
    return rows;
}

static qn_status add_dense(robust_scaler *self, int64_t batch, const qn_column *column) {
    double *values = NULL;
    qn_status status = QN_OK;
    int32_t width = column->width;
    QN_TRY(qn_mem_alloc(&values, (size_t)(STRIP * column->length), sizeof *values));
    for (int32_t first = 0; first < width && status == QN_OK; first += STRIP) {
        int32_t count = width - first < STRIP ? width - first : STRIP;
        int64_t rows = split_slots(column, first, count, values);
        for (int32_t k = 0; k < count && status == QN_OK; k++)
            status = qn_quantiles_add(&self->orders[first + k], batch, values + k * column->length,
                                      rows);
    }
    qn_mem_free(values);
    return status;
}

/* The entries in order of their slots: those of slot s end at ends[s]. */
static void sort_by_slot(const qn_column *column, int32_t *ends, double *out) {
    int32_t stored = column->offsets[column->length], start = 0;
    for (int32_t k = 0; k < stored; k++)
        ends[column->indices[k]]++;
    for (int32_t s = 0; s < column->width; s++) {
        int32_t count = ends[s];
        ends[s] = start;
        start += count;
    }
    for (int32_t k = 0; k < stored; k++)
        out[ends[column->indices[k]]++] = column->f64[k];
}

/* The entries of a slot, then its zeros. */
static qn_status add_slot(qn_quantiles *to, int64_t batch, const double *values, int64_t count,
                          const double *zeros, int64_t zero_count) {
    QN_TRY(qn_quantiles_add(to, batch, values, count));
    return qn_quantiles_add(to, batch, zeros, zero_count);
}

static qn_status add_sparse(robust_scaler *self, int64_t batch, const qn_column *column) {
    int32_t *ends = NULL, start = 0;
    double *values = NULL, *zeros = NULL;
    qn_status status;
    int64_t rows = column->length - column->null_count, stored = column->offsets[column->length];
    QN_TRY_GOTO(qn_mem_calloc(&ends, (size_t)column->width, sizeof *ends), done);
    QN_TRY_GOTO(qn_mem_alloc(&values, (size_t)stored, sizeof *values), done);
    QN_TRY_GOTO(qn_mem_calloc(&zeros, (size_t)rows, sizeof *zeros), done);
    sort_by_slot(column, ends, values);
    for (int32_t s = 0; s < column->width && status == QN_OK; start = ends[s++])
        status = add_slot(&self->orders[s], batch, values + start, ends[s] - start, zeros,
                          rows - (ends[s] - start));
done:
    qn_mem_free(ends);
    qn_mem_free(values);
    qn_mem_free(zeros);
    return status;
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    robust_scaler *self = (robust_scaler *)stage;
    int32_t index;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    if (self->orders == NULL)
        QN_TRY(begin_counting(self, schema->fields[index].width));
    const qn_column *column = batch->columns[index];
    self->rows += column->length - column->null_count;
    int64_t number = batch->first_row / QN_BATCH_ROWS;
    if (column->length == 0)
        return QN_OK;
    return column->indices != NULL ? add_sparse(self, number, column)
                                   : add_dense(self, number, column);
}

/* Over all ranks, some slots at a time: their sketches are sent together. */
static qn_status reduce_orders(robust_scaler *self, qn_comm *comm) {
    enum { TOGETHER = 64 };
    for (int64_t first = 0; first < self->counting; first += TOGETHER) {
        qn_quantiles *some[TOGETHER];
        int64_t left = self->counting - first, count = left < TOGETHER ? left : TOGETHER;
        for (int64_t k = 0; k < count; k++)
            some[k] = &self->orders[first + k];
        QN_TRY(qn_reduce_quantiles(comm, some, count));
    }
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    robust_scaler *self = (robust_scaler *)stage;
    double lower = qn_options_real(stage->options, "lower");
    double upper = qn_options_real(stage->options, "upper");
    QN_TRY(qn_comm_sum_i64(comm, &self->rows, 1));
    QN_TRY(qn_vectors_check_rows(stage, self->rows));
    QN_TRY(reduce_orders(self, comm));
    self->width = self->counting;
    size_t width = (size_t)self->width;
    QN_TRY(qn_mem_alloc(&self->median, width, sizeof *self->median));
    QN_TRY(qn_mem_alloc(&self->range, width, sizeof *self->range));
    for (int32_t s = 0; s < self->width; s++) {
        double low = qn_quantiles_value(&self->orders[s], lower);
        double high = qn_quantiles_value(&self->orders[s], upper);
        QN_TRY(qn_scale_check_range(stage, s, low, high));
        self->median[s] = qn_quantiles_value(&self->orders[s], 0.5) + 0.0;
        self->range[s] = high - low + 0.0;
    }
    end_counting(self);
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const robust_scaler *self = (const robust_scaler *)stage;
    qn_scale by = {.width = (int32_t)self->width};
    double *factor = NULL;
    if (qn_options_bool(stage->options, "with_centering"))
        by.shift = self->median;
    if (qn_options_bool(stage->options, "with_scaling"))
        QN_TRY(qn_scale_divide(&factor, self->range, self->width, 0));
    by.factor = factor;
    qn_status status = qn_scale_transform(&by, stage, schema, in, out);
    qn_mem_free(factor);
    return status;
}

/* ---- State ---------------------------------------------------------------------------------- */

enum { ARRAYS = 2 };
#define FITTED(self)                                                                               \
    ((const qn_vectors_array[]){{"median", &(self)->median}, {"range", &(self)->range}})

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    robust_scaler *self = (robust_scaler *)stage;
    return qn_vectors_persist(archive, FITTED(self), ARRAYS, &self->width);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    robust_scaler *self = (robust_scaler *)(uintptr_t)stage;
    return qn_vectors_describe(object, FITTED(self), ARRAYS, self->width);
}

static void clear(qn_stage *stage) {
    robust_scaler *self = (robust_scaler *)stage;
    end_counting(self);
    qn_vectors_clear(FITTED(self), ARRAYS, &self->width);
}

const qn_stage_class qn_robust_scaler_class = {
    .name = "robust_scaler",
    .help = "scale the slots of a vector by their quantiles, and to zero median if asked",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(robust_scaler),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
