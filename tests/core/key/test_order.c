/* Sorting rows in memory: the order of each type, several keys, stability. */
#include "core/key/order.h"
#include "core/key/radix.h"

#include "core/memory.h"
#include "core/random.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Tables --------------------------------------------------------------------------------- */

static const qn_type all_types[] = {QN_BOOL,    QN_INT32,  QN_INT64, QN_FLOAT32,
                                    QN_FLOAT64, QN_STRING, QN_DATE,  QN_TIMESTAMP};
enum { ALL_TYPES = 8 };

/* One-column table of one batch; takes over the column. */
static void table_of(qn_table *table, qn_column *column) {
    qn_batch batch;
    qn_batch_init(&batch);
    batch.length = column->length;
    QN_TEST_OK(qn_batch_append(&batch, column));
    qn_table_init(table);
    QN_TEST_OK(qn_schema_add(&table->schema, "x", column->type));
    QN_TEST_OK(qn_table_add(table, &batch));
}

static void refs_of(const qn_table *table, qn_ref **out) {
    int64_t at = 0;
    QN_TEST_OK(qn_mem_alloc(out, (size_t)table->row_count, sizeof **out));
    for (int64_t b = 0; b < table->batch_count; b++)
        for (int64_t i = 0; i < table->batches[b].length; i++)
            (*out)[at++] = qn_ref_of(b, i);
}

/* Sorts one column and compares the rows' places with `expected`. */
static void check_order(qn_column *column, bool descending, bool nulls_last,
                        const int64_t *expected) {
    qn_table table;
    qn_ref *refs = NULL;
    table_of(&table, qn_column_retain(column));
    refs_of(&table, &refs);
    qn_sort_key key = {0, descending, nulls_last};
    QN_TEST_OK(qn_order_sort(&table, &key, 1, refs, table.row_count));
    for (int64_t i = 0; i < table.row_count; i++)
        CU_ASSERT_EQUAL(refs[i], expected[i]);
    qn_mem_free(refs);
    qn_table_clear(&table);
}

static qn_column *reals(const double *values, int64_t count, qn_type type) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, type, count, 0));
    for (int64_t i = 0; i < count; i++) {
        if (type == QN_FLOAT64)
            column->f64[i] = values[i];
        else
            column->f32[i] = (float)values[i];
    }
    return column;
}

static qn_column *texts(const char *const *values, int64_t count) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < count; i++)
        QN_TEST_OK(values[i] == NULL ? qn_string_builder_add_null(&builder)
                                     : qn_string_builder_add(&builder, qn_view_of(values[i])));
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    qn_string_builder_clear(&builder);
    return column;
}

/* ---- The order of each type ----------------------------------------------------------------- */

/* Spark: "NaN is larger than any other numeric value"; -0.0 = 0.0 keep their places. */
static void test_reals(void) {
    double values[] = {NAN, 1, -0.0, INFINITY, 0.0, -INFINITY, -1.5, -NAN, 1e-30};
    int64_t up[] = {5, 6, 2, 4, 8, 1, 3, 0, 7}, down[] = {0, 7, 3, 1, 8, 2, 4, 6, 5};
    for (int i = 0; i < 2; i++) {
        qn_column *column = reals(values, 9, i == 0 ? QN_FLOAT64 : QN_FLOAT32);
        check_order(column, false, false, up);
        check_order(column, true, true, down);
        qn_column_release(column);
    }
}

static void test_integers_to_their_ends(void) {
    int64_t values[] = {0, INT64_MAX, INT64_MIN, -1, 1, 0};
    int64_t up[] = {2, 3, 0, 5, 4, 1}, down[] = {1, 4, 0, 5, 3, 2};
    int64_t with_null_first[] = {3, 2, 0, 5, 4, 1}, with_null_last[] = {2, 0, 5, 4, 1, 3};
    int64_t down_null_first[] = {3, 1, 4, 0, 5, 2}, down_null_last[] = {1, 4, 0, 5, 2, 3};
    for (int i = 0; i < 2; i++) {
        qn_column *column = NULL;
        QN_TEST_OK(qn_column_new(&column, i == 0 ? QN_INT64 : QN_TIMESTAMP, 6, 0));
        memcpy(column->i64, values, sizeof values);
        check_order(column, false, false, up);
        check_order(column, true, true, down);
        QN_TEST_OK(qn_column_set_null(column, 3));
        column->i64[3] = 0;
        check_order(column, false, false, with_null_first);
        check_order(column, false, true, with_null_last);
        check_order(column, true, false, down_null_first);
        check_order(column, true, true, down_null_last);
        qn_column_release(column);
    }
}

static void test_small_types(void) {
    int32_t values[] = {3, INT32_MIN, 7, INT32_MAX, -2};
    int64_t up[] = {1, 4, 0, 2, 3}, down[] = {3, 2, 0, 4, 1};
    for (int i = 0; i < 2; i++) {
        qn_column *column = NULL;
        QN_TEST_OK(qn_column_new(&column, i == 0 ? QN_INT32 : QN_DATE, 5, 0));
        memcpy(column->i32, values, sizeof values);
        check_order(column, false, false, up);
        check_order(column, true, false, down);
        qn_column_release(column);
    }
    qn_column *flags = NULL;
    int64_t flags_up[] = {4, 1, 3, 0, 2}, flags_down[] = {0, 2, 1, 3, 4};
    QN_TEST_OK(qn_column_new(&flags, QN_BOOL, 5, 0));
    qn_bit_set(flags->bits, 0);
    qn_bit_set(flags->bits, 2);
    QN_TEST_OK(qn_column_set_null(flags, 4));
    check_order(flags, false, false, flags_up);
    check_order(flags, true, true, flags_down);
    qn_column_release(flags);
}

/* By unsigned bytes: the order of UTF-8 is that of code points; a prefix is less. */
static void test_strings(void) {
    static const char *const values[] = {
        "b",        "",          NULL,           "a",        "z\xc3\xa4", "\xf0\x9f\x98\x80", "ab",
        "abcdefgh", "abcdefghi", "abcdefgh\x01", "\xc3\xa9", "a",         "abcdefg"};
    int64_t up[] = {2, 1, 3, 11, 6, 12, 7, 9, 8, 0, 4, 10, 5};
    int64_t down[] = {5, 10, 4, 0, 8, 9, 7, 12, 6, 3, 11, 1, 2};
    qn_column *column = texts(values, 13);
    check_order(column, false, false, up);
    check_order(column, true, true, down);
    qn_column_release(column);
}

/* Zero bytes at the end are bytes like others, also past eight of them. */
static void test_strings_with_zeros(void) {
    qn_string_builder builder;
    qn_column *column = NULL;
    int64_t expected[60];
    static const char zeros[64] = {0};
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < 60; i++) {
        QN_TEST_OK(qn_string_builder_add(&builder, (qn_view){zeros, 59 - i}));
        expected[i] = 59 - i;
    }
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    qn_string_builder_clear(&builder);
    check_order(column, false, false, expected);
    qn_column_release(column);
}

static void test_columns_without_an_order(void) {
    qn_schema schema;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "tags", QN_STRING_LIST));
    QN_TEST_OK(qn_schema_add(&schema, "features", QN_VECTOR));
    QN_TEST_OK(qn_schema_add(&schema, "n", QN_INT64));
    qn_sort_key keys[] = {{2, false, false}, {0, false, false}};
    QN_TEST_OK(qn_order_check(&schema, keys, 1));
    QN_TEST_FAILS(qn_order_check(&schema, keys, 2), QN_JOB, "'tags': a list<string> has no order");
    keys[1].column = 1;
    QN_TEST_FAILS(qn_order_check(&schema, keys, 2), QN_JOB, "'features': a vector has no order");
    qn_schema_clear(&schema);
}

/* Places from DuckDB 2.0.0, ORDER BY as said, then by place:
 *   values (3,1.5,'b'),(NULL,'nan','a'),(3,-0.0,'ab'),(1,0.0,''),(NULL,'inf','é'),(3,'nan',NULL),
 *          (1,'-inf','z'),(2,NULL,'abc'),(2,NULL,'ab'),(3,1.5,'a'),(1,0.0,'Z'),(2,7,NULL) */
static void test_as_duckdb(void) {
    static const int64_t k[12] = {3, -1, 3, 1, -1, 3, 1, 2, 2, 3, 1, 2};
    static const char *const s[12] = {"b", "a",   "ab", "",  "\xc3\xa9", NULL,
                                      "z", "abc", "ab", "a", "Z",        NULL};
    static const double x[12] = {1.5, NAN, -0.0, 0.0, INFINITY, NAN, -INFINITY, 0, 0, 1.5, 0.0, 7};
    static const struct {
        qn_sort_key keys[2];
        int32_t count;
        int64_t expected[12];
    } orders[] = {
        {{{1, false, false}}, 1, {7, 8, 6, 2, 3, 10, 0, 9, 11, 4, 1, 5}},
        {{{1, true, true}}, 1, {1, 5, 4, 11, 0, 9, 2, 3, 10, 6, 7, 8}},
        {{{2, false, false}}, 1, {5, 11, 3, 10, 1, 9, 2, 8, 7, 0, 6, 4}},
        {{{2, true, false}, {1, false, true}}, 2, {11, 5, 4, 6, 0, 7, 2, 8, 9, 1, 10, 3}},
        {{{0, true, true}, {2, false, true}}, 2, {9, 2, 0, 5, 8, 7, 11, 3, 10, 6, 1, 4}},
        {{{0, false, false}, {1, true, false}}, 2, {1, 4, 3, 10, 6, 7, 8, 11, 5, 0, 9, 2}},
    };
    qn_column *ks = NULL, *xs = reals(x, 12, QN_FLOAT64);
    QN_TEST_OK(qn_column_new(&ks, QN_INT64, 12, 0));
    for (int i = 0; i < 12; i++)
        ks->i64[i] = k[i] < 0 ? 0 : k[i];
    QN_TEST_OK(qn_column_set_null(ks, 1));
    QN_TEST_OK(qn_column_set_null(ks, 4));
    QN_TEST_OK(qn_column_set_null(xs, 7));
    QN_TEST_OK(qn_column_set_null(xs, 8));
    qn_table table;
    table_of(&table, ks);
    QN_TEST_OK(qn_batch_append(&table.batches[0], xs));
    QN_TEST_OK(qn_batch_append(&table.batches[0], texts(s, 12)));
    for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
        qn_ref *refs = NULL;
        refs_of(&table, &refs);
        QN_TEST_OK(qn_order_sort(&table, orders[o].keys, orders[o].count, refs, 12));
        for (int i = 0; i < 12; i++)
            CU_ASSERT_EQUAL(refs[i], orders[o].expected[i]);
        qn_mem_free(refs);
    }
    qn_table_clear(&table);
}

/* ---- Random tables against a plain sort ----------------------------------------------------- */

static uint64_t seed = 42;
static uint64_t draw(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t x = (seed ^ seed >> 33) * UINT64_C(0xff51afd7ed558ccd);
    return x ^ x >> 33;
}

static qn_column *random_strings(int64_t length, int64_t distinct, bool coded) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < (coded ? distinct : length); i++) {
        char text[64];
        int64_t number = coded ? i : (int64_t)(draw() % (uint64_t)distinct);
        int n = snprintf(text, sizeof text, "%s%lld",
                         number % 3 == 0   ? "common prefix "
                         : number % 3 == 1 ? "x"
                                           : "",
                         (long long)(number * 7919 % 1000003));
        QN_TEST_OK(qn_string_builder_add(&builder, (qn_view){text, n}));
    }
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    qn_string_builder_clear(&builder);
    if (!coded)
        return column;
    qn_column *codes = NULL;
    QN_TEST_OK(qn_column_new(&codes, QN_INT32, length, 0));
    codes->type = QN_STRING;
    codes->dictionary = column;
    for (int64_t i = 0; i < length; i++)
        codes->codes[i] = (int32_t)(draw() % (uint64_t)distinct);
    return codes;
}

static qn_column *random_column(qn_type type, int64_t length, int64_t distinct, bool coded) {
    if (type == QN_STRING)
        return random_strings(length, distinct, coded);
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, type, length, 0));
    for (int64_t i = 0; i < length; i++) {
        int64_t number = (int64_t)(draw() % (uint64_t)distinct) - distinct / 2;
        if (type == QN_BOOL && number > 0)
            qn_bit_set(column->bits, i);
        else if (type == QN_INT32 || type == QN_DATE)
            column->i32[i] = (int32_t)number;
        else if (type == QN_FLOAT32)
            column->f32[i] = number == 3 ? NAN : (float)number / 3;
        else if (type == QN_FLOAT64)
            column->f64[i] = number == 3 ? NAN : (double)number / 7;
        else if (type != QN_BOOL)
            column->i64[i] = number * (distinct > 1000000 ? INT64_C(1) << 40 : 1);
    }
    return column;
}

static void add_nulls(qn_column *column) {
    for (int64_t i = 0; i < column->length; i++)
        if (draw() % 10 == 0) {
            QN_TEST_OK(qn_column_set_null(column, i));
            if (column->dictionary != NULL || qn_type_size(column->type) == 4)
                column->i32[i] = 0;
            else if (column->type == QN_BOOL)
                qn_bit_reset(column->bits, i);
            else if (column->type != QN_STRING)
                column->i64[i] = 0;
        }
}

/* All types, in batches of uneven lengths; strings plain and coded in turn. */
static void random_table(qn_table *table, int64_t rows, int64_t distinct, bool coded) {
    qn_table_init(table);
    for (int t = 0; t < ALL_TYPES; t++)
        QN_TEST_OK(qn_schema_add(&table->schema, qn_type_name(all_types[t]), all_types[t]));
    for (int64_t at = 0, length; at < rows; at += length) {
        qn_batch batch;
        qn_batch_init(&batch);
        length = 1 + (int64_t)(draw() % QN_BATCH_ROWS);
        length = length < rows - at ? length : rows - at;
        batch.length = length;
        for (int t = 0; t < ALL_TYPES; t++) {
            qn_column *column = random_column(all_types[t], length, distinct, coded);
            if (t % 2 == 0 || coded)
                add_nulls(column);
            QN_TEST_OK(qn_batch_append(&batch, column));
        }
        QN_TEST_OK(qn_table_add(table, &batch));
    }
}

static struct {
    const qn_table *table;
    const qn_sort_key *keys;
    int32_t count;
} plain;

/* Written without regard to qn_order_compare: by C's own comparisons. */
static int plain_key(const qn_column *a, int64_t i, const qn_column *b, int64_t j,
                     const qn_sort_key *key) {
    bool x_null = qn_column_is_null(a, i), y_null = qn_column_is_null(b, j);
    if (x_null && y_null)
        return 0;
    if (x_null || y_null)
        return x_null == key->nulls_last ? 1 : -1;
    int result;
    if (a->type == QN_STRING) {
        qn_view x = qn_column_string(a, i), y = qn_column_string(b, j);
        size_t least = (size_t)(x.length < y.length ? x.length : y.length);
        result = memcmp(x.data, y.data, least);
        result = result != 0 ? result : x.length < y.length ? -1 : x.length > y.length;
    } else if (a->type == QN_INT64 || a->type == QN_TIMESTAMP) {
        result = a->i64[i] < b->i64[j] ? -1 : a->i64[i] > b->i64[j];
    } else {
        double x = qn_column_real(a, i), y = qn_column_real(b, j);
        if (isnan(x) || isnan(y))
            result = isnan(x) && isnan(y) ? 0 : isnan(x) ? 1 : -1;
        else
            result = x < y ? -1 : x > y;
    }
    return key->descending ? -result : result;
}

static int plain_compare(const void *a, const void *b) {
    qn_ref x = *(const qn_ref *)a, y = *(const qn_ref *)b;
    for (int32_t k = 0; k < plain.count; k++) {
        int32_t c = plain.keys[k].column;
        int result = plain_key(plain.table->batches[qn_ref_batch(x)].columns[c], qn_ref_row(x),
                               plain.table->batches[qn_ref_batch(y)].columns[c], qn_ref_row(y),
                               &plain.keys[k]);
        if (result != 0)
            return result;
    }
    return 0;
}

static int plain_stable_compare(const void *a, const void *b) {
    qn_ref x = *(const qn_ref *)a, y = *(const qn_ref *)b;
    int result = plain_compare(a, b);
    return result != 0 ? result : (x > y) - (x < y);
}

/* Sorts both ways and compares place by place; boundaries and compare go along. */
static void check_against_plain(const qn_table *table, const qn_sort_key *keys, int32_t count) {
    qn_ref *refs = NULL, *expected = NULL;
    uint8_t *starts = NULL;
    refs_of(table, &refs);
    refs_of(table, &expected);
    plain.table = table;
    plain.keys = keys;
    plain.count = count;
    QN_TEST_OK(qn_order_sort(table, keys, count, refs, table->row_count));
    qsort(expected, (size_t)table->row_count, sizeof *expected, plain_stable_compare);
    QN_TEST_OK(qn_mem_alloc(&starts, (size_t)table->row_count, 1));
    QN_TEST_OK(qn_order_boundaries(table, keys, count, refs, table->row_count, starts));
    int64_t wrong = 0, wrong_starts = starts[0] != 1, wrong_compare = 0;
    for (int64_t i = 0; i < table->row_count; i++)
        wrong += refs[i] != expected[i];
    for (int64_t i = 1; i < table->row_count; i++) {
        int compared = plain_compare(&expected[i - 1], &expected[i]);
        wrong_starts += starts[i] != (compared != 0);
        int ours = qn_order_compare(table, expected[i - 1], table, expected[i], keys, count);
        wrong_compare += (ours < 0) != (compared < 0) || (ours > 0) != (compared > 0);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(wrong_starts, 0);
    CU_ASSERT_EQUAL(wrong_compare, 0);
    qn_mem_free(refs);
    qn_mem_free(expected);
    qn_mem_free(starts);
}

static void test_a_million_rows(void) {
    qn_table table;
    random_table(&table, 1000000, 5000000, false);
    qn_sort_key by_long[] = {{2, false, false}}, by_text[] = {{5, true, true}};
    check_against_plain(&table, by_long, 1);
    check_against_plain(&table, by_text, 1);
    qn_table_clear(&table);
}

static void test_several_keys(void) {
    static const int64_t sizes[] = {1, 2, 40, 3000, 50000};
    for (int s = 0; s < 5; s++)
        for (int coded = 0; coded < 2; coded++) {
            qn_table table;
            random_table(&table, sizes[s], 12, coded == 1);
            for (int trial = 0; trial < 12; trial++) {
                qn_sort_key keys[4];
                for (int k = 0; k < 4; k++)
                    keys[k] = (qn_sort_key){(int32_t)(draw() % ALL_TYPES), draw() % 2, draw() % 2};
                check_against_plain(&table, keys, 1 + trial % 4);
            }
            qn_table_clear(&table);
        }
}

/* Rows of a table in any order and number: the dictionary may be larger than they are. */
static void test_some_rows(void) {
    qn_table table;
    random_table(&table, 20000, 5000, true);
    qn_sort_key keys[] = {{5, false, true}, {1, true, true}};
    qn_ref refs[300], expected[300];
    for (int i = 0; i < 300; i++)
        refs[i] = expected[i] = qn_ref_of(0, (int64_t)(draw() % (uint64_t)table.batches[0].length));
    plain.table = &table;
    plain.keys = keys;
    plain.count = 2;
    QN_TEST_OK(qn_order_sort(&table, keys, 2, refs, 300));
    qsort(expected, 300, sizeof *expected, plain_compare);
    for (int i = 0; i < 300; i++)
        CU_ASSERT_EQUAL(refs[i], expected[i]);
    qn_table_clear(&table);
}

static int64_t differences(const qn_column *a, const qn_column *b) {
    int64_t count = 0;
    for (int64_t i = 0; i < a->length; i++)
        count += qn_column_is_null(a, i) != qn_column_is_null(b, i) ||
                 (qn_type_size(a->type) == 8 ? a->i64[i] != b->i64[i] : a->i32[i] != b->i32[i]);
    return count + (a->type != b->type) + (a->length != b->length) +
           (a->null_count != b->null_count);
}

/* Key columns that sorting kept are those that are gathered. */
static void check_kept(const qn_table *table, const qn_sort_key *keys, int32_t count,
                       int32_t expected) {
    qn_ref *refs = NULL;
    qn_order_kept *kept = NULL;
    int32_t found = 0;
    refs_of(table, &refs);
    QN_TEST_OK(qn_order_sort_keep(table, keys, count, refs, table->row_count, &kept));
    for (int32_t c = 0; c < ALL_TYPES && kept != NULL; c++) {
        qn_column *column = NULL, *taken = NULL;
        int64_t first = table->row_count / 3, rows = table->row_count - first;
        rows = rows < 1000 ? rows : 1000;
        QN_TEST_OK(qn_order_kept_column(kept, table, c, refs + first, first, rows, &column));
        if (column == NULL)
            continue;
        QN_TEST_OK(qn_table_take(&taken, table, c, refs + first, rows));
        CU_ASSERT_EQUAL(differences(column, taken), 0);
        found++;
        qn_column_release(column);
        qn_column_release(taken);
    }
    CU_ASSERT_EQUAL(found, expected);
    qn_order_kept_free(kept);
    qn_mem_free(refs);
}

static void test_kept_keys(void) {
    qn_table table;
    for (int coded = 0; coded < 2; coded++) {
        random_table(&table, 30000, 1000, coded == 1);
        for (int bits = 0; bits < 4; bits++) {
            qn_sort_key keys[] = {{2, bits & 1, bits & 2},
                                  {6, bits & 2, bits & 1},
                                  {5, false, true},
                                  {1, bits & 2, true}};
            check_kept(&table, keys, 1, 1);
            check_kept(&table, keys, 2, 2);
            check_kept(&table, keys, 4, 3);
            qn_sort_key reals[] = {{4, bits & 1, bits & 2}};
            check_kept(&table, reals, 1, 1);
            reals[0].column = 3;
            check_kept(&table, reals, 1, 1);
        }
        qn_table_clear(&table);
    }
    random_table(&table, 30000, 10000000, false); /* all 64 bits */
    qn_sort_key wide[] = {{2, true, false}, {7, false, true}};
    check_kept(&table, wide, 1, 1);
    check_kept(&table, wide, 2, 0);
    check_kept(&table, wide + 1, 1, 1);
    qn_table_clear(&table);
}

/* Where prefixes differ they say the order; where equal ones are said to be equal keys, they are.
 */
static void test_prefixes(void) {
    qn_table table;
    uint64_t prefixes[2][QN_BATCH_ROWS];
    for (int coded = 0; coded < 2; coded++) {
        random_table(&table, 20000, 60, coded == 1);
        const qn_batch *a = &table.batches[0], *b = &table.batches[table.batch_count - 1];
        for (int trial = 0; trial < 4 * ALL_TYPES; trial++) {
            qn_sort_key key = {trial / 4, trial & 1, trial & 2};
            bool exact = qn_order_prefixes(a, &key, 1, prefixes[0]);
            exact &= qn_order_prefixes(b, &key, 1, prefixes[1]);
            int64_t wrong = 0;
            for (int pair = 0; pair < 3000; pair++) {
                int64_t i = (int64_t)(draw() % (uint64_t)a->length);
                int64_t j = (int64_t)(draw() % (uint64_t)b->length);
                int compared = qn_order_compare_rows(a, i, b, j, &key, 1);
                uint64_t x = prefixes[0][i], y = prefixes[1][j];
                wrong += (x < y && compared >= 0) || (x > y && compared <= 0) ||
                         (x == y && exact && compared != 0);
            }
            CU_ASSERT_EQUAL(wrong, 0);
        }
        qn_table_clear(&table);
    }
}

static void test_memory_failures(void) {
    qn_table table;
    random_table(&table, 5000, 100, true);
    qn_sort_key keys[] = {{5, false, true}, {2, true, true}, {4, true, true}, {3, false, false}};
    qn_ref *refs = NULL;
    refs_of(&table, &refs);
    qn_status status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 1000; i++) {
        qn_mem_fail_after(i);
        qn_order_kept *kept = NULL;
        status = qn_order_sort_keep(&table, keys, 4, refs, table.row_count, &kept);
        qn_mem_fail_after(-1);
        qn_order_kept_free(kept);
    }
    QN_TEST_OK(status);
    qn_mem_free(refs);
    qn_table_clear(&table);
}

static const qn_test_case cases[] = {
    {"NaN is above all reals, both zeros are equal", test_reals},
    {"integers are ordered to their ends, nulls stand where they are asked to",
     test_integers_to_their_ends},
    {"small integers, dates and flags are ordered", test_small_types},
    {"strings are ordered by their bytes", test_strings},
    {"zero bytes count", test_strings_with_zeros},
    {"DuckDB's orders are ours", test_as_duckdb},
    {"columns without an order are refused", test_columns_without_an_order},
    {"a million rows are sorted as plainly", test_a_million_rows},
    {"several keys, up and down, are sorted as plainly", test_several_keys},
    {"some rows of a table are sorted", test_some_rows},
    {"keys that were kept are those of the rows", test_kept_keys},
    {"prefixes say the order", test_prefixes},
    {"memory failures leave nothing behind", test_memory_failures},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("order", cases);
}
