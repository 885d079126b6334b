/* Columns of strings and of lists of strings, built value by value and by bytes put directly. */
#include "core/column/list_builder.h"
#include "core/memory.h"
#include "tests/harness/harness.h"

#include <string.h>

static void check_text(const qn_column *column, int64_t row, const char *expected) {
    CU_ASSERT_EQUAL(qn_column_is_null(column, row), expected == NULL);
    if (expected != NULL)
        CU_ASSERT(qn_view_equal(qn_column_string(column, row), qn_view_of(expected)));
}

/* Writes `text` as `rows` rows of one byte each. */
static void put_bytes(qn_string_builder *builder, const char *text, int64_t rows) {
    QN_TEST_OK(qn_string_builder_reserve(builder, rows, rows));
    int32_t at = builder->offsets[builder->length];
    memcpy(builder->chars + at, text, (size_t)rows);
    for (int64_t i = 0; i < rows; i++)
        builder->offsets[builder->length + 1 + i] = ++at;
    qn_string_builder_took(builder, rows);
}

static void test_strings(void) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    put_bytes(&builder, "abc", 3);
    QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of("")));
    QN_TEST_OK(qn_string_builder_add_null(&builder));
    put_bytes(&builder, "de", 2);
    QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of("longer")));
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    static const char *const expected[] = {"a", "b", "c", "", NULL, "d", "e", "longer"};
    CU_ASSERT_EQUAL(column->length, 8);
    CU_ASSERT_EQUAL(column->null_count, 1);
    for (int64_t i = 0; i < 8; i++)
        check_text(column, i, expected[i]);
    qn_column_release(column);
}

/* Validity begins with a null late in the column, and grows with it. */
static void test_late_nulls(void) {
    enum { ROWS = 3000 };
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < ROWS; i++)
        QN_TEST_OK(i >= 700 && i % 3 == 0 ? qn_string_builder_add_null(&builder)
                                          : qn_string_builder_add(&builder, qn_view_of("x")));
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    int64_t wrong = 0;
    for (int64_t i = 0; i < ROWS; i++)
        wrong += qn_column_is_null(column, i) != (i >= 700 && i % 3 == 0);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(column->null_count, (ROWS - 702 + 2) / 3);
    CU_ASSERT_EQUAL(column->validity[ROWS / 64] >> ROWS % 64, 0); /* bits past the length */
    qn_column_release(column);
}

static void test_no_nulls(void) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of("x")));
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    CU_ASSERT_PTR_NULL(column->validity);
    qn_column_release(column);
}

static void test_too_much_text(void) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    QN_TEST_FAILS(qn_string_builder_reserve(&builder, 1, (int64_t)INT32_MAX + 1), QN_DATA,
                  "more than 2 GiB of text");
    qn_string_builder_clear(&builder);
    qn_list_builder lists;
    qn_list_builder_init(&lists);
    QN_TEST_FAILS(qn_list_builder_reserve(&lists, (int64_t)INT32_MAX + 1, 1), QN_DATA,
                  "more than 2^31 list items");
    qn_list_builder_clear(&lists);
}

static qn_status build_lists(qn_list_builder *builder, qn_column **out) {
    QN_TRY(qn_list_builder_add(builder, qn_view_of("a")));
    QN_TRY(qn_list_builder_add(builder, (qn_view){NULL, 0}));
    QN_TRY(qn_list_builder_end(builder));
    QN_TRY(qn_list_builder_end_null(builder));
    QN_TRY(qn_list_builder_end(builder));
    QN_TRY(qn_list_builder_reserve(builder, 2, 3));
    qn_string_builder *items = &builder->items;
    int32_t at = items->offsets[items->length];
    memcpy(items->chars + at, "xyz", 3);
    items->offsets[items->length + 1] = at + 1;
    items->offsets[items->length + 2] = at + 3;
    qn_string_builder_took(items, 2);
    QN_TRY(qn_list_builder_end(builder));
    return qn_list_builder_finish(builder, out);
}

static void test_lists(void) {
    qn_list_builder builder;
    qn_column *column = NULL;
    qn_list_builder_init(&builder);
    QN_TEST_OK(build_lists(&builder, &column));
    CU_ASSERT_EQUAL(column->length, 4);
    CU_ASSERT(qn_column_is_null(column, 1));
    static const int64_t counts[] = {2, 0, 0, 2};
    for (int64_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(qn_list_row(column, i).count, counts[i]);
    CU_ASSERT_PTR_NULL(qn_list_item(qn_list_row(column, 0), 1).data);
    check_text(column->items, 2, "x");
    check_text(column->items, 3, "yz");
    qn_column_release(column);
}

static void test_memory(void) {
    qn_status status = QN_MEMORY;
    for (int64_t successes = 0; status == QN_MEMORY && successes < 100; successes++) {
        qn_list_builder builder;
        qn_column *column = NULL;
        int64_t blocks = qn_mem_blocks();
        qn_list_builder_init(&builder);
        qn_mem_fail_after(successes);
        status = build_lists(&builder, &column);
        qn_mem_fail_after(-1);
        qn_list_builder_clear(&builder);
        qn_column_release(column);
        CU_ASSERT_EQUAL(qn_mem_blocks(), blocks);
    }
    CU_ASSERT_EQUAL(status, QN_OK);
}

static const qn_test_case cases[] = {
    {"values, bytes put directly and nulls mix", test_strings},
    {"the first null may come late", test_late_nulls},
    {"without nulls there is no validity", test_no_nulls},
    {"too much text and too many items are refused", test_too_much_text},
    {"lists of values, of bytes put directly, empty and null", test_lists},
    {"any allocation may fail, and nothing leaks", test_memory},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("list_builder", cases);
}
