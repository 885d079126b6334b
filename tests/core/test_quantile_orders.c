/* Quantiles under orders and filters that are meant to hurt. */
#include "core/column/batch.h"
#include "core/memory.h"
#include "core/stats/quantile.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SORTED, REVERSED, SAWTOOTH, CONSTANT, FEW, RANDOM, INWARDS, MIXED, ORDERS };

static double value_at(int order, int64_t i, int64_t count) {
    switch (order) {
    case SORTED:
        return (double)i;
    case REVERSED:
        return (double)-i;
    case SAWTOOTH:
        return (double)(i % 1000) + (double)i / (double)count;
    case CONSTANT:
        return 7.25;
    case FEW:
        return (double)(i * 7 % 5);
    case INWARDS: /* from both ends to the middle */
        return (double)(i % 2 ? i : 2 * count - i);
    case MIXED: /* batches of many ties among batches of none */
        return (i / QN_BATCH_ROWS) % 2 ? (double)(i % 97) : (double)i * 1e-3;
    default:
        return (double)((uint64_t)i * UINT64_C(2862933555777941757) >> 11);
    }
}

/* Rows that a filter leaves: all; of half the batches; fewer and fewer; mostly a single one. */
static int64_t rows_left(int filter, int64_t batch) {
    switch (filter) {
    case 1:
        return __builtin_popcountll((unsigned long long)batch) % 2 ? QN_BATCH_ROWS : 0;
    case 2:
        return QN_BATCH_ROWS >> batch % 12;
    case 3:
        return batch % 9 == 4 ? 12345 : 1;
    default:
        return QN_BATCH_ROWS;
    }
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* How many of the sorted values are below `value`, or not above it. */
static int64_t count_below(const double *sorted, int64_t count, double value, bool or_equal) {
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (sorted[middle] < value || (or_equal && sorted[middle] == value))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The largest distance between the rank asked for and the ranks that the result has. */
static int64_t worst_distance(const qn_quantiles *quantiles, const double *sorted, int64_t count) {
    int64_t worst = 0;
    double error = quantiles->relative_error;
    for (int i = 0; i <= 1000; i++) {
        double p = i / 1000.0;
        if (p <= error || p >= 1 - error) /* the extremes: another rule */
            continue;
        int64_t rank = (int64_t)ceil(p * (double)count);
        double value = qn_quantiles_value(quantiles, p);
        int64_t below = count_below(sorted, count, value, false);
        int64_t upto = count_below(sorted, count, value, true);
        CU_ASSERT(upto > below); /* an element of the data */
        int64_t distance = rank <= below ? below + 1 - rank : rank > upto ? rank - upto : 0;
        worst = distance > worst ? distance : worst;
    }
    return worst;
}

/* Takes over and frees the values. */
static void check_values(qn_quantiles *quantiles, double *values, int64_t count) {
    QN_TEST_OK(qn_quantiles_finish(quantiles));
    qsort(values, (size_t)count, sizeof *values, compare);
    int64_t bound = qn_quantiles_bound(quantiles);
    CU_ASSERT(quantiles->count == count && count > 0);
    CU_ASSERT(worst_distance(quantiles, values, count) <= bound);
    CU_ASSERT((double)bound <= ceil(quantiles->relative_error * (double)count));
    CU_ASSERT(count > quantiles->capacity || bound == 0);
    CU_ASSERT(qn_quantiles_value(quantiles, 0) == values[0]);
    CU_ASSERT(qn_quantiles_value(quantiles, 1) == values[count - 1]);
    qn_mem_free(values);
}

static void check_order(int order, int filter, double error, int64_t batches) {
    double *values = NULL;
    int64_t count = 0, rows = batches * QN_BATCH_ROWS;
    qn_quantiles quantiles;
    QN_TEST_OK(qn_quantiles_init(&quantiles, error));
    QN_TEST_OK(qn_mem_alloc(&values, (size_t)rows, sizeof *values));
    for (int64_t b = 0; b < batches; b++) {
        int64_t n = rows_left(filter, b);
        for (int64_t i = 0; i < n; i++)
            values[count + i] = value_at(order, b * QN_BATCH_ROWS + i, rows);
        QN_TEST_OK(qn_quantiles_add(&quantiles, b, values + count, n));
        count += n;
    }
    check_values(&quantiles, values, count);
    qn_quantiles_clear(&quantiles);
}

static void test_orders(void) {
    for (int order = 0; order < ORDERS; order++)
        for (int filter = 0; filter < 4; filter++) {
            check_order(order, filter, 0.01, 13);
            check_order(order, filter, 0.05, 21);
        }
}

static void test_usual_error(void) {
    check_order(RANDOM, 0, 0.001, 64);
    check_order(INWARDS, 0, 0.001, 41);
    check_order(SAWTOOTH, 2, 0.001, 64);
    check_order(RANDOM, 0, 0, 5);
}

/* Thousands of batches of a few values, among some full ones, far apart. */
static void test_tall_tree(void) {
    enum { BATCHES = 20000 };
    qn_quantiles quantiles;
    double *values = NULL;
    int64_t count = 0, most = 0;
    QN_TEST_OK(qn_mem_alloc(&values, BATCHES * 30, sizeof *values));
    QN_TEST_OK(qn_quantiles_init(&quantiles, 0.02));
    for (int64_t b = 0; b < BATCHES; b++) {
        int64_t n = b % 1000 == 1 ? 9000 : b % 3;
        for (int64_t i = 0; i < n; i++)
            values[count + i] = value_at(RANDOM, count + i, 0);
        QN_TEST_OK(qn_quantiles_add(&quantiles, 3 * b, values + count, n));
        most = quantiles.node_count > most ? quantiles.node_count : most;
        count += n;
    }
    CU_ASSERT(most < 40); /* 2 log2(batches), and the last one */
    check_values(&quantiles, values, count);
    qn_quantiles_clear(&quantiles);
}

/* ---- Any cut of the batches into ranges ----------------------------------------------------- */

static void add_range(qn_quantiles *quantiles, int64_t first, int64_t end) {
    double values[900];
    for (int64_t b = first; b < end; b++) {
        int64_t n = b % 5 == 3 ? 0 : b % 7 == 2 ? 3 : 900;
        for (int64_t i = 0; i < n; i++)
            values[i] = value_at(RANDOM, b * 900 + i, 0);
        QN_TEST_OK(qn_quantiles_add(quantiles, b, values, n));
    }
}

static void append_range(qn_quantiles *quantiles, int64_t first, int64_t end) {
    qn_quantiles later;
    qn_text bytes = {0};
    int64_t used = 0;
    QN_TEST_OK(qn_quantiles_init(&later, quantiles->relative_error));
    add_range(&later, first, end);
    QN_TEST_OK(qn_quantiles_pack(&later, &bytes));
    QN_TEST_OK(qn_quantiles_absorb(quantiles, bytes.data, &used));
    CU_ASSERT(used == bytes.length);
    qn_text_clear(&bytes);
    qn_quantiles_clear(&later);
}

static bool same(const qn_quantiles *a, const qn_quantiles *b) {
    size_t size = sizeof(double) * (size_t)a->item_count;
    return a->count == b->count && a->min == b->min && a->max == b->max &&
           a->item_count == b->item_count && qn_quantiles_bound(a) == qn_quantiles_bound(b) &&
           memcmp(a->items, b->items, size) == 0 && memcmp(a->ranks, b->ranks, size) == 0;
}

static void test_cuts(void) {
    enum { BATCHES = 40 };
    qn_quantiles whole;
    QN_TEST_OK(qn_quantiles_init(&whole, 0.1));
    add_range(&whole, 0, BATCHES);
    QN_TEST_OK(qn_quantiles_finish(&whole));
    CU_ASSERT(qn_quantiles_bound(&whole) > 0);
    for (int64_t first = 0; first <= BATCHES; first += 3)
        for (int64_t second = first; second <= BATCHES; second += 4) {
            qn_quantiles parts;
            QN_TEST_OK(qn_quantiles_init(&parts, 0.1));
            add_range(&parts, 0, first);
            append_range(&parts, first, second);
            append_range(&parts, second, BATCHES);
            QN_TEST_OK(qn_quantiles_finish(&parts));
            CU_ASSERT(same(&parts, &whole));
            qn_quantiles_clear(&parts);
        }
    qn_quantiles_clear(&whole);
}

static void test_wrong_order(void) {
    qn_quantiles late, early;
    qn_text bytes = {0};
    int64_t used = 0;
    double value = 1;
    QN_TEST_OK(qn_quantiles_init(&late, 0.1));
    QN_TEST_OK(qn_quantiles_init(&early, 0.1));
    QN_TEST_OK(qn_quantiles_add(&early, 2, &value, 1));
    QN_TEST_OK(qn_quantiles_add(&early, 5, &value, 1));
    QN_TEST_OK(qn_quantiles_add(&late, 5, &value, 1));
    QN_TEST_OK(qn_quantiles_add(&late, 5, &value, 1));
    QN_TEST_FAILS(qn_quantiles_add(&late, 3, &value, 1), QN_INTERNAL, "batch 3");
    QN_TEST_OK(qn_quantiles_pack(&late, &bytes));
    QN_TEST_FAILS(qn_quantiles_absorb(&early, bytes.data, &used), QN_INTERNAL, "batch 5");
    qn_text_clear(&bytes);
    qn_quantiles_clear(&late);
    qn_quantiles_clear(&early);
}

static const qn_test_case cases[] = {
    {"ranks are within the error in any order, under any filter", test_orders},
    {"ranks are within the usual error of .001", test_usual_error},
    {"many small batches stay within the error and the memory", test_tall_tree},
    {"any cut into ranges of batches gives the same bits", test_cuts},
    {"batches out of order are refused", test_wrong_order},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("quantile_orders", cases);
}
