/* Eigenvectors of symmetric matrices. */
#ifndef QUERN_CORE_LINALG_EIGEN_H
#define QUERN_CORE_LINALG_EIGEN_H

#include "core/status.h"

#include <stdint.h>

/* Local. The `count` <= order largest eigenvalues, descending, and their eigenvectors of length 1,
 * one a row: `values` has room for `count`, `vectors` for count * order. The sign of a vector is
 * such that its component of largest size is positive (of those equal to 1e-12 of it, the first).
 * `matrix` is order x order in full, and is overwritten. NUMERIC error if an entry is not finite or
 * LAPACK does not converge. Cost: 4/3 order^3 multiply-adds and 2 order^2 count more. Source: I. S.
 * Dhillon and B. N. Parlett, "Multiple representations to compute orthogonal eigenvectors of
 * symmetric tridiagonal matrices", 2004 (LAPACK's dsyevr). OpenBLAS runs one thread. */
QN_CHECKED qn_status qn_eigen_largest(double *values, double *vectors, int64_t count,
                                      double *matrix, int64_t order);

#endif
