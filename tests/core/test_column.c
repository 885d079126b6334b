/* Columns, batches, streams and tables. */
#include "core/memory.h"
#include "core/stream.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

static qn_column *strings(const char *const *values, int64_t count) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < count; i++)
        QN_TEST_OK(values[i] == NULL ? qn_string_builder_add_null(&builder)
                                     : qn_string_builder_add(&builder, qn_view_of(values[i])));
    qn_column *column = NULL;
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    return column;
}

/* NaN stands for null. */
static qn_column *reals(const double *values, int64_t count) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_FLOAT64, count, 0));
    for (int64_t i = 0; i < count; i++) {
        column->f64[i] = isnan(values[i]) ? 0 : values[i];
        if (isnan(values[i]))
            QN_TEST_OK(qn_column_set_null(column, i));
    }
    return column;
}

static qn_column *coded(const char *const *words, int64_t word_count, const int32_t *codes,
                        int64_t count) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_INT32, count, 0));
    column->type = QN_STRING;
    memcpy(column->codes, codes, (size_t)count * sizeof *codes);
    column->dictionary = strings(words, word_count);
    return column;
}

/* Rows (1, 0, 2), (0, 0, 0), null, (0, 3, 0). */
static qn_column *sparse(void) {
    static const int32_t offsets[] = {0, 2, 2, 2, 3}, indices[] = {0, 2, 1};
    static const double values[] = {1, 2, 3};
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, 4, 0));
    column->width = 3;
    qn_mem_free(column->values);
    column->values = NULL;
    QN_TEST_OK(qn_mem_copy(&column->offsets, offsets, 5, sizeof *offsets));
    QN_TEST_OK(qn_mem_copy(&column->indices, indices, 3, sizeof *indices));
    QN_TEST_OK(qn_mem_copy(&column->f64, values, 3, sizeof *values));
    QN_TEST_OK(qn_column_set_null(column, 2));
    return column;
}

static bool is(const qn_column *column, int64_t row, const char *text) {
    if (text == NULL)
        return qn_column_is_null(column, row);
    return !qn_column_is_null(column, row) &&
           qn_view_equal(qn_column_string(column, row), qn_view_of(text));
}

static void test_strings_are_built(void) {
    static const char *const values[] = {"a", NULL, "", "d\xc3\xa4mon"};
    qn_column *column = strings(values, 4);
    CU_ASSERT_EQUAL(column->length, 4);
    CU_ASSERT_EQUAL(column->null_count, 1);
    for (int i = 0; i < 4; i++)
        CU_ASSERT(is(column, i, values[i]));
    qn_column_release(column);
}

static void test_a_builder_grows_past_its_first_block(void) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    for (int i = 0; i < 5000; i++)
        QN_TEST_OK(i % 7 == 0
                       ? qn_string_builder_add_null(&builder)
                       : qn_string_builder_add(&builder, qn_view_of(i % 2 ? "odd" : "even")));
    qn_column *column = NULL;
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    CU_ASSERT_EQUAL(column->null_count, 715);
    CU_ASSERT(is(column, 4999, "odd"));
    CU_ASSERT(is(column, 4998, NULL));
    qn_column_release(column);
}

/* Whole vectors may be read from every buffer: with the address sanitizer this fails if not. */
static void test_built_strings_end_on_a_border(void) {
    for (int rows = 1; rows < 2000; rows = rows * 3 + 1) {
        qn_string_builder builder;
        qn_string_builder_init(&builder);
        QN_TEST_OK(qn_string_builder_add_null(&builder));
        for (int i = 0; i < rows; i++)
            QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of("a text of some length")));
        qn_column *column = NULL;
        QN_TEST_OK(qn_string_builder_finish(&builder, &column));
        char copy[64];
        size_t words = ((size_t)qn_bit_words(rows + 1) + 7) / 8 * 8;
        memcpy(copy, column->validity + words - 8, sizeof copy);
        memcpy(copy, column->offsets + (rows + 1) / 16 * 16, sizeof copy);
        memcpy(copy, column->chars + column->offsets[rows + 1] / 64 * 64, sizeof copy);
        uint64_t rest = 0;
        for (size_t w = (size_t)qn_bit_words(rows + 1); w < words; w++)
            rest |= column->validity[w];
        CU_ASSERT_EQUAL(rest, 0);
        qn_column_release(column);
    }
}

static void test_rows_are_taken_from_every_layout(void) {
    static const char *const words[] = {"x", "yy"};
    static const int32_t codes[] = {1, 0, 1, 0};
    static const double numbers[] = {1.5, NAN, -2, 4};
    static const int64_t rows[] = {3, 1, 1};
    qn_column *columns[] = {coded(words, 2, codes, 4), reals(numbers, 4), sparse()}, *taken[3];
    for (int i = 0; i < 3; i++) {
        QN_TEST_OK(qn_column_take(&taken[i], columns[i], rows, 3));
        CU_ASSERT_EQUAL(taken[i]->length, 3);
    }
    CU_ASSERT(is(taken[0], 0, "x") && is(taken[0], 2, "x"));
    CU_ASSERT_PTR_EQUAL(taken[0]->dictionary, columns[0]->dictionary);
    CU_ASSERT_EQUAL(taken[1]->f64[0], 4);
    CU_ASSERT_EQUAL(taken[1]->null_count, 2);
    CU_ASSERT_EQUAL(taken[2]->offsets[1], 1);
    CU_ASSERT_EQUAL(taken[2]->indices[0], 1);
    CU_ASSERT_EQUAL(taken[2]->f64[0], 3);
    for (int i = 0; i < 3; i++) {
        qn_column_release(columns[i]);
        qn_column_release(taken[i]);
    }
}

static void test_sparse_vectors_become_dense(void) {
    static const double expected[] = {1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0};
    qn_column *column = sparse(), *dense = NULL;
    QN_TEST_OK(qn_column_densify(&dense, column));
    CU_ASSERT_EQUAL(memcmp(dense->f64, expected, sizeof expected), 0);
    CU_ASSERT_TRUE(qn_column_is_null(dense, 2));
    qn_column_release(dense);
    qn_column_release(column);
}

static void test_strings_of_different_layout_are_joined(void) {
    static const char *const words[] = {"x", "yy"}, *const plain[] = {"q", NULL};
    static const int32_t codes[] = {1, 0};
    qn_column *a = coded(words, 2, codes, 2), *b = strings(plain, 2), *all = NULL;
    const qn_column *both[] = {a, b};
    QN_TEST_OK(qn_column_concat(&all, both, 2));
    CU_ASSERT(is(all, 0, "yy") && is(all, 1, "x") && is(all, 2, "q") && is(all, 3, NULL));
    qn_column_release(all);
    qn_column_release(b);
    qn_column_release(a);
}

static void test_vectors_of_different_layout_are_joined(void) {
    qn_column *s = sparse(), *d = NULL, *all = NULL;
    QN_TEST_OK(qn_column_densify(&d, s));
    const qn_column *vectors[] = {d, s};
    QN_TEST_OK(qn_column_concat(&all, vectors, 2));
    CU_ASSERT_PTR_NOT_NULL(all->indices);
    CU_ASSERT_EQUAL(all->offsets[8], 6);
    CU_ASSERT_EQUAL(all->f64[5], 3);
    CU_ASSERT_EQUAL(all->null_count, 2);
    qn_column_release(all);
    qn_column_release(d);
    qn_column_release(s);
}

static void test_a_filter_keeps_row_numbers(void) {
    static const double numbers[] = {0, 1, 2, 3, 4};
    qn_batch batch, kept, again;
    qn_batch_init(&batch);
    QN_TEST_OK(qn_batch_append(&batch, reals(numbers, 5)));
    batch.length = 5;
    batch.first_row = QN_BATCH_ROWS;
    uint64_t keep = 0x1a; /* rows 1, 3, 4 */
    QN_TEST_OK(qn_batch_filter(&kept, &batch, &keep));
    CU_ASSERT_EQUAL(kept.length, 3);
    CU_ASSERT_EQUAL(qn_batch_row(&kept, 2), QN_BATCH_ROWS + 4);
    keep = 0x5;
    QN_TEST_OK(qn_batch_filter(&again, &kept, &keep));
    CU_ASSERT_EQUAL(again.columns[0]->f64[1], 4);
    CU_ASSERT_EQUAL(qn_batch_row(&again, 0), QN_BATCH_ROWS + 1);
    CU_ASSERT_EQUAL(qn_batch_row(&again, 1), QN_BATCH_ROWS + 4);
    qn_batch_clear(&again);
    qn_batch_clear(&kept);
    qn_batch_clear(&batch);
}

static void make_table(qn_table *table) {
    static const double numbers[] = {1, 2, 3};
    qn_table_init(table);
    QN_TEST_OK(qn_schema_add(&table->schema, "x", QN_FLOAT64));
    for (int i = 0; i < 3; i++) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_batch_append(&batch, reals(numbers, 3)));
        batch.length = 3;
        batch.first_row = (int64_t)i * QN_BATCH_ROWS;
        QN_TEST_OK(qn_table_add(table, &batch));
    }
}

/* Bits past the length must not matter, whatever the length. */
static void test_kept_rows_of_any_length(void) {
    static const qn_type types[] = {QN_INT32, QN_INT64, QN_FLOAT64, QN_DATE, QN_BOOL};
    uint64_t draw = 1;
    for (int64_t length = 1; length < 200; length++) {
        uint64_t keep[4];
        for (int w = 0; w < 4; w++) {
            draw = draw * UINT64_C(6364136223846793005) + 1442695040888963407;
            keep[w] = length % 3 == 0 ? draw & (draw >> 7) : draw | (draw << 9);
        }
        for (int t = 0; t < 5; t++) {
            qn_batch batch = {.length = length}, kept;
            qn_column *column = NULL;
            int64_t n = 0;
            qn_batch_init(&kept);
            QN_TEST_OK(qn_column_new(&column, types[t], length, 0));
            for (int64_t i = 0; i < length; i++)
                if (types[t] == QN_BOOL && i % 3 == 0)
                    qn_bit_set(column->bits, i);
                else if (qn_type_size(types[t]) == 4)
                    column->i32[i] = (int32_t)(i * 7 + 1);
                else if (types[t] != QN_BOOL)
                    column->i64[i] = i * 7 + 1;
            QN_TEST_OK(qn_batch_append(&batch, column));
            QN_TEST_OK(qn_batch_filter(&kept, &batch, keep));
            const qn_column *out = kept.columns[0];
            for (int64_t i = 0; i < length; i++) {
                if (!qn_bit(keep, i))
                    continue;
                CU_ASSERT_EQUAL(qn_batch_row(&kept, n), i);
                bool same = types[t] == QN_BOOL           ? qn_bit(out->bits, n) == (i % 3 == 0)
                            : qn_type_size(types[t]) == 4 ? out->i32[n] == i * 7 + 1
                                                          : out->i64[n] == i * 7 + 1;
                CU_ASSERT(same);
                n++;
            }
            CU_ASSERT(kept.length == n && out->length == n);
            qn_batch_clear(&batch);
            qn_batch_clear(&kept);
        }
    }
}

static void test_a_table_is_read_again_and_again(void) {
    qn_table table, copy;
    qn_stream *stream = NULL, *borrowed = NULL;
    make_table(&table);
    QN_TEST_OK(qn_table_stream(&stream, &table));
    QN_TEST_OK(qn_stream_borrow(&borrowed, stream));
    for (int pass = 0; pass < 2; pass++) {
        QN_TEST_OK(qn_stream_rewind(borrowed));
        QN_TEST_OK(qn_table_collect(&copy, borrowed));
        CU_ASSERT_EQUAL(copy.row_count, 9);
        CU_ASSERT_EQUAL(copy.batches[2].first_row, 2 * QN_BATCH_ROWS);
        qn_table_clear(&copy);
    }
    qn_stream_free(borrowed);
    qn_stream_free(stream);
    qn_table_clear(&table);
}

static void test_no_allocation_failure_leaks(void) {
    static const char *const values[] = {"a", NULL, "b"};
    static const int64_t rows[] = {2, 0};
    qn_column *column = strings(values, 3);
    for (int successes = 0;; successes++) {
        qn_column *taken = NULL;
        qn_mem_fail_after(successes);
        qn_status status = qn_column_take(&taken, column, rows, 2);
        qn_mem_fail_after(-1);
        qn_column_release(taken);
        if (status == QN_OK)
            break;
        CU_ASSERT_EQUAL(status, QN_MEMORY);
    }
    qn_column_release(column);
}

static const qn_test_case cases[] = {
    {"strings are built", test_strings_are_built},
    {"a builder grows past its first block", test_a_builder_grows_past_its_first_block},
    {"built strings end on a border", test_built_strings_end_on_a_border},
    {"rows are taken from every layout", test_rows_are_taken_from_every_layout},
    {"sparse vectors become dense", test_sparse_vectors_become_dense},
    {"strings of different layout are joined", test_strings_of_different_layout_are_joined},
    {"vectors of different layout are joined", test_vectors_of_different_layout_are_joined},
    {"a filter keeps row numbers", test_a_filter_keeps_row_numbers},
    {"kept rows of any length", test_kept_rows_of_any_length},
    {"a table is read again and again", test_a_table_is_read_again_and_again},
    {"no allocation failure leaks", test_no_allocation_failure_leaks},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("column", cases);
}
