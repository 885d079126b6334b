/* Ranks: 1 2 3 */
#include "features/sql/sql.h"

#include "features/scan/scan.h"
#include "tests/features/sql_table.h"

#include <stdio.h>

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    (void)context;
    return sql_table_open(out, comm);
}

static const qn_plan_table tables[] = {{"t", open_table, NULL}, {"other", open_table, NULL}};

static qn_status run_query(char **out, const char *query, qn_comm *comm) {
    qn_plan *plan = NULL;
    qn_stream *stream = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(query)), done);
    QN_TRY_GOTO(qn_plan_open(&stream, plan, &(qn_execution){.comm = comm}, tables, 2), done);
    status = sql_gather_text(out, stream, comm);
done:
    qn_plan_free(plan);
    return status;
}

static void check_query(const char *query, const char *expected) {
    char *text = NULL;
    QN_TEST_OK(run_query(&text, query, qn_test_comm()));
    bool same = text != NULL && strcmp(text, expected) == 0;
    if (!same && qn_comm_rank(qn_test_comm()) == 0) {
        const char *a = text != NULL ? text : "", *b = expected;
        while (*a != '\0' && strcspn(a, "\n") == strcspn(b, "\n") &&
               strncmp(a, b, strcspn(a, "\n")) == 0) {
            a += strcspn(a, "\n") + 1;
            b += strcspn(b, "\n") + 1;
        }
        printf("\n  %s\n  gave     %.*s\n  expected %.*s\n", query, (int)strcspn(a, "\n"), a,
               (int)strcspn(b, "\n"), b);
    }
    CU_ASSERT(same);
    qn_mem_free(text);
}

static char *read_text(const char *path) {
    qn_text text;
    char line[4096];
    qn_text_init(&text);
    FILE *file = fopen(path, "r");
    CU_ASSERT_FATAL(file != NULL);
    while (fgets(line, sizeof line, file) != NULL)
        QN_TEST_OK(qn_text_add(&text, line, (int64_t)strlen(line)));
    fclose(file);
    return text.data;
}

/* tests/golden/sql.txt is what SQLite 3.40.1 gives: see tests/golden/sql.py. */
static void test_queries_give_what_sqlite_gives(void) {
    char *text = read_text(QUERN_SOURCE_DIR "/tests/golden/sql.txt");
    int checked = 0;
    for (char *at = text; *at != '\0'; checked++) {
        char *query = at, *rows = strchr(at, '\n') + 1;
        rows[-1] = '\0';
        char *end = *rows == '\n' ? rows : strstr(rows, "\n\n") + 1;
        *end = '\0';
        check_query(query, rows);
        at = end + 1;
    }
    CU_ASSERT(checked > 30);
    qn_mem_free(text);
}

static void test_float_is_single_precision(void) {
    check_query("SELECT CAST('0.1' AS FLOAT)::double AS f, '0.1'::real::double AS r, "
                "'0.1'::double precision AS d FROM t LIMIT 1",
                "0.10000000149011612|0.10000000149011612|0.1\n");
}

static void test_bad_values_are_null(void) {
    check_query("SELECT 1 / 0 AS a, 0.0 / 0 AS b, 5 % 0 AS c, CAST('x' AS int) AS d, "
                "CAST('2024-13-01' AS date) AS e FROM t LIMIT 1",
                "\\N|\\N|\\N|\\N|\\N\n");
}

static void test_timestamps(void) {
    check_query("SELECT TIMESTAMP '2024-02-29 12:30:05' AS a, EXTRACT(hour FROM TIMESTAMP "
                "'2024-02-29 12:30:05') AS h, DATE '2024-02-29' AS d FROM t LIMIT 1",
                "2024-02-29 12:30:05|12|2024-02-29\n");
}

/* ---- Names ----------------------------------------------------------------------------------- */

static void check_names(const char *query, const char *expected) {
    qn_plan *plan = NULL;
    qn_text names;
    qn_text_init(&names);
    QN_TEST_OK(qn_sql_query(&plan, qn_view_of(query)));
    QN_TEST_OK(qn_plan_prepare(plan, &(qn_execution){.comm = qn_test_comm()}, tables, 2));
    for (int32_t i = 0; i < qn_plan_schema(plan)->count; i++)
        QN_TEST_OK(
            qn_text_printf(&names, "%s%s", i > 0 ? "," : "", qn_plan_schema(plan)->fields[i].name));
    CU_ASSERT_STRING_EQUAL(names.data, expected);
    qn_text_clear(&names);
    qn_plan_free(plan);
}

static void test_outputs_are_named(void) {
    check_names("SELECT * FROM t", "id,n,x,Cut,flag,day");
    check_names("SELECT CUT, t.N, id AS Key, x AS \"Big X\" FROM t", "Cut,n,key,Big X");
    check_names("SELECT n+1, upper(cut) FROM t", "(n + 1),upper(cut)");
}

static void test_plans_print_themselves(void) {
    qn_plan *plan = NULL;
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_sql_query(&plan, qn_view_of("SELECT x * 2 AS d, id FROM t WHERE n > 3 LIMIT 5")));
    QN_TEST_OK(qn_plan_print(plan, &text));
    CU_ASSERT_STRING_EQUAL(text.data, "Limit 5\n"
                                      "  Project (x * 2) AS d, id\n"
                                      "    Filter (n > 3)\n"
                                      "      Scan t\n");
    CU_ASSERT_STRING_EQUAL(qn_plan_table_name(plan, 0), "t");
    CU_ASSERT(qn_plan_table_name(plan, 1) == NULL);
    qn_text_clear(&text);
    qn_plan_free(plan);
}

/* ---- Rules ----------------------------------------------------------------------------------- */

static void test_conditions_move_below_projections(void) {
    qn_plan *plan = NULL;
    qn_expr *condition = NULL, *column = NULL, *sum = NULL;
    qn_text text;
    qn_stream *stream = NULL;
    char *rows = NULL;
    qn_text_init(&text);
    QN_TEST_OK(qn_sql_expression(&condition, qn_view_of("id > 996")));
    QN_TEST_OK(qn_sql_expression(&column, qn_view_of("id")));
    QN_TEST_OK(qn_sql_expression(&sum, qn_view_of("id + 1")));
    char key[] = "key";
    qn_plan_output outputs[] = {{column, NULL, -1}, {sum, key, -1}};
    QN_TEST_OK(qn_plan_scan(&plan, "t", -1));
    QN_TEST_OK(qn_plan_project(&plan, plan, outputs, 2));
    QN_TEST_OK(qn_plan_filter(&plan, plan, condition, -1));
    QN_TEST_OK(qn_plan_prepare(plan, &(qn_execution){.comm = qn_test_comm()}, tables, 2));
    QN_TEST_OK(qn_plan_print(plan, &text));
    CU_ASSERT(strstr(text.data, "Project id, (id + 1) AS key\n  Filter ") == text.data);
    QN_TEST_OK(qn_plan_open(&stream, plan, &(qn_execution){.comm = qn_test_comm()}, tables, 2));
    QN_TEST_OK(sql_gather_text(&rows, stream, qn_test_comm()));
    CU_ASSERT_STRING_EQUAL(rows, "997|998\n998|999\n999|1000\n");
    qn_mem_free(rows);
    qn_text_clear(&text);
    qn_plan_free(plan);
}

static void test_conditions_on_costly_columns_stay(void) {
    qn_plan *plan = NULL;
    qn_expr *condition = NULL, *sum = NULL;
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_sql_expression(&condition, qn_view_of("id > 998")));
    QN_TEST_OK(qn_sql_expression(&sum, qn_view_of("ln(id + 1) * exp(id)")));
    char name[] = "id";
    qn_plan_output output = {sum, name, -1};
    QN_TEST_OK(qn_plan_scan(&plan, "t", -1));
    QN_TEST_OK(qn_plan_project(&plan, plan, &output, 1));
    QN_TEST_OK(qn_plan_filter(&plan, plan, condition, -1));
    QN_TEST_OK(qn_plan_prepare(plan, &(qn_execution){.comm = qn_test_comm()}, tables, 2));
    QN_TEST_OK(qn_plan_print(plan, &text));
    CU_ASSERT(strncmp(text.data, "Filter ", 7) == 0);
    qn_text_clear(&text);
    qn_plan_free(plan);
}

static qn_status open_csv(void *context, qn_comm *comm, qn_stream **out) {
    const char *path = context;
    return qn_scan_open(out, comm, &path, 1, NULL);
}

/* The columns that a plan reads, as its print shows them. */
static void check_columns_read(char *path, const char *query, const char *scan, const char *rows) {
    const qn_plan_table table = {"people", open_csv, path};
    qn_plan *plan = NULL;
    qn_stream *stream = NULL;
    char *text = NULL;
    qn_text printed;
    qn_text_init(&printed);
    QN_TEST_OK(qn_sql_query(&plan, qn_view_of(query)));
    QN_TEST_OK(qn_plan_prepare(plan, &(qn_execution){.comm = qn_test_comm()}, &table, 1));
    QN_TEST_OK(qn_plan_print(plan, &printed));
    CU_ASSERT(printed.data != NULL && strstr(printed.data, scan) != NULL);
    QN_TEST_OK(qn_plan_open(&stream, plan, &(qn_execution){.comm = qn_test_comm()}, &table, 1));
    QN_TEST_OK(sql_gather_text(&text, stream, qn_test_comm()));
    CU_ASSERT_STRING_EQUAL(text, rows);
    qn_mem_free(text);
    qn_text_clear(&printed);
    qn_plan_free(plan);
}

static void test_scans_read_only_what_is_needed(void) {
    char path[512];
    snprintf(path, sizeof path, "%s", qn_test_path("people.csv"));
    if (qn_comm_rank(qn_test_comm()) == 0) {
        FILE *file = fopen(path, "w");
        CU_ASSERT(file != NULL &&
                  fputs("name,age,City,note\nAnn,30,Bonn,x\nBob,41,Graz,y\n", file) >= 0);
        CU_ASSERT(file != NULL && fclose(file) == 0);
    }
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
    check_columns_read(path, "SELECT city FROM people WHERE age > 40",
                       "Scan people [age, City] 2 of 4 columns", "Graz\n");
    check_columns_read(path, "SELECT 1 AS one FROM people", "Scan people [age] 1 of 4 columns",
                       "1\n1\n");
    check_columns_read(path, "SELECT * FROM people LIMIT 1",
                       "Scan people [name, age, City, note] 4 of 4", "Ann|30|Bonn|x\n");
}

static void test_a_stream_in_hand_is_a_table(void) {
    qn_plan *plan = NULL;
    qn_stream *stream = NULL, *rows = NULL;
    char *text = NULL;
    QN_TEST_OK(sql_table_open(&stream, qn_test_comm()));
    qn_plan_table table = qn_plan_table_of("Mine", &stream);
    QN_TEST_OK(qn_sql_query(&plan, qn_view_of("SELECT id FROM mine LIMIT 2")));
    QN_TEST_OK(qn_plan_open(&rows, plan, &(qn_execution){.comm = qn_test_comm()}, &table, 1));
    CU_ASSERT(stream == NULL);
    QN_TEST_OK(sql_gather_text(&text, rows, qn_test_comm()));
    CU_ASSERT_STRING_EQUAL(text, "0\n1\n");
    qn_mem_free(text);
    qn_plan_free(plan);
}

/* ---- Failing allocations --------------------------------------------------------------------- */

static void test_any_allocation_may_fail(void) {
    static const char query[] =
        "SELECT *, CASE n WHEN 1 THEN 'a' ELSE upper(cut) END, x::int AS i, n IN (1, 2) AS m, "
        "DATE '2024-01-01' AS d FROM t WHERE n BETWEEN 1 AND 30 AND x IS NOT NULL LIMIT 5 OFFSET 2";
    qn_comm *self = NULL;
    qn_status status = QN_MEMORY;
    QN_TEST_OK(qn_comm_self(&self));
    for (int64_t successes = 0; status != QN_OK && successes < 20000; successes++) {
        char *text = NULL;
        int64_t before = qn_mem_blocks();
        qn_mem_fail_after(successes);
        status = run_query(&text, query, self);
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

static const qn_test_case cases[] = {
    {"queries give what SQLite gives, on any ranks", test_queries_give_what_sqlite_gives},
    {"FLOAT and REAL are single precision", test_float_is_single_precision},
    {"bad values are null", test_bad_values_are_null},
    {"timestamps and dates are typed constants", test_timestamps},
    {"outputs are named", test_outputs_are_named},
    {"plans print themselves", test_plans_print_themselves},
    {"conditions move below projections", test_conditions_move_below_projections},
    {"conditions on costly columns stay", test_conditions_on_costly_columns_stay},
    {"scans read only what is needed", test_scans_read_only_what_is_needed},
    {"a stream in hand is a table", test_a_stream_in_hand_is_a_table},
    {"any allocation may fail", test_any_allocation_may_fail},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("sql", cases);
}
