/* Average ranks of distributed columns, and reductions of what tests need. Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "mpi/comm/ranks.h"
#include "mpi/comm/reduce.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

enum { ROWS = 1000, BATCH = 90, COLUMNS = 5 };

static double value_of(int64_t row, int64_t column) {
    int64_t mixed = (row * 7919 + column * 104729 + row * row % 31) % (50 + 400 * column);
    if ((row + column) % 17 == 3)
        return (double)NAN;
    return column == 2 && row % 5 == 0 ? -0.0 : (double)(mixed - 100) / 4;
}

/* This rank's rows [*first, *end): whole batches. */
static void share(int64_t *first, int64_t *end) {
    int64_t batches = (ROWS + BATCH - 1) / BATCH, size = qn_comm_size(qn_test_comm());
    int64_t rank = qn_comm_rank(qn_test_comm());
    *first = batches * rank / size * BATCH;
    *end = batches * (rank + 1) / size * BATCH;
    *end = *end < ROWS ? *end : ROWS;
    *first = *first < *end ? *first : *end;
}

static double rank_by_counting(int64_t row, int64_t column) {
    double x = value_of(row, column), below = 0, equal = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        below += value_of(i, column) < x;
        equal += value_of(i, column) == x;
    }
    return isnan(x) ? x : below + (equal + 1) / 2;
}

static void test_ranks(void) {
    static double values[COLUMNS][ROWS];
    double *columns[COLUMNS];
    int64_t first, end;
    share(&first, &end);
    for (int64_t j = 0; j < COLUMNS; j++) {
        columns[j] = values[j];
        for (int64_t i = first; i < end; i++)
            values[j][i - first] = value_of(i, j);
    }
    QN_TEST_OK(qn_rank_columns(qn_test_comm(), columns, COLUMNS, end - first));
    for (int64_t j = 0; j < COLUMNS; j++)
        for (int64_t i = first; i < end; i += 7) {
            double expected = rank_by_counting(i, j), found = values[j][i - first];
            CU_ASSERT(found == expected || (isnan(found) && isnan(expected)));
        }
}

/* ---- Correlations --------------------------------------------------------------------------- */

static void add_rows(qn_correlation *sums, int64_t first, int64_t end, double shift) {
    for (int64_t at = first; at < end; at += BATCH) {
        double values[COLUMNS][BATCH];
        const double *columns[COLUMNS];
        int64_t rows = end - at < BATCH ? end - at : BATCH;
        for (int64_t j = 0; j < COLUMNS; j++) {
            columns[j] = values[j];
            for (int64_t i = 0; i < rows; i++)
                values[j][i] = value_of(at + i, j) + shift;
        }
        QN_TEST_OK(qn_correlation_add(sums, columns, rows));
    }
}

/* In long double, over the rows that have both. */
static double correlate_plainly(int64_t a, int64_t b) {
    long double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        long double u = value_of(i, a), v = value_of(i, b);
        if (isnan(u) || isnan(v))
            continue;
        n++;
        x += u;
        y += v;
        xx += u * u;
        yy += v * v;
        xy += u * v;
    }
    return (double)((n * xy - x * y) / sqrtl((n * xx - x * x) * (n * yy - y * y)));
}

/* Equal to a plain computation; the same bits on all ranks together and alone, and, as the values
 * are quarters, when all are moved by 2^24. */
static void test_correlation(void) {
    qn_correlation together, alone, far;
    int64_t first, end;
    share(&first, &end);
    QN_TEST_OK(qn_correlation_init(&together, COLUMNS));
    QN_TEST_OK(qn_correlation_init(&alone, COLUMNS));
    QN_TEST_OK(qn_correlation_init(&far, COLUMNS));
    add_rows(&together, first, end, 0);
    add_rows(&alone, 0, ROWS, 0);
    add_rows(&far, first, end, 16777216);
    QN_TEST_OK(qn_reduce_correlation(qn_test_comm(), &together));
    QN_TEST_OK(qn_reduce_correlation(qn_test_comm(), &far));
    for (int32_t i = 0; i < COLUMNS; i++)
        for (int32_t j = 0; j < COLUMNS; j++) {
            qn_test_sums sums;
            qn_correlation_sums(&together, i, j, &sums);
            double found = qn_test_correlation(&sums);
            qn_correlation_sums(&alone, i, j, &sums);
            CU_ASSERT(found == qn_test_correlation(&sums));
            qn_correlation_sums(&far, i, j, &sums);
            CU_ASSERT(fabs(found - qn_test_correlation(&sums)) <= 1e-15);
            CU_ASSERT(fabs(found - correlate_plainly(i, j)) <= 1e-15);
            CU_ASSERT(i != j || found == 1);
        }
    qn_correlation_clear(&together);
    qn_correlation_clear(&alone);
    qn_correlation_clear(&far);
}

static void test_edges(void) {
    qn_correlation sums;
    qn_test_sums result;
    double nothing[3] = {NAN, INFINITY, NAN}, same[3] = {0.1, 0.1, 0.1}, some[3] = {1, 2, 4};
    const double *columns[] = {nothing, same, some}, *huge[] = {some, some, some};
    QN_TEST_OK(qn_correlation_init(&sums, 3));
    QN_TEST_OK(qn_correlation_add(&sums, columns, 3));
    QN_TEST_OK(qn_correlation_add(&sums, columns, 3));
    QN_TEST_OK(qn_reduce_correlation(qn_test_comm(), &sums));
    for (int32_t i = 0; i < 3; i++)
        for (int32_t j = 0; j < 3; j++) {
            qn_correlation_sums(&sums, i, j, &result);
            double found = qn_test_correlation(&result);
            CU_ASSERT(i == 2 && j == 2 ? found == 1 : isnan(found));
        }
    some[0] = 1e200;
    QN_TEST_FAILS(qn_correlation_add(&sums, huge, 3), QN_DATA, "too large to be squared");
    qn_correlation_clear(&sums);
}

/* ---- Contingency tables --------------------------------------------------------------------- */

static void count_rows(qn_contingency *tables, int64_t first, int64_t end) {
    for (int64_t i = first; i < end; i++) {
        uint64_t label = (uint64_t)(i * 13 % 7), value = qn_codes_real((double)(i * i % 90 - 5));
        int32_t code;
        QN_TEST_OK(qn_contingency_add_labels(tables, &label, 1, &code));
        QN_TEST_OK(qn_contingency_add(tables, 0, &value, &code, 1));
        value = (uint64_t)i;
        QN_TEST_OK(qn_contingency_add(tables, 1, &value, &code, 1));
    }
}

static void test_contingency(void) {
    qn_contingency together, alone;
    qn_test_result a, b;
    int64_t first, end;
    share(&first, &end);
    QN_TEST_OK(qn_contingency_init(&together, 2, false));
    QN_TEST_OK(qn_contingency_init(&alone, 2, false));
    count_rows(&together, first, end);
    count_rows(&alone, 0, ROWS);
    QN_TEST_OK(qn_reduce_contingency(qn_test_comm(), &together));
    for (int32_t j = 0; j < 2; j++) {
        QN_TEST_OK(qn_contingency_test(&together, j, &a));
        QN_TEST_OK(qn_contingency_test(&alone, j, &b));
        CU_ASSERT(a.statistic == b.statistic && a.df1 == b.df1 && a.p == b.p);
        CU_ASSERT(a.statistic > 0);
    }
    /* each value once: expected counts are those of the labels, chi-squared is rows * (labels - 1)
     */
    CU_ASSERT(fabs(a.statistic - 6.0 * ROWS) < 1e-9);
    qn_contingency_clear(&together);
    qn_contingency_clear(&alone);
}

/* ---- Failing allocations -------------------------------------------------------------------- */

static qn_status do_all(qn_comm *comm, int64_t first, int64_t end) {
    double values[2][BATCH];
    double *columns[] = {values[0], values[1]};
    int64_t rows = end - first < BATCH ? end - first : BATCH;
    qn_correlation sums = {0};
    qn_contingency tables = {0};
    qn_anova anova = {0};
    uint64_t keys[BATCH];
    int32_t codes[BATCH];
    qn_column column = {.references = 1, .type = QN_FLOAT64, .length = rows, .f64 = values[0]};
    for (int64_t i = 0; i < rows; i++) {
        values[0][i] = value_of(first + i, 0);
        values[1][i] = value_of(first + i, 1);
        keys[i] = (uint64_t)(i % 5);
    }
    qn_anova_init(&anova, 1);
    qn_status status = qn_correlation_init(&sums, 2);
    if (status == QN_OK)
        status = qn_correlation_add(&sums, (const double *const *)columns, rows);
    if (status == QN_OK)
        status = qn_contingency_init(&tables, 1, false);
    if (status == QN_OK)
        status = qn_contingency_add_labels(&tables, keys, rows, codes);
    if (status == QN_OK)
        status = qn_contingency_add(&tables, 0, keys, codes, rows);
    for (int64_t i = 0; i < rows; i++)
        values[0][i] = isnan(values[0][i]) ? 0 : values[0][i];
    if (status == QN_OK)
        status = qn_anova_add(&anova, &column, keys);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_rank_columns(comm, columns, 2, rows), done);
    QN_TRY_GOTO(qn_comm_agree(comm, qn_reduce_correlation(comm, &sums)), done);
    QN_TRY_GOTO(qn_comm_agree(comm, qn_reduce_contingency(comm, &tables)), done);
    QN_TRY_GOTO(qn_comm_agree(comm, qn_reduce_anova(comm, &anova)), done);
done:
    qn_correlation_clear(&sums);
    qn_contingency_clear(&tables);
    qn_anova_clear(&anova);
    return status;
}

/* On this rank alone: every allocation fails once, everything is given back. */
static void test_failing(void) {
    qn_comm *alone = NULL;
    qn_status status = QN_MEMORY;
    int64_t blocks = 0;
    QN_TEST_OK(qn_comm_self(&alone));
    blocks = qn_mem_blocks();
    for (int64_t n = 0; n < 1000 && status == QN_MEMORY; n++) {
        qn_mem_fail_after(n);
        status = do_all(alone, 0, ROWS);
        qn_mem_fail_after(-1);
        CU_ASSERT(qn_mem_blocks() == blocks);
    }
    CU_ASSERT(status == QN_OK);
    qn_comm_free(alone);
}

/* On one of several ranks: all fail alike. */
static void test_failing_together(void) {
    int64_t first, end, last = qn_comm_size(qn_test_comm()) - 1;
    share(&first, &end);
    for (int64_t n = 0; n < 60; n += 4) {
        if (qn_comm_rank(qn_test_comm()) == last)
            qn_mem_fail_after(n);
        qn_status status = do_all(qn_test_comm(), first, end);
        qn_mem_fail_after(-1);
        int64_t least = status, most = status;
        QN_TEST_OK(qn_comm_min_i64(qn_test_comm(), &least, 1));
        QN_TEST_OK(qn_comm_max_i64(qn_test_comm(), &most, 1));
        CU_ASSERT(least == most);
        CU_ASSERT(status == QN_MEMORY || status == QN_OK);
    }
}

static const qn_test_case cases[] = {
    {"average ranks equal those by counting", test_ranks},
    {"correlations of what is there", test_correlation},
    {"nothing, constant and huge columns", test_edges},
    {"contingency tables", test_contingency},
    {"any allocation may fail", test_failing},
    {"one rank's allocations may fail", test_failing_together},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("ranks", cases);
}
