#include "core/linalg/symmetric.h"

#include "core/memory.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

/* Row-major upper is column-major lower: the matrix is symmetric, so LAPACK's own order is used
 * throughout. */
enum { ORDER = LAPACK_COL_MAJOR };

void qn_symmetric_clear(qn_symmetric *symmetric) {
    qn_mem_free(symmetric->scale);
    qn_mem_free(symmetric->factor);
    qn_mem_free(symmetric->values);
    qn_mem_free(symmetric->work);
    *symmetric = (qn_symmetric){0};
}

static void scale_matrix(const qn_symmetric *symmetric, const double *matrix) {
    int64_t n = symmetric->order;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            symmetric->factor[i * n + j] =
                matrix[i * n + j] * symmetric->scale[i] * symmetric->scale[j];
}

static qn_status choose_scale(const qn_symmetric *symmetric, const double *matrix,
                              const double *scale) {
    int64_t n = symmetric->order;
    for (int64_t i = 0; i < n; i++) {
        double diagonal = matrix[i * n + i];
        symmetric->scale[i] = scale != NULL ? scale[i] : diagonal > 0 ? 1 / sqrt(diagonal) : 1;
        for (int64_t j = 0; j < n; j++)
            if (!isfinite(matrix[i * n + j] * symmetric->scale[i]))
                return qn_fail(QN_NUMERIC, "a matrix entry is not finite");
    }
    return QN_OK;
}

/* False if the matrix is not positive definite, or nearly so. */
static bool try_cholesky(qn_symmetric *symmetric) {
    lapack_int n = (lapack_int)symmetric->order;
    double norm = LAPACKE_dlansy(ORDER, '1', 'L', n, symmetric->factor, n);
    if (LAPACKE_dpotrf(ORDER, 'L', n, symmetric->factor, n) != 0)
        return false;
    if (LAPACKE_dpocon(ORDER, 'L', n, symmetric->factor, n, norm, &symmetric->reciprocal) != 0)
        return false;
    return symmetric->reciprocal >= QN_SYMMETRIC_TOLERANCE;
}

static qn_status use_eigenvectors(qn_symmetric *symmetric) {
    lapack_int n = (lapack_int)symmetric->order;
    symmetric->singular = true;
    if (LAPACKE_dsyevd(ORDER, 'V', 'L', n, symmetric->factor, n, symmetric->values) != 0)
        return qn_fail(QN_NUMERIC, "the eigenvalues of a %d x %d matrix did not converge", n, n);
    double least = QN_SYMMETRIC_TOLERANCE * symmetric->values[n - 1];
    symmetric->reciprocal = 0;
    for (lapack_int i = 0; i < n; i++) {
        bool counts = symmetric->values[i] > least && symmetric->values[i] > 0;
        symmetric->values[i] = counts ? 1 / symmetric->values[i] : 0;
        symmetric->rank += counts;
    }
    return QN_OK;
}

qn_status qn_symmetric_factor(qn_symmetric *out, const double *matrix, int64_t order,
                              const double *scale) {
    qn_symmetric made = {.order = order, .rank = order, .reciprocal = 1};
    size_t n = (size_t)order;
    qn_status status;
    openblas_set_num_threads(1);
    QN_TRY_GOTO(qn_mem_calloc(&made.scale, n, sizeof *made.scale), done);
    QN_TRY_GOTO(qn_mem_calloc(&made.factor, n * n, sizeof *made.factor), done);
    QN_TRY_GOTO(qn_mem_calloc(&made.values, n, sizeof *made.values), done);
    QN_TRY_GOTO(qn_mem_calloc(&made.work, n, sizeof *made.work), done);
    QN_TRY_GOTO(choose_scale(&made, matrix, scale), done);
    scale_matrix(&made, matrix);
    if (order > 0 && !try_cholesky(&made)) {
        made.rank = 0;
        scale_matrix(&made, matrix);
        QN_TRY_GOTO(use_eigenvectors(&made), done);
    }
    *out = made;
    made = (qn_symmetric){0};
done:
    qn_symmetric_clear(&made);
    return status;
}

static void solve_by_eigenvectors(const qn_symmetric *symmetric, double *x) {
    int n = (int)symmetric->order;
    double *work = symmetric->work;
    cblas_dgemv(CblasColMajor, CblasTrans, n, n, 1, symmetric->factor, n, x, 1, 0, work, 1);
    for (int i = 0; i < n; i++)
        work[i] *= symmetric->values[i];
    cblas_dgemv(CblasColMajor, CblasNoTrans, n, n, 1, symmetric->factor, n, work, 1, 0, x, 1);
}

qn_status qn_symmetric_solve(const qn_symmetric *symmetric, const double *right, double *solution) {
    lapack_int n = (lapack_int)symmetric->order;
    for (lapack_int i = 0; i < n; i++)
        solution[i] = right[i] * symmetric->scale[i];
    if (symmetric->singular)
        solve_by_eigenvectors(symmetric, solution);
    else if (n > 0 && LAPACKE_dpotrs(ORDER, 'L', n, 1, symmetric->factor, n, solution, n) != 0)
        return qn_fail(QN_NUMERIC, "a linear system of order %d could not be solved", n);
    for (lapack_int i = 0; i < n; i++)
        solution[i] *= symmetric->scale[i];
    return QN_OK;
}

qn_status qn_symmetric_inverse(const qn_symmetric *symmetric, double *inverse) {
    int64_t n = symmetric->order;
    if (symmetric->singular)
        return qn_fail(QN_NUMERIC, "a singular matrix has no inverse");
    memcpy(inverse, symmetric->factor, (size_t)(n * n) * sizeof *inverse);
    if (n > 0 && LAPACKE_dpotri(ORDER, 'L', (lapack_int)n, inverse, (lapack_int)n) != 0)
        return qn_fail(QN_NUMERIC, "a matrix could not be inverted");
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j; i < n; i++) {
            double value = inverse[j * n + i] * symmetric->scale[i] * symmetric->scale[j];
            inverse[j * n + i] = value;
            inverse[i * n + j] = value;
        }
    return QN_OK;
}
