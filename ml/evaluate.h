/* Metrics of predictions of a number.
 *
 * With e = label - prediction and weights w (1 without a weight column):
 *   mse = sum w e^2 / sum w, rmse its root, mae = sum w |e| / sum w
 *   r2  = 1 - sum w e^2 / sum w (label - mean)^2; through the origin the mean is left out
 *   var = sum w (prediction - mean of labels)^2 / sum w (Spark's explained variance)
 * as in Spark ML's RegressionEvaluator, R and scikit-learn. (With weights that are not 1, Spark
 * divides r2's total by another factor, which can exceed 1; that is not followed.) Sums are exact,
 * so the metrics do not depend on the number of ranks. */
#ifndef QUERN_ML_EVALUATE_H
#define QUERN_ML_EVALUATE_H

#include "core/stats/moments.h"
#include "core/stream.h"
#include "mpi/comm/comm.h"

typedef struct qn_metrics {
    int64_t rows;
    double weight; /* sum of w */
    double rmse, mse, mae, r2, explained_variance;
    double squared_error; /* sum w e^2 */
    double total;         /* r2's denominator */
} qn_metrics;

/* A mergeable summary of labels and predictions. */
typedef struct qn_evaluation {
    int64_t rows;
    qn_sum squared, absolute;
    qn_moments label, prediction;
} qn_evaluation;

QN_CHECKED qn_status qn_evaluation_init(qn_evaluation *evaluation, bool weighted);
void qn_evaluation_clear(qn_evaluation *evaluation);

/* Local. `weights` as in init; finite and >= 0. A NaN makes the metrics NaN,
 * unless its row has weight 0. */
QN_CHECKED qn_status qn_evaluation_add(qn_evaluation *evaluation, const double *label,
                                       const double *prediction, const double *weights,
                                       int64_t count);

/* Collective. */
QN_CHECKED qn_status qn_evaluation_reduce(qn_evaluation *evaluation, qn_comm *comm);

/* Local. NaN everywhere if there were no rows; r2 is NaN if the labels do not vary. */
void qn_evaluation_finish(const qn_evaluation *evaluation, bool through_origin, qn_metrics *out);

/* What to evaluate in a stream. */
typedef struct qn_evaluate_request {
    const char *label_col, *prediction_col;
    const char *weight_col; /* NULL: none */
    bool through_origin;
} qn_evaluate_request;

/* Collective. Reads the stream once. JOB errors for columns that are missing or not numbers, DATA
 * errors for nulls and bad weights, with column and row, and for a stream without rows; NUMERIC
 * if all weights are 0. */
QN_CHECKED qn_status qn_evaluate(qn_stream *in, qn_comm *comm, const qn_evaluate_request *request,
                                 qn_metrics *out);

/* Names of the metrics, Spark's: rmse, mse, mae, r2, var; ended by NULL. */
extern const char *const qn_metric_names[];

/* Local. JOB error with the nearest name for an unknown one. */
QN_CHECKED qn_status qn_metrics_get(const qn_metrics *metrics, const char *name, double *out);

/* True if a larger value is better. */
bool qn_metric_larger_is_better(const char *name);

#endif
