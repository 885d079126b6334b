/* Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "core/stats/moments.h"
#include "mpi/comm/reduce.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

static bool near(double a, double b) {
    return fabs(a - b) <= 1e-14 * fabs(b);
}

static const double sample[6] = {1.5, -2, 3.25, 7, 0, -1};
static const double sample_weights[6] = {1, 2, 0.5, 3, 1, 0.25};

/* R 4.2.2: mean, var, weighted.mean, cov.wt(method = "unbiased" and "ML") */
static void test_golden(void) {
    qn_moments plain, weighted;
    QN_TEST_OK(qn_moments_init(&plain, 1, QN_MOMENTS_PLAIN));
    QN_TEST_OK(qn_moments_init(&weighted, 1, QN_MOMENTS_WEIGHTED));
    QN_TEST_OK(qn_moments_add_values(&plain, sample, 6, NULL));
    QN_TEST_OK(qn_moments_add_values(&weighted, sample, 6, sample_weights));
    CU_ASSERT(qn_moments_count(&plain, 0) == 6);
    CU_ASSERT(near(qn_moments_mean(&plain, 0), 1.4583333333333333));
    CU_ASSERT(near(qn_moments_variance(&plain, 0, QN_VARIANCE_SAMPLE), 10.810416666666667));
    CU_ASSERT(qn_moments_weight(&weighted, 0) == 7.75);
    CU_ASSERT(near(qn_moments_mean(&weighted, 0), 2.564516129032258));
    CU_ASSERT(near(qn_moments_variance(&weighted, 0, QN_VARIANCE_SAMPLE), 19.36400139664805));
    CU_ASSERT(near(qn_moments_variance(&weighted, 0, QN_VARIANCE_POPULATION), 14.427289281997922));
    CU_ASSERT(qn_moments_min(&plain, 0) == -2 && qn_moments_max(&plain, 0) == 7);
    qn_moments_clear(&plain);
    qn_moments_clear(&weighted);
}

static void test_cancellation(void) {
    double values[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}, constant[] = {0.1, 0.1, 0.1};
    qn_moments far, same, one;
    QN_TEST_OK(qn_moments_init(&far, 1, QN_MOMENTS_PLAIN));
    QN_TEST_OK(qn_moments_init(&same, 1, QN_MOMENTS_PLAIN));
    QN_TEST_OK(qn_moments_init(&one, 1, QN_MOMENTS_PLAIN));
    QN_TEST_OK(qn_moments_add_values(&far, values, 4, NULL));
    QN_TEST_OK(qn_moments_add_values(&same, constant, 3, NULL));
    CU_ASSERT(qn_moments_variance(&far, 0, QN_VARIANCE_SAMPLE) == 30);
    CU_ASSERT(qn_moments_mean(&far, 0) == 1e9 + 10);
    CU_ASSERT(qn_moments_variance(&same, 0, QN_VARIANCE_SAMPLE) == 0);
    CU_ASSERT(qn_moments_mean(&same, 0) == 0.1);
    CU_ASSERT(isnan(qn_moments_mean(&one, 0)) && isnan(qn_moments_min(&one, 0)));
    QN_TEST_OK(qn_moments_add_values(&one, values, 1, NULL));
    CU_ASSERT(qn_moments_variance(&one, 0, QN_VARIANCE_SAMPLE) == 0);
    qn_moments_clear(&far);
    qn_moments_clear(&same);
    qn_moments_clear(&one);
}

static void test_nan_and_null(void) {
    qn_column *column = NULL, *integers = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_FLOAT64, 4, 0));
    memcpy(column->f64, (double[]){1, (double)NAN, 0, 5}, 4 * sizeof(double));
    QN_TEST_OK(qn_column_set_null(column, 2));
    qn_moments poisoned, skipped, ints;
    QN_TEST_OK(qn_moments_init(&poisoned, 1, QN_MOMENTS_PLAIN));
    QN_TEST_OK(qn_moments_init(&skipped, 1, QN_MOMENTS_SKIP_NAN));
    QN_TEST_OK(qn_moments_init(&ints, 1, QN_MOMENTS_PLAIN));
    QN_TEST_OK(qn_moments_add(&poisoned, column, NULL));
    QN_TEST_OK(qn_moments_add(&skipped, column, NULL));
    CU_ASSERT(isnan(qn_moments_mean(&poisoned, 0)));
    CU_ASSERT(isnan(qn_moments_variance(&poisoned, 0, QN_VARIANCE_SAMPLE)));
    CU_ASSERT(poisoned.nulls == 1 && poisoned.nans[0] == 1 && poisoned.rows == 3);
    CU_ASSERT(qn_moments_min(&poisoned, 0) == 1 && qn_moments_max(&poisoned, 0) == 5);
    CU_ASSERT(qn_moments_mean(&skipped, 0) == 3 && qn_moments_count(&skipped, 0) == 2);
    CU_ASSERT(qn_moments_variance(&skipped, 0, QN_VARIANCE_SAMPLE) == 8);
    QN_TEST_OK(qn_column_new(&integers, QN_INT32, 3, 0));
    integers->i32[0] = -7;
    integers->i32[2] = 1;
    QN_TEST_OK(qn_moments_add(&ints, integers, NULL));
    CU_ASSERT(qn_moments_mean(&ints, 0) == -2 && qn_moments_min(&ints, 0) == -7);
    qn_moments_clear(&poisoned);
    qn_moments_clear(&skipped);
    qn_moments_clear(&ints);
    qn_column_release(column);
    qn_column_release(integers);
}

/* Rows (0, 2, 0), (-1, 0, 0), (0, 3, NaN), sparse. */
static void make_sparse(qn_column **out) {
    QN_TEST_OK(qn_column_new(out, QN_VECTOR, 3, 3));
    qn_mem_free((*out)->f64);
    QN_TEST_OK(qn_mem_alloc(&(*out)->f64, 4, sizeof(double)));
    QN_TEST_OK(qn_mem_alloc(&(*out)->indices, 4, sizeof(int32_t)));
    if ((*out)->offsets == NULL)
        QN_TEST_OK(qn_mem_calloc(&(*out)->offsets, 4, sizeof(int32_t)));
    memcpy((*out)->offsets, (int32_t[]){0, 1, 2, 4}, 4 * sizeof(int32_t));
    memcpy((*out)->indices, (int32_t[]){1, 0, 1, 2}, 4 * sizeof(int32_t));
    memcpy((*out)->f64, (double[]){2, -1, 3, (double)NAN}, 4 * sizeof(double));
}

static void check_vector(const qn_column *column, const double *weights) {
    int flags = QN_MOMENTS_SKIP_NAN | (weights == NULL ? 0 : QN_MOMENTS_WEIGHTED);
    qn_moments moments;
    QN_TEST_OK(qn_moments_init(&moments, 3, flags));
    QN_TEST_OK(qn_moments_add(&moments, column, weights));
    CU_ASSERT(qn_moments_min(&moments, 0) == -1 && qn_moments_max(&moments, 0) == 0);
    CU_ASSERT(qn_moments_min(&moments, 1) == 0 && qn_moments_max(&moments, 1) == 3);
    CU_ASSERT(qn_moments_min(&moments, 2) == 0 && qn_moments_max(&moments, 2) == 0);
    CU_ASSERT(qn_moments_count(&moments, 1) == 3 && qn_moments_count(&moments, 2) == 2);
    if (weights == NULL) {
        CU_ASSERT(near(qn_moments_mean(&moments, 1), 5.0 / 3));
        CU_ASSERT(near(qn_moments_variance(&moments, 0, QN_VARIANCE_SAMPLE), 1.0 / 3));
    } else {
        CU_ASSERT(near(qn_moments_mean(&moments, 1), (2 * 0.5 + 3 * 2) / 3.5));
        CU_ASSERT(near(qn_moments_weight(&moments, 2), 1.5));
    }
    qn_moments_clear(&moments);
}

/* Which of the two zeros is met first depends on the ranks: only one of them is ever told. */
static void test_zeros(void) {
    static const double orders[2][2] = {{0.0, -0.0}, {-0.0, 0.0}};
    for (int i = 0; i < 2; i++) {
        qn_moments moments, other;
        QN_TEST_OK(qn_moments_init(&moments, 1, QN_MOMENTS_PLAIN));
        QN_TEST_OK(qn_moments_init(&other, 1, QN_MOMENTS_PLAIN));
        QN_TEST_OK(qn_moments_add_values(&moments, orders[i], 1, NULL));
        QN_TEST_OK(qn_moments_add_values(&other, orders[i] + 1, 1, NULL));
        for (int merged = 0; merged < 2; merged++) {
            CU_ASSERT(qn_moments_min(&moments, 0) == 0 && !signbit(qn_moments_min(&moments, 0)));
            CU_ASSERT(qn_moments_max(&moments, 0) == 0 && !signbit(qn_moments_max(&moments, 0)));
            QN_TEST_OK(qn_moments_merge(&moments, &other));
        }
        qn_moments_clear(&moments);
        qn_moments_clear(&other);
    }
}

static void test_vectors(void) {
    qn_column *sparse = NULL, *dense = NULL;
    const double weights[] = {0.5, 1, 2};
    make_sparse(&sparse);
    QN_TEST_OK(qn_column_densify(&dense, sparse));
    check_vector(sparse, NULL);
    check_vector(dense, NULL);
    check_vector(sparse, weights);
    check_vector(dense, weights);
    qn_column_release(sparse);
    qn_column_release(dense);
}

/* R 4.2.2: y <- (1:1000)^1.5; mean(y), var(y). Rank r adds every size-th stretch. */
static void test_ranks(void) {
    qn_comm *comm = qn_test_comm();
    qn_moments moments, pieces;
    QN_TEST_OK(qn_moments_init(&moments, 1, QN_MOMENTS_PLAIN));
    QN_TEST_OK(qn_moments_init(&pieces, 1, QN_MOMENTS_PLAIN));
    for (int i = 1; i <= 1000; i++) {
        double value = i * sqrt(i);
        qn_moments *into = i % 2 ? &moments : &pieces;
        if (i / 100 % qn_comm_size(comm) == qn_comm_rank(comm))
            QN_TEST_OK(qn_moments_add_values(into, &value, 1, NULL));
    }
    QN_TEST_OK(qn_moments_merge(&moments, &pieces));
    QN_TEST_OK(qn_reduce_moments(comm, &moments));
    CU_ASSERT(qn_moments_count(&moments, 0) == 1000);
    CU_ASSERT(near(qn_moments_mean(&moments, 0), 12664.925956336248));
    CU_ASSERT(near(qn_moments_variance(&moments, 0, QN_VARIANCE_SAMPLE), 90190090.611131474));
    CU_ASSERT(qn_moments_min(&moments, 0) == 1 && qn_moments_max(&moments, 0) == 1000 * sqrt(1000));
    double mean = qn_moments_mean(&moments, 0), least = mean, most = mean;
    QN_TEST_OK(qn_comm_min_f64(comm, &least, 1));
    QN_TEST_OK(qn_comm_max_f64(comm, &most, 1));
    CU_ASSERT(least == most);
    qn_moments_clear(&moments);
    qn_moments_clear(&pieces);
}

static void test_memory(void) {
    double values[300 * 3] = {1, 2, 3};
    for (int64_t fail = 0; fail < 20; fail++) {
        qn_moments moments;
        qn_mem_fail_after(fail);
        qn_status status = qn_moments_init(&moments, 3, QN_MOMENTS_PLAIN);
        if (status == QN_OK) {
            status = qn_moments_add_values(&moments, values, 300, NULL);
            qn_moments_clear(&moments);
        }
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
    }
}

static const qn_test_case cases[] = {
    {"plain and weighted moments equal R's", test_golden},
    {"large means lose nothing and constants have variance 0", test_cancellation},
    {"NaN poisons or is skipped, nulls are left out", test_nan_and_null},
    {"sparse and dense vectors agree", test_vectors},
    {"there is one zero among the extremes", test_zeros},
    {"ranks merge to the same moments", test_ranks},
    {"a failed allocation is reported", test_memory},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("moments", cases);
}
