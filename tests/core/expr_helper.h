/* Evaluates SQL expressions on a small table and compares the printed result.
 *
 * Every expression is computed several times: on five rows, on the same rows over and over (so
 * that bitmaps have several words), and with text columns dictionary-encoded. All must agree. */
#ifndef QUERN_TESTS_CORE_EXPR_HELPER_H
#define QUERN_TESTS_CORE_EXPR_HELPER_H

#include "core/expr/lists.h"
#include "core/memory.h"
#include "core/text/number.h"
#include "core/time/date.h"
#include "features/sql/sql.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <string.h>

enum { BASE_ROWS = 5, MANY_ROWS = 27 * BASE_ROWS };

/* name, type and the five values; text that a cast reads, NULL: null */
typedef struct test_column {
    const char *name;
    qn_type type;
    const char *values[BASE_ROWS];
} test_column;

static const test_column test_columns[] = {
    {"b", QN_BOOL, {"true", "false", NULL, "true", "false"}},
    {"c", QN_BOOL, {"true", NULL, NULL, "false", "false"}},
    {"i", QN_INT32, {"1", "-7", NULL, "2147483647", "0"}},
    {"l", QN_INT64, {"2", "3", "-5", "9223372036854775807", NULL}},
    {"f", QN_FLOAT32, {"0.5", "-1.25", NULL, "inf", "3"}},
    {"x", QN_FLOAT64, {"0.5", "-2.5", NULL, "nan", "1000"}},
    {"y", QN_FLOAT64, {"2", "0", "1", "nan", "-inf"}},
    {"s", QN_STRING, {"abc", "Ärger", NULL, "", "  x "}},
    {"u", QN_STRING, {"abc", "b", "z", NULL, "%"}},
    {"d", QN_DATE, {"2024-02-29", "1969-12-31", NULL, "2000-01-01", "2023-12-31"}},
    {"e", QN_DATE, {"2024-03-01", "2024-03-01", "2024-03-01", NULL, "1900-03-01"}},
    {"t",
     QN_TIMESTAMP,
     {"2024-02-29 23:59:58.5", "1969-12-31 00:00:01", NULL, "2000-01-01 12:30:00",
      "2023-12-31 06:07:08"}},
    /* items between bars, "_" a null one */
    {"w", QN_STRING_LIST, {"a|b|c", "b", NULL, "", "c|a|c|_"}},
};

enum { TEST_COLUMNS = sizeof test_columns / sizeof test_columns[0] };

static inline void test_set(qn_column *column, int64_t row, const char *text) {
    qn_view view = qn_view_of(text);
    double real = 0;
    if (column->type == QN_BOOL && *text == 't')
        qn_bit_set(column->bits, row);
    else if (column->type == QN_INT32)
        (void)qn_parse_int32(view, &column->i32[row]);
    else if (column->type == QN_INT64)
        (void)qn_parse_int64(view, &column->i64[row]);
    else if (column->type == QN_DATE)
        (void)qn_parse_date(view, &column->i32[row]);
    else if (column->type == QN_TIMESTAMP)
        (void)qn_parse_timestamp(view, &column->i64[row]);
    else if (qn_parse_real(view, &real) && column->type == QN_FLOAT32)
        column->f32[row] = (float)real;
    else if (column->type == QN_FLOAT64)
        column->f64[row] = real;
}

static inline qn_column *test_make_text(const test_column *from, int64_t rows) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < rows; i++) {
        const char *text = from->values[i % BASE_ROWS];
        QN_TEST_OK(text == NULL ? qn_string_builder_add_null(&builder)
                                : qn_string_builder_add(&builder, qn_view_of(text)));
    }
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    return column;
}

static inline qn_column *test_make_lists(const test_column *from, int64_t rows) {
    qn_list_builder builder;
    qn_column *column = NULL;
    qn_list_builder_init(&builder);
    for (int64_t i = 0; i < rows; i++) {
        const char *text = from->values[i % BASE_ROWS];
        if (text == NULL)
            QN_TEST_OK(qn_list_builder_end_null(&builder));
        while (text != NULL && *text != '\0') {
            int64_t length = (int64_t)strcspn(text, "|");
            bool null = length == 1 && *text == '_';
            QN_TEST_OK(qn_list_builder_add(&builder, (qn_view){null ? NULL : text, length}));
            text += length + (text[length] == '|');
        }
        if (text != NULL)
            QN_TEST_OK(qn_list_builder_end(&builder));
    }
    QN_TEST_OK(qn_list_builder_finish(&builder, &column));
    return column;
}

/* The same column with a dictionary of its distinct values and one that is not used, and that is
 * no regular expression. */
static inline qn_column *test_make_coded(const test_column *from, int64_t rows) {
    qn_string_builder builder;
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_STRING, 0, 0));
    qn_mem_free(column->offsets);
    column->offsets = NULL;
    QN_TEST_OK(qn_mem_calloc(&column->codes, (size_t)rows + 16, sizeof *column->codes));
    column->length = rows;
    qn_string_builder_init(&builder);
    QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of("(unused")));
    for (int64_t i = 0; i < BASE_ROWS; i++)
        if (from->values[i] != NULL)
            QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of(from->values[i])));
    QN_TEST_OK(qn_string_builder_finish(&builder, &column->dictionary));
    for (int64_t i = 0; i < rows; i++) {
        int32_t code = 1;
        for (int64_t k = 0; k < i % BASE_ROWS; k++)
            code += from->values[k] != NULL;
        if (from->values[i % BASE_ROWS] == NULL)
            QN_TEST_OK(qn_column_set_null(column, i));
        else
            column->codes[i] = code;
    }
    return column;
}

static inline qn_column *test_make_column(const test_column *from, int64_t rows, bool coded) {
    if (from->type == QN_STRING)
        return coded ? test_make_coded(from, rows) : test_make_text(from, rows);
    if (from->type == QN_STRING_LIST)
        return test_make_lists(from, rows);
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, from->type, rows, 0));
    for (int64_t i = 0; i < rows; i++) {
        if (from->values[i % BASE_ROWS] == NULL)
            QN_TEST_OK(qn_column_set_null(column, i));
        else
            test_set(column, i, from->values[i % BASE_ROWS]);
    }
    return column;
}

static inline void test_make_schema(qn_schema *schema) {
    qn_schema_init(schema);
    for (int i = 0; i < TEST_COLUMNS; i++)
        QN_TEST_OK(qn_schema_add(schema, test_columns[i].name, test_columns[i].type));
}

static inline void test_make_batch(qn_batch *batch, int64_t rows, bool coded) {
    qn_batch_init(batch);
    batch->length = rows;
    for (int i = 0; i < TEST_COLUMNS; i++)
        QN_TEST_OK(qn_batch_append(batch, test_make_column(&test_columns[i], rows, coded)));
}

/* ['a', null] */
static inline void test_print_list(const qn_column *column, int64_t row, qn_text *out) {
    qn_list list = qn_list_at(&(qn_operand){(qn_column *)column, false}, row);
    QN_TEST_OK(qn_text_add_char(out, '['));
    for (int64_t k = 0; k < list.count; k++) {
        qn_view item = qn_list_item(list, k);
        QN_TEST_OK(qn_text_printf(out, k > 0 ? ", " : ""));
        if (item.data == NULL)
            QN_TEST_OK(qn_text_printf(out, "null"));
        else
            QN_TEST_OK(qn_text_printf(out, "'%.*s'", (int)item.length, item.data));
    }
    QN_TEST_OK(qn_text_add_char(out, ']'));
}

static inline void test_print_value(const qn_column *column, int64_t row, qn_text *out) {
    char text[64];
    int length = 0;
    qn_view view = {text, 0};
    if (qn_column_is_null(column, row))
        length = (int)(stpcpy(text, "null") - text);
    else if (column->type == QN_BOOL)
        length = (int)(stpcpy(text, qn_bit(column->bits, row) ? "true" : "false") - text);
    else if (column->type == QN_INT32)
        length = qn_print_int64(column->i32[row], text);
    else if (column->type == QN_INT64)
        length = qn_print_int64(column->i64[row], text);
    else if (column->type == QN_DATE)
        length = qn_print_date(column->i32[row], text);
    else if (column->type == QN_TIMESTAMP)
        length = qn_print_timestamp(column->i64[row], text);
    else if (column->type == QN_FLOAT32)
        length = qn_print_real(column->f32[row], text);
    else if (column->type == QN_FLOAT64)
        length = qn_print_real(column->f64[row], text);
    view.length = length;
    if (column->type == QN_STRING && !qn_column_is_null(column, row))
        QN_TEST_OK(qn_text_printf(out, "'%.*s'", (int)qn_column_string(column, row).length,
                                  qn_column_string(column, row).data));
    else if (column->type == QN_STRING_LIST && !qn_column_is_null(column, row))
        test_print_list(column, row, out);
    else
        QN_TEST_OK(qn_text_add(out, view.data, view.length));
}

/* "int32: 1 -7 null ..." of rows [first, first + BASE_ROWS) */
static inline void test_print_rows(const qn_column *column, int64_t first, qn_text *out) {
    QN_TEST_OK(qn_text_printf(out, "%s:", qn_type_name(column->type)));
    for (int64_t i = first; i < first + BASE_ROWS && i < column->length; i++) {
        QN_TEST_OK(qn_text_add_char(out, ' '));
        test_print_value(column, i, out);
    }
}

static inline void test_compare(const char *sql, const char *expected, const qn_text *got) {
    char message[2048];
    snprintf(message, sizeof message, "%s gives '%s', expected '%s'", sql, got->data, expected);
    CU_assertImplementation(strcmp(got->data, expected) == 0, 0, message, __FILE__, "", CU_FALSE);
}

/* Under a null values are zero, and no bits lie past the end. */
static inline void test_check_form(const qn_column *column) {
    int64_t tail = column->length & 63, last = column->length >> 6;
    if (tail != 0 && column->validity != NULL)
        CU_ASSERT_EQUAL(column->validity[last] >> tail, 0);
    if (tail != 0 && column->type == QN_BOOL)
        CU_ASSERT_EQUAL(column->bits[last] >> tail, 0);
    int64_t nulls = 0;
    for (int64_t i = 0; i < column->length; i++) {
        if (!qn_column_is_null(column, i))
            continue;
        nulls++;
        if (column->type == QN_BOOL)
            CU_ASSERT_FALSE(qn_bit(column->bits, i));
        if (qn_type_size(column->type) == 4)
            CU_ASSERT_EQUAL(column->i32[i], 0);
        if (qn_type_size(column->type) == 8)
            CU_ASSERT_EQUAL(column->i64[i], 0);
        if (column->type == QN_STRING && column->dictionary != NULL)
            CU_ASSERT_EQUAL(column->codes[i], 0);
        if (column->type == QN_STRING)
            CU_ASSERT_EQUAL(qn_column_string(column, i).length, 0);
        if (column->type == QN_STRING_LIST)
            CU_ASSERT_EQUAL(column->offsets[i], column->offsets[i + 1]);
    }
    CU_ASSERT_EQUAL(column->null_count, nulls);
}

static inline void test_eval_on(const char *sql, const char *expected, const qn_expr *expr,
                                int64_t rows, bool coded) {
    qn_batch batch;
    qn_column *column = NULL;
    test_make_batch(&batch, rows, coded);
    QN_TEST_OK(qn_expr_eval(expr, &batch, &column));
    if (column != NULL) {
        CU_ASSERT_EQUAL(column->length, rows);
        test_check_form(column);
        for (int64_t first = 0; first < rows; first += BASE_ROWS) {
            qn_text got;
            qn_text_init(&got);
            test_print_rows(column, first, &got);
            test_compare(sql, expected, &got);
            qn_text_clear(&got);
        }
    }
    qn_column_release(column);
    qn_batch_clear(&batch);
}

/* `expected`: "type: v v v v v"; for expressions without columns five times the same. */
static inline void test_expr(const char *sql, const char *expected) {
    qn_expr *expr = NULL;
    qn_schema schema;
    test_make_schema(&schema);
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(sql)));
    qn_status status = expr == NULL ? QN_INTERNAL : qn_expr_bind(expr, &schema);
    if (status != QN_OK)
        fprintf(stderr, "%s: %s\n", sql, qn_last_error().message);
    QN_TEST_OK(status);
    if (status == QN_OK) {
        test_eval_on(sql, expected, expr, BASE_ROWS, false);
        test_eval_on(sql, expected, expr, MANY_ROWS, false);
        test_eval_on(sql, expected, expr, MANY_ROWS, true);
    }
    qn_expr_free(expr);
    qn_schema_clear(&schema);
}

/* A constant expression: "type: value". */
static inline void test_constant(const char *sql, const char *type, const char *value) {
    char expected[1024];
    snprintf(expected, sizeof expected, "%s: %s %s %s %s %s", type, value, value, value, value,
             value);
    test_expr(sql, expected);
}

/* Binding (or reading) fails with this text, pointing at byte `position` of the SQL. */
static inline void test_fails(const char *sql, const char *message, int32_t position) {
    qn_expr *expr = NULL;
    qn_schema schema;
    test_make_schema(&schema);
    qn_status status = qn_sql_expression(&expr, qn_view_of(sql));
    if (status == QN_OK) {
        status = qn_expr_bind(expr, &schema);
        if (qn_expr_error_position() != position)
            fprintf(stderr, "%s: at %d, expected %d\n", sql, qn_expr_error_position(), position);
        CU_ASSERT_EQUAL(qn_expr_error_position(), position);
    }
    QN_TEST_FAILS(status, QN_JOB, message);
    qn_expr_free(expr);
    qn_schema_clear(&schema);
}

#endif
