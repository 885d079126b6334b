/* Generated tables.
 * Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "features/generate/generate.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

/* name, value, ...; ends with NULL */
static qn_options *make_options(const char *kind, const char *const *pairs) {
    const qn_generator *found = NULL;
    qn_options *options = NULL;
    QN_TEST_OK(qn_generator_find(kind, &found));
    QN_TEST_OK(qn_options_new(&options, found->options));
    for (; pairs != NULL && *pairs != NULL; pairs += 2)
        QN_TEST_OK(qn_options_set(options, pairs[0], pairs[1]));
    return options;
}

static void collect(qn_table *table, qn_comm *comm, const char *kind, const char *const *pairs) {
    qn_options *options = make_options(kind, pairs);
    qn_stream *stream = NULL;
    qn_table_init(table);
    QN_TEST_OK(qn_generate_open(&stream, comm, kind, options));
    QN_TEST_OK(qn_table_collect(table, stream));
    qn_stream_free(stream);
    qn_options_free(options);
}

static bool same_value(const qn_column *a, const qn_column *b, int64_t row) {
    if (qn_column_is_null(a, row) || qn_column_is_null(b, row))
        return qn_column_is_null(a, row) && qn_column_is_null(b, row);
    if (a->type == QN_STRING)
        return qn_view_equal(qn_column_string(a, row), qn_column_string(b, row));
    int size = qn_type_size(a->type);
    return memcmp((const char *)a->values + row * size, (const char *)b->values + row * size,
                  (size_t)size) == 0;
}

static bool same_batch(const qn_batch *a, const qn_batch *b) {
    bool same = a->length == b->length && a->first_row == b->first_row && a->count == b->count;
    for (int32_t k = 0; same && k < a->count; k++)
        for (int64_t i = 0; i < a->length; i++)
            same = same && same_value(a->columns[k], b->columns[k], i);
    return same;
}

/* ---- On any number of ranks ------------------------------------------------------------------ */

/* Each rank's batches are those of a serial run. */
static void check_ranks(const char *kind, const char *const *pairs) {
    qn_comm *self = NULL;
    qn_table mine, whole;
    QN_TEST_OK(qn_comm_self(&self));
    collect(&mine, qn_test_comm(), kind, pairs);
    collect(&whole, self, kind, pairs);
    bool same = true;
    for (int64_t k = 0; k < mine.batch_count; k++) {
        int64_t index = mine.batches[k].first_row / QN_BATCH_ROWS;
        same = same && index < whole.batch_count &&
               same_batch(&mine.batches[k], &whole.batches[index]);
    }
    CU_ASSERT_TRUE(same);
    int64_t rows = mine.row_count;
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &rows, 1));
    CU_ASSERT_EQUAL(rows, whole.row_count);
    CU_ASSERT_TRUE(qn_schema_equal(&mine.schema, &whole.schema));
    qn_table_clear(&mine);
    qn_table_clear(&whole);
    qn_comm_free(self);
}

static void test_same_on_any_ranks(void) {
    check_ranks("transactions", (const char *const[]){"rows", "70000", "malformed", "0.01", NULL});
    check_ranks("ratings", (const char *const[]){"rows", "70000", NULL});
    check_ranks("regression", (const char *const[]){"rows", "40000", "features", "3", NULL});
    check_ranks("ratings", (const char *const[]){"rows", "0", NULL});
    check_ranks("ratings", (const char *const[]){"rows", "1", NULL});
    check_ranks("ratings", NULL);
}

static void test_seed_matters(void) {
    qn_table a, b, c;
    const char *const one[] = {"seed", "1", NULL}, *const two[] = {"seed", "2", NULL},
                      *const more[] = {"seed", "1", "rows", "2000", NULL};
    qn_comm *self = NULL;
    QN_TEST_OK(qn_comm_self(&self));
    collect(&a, self, "ratings", one);
    collect(&b, self, "ratings", two);
    collect(&c, self, "ratings", more);
    CU_ASSERT_FALSE(same_batch(&a.batches[0], &b.batches[0]));
    bool same = true; /* a longer table begins with the shorter one */
    for (int64_t i = 0; i < 1000; i++)
        same = same && same_value(a.batches[0].columns[2], c.batches[0].columns[2], i);
    CU_ASSERT_TRUE(same);
    qn_table_clear(&a);
    qn_table_clear(&b);
    qn_table_clear(&c);
    qn_comm_free(self);
}

static void test_rewinds(void) {
    qn_stream *stream = NULL;
    qn_table first, second;
    qn_table_init(&first);
    qn_table_init(&second);
    QN_TEST_OK(qn_generate_open(&stream, qn_test_comm(), "transactions", NULL));
    QN_TEST_OK(qn_table_collect(&first, stream));
    QN_TEST_OK(qn_stream_rewind(stream));
    QN_TEST_OK(qn_table_collect(&second, stream));
    CU_ASSERT_EQUAL(first.batch_count, second.batch_count);
    if (first.batch_count > 0)
        CU_ASSERT_TRUE(same_batch(&first.batches[0], &second.batches[0]));
    qn_table_clear(&first);
    qn_table_clear(&second);
    qn_stream_free(stream);
}

/* ---- What the tables are like ---------------------------------------------------------------- */

enum { ROWS = 4 * QN_BATCH_ROWS };

static void collect_serial(qn_table *table, const char *kind, const char *const *pairs) {
    qn_comm *self = NULL;
    QN_TEST_OK(qn_comm_self(&self));
    collect(table, self, kind, pairs);
    qn_comm_free(self);
}

static double null_share(const qn_table *table, int32_t column) {
    int64_t nulls = 0;
    for (int64_t k = 0; k < table->batch_count; k++)
        nulls += table->batches[k].columns[column]->null_count;
    return (double)nulls / (double)table->row_count;
}

/* Share of rows whose integer value is below `limit` times the average count of `values`. */
static double share_of_frequent(const qn_table *table, int64_t values) {
    int64_t *counts = NULL, frequent = 0;
    QN_TEST_OK(qn_mem_calloc(&counts, (size_t)values + 1, sizeof *counts));
    for (int64_t k = 0; k < table->batch_count; k++) {
        const qn_column *ids = table->batches[k].columns[0];
        for (int64_t i = 0; i < ids->length; i++)
            counts[ids->type == QN_INT64 ? ids->i64[i] : ids->i32[i]]++;
    }
    CU_ASSERT_EQUAL(counts[0], 0); /* ids are from 1 */
    for (int64_t v = 1; v <= values; v++)
        if (counts[v] > 2 * table->row_count / values)
            frequent += counts[v];
    qn_mem_free(counts);
    return (double)frequent / (double)table->row_count;
}

static void check_transaction(const qn_batch *batch, int64_t i, int64_t *bad, bool *sound) {
    const qn_column *date = batch->columns[1], *amount = batch->columns[2];
    int32_t days = date->i32[i];
    double value = qn_column_is_null(amount, i) ? 1 : amount->f64[i];
    if (days > 47000 || value < 0 || value > 50000)
        ++*bad;
    else if (days < 19358 || days >= 19358 + 730 || value == 0) /* 2023-01-01 */
        *sound = false;
}

static void test_transactions(void) {
    qn_table table;
    int64_t bad = 0;
    bool sound = true;
    collect_serial(&table, "transactions", (const char *const[]){"rows", "65536", NULL});
    CU_ASSERT_EQUAL(table.row_count, ROWS);
    for (int32_t k = 2; k < 5; k++)
        CU_ASSERT_DOUBLE_EQUAL(null_share(&table, k), 0.02, 0.004);
    CU_ASSERT_EQUAL(null_share(&table, 0) + null_share(&table, 1), 0);
    double share = share_of_frequent(&table, 1000);
    CU_ASSERT_TRUE(share > 0.15 && share < 0.9);
    for (int64_t k = 0; k < table.batch_count; k++)
        for (int64_t i = 0; i < table.batches[k].length; i++)
            check_transaction(&table.batches[k], i, &bad, &sound);
    CU_ASSERT_TRUE(sound);
    CU_ASSERT_TRUE(bad > 20 && bad < 200);
    qn_table_clear(&table);
}

static void test_malformed_amounts(void) {
    qn_table table;
    int64_t nonsense = 0;
    collect_serial(&table, "transactions",
                   (const char *const[]){"rows", "65536", "malformed", "0.01", NULL});
    CU_ASSERT_EQUAL(table.schema.fields[2].type, QN_STRING);
    for (int64_t k = 0; k < table.batch_count; k++)
        for (int64_t i = 0; i < table.batches[k].length; i++) {
            qn_view text = qn_column_string(table.batches[k].columns[2], i);
            for (int64_t c = 0; c < text.length; c++)
                if (strchr("xvER", text.data[c]) != NULL) { /* all but "1.2.3" */
                    nonsense++;
                    break;
                }
        }
    CU_ASSERT_DOUBLE_EQUAL((double)nonsense / ROWS, 0.0075, 0.002);
    qn_table_clear(&table);
}

static void test_ratings(void) {
    qn_table table;
    double sum = 0;
    bool sound = true;
    collect_serial(&table, "ratings",
                   (const char *const[]){"rows", "65536", "users", "500", "items", "50", NULL});
    for (int64_t k = 0; k < table.batch_count; k++)
        for (int64_t i = 0; i < table.batches[k].length; i++) {
            const qn_batch *batch = &table.batches[k];
            float stars = batch->columns[2]->f32[i];
            int32_t item = batch->columns[1]->i32[i];
            sound = sound && stars >= 0.5F && stars <= 5 && stars * 2 == floorf(stars * 2) &&
                    item >= 1 && item <= 50;
            sum += (double)stars / ROWS;
        }
    CU_ASSERT_TRUE(sound);
    CU_ASSERT_DOUBLE_EQUAL(sum, 3.4, 0.4);
    CU_ASSERT_TRUE(share_of_frequent(&table, 500) > 0.15);
    qn_table_clear(&table);
}

/* Without noise y is exactly linear: two features and a bias are told by three rows. */
static void test_regression(void) {
    qn_table table;
    collect_serial(&table, "regression",
                   (const char *const[]){"rows", "16384", "features", "3", "informative", "1",
                                         "noise", "0", "bias", "-5", NULL});
    const qn_batch *batch = &table.batches[0];
    double slope = (batch->columns[3]->f64[0] + 5) / batch->columns[0]->f64[0];
    double moments[3] = {0};
    bool linear = true;
    for (int64_t i = 0; i < batch->length; i++) {
        double x = batch->columns[0]->f64[i], z = batch->columns[1]->f64[i];
        linear = linear && fabs(batch->columns[3]->f64[i] + 5 - slope * x) < 1e-9;
        moments[0] += x / 16384;
        moments[1] += x * x / 16384;
        moments[2] += x * z / 16384;
    }
    CU_ASSERT_TRUE(linear);
    CU_ASSERT_TRUE(slope >= 1 && slope < 10);
    CU_ASSERT_DOUBLE_EQUAL(moments[0], 0, 0.04);
    CU_ASSERT_DOUBLE_EQUAL(moments[1], 1, 0.06);
    CU_ASSERT_DOUBLE_EQUAL(moments[2], 0, 0.04);
    qn_table_clear(&table);
}

/* ---- Errors ---------------------------------------------------------------------------------- */

static void check_refused(const char *kind, const char *const *pairs, const char *message) {
    qn_options *options = make_options(kind, pairs);
    qn_stream *stream = NULL;
    QN_TEST_FAILS(qn_generate_open(&stream, qn_test_comm(), kind, options), QN_JOB, message);
    CU_ASSERT_PTR_NULL(stream);
    qn_options_free(options);
}

static void test_errors(void) {
    qn_stream *stream = NULL;
    QN_TEST_FAILS(qn_generate_open(&stream, qn_test_comm(), "rating", NULL), QN_JOB,
                  "unknown kind of table 'rating'");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'ratings'?");
    check_refused("transactions", (const char *const[]){"start", "yesterday", NULL},
                  "'yesterday' is not a date");
    check_refused("regression", (const char *const[]){"features", "3", "informative", "4", NULL},
                  "informative (4) is more than features (3)");
}

static void test_faults(void) {
    for (int kind = 0; qn_generators[kind] != NULL; kind++) {
        qn_status status = QN_MEMORY;
        for (int64_t k = 0; status == QN_MEMORY && k < 2000; k++) {
            qn_stream *stream = NULL;
            qn_batch batch;
            qn_batch_init(&batch);
            int64_t before = qn_mem_blocks();
            qn_mem_fail_after(k);
            status = qn_generate_open(&stream, qn_test_comm(), qn_generators[kind]->name, NULL);
            if (status == QN_OK)
                status = qn_stream_next(stream, &batch);
            qn_mem_fail_after(-1);
            qn_batch_clear(&batch);
            qn_stream_free(stream);
            CU_ASSERT_EQUAL(qn_mem_blocks(), before);
        }
        QN_TEST_OK(status);
    }
}

static const qn_test_case cases[] = {
    {"a table is the same on any number of ranks", test_same_on_any_ranks},
    {"the seed matters, the number of rows does not", test_seed_matters},
    {"a stream can be read again", test_rewinds},
    {"transactions are skewed, have gaps and bad rows", test_transactions},
    {"malformed amounts are text", test_malformed_amounts},
    {"ratings are half stars", test_ratings},
    {"regression is linear", test_regression},
    {"wrong kinds and options are refused", test_errors},
    {"failing allocations leak nothing", test_faults},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("generate", cases);
}
