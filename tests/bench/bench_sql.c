/* SQL over a table in memory: parsing, filter, projection, split. Limits (docs: two-core Zen 5):
 * libpg_query 15 us an expression; a filter that keeps half the rows moves 12 bytes a row and
 * column at memory speed, 1 to 2 ns; arithmetic on doubles in cache 0.3 ns a value. */
#include "core/memory.h"
#include "core/random.h"
#include "features/operator/operator.h"
#include "features/sql/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCHES = 256, COLUMNS = 4 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s: %s\n", qn_last_error().location, qn_last_error().message);
    exit(EXIT_FAILURE);
}

static void fill(qn_table *table) {
    static const char *const names[COLUMNS] = {"a", "b", "c", "d"};
    for (int i = 0; i < COLUMNS; i++)
        check(qn_schema_add(&table->schema, names[i], QN_FLOAT64));
    for (int64_t b = 0; b < BATCHES; b++) {
        qn_batch batch;
        qn_batch_init(&batch);
        check(qn_batch_reserve(&batch, COLUMNS));
        batch.length = QN_BATCH_ROWS;
        batch.first_row = b * QN_BATCH_ROWS;
        for (int i = 0; i < COLUMNS; i++) {
            check(qn_column_new(&batch.columns[i], QN_FLOAT64, QN_BATCH_ROWS, 0));
            for (int64_t row = 0; row < QN_BATCH_ROWS; row++)
                batch.columns[i]->f64[row] = (double)((row * 7919 + i * 31 + b) % 1000) / 1000;
        }
        check(qn_table_add(table, &batch));
    }
}

static void drain(const char *what, qn_stream *stream) {
    double start = now();
    int64_t rows = 0;
    for (bool more = true; more;) {
        qn_batch batch;
        qn_batch_init(&batch);
        check(qn_stream_next(stream, &batch));
        more = batch.count > 0;
        rows += batch.length;
        qn_batch_clear(&batch);
    }
    double seconds = now() - start;
    printf("%-44s %6.2f ns/row of input, %8.1f M rows/s, %lld rows out\n", what,
           seconds / BATCHES / QN_BATCH_ROWS * 1e9, BATCHES * QN_BATCH_ROWS / seconds * 1e-6,
           (long long)rows);
    qn_stream_free(stream);
}

static void query(const qn_table *table, qn_comm *comm, const char *text) {
    qn_stream *stream = NULL, *out = NULL;
    qn_plan *plan = NULL;
    check(qn_table_stream(&stream, table));
    qn_plan_table source = qn_plan_table_of("t", &stream);
    check(qn_sql_query(&plan, qn_view_of(text)));
    check(qn_plan_open(&out, plan, &(qn_execution){.comm = comm}, &source, 1));
    qn_plan_free(plan);
    drain(text, out);
}

static void drawing(void) {
    enum { DRAWS = 16384, ROUNDS = 200 };
    static int64_t rows[DRAWS];
    static double draws[DRAWS];
    qn_random random = qn_random_new(1, "split");
    double sum = 0, start = now();
    for (int r = 0; r < ROUNDS; r++)
        for (int i = 0; i < DRAWS; i++)
            sum += qn_random_uniform(random, (uint64_t)(r * DRAWS + i), 0);
    double middle = now();
    for (int r = 0; r < ROUNDS; r++) {
        for (int i = 0; i < DRAWS; i++)
            rows[i] = r * DRAWS + i;
        qn_random_uniform_rows(draws, random, rows, DRAWS, 0);
        sum -= draws[r];
    }
    printf("draws one by one %.2f ns, many at once %.2f ns (%.3g)\n",
           (middle - start) / DRAWS / ROUNDS * 1e9, (now() - middle) / DRAWS / ROUNDS * 1e9, sum);
}

static void parsing(const char *text, int rounds) {
    double start = now();
    for (int i = 0; i < rounds; i++) {
        qn_expr *expr = NULL;
        check(qn_sql_expression(&expr, qn_view_of(text)));
        qn_expr_free(expr);
    }
    printf("parse %-38.38s %6.1f us\n", text, (now() - start) / rounds * 1e6);
}

int main(void) {
    const double weights[] = {0.8, 0.2};
    qn_table table;
    qn_comm *comm = NULL;
    qn_stream *stream = NULL;
    qn_mem_keep_freed();
    check(qn_comm_self(&comm));
    qn_table_init(&table);
    fill(&table);
    drawing();
    parsing("a + b * 2", 2000);
    parsing("CASE WHEN a > 0.5 THEN ln(b) ELSE coalesce(c, d, 0) END", 2000);
    query(&table, comm, "SELECT * FROM t");
    query(&table, comm, "SELECT a + b AS s FROM t");
    query(&table, comm, "SELECT a, ln(b + 1) AS l, c * d AS p FROM t");
    query(&table, comm, "SELECT * FROM t WHERE a > 0.5");
    query(&table, comm, "SELECT a * b AS p FROM t WHERE c > 0.9 AND d < 0.5");
    check(qn_table_stream(&stream, &table));
    check(qn_split_open(&stream, stream, weights, 2, 0, 1));
    drain("split 0.8", stream);
    qn_table_clear(&table);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}
