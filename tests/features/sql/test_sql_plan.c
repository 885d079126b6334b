/* Plans of queries, as they are printed before tables are known. */
#include "features/sql/sql.h"

#include "core/memory.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <string.h>

static qn_status print_plan(const char *query, qn_text *out) {
    qn_plan *plan = NULL;
    QN_TRY(qn_sql_query(&plan, qn_view_of(query)));
    qn_status status = qn_plan_print(plan, out);
    qn_plan_free(plan);
    return status;
}

static void check_plan(const char *query, const char *expected) {
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(print_plan(query, &text));
    bool same = text.data != NULL && strcmp(text.data, expected) == 0;
    if (!same)
        printf("\n  %s\n  gave\n%s\n  expected\n%s\n", query, text.data != NULL ? text.data : "",
               expected);
    CU_ASSERT(same);
    qn_text_clear(&text);
}

/* ---- Aggregates ------------------------------------------------------------------------------ */

static void test_aggregates_are_taken_out(void) {
    check_plan("SELECT k, sum(v), sum(v) / count(*) AS mean FROM t WHERE v > 1 GROUP BY k",
               "Project k, \"$agg0\" AS sum(v), (\"$agg0\" / \"$agg1\") AS mean\n"
               "  Aggregate by k: sum(v) AS $agg0, count(*) AS $agg1\n"
               "    Filter (v > 1)\n"
               "      Scan t\n");
    check_plan("SELECT count(DISTINCT a), sum(x) FILTER (WHERE y > 1), string_agg(s, ',' ORDER BY "
               "y DESC) FROM t",
               "Project \"$agg0\" AS count(DISTINCT a), \"$agg1\" AS sum(x) FILTER (WHERE (y > "
               "1)), \"$agg2\" AS string_agg(s, ',' ORDER BY y DESC)\n"
               "  Aggregate count(DISTINCT a) AS $agg0, sum(x) FILTER (y > 1) AS $agg1, "
               "string_agg(s, ',' ORDER BY y DESC) AS $agg2\n"
               "    Scan t\n");
    check_plan("SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY x) AS q, mode() WITHIN GROUP "
               "(ORDER BY c) AS m FROM t",
               "Project \"$agg0\" AS q, \"$agg1\" AS m\n"
               "  Aggregate percentile_cont(x, 0.25) AS $agg0, mode(c) AS $agg1\n"
               "    Scan t\n");
    check_plan("SELECT first(x) IGNORE NULLS AS a, first(x, true) AS b, last(x, false) AS c FROM t",
               "Project \"$agg0\" AS a, \"$agg1\" AS b, \"$agg2\" AS c\n"
               "  Aggregate first(x) IGNORE NULLS AS $agg0, first(x) IGNORE NULLS AS $agg1, "
               "last(x) AS $agg2\n"
               "    Scan t\n");
}

static void test_keys_are_found_in_expressions(void) {
    check_plan("SELECT n % 3 AS r, (n % 3) * 10 + count(*) AS z FROM t GROUP BY n % 3",
               "Project \"$key0\" AS r, ((\"$key0\" * 10) + \"$agg0\") AS z\n"
               "  Aggregate by (n % 3) AS $key0: count(*) AS $agg0\n"
               "    Scan t\n");
    check_plan("SELECT upper(c), count(*) FROM t GROUP BY 1",
               "Project \"$key0\" AS upper(c), \"$agg0\" AS count(*)\n"
               "  Aggregate by upper(c) AS $key0: count(*) AS $agg0\n"
               "    Scan t\n");
    check_plan("SELECT t.a, u.a AS b FROM t JOIN u ON t.k = u.k GROUP BY t.a, u.a",
               "Project a, \"$key0\" AS b\n"
               "  Aggregate by t.a, u.a AS $key0\n"
               "    Inner join on (t.k = u.k)\n"
               "      Scan t\n"
               "      Scan u\n");
    check_plan("SELECT t.a + 1 AS x FROM t GROUP BY a, (b, c)",
               "Project (a + 1) AS x\n  Aggregate by a, b, c\n    Scan t\n");
}

static void test_aliases_come_before_columns(void) {
    check_plan("SELECT n / 10 AS bin, count(*) AS c FROM t GROUP BY bin",
               "Project \"$key0\" AS bin, \"$agg0\" AS c\n"
               "  Aggregate by (n / 10) AS $key0: count(*) AS $agg0\n"
               "    Scan t\n");
    /* but not within their own expression */
    check_plan("SELECT lower(a) AS a FROM t GROUP BY a",
               "Project lower(a) AS a\n  Aggregate by a\n    Scan t\n");
    check_plan("SELECT sum(x) AS s FROM t GROUP BY k HAVING s > 3 ORDER BY s * 2",
               "Project *\n"
               "  Sort \"$ord0\"\n"
               "    Project \"$agg0\" AS s, (\"$agg0\" * 2) AS $ord0\n"
               "      Filter (\"$agg0\" > 3)\n"
               "        Aggregate by k: sum(x) AS $agg0\n"
               "          Scan t\n");
}

static void test_sets_of_keys(void) {
    check_plan("SELECT a, sum(x) AS s, GROUPING(a, b + 1) AS g FROM t GROUP BY ROLLUP (a, b + 1)",
               "Project a, \"$agg0\" AS s, \"$grouping0\" AS g\n"
               "  Project a, \"#key0\" AS $key0, \"#agg0\" AS $agg0, \"#grouping0\" AS $grouping0\n"
               "    With $sets4\n"
               "      Union all\n"
               "        Union all\n"
               "          Project a, \"$key0\" AS #key0, \"$agg0\" AS #agg0, 0 AS #grouping0\n"
               "            Aggregate by \"$set_key1\" AS a, \"$set_key2\" AS $key0: "
               "sum(\"$set_key3\") AS $agg0\n"
               "              Read $sets4\n"
               "          Project a, \"$key0\" AS #key0, \"$agg0\" AS #agg0, 1 AS #grouping0\n"
               "            Aggregate by \"$set_key1\" AS a: first(\"$set_key2\") FILTER false AS "
               "$key0, sum(\"$set_key3\") AS $agg0\n"
               "              Read $sets4\n"
               "        Project a, \"$key0\" AS #key0, \"$agg0\" AS #agg0, 3 AS #grouping0\n"
               "          Aggregate first(\"$set_key1\") FILTER false AS a, first(\"$set_key2\") "
               "FILTER false AS $key0, sum(\"$set_key3\") AS $agg0\n"
               "            Read $sets4\n"
               "      Project a AS $set_key1, (b + 1) AS $set_key2, x AS $set_key3\n"
               "        Scan t\n");
    check_plan("SELECT count(*) AS n FROM t GROUP BY ()", "Project \"$agg0\" AS n\n"
                                                          "  Project \"#agg0\" AS $agg0\n"
                                                          "    With $sets0\n"
                                                          "      Project \"$agg0\" AS #agg0\n"
                                                          "        Aggregate count(*) AS $agg0\n"
                                                          "          Read $sets0\n"
                                                          "      Project 1\n"
                                                          "        Scan t\n");
}

/* ---- Windows --------------------------------------------------------------------------------- */

static void test_windows_are_taken_out(void) {
    check_plan("SELECT a - avg(a) OVER w AS d, avg(a) OVER w AS m FROM t WINDOW w AS (PARTITION BY "
               "k)",
               "Project (a - \"$win0\") AS d, \"$win0\" AS m\n"
               "  Window avg(a) OVER (PARTITION BY k) AS $win0\n"
               "    Scan t\n");
    check_plan("SELECT k, sum(x) / sum(sum(x)) OVER () AS share FROM t GROUP BY k",
               "Project k, (\"$agg0\" / \"$win0\") AS share\n"
               "  Window sum(\"$agg0\") OVER () AS $win0\n"
               "    Aggregate by k: sum(x) AS $agg0\n"
               "      Scan t\n");
    check_plan("SELECT lag(x, 2, 0) IGNORE NULLS OVER (w ORDER BY d) AS l FROM t WINDOW w AS "
               "(PARTITION BY k)",
               "Project \"$win0\" AS l\n"
               "  Window lag(x, 2, 0) IGNORE NULLS OVER (PARTITION BY k ORDER BY d) AS $win0\n"
               "    Scan t\n");
    check_plan("SELECT *, first_value(x RESPECT NULLS) OVER (ORDER BY d) AS f FROM t",
               "Project *, \"$win0\" AS f\n"
               "  Window first_value(x) OVER (ORDER BY d) AS $win0\n"
               "    Scan t\n");
}

/* ---- FROM ------------------------------------------------------------------------------------ */

static void test_joins(void) {
    check_plan("SELECT * FROM a LEFT JOIN b USING (k), c NATURAL JOIN d CROSS JOIN e",
               "Project *\n"
               "  Cross join\n"
               "    Left join using k\n"
               "      Scan a\n"
               "      Scan b\n"
               "    Cross join\n"
               "      Natural Inner join\n"
               "        Scan c\n"
               "        Scan d\n"
               "      Scan e\n");
    check_plan("SELECT a.x FROM a LEFT SEMI JOIN b ON a.k = b.k ANTI JOIN c ON a.k = c.k",
               "Project a.x\n"
               "  Anti join on (a.k = c.k)\n"
               "    Semi join on (a.k = b.k)\n"
               "      Scan a\n"
               "      Scan b\n"
               "    Scan c\n");
    check_plan("SELECT * FROM asof ASOF LEFT JOIN (semi JOIN anti USING (k)) ON asof.k = semi.k "
               "AND asof.t >= anti.t",
               "Project *\n"
               "  As-of left join on ((asof.k = semi.k) AND (asof.t >= anti.t))\n"
               "    Scan asof\n"
               "    Inner join using k\n"
               "      Scan semi\n"
               "      Scan anti\n");
    check_plan("SELECT q.x FROM (SELECT x FROM t) AS q, t AS u (a, b)", "Project q.x\n"
                                                                        "  Cross join\n"
                                                                        "    Alias q\n"
                                                                        "      Project x\n"
                                                                        "        Scan t\n"
                                                                        "    Alias u (a, b)\n"
                                                                        "      Scan t\n");
    check_plan("SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (n, s)",
               "Project *\n  Alias v (n, s)\n    Values 2 rows\n");
    check_plan("SELECT 1 + 1 AS two", "Project (1 + 1) AS two\n  Values 1 row\n");
    check_plan("SELECT * FROM t TABLESAMPLE BERNOULLI (12.5) REPEATABLE (7)",
               "Project *\n  Sample 0.125, seed 7\n    Scan t\n");
}

/* ---- Order ----------------------------------------------------------------------------------- */

static void test_order_by(void) {
    check_plan("SELECT a, b AS c FROM t ORDER BY 2 DESC, a NULLS LAST LIMIT 5 OFFSET 2",
               "Limit 5 offset 2\n"
               "  Sort c DESC, a NULLS LAST\n"
               "    Project a, b AS c\n"
               "      Scan t\n");
    check_plan("SELECT a FROM t ORDER BY b, a + 1", "Project *\n"
                                                    "  Sort \"$ord0\", \"$ord1\"\n"
                                                    "    Project a, b AS $ord0, (a + 1) AS $ord1\n"
                                                    "      Scan t\n");
    check_plan("SELECT * FROM t ORDER BY b, t.c", "Project *\n"
                                                  "  Sort b, \"$ord0\"\n"
                                                  "    Project *, t.c AS $ord0\n"
                                                  "      Scan t\n");
    check_plan("SELECT DISTINCT a, b FROM t ORDER BY b",
               "Sort b\n  Distinct\n    Project a, b\n      Scan t\n");
    check_plan("SELECT DISTINCT ON (k, a % 2) k, a FROM t ORDER BY k, d DESC",
               "Project *\n"
               "  Distinct on k, $ord0\n"
               "    Sort k, \"$ord1\" DESC\n"
               "      Project k, a, (a % 2) AS $ord0, d AS $ord1\n"
               "        Scan t\n");
}

static void test_set_operations(void) {
    check_plan("SELECT a FROM t UNION ALL SELECT b FROM u UNION (SELECT c FROM v ORDER BY c LIMIT "
               "1) ORDER BY 1, a + 1 LIMIT 9",
               "Limit 9\n"
               "  Sort a, (a + 1)\n"
               "    Union\n"
               "      Union all\n"
               "        Project a\n"
               "          Scan t\n"
               "        Project b\n"
               "          Scan u\n"
               "      Limit 1\n"
               "        Sort c\n"
               "          Project c\n"
               "            Scan v\n");
    check_plan("VALUES (1), (2) EXCEPT ALL SELECT a FROM t INTERSECT SELECT b FROM u",
               "Except all\n"
               "  Values 2 rows\n"
               "  Intersect\n"
               "    Project a\n"
               "      Scan t\n"
               "    Project b\n"
               "      Scan u\n");
}

static void test_with(void) {
    check_plan("WITH q AS (SELECT a FROM t), r (x) AS (SELECT a FROM q) SELECT * FROM r JOIN q ON "
               "q.a = r.x",
               "With q\n"
               "  With r\n"
               "    Project *\n"
               "      Inner join on (q.a = r.x)\n"
               "        Alias r\n"
               "          Read r\n"
               "        Alias q\n"
               "          Read q\n"
               "    Alias r (x)\n"
               "      Project a\n"
               "        Alias q\n"
               "          Read q\n"
               "  Project a\n"
               "    Scan t\n");
    /* an inner table of the same name hides the outer one; a table may read its namesake */
    check_plan("WITH t AS (SELECT a FROM t) SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t) q",
               "With t\n"
               "  Project *\n"
               "    Alias q\n"
               "      With t#1\n"
               "        Project *\n"
               "          Alias t\n"
               "            Read t#1\n"
               "        Project 1\n"
               "          Values 1 row\n"
               "  Project a\n"
               "    Scan t\n");
}

/* ---- Subqueries ------------------------------------------------------------------------------ */

static void test_subqueries(void) {
    check_plan("SELECT x - (SELECT avg(x) FROM t) AS d FROM t",
               "Project (x - \"$sub0\") AS d\n"
               "  Cross join AS $sub0\n"
               "    Scan t\n"
               "    Single value $sub0\n"
               "      Project \"$agg0\" AS avg(x)\n"
               "        Aggregate avg(x) AS $agg0\n"
               "          Scan t\n");
    check_plan("SELECT a FROM t WHERE k IN (SELECT k FROM u) AND a > 1",
               "Project a\n"
               "  Semi join on (k = \"$sub0\")\n"
               "    Filter (a > 1)\n"
               "      Scan t\n"
               "    Alias $sub0 ($sub0)\n"
               "      Project k\n"
               "        Scan u\n");
    check_plan("SELECT a FROM t WHERE k NOT IN (SELECT k FROM u)",
               "Project a\n"
               "  Anti join (NOT IN) on (k = \"$sub0\")\n"
               "    Scan t\n"
               "    Alias $sub0 ($sub0)\n"
               "      Project k\n"
               "        Scan u\n");
    check_plan("SELECT k, sum(x) > (SELECT 3) AS big FROM t GROUP BY k",
               "Project k, (\"$agg0\" > \"$sub0\") AS big\n"
               "  Cross join AS $sub0\n"
               "    Aggregate by k: sum(x) AS $agg0\n"
               "      Scan t\n"
               "    Single value $sub0\n"
               "      Project 3\n"
               "        Values 1 row\n");
    check_plan("SELECT a FROM t WHERE a = 1 OR k IN (SELECT k FROM u)",
               "Project a\n"
               "  Filter ((a = 1) OR \"$sub0\")\n"
               "    Mark join (IN) AS $sub0 on (k = \"$sub1\")\n"
               "      Scan t\n"
               "      Alias $sub1 ($sub1)\n"
               "        Project k\n"
               "          Scan u\n");
}

static void test_correlated_subqueries_of_where_are_joins(void) {
    check_plan("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k AND u.x > 1) AND NOT "
               "EXISTS (SELECT * FROM v WHERE v.k = t.k AND y < t.a)",
               "Project a\n"
               "  Anti join on ((\"$sub1\" = t.k) AND (\"$sub2\" < t.a))\n"
               "    Semi join on (\"$sub0\" = t.k)\n"
               "      Scan t\n"
               "      Project u.k AS $sub0\n"
               "        Filter (u.x > 1)\n"
               "          Scan u\n"
               "    Project v.k AS $sub1, y AS $sub2\n"
               "      Scan v\n");
    check_plan("SELECT a FROM t WHERE a IN (SELECT u.b FROM u WHERE u.k = t.k)",
               "Project a\n"
               "  Semi join on ((\"$sub0\" = t.k) AND (a = \"$sub1\"))\n"
               "    Scan t\n"
               "    Project u.k AS $sub0, u.b AS $sub1\n"
               "      Scan u\n");
}

static void test_correlated_values_are_joins(void) {
    check_plan("SELECT a FROM t WHERE x > (SELECT avg(b.x) * 2 + count(*) FROM t AS b WHERE b.k = "
               "t.k AND b.n > 3)",
               "Project a\n"
               "  Filter (x > ((\"$agg0\" * 2) + coalesce(\"$agg1\", 0)))\n"
               "    Left join on (t.k = \"$sub0\")\n"
               "      Scan t\n"
               "      Aggregate by b.k AS $sub0: avg(b.x) AS $agg0, count(*) AS $agg1\n"
               "        Filter (b.n > 3)\n"
               "          Alias b\n"
               "            Scan t\n");
    check_plan("SELECT k, sum(x) > (SELECT sum(v) FROM u WHERE u.k = t.k) AS m FROM t GROUP BY k",
               "Project k, (\"$agg0\" > \"$agg1\") AS m\n"
               "  Left join on (k = \"$sub0\")\n"
               "    Aggregate by k: sum(x) AS $agg0\n"
               "      Scan t\n"
               "    Aggregate by u.k AS $sub0: sum(v) AS $agg1\n"
               "      Scan u\n");
}

/* ---- Broken memory --------------------------------------------------------------------------- */

static const char *const everything[] = {
    "WITH q (a, b) AS (SELECT x, y FROM t) SELECT DISTINCT ON (a) q.a, count(DISTINCT b) FILTER "
    "(WHERE b > 1) AS c, sum(sum(b)) OVER (PARTITION BY a ORDER BY a ROWS 2 PRECEDING) AS w, "
    "(SELECT max(x) FROM t) FROM q GROUP BY a HAVING count(*) > (SELECT 1) ORDER BY a, sum(b) "
    "LIMIT 3",
    "SELECT * FROM a ASOF JOIN b ON a.k = b.k AND a.t >= b.t AND a.t - b.t <= 5, (VALUES (1, 2)) "
    "v (p, q) WHERE a.x IN (SELECT y FROM c) AND NOT EXISTS (SELECT 1 FROM d WHERE d.k = a.k AND "
    "d.z = 2) AND (a.m OR EXISTS (SELECT 1 FROM e)) ORDER BY a.x",
    "SELECT a FROM t UNION SELECT b FROM u INTERSECT SELECT c FROM v ORDER BY 1, a + 1 LIMIT 2",
    "SELECT a, sum(x) FILTER (WHERE y), string_agg(s, ',' ORDER BY z), GROUPING(a, b % 2) FROM t "
    "GROUP BY CUBE (a, b % 2), c HAVING (SELECT true)",
    "SELECT a, (SELECT max(u.x) + count(*) FROM u WHERE u.k = t.k + 1 AND u.y IN (SELECT 1)) FROM "
    "t "
    "WHERE (SELECT min(x) FROM u WHERE u.k = t.k) < a",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x), n % 2, lag(n) IGNORE NULLS OVER w FROM "
    "t TABLESAMPLE BERNOULLI (5) GROUP BY n % 2, n WINDOW w AS (ORDER BY n)"};

static void test_any_allocation_may_fail(void) {
    for (size_t i = 0; i < sizeof everything / sizeof *everything; i++) {
        qn_status status = QN_MEMORY;
        for (int64_t n = 0; status == QN_MEMORY; n++) {
            qn_plan *plan = NULL;
            int64_t before = qn_mem_blocks();
            qn_mem_fail_after(n);
            status = qn_sql_query(&plan, qn_view_of(everything[i]));
            qn_mem_fail_after(-1);
            qn_plan_free(plan);
            CU_ASSERT(qn_mem_blocks() == before);
        }
        QN_TEST_OK(status);
    }
}

static const qn_test_case cases[] = {
    {"aggregates are taken out, equal ones once", test_aggregates_are_taken_out},
    {"keys are found in expressions", test_keys_are_found_in_expressions},
    {"GROUPING SETS, ROLLUP and CUBE join aggregations", test_sets_of_keys},
    {"aliases come before columns", test_aliases_come_before_columns},
    {"windows are taken out", test_windows_are_taken_out},
    {"tables, joins, subqueries, VALUES and samples", test_joins},
    {"ORDER BY names outputs or hides columns", test_order_by},
    {"set operations", test_set_operations},
    {"WITH", test_with},
    {"subqueries become joins", test_subqueries},
    {"correlated subqueries of WHERE are joins", test_correlated_subqueries_of_where_are_joins},
    {"correlated values are joins with groups", test_correlated_values_are_joins},
    {"any allocation may fail", test_any_allocation_may_fail},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("sql plan", cases);
}
