/* The passes over the data of a linear fit. */
#include "ml/linear_regression.h"

#include "core/linalg/special.h"
#include "core/memory.h"
#include "mpi/comm/reduce.h"

#include <math.h>

#define RESIDUAL_ERROR 0.0005 /* of the residuals' quantiles: exact up to 80,000 rows */

typedef struct training {
    const qn_schema *schema;
    qn_roles roles;
    qn_observations observations;
    qn_gram gram;
    qn_linear_fit fit;
    /* residuals of the present fit */
    qn_evaluation evaluation;
    qn_quantiles residuals;
    double *prediction;
    int64_t capacity;
    bool refining;
    double *gradient; /* width + 1: of a batch; the last is sum w r */
    qn_sums gradients;
} training;

static const double *weights_of(const training *self) {
    return self->roles.weight < 0 ? NULL : self->observations.weights;
}

/* ---- First pass: cross products ------------------------------------------------------------- */

/* Rows of weight 0 are no part of the products, but of the passes that follow. */
static bool has_bad_idle_row(const training *self) {
    const qn_observations *seen = &self->observations;
    bool idle = false;
    int64_t row;
    int32_t slot;
    for (int64_t i = 0; self->roles.weight >= 0 && i < seen->count; i++)
        idle |= seen->weights[i] == 0;
    return idle && qn_gram_find_bad(seen->features, &row, &slot);
}

static qn_status visit_products(void *context, const qn_batch *batch) {
    training *self = context;
    QN_TRY(qn_observations_read(&self->observations, self->schema, batch, self->roles));
    qn_status status = qn_gram_add(&self->gram, self->observations.features,
                                   self->observations.label, weights_of(self));
    if (status == QN_DATA || (status == QN_OK && has_bad_idle_row(self)))
        return qn_observations_fail_feature(self->schema, batch, self->roles.features);
    return status;
}

static qn_status solve(training *self, qn_stream *in, qn_comm *comm, qn_linear_options options) {
    int32_t width = self->schema->fields[self->roles.features].width;
    QN_TRY(qn_comm_agree(comm, qn_gram_init(&self->gram, width)));
    QN_TRY(qn_stage_scan(in, comm, visit_products, self));
    QN_TRY(qn_reduce_gram(comm, &self->gram));
    if (self->gram.rows == 0)
        return qn_fail(QN_DATA, "there is no row to fit");
    return qn_linear_fit_solve(&self->fit, &self->gram, options);
}

/* ---- Further passes: residuals -------------------------------------------------------------- */

static void add_gradient_dense(const training *self, const double *residual) {
    const qn_column *features = self->observations.features;
    const double *mean = self->fit.mean;
    for (int64_t i = 0; i < features->length; i++) {
        const double *row = features->f64 + i * features->width;
        for (int32_t j = 0; j < features->width; j++)
            self->gradient[j] += residual[i] * (row[j] - mean[j]);
        self->gradient[features->width] += residual[i];
    }
}

static void add_gradient_sparse(const training *self, const double *residual) {
    const qn_column *features = self->observations.features;
    double total = 0;
    for (int64_t i = 0; i < features->length; i++) {
        for (int32_t k = features->offsets[i]; k < features->offsets[i + 1]; k++)
            self->gradient[features->indices[k]] += residual[i] * features->f64[k];
        total += residual[i];
    }
    for (int32_t j = 0; j < features->width; j++)
        self->gradient[j] -= total * self->fit.mean[j];
    self->gradient[features->width] = total;
}

/* `prediction` is overwritten by weighted residuals. */
static qn_status add_gradient(training *self, double *prediction) {
    const qn_observations *seen = &self->observations;
    const double *weights = weights_of(self);
    for (int64_t i = 0; i < seen->count; i++)
        prediction[i] = (weights == NULL ? 1 : weights[i]) * (seen->label[i] - prediction[i]);
    for (int32_t j = 0; j <= seen->features->width; j++)
        self->gradient[j] = 0;
    if (seen->features->indices == NULL)
        add_gradient_dense(self, prediction);
    else
        add_gradient_sparse(self, prediction);
    return qn_sums_add_array(&self->gradients, 0, self->gradient,
                             (int64_t)seen->features->width + 1);
}

static qn_status visit_residuals(void *context, const qn_batch *batch) {
    training *self = context;
    const qn_observations *seen = &self->observations;
    QN_TRY(qn_observations_read(&self->observations, self->schema, batch, self->roles));
    QN_TRY(qn_mem_reserve(&self->prediction, &self->capacity, seen->count + 1,
                          sizeof *self->prediction));
    qn_linear_predict(seen->features, self->fit.coefficients, self->fit.intercept,
                      self->prediction);
    if (self->refining)
        return add_gradient(self, self->prediction);
    QN_TRY(qn_evaluation_add(&self->evaluation, seen->label, self->prediction, weights_of(self),
                             seen->count));
    for (int64_t i = 0; i < seen->count; i++)
        self->prediction[i] = seen->label[i] - self->prediction[i];
    return qn_quantiles_add(&self->residuals, batch->first_row / QN_BATCH_ROWS, self->prediction,
                            seen->count);
}

static qn_status refine(training *self, qn_stream *in, qn_comm *comm) {
    int64_t variables = (int64_t)self->fit.width + 1;
    qn_status status = qn_sums_init(&self->gradients, variables);
    if (status == QN_OK)
        status = qn_mem_calloc(&self->gradient, (size_t)variables, sizeof *self->gradient);
    QN_TRY(qn_comm_agree(comm, status));
    self->refining = true;
    QN_TRY(qn_stage_scan(in, comm, visit_residuals, self));
    self->refining = false;
    QN_TRY(qn_reduce_sum_vector(comm, &self->gradients));
    for (int64_t j = 0; j < variables; j++)
        self->gradient[j] = qn_sums_result(&self->gradients, j);
    return qn_linear_fit_refine(&self->fit, self->gradient, self->gradient[variables - 1]);
}

static qn_status evaluate(training *self, qn_stream *in, qn_comm *comm) {
    qn_quantiles *residuals = &self->residuals;
    qn_status status = qn_evaluation_init(&self->evaluation, self->roles.weight >= 0);
    if (status == QN_OK)
        status = qn_quantiles_init(residuals, RESIDUAL_ERROR);
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_stage_scan(in, comm, visit_residuals, self));
    QN_TRY(qn_evaluation_reduce(&self->evaluation, comm));
    return qn_reduce_quantiles(comm, &residuals, 1);
}

/* ---- The model ------------------------------------------------------------------------------ */

static qn_status name_features(const training *self, qn_linear_model *model) {
    const qn_field *field = &self->schema->fields[self->roles.features];
    const qn_attributes *known = field->attributes;
    int64_t width = self->fit.width;
    QN_TRY(qn_mem_calloc(&model->names, (size_t)width, sizeof *model->names));
    model->width = width;
    for (int32_t j = 0; j < width; j++) {
        if (known != NULL && known->names != NULL && j < known->count)
            QN_TRY(qn_mem_copy_text(&model->names[j], known->names[j]));
        else
            QN_TRY(qn_format(&model->names[j], "%s_%d", field->name, j));
    }
    return QN_OK;
}

static double objective_of(const qn_linear_fit *fit, const qn_metrics *metrics) {
    double penalty = 0;
    for (int32_t j = 0; j < fit->width; j++)
        penalty += fit->penalty[j] * fit->coefficients[j] * fit->coefficients[j];
    return (metrics->squared_error + penalty) / (2 * fit->weight);
}

static void summarize(const training *self, qn_linear_model *model) {
    const qn_linear_fit *fit = &self->fit;
    bool intercept = fit->options.intercept;
    qn_evaluation_finish(&self->evaluation, !intercept, &model->metrics);
    model->rows = self->gram.rows;
    model->rank = fit->rank;
    model->singular = fit->singular;
    model->degrees = model->rows - fit->rank - intercept;
    double base = (double)(model->rows - intercept), left = (double)model->degrees;
    model->r2adj = left > 0 ? 1 - (1 - model->metrics.r2) * base / left : (double)NAN;
    model->objective = objective_of(fit, &model->metrics);
    model->intercept = fit->intercept;
    for (int i = 0; i < QN_RESIDUAL_QUANTILES; i++)
        model->residuals[i] = qn_quantiles_value(&self->residuals, 0.25 * i);
}

static qn_status add_errors(const qn_linear_fit *fit, qn_linear_model *model) {
    if (fit->singular || fit->constant)
        return QN_OK;
    double degrees = (double)model->degrees;
    double variance = degrees > 0 ? model->metrics.squared_error / degrees : (double)NAN;
    size_t count = (size_t)fit->width + fit->options.intercept;
    QN_TRY(qn_mem_alloc(&model->std_errors, count, sizeof *model->std_errors));
    QN_TRY(qn_mem_alloc(&model->t_values, count, sizeof *model->t_values));
    QN_TRY(qn_mem_alloc(&model->p_values, count, sizeof *model->p_values));
    QN_TRY(qn_linear_fit_errors(fit, variance, model->std_errors));
    for (size_t j = 0; j < count; j++) {
        double value = j < (size_t)fit->width ? fit->coefficients[j] : fit->intercept;
        model->t_values[j] = value / model->std_errors[j];
        model->p_values[j] = qn_student_t_two_sided(model->t_values[j], degrees);
    }
    model->error_count = (int64_t)count;
    return QN_OK;
}

static qn_status make_model(training *self, qn_linear_model *out) {
    qn_linear_model model = {0};
    qn_status status;
    QN_TRY_GOTO(name_features(self, &model), done);
    summarize(self, &model);
    QN_TRY_GOTO(add_errors(&self->fit, &model), done);
    model.coefficients = self->fit.coefficients;
    self->fit.coefficients = NULL;
    *out = model;
    model = (qn_linear_model){0};
done:
    qn_linear_model_clear(&model);
    return status;
}

static void clear_training(training *self) {
    qn_observations_clear(&self->observations);
    qn_gram_clear(&self->gram);
    qn_linear_fit_clear(&self->fit);
    qn_evaluation_clear(&self->evaluation);
    qn_quantiles_clear(&self->residuals);
    qn_sums_clear(&self->gradients);
    qn_mem_free(self->prediction);
    qn_mem_free(self->gradient);
}

qn_status qn_linear_model_fit(qn_linear_model *out, qn_stream *in, qn_comm *comm, qn_roles roles,
                              qn_linear_options options) {
    training self = {.schema = &in->schema, .roles = roles};
    qn_status status;
    qn_observations_init(&self.observations);
    QN_TRY_GOTO(qn_comm_agree(comm, solve(&self, in, comm, options)), done);
    if (qn_linear_fit_wants_refinement(&self.fit))
        QN_TRY_GOTO(qn_comm_agree(comm, refine(&self, in, comm)), done);
    QN_TRY_GOTO(evaluate(&self, in, comm), done);
    status = make_model(&self, out);
done:
    clear_training(&self);
    return status;
}
