/* regression: y = bias + sum of coefficient_j * x_j + noise. All x are independent standard
 * normal numbers; the first `informative` coefficients are even in [1, 10), the others 0. */
#include "features/generate/kinds.h"

#include "core/memory.h"

#include <stdio.h>

static const qn_option options[] = {
    QN_GENERATE_ROWS,
    QN_GENERATE_SEED,
    {"features", QN_OPTION_INT, "50", "[1,10000]", "number of columns x1, x2, ..."},
    {"informative", QN_OPTION_INT, "10", "[0,10000]", "how many of them, from x1 on, y depends on"},
    {"noise", QN_OPTION_REAL, "1", "[0,inf)", "standard deviation of the noise in y"},
    {"bias", QN_OPTION_REAL, "0", "(-inf,inf)", "what is added to every y"},
    {NULL, QN_OPTION_BOOL, NULL, NULL, NULL}};

typedef struct regression {
    int32_t features, informative;
    double noise, bias;
    qn_random row;
    double *coefficients;
} regression;

static void finish(void *state) {
    regression *self = state;
    qn_mem_free(self->coefficients);
    qn_mem_free(self);
}

static qn_status add_fields(qn_schema *schema, int32_t features) {
    for (int32_t k = 1; k <= features; k++) {
        char name[16];
        snprintf(name, sizeof name, "x%d", k);
        QN_TRY(qn_schema_add(schema, name, QN_FLOAT64));
    }
    return qn_schema_add(schema, "y", QN_FLOAT64);
}

static qn_status start(const qn_options *set, qn_schema *schema, void **state) {
    uint64_t seed = (uint64_t)qn_options_int(set, "seed");
    int64_t features = qn_options_int(set, "features");
    int64_t informative = qn_options_int(set, "informative");
    if (informative > features && qn_options_is_set(set, "informative"))
        return qn_fail(QN_JOB, "informative (%lld) is more than features (%lld)",
                       (long long)informative, (long long)features);
    QN_TRY(add_fields(schema, (int32_t)features));
    regression *self = NULL;
    QN_TRY(qn_mem_calloc(&self, 1, sizeof *self));
    self->features = (int32_t)features;
    self->informative = (int32_t)(informative < features ? informative : features);
    self->noise = qn_options_real(set, "noise");
    self->bias = qn_options_real(set, "bias");
    self->row = qn_random_new(seed, "regression.row");
    qn_status status =
        qn_mem_calloc(&self->coefficients, (size_t)features, sizeof *self->coefficients);
    if (status != QN_OK) {
        finish(self);
        return status;
    }
    qn_random truth = qn_random_new(seed, "regression.coefficient");
    for (int32_t k = 0; k < self->informative; k++)
        self->coefficients[k] = 1 + 9 * qn_random_uniform(truth, (uint64_t)k, 0);
    *state = self;
    return QN_OK;
}

/* Features 2k and 2k + 1 come from draw k, the noise from the draw behind them. */
static void fill_features(const regression *self, const qn_batch *batch, double *spare) {
    for (int32_t k = 0; k < self->features; k += 2)
        qn_random_normal_rows(
            batch->columns[k]->f64, k + 1 < self->features ? batch->columns[k + 1]->f64 : spare,
            self->row, (uint64_t)batch->first_row, batch->length, (uint32_t)k / 2);
}

static void fill_label(const regression *self, const qn_batch *batch, double *spare) {
    double *y = batch->columns[self->features]->f64;
    if (self->noise > 0)
        qn_random_normal_rows(y, spare, self->row, (uint64_t)batch->first_row, batch->length,
                              (uint32_t)self->features);
    for (int64_t i = 0; i < batch->length; i++)
        y[i] = self->bias + self->noise * y[i];
    for (int32_t k = 0; k < self->informative; k++) {
        const double *x = batch->columns[k]->f64;
        for (int64_t i = 0; i < batch->length; i++)
            y[i] += self->coefficients[k] * x[i];
    }
}

static qn_status fill(const void *state, qn_batch *batch) {
    const regression *self = state;
    for (int32_t k = 0; k <= self->features; k++) {
        qn_column *column = NULL;
        QN_TRY(qn_column_new(&column, QN_FLOAT64, batch->length, 0));
        QN_TRY(qn_batch_append(batch, column));
    }
    double *spare = NULL;
    QN_TRY(qn_mem_alloc(&spare, (size_t)batch->length, sizeof *spare));
    fill_features(self, batch, spare);
    fill_label(self, batch, spare);
    qn_mem_free(spare);
    return QN_OK;
}

const qn_generator qn_generator_regression = {
    "regression", "a dense numeric table: x1, x2, ... and y, linear in some of them plus noise",
    options,      start,
    fill,         finish};
