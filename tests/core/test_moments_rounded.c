/* Moments rounded inside blocks, against the exact ones. Ranks: 1 */
#include "core/memory.h"
#include "core/stats/moments.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

static double error_of(double found, double expected) {
    if (found == expected || (isnan(found) && isnan(expected)))
        return 0;
    return fabs(found - expected) / fabs(expected);
}

/* Adds the column both ways. The mean may be off by an ulp or two of the deviation or the mean. */
static void compare(const qn_column *column, double tolerance) {
    qn_moments exact, rounded;
    QN_TEST_OK(qn_moments_init(&exact, column->width, QN_MOMENTS_PLAIN));
    QN_TEST_OK(qn_moments_init(&rounded, column->width, QN_MOMENTS_PLAIN));
    for (int repeat = 0; repeat < 2; repeat++) {
        QN_TEST_OK(qn_moments_add(&exact, column, NULL));
        QN_TEST_OK(qn_moments_add_rounded(&rounded, column));
    }
    CU_ASSERT(exact.rows == rounded.rows);
    for (int32_t j = 0; j < column->width; j++) {
        double deviation = sqrt(qn_moments_variance(&exact, j, QN_VARIANCE_SAMPLE));
        double mean = qn_moments_mean(&exact, j), off = qn_moments_mean(&rounded, j) - mean;
        CU_ASSERT(isnan(mean) || isinf(mean) || isnan(deviation) ||
                  fabs(off) <= tolerance * (fabs(mean) + deviation));
        CU_ASSERT(error_of(qn_moments_variance(&rounded, j, QN_VARIANCE_SAMPLE),
                           qn_moments_variance(&exact, j, QN_VARIANCE_SAMPLE)) <= tolerance);
        CU_ASSERT(error_of(qn_moments_min(&rounded, j), qn_moments_min(&exact, j)) == 0);
        CU_ASSERT(error_of(qn_moments_max(&rounded, j), qn_moments_max(&exact, j)) == 0);
        CU_ASSERT(rounded.stored[j] == exact.stored[j] && rounded.nans[j] == exact.nans[j]);
    }
    qn_moments_clear(&exact);
    qn_moments_clear(&rounded);
}

/* Slots of very different size, shift and spread; slot 3 is constant. */
static double value_of(int64_t row, int32_t slot) {
    double wave = sin((double)(row * 7 + slot)), scale = pow(10, slot % 5 - 2);
    if (slot == 3)
        return 0.1;
    return slot % 2 == 0 ? scale * wave : 1e6 + scale * wave;
}

static void test_dense(void) {
    static const int32_t widths[] = {1, 5, 16, 17, 40};
    for (int w = 0; w < 5; w++) {
        qn_column *column = NULL;
        QN_TEST_OK(qn_column_new(&column, QN_VECTOR, 1000, widths[w]));
        for (int64_t i = 0; i < 1000; i++)
            for (int32_t j = 0; j < widths[w]; j++)
                column->f64[i * widths[w] + j] = value_of(i, j);
        compare(column, 1e-13);
        qn_column_release(column);
    }
}

/* The centre is the mean of the block before: steps and slopes must cost no digits. Widths with one
 * and several lanes a slot. */
static void test_steps(void) {
    static const int32_t widths[] = {1, 3, 20, 100};
    enum { ROWS = 16384 };
    for (int w = 0; w < 4; w++) {
        qn_column *column = NULL;
        int32_t width = widths[w];
        QN_TEST_OK(qn_column_new(&column, QN_VECTOR, ROWS, width));
        for (int64_t i = 0; i < ROWS; i++)
            for (int32_t j = 0; j < width; j++)
                column->f64[i * width + j] = j % 3 == 0 ? (i < 5000 ? 1e9 : 0) + value_of(i, 0)
                                             : j % 3 == 1
                                                 ? 1e8 + (double)i * (1 + 1e-3 * value_of(i, 0))
                                                 : 1e7 + value_of(i, j);
        compare(column, 1e-13);
        qn_column_release(column);
    }
}

/* Values so small that their squares vanish still have a mean. */
static void test_tiny(void) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, 100, 2));
    for (int64_t i = 0; i < 200; i++)
        column->f64[i] = 1e-200 * value_of(i, 2);
    compare(column, 1e-13);
    qn_column_release(column);
}

static void test_not_finite(void) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, 700, 4));
    for (int64_t i = 0; i < 2800; i++)
        column->f64[i] = value_of(i / 4, (int32_t)(i % 4));
    column->f64[300 * 4 + 1] = NAN;
    column->f64[600 * 4 + 2] = -INFINITY;
    column->f64[10 * 4] = 1e300;
    compare(column, 1e-13);
    qn_column_release(column);
}

static void fill_sparse(qn_column *column, int64_t rows, int32_t width) {
    int32_t stored = 0;
    for (int64_t i = 0; i < rows; i++) {
        for (int32_t j = (int32_t)(i % 3); j < width && i % 10 != 4; j += 3) {
            column->indices[stored] = j;
            column->f64[stored++] = value_of(i, j);
        }
        column->offsets[i + 1] = stored;
    }
}

static void test_sparse(void) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new_sparse(&column, 500, 21, 500 * 7));
    fill_sparse(column, 500, 21);
    compare(column, 1e-13);
    column->f64[77] = NAN;
    compare(column, 1e-13);
    qn_column_release(column);
}

static const qn_test_case cases[] = {
    {"dense vectors equal the exact moments to 13 digits", test_dense},
    {"steps and slopes cost no digits", test_steps},
    {"values whose squares vanish have a mean", test_tiny},
    {"values that are not finite are kept as such", test_not_finite},
    {"sparse vectors equal the exact moments to 13 digits", test_sparse},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("moments rounded in blocks", cases);
}
