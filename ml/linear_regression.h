/* linear_regression: the summary that a fit leaves in the model.
 *
 * As JSON (describe, `quern inspect --format json`):
 *   "coefficients": [..], "features": [names], "intercept": b0,
 *   "std_errors", "t_values", "p_values": [coefficients.., intercept last if fitted] or null where
 *       there are none (singular systems, a constant label); null entries for constant features
 *   "rows", "degrees_of_freedom" (rows - rank - 1 with an intercept), "rank", "singular",
 *   "objective", "metrics": {"rmse", "mse", "mae", "r2", "r2adj", "explained_variance"},
 *   "residuals": {"min", "q1", "median", "q3", "max"} */
#ifndef QUERN_ML_LINEAR_REGRESSION_H
#define QUERN_ML_LINEAR_REGRESSION_H

#include "core/stats/gram.h"
#include "ml/evaluate.h"
#include "ml/linear_fit.h"
#include "ml/observations.h"
#include "mpi/stage.h"

enum { QN_RESIDUAL_QUANTILES = 5 };

typedef struct qn_linear_model {
    int64_t width;
    double *coefficients, intercept;
    char **names; /* width */
    int64_t rows, degrees, rank;
    bool singular;
    double objective;
    qn_metrics metrics;
    double r2adj;
    double residuals[QN_RESIDUAL_QUANTILES]; /* min, 25 %, 50 %, 75 %, max */
    int64_t error_count;                     /* width, + 1 with an intercept; 0: no errors */
    double *std_errors, *t_values, *p_values;
} qn_linear_model;

void qn_linear_model_clear(qn_linear_model *model);
QN_CHECKED qn_status qn_linear_model_persist(qn_linear_model *model, qn_archive *archive);
QN_CHECKED qn_status qn_linear_model_describe(const qn_linear_model *model, json_t *object);

/* Collective. Reads `in` twice: cross products, then residuals (and a third time where the
 * condition of the features asks for a step of refinement). */
QN_CHECKED qn_status qn_linear_model_fit(qn_linear_model *out, qn_stream *in, qn_comm *comm,
                                         qn_roles roles, qn_linear_options options);

#endif
