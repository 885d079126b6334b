/* Ranks: 1 2 3
 *
 * Whole queries give what DuckDB gives: tests/golden/query.txt, made by query.py. */
#include "features/sql/sql.h"

#include "core/memory.h"
#include "tests/features/sql_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    (void)context;
    return sql_table_open(out, comm);
}

static const qn_plan_table tables[] = {{"t", open_table, NULL}, {"u", open_table, NULL}};

static qn_status run(char **out, const char *query, int64_t memory, qn_comm *comm) {
    qn_execution execution = qn_execution_of(comm);
    qn_plan *plan = NULL;
    qn_stream *stream = NULL;
    qn_status status = QN_OK;
    if (memory > 0)
        execution.memory = memory;
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(query)), done);
    QN_TRY_GOTO(qn_plan_open(&stream, plan, &execution, tables, 2), done);
    status = sql_gather_text(out, stream, comm);
done:
    qn_plan_free(plan);
    return status;
}

/* Equal, or numbers that agree to 12 digits. */
static bool same_field(const char *a, size_t a_length, const char *b, size_t b_length) {
    char *end_a = NULL, *end_b = NULL;
    if (a_length == b_length && memcmp(a, b, a_length) == 0)
        return true;
    double x = strtod(a, &end_a), y = strtod(b, &end_b);
    return a_length > 0 && b_length > 0 && end_a == a + a_length && end_b == b + b_length &&
           fabs(x - y) <= 1e-12 * fmax(fabs(x), fabs(y));
}

static bool same_rows(const char *a, const char *b) {
    while (*a != '\0' && *b != '\0') {
        size_t of_a = strcspn(a, "|\n"), of_b = strcspn(b, "|\n");
        if (!same_field(a, of_a, b, of_b) || a[of_a] != b[of_b])
            return false;
        a += of_a + 1;
        b += of_b + 1;
    }
    return *a == *b;
}

static void check_query(const char *query, const char *expected, int64_t memory) {
    char *rows = NULL;
    qn_status status = run(&rows, query, memory, qn_test_comm());
    bool same = status == QN_OK && same_rows(rows, expected);
    if (!same)
        printf("\n  %s\n  gave\n%s%s\n  expected\n%s\n", query, rows != NULL ? rows : "",
               status != QN_OK ? qn_last_error().message : "", expected);
    CU_ASSERT(same);
    qn_mem_free(rows);
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

static void check_all(int64_t memory) {
    char *text = read_text(QUERN_SOURCE_DIR "/tests/golden/query.txt");
    int checked = 0;
    for (char *at = text; *at != '\0'; checked++) {
        char *query = at, *rows = strchr(at, '\n') + 1;
        rows[-1] = '\0';
        char *end = *rows == '\n' ? rows : strstr(rows, "\n\n") + 1;
        *end = '\0';
        check_query(query, rows, memory);
        at = end + 1;
    }
    CU_ASSERT(checked > 60);
    qn_mem_free(text);
}

static void test_queries(void) {
    check_all(0);
}

static void test_queries_that_spill(void) {
    check_all(4096);
}

static const qn_test_case cases[] = {
    {"queries give what DuckDB gives, on any ranks", test_queries},
    {"queries give the same when they spill", test_queries_that_spill},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("sql query", cases);
}
