#include "core/linalg/eigen.h"

#include "core/memory.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

static void fix_sign(double *vector, int64_t order) {
    double most = 0;
    for (int64_t i = 0; i < order; i++)
        most = fmax(most, fabs(vector[i]));
    int64_t first = 0;
    while (first < order - 1 && fabs(vector[first]) < most * (1 - 1e-12))
        first++;
    for (int64_t i = 0; i < order && vector[first] < 0; i++)
        if (i != first)
            vector[i] = -vector[i];
    vector[first] = fabs(vector[first]);
}

qn_status qn_eigen_largest(double *values, double *vectors, int64_t count, double *matrix,
                           int64_t order) {
    double *found = NULL, *columns = NULL;
    lapack_int *support = NULL, n = (lapack_int)order, some = (lapack_int)count, met = 0;
    qn_status status;
    for (int64_t i = 0; i < order * order; i++)
        if (!isfinite(matrix[i]))
            return qn_fail(QN_NUMERIC, "a matrix entry is not finite");
    if (count == 0)
        return QN_OK;
    openblas_set_num_threads(1);
    QN_TRY_GOTO(qn_mem_calloc(&found, (size_t)order, sizeof *found), done);
    QN_TRY_GOTO(qn_mem_calloc(&columns, (size_t)(order * count), sizeof *columns), done);
    QN_TRY_GOTO(qn_mem_calloc(&support, 2 * (size_t)count, sizeof *support), done);
    lapack_int failed = LAPACKE_dsyevr(LAPACK_COL_MAJOR, 'V', 'I', 'L', n, matrix, n, 0, 0,
                                       n - some + 1, n, 0, &met, found, columns, n, support);
    if (failed != 0 || met != some) {
        status = qn_fail(QN_NUMERIC, "the eigenvalues of a %d x %d matrix did not converge", n, n);
        goto done;
    }
    for (int64_t i = 0; i < count; i++) {
        double *vector = vectors + i * order;
        memcpy(vector, columns + (count - 1 - i) * order, (size_t)order * sizeof *vector);
        fix_sign(vector, order);
        values[i] = found[count - 1 - i];
    }
done:
    qn_mem_free(found);
    qn_mem_free(columns);
    qn_mem_free(support);
    return status;
}
