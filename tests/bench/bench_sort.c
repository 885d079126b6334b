/* Sorting, the first rows of an order, and the first rows of each group.
 *
 *     mpiexec -n 2 bench_sort [rows [part of a case's name]]
 *
 * Limits (one core): radix sort of 64-bit keys alone 106 to 127 Mkey/s, with a 32-bit number 51 to
 * 125 Mkey/s. Goal: 1e7 keys with payload in 0.07 s on two ranks. Times are of the slowest rank;
 * "cpu" is the processor time of rank 0, waiting included. Peers on such data, processor time of
 * two threads: Polars 0.67 s, DuckDB 0.85 s (int64), 1.15 s (Polars, float64), 2.1 s (DuckDB,
 * strings), 0.026 s (DuckDB, top 100), 0.58 s (DuckDB, q8). */
#include "features/sort/sort.h"

#include "core/column/content.h"
#include "core/key/radix.h"
#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static qn_comm *comm;
static const char *wanted = "";

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void must(qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s\n", qn_last_error().message);
    qn_comm_abort(comm, 1);
}

static uint64_t hash(uint64_t x) {
    x *= UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 29;
}

enum { NARROW, WIDE, TEXT, GROUP, REAL, PAYLOAD, COLUMNS };

static void add_column(qn_batch *batch, qn_type type, int column, int64_t first) {
    qn_column *made = NULL;
    if (type == QN_STRING) {
        qn_string_builder builder;
        qn_string_builder_init(&builder);
        for (int64_t i = 0; i < batch->length; i++) {
            char text[32];
            int n = snprintf(text, sizeof text, "id%010llu",
                             (unsigned long long)(hash((uint64_t)(first + i)) % 10000000));
            must(qn_string_builder_add(&builder, (qn_view){text, n}));
        }
        must(qn_string_builder_finish(&builder, &made));
    } else {
        must(qn_column_new_raw(&made, type, batch->length, 0));
        for (int64_t i = 0; i < batch->length; i++) {
            uint64_t h = hash((uint64_t)(first + i) * COLUMNS + (uint64_t)column);
            if (column == NARROW)
                made->i64[i] = (int64_t)(h % 100000000);
            else if (column == GROUP)
                made->i64[i] = (int64_t)(h % 100000) + 1;
            else if (column == REAL)
                made->f64[i] = (double)(h % 100000000) * 1e-6;
            else if (column == PAYLOAD)
                made->i64[i] = first + i;
            else
                made->i64[i] = (int64_t)h;
        }
    }
    must(qn_batch_append(batch, made));
}

static void make_table(qn_table *table, int64_t rows, const int *columns, int count) {
    static const qn_type types[COLUMNS] = {QN_INT64, QN_INT64,   QN_STRING,
                                           QN_INT64, QN_FLOAT64, QN_INT64};
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    int64_t first = rows * rank / size / QN_BATCH_ROWS * QN_BATCH_ROWS;
    int64_t last =
        rank == size - 1 ? rows : rows * (rank + 1) / size / QN_BATCH_ROWS * QN_BATCH_ROWS;
    qn_table_init(table);
    for (int c = 0; c < count; c++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", c);
        must(qn_schema_add(&table->schema, name, types[columns[c]]));
    }
    for (int64_t at = first; at < last; at += QN_BATCH_ROWS) {
        qn_batch batch;
        qn_batch_init(&batch);
        batch.first_row = at;
        batch.length = last - at < QN_BATCH_ROWS ? last - at : QN_BATCH_ROWS;
        for (int c = 0; c < count; c++)
            add_column(&batch, types[columns[c]], columns[c], at);
        must(qn_table_add(table, &batch));
    }
}

/* What a case does with a table's stream: column 0 is the key (or the group, then column 1). */
typedef enum action { SORT, TOP, GROUP_TOP } action;

static qn_stream *open_case(action what, const qn_table *table, const qn_execution *execution) {
    qn_stream *in = NULL, *out = NULL;
    qn_sort_key key = {what == GROUP_TOP, what != SORT, what != SORT};
    int32_t group = 0;
    must(qn_table_stream(&in, table));
    if (what == GROUP_TOP)
        must(qn_group_top_open(&out, in, execution, &group, 1, &key, 1, 2, NULL));
    else
        must(qn_sort_open(&out, in, execution, &key, 1, what == TOP ? 100 : -1, 0));
    return out;
}

static void run(const char *name, action what, int64_t rows, const int *columns, int count,
                int64_t memory) {
    qn_table table;
    double best = 1e9, cpu = 1e9;
    if (strstr(name, wanted) == NULL)
        return;
    make_table(&table, rows, columns, count);
    for (int repeat = 0; repeat < 3; repeat++) {
        qn_execution execution = {.comm = comm, .memory = memory};
        qn_stream *stream = open_case(what, &table, &execution);
        must(qn_comm_barrier(comm));
        double start = seconds(CLOCK_MONOTONIC), cpu_start = seconds(CLOCK_PROCESS_CPUTIME_ID);
        for (;;) {
            qn_batch batch;
            qn_batch_init(&batch);
            must(qn_stream_next(stream, &batch));
            if (batch.count == 0)
                break;
            qn_batch_clear(&batch);
        }
        double used = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
        double elapsed = seconds(CLOCK_MONOTONIC) - start;
        must(qn_comm_max_f64(comm, &elapsed, 1));
        best = elapsed < best ? elapsed : best;
        cpu = used < cpu ? used : cpu;
        qn_stream_free(stream);
    }
    if (qn_comm_rank(comm) == 0)
        printf("%-44s %7.3f s  %6.1f Mrow/s  cpu %7.3f s\n", name, best, (double)rows / best * 1e-6,
               cpu);
    qn_table_clear(&table);
}

/* The bare sort, for comparison: keys in one array. */
static void run_radix(int64_t rows, int bits) {
    uint64_t *words = NULL, *spare = NULL;
    uint32_t *numbers = NULL, *spare_numbers = NULL;
    double best = 1e9;
    if (*wanted != '\0' && strcmp(wanted, "radix") != 0)
        return;
    must(qn_mem_alloc(&words, (size_t)rows, 8));
    must(qn_mem_alloc(&spare, (size_t)rows, 8));
    must(qn_mem_alloc(&numbers, (size_t)rows, 4));
    must(qn_mem_alloc(&spare_numbers, (size_t)rows, 4));
    for (int repeat = 0; repeat < 3; repeat++) {
        for (int64_t i = 0; i < rows; i++) {
            words[i] = hash((uint64_t)i) >> (64 - bits);
            numbers[i] = (uint32_t)i;
            spare[i] = spare_numbers[i] = 0;
        }
        double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (bits <= 32) {
            for (int64_t i = 0; i < rows; i++)
                words[i] = words[i] << 32 | numbers[i];
            qn_radix_sort(words, spare, rows, 32, 32 + bits);
        } else {
            qn_radix_sort_pairs(words, numbers, spare, spare_numbers, rows, 0, bits);
        }
        double elapsed = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
        best = elapsed < best ? elapsed : best;
    }
    if (qn_comm_rank(comm) == 0)
        printf("radix sort of %d bits with a number, %lld rows a core: %.1f Mkey/s\n", bits,
               (long long)rows, (double)rows / best * 1e-6);
    qn_mem_free(words);
    qn_mem_free(spare);
    qn_mem_free(numbers);
    qn_mem_free(spare_numbers);
}

int main(int argc, char **argv) {
    if (qn_comm_world(&comm) != QN_OK)
        return EXIT_FAILURE;
    qn_mem_keep_freed();
    int64_t rows = argc > 1 ? atoll(argv[1]) : 10000000;
    wanted = argc > 2 ? argv[2] : "";
    int64_t room = INT64_C(16) << 30, tight = rows * 16 / qn_comm_size(comm);
    static const int narrow[] = {NARROW, PAYLOAD}, wide[] = {WIDE, PAYLOAD},
                     text[] = {TEXT, PAYLOAD}, group[] = {GROUP, REAL}, real[] = {REAL, PAYLOAD};
    run_radix(rows / qn_comm_size(comm), 27);
    run_radix(rows / qn_comm_size(comm), 64);
    run("sort int64 below 1e8, one payload", SORT, rows, narrow, 2, room);
    run("sort int64 of 64 bits, one payload", SORT, rows, wide, 2, room);
    run("sort float64, one payload", SORT, rows, real, 2, room);
    run("sort strings of 12 bytes, one payload", SORT, rows, text, 2, room);
    run("sort int64, memory for a half", SORT, rows, narrow, 2, tight);
    run("top 100 of float64", TOP, rows, real, 2, room);
    run("top 100 of strings", TOP, rows, text, 2, room);
    run("largest 2 of each of 1e5 groups (q8)", GROUP_TOP, rows, group, 2, room);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}
