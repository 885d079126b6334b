#include "ml/evaluate.h"

#include "core/memory.h"
#include "ml/observations.h"
#include "mpi/comm/reduce.h"
#include "mpi/stage.h"

#include <math.h>
#include <string.h>

qn_status qn_evaluation_init(qn_evaluation *evaluation, bool weighted) {
    int flags = weighted ? QN_MOMENTS_WEIGHTED : QN_MOMENTS_PLAIN;
    *evaluation = (qn_evaluation){0};
    qn_sum_init(&evaluation->squared);
    qn_sum_init(&evaluation->absolute);
    QN_TRY(qn_moments_init(&evaluation->label, 1, flags));
    qn_status status = qn_moments_init(&evaluation->prediction, 1, flags);
    if (status != QN_OK)
        qn_moments_clear(&evaluation->label);
    return status;
}

void qn_evaluation_clear(qn_evaluation *evaluation) {
    qn_moments_clear(&evaluation->label);
    qn_moments_clear(&evaluation->prediction);
}

static void add_errors(qn_evaluation *evaluation, const double *label, const double *prediction,
                       const double *weights, int64_t count) {
    enum { BLOCK = 1024 };
    double squared[BLOCK], absolute[BLOCK];
    for (int64_t first = 0; first < count; first += BLOCK) {
        int64_t length = count - first < BLOCK ? count - first : BLOCK;
        for (int64_t i = 0; i < length; i++) {
            double w = weights == NULL ? 1 : weights[first + i];
            double error = label[first + i] - prediction[first + i];
            squared[i] = w == 0 ? 0 : w * error * error; /* the error may be NaN */
            absolute[i] = w == 0 ? 0 : w * fabs(error);
        }
        qn_sum_add_array(&evaluation->squared, squared, length);
        qn_sum_add_array(&evaluation->absolute, absolute, length);
    }
}

qn_status qn_evaluation_add(qn_evaluation *evaluation, const double *label,
                            const double *prediction, const double *weights, int64_t count) {
    add_errors(evaluation, label, prediction, weights, count);
    evaluation->rows += count;
    QN_TRY(qn_moments_add_values(&evaluation->label, label, count, weights));
    return qn_moments_add_values(&evaluation->prediction, prediction, count, weights);
}

qn_status qn_evaluation_reduce(qn_evaluation *evaluation, qn_comm *comm) {
    QN_TRY(qn_comm_sum_i64(comm, &evaluation->rows, 1));
    QN_TRY(qn_reduce_sums(comm, &evaluation->squared, 1));
    QN_TRY(qn_reduce_sums(comm, &evaluation->absolute, 1));
    QN_TRY(qn_reduce_moments(comm, &evaluation->label));
    return qn_reduce_moments(comm, &evaluation->prediction);
}

void qn_evaluation_finish(const qn_evaluation *evaluation, bool through_origin, qn_metrics *out) {
    const qn_moments *label = &evaluation->label, *prediction = &evaluation->prediction;
    double weight = qn_moments_weight(label, 0), mean = qn_moments_mean(label, 0);
    double spread = weight * qn_moments_variance(label, 0, QN_VARIANCE_POPULATION);
    double away = qn_moments_mean(prediction, 0) - mean;
    qn_metrics metrics = {.rows = evaluation->rows, .weight = weight};
    metrics.squared_error = qn_sum_result(&evaluation->squared);
    metrics.mse = metrics.squared_error / weight;
    metrics.rmse = sqrt(metrics.mse);
    metrics.mae = qn_sum_result(&evaluation->absolute) / weight;
    metrics.total = through_origin ? spread + weight * mean * mean : spread;
    metrics.r2 = metrics.total > 0 ? 1 - metrics.squared_error / metrics.total : (double)NAN;
    metrics.explained_variance =
        qn_moments_variance(prediction, 0, QN_VARIANCE_POPULATION) + away * away;
    *out = metrics;
}

/* ---- A stream ------------------------------------------------------------------------------- */

typedef struct evaluating {
    const qn_schema *schema;
    qn_roles roles; /* features: the prediction */
    qn_evaluation evaluation;
    qn_observations observations;
    double *prediction;
    int64_t capacity;
} evaluating;

static qn_status visit(void *context, const qn_batch *batch) {
    evaluating *self = context;
    int32_t index = self->roles.features;
    qn_roles numbers = {-1, self->roles.label, self->roles.weight};
    QN_TRY(qn_observations_read(&self->observations, self->schema, batch, numbers));
    QN_TRY(qn_mem_reserve(&self->prediction, &self->capacity, batch->length + 1,
                          sizeof *self->prediction));
    QN_TRY(qn_observations_numbers(&self->schema->fields[index], batch, batch->columns[index],
                                   self->prediction));
    const double *weights = self->roles.weight < 0 ? NULL : self->observations.weights;
    return qn_evaluation_add(&self->evaluation, self->observations.label, self->prediction, weights,
                             batch->length);
}

static qn_status find_columns(const qn_schema *schema, const qn_evaluate_request *request,
                              qn_roles *out) {
    qn_roles roles = {-1, -1, -1};
    QN_TRY(qn_roles_find_number(schema, request->prediction_col, &roles.features));
    QN_TRY(qn_roles_find_number(schema, request->label_col, &roles.label));
    if (request->weight_col != NULL)
        QN_TRY(qn_roles_find_number(schema, request->weight_col, &roles.weight));
    *out = roles;
    return QN_OK;
}

qn_status qn_evaluate(qn_stream *in, qn_comm *comm, const qn_evaluate_request *request,
                      qn_metrics *out) {
    evaluating self = {.schema = &in->schema};
    qn_observations_init(&self.observations);
    qn_status status = find_columns(&in->schema, request, &self.roles);
    if (status == QN_OK)
        status = qn_evaluation_init(&self.evaluation, self.roles.weight >= 0);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_stage_scan(in, comm, visit, &self), done);
    QN_TRY_GOTO(qn_evaluation_reduce(&self.evaluation, comm), done);
    if (self.evaluation.rows == 0)
        status = qn_fail(QN_DATA, "there is no row to evaluate");
    else if (!(qn_moments_weight(&self.evaluation.label, 0) > 0))
        status = qn_fail(QN_NUMERIC, "the weights of all rows add up to 0");
    else
        qn_evaluation_finish(&self.evaluation, request->through_origin, out);
done:
    qn_evaluation_clear(&self.evaluation);
    qn_observations_clear(&self.observations);
    qn_mem_free(self.prediction);
    return status;
}

/* ---- Names ---------------------------------------------------------------------------------- */

const char *const qn_metric_names[] = {"rmse", "mse", "mae", "r2", "var", NULL};

qn_status qn_metrics_get(const qn_metrics *metrics, const char *name, double *out) {
    const double values[] = {metrics->rmse, metrics->mse, metrics->mae, metrics->r2,
                             metrics->explained_variance};
    for (int i = 0; qn_metric_names[i] != NULL; i++)
        if (strcmp(qn_metric_names[i], name) == 0) {
            *out = values[i];
            return QN_OK;
        }
    qn_status status =
        qn_fail(QN_JOB, "unknown metric '%s'; there are rmse, mse, mae, r2, var", name);
    const char *nearest = qn_nearest(name, qn_metric_names, 5);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    return status;
}

bool qn_metric_larger_is_better(const char *name) {
    return strcmp(name, "r2") == 0 || strcmp(name, "var") == 0;
}
