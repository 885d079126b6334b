/* What planning costs: text to plan, plan to operators, and meters on operators.
 *
 * There is no limit to state but that a query must not feel it: 1 ms is a thousandth of what a scan
 * of 1.5 GB takes. */
#include "core/memory.h"
#include "features/plan/explain.h"
#include "features/sql/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void check(qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "bench_plan: %s\n", qn_last_error().message);
    exit(1);
}

static const char *const queries[][2] = {
    {"one table", "SELECT a, b + 1 AS c FROM (VALUES (1, 2)) AS t (a, b) WHERE a > 0"},
    {"joins, groups, windows",
     "WITH w AS (SELECT a, b, a + b AS s FROM (VALUES (1, 2)) AS t (a, b)) "
     "SELECT * FROM (SELECT w.a, v.b, sum(v.s) AS s, row_number() OVER (PARTITION BY w.a ORDER BY "
     "v.b) AS rn FROM w JOIN w AS v ON w.a = v.a LEFT JOIN (VALUES (1, 5)) AS u (a, c) ON u.a = "
     "w.a AND u.c > w.b WHERE w.b IN (SELECT b FROM w) GROUP BY w.a, v.b) x WHERE rn <= 3 "
     "ORDER BY s DESC LIMIT 10"}};

/* Microseconds a call of text to operators. */
static double measure(const char *query, const qn_execution *execution) {
    enum { CALLS = 300 };
    double start = now();
    for (int i = 0; i < CALLS; i++) {
        qn_plan *plan = NULL;
        qn_stream *stream = NULL;
        check(qn_sql_query(&plan, qn_view_of(query)));
        check(qn_plan_open(&stream, plan, execution, NULL, 0));
        qn_stream_free(stream);
        qn_plan_free(plan);
    }
    return (now() - start) / CALLS * 1e6;
}

/* Seconds of reading batches of one column through a limit that keeps all. */
static double read_all(const qn_schema *schema, const qn_batch *batches, int64_t count,
                       const qn_execution *execution, bool metered) {
    qn_plan *plan = NULL;
    qn_stream *table = NULL, *stream = NULL;
    qn_physical *tree = NULL;
    check(qn_stream_of_batches(&table, schema, batches, count));
    qn_plan_table tables = qn_plan_table_of("t", &table);
    check(qn_sql_query(&plan, qn_view_of("SELECT x AS y FROM t")));
    check(qn_plan_analyze(&stream, &tree, plan, execution, &tables, 1, metered));
    double start = now();
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        check(qn_stream_next(stream, &batch));
        bool ended = batch.count == 0;
        qn_batch_clear(&batch);
        if (ended)
            break;
    }
    double seconds = now() - start;
    qn_stream_free(stream);
    qn_physical_free(tree);
    qn_plan_free(plan);
    return seconds;
}

static void measure_meters(const qn_execution *execution) {
    enum { BATCHES = 100000 };
    qn_batch *batches = NULL, batch;
    qn_schema schema;
    double best[2] = {1e9, 1e9};
    qn_schema_init(&schema);
    qn_batch_init(&batch);
    check(qn_schema_add(&schema, "x", QN_INT64));
    check(qn_batch_reserve(&batch, 1));
    check(qn_column_new(&batch.columns[0], QN_INT64, 16, 0));
    batch.length = 16;
    check(qn_mem_alloc(&batches, BATCHES, sizeof *batches));
    for (int i = 0; i < BATCHES; i++)
        batches[i] = batch;
    for (int round = 0; round < 5; round++)
        for (int metered = 0; metered < 2; metered++) {
            double seconds = read_all(&schema, batches, BATCHES, execution, metered);
            if (seconds < best[metered])
                best[metered] = seconds;
        }
    printf("meters: %.0f ns a batch and operator (two operators, %.0f ns a batch without)\n",
           (best[1] - best[0]) / BATCHES / 2 * 1e9, best[0] / BATCHES * 1e9);
    qn_mem_free(batches);
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
}

int main(void) {
    qn_comm *comm = NULL;
    check(qn_comm_self(&comm));
    qn_execution execution = qn_execution_of(comm);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        printf("%s: %.0f us from text to operators\n", queries[i][0],
               measure(queries[i][1], &execution));
    measure_meters(&execution);
    qn_comm_free(comm);
    return 0;
}
