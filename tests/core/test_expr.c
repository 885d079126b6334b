/* Expressions: building, binding, printing, errors, deep trees, failing allocations. */
#include "tests/core/expr_helper.h"

static qn_scalar whole(int64_t value) {
    return (qn_scalar){.type = QN_INT32, .integer = value};
}

static qn_expr *column(const char *name) {
    qn_expr *expr = NULL;
    QN_TEST_OK(qn_expr_column(&expr, name, -1));
    return expr;
}

static qn_expr *literal(int64_t value) {
    qn_expr *expr = NULL;
    QN_TEST_OK(qn_expr_literal(&expr, whole(value), -1));
    return expr;
}

static qn_expr *call_2(const char *function, qn_expr *a, qn_expr *b) {
    qn_expr *expr = NULL, *arguments[] = {a, b};
    QN_TEST_OK(qn_expr_call(&expr, function, arguments, 2, -1));
    return expr;
}

static void bind(qn_expr *expr) {
    qn_schema schema;
    test_make_schema(&schema);
    QN_TEST_OK(qn_expr_bind(expr, &schema));
    qn_schema_clear(&schema);
}

/* ---- Errors ---------------------------------------------------------------------------------- */

static void test_unknown_names(void) {
    test_fails("nope + 1", "unknown column 'nope'", 0);
    test_fails("1 + nope", "unknown column 'nope'", 4);
    qn_expr *expr = NULL, *argument = column("i");
    QN_TEST_FAILS(qn_expr_call(&expr, "coalsce", &argument, 1, 7), QN_JOB,
                  "unknown function 'coalsce'");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'coalesce'?");
    CU_ASSERT_EQUAL(qn_expr_error_position(), 7);
    CU_ASSERT_PTR_NULL(expr);
}

static void test_argument_counts(void) {
    test_fails("ln()", "'ln' takes 1 argument, not 0", 0);
    test_fails("ln(x, y)", "'ln' takes 1 argument, not 2", 0);
    test_fails("round(x, 1, 2)", "'round' takes 1 to 2 arguments, not 3", 0);
    test_fails("coalesce()", "", 0);
    test_fails("greatest(x)", "'greatest' takes at least 2 arguments, not 1", 0);
}

static void test_type_errors(void) {
    test_fails("s + l", "'+' cannot add string and int64; cast one of them", 2);
    test_fails("l + s", "'+' cannot add int64 and string; cast one of them", 2);
    test_fails("b * 2", "'*' cannot multiply bool and int32", 2);
    test_fails("s = 5", "'=' cannot compare string and int32; cast one of them", 2);
    test_fails("d < s", "'<' cannot compare date and string", 2);
    test_fails("x > b", "'>' cannot compare float64 and bool", 2);
    test_fails("ln(s)", "'ln' takes a number, not string", 3);
    test_fails("power(x, s)", "argument 2 of 'power' must be a number, not string", 9);
    test_fails("upper(i)", "'upper' takes a string, not int32", 6);
    test_fails("substring(s, x)", "argument 2 of 'substring' must be a whole number", 13);
    test_fails("year(i)", "'year' takes a date, not int32", 5);
    test_fails("not i", "'not' takes a condition (bool), not int32", 4);
    test_fails("b and x", "argument 2 of 'and' must be a condition (bool), not float64", 6);
    test_fails("case when i then 1 end", "argument 1 of 'case' must be a condition", 10);
    test_fails("case when b then 1 else 'x' end", "'case' cannot combine int32 and string", 0);
    test_fails("coalesce(x, s)", "'coalesce' cannot combine float64 and string", 0);
    test_fails("d * 2", "'*' cannot multiply date and int32", 2);
}

static void test_bad_constants(void) {
    test_fails("d > '2024-02-30'", "'2024-02-30' is not a date", 4);
    test_fails("t in ('x')", "'x' is not a timestamp", 6);
    test_fails("date_trunc('eon', t)", "unknown unit 'eon' in 'date_trunc'", 11);
    test_fails("date_trunc(s, t)", "the unit of 'date_trunc' must be a constant", 11);
    test_fails("date_format(d, s)", "the pattern of 'date_format' must be a constant", 15);
    test_fails("to_date(s, 'qq')", "", 11);
}

/* ---- Binding --------------------------------------------------------------------------------- */

static void test_column_reference(void) {
    qn_expr *expr = column("x");
    bind(expr);
    CU_ASSERT_EQUAL(qn_expr_column_index(expr), 5);
    CU_ASSERT_EQUAL(qn_expr_type(expr), QN_FLOAT64);
    qn_batch batch;
    test_make_batch(&batch, BASE_ROWS, false);
    qn_column *result = NULL;
    QN_TEST_OK(qn_expr_eval(expr, &batch, &result));
    CU_ASSERT_PTR_EQUAL(result, batch.columns[5]); /* shared, not copied */
    qn_column_release(result);
    qn_batch_clear(&batch);
    qn_expr_free(expr);
}

static void test_marks_columns(void) {
    qn_expr *expr = call_2("+", column("i"), call_2("*", column("x"), literal(2)));
    bool used[TEST_COLUMNS] = {false};
    bind(expr);
    CU_ASSERT_EQUAL(qn_expr_column_index(expr), -1);
    qn_expr_mark_columns(expr, used);
    for (int i = 0; i < TEST_COLUMNS; i++)
        CU_ASSERT_EQUAL(used[i], i == 2 || i == 5);
    qn_expr_free(expr);
}

/* Casts that binding put in for one schema must not stay for another. */
static void test_binds_again(void) {
    qn_expr *expr = call_2("+", column("i"), column("x"));
    qn_schema other;
    bind(expr);
    CU_ASSERT_EQUAL(qn_expr_type(expr), QN_FLOAT64);
    qn_schema_init(&other);
    QN_TEST_OK(qn_schema_add(&other, "x", QN_INT64));
    QN_TEST_OK(qn_schema_add(&other, "i", QN_INT32));
    QN_TEST_OK(qn_expr_bind(expr, &other));
    CU_ASSERT_EQUAL(qn_expr_type(expr), QN_INT64);
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_expr_print(expr, &text));
    CU_ASSERT_STRING_EQUAL(text.data, "(i + x)");
    qn_text_clear(&text);
    qn_schema_clear(&other);
    qn_expr_free(expr);
}

static void test_empty_batch(void) {
    static const char *const texts[] = {"i + 1", "upper(s)",      "case when b then s else u end",
                                        "'x'",   "b and c",       "coalesce(s, u)",
                                        "l",     "s in ('a')",    "greatest(x, y)",
                                        "d > e", "cast(x as int)"};
    qn_batch batch;
    test_make_batch(&batch, 0, false);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        qn_expr *expr = NULL;
        qn_column *result = NULL;
        QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(texts[i])));
        bind(expr);
        QN_TEST_OK(qn_expr_eval(expr, &batch, &result));
        CU_ASSERT_EQUAL(result->length, 0);
        qn_column_release(result);
        qn_expr_free(expr);
    }
    qn_batch_clear(&batch);
}

/* A dictionary that is shorter after a function names every value once. */
static void test_dictionary_stays_unique(void) {
    static const test_column from = {"v", QN_STRING, {"a", "A", "b", NULL, "B"}};
    qn_schema schema;
    qn_batch batch;
    qn_expr *expr = NULL;
    qn_column *result = NULL;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "v", QN_STRING));
    qn_batch_init(&batch);
    batch.length = MANY_ROWS;
    QN_TEST_OK(qn_batch_append(&batch, test_make_coded(&from, MANY_ROWS)));
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of("upper(v)")));
    QN_TEST_OK(qn_expr_bind(expr, &schema));
    QN_TEST_OK(qn_expr_eval(expr, &batch, &result));
    CU_ASSERT_PTR_NOT_NULL_FATAL(result->dictionary);
    CU_ASSERT_EQUAL(result->dictionary->length, 3); /* UNUSED, A, B */
    CU_ASSERT_EQUAL(result->codes[0], result->codes[1]);
    CU_ASSERT_EQUAL(result->null_count, MANY_ROWS / BASE_ROWS);
    qn_column_release(result);
    qn_expr_free(expr);
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
}

/* All null, and so without a single entry in the dictionary. */
static void test_empty_dictionary(void) {
    static const char *const texts[] = {"upper(v)",   "v = 'a'",          "v in ('a', null)",
                                        "length(v)",  "v like 'a%'",      "cast(v as int)",
                                        "v || 'x'",   "coalesce(v, v)",   "nullif(v, 'a')",
                                        "to_date(v)", "greatest(v, v)",   "substring(v, 1, 2)",
                                        "trim(v)",    "v between v and v"};
    qn_schema schema;
    qn_batch batch;
    qn_column *column = NULL, *dictionary = NULL;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "v", QN_STRING));
    qn_batch_init(&batch);
    batch.length = 70;
    QN_TEST_OK(qn_column_new_null(&column, QN_STRING, batch.length, 0));
    QN_TEST_OK(qn_column_new(&dictionary, QN_STRING, 0, 0));
    qn_mem_free(column->offsets);
    column->offsets = NULL;
    QN_TEST_OK(qn_mem_calloc(&column->codes, 128, sizeof *column->codes));
    column->dictionary = dictionary;
    QN_TEST_OK(qn_batch_append(&batch, column));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        qn_expr *expr = NULL;
        qn_column *result = NULL;
        QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(texts[i])));
        QN_TEST_OK(qn_expr_bind(expr, &schema));
        QN_TEST_OK(qn_expr_eval(expr, &batch, &result));
        CU_ASSERT_EQUAL(result->null_count, batch.length);
        test_check_form(result);
        qn_column_release(result);
        qn_expr_free(expr);
    }
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
}

/* Vectors and lists know only whether they are null. */
static void test_vectors(void) {
    qn_schema schema;
    qn_batch batch;
    qn_column *column = NULL, *result = NULL;
    qn_expr *expr = NULL;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add_field(&schema, &(qn_field){"v", QN_VECTOR, 2, NULL}));
    qn_batch_init(&batch);
    batch.length = 3;
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, 3, 2));
    QN_TEST_OK(qn_column_set_null(column, 1));
    QN_TEST_OK(qn_batch_append(&batch, column));
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of("v is null")));
    QN_TEST_OK(qn_expr_bind(expr, &schema));
    QN_TEST_OK(qn_expr_eval(expr, &batch, &result));
    CU_ASSERT_EQUAL(result->bits[0], 2);
    qn_column_release(result);
    qn_expr_free(expr);
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of("v = v")));
    QN_TEST_FAILS(qn_expr_bind(expr, &schema), QN_JOB, "must be a scalar, not vector");
    qn_expr_free(expr);
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
}

/* ---- Printing -------------------------------------------------------------------------------- */

static void check_print(const char *sql, const char *expected) {
    qn_expr *expr = NULL, *again = NULL;
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(sql)));
    QN_TEST_OK(qn_expr_print(expr, &text));
    CU_ASSERT_STRING_EQUAL(text.data, expected);
    /* what is printed reads back, and prints as itself */
    QN_TEST_OK(qn_sql_expression(&again, (qn_view){text.data, text.length}));
    qn_text_truncate(&text, 0);
    QN_TEST_OK(qn_expr_print(again, &text));
    CU_ASSERT_STRING_EQUAL(text.data, expected);
    qn_text_clear(&text);
    qn_expr_free(expr);
    qn_expr_free(again);
}

static void test_prints_sql(void) {
    check_print("a+1", "(a + 1)");
    check_print("a + b*c - d", "((a + (b * c)) - d)");
    check_print("not a and b or c", "(((NOT a) AND b) OR c)");
    check_print("a is null or b is not null", "((a IS NULL) OR (b IS NOT NULL))");
    check_print("a is true and b is not false", "((a IS TRUE) AND (b IS NOT FALSE))");
    check_print("x between 1 and 2.5", "(x BETWEEN 1 AND 2.5)");
    check_print("x not in (1, 2)", "(NOT (x IN (1, 2)))");
    check_print("s like 'it''s%'", "(s LIKE 'it''s%')");
    check_print("case when a > 1 then 'x' else 'y' end", "CASE WHEN (a > 1) THEN 'x' ELSE 'y' END");
    check_print("cast(a as bigint)", "CAST(a AS int64)");
    check_print("coalesce(a, b, 0)", "coalesce(a, b, 0)");
    check_print("log1p(\"Mixed Case\")", "log1p(\"Mixed Case\")");
    check_print("a is distinct from b", "(a IS DISTINCT FROM b)");
    check_print("date '2024-01-31'", "DATE '2024-01-31'");
    check_print("-a", "(- a)");
    check_print("null", "NULL");
    check_print("1e300", "1e+300");
    check_print("3.0", "3.0");
}

/* ---- Deep trees ------------------------------------------------------------------------------ */

/* Chains grow to the left: no recursion, so any length works. */
static void test_long_chain(void) {
    enum { LINKS = 100000 };
    qn_expr *expr = column("i");
    for (int k = 0; k < LINKS; k++)
        expr = call_2("+", expr, literal(1));
    bind(expr);
    qn_batch batch;
    test_make_batch(&batch, BASE_ROWS, false);
    qn_column *result = NULL;
    QN_TEST_OK(qn_expr_eval(expr, &batch, &result));
    CU_ASSERT_EQUAL(result->i32[0], 1 + LINKS);
    qn_column_release(result);
    qn_batch_clear(&batch);
    qn_expr_free(expr);
}

static void test_nesting_limit(void) {
    qn_expr *expr = column("i");
    for (int k = 1; k < 1000; k++)
        expr = call_2("+", literal(1), expr);
    bind(expr);
    qn_expr *outer = NULL, *arguments[] = {literal(1), expr};
    QN_TEST_FAILS(qn_expr_call(&outer, "+", arguments, 2, 5), QN_JOB, "nested more than 1000");
    CU_ASSERT_EQUAL(qn_expr_error_position(), 5);
}

/* A constructor that failed left its argument NULL: the error is passed on, nothing leaks. */
static void test_failed_arguments(void) {
    qn_expr *bad = NULL, *outer = NULL, *argument = column("i"), *good = column("x");
    QN_TEST_FAILS(qn_expr_call(&bad, "nonsense", &argument, 1, 3), QN_JOB, "unknown function");
    qn_expr *arguments[] = {good, bad};
    QN_TEST_FAILS(qn_expr_call(&outer, "+", arguments, 2, 9), QN_JOB, "unknown function");
    CU_ASSERT_EQUAL(qn_expr_error_position(), 3); /* of the call that failed first */
    QN_TEST_FAILS(qn_expr_cast(&outer, bad, QN_INT32, 1), QN_JOB, "unknown function");
}

/* ---- Failing allocations --------------------------------------------------------------------- */

static qn_status run_whole(const char *sql, const qn_schema *schema, const qn_batch *batch) {
    qn_expr *expr = NULL;
    qn_column *result = NULL;
    qn_text text;
    qn_text_init(&text);
    qn_status status;
    QN_TRY_GOTO(qn_sql_expression(&expr, qn_view_of(sql)), done);
    QN_TRY_GOTO(qn_expr_print(expr, &text), done);
    QN_TRY_GOTO(qn_expr_bind(expr, schema), done);
    QN_TRY_GOTO(qn_expr_eval(expr, batch, &result), done);
    QN_TRY_GOTO(qn_expr_bind(expr, schema), done); /* a second time */
done:
    qn_column_release(result);
    qn_text_clear(&text);
    qn_expr_free(expr);
    return status;
}

static void check_faults(const char *sql, bool coded) {
    qn_schema schema;
    qn_batch batch;
    test_make_schema(&schema);
    test_make_batch(&batch, MANY_ROWS, coded);
    int64_t before = qn_mem_blocks();
    qn_status status = QN_MEMORY;
    for (int64_t k = 0; status == QN_MEMORY && k < 5000; k++) {
        qn_mem_fail_after(k);
        status = run_whole(sql, &schema, &batch);
        qn_mem_fail_after(-1);
        if (qn_mem_blocks() != before)
            fprintf(stderr, "%s leaks when allocation %lld fails\n", sql, (long long)k);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
        before = qn_mem_blocks();
    }
    QN_TEST_OK(status);
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
}

static void test_faults(void) {
    static const char *const texts[] = {
        "case when i + 1 > l and s like '_b%' then upper(s || u) when x / y in (1, 2.5, null) "
        "then cast(date_add(d, i) as string) else 'other' end",
        "coalesce(nullif(trim(s), ''), greatest(u, 'k'), date_format(t, 'yyyy-MM'))",
        "s in ('abc', 'b', null) and u ilike 'A%' and 'abc' like u and b is not null",
        "log1p(abs(x)) + round(y, 1) % 3 - datediff(e, '2024-01-01') * cast(s as int)",
        "to_date(replace(cast(d as string), '-', '/'), 'yyyy/MM/dd') between d and '2024-01-01'",
        "if(b is distinct from c, substring(s, 1, 2), lower(u))",
        "i in (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18) or x <= f",
        "'constant'"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_faults(texts[i], false);
        check_faults(texts[i], true);
    }
}

static const qn_test_case cases[] = {
    {"unknown names are errors with a suggestion", test_unknown_names},
    {"wrong numbers of arguments are errors", test_argument_counts},
    {"types that do not fit are errors at their place", test_type_errors},
    {"bad constants are errors", test_bad_constants},
    {"a column is shared, not copied", test_column_reference},
    {"the columns read are known", test_marks_columns},
    {"an expression binds again", test_binds_again},
    {"no rows give no rows", test_empty_batch},
    {"dictionaries stay unique", test_dictionary_stays_unique},
    {"a dictionary may be empty", test_empty_dictionary},
    {"vectors can be null", test_vectors},
    {"trees print as SQL that reads back", test_prints_sql},
    {"a chain of 100,000 operators works", test_long_chain},
    {"nesting is limited", test_nesting_limit},
    {"failed arguments pass their error on", test_failed_arguments},
    {"failing allocations leak nothing", test_faults},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr", cases);
}
