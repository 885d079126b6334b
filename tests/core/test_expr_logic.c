/* Three-valued logic, comparisons, choices. Goldens: SQLite 3.40 where meaning is equal; NaN and
 * null orders as in Spark 3 (non-ANSI). */
#include "tests/core/expr_helper.h"

/* Kleene's logic by definition: false 0, null 1, true 2; and is the least, or the greatest. */
static const char *const words[] = {"false", "null", "true"};

static int least(int a, int b) {
    return a < b ? a : b;
}

static int greatest(int a, int b) {
    return a > b ? a : b;
}

static void check_pair(const char *format, int a, int b, int expected) {
    char sql[256];
    snprintf(sql, sizeof sql, format, words[a], words[b]);
    test_constant(sql, "bool", words[expected]);
}

static void test_truth_tables_of_constants(void) {
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            check_pair("%s and %s", a, b, least(a, b));
            check_pair("%s or %s", a, b, greatest(a, b));
            check_pair("not (%s and %s)", a, b, 2 - least(a, b));
            check_pair("(%s) is not distinct from cast(%s as boolean)", a, b, a == b ? 2 : 0);
            check_pair("(%s) is distinct from cast(%s as boolean)", a, b, a == b ? 0 : 2);
            check_pair("cast(%s as boolean) = cast(%s as boolean)", a, b,
                       a == 1 || b == 1 ? 1
                       : a == b         ? 2
                                        : 0);
        }
}

/* Columns p and q run through all nine pairs, over and over. */
static qn_column *make_truth(int64_t rows, int64_t divisor) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_BOOL, rows, 0));
    for (int64_t i = 0; i < rows; i++) {
        int64_t value = i / divisor % 3;
        if (value == 1)
            QN_TEST_OK(qn_column_set_null(column, i));
        else if (value == 2)
            qn_bit_set(column->bits, i);
    }
    return column;
}

static void check_column(const char *sql, const qn_batch *batch, int (*expected)(int, int)) {
    qn_schema schema;
    qn_expr *expr = NULL;
    qn_column *column = NULL;
    uint64_t *keep = NULL;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "p", QN_BOOL));
    QN_TEST_OK(qn_schema_add(&schema, "q", QN_BOOL));
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(sql)));
    QN_TEST_OK(qn_expr_bind(expr, &schema));
    QN_TEST_OK(qn_expr_eval(expr, batch, &column));
    QN_TEST_OK(qn_expr_filter(expr, batch, &keep));
    test_check_form(column);
    bool same = true;
    for (int64_t i = 0; i < batch->length; i++) {
        int got = qn_column_is_null(column, i) ? 1 : qn_bit(column->bits, i) ? 2 : 0;
        int wanted = expected((int)(i / 3 % 3), (int)(i % 3));
        same = same && got == wanted && qn_bit(keep, i) == (wanted == 2);
    }
    CU_assertImplementation(same, __LINE__, sql, __FILE__, "", CU_FALSE);
    qn_mem_free(keep);
    qn_column_release(column);
    qn_expr_free(expr);
    qn_schema_clear(&schema);
}

static int negate_first(int p, int q) {
    return (void)q, 2 - p;
}

static int true_first(int p, int q) {
    return (void)q, p == 2 ? 2 : 0;
}

static int not_true_first(int p, int q) {
    return (void)q, p == 2 ? 0 : 2;
}

static int false_first(int p, int q) {
    return (void)q, p == 0 ? 2 : 0;
}

static int not_false_first(int p, int q) {
    return (void)q, p == 0 ? 0 : 2;
}

static int null_first(int p, int q) {
    return (void)q, p == 1 ? 2 : 0;
}

static int equals(int p, int q) {
    return p == 1 || q == 1 ? 1 : p == q ? 2 : 0;
}

static int below(int p, int q) {
    return p == 1 || q == 1 ? 1 : p < q ? 2 : 0;
}

static int same(int p, int q) {
    return p == q ? 2 : 0;
}

static int either(int p, int q) {
    return p != 1 ? p : q;
}

static int first_with_constant(int p, int q) {
    return least(least(p, q), 1);
}

static void test_truth_tables_of_columns(void) {
    qn_batch batch;
    qn_batch_init(&batch);
    batch.length = 9 * 15;
    QN_TEST_OK(qn_batch_append(&batch, make_truth(batch.length, 3)));
    QN_TEST_OK(qn_batch_append(&batch, make_truth(batch.length, 1)));
    check_column("p and q", &batch, least);
    check_column("p or q", &batch, greatest);
    check_column("p and q and null", &batch, first_with_constant);
    check_column("not p", &batch, negate_first);
    check_column("p is true", &batch, true_first);
    check_column("p is not true", &batch, not_true_first);
    check_column("p is false", &batch, false_first);
    check_column("p is not false", &batch, not_false_first);
    check_column("p is null", &batch, null_first);
    check_column("p is unknown", &batch, null_first);
    check_column("not (p is not null)", &batch, null_first);
    check_column("p = q", &batch, equals);
    check_column("p < q", &batch, below);
    check_column("q > p", &batch, below);
    check_column("not (p >= q)", &batch, below);
    check_column("p is not distinct from q", &batch, same);
    check_column("coalesce(p, q)", &batch, either);
    check_column("case when p is null then q else p end", &batch, either);
    qn_batch_clear(&batch);
}

/* ---- Comparisons ----------------------------------------------------------------------------- */

static void test_number_order(void) {
    test_expr("i < 1", "bool: false true null false true");
    test_expr("1 > i", "bool: false true null false true");
    test_expr("i <= 1", "bool: true true null false true");
    test_expr("i <> l", "bool: true true null true null");
    test_expr("l >= i", "bool: true true null true null");
    test_expr("x = y", "bool: false false null true false");
    test_expr("x < y", "bool: true true null false false");
    test_expr("x >= y", "bool: false false null true true");
    test_expr("f = 0.5", "bool: true false null false false");
    test_expr("f < x", "bool: false false null true true");
}

/* NaN equals itself and is above infinity; the zeros are equal. */
static void test_nan_and_zero(void) {
    test_constant("cast('nan' as double) = cast('nan' as double)", "bool", "true");
    test_constant("cast('nan' as double) > cast('inf' as double)", "bool", "true");
    test_constant("cast('nan' as double) <> cast('nan' as double)", "bool", "false");
    test_constant("cast('nan' as double) <= cast('nan' as double)", "bool", "true");
    test_constant("cast('nan' as double) < cast('nan' as double)", "bool", "false");
    test_constant("cast('-0.0' as double) = 0.0", "bool", "true");
    test_constant("cast('-0.0' as double) < 0.0", "bool", "false");
    test_constant("cast('nan' as float) > cast('inf' as float)", "bool", "true");
    test_expr("x > 1e308", "bool: false false null true false");
    test_expr("x < cast('nan' as double)", "bool: true true null false true");
    test_expr("y in (cast('nan' as double), 0)", "bool: false true false true false");
    test_expr("isnan(x)", "bool: false false false true false");
    test_expr("greatest(x, y)", "float64: 2 0 1 nan 1000");
    test_expr("least(x, y)", "float64: 0.5 -2.5 1 nan -inf");
    test_expr("greatest(y, cast('nan' as double), 3)", "float64: nan nan nan nan nan");
}

static void test_text_order(void) {
    test_expr("s = u", "bool: true false null null false");
    test_expr("s = 'abc'", "bool: true false null false false");
    test_expr("s < 'b'", "bool: true false null true true");
    test_expr("'b' <= s", "bool: false true null false false");
    test_expr("u > 'a'", "bool: true true true null false");
    test_expr("s is not distinct from u", "bool: true false false false false");
    test_expr("greatest(s, u)", "string: 'abc' 'Ärger' 'z' '' '%'");
    test_expr("least(s, u)", "string: 'abc' 'b' 'z' '' '  x '");
    test_constant("'ab' < 'abc'", "bool", "true");
    test_constant("'Z' < 'a'", "bool", "true");
    test_constant("'z' < 'ä'", "bool", "true");
}

static void test_date_order(void) {
    test_expr("d < e", "bool: true true null null false");
    test_expr("d = '2000-01-01'", "bool: false false null true false");
    test_expr("'2000-01-01' <= d", "bool: true false null true true");
    test_expr("t > '2000-01-01 12:00:00'", "bool: true false null true true");
    test_expr("t > d", "bool: true true null true true");
    test_expr("d in ('2024-02-29', '2023-12-31')", "bool: true false null false true");
}

/* Against SQLite. */
static void test_in_and_between(void) {
    test_constant("1 in (1, null)", "bool", "true");
    test_constant("1 in (2, null)", "bool", "null");
    test_constant("null in (1)", "bool", "null");
    test_constant("1 in (2, 3)", "bool", "false");
    test_constant("1 not in (2, null)", "bool", "null");
    test_constant("null between 1 and 2", "bool", "null");
    test_constant("3 between null and 2", "bool", "false");
    test_constant("1 between null and 2", "bool", "null");
    test_constant("1 between 2 and null", "bool", "false");
    test_expr("i between -7 and 1", "bool: true true null false true");
    test_expr("i between l and 5", "bool: false false null false null");
    test_expr("i not between 0 and 1", "bool: false true null true false");
    test_expr("s between 'a' and 'b'", "bool: true false null false false");
    test_expr("i in (1, 0)", "bool: true false null false true");
    test_expr("i in (l, 1)", "bool: true false null false null");
    test_expr("i in (1, null)", "bool: true null null null null");
    test_expr("s in ('abc', '')", "bool: true false null true false");
    test_expr("s in ('abc', null)", "bool: true null null null null");
    test_expr("s in (u, 'Ärger')", "bool: true true null null false");
    test_expr("s not in ('abc')", "bool: false true null true true");
}

/* Two constants and a column in one call: a difference from SQLite that random expressions
 * found. */
static void test_constants_beside_columns(void) {
    test_expr("3 between 1 and l", "bool: false true false true null");
    test_expr("3 between l and 4", "bool: true true true false null");
    test_expr("1 in (2, i, 3)", "bool: true false null false false");
    test_expr("1 not in (2.5, i, 1)", "bool: false false false false false");
    test_expr("greatest(2, 1, i)", "int32: 2 2 2 2147483647 2");
    test_expr("least(2, 1, i)", "int32: 1 -7 1 1 0");
    test_expr("greatest('b', 'a', u)", "string: 'b' 'b' 'z' 'b' 'b'");
    test_expr("true between false and b", "bool: true false null true false");
}

static void test_long_lists(void) {
    char sql[1024] = "i in (1";
    for (int k = 2; k < 40; k++)
        sprintf(sql + strlen(sql), ", %d", k * k);
    strcat(sql, ", 2147483647)");
    test_expr(sql, "bool: true false null true false");
    memcpy(sql, "x", 1);
    test_expr(sql, "bool: false false null false false");
    strcpy(strrchr(sql, ')'), ", null, 1000.0, cast('nan' as double))");
    test_expr(sql, "bool: null null null true true");
}

/* ---- Choices --------------------------------------------------------------------------------- */

static void test_case_of_values(void) {
    test_expr("case when i > 0 then 'up' when i < 0 then 'down' else 'flat' end",
              "string: 'up' 'down' 'flat' 'up' 'flat'");
    test_expr("case when i > 0 then 'up' when i < 0 then 'down' end",
              "string: 'up' 'down' null 'up' null");
    test_expr("case when i > 0 then 'same' else 'same' end",
              "string: 'same' 'same' 'same' 'same' 'same'");
    test_expr("case when i > 0 then cast(null as string) else 'no' end",
              "string: null 'no' 'no' null 'no'");
    test_expr("case when i > 0 then s else u end", "string: 'abc' 'b' 'z' '' '%'");
    test_expr("case when b then i end", "int32: 1 null null 2147483647 null");
    test_expr("case when b then i else x end", "float64: 1 -2.5 null 2147483647 1000");
    test_expr("case when b then d else t end",
              "timestamp: 2024-02-29 00:00:00 1969-12-31 00:00:01 null 2000-01-01 00:00:00 "
              "2023-12-31 06:07:08");
    test_expr("case when b then null else 1.5 end", "float64: null 1.5 1.5 null 1.5");
    test_expr("case when b then c else b end", "bool: true false null false false");
    test_expr("case i when 1 then 10 when 0 then 20 end", "int32: 10 null null null 20");
    test_expr("case when null then 1 else 2 end", "int32: 2 2 2 2 2");
    test_expr("if(c, l, 0)", "int64: 2 0 0 0 0");
    test_expr("case when b then f end", "float32: 0.5 null null inf null");
}

static void test_coalesce(void) {
    test_expr("coalesce(i, 5)", "int32: 1 -7 5 2147483647 0");
    test_expr("coalesce(i, l)", "int64: 1 -7 -5 2147483647 0");
    test_expr("coalesce(l, x, 1)", "float64: 2 3 -5 9.223372036854776e+18 1000");
    test_expr("coalesce(s, u, '-')", "string: 'abc' 'Ärger' 'z' '' '  x '");
    test_expr("coalesce(u, '-')", "string: 'abc' 'b' 'z' '-' '%'");
    test_expr("coalesce(y, 0)", "float64: 2 0 1 nan -inf");
    test_expr("coalesce(null, null, i)", "int32: 1 -7 null 2147483647 0");
    test_expr("coalesce(e, '2020-02-02')",
              "date: 2024-03-01 2024-03-01 2024-03-01 2020-02-02 1900-03-01");
    test_expr("ifnull(i, 3)", "int32: 1 -7 3 2147483647 0");
    test_constant("coalesce(null, 2)", "int32", "2");
}

static void test_nullif(void) {
    test_expr("nullif(i, 0)", "int32: 1 -7 null 2147483647 null");
    test_expr("nullif(s, u)", "string: null 'Ärger' null '' '  x '");
    test_expr("nullif(x, y)", "float64: 0.5 -2.5 null null 1000");
    test_constant("nullif(1, 1)", "int32", "null");
    test_constant("nullif(1, null)", "int32", "1");
    test_constant("nullif(null, 1)", "int32", "null");
}

static void test_greatest_and_least(void) {
    test_expr("greatest(i, l)", "int64: 2 3 -5 9223372036854775807 0");
    test_expr("least(i, l, 1)", "int64: 1 -7 -5 1 0");
    test_expr("greatest(d, e)", "date: 2024-03-01 2024-03-01 2024-03-01 2000-01-01 2023-12-31");
    test_expr("least(d, '2000-01-01')",
              "date: 2000-01-01 1969-12-31 2000-01-01 2000-01-01 2000-01-01");
    test_expr("greatest(b, c)", "bool: true false null true false");
    test_constant("greatest(null, 2, 1)", "int32", "2");
}

static const qn_test_case cases[] = {
    {"constants follow the truth tables", test_truth_tables_of_constants},
    {"columns follow the truth tables", test_truth_tables_of_columns},
    {"numbers compare across types", test_number_order},
    {"NaN is one value above all, zeros are equal", test_nan_and_zero},
    {"text is ordered by bytes", test_text_order},
    {"dates compare with times and written dates", test_date_order},
    {"in and between know nulls", test_in_and_between},
    {"constants beside columns compare once", test_constants_beside_columns},
    {"long lists are searched", test_long_lists},
    {"case takes the first true branch", test_case_of_values},
    {"coalesce takes the first value", test_coalesce},
    {"nullif takes away a value", test_nullif},
    {"greatest and least skip nulls", test_greatest_and_least},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_logic", cases);
}
