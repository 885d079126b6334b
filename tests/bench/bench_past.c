/* window_features and lag_features on a table in memory: ns a row (of CPU time), beside a bare sort
 * of the same rows by key and time, which they cannot do without. */
#include "core/memory.h"
#include "features/pipeline.h"
#include "features/sort/sort.h"
#include "features/stage/stages.h"
#include "features/wide/wide.h"
#include "tests/bench/bench.h"

enum { BATCHES = 64, KEYS = 10000 };
static const int64_t ROWS = (int64_t)BATCHES * QN_BATCH_ROWS;

/* A year of purchases of KEYS customers. */
static void make_rows(qn_table *table) {
    static const char *const names[] = {"k", "t", "v"};
    static const qn_type types[] = {QN_INT32, QN_TIMESTAMP, QN_FLOAT64};
    qn_table_init(table);
    for (int c = 0; c < 3; c++)
        need(qn_schema_add(&table->schema, names[c], types[c]));
    for (int64_t b = 0; b < BATCHES; b++) {
        qn_column *columns[3];
        qn_batch batch = {.length = QN_BATCH_ROWS, .first_row = b * QN_BATCH_ROWS};
        for (int c = 0; c < 3; c++)
            need(qn_column_new(&columns[c], types[c], QN_BATCH_ROWS, 0));
        for (int64_t i = 0; i < QN_BATCH_ROWS; i++) {
            int64_t row = batch.first_row + i;
            columns[0]->i32[i] = (int32_t)(random_of(row) % KEYS);
            columns[1]->i64[i] = (int64_t)(random_of(row + 7) % 31536000) * INT64_C(1000000000);
            columns[2]->f64[i] = 0.01 * random_of(row + 13);
        }
        for (int c = 0; c < 3; c++)
            need(qn_batch_append(&batch, columns[c]));
        need(qn_table_add(table, &batch));
    }
}

static void measure(const char *what, const qn_stage_class *class_, const char *const *settings,
                    const qn_table *table, const qn_execution *execution) {
    qn_stage *stage = NULL;
    qn_stream *in = NULL, *out = NULL;
    need(qn_stage_new(&stage, class_));
    for (; settings[0] != NULL; settings += 2)
        need(qn_stage_set(stage, settings[0], settings[1]));
    qn_stage_set_execution(stage, execution);
    need(qn_table_stream(&in, table));
    need(qn_stage_stream(&out, stage, in));
    printf("%-48s %7.1f ns a row\n", what, 1e9 * drain(out) / (double)ROWS);
    qn_stage_free(stage);
}

static void measure_sort(const qn_table *table, const qn_execution *execution) {
    const qn_sort_key keys[] = {{.column = 0}, {.column = 1}};
    qn_stream *in = NULL, *out = NULL;
    need(qn_table_stream(&in, table));
    need(qn_sort_open(&out, in, execution, keys, 2, -1, 0));
    printf("%-48s %7.1f ns a row\n", "bare sort by key and time", 1e9 * drain(out) / (double)ROWS);
}

#define BY_KEY "partition_cols", "k", "order_col", "t"

int main(void) {
    qn_comm *comm = NULL;
    qn_table table;
    qn_mem_keep_freed();
    need(qn_comm_self(&comm));
    qn_execution execution = qn_execution_of(comm);
    make_rows(&table);
    measure_sort(&table, &execution);
    measure("count over 7d", &qn_window_features_class,
            (const char *const[]){BY_KEY, "windows", "7d", "aggregates", "count", NULL}, &table,
            &execution);
    measure("sum over 7d", &qn_window_features_class,
            (const char *const[]){BY_KEY, "windows", "7d", "aggregates", "sum(v)", NULL}, &table,
            &execution);
    measure("sum over 20 rows", &qn_window_features_class,
            (const char *const[]){BY_KEY, "windows", "20 rows", "aggregates", "sum(v)", NULL},
            &table, &execution);
    measure("count, sum, avg, stddev over 7d, 30d, unbounded", &qn_window_features_class,
            (const char *const[]){BY_KEY, "windows", "7d,30d,unbounded", "aggregates",
                                  "count,sum(v),avg(v),stddev(v)", NULL},
            &table, &execution);
    measure("median over 30d", &qn_window_features_class,
            (const char *const[]){BY_KEY, "windows", "30d", "aggregates", "median(v)", NULL},
            &table, &execution);
    measure("lags 1, 2, 3 with differences", &qn_lag_features_class,
            (const char *const[]){BY_KEY, "input_cols", "v", "lags", "1,2,3", "differences", "true",
                                  NULL},
            &table, &execution);
    qn_table_clear(&table);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}
