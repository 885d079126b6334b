#include "core/linalg/eigen.h"
#include "core/linalg/special.h"
#include "core/linalg/symmetric.h"
#include "core/memory.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

static bool near(double a, double b, double relative) {
    return fabs(a - b) <= relative * fabs(b);
}

/* mpmath 1.3, 40 digits: betainc(df/2, 1/2, 0, df/(df+t^2), regularized=True) */
static void test_student_t(void) {
    static const double golden[][3] = {
        {0, 3, 1},
        {0.1, 1, 0.93654896513889286},
        {1, 1, 0.5},
        {1.5, 2.5, 0.24783645308629626},
        {2, 5, 0.10193947882985836},
        {1.96, 1000, 0.050273184955748718},
        {12.7062, 1, 0.050000018560710399},
        {3, 30, 0.0053899640656519466},
        {40, 30, 1.3726045194406403e-27},
        {5, 1e6, 5.7339978708907416e-7},
        {37, 1e6, 1.8299730861802263e-299},
        {30, 53919, 4.0601162859295291e-196},
        {1e-5, 10, 0.99999221783232082},
        {1.2, 1e8, 0.23013934328630039},
        {200, 12, 1.6417754878884067e-22},
    };
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        double p = qn_student_t_two_sided(golden[i][0], golden[i][1]);
        CU_ASSERT(near(p, golden[i][2], 1e-12));
        CU_ASSERT(p == qn_student_t_two_sided(-golden[i][0], golden[i][1]));
    }
    CU_ASSERT(qn_student_t_two_sided(HUGE_VAL, 5) == 0);
    CU_ASSERT(isnan(qn_student_t_two_sided(1, 0)));
    CU_ASSERT(isnan(qn_student_t_two_sided((double)NAN, 5)));
}

/* mpmath 1.3: ncdf */
static void test_normal(void) {
    CU_ASSERT(near(qn_normal_cdf(-5), 2.8665157187919391e-7, 1e-13));
    CU_ASSERT(near(qn_normal_cdf(-1), 0.15865525393145705, 1e-14));
    CU_ASSERT(qn_normal_cdf(0) == 0.5);
    CU_ASSERT(near(qn_normal_cdf(3), 0.99865010196836991, 1e-15));
}

static double residual(const double *matrix, const double *x, const double *right, int n) {
    double worst = 0;
    for (int i = 0; i < n; i++) {
        double sum = -right[i];
        for (int j = 0; j < n; j++)
            sum += matrix[i * n + j] * x[j];
        worst = fmax(worst, fabs(sum));
    }
    return worst;
}

static void test_definite(void) {
    const double matrix[] = {4e10, 1e5, 2e4, 1e5, 3, 0.5, 2e4, 0.5, 2}, right[] = {1e5, 2, 3};
    double x[3], inverse[9];
    qn_symmetric symmetric;
    QN_TEST_OK(qn_symmetric_factor(&symmetric, matrix, 3, NULL));
    CU_ASSERT(!symmetric.singular && symmetric.rank == 3 && symmetric.reciprocal > 0.01);
    QN_TEST_OK(qn_symmetric_solve(&symmetric, right, x));
    CU_ASSERT(residual(matrix, x, right, 3) < 1e-9);
    QN_TEST_OK(qn_symmetric_inverse(&symmetric, inverse));
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            double sum = -(i == j);
            for (int k = 0; k < 3; k++)
                sum += matrix[i * 3 + k] * inverse[k * 3 + j];
            CU_ASSERT(fabs(sum) < 1e-9);
        }
    qn_symmetric_clear(&symmetric);
}

/* x0 and x1 are the same variable: the least-norm solution shares the coefficient. */
static void test_singular(void) {
    const double matrix[] = {2, 2, 1, 2, 2, 1, 1, 1, 3}, right[] = {4, 4, 7};
    double x[3], inverse[9];
    qn_symmetric symmetric;
    QN_TEST_OK(qn_symmetric_factor(&symmetric, matrix, 3, NULL));
    CU_ASSERT(symmetric.singular && symmetric.rank == 2);
    QN_TEST_OK(qn_symmetric_solve(&symmetric, right, x));
    CU_ASSERT(fabs(x[0] - 0.5) < 1e-12 && fabs(x[1] - 0.5) < 1e-12 && fabs(x[2] - 2) < 1e-12);
    QN_TEST_FAILS(qn_symmetric_inverse(&symmetric, inverse), QN_NUMERIC, "singular");
    qn_symmetric_clear(&symmetric);
}

static void test_edges(void) {
    const double zeros[4] = {0}, bad[1] = {(double)NAN};
    double x[2] = {1, 1};
    qn_symmetric symmetric;
    QN_TEST_OK(qn_symmetric_factor(&symmetric, zeros, 2, NULL));
    CU_ASSERT(symmetric.singular && symmetric.rank == 0);
    QN_TEST_OK(qn_symmetric_solve(&symmetric, x, x));
    CU_ASSERT(x[0] == 0 && x[1] == 0);
    qn_symmetric_clear(&symmetric);
    QN_TEST_OK(qn_symmetric_factor(&symmetric, zeros, 0, NULL));
    QN_TEST_OK(qn_symmetric_solve(&symmetric, x, x));
    qn_symmetric_clear(&symmetric);
    QN_TEST_FAILS(qn_symmetric_factor(&symmetric, bad, 1, NULL), QN_NUMERIC, "not finite");
}

/* R 4.2: pchisq(x, df, lower.tail = FALSE); columns df, x, p */
static void test_chi2(void) {
    static const double golden[][3] = {
        {1, 0.001, 0.97477287936996038},
        {1, 1.5, 0.22067136191984676},
        {2, 1, 0.60653065971263342},
        {2, 10, 0.006737946999085467},
        {3, 3, 0.39162517627108911},
        {5, 0.0050000000000000001, 0.99999990613615319},
        {5, 7.5, 0.18602983360286701},
        {10, 5, 0.89117801891415127},
        {10, 50, 2.6690834249044957e-07},
        {30, 30, 0.46565370894400965},
        {100, 0.10000000000000001, 0.99999999999999989},
        {100, 150, 0.00090393204235400938},
        {1000, 900, 0.98928276190871023},
        {100000, 10000, 1},
        {1000000, 100000, 1},
        {1, 1000, 1.7958327848007259e-219},
        {5, 1000, 6.0100776879208033e-214},
    };
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++)
        CU_ASSERT(near(qn_chi2_tail(golden[i][1], golden[i][0]), golden[i][2], 1e-12));
    CU_ASSERT(qn_chi2_tail(0, 3) == 1 && qn_chi2_tail(-1, 3) == 1);
    CU_ASSERT(qn_chi2_tail(HUGE_VAL, 3) == 0);
    CU_ASSERT(isnan(qn_chi2_tail((double)NAN, 3)) && isnan(qn_chi2_tail(1, 0)));
}

/* R 4.2: pf(x, df1, df2, lower.tail = FALSE); columns df1, df2, x, p */
static void test_f(void) {
    static const double golden[][4] = {
        {1, 1, 0.001, 0.97987502169635587},
        {1, 2, 400, 0.002490663892367097},
        {1, 30, 50, 7.3194048648412948e-08},
        {1, 10000, 10, 0.0015700814390692574},
        {2, 1, 3, 0.3779644730092272},
        {2, 5, 1.5, 0.30881617775081827},
        {2, 500, 1.05, 0.35070805469619531},
        {2, 1000000, 1, 0.36787980905057699},
        {3, 2, 0.90000000000000002, 0.56458953868262962},
        {3, 30, 0.29999999999999999, 0.82511282212519932},
        {3, 10000, 0.001, 0.99995633411063944},
        {3, 1000000, 400, 1.0499387318712746e-259},
        {7, 2, 50, 0.01974552621851923},
        {7, 30, 10, 2.1695457739444244e-06},
        {7, 10000, 3, 0.0037950587825706732},
        {50, 1, 10, 0.24685396589578293},
        {50, 5, 3, 0.10958994907529729},
        {50, 500, 1.5, 0.017994460883105336},
        {50, 1000000, 10, 1.7784766900852854e-75},
        {999, 2, 50, 0.019800934231700939},
        {999, 30, 10, 9.7495067433450397e-11},
        {999, 1000000, 0.29999999999999999, 1},
    };
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++)
        CU_ASSERT(near(qn_f_tail(golden[i][2], golden[i][0], golden[i][1]), golden[i][3], 1e-12));
    CU_ASSERT(qn_f_tail(0, 3, 4) == 1 && qn_f_tail(HUGE_VAL, 3, 4) == 0);
    CU_ASSERT(isnan(qn_f_tail((double)NAN, 3, 4)) && isnan(qn_f_tail(1, 0, 4)));
    /* t^2 has F's distribution with 1 degree of freedom above */
    CU_ASSERT(near(qn_f_tail(9, 1, 30), qn_student_t_two_sided(3, 30), 1e-12));
}

/* Checked by what eigenvectors are: of length 1, at right angles, and A v = lambda v. */
static void test_eigen(void) {
    enum { N = 30, K = 7 };
    double matrix[N * N], copy[N * N], values[N], vectors[N * N];
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++)
            matrix[i * N + j] = matrix[j * N + i] = cos(3.0 * i * j + i + j) + (i == j ? i : 0);
    for (int count = K; count <= N; count += N - K) {
        memcpy(copy, matrix, sizeof copy);
        QN_TEST_OK(qn_eigen_largest(values, vectors, count, copy, N));
        for (int k = 0; k < count; k++) {
            const double *v = vectors + k * N;
            double most = 0;
            CU_ASSERT(k == 0 || values[k] <= values[k - 1]);
            for (int l = 0; l <= k; l++) {
                double product = 0;
                for (int i = 0; i < N; i++)
                    product += v[i] * vectors[l * N + i];
                CU_ASSERT(fabs(product - (k == l)) < 1e-13);
            }
            for (int i = 0; i < N; i++) {
                double image = 0;
                for (int j = 0; j < N; j++)
                    image += matrix[i * N + j] * v[j];
                CU_ASSERT(fabs(image - values[k] * v[i]) < 1e-12);
                most = fabs(v[i]) > fabs(most) ? v[i] : most;
            }
            CU_ASSERT(most > 0);
        }
    }
    /* both components are as large: the first is positive */
    QN_TEST_OK(qn_eigen_largest(values, vectors, 1, (double[]){2, -1, -1, 2}, 2));
    CU_ASSERT(near(values[0], 3, 1e-15) && vectors[0] > 0 && vectors[1] < 0);
    QN_TEST_OK(qn_eigen_largest(values, vectors, 0, NULL, 0));
    QN_TEST_FAILS(qn_eigen_largest(values, vectors, 1, (double[]){NAN}, 1), QN_NUMERIC,
                  "not finite");
}

static const qn_test_case cases[] = {
    {"Student's t equals mpmath's, far into the tails", test_student_t},
    {"largest eigenvalues and their vectors", test_eigen},
    {"tails of chi-squared equal R's", test_chi2},
    {"tails of F equal R's", test_f},
    {"the normal distribution equals mpmath's", test_normal},
    {"badly scaled definite systems are solved and inverted", test_definite},
    {"singular systems get the least-norm solution", test_singular},
    {"zero matrices, order 0, NaN", test_edges},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("linalg", cases);
}
