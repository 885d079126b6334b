/* The group-by questions of h2oai's db-benchmark (q8, the two largest of each group, is a window)
 * on a table in memory: 1e7 rows over all ranks (argument 1), K = 100. Aim on two cores, seconds:
 * q1 0.02, q2 0.03, q3 0.05, q4 0.03, q5 0.05, q6 0.10, q7 0.05, q9 0.03, q10 0.25; R's data.table
 * takes 6.3 s for all ten there. Run under mpiexec -n 2. */
#include "core/memory.h"
#include "features/aggregate/aggregate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ID1, ID2, ID3, ID4, ID5, ID6, V1, V2, V3, COLUMNS, K = 100, RUNS = 3 };

static double seconds_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What one run takes: by the clock, and of this rank's processor (waiting included). */
typedef struct timing {
    double clock, processor;
} timing;

static void must(qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s\n", qn_last_error().message);
    exit(EXIT_FAILURE);
}

static uint64_t draw(int64_t row, int column) {
    uint64_t z = ((uint64_t)row * COLUMNS + (uint64_t)column) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static qn_column *dictionary_of(int64_t count, int width) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < count; i++) {
        char text[24];
        snprintf(text, sizeof text, "id%0*lld", width, (long long)i + 1);
        must(qn_string_builder_add(&builder, qn_view_of(text)));
    }
    must(qn_string_builder_finish(&builder, &column));
    return column;
}

static uint64_t range_of(int column, int64_t rows) {
    switch (column) {
    case ID3:
    case ID6:
        return (uint64_t)(rows / K);
    case V1:
        return 5;
    case V2:
        return 15;
    default:
        return K;
    }
}

static qn_column *make_column(int c, int64_t first, int64_t count, int64_t rows,
                              qn_column *dictionary) {
    qn_column *column = NULL;
    must(qn_column_new_raw(&column, c == V3 ? QN_FLOAT64 : QN_INT32, count, 0));
    uint64_t range = range_of(c, rows);
    for (int64_t i = 0; i < count; i++) {
        uint64_t random = draw(first + i, c);
        if (c == V3)
            column->f64[i] = round((double)(random >> 11) * 0x1p-53 * 1e8) / 1e6;
        else
            column->i32[i] = (int32_t)(random % range) + (c > ID3 ? 1 : 0);
    }
    if (c <= ID3) {
        column->type = QN_STRING;
        column->dictionary = qn_column_retain(dictionary);
    }
    return column;
}

static void fill(qn_table *table, qn_comm *comm, int64_t rows) {
    static const char *const names[] = {"id1", "id2", "id3", "id4", "id5", "id6", "v1", "v2", "v3"};
    int64_t batches = (rows + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS;
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_column *few = dictionary_of(K, 3), *many = dictionary_of(rows / K, 10);
    qn_table_init(table);
    for (int c = 0; c < COLUMNS; c++)
        must(qn_schema_add(&table->schema, names[c],
                           c <= ID3  ? QN_STRING
                           : c == V3 ? QN_FLOAT64
                                     : QN_INT32));
    for (int64_t b = batches * rank / size; b < batches * (rank + 1) / size; b++) {
        int64_t first = b * QN_BATCH_ROWS, left = rows - first;
        qn_batch batch = {.length = left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS,
                          .first_row = first};
        for (int c = 0; c < COLUMNS; c++)
            must(qn_batch_append(&batch,
                                 make_column(c, first, batch.length, rows, c == ID3 ? many : few)));
        must(qn_table_add(table, &batch));
    }
    qn_column_release(few);
    qn_column_release(many);
}

typedef struct question {
    const char *name;
    double aim;
    int32_t keys[6], key_count;
    qn_aggregate_call calls[3];
    int32_t call_count;
} question;

#define CALL(function_, label, column)                                                             \
    {                                                                                              \
        .function = function_, .name = label, .arguments = {column}, .argument_count = 1,          \
        .filter = -1                                                                               \
    }

static const question questions[] = {
    {"q1  sum v1 by id1", .02, {ID1}, 1, {CALL("sum", "a", V1)}, 1},
    {"q2  sum v1 by id1:id2", .03, {ID1, ID2}, 2, {CALL("sum", "a", V1)}, 1},
    {"q3  sum v1 mean v3 by id3", .05, {ID3}, 1, {CALL("sum", "a", V1), CALL("avg", "b", V3)}, 2},
    {"q4  mean v1:v3 by id4",
     .03,
     {ID4},
     1,
     {CALL("avg", "a", V1), CALL("avg", "b", V2), CALL("avg", "c", V3)},
     3},
    {"q5  sum v1:v3 by id6",
     .05,
     {ID6},
     1,
     {CALL("sum", "a", V1), CALL("sum", "b", V2), CALL("sum", "c", V3)},
     3},
    {"q6  median sd v3 by id4:id5",
     .10,
     {ID4, ID5},
     2,
     {CALL("median", "a", V3), CALL("stddev", "b", V3)},
     2},
    {"q7  max v1, min v2 by id3", .05, {ID3}, 1, {CALL("max", "a", V1), CALL("min", "b", V2)}, 2},
    {"q9  corr v1 v2 by id2:id4",
     .03,
     {ID2, ID4},
     2,
     {{.function = "corr", .name = "a", .arguments = {V1, V2}, .argument_count = 2, .filter = -1}},
     1},
    {"q10 sum v3 count by id1:id6",
     .25,
     {ID1, ID2, ID3, ID4, ID5, ID6},
     6,
     {CALL("sum", "a", V3), {.function = "count", .name = "b", .filter = -1}},
     2},
};

static timing run(const qn_table *table, const question *of, const qn_execution *execution,
                  int64_t *groups, double *check) {
    qn_stream *stream = NULL;
    must(qn_table_stream(&stream, table));
    must(qn_comm_barrier(execution->comm));
    timing start = {seconds_of(CLOCK_MONOTONIC), seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
    must(qn_aggregate_open(&stream, stream, execution, of->keys, of->key_count, of->calls,
                           of->call_count));
    *groups = 0;
    *check = 0;
    for (bool more = true; more;) {
        qn_batch batch;
        qn_batch_init(&batch);
        must(qn_stream_next(stream, &batch));
        more = batch.count > 0;
        *groups += batch.length;
        for (int64_t i = 0; i < batch.length; i++)
            *check += qn_column_real(batch.columns[of->key_count], i);
        qn_batch_clear(&batch);
    }
    must(qn_comm_barrier(execution->comm));
    timing taken = {seconds_of(CLOCK_MONOTONIC) - start.clock,
                    seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start.processor};
    qn_stream_free(stream);
    must(qn_comm_sum_i64(execution->comm, groups, 1));
    return taken;
}

int main(int argc, char **argv) {
    qn_comm *comm = NULL;
    qn_table table;
    int64_t rows = argc > 1 ? (int64_t)strtod(argv[1], NULL) : 10000000;
    const char *only = argc > 2 ? argv[2] : "";
    must(qn_comm_world(&comm));
    qn_mem_keep_freed();
    fill(&table, comm, rows);
    qn_execution execution = {.comm = comm, .memory = INT64_C(8) << 30};
    double total = 0;
    for (size_t q = 0; q < sizeof questions / sizeof *questions; q++) {
        if (strncmp(questions[q].name, only, strlen(only)) != 0)
            continue;
        timing best = {HUGE_VAL, HUGE_VAL};
        double check = 0;
        int64_t groups = 0;
        for (int k = 0; k < RUNS; k++) {
            timing taken = run(&table, &questions[q], &execution, &groups, &check);
            best.clock = fmin(best.clock, taken.clock);
            best.processor = fmin(best.processor, taken.processor);
        }
        total += best.clock;
        if (qn_comm_rank(comm) == 0)
            printf("%-30s %8lld groups %8.3f s (processor %.3f)  aim %.2f   (%.10g)\n",
                   questions[q].name, (long long)groups, best.clock, best.processor,
                   questions[q].aim, check);
    }
    if (qn_comm_rank(comm) == 0)
        printf("%-46s %8.3f s\n", "all", total);
    qn_table_clear(&table);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}
