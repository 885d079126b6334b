/* Linear least squares from cross products: what Spark ML calls the normal solver.
 *
 * Minimises, in the units of the data, with s_y and s_j the weighted population deviations of the
 * label and of feature j,
 *
 *   1/(2 sum w) sum w (y - b0 - x'b)^2 + (reg / (2 s_y)) sum c_j^2 b_j^2,
 *
 * c_j = s_j with standardisation, else 1; the intercept b0 is not penalised. (R's glmnet with
 * alpha = 0 and lambda = reg minimises the same, and scikit-learn's Ridge with alpha = n reg / s_y
 * on features divided by c_j.) A constant feature gets coefficient 0. */
#ifndef QUERN_ML_LINEAR_FIT_H
#define QUERN_ML_LINEAR_FIT_H

#include "core/linalg/symmetric.h"
#include "core/stats/gram.h"

typedef struct qn_linear_options {
    bool intercept, standardization;
    double reg;
} qn_linear_options;

typedef struct qn_linear_fit {
    int32_t width;
    qn_linear_options options;
    double *coefficients; /* width */
    double intercept;
    double *mean;    /* width: of the features; zeros without intercept */
    double *penalty; /* width: sum(w) reg / s_y c_j^2 */
    int32_t *active; /* active_count features that vary, the unknowns of `system` */
    int32_t active_count;
    qn_symmetric system;
    double weight; /* sum of w */
    bool constant; /* the label is constant: nothing was solved */
    bool singular; /* least-norm solution in scaled coordinates, no standard errors */
    int64_t rank;  /* coefficients that the data determine */
} qn_linear_fit;

/* Local. The caller's (qn_linear_fit_clear). Errors: NUMERIC for weights that add up to 0, and for
 * a constant label other than 0 with reg > 0 and without intercept, which has no scale; MEMORY.
 * Singular systems (collinear features, fewer rows than features) get the solution of least norm
 * in standardised coordinates, which is what Spark's fallback to L-BFGS converges to. */
QN_CHECKED qn_status qn_linear_fit_solve(qn_linear_fit *out, const qn_gram *gram,
                                         qn_linear_options options);
void qn_linear_fit_clear(qn_linear_fit *fit);

/* True if a step of refinement is worth a pass over the data. */
bool qn_linear_fit_wants_refinement(const qn_linear_fit *fit);

/* Local. One step of iterative refinement (A. Bjorck, "Stability analysis of the method of
 * seminormal equations", 1987). `gradient`: sum of w (x_j - mean_j) r for the residuals r of the
 * present fit; `residual`: sum of w r. Makes coefficients as accurate as a QR factorisation does.
 */
QN_CHECKED qn_status qn_linear_fit_refine(qn_linear_fit *fit, const double *gradient,
                                          double residual);

/* Local. Standard errors of the coefficients, then of the intercept if there is one, for a
 * variance of the residuals; NaN for constant features. NUMERIC error if singular. */
QN_CHECKED qn_status qn_linear_fit_errors(const qn_linear_fit *fit, double variance,
                                          double *errors);

/* Local. The prediction for each row of a vector column of `width` slots. */
void qn_linear_predict(const qn_column *features, const double *coefficients, double intercept,
                       double *out);

#endif
