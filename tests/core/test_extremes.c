/* Extremes of vector columns. Ranks: 1 */
#include "core/memory.h"
#include "core/stats/extremes.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

/* Every width and some heights, so that patterns and folds have remainders; against a loop. */
static void check_dense(int64_t rows, int32_t width) {
    qn_column *column = NULL;
    qn_extremes found;
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, rows, width));
    for (int64_t i = 0; i < rows * width; i++)
        column->f64[i] = i % 31 == 5 ? NAN : sin((double)i) * (double)(i % 17);
    for (int64_t i = 3; i < rows; i += 50) {
        QN_TEST_OK(qn_column_set_null(column, i));
        for (int32_t s = 0; s < width; s++)
            column->f64[i * width + s] = 1e9; /* not cleared: must not be read */
    }
    QN_TEST_OK(qn_extremes_init(&found, width));
    QN_TEST_OK(qn_extremes_add(&found, column));
    bool same = true;
    for (int32_t s = 0; s < width; s++) {
        double low = NAN, high = NAN;
        for (int64_t i = 0; i < rows; i++) {
            double x = column->f64[i * width + s];
            if (qn_column_is_null(column, i) || x != x)
                continue;
            low = low < x ? low : x;
            high = high > x ? high : x;
        }
        double least = qn_extremes_min(&found, s), most = qn_extremes_max(&found, s);
        same = same && (least == low || (isnan(least) && isnan(low)));
        same = same && (most == high || (isnan(most) && isnan(high)));
    }
    CU_ASSERT(same);
    CU_ASSERT(found.rows == rows - column->null_count);
    qn_extremes_clear(&found);
    qn_column_release(column);
}

static void test_dense(void) {
    for (int32_t width = 1; width < 40; width += 3)
        for (int64_t rows = 0; rows < 3000; rows += 977)
            check_dense(rows, width);
    check_dense(5, 700);
}

static void test_sparse(void) {
    qn_column *column = NULL;
    qn_extremes found, other;
    QN_TEST_OK(qn_column_new_sparse(&column, 2, 4, 5));
    memcpy(column->offsets, (int32_t[]){0, 3, 5}, 3 * sizeof(int32_t));
    memcpy(column->indices, (int32_t[]){0, 1, 3, 0, 3}, 5 * sizeof(int32_t));
    memcpy(column->f64, (double[]){2, -3, -0.0, 5, NAN}, 5 * sizeof(double));
    QN_TEST_OK(qn_extremes_init(&found, 4));
    QN_TEST_OK(qn_extremes_add(&found, column));
    CU_ASSERT(qn_extremes_min(&found, 0) == 2 && qn_extremes_max(&found, 0) == 5);
    CU_ASSERT(qn_extremes_min(&found, 1) == -3 && qn_extremes_max(&found, 1) == 0);
    CU_ASSERT(qn_extremes_min(&found, 2) == 0 && qn_extremes_max(&found, 2) == 0);
    CU_ASSERT(qn_extremes_min(&found, 3) == 0 && !signbit(qn_extremes_min(&found, 3)));
    QN_TEST_OK(qn_extremes_init(&other, 4));
    CU_ASSERT(isnan(qn_extremes_min(&other, 0)) && isnan(qn_extremes_max(&other, 0)));
    QN_TEST_OK(qn_extremes_add(&other, column));
    qn_extremes_merge(&found, &other);
    CU_ASSERT(found.rows == 4 && qn_extremes_min(&found, 0) == 2);
    qn_extremes_clear(&found);
    qn_extremes_clear(&other);
    qn_column_release(column);
}

static const qn_test_case cases[] = {
    {"dense columns of any width", test_dense},
    {"implicit zeros count, NaN does not, -0 is 0", test_sparse},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("extremes", cases);
}
