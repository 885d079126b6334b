/* Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "core/random.h"
#include "core/stats/order.h"
#include "core/stats/quantile.h"
#include "mpi/comm/reduce.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double value_at(int64_t batch, int64_t i, int kind) {
    uint64_t row = (uint64_t)(batch * 100000 + i);
    double u = qn_random_uniform(qn_random_new(3, "quantile"), row, 0);
    switch (kind) {
    case 0:
        return u;
    case 1:
        return (double)row; /* sorted already */
    case 2:
        return -(double)row;
    default:
        return floor(20 * u * u); /* many ties */
    }
}

/* Batches differ in length, and some have none. */
static int64_t batch_length(int64_t batch, int64_t most) {
    return batch % 5 == 3 ? 0 : batch % 7 == 2 ? most / 3 : most;
}

static void add_batch(qn_quantiles *quantiles, int64_t batch, int64_t most, int kind) {
    int64_t count = batch_length(batch, most);
    double *values = NULL;
    QN_TEST_OK(qn_mem_alloc(&values, (size_t)count, sizeof *values));
    for (int64_t i = 0; i < count; i++)
        values[i] = value_at(batch, i, kind);
    QN_TEST_OK(qn_quantiles_add(quantiles, batch, values, count / 2));
    QN_TEST_OK(qn_quantiles_add(quantiles, batch, values + count / 2, count - count / 2));
    qn_mem_free(values);
}

static int compare(const void *left, const void *right) {
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static double *sorted_values(int64_t batches, int64_t most, int kind, int64_t *count) {
    double *all = NULL;
    *count = 0;
    QN_TEST_OK(qn_mem_alloc(&all, (size_t)(batches * most), sizeof *all));
    for (int64_t b = 0; b < batches; b++)
        for (int64_t i = 0; i < batch_length(b, most); i++)
            all[(*count)++] = value_at(b, i, kind);
    qsort(all, (size_t)*count, sizeof *all, compare);
    return all;
}

/* Ranks [low, high] that a value has in sorted data, 1-based. */
static void ranks_of(const double *sorted, int64_t count, double value, int64_t *low,
                     int64_t *high) {
    int64_t below = 0, upto = 0;
    while (below < count && sorted[below] < value)
        below++;
    for (upto = below; upto < count && sorted[upto] == value;)
        upto++;
    *low = below + 1;
    *high = upto;
}

static void check_error(double relative_error, int kind) {
    enum { BATCHES = 60, MOST = 2000 };
    qn_quantiles quantiles;
    int64_t count;
    double *sorted = sorted_values(BATCHES, MOST, kind, &count);
    QN_TEST_OK(qn_quantiles_init(&quantiles, relative_error));
    for (int64_t b = 0; b < BATCHES; b++)
        add_batch(&quantiles, b, MOST, kind);
    QN_TEST_OK(qn_quantiles_finish(&quantiles));
    CU_ASSERT(quantiles.count == count);
    CU_ASSERT((double)qn_quantiles_bound(&quantiles) <= relative_error * (double)count);
    for (double p = 0; p <= 1; p += 0.01) {
        int64_t low, high;
        double allowed = relative_error * (double)count, wanted = p * (double)count;
        ranks_of(sorted, count, qn_quantiles_value(&quantiles, p), &low, &high);
        CU_ASSERT(low <= high); /* an element of the data */
        CU_ASSERT((double)high >= floor(wanted - allowed));
        CU_ASSERT((double)low <= fmax(1, ceil(wanted + allowed)));
    }
    qn_quantiles_clear(&quantiles);
    qn_mem_free(sorted);
}

static void test_error(void) {
    if (qn_comm_size(qn_test_comm()) > 1)
        return; /* serial work, once is enough */
    for (int kind = 0; kind < 4; kind++) {
        check_error(0.1, kind);
        check_error(0.01, kind);
        check_error(0.001, kind);
        check_error(0, kind);
    }
}

/* Spark's rule on small data (semantics of approxQuantile). */
static void test_exact(void) {
    qn_quantiles quantiles;
    QN_TEST_OK(qn_quantiles_init(&quantiles, 0.001));
    QN_TEST_OK(qn_quantiles_add(&quantiles, 0, (double[]){11, (double)NAN, 1}, 3));
    QN_TEST_OK(qn_quantiles_add(&quantiles, 4, (double[]){3}, 1));
    QN_TEST_OK(qn_quantiles_finish(&quantiles));
    CU_ASSERT(qn_quantiles_value(&quantiles, 0.5) == 3);
    CU_ASSERT(qn_quantiles_value(&quantiles, 0) == 1 && qn_quantiles_value(&quantiles, 1) == 11);
    CU_ASSERT(qn_quantiles_bound(&quantiles) == 0 && quantiles.count == 3);
    qn_quantiles_clear(&quantiles);
    QN_TEST_OK(qn_quantiles_init(&quantiles, 0));
    QN_TEST_OK(qn_quantiles_add(&quantiles, 7, (double[]){10, 1, 10, 3}, 4));
    QN_TEST_OK(qn_quantiles_finish(&quantiles));
    CU_ASSERT(qn_quantiles_value(&quantiles, 0.5) == 3);
    CU_ASSERT(qn_quantiles_value(&quantiles, 0.51) == 10);
    CU_ASSERT(qn_quantiles_value(&quantiles, 0.25) == 1);
    qn_quantiles_clear(&quantiles);
    QN_TEST_OK(qn_quantiles_init(&quantiles, 0));
    QN_TEST_OK(qn_quantiles_finish(&quantiles));
    CU_ASSERT(isnan(qn_quantiles_value(&quantiles, 0.5)));
    qn_quantiles_clear(&quantiles);
    QN_TEST_FAILS(qn_quantiles_init(&quantiles, -0.1), QN_JOB, "relative_error");
}

static void test_ranks(void) {
    enum { BATCHES = 37, MOST = 500, SKETCHES = 3 };
    qn_comm *comm = qn_test_comm();
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_quantiles shared[SKETCHES], alone[SKETCHES];
    qn_quantiles *list[SKETCHES];
    for (int k = 0; k < SKETCHES; k++) {
        list[k] = &shared[k];
        QN_TEST_OK(qn_quantiles_init(&shared[k], k == 2 ? 0 : 0.05));
        QN_TEST_OK(qn_quantiles_init(&alone[k], k == 2 ? 0 : 0.05));
        for (int64_t b = 0; b < BATCHES; b++) {
            add_batch(&alone[k], b, MOST, k);
            if (b * size / BATCHES == rank)
                add_batch(&shared[k], b, MOST, k);
        }
        QN_TEST_OK(qn_quantiles_finish(&alone[k]));
    }
    QN_TEST_OK(qn_reduce_quantiles(comm, list, SKETCHES));
    for (int k = 0; k < SKETCHES; k++) {
        CU_ASSERT(shared[k].count == alone[k].count);
        CU_ASSERT(qn_quantiles_bound(&shared[k]) == qn_quantiles_bound(&alone[k]));
        for (double p = 0; p <= 1; p += 0.003)
            CU_ASSERT(qn_quantiles_value(&shared[k], p) == qn_quantiles_value(&alone[k], p));
        qn_quantiles_clear(&shared[k]);
        qn_quantiles_clear(&alone[k]);
    }
}

static void test_order(void) {
    static const double special[] = {0.0, -HUGE_VAL, HUGE_VAL, -1e-310, 1e-310, -5, 5e300};
    double values[3000], scratch[3000], expected[3000];
    for (int count = 0; count <= 3000; count += count < 60 ? 1 : 980) {
        for (int i = 0; i < count; i++) {
            double x = value_at(1, i, 0) - 0.5;
            values[i] = i < 7 ? special[i] : ldexp(x, i % 50 - 25);
        }
        memcpy(expected, values, (size_t)count * sizeof *values);
        qsort(expected, (size_t)count, sizeof *expected, compare);
        qn_order_reals(values, scratch, count);
        CU_ASSERT(memcmp(values, expected, (size_t)count * sizeof *values) == 0);
    }
}

static void test_memory(void) {
    if (qn_comm_size(qn_test_comm()) > 1)
        return; /* serial work, once is enough */
    double values[3000];
    for (int i = 0; i < 3000; i++)
        values[i] = value_at(0, i, 0);
    for (int64_t fail = 0; fail < 60; fail++) {
        qn_quantiles quantiles;
        qn_status status = QN_OK;
        QN_TEST_OK(qn_quantiles_init(&quantiles, 0.1));
        qn_mem_fail_after(fail);
        for (int64_t b = 0; b < 4 && status == QN_OK; b++)
            status = qn_quantiles_add(&quantiles, b, values, 3000);
        if (status == QN_OK)
            status = qn_quantiles_finish(&quantiles);
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        qn_quantiles_clear(&quantiles);
    }
}

static const qn_test_case cases[] = {
    {"ranks are within the relative error and the bound", test_error},
    {"small data follow Spark's rule exactly", test_exact},
    {"ranks join to the tree of one process", test_ranks},
    {"numbers are sorted", test_order},
    {"a failed allocation is reported", test_memory},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("quantile", cases);
}
