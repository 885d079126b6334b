/* Ranks: 1 */
#include "core/column/take.h"

#include "core/memory.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <string.h>

enum { BATCHES = 3, ROWS = 100 };

static qn_column *strings(int64_t first, bool with_nulls) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < ROWS; i++) {
        char text[32];
        snprintf(text, sizeof text, "v%lld", (long long)(first + i));
        if (with_nulls && i % 7 == 3)
            QN_TEST_OK(qn_string_builder_add_null(&builder));
        else
            QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of(text)));
    }
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    return column;
}

static qn_column *coded(qn_column *dictionary, int64_t first) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_INT32, ROWS, 0));
    column->type = QN_STRING;
    column->dictionary = qn_column_retain(dictionary);
    for (int64_t i = 0; i < ROWS; i++)
        column->codes[i] = (int32_t)((first + i) % dictionary->length);
    return column;
}

static qn_column *numbers(qn_type type, int64_t first) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, type, ROWS, type == QN_VECTOR ? 2 : 0));
    for (int64_t i = 0; i < ROWS; i++) {
        if (type == QN_INT64)
            column->i64[i] = first + i;
        else if (type == QN_INT32)
            column->i32[i] = (int32_t)(first + i);
        else if (type == QN_VECTOR)
            column->f64[2 * i] = column->f64[2 * i + 1] = (double)(first + i);
        else if ((first + i) % 3 == 0)
            qn_bit_set(column->bits, i);
    }
    return column;
}

/* Columns: int64 with nulls in batch 1, int32, bool, plain strings, coded strings, vectors. */
static void fill(qn_table *table) {
    static const qn_type types[] = {QN_INT64, QN_INT32, QN_BOOL, QN_STRING, QN_STRING, QN_VECTOR};
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    qn_column *dictionary = strings(0, false);
    for (int i = 0; i < 6; i++) {
        qn_field field = {.name = (char *)(uintptr_t)names[i],
                          .type = types[i],
                          .width = types[i] == QN_VECTOR ? 2 : 0};
        QN_TEST_OK(qn_schema_add_field(&table->schema, &field));
    }
    for (int64_t b = 0; b < BATCHES; b++) {
        qn_batch batch = {.length = ROWS, .first_row = b * QN_BATCH_ROWS};
        qn_column *first = numbers(QN_INT64, b * ROWS);
        if (b == 1)
            QN_TEST_OK(qn_column_set_null(first, 5));
        QN_TEST_OK(qn_batch_append(&batch, first));
        QN_TEST_OK(qn_batch_append(&batch, numbers(QN_INT32, b * ROWS)));
        QN_TEST_OK(qn_batch_append(&batch, numbers(QN_BOOL, b * ROWS)));
        QN_TEST_OK(qn_batch_append(&batch, strings(b * ROWS, b == 2)));
        QN_TEST_OK(qn_batch_append(&batch, coded(dictionary, b * ROWS)));
        QN_TEST_OK(qn_batch_append(&batch, numbers(QN_VECTOR, b * ROWS)));
        QN_TEST_OK(qn_table_add(table, &batch));
    }
    qn_column_release(dictionary);
}

static bool text_is(const qn_column *column, int64_t row, const char *text) {
    return qn_view_equal(qn_column_string(column, row), qn_view_of(text));
}

static void test_all_types(void) {
    const qn_ref refs[] = {qn_ref_of(2, 99), qn_ref_of(0, 0), QN_REF_NULL,    qn_ref_of(1, 5),
                           qn_ref_of(1, 6),  qn_ref_of(2, 3), qn_ref_of(0, 0)};
    qn_table table;
    qn_batch out;
    qn_table_init(&table);
    qn_batch_init(&out);
    fill(&table);
    QN_TEST_OK(qn_table_take_all(&out, &table, refs, 7));
    CU_ASSERT_EQUAL(out.length, 7);
    const qn_column *a = out.columns[0], *c = out.columns[2], *d = out.columns[3];
    CU_ASSERT(a->i64[0] == 299 && a->i64[1] == 0 && a->i64[4] == 106 && a->i64[6] == 0);
    CU_ASSERT(a->null_count == 2 && qn_column_is_null(a, 2) && qn_column_is_null(a, 3));
    CU_ASSERT_EQUAL(out.columns[1]->i32[5], 203);
    CU_ASSERT_EQUAL(out.columns[1]->null_count, 1);
    CU_ASSERT(!qn_bit(c->bits, 0) && qn_bit(c->bits, 1) && qn_bit(c->bits, 3));
    CU_ASSERT(text_is(d, 0, "v299") && text_is(d, 4, "v106") && text_is(d, 6, "v0"));
    CU_ASSERT(d->null_count == 2 && qn_column_is_null(d, 2) && qn_column_is_null(d, 5));
    const qn_column *e = out.columns[4], *f = out.columns[5];
    CU_ASSERT_PTR_NOT_NULL(e->dictionary);
    CU_ASSERT(text_is(e, 0, "v99") && text_is(e, 4, "v6") && qn_column_is_null(e, 2));
    CU_ASSERT(f->f64[1] == 299 && f->f64[8] == 106 && qn_column_is_null(f, 2));
    qn_batch_clear(&out);
    QN_TEST_OK(qn_table_take_all(&out, &table, refs, 0));
    CU_ASSERT(out.length == 0 && out.count == 6);
    qn_batch_clear(&out);
    qn_table_clear(&table);
}

static void test_faults(void) {
    const qn_ref refs[] = {qn_ref_of(2, 99), QN_REF_NULL, qn_ref_of(1, 5), qn_ref_of(2, 3)};
    qn_table table;
    qn_status status = QN_MEMORY;
    qn_table_init(&table);
    fill(&table);
    for (int64_t n = 0; status == QN_MEMORY && n < 1000; n++) {
        qn_batch out;
        qn_batch_init(&out);
        qn_mem_fail_after(n);
        status = qn_table_take_all(&out, &table, refs, 4);
        qn_mem_fail_after(-1);
        qn_batch_clear(&out);
    }
    CU_ASSERT_EQUAL(status, QN_OK);
    qn_table_clear(&table);
}

static const qn_test_case cases[] = {
    {"rows of all types are gathered from batches, with nulls", test_all_types},
    {"a failed allocation leaves nothing behind", test_faults},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("take", cases);
}
