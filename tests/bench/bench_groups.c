/* Grouping alone and with a sum, millions of rows a second. Limits (two-core Zen 5, one core): hash
 * aggregate int64 + float64 357 / 282 at 1e2 / 1e4 groups, 66 to 93 at 1e6, 57 to 72 at 1e7; dense
 * key to array 1130 / 593 at 1e2 / 1e4. Plain strings of 12 bytes, 1e5 distinct: 168. */
#include "core/column/batch.h"
#include "core/key/key.h"
#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 8000000 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s\n", qn_last_error().message);
    exit(EXIT_FAILURE);
}

static uint64_t draw(uint64_t *state) {
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* `spread` 1: a dense range. */
static qn_column *keys(int64_t groups, uint64_t spread, uint64_t *state) {
    qn_column *column = NULL;
    must(qn_column_new_raw(&column, QN_INT64, QN_BATCH_ROWS, 0));
    for (int64_t i = 0; i < QN_BATCH_ROWS; i++)
        column->i64[i] = (int64_t)(draw(state) % (uint64_t)groups * spread);
    return column;
}

static void run(const char *what, qn_column **columns, int32_t count, int64_t batches) {
    qn_type types[8];
    for (int32_t k = 0; k < count; k++)
        types[k] = columns[k]->type;
    qn_key *key = NULL;
    qn_groups *groups = NULL;
    static uint32_t ids[QN_BATCH_ROWS];
    double start = now();
    must(qn_key_new(&key, types, count));
    must(qn_groups_new(&groups, key));
    for (int64_t b = 0; b < batches; b++) {
        const qn_key_rows *rows = NULL;
        must(qn_key_words(key, columns + b * count, QN_BATCH_ROWS, true, &rows));
        must(qn_groups_find(groups, rows, true, ids));
    }
    double seconds = now() - start, rows = (double)(batches * QN_BATCH_ROWS);
    printf("%-34s %9lld groups %7.1f Mrow/s %6.2f ns/row %6.1f MB\n", what,
           (long long)qn_groups_count(groups), rows / seconds * 1e-6, seconds / rows * 1e9,
           (double)(qn_groups_bytes(groups) + qn_key_bytes(key)) * 1e-6);
    qn_groups_free(groups);
    qn_key_free(key);
}

static void bench_numbers(int64_t groups, uint64_t spread, int32_t count) {
    int64_t batches = ROWS / QN_BATCH_ROWS;
    qn_column **columns = NULL;
    uint64_t state = 1;
    must(qn_mem_alloc(&columns, (size_t)(batches * count), sizeof *columns));
    for (int64_t i = 0; i < batches * count; i++)
        columns[i] = keys(groups, spread, &state);
    char name[64];
    snprintf(name, sizeof name, "%d int64, %s", count, spread == 1 ? "dense" : "spread");
    run(name, columns, count, batches);
    for (int64_t i = 0; i < batches * count; i++)
        qn_column_release(columns[i]);
    qn_mem_free(columns);
}

static void bench_strings(int64_t distinct, bool encoded) {
    int64_t batches = ROWS / QN_BATCH_ROWS;
    qn_column **columns = NULL, *dictionary = NULL;
    qn_string_builder builder;
    uint64_t state = 1;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < distinct; i++) {
        char text[24];
        snprintf(text, sizeof text, "id%010lld", (long long)i);
        must(qn_string_builder_add(&builder, qn_view_of(text)));
    }
    must(qn_string_builder_finish(&builder, &dictionary));
    must(qn_mem_alloc(&columns, (size_t)batches, sizeof *columns));
    for (int64_t b = 0; b < batches; b++) {
        qn_column *column = NULL;
        must(qn_column_new_raw(&column, QN_INT32, QN_BATCH_ROWS, 0));
        column->type = QN_STRING;
        column->dictionary = qn_column_retain(dictionary);
        for (int64_t i = 0; i < QN_BATCH_ROWS; i++)
            column->codes[i] = (int32_t)(draw(&state) % (uint64_t)distinct);
        columns[b] = column;
        if (!encoded) {
            must(qn_column_decode(&columns[b], column));
            qn_column_release(column);
        }
    }
    run(encoded ? "string, codes" : "string, plain", columns, 1, batches);
    for (int64_t b = 0; b < batches; b++)
        qn_column_release(columns[b]);
    qn_column_release(dictionary);
    qn_mem_free(columns);
}

int main(void) {
    for (int64_t groups = 100; groups <= 10000000; groups *= groups == 10000  ? 100
                                                             : groups < 10000 ? 100
                                                                              : 10) {
        bench_numbers(groups, 1, 1);
        bench_numbers(groups, 1000003, 1);
    }
    bench_numbers(100, 1, 2);
    bench_numbers(100, 1, 6);
    bench_numbers(1000, 1000003, 3);
    for (int64_t distinct = 100; distinct <= 100000; distinct *= 1000) {
        bench_strings(distinct, true);
        bench_strings(distinct, false);
    }
    return EXIT_SUCCESS;
}
