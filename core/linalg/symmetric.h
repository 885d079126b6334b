/* Linear systems with a symmetric, positive semidefinite matrix: normal equations.
 *
 * The matrix is scaled to a well-behaved one, then factored by Cholesky (LAPACK). Where that
 * fails, or where the condition is hopeless, its eigenvectors take over, and solutions are those
 * of least norm in scaled coordinates. OpenBLAS runs one thread. */
#ifndef QUERN_CORE_LINALG_SYMMETRIC_H
#define QUERN_CORE_LINALG_SYMMETRIC_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct qn_symmetric {
    int64_t order;
    int64_t rank;      /* order, unless singular: eigenvalues that count */
    bool singular;     /* eigenvectors are in use */
    double reciprocal; /* estimate of 1 / condition number of the scaled matrix, 1-norm */
    double *scale;     /* scaled matrix = scale_i * matrix_ij * scale_j */
    double *factor;    /* Cholesky factor, or eigenvectors in columns */
    double *values;    /* singular: 1 / eigenvalue, 0 for those that do not count */
    double *work;
} qn_symmetric;

/* Below this reciprocal condition number a matrix counts as singular; eigenvalues below this
 * share of the largest do not count. */
#define QN_SYMMETRIC_TOLERANCE 1e-13

/* Local. `matrix` is order x order in full. `scale`: one factor a variable, larger than 0; NULL:
 * 1 / sqrt(diagonal). The caller's, freed with qn_symmetric_clear. NUMERIC error if LAPACK does
 * not converge or the matrix holds a NaN. Cost: order^3 / 3 multiply-adds. */
QN_CHECKED qn_status qn_symmetric_factor(qn_symmetric *out, const double *matrix, int64_t order,
                                         const double *scale);
void qn_symmetric_clear(qn_symmetric *symmetric);

/* Local. solution = matrix^-1 * right (or the least-norm least-squares solution). The two may be
 * the same array. */
QN_CHECKED qn_status qn_symmetric_solve(const qn_symmetric *symmetric, const double *right,
                                        double *solution);

/* Local. The inverse, order x order; NUMERIC error if singular. */
QN_CHECKED qn_status qn_symmetric_inverse(const qn_symmetric *symmetric, double *inverse);

#endif
