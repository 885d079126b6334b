/* Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "core/random.h"
#include "core/stats/gram.h"
#include "mpi/comm/reduce.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

/* Columns with means up to 1e8 standard deviations; column 2 is constant; zeros where sparse. */
static double value_at(int64_t row, int32_t slot, bool sparse) {
    qn_random random = qn_random_new(7, "gram");
    double u = qn_random_uniform(random, (uint64_t)row, (uint32_t)slot);
    if (slot == 2)
        return 0.1;
    if (sparse && (u < 0.7 || (slot > 4 && u < 0.98)) && slot != 1)
        return 0;
    return slot % 3 == 1 && (!sparse || slot == 1) ? 1e8 + u : u - 0.3 * slot;
}

static double label_at(int64_t row) {
    return value_at(row, 0, false) +
           0.5 * qn_random_uniform(qn_random_new(8, "y"), (uint64_t)row, 0);
}

static double weight_at(int64_t row) {
    return (double)(row % 5) / 2; /* every fifth row weighs nothing */
}

static qn_column *make_rows(int64_t first, int64_t count, int32_t width, bool sparse) {
    qn_column *column = NULL;
    QN_TEST_OK(sparse ? qn_column_new_sparse(&column, count, width, count * width)
                      : qn_column_new(&column, QN_VECTOR, count, width));
    int32_t stored = 0;
    for (int64_t i = 0; i < count; i++)
        for (int32_t j = 0; j < width; j++) {
            double x = value_at(first + i, j, sparse);
            if (!sparse)
                column->f64[i * width + j] = x;
            if (!sparse || x == 0)
                continue;
            column->indices[stored] = j;
            column->f64[stored++] = x;
            column->offsets[i + 1] = stored;
        }
    for (int64_t i = 0; i < count && sparse; i++)
        if (column->offsets[i + 1] < column->offsets[i])
            column->offsets[i + 1] = column->offsets[i];
    return column;
}

static void add_rows(qn_gram *gram, int64_t first, int64_t count, bool sparse, bool weighted) {
    qn_column *column = make_rows(first, count, gram->width, sparse);
    double label[3000], weights[3000];
    for (int64_t i = 0; i < count; i++) {
        label[i] = label_at(first + i);
        weights[i] = weight_at(first + i);
    }
    QN_TEST_OK(qn_gram_add(gram, column, label, weighted ? weights : NULL));
    qn_column_release(column);
}

static double variable_at(int64_t row, int32_t variable, int32_t width, bool sparse) {
    return variable == width ? label_at(row) : value_at(row, variable, sparse);
}

/* Two passes in 128-bit floating point. */
static double expected_product(int64_t rows, int32_t width, int32_t i, int32_t j, bool sparse,
                               bool weighted) {
    __extension__ typedef __float128 wide;
    wide total = 0, mean_i = 0, mean_j = 0, product = 0;
    for (int64_t r = 0; r < rows; r++) {
        wide w = weighted ? weight_at(r) : 1;
        total += w;
        mean_i += w * variable_at(r, i, width, sparse);
        mean_j += w * variable_at(r, j, width, sparse);
    }
    mean_i /= total;
    mean_j /= total;
    for (int64_t r = 0; r < rows; r++)
        product += (weighted ? (wide)weight_at(r) : 1) *
                   (variable_at(r, i, width, sparse) - mean_i) *
                   (variable_at(r, j, width, sparse) - mean_j);
    return (double)product;
}

static void check_result(const qn_gram *gram, int64_t rows, bool sparse, bool weighted) {
    int32_t width = gram->width;
    qn_gram_result result;
    QN_TEST_OK(qn_gram_finish(gram, true, &result));
    for (int32_t i = 0; i < width; i++) {
        double scale = expected_product(rows, width, i, i, sparse, weighted);
        double label = expected_product(rows, width, i, width, sparse, weighted);
        CU_ASSERT(fabs(result.label[i] - label) <= 1e-13 * sqrt(scale * result.label_square));
        for (int32_t j = 0; j < width; j++) {
            double expected = expected_product(rows, width, i, j, sparse, weighted);
            double other = expected_product(rows, width, j, j, sparse, weighted);
            CU_ASSERT(fabs(result.product[i * width + j] - expected) <=
                      1e-13 * sqrt(scale * other));
        }
    }
    qn_gram_result_clear(&result);
}

static void check_case(int32_t width, int64_t rows, bool sparse, bool weighted) {
    qn_gram gram;
    QN_TEST_OK(qn_gram_init(&gram, width));
    add_rows(&gram, 0, rows / 3, sparse, weighted);
    add_rows(&gram, rows / 3, 0, sparse, weighted);
    add_rows(&gram, rows / 3, rows - rows / 3, sparse, weighted);
    CU_ASSERT(gram.rows == rows);
    CU_ASSERT(width < 3 || qn_gram_is_constant(&gram, 2));
    CU_ASSERT(!qn_gram_is_constant(&gram, 0) && !qn_gram_is_constant(&gram, width));
    check_result(&gram, rows, sparse, weighted);
    qn_gram_clear(&gram);
}

static void test_products(void) {
    if (qn_comm_size(qn_test_comm()) > 1)
        return; /* serial work, once is enough */
    for (int32_t width = 1; width <= 9; width++)
        check_case(width, 300, false, false);
    check_case(17, 1500, false, false);
    check_case(5, 2900, false, true);
    check_case(6, 700, true, false);
    check_case(7, 700, true, true);
    check_case(40, 600, true, false); /* mostly empty */
    check_case(40, 600, true, true);
}

static void test_raw(void) {
    qn_gram gram;
    qn_gram_result result;
    QN_TEST_OK(qn_gram_init(&gram, 2));
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, 2, 2));
    memcpy(column->f64, (double[]){1, 2, 3, 5}, 4 * sizeof(double));
    QN_TEST_OK(qn_gram_add(&gram, column, (double[]){10, 20}, NULL));
    QN_TEST_OK(qn_gram_finish(&gram, false, &result));
    CU_ASSERT(result.weight == 2 && result.mean[0] == 2 && result.mean[2] == 15);
    CU_ASSERT(result.product[0] == 10 && result.product[1] == 17 && result.product[2] == 17);
    CU_ASSERT(result.product[3] == 29 && result.label[0] == 70 && result.label_square == 500);
    qn_gram_result_clear(&result);
    qn_gram_clear(&gram);
    qn_column_release(column);
}

static void test_bad_values(void) {
    qn_gram gram;
    qn_gram_result result;
    qn_column *column = make_rows(0, 100, 3, false);
    double label[100] = {0}, zeros[100] = {0};
    int64_t row;
    int32_t slot;
    QN_TEST_OK(qn_gram_init(&gram, 3));
    CU_ASSERT(!qn_gram_find_bad(column, &row, &slot));
    column->f64[3 * 41 + 2] = (double)NAN;
    QN_TEST_FAILS(qn_gram_add(&gram, column, label, NULL), QN_DATA, "not finite");
    CU_ASSERT(qn_gram_find_bad(column, &row, &slot) && row == 41 && slot == 2);
    column->f64[3 * 41 + 2] = 1e200;
    QN_TEST_FAILS(qn_gram_add(&gram, column, label, NULL), QN_DATA, "too large");
    column->f64[3 * 41 + 2] = 0;
    label[7] = HUGE_VAL;
    QN_TEST_FAILS(qn_gram_add(&gram, column, label, NULL), QN_DATA, "not finite");
    label[7] = 0;
    QN_TEST_OK(qn_gram_add(&gram, column, label, zeros));
    QN_TEST_FAILS(qn_gram_finish(&gram, true, &result), QN_NUMERIC, "add up to 0");
    qn_gram_clear(&gram);
    qn_column_release(column);
}

/* Ten batches of 250 rows; the last ranks may have none. */
static void test_ranks(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_gram mine, all;
    qn_gram_result a, b;
    QN_TEST_OK(qn_gram_init(&mine, 6));
    QN_TEST_OK(qn_gram_init(&all, 6));
    for (int batch = 0; batch < 10; batch++) {
        add_rows(&all, 250 * batch, 250, false, true);
        if (batch * size / 10 == rank)
            add_rows(&mine, 250 * batch, 250, false, true);
    }
    QN_TEST_OK(qn_reduce_gram(comm, &mine));
    CU_ASSERT(mine.rows == 2500);
    QN_TEST_OK(qn_gram_finish(&mine, true, &a));
    QN_TEST_OK(qn_gram_finish(&all, true, &b));
    CU_ASSERT(a.weight == b.weight && a.label_square == b.label_square);
    CU_ASSERT(memcmp(a.mean, b.mean, 7 * sizeof(double)) == 0);
    CU_ASSERT(memcmp(a.product, b.product, 36 * sizeof(double)) == 0);
    CU_ASSERT(memcmp(a.label, b.label, 6 * sizeof(double)) == 0);
    qn_gram_result_clear(&a);
    qn_gram_result_clear(&b);
    qn_gram_clear(&mine);
    qn_gram_clear(&all);
}

static const qn_test_case cases[] = {
    {"products equal those in quadruple precision", test_products},
    {"raw moments of a small table", test_raw},
    {"values that are not finite are refused and found", test_bad_values},
    {"ranks reduce to the same bits", test_ranks},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("gram", cases);
}
