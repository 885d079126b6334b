/* Regression metrics of predictions, with the meaning of Spark's RegressionEvaluator. */
#ifndef QUERN_ML_EVALUATE_H
#define QUERN_ML_EVALUATE_H

#include "core/stream.h"
#include "mpi/comm.h"

#include <jansson.h>

typedef struct qn_evaluate_columns {
    const char *label;      /* numeric */
    const char *prediction; /* numeric */
    const char *weight;     /* numeric, >= 0; NULL: every row counts 1 */
    bool through_origin;    /* r2 against 0 instead of the mean label */
} qn_evaluate_columns;

/* With e = label - prediction and weights w, W = sum w, n rows of weight above 0:
 *   mse  sum w e^2 / W      rmse  its root      mae  sum w |e| / W
 *   r2   1 - sum w e^2 / T, T = sum w (label - mean label)^2; with weights T is Spark's unbiased
 *        weighted variance times (W - 1); through the origin T = sum w label^2
 *   explained_variance  sum w (prediction - mean label)^2 / W */
typedef struct qn_evaluation {
    int64_t count;
    double weight; /* W */
    double mse, rmse, mae, r2, explained_variance;
} qn_evaluation;

/* Collective. One pass over the stream (rewound first). Sums are exact, so the result does not
 * depend on the number of ranks. Without rows every metric is NaN. JOB errors for unknown or
 * non-numeric columns; DATA errors that name the row for nulls and negative weights.
 * Cost: some 20 ns a row and one allreduce of 4 KB. */
QN_CHECKED qn_status qn_evaluate_regression(qn_evaluation *out, qn_stream *in, qn_comm *comm,
                                            const qn_evaluate_columns *columns);

/* Local. {"rmse": .., "mse": .., "mae": .., "r2": .., "explained_variance": ..}; the caller's
 * reference. */
QN_CHECKED qn_status qn_evaluation_to_json(const qn_evaluation *evaluation, json_t **out);

#endif
