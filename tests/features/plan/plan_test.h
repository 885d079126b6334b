/* Small tables and helpers for tests of plans. */
#ifndef QUERN_TESTS_FEATURES_PLAN_TEST_H
#define QUERN_TESTS_FEATURES_PLAN_TEST_H

#include "core/memory.h"
#include "features/plan/explain.h"
#include "features/scan/scan.h"
#include "features/sql/sql.h"
#include "tests/features/sql_table.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const plan_test_texts[][2] = {
    {"a", "id,x,g\n1,10,a\n2,20,b\n3,30,a\n4,,b\n5,50,\n6,10,a\n"},
    {"b", "id,y\n1,100\n1,101\n3,300\n5,500\n,700\n"},
    {"c", "k,name\n1,one\n3,three\n"},
};

enum { PLAN_TEST_TABLES = sizeof plan_test_texts / sizeof *plan_test_texts };

static char plan_test_paths[PLAN_TEST_TABLES][512];

/* Writes the tables' files. */
static void plan_test_write(void) {
    for (int i = 0; i < PLAN_TEST_TABLES; i++) {
        char name[16];
        snprintf(name, sizeof name, "%s.csv", plan_test_texts[i][0]);
        snprintf(plan_test_paths[i], sizeof plan_test_paths[i], "%s", qn_test_path(name));
        if (qn_comm_rank(qn_test_comm()) > 0)
            continue;
        FILE *file = fopen(plan_test_paths[i], "w");
        CU_ASSERT(file != NULL && fputs(plan_test_texts[i][1], file) >= 0);
        CU_ASSERT(file != NULL && fclose(file) == 0);
    }
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

static qn_status plan_test_open(void *context, qn_comm *comm, qn_stream **out) {
    const char *path = context;
    return qn_scan_open(out, comm, &path, 1, NULL);
}

static void plan_test_tables(qn_plan_table tables[PLAN_TEST_TABLES]) {
    for (int i = 0; i < PLAN_TEST_TABLES; i++)
        tables[i] = (qn_plan_table){plan_test_texts[i][0], plan_test_open, plan_test_paths[i]};
}

static inline int plan_test_compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text in their order as text. */
static inline void plan_test_sort(char *text) {
    char *lines[1000], *copy = NULL;
    size_t count = 0, at = 0;
    QN_TEST_OK(qn_mem_copy_text(&copy, text));
    for (char *line = strtok(copy, "\n"); line != NULL && count < 1000; line = strtok(NULL, "\n"))
        lines[count++] = line;
    qsort(lines, count, sizeof *lines, plan_test_compare);
    for (size_t i = 0; i < count; i++)
        at += (size_t)sprintf(text + at, "%s\n", lines[i]);
    qn_mem_free(copy);
}

/* Rows of a query as text, the improved plan's tree in `tree` (may be NULL). */
static inline qn_status plan_test_run(const char *query, bool as_written, qn_text *tree,
                                      char **rows) {
    qn_execution execution = qn_execution_of(qn_test_comm());
    qn_plan_table tables[PLAN_TEST_TABLES];
    qn_plan *plan = NULL;
    qn_stream *stream = NULL;
    qn_status status = QN_OK;
    plan_test_tables(tables);
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(query)), done);
    if (as_written)
        qn_plan_leave_as_written(plan);
    QN_TRY_GOTO(qn_plan_prepare(plan, &execution, tables, PLAN_TEST_TABLES), done);
    if (tree != NULL)
        QN_TRY_GOTO(qn_plan_print(plan, tree), done);
    QN_TRY_GOTO(qn_plan_open(&stream, plan, &execution, tables, PLAN_TEST_TABLES), done);
    status = sql_gather_text(rows, stream, qn_test_comm());
done:
    qn_plan_free(plan);
    return status;
}

#endif
