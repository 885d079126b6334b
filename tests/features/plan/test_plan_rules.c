/* Ranks: 1 2 3 */
/* What the rules make of a plan, and that its rows stay the same. */
#include "tests/features/plan/plan_test.h"

static void check_tree(const char *query, const char *expected) {
    qn_text tree;
    char *improved = NULL, *written = NULL;
    qn_text_init(&tree);
    QN_TEST_OK(plan_test_run(query, false, &tree, &improved));
    QN_TEST_OK(plan_test_run(query, true, NULL, &written));
    bool same = tree.data != NULL && strcmp(tree.data, expected) == 0;
    if (!same && qn_comm_rank(qn_test_comm()) == 0)
        printf("\n%s\ngave\n%sexpected\n%s", query, tree.data != NULL ? tree.data : "", expected);
    CU_ASSERT(same);
    CU_ASSERT(improved != NULL && written != NULL);
    if (improved != NULL && written != NULL) {
        plan_test_sort(improved);
        plan_test_sort(written);
        CU_ASSERT_STRING_EQUAL(improved, written);
    }
    qn_text_clear(&tree);
    qn_mem_free(improved);
    qn_mem_free(written);
}

static void test_conditions_pass_projections(void) {
    check_tree("SELECT g FROM (SELECT id + 1 AS k, g FROM a) s WHERE k > 2",
               "Project g\n"
               "  Filter ((id + 1) > 2)\n"
               "    Scan a [id, g] 2 of 3 columns\n");
}

static void test_conditions_go_to_their_side(void) {
    check_tree("SELECT a.id, y FROM a, b WHERE a.id = b.id AND y > 100 AND x > 5",
               "Project id, y\n"
               "  Inner join on (id = id_1)\n"
               "    Project id\n"
               "      Filter (x > 5)\n"
               "        Scan a [id, x] 2 of 3 columns\n"
               "    Project id AS id_1, y\n"
               "      Filter (y > 100)\n"
               "        Scan b [id, y] 2 of 2 columns\n");
}

static void test_outer_joins_keep_their_rows(void) {
    check_tree("SELECT * FROM a LEFT JOIN b ON a.id = b.id AND y > 1 AND x > 2 WHERE g = 'a'",
               "Left join on ((id = id_1) AND (x > 2))\n"
               "  Filter (g = 'a')\n"
               "    Scan a [id, x, g] 3 of 3 columns\n"
               "  Project id AS id_1, y\n"
               "    Filter (y > 1)\n"
               "      Scan b [id, y] 2 of 2 columns\n");
    check_tree("SELECT * FROM a LEFT JOIN b ON a.id = b.id WHERE y IS NULL",
               "Filter (y IS NULL)\n"
               "  Left join on (id = id_1)\n"
               "    Scan a [id, x, g] 3 of 3 columns\n"
               "    Project id AS id_1, y\n"
               "      Scan b [id, y] 2 of 2 columns\n");
}

static void test_outer_joins_become_inner(void) {
    check_tree("SELECT * FROM a LEFT JOIN b ON a.id = b.id WHERE y > 1",
               "Inner join on (id = id_1)\n"
               "  Scan a [id, x, g] 3 of 3 columns\n"
               "  Project id AS id_1, y\n"
               "    Filter (y > 1)\n"
               "      Scan b [id, y] 2 of 2 columns\n");
    check_tree("SELECT * FROM a FULL JOIN b ON a.id = b.id WHERE x > 10",
               "Left join on (id = id_1)\n"
               "  Filter (x > 10)\n"
               "    Scan a [id, x, g] 3 of 3 columns\n"
               "  Project id AS id_1, y\n"
               "    Scan b [id, y] 2 of 2 columns\n");
    check_tree("SELECT * FROM a RIGHT JOIN b ON a.id = b.id WHERE coalesce(x, 0) > 10",
               "Inner join on (id = id_1)\n"
               "  Filter (coalesce(x, 0) > 10)\n"
               "    Scan a [id, x, g] 3 of 3 columns\n"
               "  Project id AS id_1, y\n"
               "    Scan b [id, y] 2 of 2 columns\n");
}

static void test_the_smaller_side_is_right(void) {
    check_tree("SELECT name, x FROM c JOIN a ON a.id = c.k",
               "Project name, x\n"
               "  Inner join on (id = k)\n"
               "    Scan a [id, x] 2 of 3 columns\n"
               "    Scan c [k, name] 2 of 2 columns\n");
}

static void test_first_rows_of_groups(void) {
    check_tree("SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY g ORDER BY x DESC) AS rn "
               "FROM a) s WHERE rn <= 2 AND g = 'a'",
               "Project id, x, g, \"$win0\" AS rn\n"
               "  Filter (\"$win0\" <= 2)\n"
               "    Top 2 of each g by x DESC AS $win0\n"
               "      Filter (g = 'a')\n"
               "        Scan a [id, x, g] 3 of 3 columns\n");
    check_tree("SELECT * FROM (SELECT id, rank() OVER (PARTITION BY g ORDER BY x DESC) AS r "
               "FROM a) s WHERE r = 1",
               "Project id, \"$win0\" AS r\n"
               "  Filter (\"$win0\" = 1)\n"
               "    Window rank() OVER (PARTITION BY g ORDER BY x DESC) AS $win0\n"
               "      Scan a [id, x, g] 3 of 3 columns\n");
}

static void test_limits_move_down(void) {
    check_tree("SELECT id FROM a UNION ALL SELECT id FROM b LIMIT 20",
               "Limit 20\n"
               "  Union all\n"
               "    Limit 20\n"
               "      Scan a [id] 1 of 3 columns\n"
               "    Limit 20\n"
               "      Scan b [id] 1 of 2 columns\n");
    check_tree("SELECT id, x FROM a ORDER BY x DESC, id LIMIT 2 OFFSET 1",
               "Top 2 offset 1 by x DESC, id\n"
               "  Scan a [id, x] 2 of 3 columns\n");
    check_tree("SELECT * FROM (SELECT id FROM a LIMIT 4) s LIMIT 2 OFFSET 1",
               "Limit 2 offset 1\n"
               "  Scan a [id] 1 of 3 columns\n");
}

static void test_constants_decide(void) {
    check_tree("SELECT id FROM a WHERE 1 = 2", "Empty\n");
    check_tree("SELECT id FROM a WHERE 1 = 1 AND id > 2", "Filter (id > 2)\n"
                                                          "  Scan a [id] 1 of 3 columns\n");
    check_tree("SELECT id FROM a WHERE 1 = 2 UNION ALL SELECT id FROM b",
               "Scan b [id] 1 of 2 columns\n");
    check_tree("SELECT a.id FROM a JOIN b ON a.id = b.id AND 2 < 1", "Empty\n");
    check_tree("SELECT id FROM a WHERE id > 1 + 2", "Filter (id > 3)\n"
                                                    "  Scan a [id] 1 of 3 columns\n");
}

static void test_conditions_pass_sets(void) {
    check_tree("SELECT * FROM (SELECT id FROM a UNION ALL SELECT y FROM b) s WHERE id > 2",
               "Union all\n"
               "  Filter (id > 2)\n"
               "    Scan a [id] 1 of 3 columns\n"
               "  Filter (y > 2)\n"
               "    Scan b [y] 1 of 2 columns\n");
    check_tree("SELECT * FROM (SELECT id FROM a EXCEPT SELECT id FROM b) s WHERE id > 2",
               "Except\n"
               "  Filter (id > 2)\n"
               "    Scan a [id] 1 of 3 columns\n"
               "  Filter (id > 2)\n"
               "    Scan b [id] 1 of 2 columns\n");
}

static void test_unread_columns_go(void) {
    check_tree(
        "SELECT id FROM (SELECT id, EXISTS (SELECT 1 FROM b WHERE b.id = a.id) AS e FROM a) s",
        "Scan a [id] 1 of 3 columns\n");
    check_tree("SELECT id FROM (SELECT id, g FROM a UNION ALL SELECT y, 'b' FROM b) s",
               "Union all\n"
               "  Scan a [id] 1 of 3 columns\n"
               "  Scan b [y] 1 of 2 columns\n");
}

static void test_subqueries_are_joins(void) {
    check_tree("SELECT id FROM a WHERE id IN (SELECT id FROM b ORDER BY y)",
               "Semi join on (id = id_1)\n"
               "  Scan a [id] 1 of 3 columns\n"
               "  Project id AS id_1\n"
               "    Scan b [id] 1 of 2 columns\n");
    check_tree("SELECT id FROM a WHERE id NOT IN (SELECT id FROM b WHERE y < 400)",
               "Anti join (NOT IN) on (id = id_1)\n"
               "  Scan a [id] 1 of 3 columns\n"
               "  Project id AS id_1\n"
               "    Filter (y < 400)\n"
               "      Scan b [id, y] 2 of 2 columns\n");
}

static void test_with(void) {
    check_tree("WITH w AS (SELECT id + 1 AS k, x FROM a) SELECT k FROM w WHERE x > 1",
               "Project (id + 1) AS k\n"
               "  Filter (x > 1)\n"
               "    Scan a [id, x] 2 of 3 columns\n");
    check_tree("WITH w AS (SELECT id + 1 AS k, x FROM a) "
               "SELECT v.k, u.k AS uk FROM w v JOIN w u ON v.k = u.k WHERE v.x > 10",
               "With w\n"
               "  Project k, k_1 AS uk\n"
               "    Inner join on (k = k_1)\n"
               "      Project k AS k_1\n"
               "        Read w\n"
               "      Project k\n"
               "        Filter (x > 10)\n"
               "          Read w\n"
               "  Project (id + 1) AS k, x\n"
               "    Scan a [id, x] 2 of 3 columns\n");
    check_tree("WITH w AS (SELECT *, x * 2 AS z FROM a) "
               "SELECT v.id, u.id AS uid FROM w v JOIN w u ON v.id = u.id",
               "With w\n"
               "  Project id, id_1 AS uid\n"
               "    Inner join on (id = id_1)\n"
               "      Read w\n"
               "      Project id AS id_1\n"
               "        Read w\n"
               "  Scan a [id] 1 of 3 columns\n");
}

static void test_conditions_on_keys_pass_groups(void) {
    check_tree("SELECT g, n FROM (SELECT g, count(1) AS n, sum(x) AS s FROM (SELECT * FROM a ORDER "
               "BY x) q GROUP BY g) s WHERE g = 'a' AND n > 1",
               "Project g, \"$agg0\" AS n\n"
               "  Filter (\"$agg0\" > 1)\n"
               "    Aggregate by g: count(*) AS $agg0\n"
               "      Filter (g = 'a')\n"
               "        Scan a [g] 1 of 3 columns\n");
    check_tree("SELECT n FROM (SELECT count(*) AS n FROM a) s WHERE 1 = 2", "Empty\n");
}

static void test_windows_let_partition_keys_pass(void) {
    check_tree("SELECT * FROM (SELECT g, x, sum(x) OVER (PARTITION BY g) AS s FROM a) t "
               "WHERE g = 'a' AND x > 10",
               "Project g, x, \"$win0\" AS s\n"
               "  Filter (x > 10)\n"
               "    Window sum(x) OVER (PARTITION BY g) AS $win0\n"
               "      Filter (g = 'a')\n"
               "        Scan a [x, g] 2 of 3 columns\n");
}

static void test_sorts_that_nothing_sees_go(void) {
    check_tree("SELECT g, sum(x) AS s FROM (SELECT * FROM a ORDER BY x) q GROUP BY g",
               "Project g, \"$agg0\" AS s\n"
               "  Aggregate by g: sum(x) AS $agg0\n"
               "    Scan a [x, g] 2 of 3 columns\n");
    check_tree("SELECT g, first(id) AS f FROM (SELECT * FROM a ORDER BY x DESC) q GROUP BY g",
               "Project g, \"$agg0\" AS f\n"
               "  Aggregate by g: first(id) AS $agg0\n"
               "    Sort x DESC\n"
               "      Scan a [id, x, g] 3 of 3 columns\n");
}

static void test_distinct_groups_are_distinct(void) {
    check_tree("SELECT DISTINCT g, n FROM (SELECT g, count(*) AS n FROM a GROUP BY g) s",
               "Project g, \"$agg0\" AS n\n"
               "  Aggregate by g: count(*) AS $agg0\n"
               "    Scan a [g] 1 of 3 columns\n");
    check_tree("SELECT DISTINCT n FROM (SELECT g, count(*) AS n FROM a GROUP BY g) s",
               "Distinct\n"
               "  Project \"$agg0\" AS n\n"
               "    Aggregate by g: count(*) AS $agg0\n"
               "      Scan a [g] 1 of 3 columns\n");
}

static void test_distinct_values_are_counted_by_groups(void) {
    check_tree("SELECT g, count(DISTINCT x) AS n FROM a GROUP BY g",
               "Project g, \"$agg0\" AS n\n"
               "  Aggregate by g: count(\"$counted\") AS $agg0\n"
               "    Aggregate by g, x AS $counted\n"
               "      Scan a [x, g] 2 of 3 columns\n");
    check_tree("SELECT g, count(DISTINCT x) AS n, sum(x) AS s FROM a GROUP BY g",
               "Project g, \"$agg0\" AS n, \"$agg1\" AS s\n"
               "  Aggregate by g: count(DISTINCT x) AS $agg0, sum(x) AS $agg1\n"
               "    Scan a [x, g] 2 of 3 columns\n");
    check_tree("SELECT count(DISTINCT x) AS n FROM a", "Project \"$agg0\" AS n\n"
                                                       "  Aggregate count(\"$counted\") AS $agg0\n"
                                                       "    Aggregate by x AS $counted\n"
                                                       "      Scan a [x] 1 of 3 columns\n");
}

static void test_conditions_reach_the_other_side(void) {
    check_tree("SELECT x, y FROM a, b WHERE a.id = b.id AND a.id > 2",
               "Project x, y\n"
               "  Inner join on (id = id_1)\n"
               "    Filter (id > 2)\n"
               "      Scan a [id, x] 2 of 3 columns\n"
               "    Project id AS id_1, y\n"
               "      Filter (id > 2)\n"
               "        Scan b [id, y] 2 of 2 columns\n");
    check_tree("SELECT x, y FROM a LEFT JOIN b ON a.id = b.id WHERE a.id = 3",
               "Project x, y\n"
               "  Left join on (id = id_1)\n"
               "    Filter (id = 3)\n"
               "      Scan a [id, x] 2 of 3 columns\n"
               "    Project id AS id_1, y\n"
               "      Filter (id = 3)\n"
               "        Scan b [id, y] 2 of 2 columns\n");
    check_tree("SELECT x, y FROM a LEFT JOIN b ON a.id = b.id AND b.id = 3",
               "Project x, y\n"
               "  Left join on (id = id_1)\n"
               "    Scan a [id, x] 2 of 3 columns\n"
               "    Project id AS id_1, y\n"
               "      Filter (id = 3)\n"
               "        Scan b [id, y] 2 of 2 columns\n");
}

static void test_joins_wait_for_a_condition(void) {
    check_tree("SELECT name, x, y FROM a, b, c WHERE a.id = c.k AND b.id = c.k AND x + y > 5",
               "Project name, x, y\n"
               "  Inner join on (((x + y) > 5) AND (id_1 = k))\n"
               "    Project x, k, name\n"
               "      Inner join on (id = k)\n"
               "        Scan a [id, x] 2 of 3 columns\n"
               "        Scan c [k, name] 2 of 2 columns\n"
               "    Project id AS id_1, y\n"
               "      Scan b [id, y] 2 of 2 columns\n");
}

static void run_first(void) {
    plan_test_write();
}

static const qn_test_case cases[] = {
    {"tables are written", run_first},
    {"conditions pass projections", test_conditions_pass_projections},
    {"conditions go to their side of a join", test_conditions_go_to_their_side},
    {"outer joins keep their rows", test_outer_joins_keep_their_rows},
    {"outer joins whose missing rows are rejected become inner", test_outer_joins_become_inner},
    {"the smaller side of a join is the right one", test_the_smaller_side_is_right},
    {"conditions reach the other side of an equality", test_conditions_reach_the_other_side},
    {"joins wait for a condition that binds them", test_joins_wait_for_a_condition},
    {"row numbers up to a bound are the first rows of groups", test_first_rows_of_groups},
    {"limits move down", test_limits_move_down},
    {"constants decide", test_constants_decide},
    {"conditions pass set operations", test_conditions_pass_sets},
    {"columns that nothing reads go", test_unread_columns_go},
    {"subqueries are joins", test_subqueries_are_joins},
    {"WITH is inlined or kept", test_with},
    {"conditions on keys pass groups", test_conditions_on_keys_pass_groups},
    {"conditions on partition keys pass windows", test_windows_let_partition_keys_pass},
    {"sorts that nothing sees go", test_sorts_that_nothing_sees_go},
    {"rows of groups are distinct", test_distinct_groups_are_distinct},
    {"distinct values are counted by groups", test_distinct_values_are_counted_by_groups},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("plan rules", cases);
}
