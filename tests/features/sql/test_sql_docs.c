/* Ranks: 1 3
 *
 * Every SQL example of docs/sql.md runs over datasets/sales/. */
#include "features/sql/sql.h"

#include "core/memory.h"
#include "features/scan/scan.h"
#include "tests/features/sql_table.h"

#include <stdio.h>

static qn_status open_csv(void *context, qn_comm *comm, qn_stream **out) {
    const char *path = context;
    return qn_scan_open(out, comm, &path, 1, NULL);
}

static char sales[] = QUERN_SOURCE_DIR "/datasets/sales/sales.csv";
static char customers[] = QUERN_SOURCE_DIR "/datasets/sales/customers.csv";
static const qn_plan_table tables[] = {{"sales", open_csv, sales},
                                       {"customers", open_csv, customers}};

static qn_status run(const char *query) {
    qn_execution execution = qn_execution_of(qn_test_comm());
    qn_plan *plan = NULL;
    qn_stream *stream = NULL;
    char *rows = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(query)), done);
    QN_TRY_GOTO(qn_plan_open(&stream, plan, &execution, tables, 2), done);
    status = sql_gather_text(&rows, stream, qn_test_comm());
done:
    qn_mem_free(rows);
    qn_plan_free(plan);
    return status;
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

static void test_examples_run(void) {
    char *text = read_text(QUERN_SOURCE_DIR "/docs/sql.md");
    int count = 0;
    for (char *at = strstr(text, "\n```sql\n"); at != NULL; at = strstr(at, "\n```sql\n")) {
        char *query = at + 8, *end = strstr(query, "\n```\n");
        *end = '\0';
        qn_status status = run(query);
        if (status != QN_OK)
            printf("\n%s\n%s: %s\n", query, qn_last_error().location, qn_last_error().message);
        CU_ASSERT(status == QN_OK);
        at = end + 1;
        count++;
    }
    CU_ASSERT(count > 10);
    qn_mem_free(text);
}

static const qn_test_case cases[] = {{"examples run", test_examples_run}, {NULL, NULL}};

int main(void) {
    return qn_test_main("sql docs", cases);
}
