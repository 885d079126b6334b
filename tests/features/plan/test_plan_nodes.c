/* Ranks: 1 2 3 */
/* Nodes built by C calls, and what happens when memory ends. */
#include "tests/features/plan/plan_test.h"

static void write_tables(void) {
    plan_test_write();
}

static void check_rows(qn_plan *plan, const char *expected) {
    qn_execution execution = qn_execution_of(qn_test_comm());
    qn_plan_table tables[PLAN_TEST_TABLES];
    qn_stream *stream = NULL;
    char *rows = NULL;
    plan_test_tables(tables);
    QN_TEST_OK(qn_plan_open(&stream, plan, &execution, tables, PLAN_TEST_TABLES));
    if (stream != NULL)
        QN_TEST_OK(sql_gather_text(&rows, stream, qn_test_comm()));
    CU_ASSERT(rows != NULL && strcmp(rows, expected) == 0);
    if (rows != NULL && strcmp(rows, expected) != 0)
        printf("\ngave\n%s", rows);
    qn_mem_free(rows);
    qn_plan_free(plan);
}

static qn_plan *scan(const char *table) {
    qn_plan *plan = NULL;
    QN_TEST_OK(qn_plan_scan(&plan, table, -1));
    return plan;
}

static qn_expr *expression(const char *text) {
    qn_expr *expr = NULL;
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(text)));
    return expr;
}

/* ---- Missing values: as pandas' dropna, fillna and replace have it -----------------------------
 */

static void test_rows_with_missing_values_are_dropped(void) {
    qn_plan *plan = scan("a");
    char x[] = "x", g[] = "G";
    char *columns[] = {x, g};
    QN_TEST_OK(qn_plan_drop_missing(&plan, plan, NULL, 0, 0));
    check_rows(plan, "1|10|a\n2|20|b\n3|30|a\n6|10|a\n");
    plan = scan("a");
    QN_TEST_OK(qn_plan_drop_missing(&plan, plan, columns, 1, 0));
    check_rows(plan, "1|10|a\n2|20|b\n3|30|a\n5|50|\\N\n6|10|a\n");
    plan = scan("a");
    QN_TEST_OK(qn_plan_drop_missing(&plan, plan, columns, 2, 1));
    check_rows(plan, "1|10|a\n2|20|b\n3|30|a\n4|\\N|b\n5|50|\\N\n6|10|a\n");
    plan = scan("a");
    QN_TEST_OK(qn_plan_drop_missing(&plan, plan, NULL, 0, 2));
    check_rows(plan, "1|10|a\n2|20|b\n3|30|a\n4|\\N|b\n5|50|\\N\n6|10|a\n");
}

static void test_missing_values_are_filled(void) {
    qn_plan *plan = scan("a");
    const qn_scalar zero = {.type = QN_INT32}, none = {.type = QN_STRING, .text = {"none", 4}};
    QN_TEST_OK(qn_plan_fill_missing(&plan, plan, NULL, 0, &zero));
    QN_TEST_OK(qn_plan_fill_missing(&plan, plan, NULL, 0, &none));
    check_rows(plan, "1|10|a\n2|20|b\n3|30|a\n4|0|b\n5|50|none\n6|10|a\n");
}

static void test_values_are_replaced(void) {
    qn_plan *plan = scan("a");
    const qn_scalar from[] = {{.type = QN_INT64, .integer = 10}, {.type = QN_INT64, .integer = 30}};
    const qn_scalar to[] = {{.type = QN_INT64, .integer = 11}, {.type = QN_INT64, .null = true}};
    QN_TEST_OK(qn_plan_replace(&plan, plan, NULL, 0, from, to, 2));
    check_rows(plan, "1|11|a\n2|20|b\n3|\\N|a\n4|\\N|b\n5|50|\\N\n6|11|a\n");
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static void test_values(void) {
    qn_plan *plan = NULL;
    qn_expr *cells[] = {expression("1"), expression("'x'"), expression("2.5"), expression("NULL")};
    char n[] = "n", s[] = "s";
    char *names[] = {n, s};
    QN_TEST_OK(qn_plan_values(&plan, cells, 2, 2, -1));
    QN_TEST_OK(qn_plan_alias(&plan, plan, "v", names, 2, -1));
    QN_TEST_OK(qn_plan_filter(&plan, plan, expression("n > 0"), -1));
    check_rows(plan, "1|x\n2.5|\\N\n");
}

static void test_splits_and_samples(void) {
    qn_plan *plan = scan("a");
    const double weights[] = {1, 1};
    qn_plan *other = scan("a");
    QN_TEST_OK(qn_plan_split(&plan, plan, weights, 2, 0, 7));
    QN_TEST_OK(qn_plan_split(&other, other, weights, 2, 1, 7));
    QN_TEST_OK(qn_plan_set_operation(&plan, plan, other, QN_PLAN_UNION, true, -1));
    const qn_plan_order order = {.expression = expression("id"), .position = -1};
    QN_TEST_OK(qn_plan_sort(&plan, plan, &order, 1));
    check_rows(plan, "1|10|a\n2|20|b\n3|30|a\n4|\\N|b\n5|50|\\N\n6|10|a\n");
    plan = scan("c");
    QN_TEST_OK(qn_plan_sample(&plan, plan, 1, 3, -1));
    QN_TEST_OK(qn_plan_cache(&plan, plan));
    check_rows(plan, "1|one\n3|three\n");
}

static void test_repartition(void) {
    qn_plan *plan = scan("a");
    char x[] = "x";
    char *columns[] = {x};
    QN_TEST_OK(qn_plan_repartition(&plan, plan, columns, 1, true));
    check_rows(plan, "4|\\N|b\n1|10|a\n6|10|a\n2|20|b\n3|30|a\n5|50|\\N\n");
}

static void test_as_of_joins(void) {
    qn_plan *plan = scan("a");
    const qn_plan_join_spec spec = {.kind = QN_PLAN_ASOF_LEFT,
                                    .condition = expression("id >= k"),
                                    .tolerance = 1.5,
                                    .position = -1};
    QN_TEST_OK(qn_plan_join(&plan, plan, scan("c"), &spec));
    check_rows(plan, "1|10|a|1|one\n2|20|b|1|one\n3|30|a|3|three\n4|\\N|b|3|three\n"
                     "5|50|\\N|\\N|\\N\n6|10|a|\\N|\\N\n");
}

static void test_nesting_is_limited(void) {
    qn_plan *plan = scan("a");
    qn_status status = QN_OK;
    int32_t levels = 0;
    for (; status == QN_OK && levels < 100000; levels++)
        status = qn_plan_cache(&plan, plan);
    QN_TEST_FAILS(status, QN_JOB, "nested more than");
    CU_ASSERT(levels > 100 && levels < 10000);
    plan = scan("a");
    for (levels = 0; levels < 450; levels++)
        QN_TEST_OK(qn_plan_alias(&plan, plan, "s", NULL, 0, -1));
    QN_TEST_OK(qn_plan_limit(&plan, plan, 1, 0, -1));
    check_rows(plan, "1|10|a\n");
}

/* ---- Failing allocations --------------------------------------------------------------------- */

static qn_status run_alone(const char *query, qn_comm *self, char **text) {
    qn_execution execution = {.comm = self, .memory = 1 << 24};
    qn_plan_table tables[PLAN_TEST_TABLES];
    qn_plan *plan = NULL;
    qn_stream *stream = NULL;
    qn_physical *tree = NULL;
    qn_text printed;
    qn_status status = QN_OK;
    qn_text_init(&printed);
    plan_test_tables(tables);
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(query)), done);
    QN_TRY_GOTO(qn_plan_print(plan, &printed), done);
    QN_TRY_GOTO(qn_plan_analyze(&stream, &tree, plan, &execution, tables, PLAN_TEST_TABLES, true),
                done);
    status = sql_gather_text(text, stream, self); /* frees the stream */
    if (status == QN_OK)
        status = qn_physical_print(tree, true, &printed);
done:
    qn_physical_free(tree);
    qn_plan_free(plan);
    qn_text_clear(&printed);
    return status;
}

static void check_allocations(const char *query) {
    qn_comm *self = NULL;
    qn_status status = QN_MEMORY;
    QN_TEST_OK(qn_comm_self(&self));
    for (int64_t successes = 0; status != QN_OK && successes < 40000; successes++) {
        char *text = NULL;
        int64_t before = qn_mem_blocks();
        qn_mem_fail_after(successes);
        status = run_alone(query, self, &text);
        qn_mem_fail_after(-1);
        qn_mem_free(text);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        CU_ASSERT(qn_mem_blocks() == before);
        if (qn_mem_blocks() != before || (status != QN_OK && status != QN_MEMORY)) {
            printf("\n  allocation %lld: %s\n", (long long)successes, qn_last_error().message);
            break;
        }
    }
    QN_TEST_OK(status);
    qn_comm_free(self);
}

static void test_any_allocation_may_fail(void) {
    check_allocations("WITH w AS (SELECT id, x + 1 AS z, g FROM a WHERE x > 0) "
                      "SELECT w.id, v.z AS vz, y FROM w JOIN w AS v ON w.id = v.id "
                      "LEFT JOIN b ON b.id = w.id AND b.y > w.z WHERE w.z < 60 "
                      "ORDER BY vz + 1 DESC, y LIMIT 3");
    check_allocations("SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY g ORDER BY x) AS "
                      "rn, sum(x) OVER (PARTITION BY g) AS s FROM a) t FULL JOIN b USING (id) "
                      "WHERE rn <= 2 OR y > 1");
    check_allocations(
        "SELECT g, count(DISTINCT x) AS d, avg(x + 1) AS m, max(id) FILTER (WHERE x > 1) "
        "AS f, string_agg(g, ', ' ORDER BY id) AS t, percentile_cont(0.5) WITHIN "
        "GROUP (ORDER BY x) AS p FROM a GROUP BY g HAVING count(*) > 1");
    check_allocations("SELECT name, x, y FROM a, b, c WHERE a.id = c.k AND b.id = c.k AND x > y");
    check_allocations("SELECT g, count(DISTINCT x + 1) AS d FROM a GROUP BY g");
    check_allocations("SELECT id FROM a WHERE id IN (SELECT id FROM b) UNION ALL "
                      "SELECT y FROM b WHERE 1 = 2 UNION ALL VALUES (7), (8)");
}

static const qn_test_case cases[] = {
    {"tables are written", write_tables},
    {"rows with missing values are dropped", test_rows_with_missing_values_are_dropped},
    {"missing values are filled", test_missing_values_are_filled},
    {"values are replaced", test_values_are_replaced},
    {"VALUES meet in one type a column", test_values},
    {"splits and samples", test_splits_and_samples},
    {"repartition by range sorts", test_repartition},
    {"as-of joins find the last row before", test_as_of_joins},
    {"nesting is limited", test_nesting_is_limited},
    {"any allocation may fail", test_any_allocation_may_fail},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("plan nodes", cases);
}
