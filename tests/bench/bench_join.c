/* The h2oai join questions at 10 million rows (https://h2oai.github.io/db-benchmark): x with ints
 * id1 (10 values), id2 (10,000), id3 (10 million), the same as strings id4 to id6 with
 * dictionaries, v1; joined to small (10 rows), medium (10,000) and big (10 million), of which nine
 * tenths are met. Peers: query_peers.py join.
 *
 * Limits (two-core Zen 5): a radix hash join of 1e7 x 9e6 rows with three columns out 0.365 s on
 * one core; a join with a small side 6 ns a row and core.
 *
 * usage: mpiexec -n 2 bench_join [ROWS] [REPEATS] [QUESTION] */
#include "core/memory.h"
#include "features/join/join.h"
#include "features/wide/wide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ID1, ID2, ID3, ID4, ID5, ID6, V };

static qn_comm *comm;
static const char *wanted = "";

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s: %s\n", qn_last_error().location, qn_last_error().message);
    qn_comm_abort(comm, EXIT_FAILURE);
}

static uint64_t scramble(uint64_t x) {
    x = (x + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 29) * 0x94d049bb133111ebu;
    return x ^ x >> 32;
}

static void make_dictionary(qn_column **out, int64_t count) {
    qn_string_builder builder;
    char text[32];
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "id%lld", (long long)i + 1);
        check(qn_string_builder_add(&builder, qn_view_of(text)));
    }
    check(qn_string_builder_finish(&builder, out));
    qn_string_builder_clear(&builder);
}

/* Strings: with a dictionary up to a million different ones, plain beyond. */
static void make_strings(qn_column **out, const int32_t *ids, int64_t rows,
                         const qn_column *dictionary) {
    qn_string_builder builder;
    char text[32];
    if (dictionary != NULL) {
        check(qn_column_new(out, QN_INT32, rows, 0));
        (*out)->type = QN_STRING;
        (*out)->dictionary = qn_column_retain(dictionary);
        for (int64_t i = 0; i < rows; i++)
            (*out)->codes[i] = ids[i] - 1;
        return;
    }
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < rows; i++) {
        int length = snprintf(text, sizeof text, "id%d", ids[i]);
        check(qn_string_builder_add(&builder, (qn_view){text, length}));
    }
    check(qn_string_builder_finish(&builder, out));
    qn_string_builder_clear(&builder);
}

/* A table with the id columns [first, last] of each kind; keys of column `key` are a permutation
 * of 1 .. rows + 1/9 where `unique`. */
typedef struct table_spec {
    const char *prefix;
    int64_t rows;
    int64_t levels[3];
    int ids;      /* how many of id1 .. id3 it has */
    int unique;   /* this one is unique; -1: none */
    bool strings; /* of these ids too */
} table_spec;

static int32_t id_of(const table_spec *spec, int64_t row, int k) {
    if (spec->unique != k)
        return 1 + (int32_t)(scramble((uint64_t)row * 8 + (uint64_t)k) % (uint64_t)spec->levels[k]);
    /* distinct, out of order, one in ten beyond what x has */
    int64_t place = row * 7919 % spec->rows;
    return (int32_t)(place % 10 == 9 ? spec->levels[k] + 1 + place : place + 1);
}

static void make_table(qn_table *out, const table_spec *spec, qn_column *const *dictionaries) {
    static const char *const names[] = {"id1", "id2", "id3", "id4", "id5", "id6"};
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    int64_t batches = (spec->rows + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS;
    char name[32];
    qn_table_init(out);
    for (int k = 0; k < spec->ids * 2; k++) {
        int id = k < spec->ids ? k : k - spec->ids + 3;
        snprintf(name, sizeof name, "%s%s", spec->prefix, names[id]);
        check(qn_schema_add(&out->schema, name, id < 3 ? QN_INT32 : QN_STRING));
    }
    snprintf(name, sizeof name, "%sv", spec->prefix);
    check(qn_schema_add(&out->schema, name, QN_FLOAT64));
    for (int64_t b = batches * rank / size; b < batches * (rank + 1) / size; b++) {
        qn_batch batch;
        qn_batch_init(&batch);
        int64_t left = spec->rows - b * QN_BATCH_ROWS;
        check(qn_batch_reserve(&batch, spec->ids * 2 + 1));
        batch.first_row = b * QN_BATCH_ROWS;
        batch.length = left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS;
        for (int k = 0; k < spec->ids; k++) {
            check(qn_column_new(&batch.columns[k], QN_INT32, batch.length, 0));
            for (int64_t i = 0; i < batch.length; i++)
                batch.columns[k]->i32[i] = id_of(spec, batch.first_row + i, k);
            make_strings(&batch.columns[spec->ids + k], batch.columns[k]->i32, batch.length,
                         dictionaries[k]);
        }
        check(qn_column_new(&batch.columns[spec->ids * 2], QN_FLOAT64, batch.length, 0));
        for (int64_t i = 0; i < batch.length; i++)
            batch.columns[spec->ids * 2]->f64[i] =
                (double)(scramble((uint64_t)(batch.first_row + i)) % 100000) / 1000;
        check(qn_table_add(out, &batch));
    }
}

static qn_stream *open_join(const qn_table *left, const qn_table *right, qn_join_kind kind,
                            int32_t left_key, int32_t right_key) {
    qn_execution execution = qn_execution_of(comm);
    qn_stream *a = NULL, *b = NULL, *out = NULL;
    qn_schema schema;
    check(qn_schema_copy(&schema, &left->schema));
    for (int32_t i = 0; i < right->schema.count; i++)
        check(qn_schema_add_field(&schema, &right->schema.fields[i]));
    qn_join_spec spec = {.kind = kind,
                         .left_keys = &left_key,
                         .right_keys = &right_key,
                         .key_count = 1,
                         .schema = &schema};
    check(qn_table_stream(&a, left));
    check(qn_table_stream(&b, right));
    check(qn_join_open(&out, a, b, &execution, &spec));
    qn_schema_clear(&schema);
    return out;
}

static void run(const char *what, const qn_table *left, const qn_table *right, qn_join_kind kind,
                int32_t left_key, int32_t right_key, int repeats) {
    double best = 1e9, best_cpu = 1e9;
    int64_t rows = 0, sent = 0;
    double sum = 0;
    if (strstr(what, wanted) == NULL)
        return;
    for (int repeat = 0; repeat < repeats; repeat++) {
        qn_stream *stream = open_join(left, right, kind, left_key, right_key);
        check(qn_comm_barrier(comm));
        int64_t before = qn_comm_sent(comm);
        double start = now(CLOCK_MONOTONIC), cpu_start = now(CLOCK_PROCESS_CPUTIME_ID);
        rows = 0;
        for (bool more = true; more;) {
            qn_batch batch;
            qn_batch_init(&batch);
            check(qn_stream_next(stream, &batch));
            more = batch.count > 0;
            rows += batch.length;
            if (more && batch.length > 0)
                sum += batch.columns[batch.count - 1]->f64[0];
            qn_batch_clear(&batch);
        }
        double cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
        check(qn_comm_barrier(comm));
        check(qn_comm_max_f64(comm, &cpu, 1));
        double seconds = now(CLOCK_MONOTONIC) - start;
        best = seconds < best ? seconds : best;
        best_cpu = cpu < best_cpu ? cpu : best_cpu;
        sent = qn_comm_sent(comm) - before;
        qn_stream_free(stream);
    }
    check(qn_comm_sum_i64(comm, &rows, 1));
    check(qn_comm_sum_i64(comm, &sent, 1));
    if (qn_comm_rank(comm) == 0)
        printf("%-28s %7.3f s (cpu %.3f)  %9lld rows out  %6.1f MB sent%s\n", what, best, best_cpu,
               (long long)rows, (double)sent / 1e6, sum == 1 ? "." : "");
}

int main(int argc, char **argv) {
    int64_t rows = argc > 1 ? atoll(argv[1]) : 10000000;
    int repeats = argc > 2 ? atoi(argv[2]) : 3;
    wanted = argc > 3 ? argv[3] : "";
    qn_column *dictionaries[3] = {NULL, NULL, NULL};
    qn_table x, small, medium, big;
    check(qn_comm_world(&comm));
    qn_mem_keep_freed();
    make_dictionary(&dictionaries[0], 20);
    make_dictionary(&dictionaries[1], 20000);
    make_table(&x, &(table_spec){"", rows, {10, 10000, rows}, 3, -1, true}, dictionaries);
    make_table(&small, &(table_spec){"s", 10, {10, 10000, rows}, 1, 0, true}, dictionaries);
    make_table(&medium, &(table_spec){"m", 10000, {10, 10000, rows}, 2, 1, true}, dictionaries);
    make_table(&big, &(table_spec){"b", rows, {10, 10000, rows}, 3, 2, true}, dictionaries);
    run("inner small on int", &x, &small, QN_JOIN_INNER, ID1, 0, repeats);
    run("inner medium on int", &x, &medium, QN_JOIN_INNER, ID2, 1, repeats);
    run("left medium on int", &x, &medium, QN_JOIN_LEFT, ID2, 1, repeats);
    run("inner medium on string", &x, &medium, QN_JOIN_INNER, ID5, 3, repeats);
    run("inner big on int", &x, &big, QN_JOIN_INNER, ID3, 2, repeats);
    qn_table_clear(&x);
    qn_table_clear(&small);
    qn_table_clear(&medium);
    qn_table_clear(&big);
    for (int i = 0; i < 3; i++)
        qn_column_release(dictionaries[i]);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}
