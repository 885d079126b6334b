/* One dictionary for a table's batches. */
#include "core/key/unify.h"

#include "core/memory.h"
#include "tests/harness/harness.h"

#include <stdio.h>

enum { ROWS = 100, ENTRIES = 20 };

/* A batch whose text of row i is "t<(first + i) % 20>", null every seventh row. */
static void add_batch(qn_table *table, int64_t first, int64_t shift, bool plain) {
    qn_string_builder builder;
    qn_column *dictionary = NULL, *column = NULL;
    char text[32];
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < ENTRIES; i++) {
        snprintf(text, sizeof text, "t%lld", (long long)((i + shift) % ENTRIES));
        QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of(text)));
    }
    QN_TEST_OK(qn_string_builder_finish(&builder, &dictionary));
    qn_string_builder_clear(&builder);
    QN_TEST_OK(qn_column_new(&column, QN_INT32, ROWS, 0));
    column->type = QN_STRING;
    column->dictionary = dictionary;
    for (int64_t i = 0; i < ROWS; i++) {
        if ((first + i) % 7 == 0)
            QN_TEST_OK(qn_column_set_null(column, i));
        else
            column->codes[i] = (int32_t)((first + i + ENTRIES - shift) % ENTRIES);
    }
    if (plain) {
        qn_column *decoded = NULL;
        QN_TEST_OK(qn_column_decode(&decoded, column));
        qn_column_release(column);
        column = decoded;
    }
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TEST_OK(qn_batch_append(&batch, column));
    batch.length = ROWS;
    QN_TEST_OK(qn_table_add(table, &batch));
}

static void check(qn_table *table, bool unified) {
    char text[32];
    for (int64_t b = 0; b < table->batch_count; b++) {
        const qn_column *column = table->batches[b].columns[0];
        CU_ASSERT((column->dictionary == table->batches[0].columns[0]->dictionary) ==
                  (unified || b == 0));
        for (int64_t i = 0; i < ROWS; i++) {
            int64_t row = b * ROWS + i;
            snprintf(text, sizeof text, "t%lld", (long long)(row % ENTRIES));
            CU_ASSERT_EQUAL(qn_column_is_null(column, i), row % 7 == 0);
            if (row % 7 != 0)
                CU_ASSERT(qn_view_equal(qn_column_string(column, i), qn_view_of(text)));
        }
    }
}

static void make(qn_table *table, bool same, bool plain) {
    qn_table_init(table);
    QN_TEST_OK(qn_schema_add(&table->schema, "t", QN_STRING));
    for (int64_t b = 0; b < 4; b++)
        add_batch(table, b * ROWS, same ? 3 : 3 * b, plain && b == 2);
}

static void test_different_dictionaries(void) {
    for (int same = 0; same < 2; same++) {
        qn_table table;
        make(&table, same, false);
        QN_TEST_OK(qn_table_unify(&table));
        check(&table, true);
        QN_TEST_OK(qn_table_unify(&table));
        check(&table, true);
        qn_table_clear(&table);
    }
}

static void test_plain_texts_are_left_alone(void) {
    qn_table table;
    make(&table, false, true);
    QN_TEST_OK(qn_table_unify(&table));
    check(&table, false);
    qn_table_clear(&table);
}

static void test_faults(void) {
    qn_status status = QN_MEMORY;
    for (int64_t n = 0; n < 200 && status != QN_OK; n++) {
        qn_table table;
        make(&table, false, false);
        qn_mem_fail_after(n);
        status = qn_table_unify(&table);
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        qn_table_clear(&table);
    }
    CU_ASSERT_EQUAL(status, QN_OK);
}

static const qn_test_case cases[] = {
    {"different dictionaries become one", test_different_dictionaries},
    {"plain texts are left alone", test_plain_texts_are_left_alone},
    {"a failed allocation leaves nothing behind", test_faults},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("unify", cases);
}
