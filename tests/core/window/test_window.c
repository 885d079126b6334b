#include "core/window/window.h"

#include "tests/core/window/window_table.h"
#include "tests/harness/harness.h"

enum { MOST_ROWS = 90, MOST_CALLS = 4 };

/* ---- Against the definitions ----------------------------------------------------------------- */

static ref_value result_at(const qn_table *results, int32_t column, int32_t row) {
    int64_t b = 0;
    while (row >= results->batches[b].length)
        row -= (int32_t)results->batches[b++].length;
    const qn_column *part = results->batches[b].columns[column];
    if (qn_column_is_null(part, row))
        return ref_null;
    if (part->type == QN_STRING)
        return (ref_value){false, true, qn_column_string(part, row).data[1] - '0'};
    return ref_number(qn_column_real(part, row));
}

/* Differences of long double sums lose digits where the values differ much in size. */
static bool is_same(ref_value a, ref_value b, double size) {
    if (a.null || b.null)
        return a.null == b.null;
    if (isnan(a.number) || isnan(b.number) || isinf(a.number) || isinf(b.number))
        return ref_compare_reals(a.number, b.number) == 0 || (isnan(a.number) && isnan(b.number));
    return fabs(a.number - b.number) <= 1e-13 * fmax(fabs(a.number), size);
}

static double largest_value(const ref_row *rows, int32_t count) {
    double largest = 0;
    for (int32_t i = 0; i < count; i++)
        if (isfinite(rows[i].v))
            largest = fmax(largest, fabs(rows[i].v));
    return largest;
}

/* How much of a result may be rounding in the reference: squares for variances. */
static double tolerance_size(const char *function, const ref_row *rows, int32_t count) {
    double size = largest_value(rows, count);
    if (strncmp(function, "var", 3) == 0 || strncmp(function, "covar", 5) == 0)
        return size * 1e-3 * size;
    if (strcmp(function, "corr") == 0)
        return 1e3;
    return strncmp(function, "stddev", 6) == 0 || strcmp(function, "sum") == 0 ||
                   strcmp(function, "avg") == 0
               ? size * 1e-2
               : 0;
}

static bool check_call(const ref_window *w, const qn_window_call *call, const qn_table *results,
                       int32_t column) {
    ref_value x[MOST_ROWS], y[MOST_ROWS];
    double size = tolerance_size(call->function, w->rows, w->count);
    for (int32_t from = 0, to; from < w->count; from = to) {
        to = from + 1;
        while (to < w->count && ref_same_partition(w, ref_at(w, from), ref_at(w, to)))
            to++;
        for (int32_t i = from; i < to; i++) {
            ref_value wanted = ref_call(w, call, from, to, i, x, y);
            ref_value got = result_at(results, column, w->order[i]);
            if (!is_same(got, wanted, size)) {
                printf("%s: row %d: got %s %.17g, wanted %s %.17g\n", call->function, i,
                       got.null ? "null" : "", got.number, wanted.null ? "null" : "",
                       wanted.number);
                return false;
            }
        }
    }
    return true;
}

static bool run_round(uint64_t seed) {
    dice d = {qn_random_new(seed, "window"), 0};
    ref_row rows[MOST_ROWS];
    int32_t order[MOST_ROWS], partition = REF_P, calls = 1 + (int32_t)roll(&d, MOST_CALLS);
    int32_t count = (int32_t)roll(&d, MOST_ROWS);
    ref_window w = random_window(&d, rows, count, order);
    qn_window_call call[MOST_CALLS];
    qn_table table, results;
    bool right = true;
    random_rows(&d, rows, count, w.key_type);
    ref_sort(&w);
    for (int32_t c = 0; c < calls; c++)
        call[c] = random_call(&d, &w);
    /* a second, constant key takes the way of several keys */
    qn_sort_key keys[2] = {{REF_K, w.descending, w.nulls_last},
                           {REF_K, w.descending, w.nulls_last}};
    bool ranged = false;
    for (int32_t c = 0; c < calls; c++)
        ranged |= call[c].frame.unit == QN_FRAME_RANGE;
    qn_window_spec spec = {&partition, w.partitioned,
                           keys,       w.ordered ? 1 + (!ranged && roll(&d, 3) == 0) : 0,
                           call,       calls};
    qn_table_init(&table);
    qn_table_init(&results);
    QN_TEST_OK(make_table(&table, &d, rows, count, w.key_type));
    QN_TEST_OK(qn_window_evaluate(&results, &table, &spec));
    CU_ASSERT_EQUAL(results.row_count, count);
    for (int32_t c = 0; c < calls && results.row_count == count; c++)
        right = check_call(&w, &call[c], &results, c) && right;
    qn_table_clear(&table);
    qn_table_clear(&results);
    return right;
}

static void test_random_windows(void) {
    int wrong = 0;
    for (uint64_t seed = 0; seed < 6000 && wrong < 5; seed++) {
        bool right = run_round(seed);
        wrong += !right;
        if (!right)
            printf("seed %llu\n", (unsigned long long)seed);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* ---- Many rows ------------------------------------------------------------------------------- */

enum { MANY = 60000 };

static bool same_columns(const qn_table *a, const qn_table *b, int32_t column) {
    for (int64_t k = 0; k < a->batch_count; k++) {
        const qn_column *x = a->batches[k].columns[column], *y = b->batches[k].columns[column];
        if (x->length != y->length)
            return false;
        for (int64_t i = 0; i < x->length; i++) {
            double u = qn_column_real(x, i), v = qn_column_real(y, i);
            if (qn_column_is_null(x, i) != qn_column_is_null(y, i) ||
                (memcmp(&u, &v, sizeof u) != 0 && !(isnan(u) && isnan(v))))
                return false;
        }
    }
    return true;
}

/* Calls that look at some rows only are computed in pieces; beside a call that sees whole
 * partitions they are not, and nothing changes. */
static void check_pieces(uint64_t seed) {
    dice d = {qn_random_new(seed, "window pieces"), 0};
    ref_row *rows = NULL;
    qn_window_call call[2];
    qn_window_reach reach;
    qn_table table, pieces, whole;
    int32_t partition = REF_P;
    qn_sort_key key = {REF_W, false, false};
    ref_window w = {.ordered = true, .key_type = QN_INT32};
    qn_window_spec spec = {&partition, seed % 3 > 0, &key, 1, call, 1};
    QN_TEST_OK(qn_mem_alloc(&rows, MANY, sizeof *rows));
    random_rows(&d, rows, MANY, QN_INT32);
    do
        call[0] = random_call(&d, &w);
    while (!qn_window_reach_of(&spec, &reach) || call[0].arguments[0] == REF_S);
    call[1] = (qn_window_call){.function = "row_number", .name = "n", .fallback = -1, .filter = -1};
    qn_table_init(&pieces);
    qn_table_init(&whole);
    QN_TEST_OK(make_table(&table, &d, rows, MANY, QN_INT32));
    QN_TEST_OK(qn_window_evaluate(&pieces, &table, &spec));
    spec.call_count = 2;
    QN_TEST_OK(qn_window_evaluate(&whole, &table, &spec));
    CU_ASSERT(same_columns(&pieces, &whole, 0));
    qn_table_clear(&table);
    qn_table_clear(&pieces);
    qn_table_clear(&whole);
    qn_mem_free(rows);
}

static void test_pieces(void) {
    for (uint64_t seed = 0; seed < 20; seed++)
        check_pieces(seed);
}

/* ---- Faults ---------------------------------------------------------------------------------- */

/* Each allocation of an evaluation fails in turn: it says so and leaves nothing behind. */
static void check_faults(uint64_t seed) {
    dice d = {qn_random_new(seed, "window faults"), 0};
    ref_row rows[MOST_ROWS];
    int32_t order[MOST_ROWS], partition = REF_P;
    ref_window w = random_window(&d, rows, MOST_ROWS, order);
    qn_sort_key key = {REF_K, w.descending, w.nulls_last};
    qn_window_call call[MOST_CALLS];
    qn_window_spec spec = {&partition, w.partitioned, &key, w.ordered, call, MOST_CALLS};
    qn_table table;
    qn_status status = QN_MEMORY;
    random_rows(&d, rows, MOST_ROWS, w.key_type);
    for (int32_t c = 0; c < MOST_CALLS; c++)
        call[c] = random_call(&d, &w);
    QN_TEST_OK(make_table(&table, &d, rows, MOST_ROWS, w.key_type));
    for (int64_t after = 0; status != QN_OK && after < 3000; after++) {
        qn_table results;
        qn_table_init(&results);
        qn_mem_fail_after(after);
        status = qn_window_evaluate(&results, &table, &spec);
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        qn_table_clear(&results);
    }
    CU_ASSERT(status == QN_OK);
    qn_table_clear(&table);
}

static void test_faults(void) {
    for (uint64_t seed = 0; seed < 40; seed++)
        check_faults(seed);
}

int main(void) {
    static const qn_test_case cases[] = {
        {"random windows are those of the definitions", test_random_windows},
        {"calls that look at few rows are computed in pieces", test_pieces},
        {"every allocation may fail", test_faults},
        {NULL, NULL},
    };
    return qn_test_main("window", cases);
}
