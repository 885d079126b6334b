/* Division by zero, overflow, bad casts: null or wrapped, null, or errors, by the session. What is
 * a fault is Spark's (docs, "ANSI Compliance"): try_... functions give null always. */
#include "core/expr/session.h"
#include "tests/core/expr_helper.h"

static qn_status open_in(qn_expr **out, const char *sql, qn_on_fault on_fault) {
    qn_schema schema;
    qn_expr *expr = NULL;
    qn_session session = {.on_fault = on_fault};
    test_make_schema(&schema);
    qn_status status = qn_sql_expression(&expr, qn_view_of(sql));
    if (status == QN_OK)
        status = qn_expr_bind_in(expr, &schema, &session);
    qn_schema_clear(&schema);
    if (status == QN_OK)
        *out = expr;
    else
        qn_expr_free(expr);
    return status;
}

/* On the helper's rows, plain and many times over with dictionaries. */
static void check_rows(const char *sql, qn_on_fault on_fault, const char *expected) {
    qn_expr *expr = NULL;
    QN_TEST_OK(open_in(&expr, sql, on_fault));
    if (expr == NULL)
        return;
    test_eval_on(sql, expected, expr, BASE_ROWS, false);
    test_eval_on(sql, expected, expr, MANY_ROWS, true);
    qn_expr_free(expr);
}

static void check_error(const char *sql, const char *message, int32_t position) {
    for (int coded = 0; coded < 2; coded++) {
        qn_expr *expr = NULL;
        qn_batch batch;
        qn_column *column = NULL;
        QN_TEST_OK(open_in(&expr, sql, QN_FAULT_ERROR));
        if (expr == NULL)
            return;
        test_make_batch(&batch, MANY_ROWS, coded == 1);
        batch.first_row = 1000;
        qn_status status = qn_expr_eval(expr, &batch, &column);
        QN_TEST_FAILS(status, QN_DATA, message);
        CU_ASSERT_EQUAL(qn_expr_error_position(), position);
        qn_column_release(column);
        qn_batch_clear(&batch);
        qn_expr_free(expr);
    }
}

/* i: 1 -7 null 2147483647 0; l: 2 3 -5 9223372036854775807 null */
static void test_arithmetic(void) {
    check_rows("i + 1", QN_FAULT_SPARK, "int32: 2 -6 null -2147483648 1");
    check_rows("i + 1", QN_FAULT_NULL, "int32: 2 -6 null null 1");
    check_error("i + 1", "row 1004: 2147483647 + 1 overflows int32", 2);
    check_rows("-5 - i", QN_FAULT_NULL, "int32: -6 2 null null -5");
    check_error("-5 - i", "row 1004: -5 - 2147483647 overflows int32", 3);
    check_rows("l * l", QN_FAULT_NULL, "int64: 4 9 25 null null");
    check_error("l * l", "row 1004: 9223372036854775807 * 9223372036854775807 overflows int64", 2);
    check_rows("i / 0", QN_FAULT_NULL, "float64: null null null null null");
    check_error("i / 0", "row 1001: '/' divides by zero", 2);
    check_rows("l % i", QN_FAULT_NULL, "int64: 0 3 null 1 null");
    check_error("7 % i", "row 1005: '%' divides by zero", 2);
    check_error("pmod(7, i)", "row 1005: 'pmod' divides by zero", 0);
    check_rows("round(i, -1)", QN_FAULT_SPARK, "int32: 0 -10 null -2147483646 0");
    check_rows("round(i, -1)", QN_FAULT_NULL, "int32: 0 -10 null null 0");
    check_error("round(l, -1)", "row 1004: round(9223372036854775807, -1) overflows int64", 0);
    check_rows("abs(cast(-2147483648 as int) + i - i)", QN_FAULT_SPARK,
               "int32: -2147483648 -2147483648 null -2147483648 -2147483648");
    check_error("abs(cast(i * 0 - 2147483648 as int))",
                "row 1001: abs(-2147483648) overflows int32", 0);
}

static void test_casts(void) {
    check_rows("cast(l as int)", QN_FAULT_SPARK, "int32: 2 3 -5 -1 null");
    check_rows("cast(l as int)", QN_FAULT_NULL, "int32: 2 3 -5 null null");
    check_error("cast(l as int)", "row 1004: 9223372036854775807 cannot be cast to int32", 0);
    check_rows("cast(y as bigint)", QN_FAULT_NULL, "int64: 2 0 1 null null");
    check_error("cast(y as bigint)", "row 1004: NaN cannot be cast to int64", 0);
    check_error("cast(f as int)", "row 1004: Infinity cannot be cast to int32", 0);
    check_error("cast(u as int)", "row 1001: 'abc' cannot be cast to int32", 0);
    check_error("cast(u as date)", "row 1001: 'abc' cannot be cast to date", 0);
    check_error("to_date(u, 'yyyy')", "row 1001: 'abc' does not fit the pattern of 'to_date'", 0);
    check_error("to_timestamp(u)", "row 1001: 'abc' cannot be cast to timestamp", 0);
    check_error("date_add(d, l)", "row 1004: 9223372036854775807 days lead past the last date", 0);
    check_rows("cast(d as string)", QN_FAULT_ERROR,
               "string: '2024-02-29' '1969-12-31' null '2000-01-01' '2023-12-31'");
}

/* A value that nothing takes is no error. */
static void test_guarded(void) {
    check_rows("case when i <> 0 then 10 % i else -1 end", QN_FAULT_ERROR, "int32: 0 3 -1 10 -1");
    check_rows("if(i = 0, 0, 7 % i)", QN_FAULT_ERROR, "int32: 0 0 null 7 0");
    check_rows("i <> 0 and 7 % i = 0", QN_FAULT_ERROR, "bool: true true null false false");
    check_rows("i = 0 or 7 % i = 0", QN_FAULT_ERROR, "bool: true true null false true");
    check_rows("coalesce(i, 1 / 0)", QN_FAULT_NULL, "float64: 1 -7 null 2147483647 0");
    check_error("coalesce(i, 1 / 0)", "row 1003: '/' divides by zero", 14);
    check_rows("coalesce(y, 1 / 0)", QN_FAULT_ERROR, "float64: 2 0 1 nan -inf");
    check_rows("case when false then cast('x' as int) end", QN_FAULT_ERROR,
               "int32: null null null null null");
    check_error("case when i <> 0 then 1 else 10 % i end", "row 1005: '%' divides by zero", 32);
    check_error("case when 7 % i = 0 then 1 else 2 end", "row 1005: '%' divides by zero", 12);
    check_error("7 % i = 0 and i <> 0", "row 1005: '%' divides by zero", 2);
    /* the first row's fault, though another call faults first */
    check_error("cast(l as int) + case when i = 1 then cast('x' as int) else 0 end",
                "row 1001: 'x' cannot be cast to int32", 38);
}

static void test_trying(void) {
    for (qn_on_fault mode = QN_FAULT_SPARK; mode <= QN_FAULT_ERROR; mode++) {
        check_rows("try_add(i, 1)", mode, "int32: 2 -6 null null 1");
        check_rows("try_subtract(-5, i)", mode, "int32: -6 2 null null -5");
        check_rows("try_multiply(l, 2)", mode, "int64: 4 6 -10 null null");
        check_rows("try_divide(1, y)", mode, "float64: 0.5 null 1 nan -0");
        check_rows("try_cast(u as int)", mode, "int32: null null null null null");
        check_rows("try_cast(l as int)", mode, "int32: 2 3 -5 null null");
        check_rows("TRY_CAST(s AS double)", mode, "float64: null null null null null");
        check_rows("try_to_timestamp('x')", mode, "timestamp: null null null null null");
    }
    check_error("try_add(cast(l as int), 1)", "row 1004: 9223372036854775807 cannot be cast", 8);
}

/* Constants that fault are computed where a row asks for them. */
static void test_constants(void) {
    qn_expr *expr = NULL;
    qn_batch batch;
    qn_column *column = NULL;
    check_rows("1 / 0", QN_FAULT_SPARK, "float64: null null null null null");
    check_error("1 / 0", "row 1001: '/' divides by zero", 2);
    check_error("2147483647 + 1", "row 1001: 2147483647 + 1 overflows int32", 11);
    QN_TEST_OK(open_in(&expr, "1 / 0 + i", QN_FAULT_ERROR));
    test_make_batch(&batch, 0, false);
    QN_TEST_OK(qn_expr_eval(expr, &batch, &column)); /* no rows, no fault */
    qn_column_release(column);
    qn_batch_clear(&batch);
    qn_expr_free(expr);
}

static void test_no_memory(void) {
    for (int64_t n = 0;; n++) {
        int64_t before = qn_mem_blocks();
        qn_expr *expr = NULL;
        qn_batch batch;
        qn_column *column = NULL;
        QN_TEST_OK(open_in(&expr, "7 % i + coalesce(cast(u as int), 1 / 0)", QN_FAULT_ERROR));
        test_make_batch(&batch, MANY_ROWS, true);
        qn_mem_fail_after(n);
        qn_status status = qn_expr_eval(expr, &batch, &column);
        qn_mem_fail_after(-1);
        qn_column_release(column);
        qn_batch_clear(&batch);
        qn_expr_free(expr);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
        if (status == QN_DATA)
            break;
        CU_ASSERT_EQUAL(status, QN_MEMORY);
        if (status != QN_MEMORY)
            break;
    }
}

static const qn_test_case cases[] = {
    {"whole numbers wrap, are null or fail", test_arithmetic},
    {"casts saturate, are null or fail", test_casts},
    {"values that nothing takes do not fail", test_guarded},
    {"try_ functions give null", test_trying},
    {"faulty constants wait for a row", test_constants},
    {"failing allocations leak nothing", test_no_memory},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_faults", cases);
}
