/* Ranks: 1 3 */
/* What names in queries over several tables mean. */
#include "tests/features/plan/plan_test.h"

static void write_tables(void) {
    plan_test_write();
}

/* ---- Names of outputs ------------------------------------------------------------------------ */

static void check_names(const char *query, const char *expected) {
    qn_execution execution = qn_execution_of(qn_test_comm());
    qn_plan_table tables[PLAN_TEST_TABLES];
    qn_plan *plan = NULL;
    qn_text names;
    qn_text_init(&names);
    plan_test_tables(tables);
    QN_TEST_OK(qn_sql_query(&plan, qn_view_of(query)));
    QN_TEST_OK(qn_plan_prepare(plan, &execution, tables, PLAN_TEST_TABLES));
    for (int32_t i = 0; i < qn_plan_schema(plan)->count; i++)
        QN_TEST_OK(
            qn_text_printf(&names, "%s%s", i > 0 ? "," : "", qn_plan_schema(plan)->fields[i].name));
    CU_ASSERT(names.data != NULL && strcmp(names.data, expected) == 0);
    if (names.data != NULL && strcmp(names.data, expected) != 0)
        printf("\n  %s\n  gave %s\n", query, names.data);
    qn_text_clear(&names);
    qn_plan_free(plan);
}

static void test_stars_over_joins(void) {
    check_names("SELECT * FROM a JOIN b ON a.id = b.id", "id,x,g,id_1,y");
    check_names("SELECT a.* FROM a JOIN b ON a.id = b.id", "id,x,g");
    check_names("SELECT b.*, g FROM a JOIN b ON a.id = b.id", "id,y,g");
    check_names("SELECT a.*, b.* FROM a JOIN b ON a.id = b.id", "id,x,g,id_1,y");
    check_names("SELECT * FROM a p JOIN a q ON p.id = q.id", "id,x,g,id_1,x_1,g_1");
    check_names("SELECT s.id_1 FROM (SELECT * FROM a JOIN b ON a.id = b.id) s", "id_1");
    check_names("SELECT * FROM a JOIN b USING (id)", "id,x,g,y");
    check_names("SELECT * FROM a NATURAL JOIN b", "id,x,g,y");
    check_names("SELECT * FROM b FULL JOIN a USING (id)", "id,y,x,g");
}

static void test_qualified_names(void) {
    check_names("SELECT a.id, b.id AS other FROM a JOIN b ON a.id = b.id", "id,other");
    check_names("SELECT A.ID FROM a", "id");
    check_names("SELECT id, b.id AS r FROM a JOIN b USING (id)", "id,r");
    check_names("SELECT id, a.id AS l, b.id AS r FROM a FULL JOIN b USING (id)", "id,l,r");
    check_names("SELECT t.u FROM (SELECT id FROM a) AS t (u)", "u");
    check_names("SELECT p.id + q.x FROM a p, a q", "(id + x)");
}

/* ---- Errors ---------------------------------------------------------------------------------- */

static void check_error(const char *query, const char *location, const char *message,
                        const char *help) {
    char *rows = NULL;
    QN_TEST_FAILS(plan_test_run(query, false, NULL, &rows), QN_JOB, message);
    qn_error error = qn_last_error();
    CU_ASSERT_STRING_EQUAL(error.location, location);
    CU_ASSERT(strstr(error.help, help) != NULL);
    if (strcmp(error.location, location) != 0 || strstr(error.help, help) == NULL)
        printf("\n  %s\n  at %s, help: %s\n", query, error.location, error.help);
    qn_mem_free(rows);
}

static void test_ambiguous_names(void) {
    check_error("SELECT id FROM a JOIN b ON a.id = b.id", "query:1:8",
                "column 'id' is ambiguous: it may be a.id or b.id", "in front of it");
    check_error("SELECT x FROM a JOIN b ON id = y", "query:1:27",
                "column 'id' is ambiguous: it may be a.id or b.id", "in front of it");
    check_error("SELECT 1 AS one FROM a p JOIN a q ON p.id = q.id ORDER BY g", "query:1:59",
                "column 'g' is ambiguous: it may be p.g or q.g", "");
}

static void test_unknown_names(void) {
    check_error("SELECT a.yy FROM a JOIN b ON a.id = b.id", "query:1:8",
                "unknown column 'yy' in table 'a'", "a, b");
    check_error("SELECT namee FROM a, c", "query:1:8", "unknown column 'namee'", "'c.name'");
    check_error("SELECT q.x FROM a JOIN b ON a.id = b.id", "query:1:8",
                "unknown table 'q' in front of a column", "'a'");
    check_error("SELECT a.x FROM (SELECT x FROM a) s", "query:1:8",
                "unknown table 'a' in front of a column", "'s'");
    check_error("SELECT * FROM a JOIN b USING (x)", "query:1:17", "unknown column 'x'", "'y'");
    check_error("SELECT a.id, b.id FROM a JOIN b ON a.id = b.id", "query:1:14",
                "two outputs are named 'id'", "AS");
}

static void test_sides_of_sets_fit(void) {
    check_error("SELECT id, x FROM a UNION ALL SELECT id FROM b", "query:1:38",
                "as many columns: 2 and 1", "");
    check_error("SELECT id FROM a UNION ALL SELECT name FROM c", "query:1:35",
                "column 'id' is of type int64 on one side and string on the other", "");
    check_names("SELECT id AS p FROM a UNION ALL SELECT y + 0.5 FROM b", "p");
}

static void test_conditions_are_boolean(void) {
    check_error("SELECT x FROM a JOIN b ON a.id + b.id", "query:1:32", "must be boolean", "");
    check_error("SELECT x FROM a JOIN c ON a.id = c.name", "query:1:32",
                "'=' cannot compare int64 and string", "");
}

static const qn_test_case cases[] = {
    {"tables are written", write_tables},
    {"a star over a join numbers equal names", test_stars_over_joins},
    {"names may have tables in front", test_qualified_names},
    {"ambiguous names are refused with the candidates", test_ambiguous_names},
    {"unknown names are refused with the nearest", test_unknown_names},
    {"sides of sets fit", test_sides_of_sets_fit},
    {"conditions of joins are boolean", test_conditions_are_boolean},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("plan names", cases);
}
