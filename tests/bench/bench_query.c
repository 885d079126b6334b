/* SQL over tables in memory, timed: what Polars and DuckDB are compared with (query_peers.py).
 *
 * usage: bench_query QUERIES REPEATS NAME=PATH...
 *
 * QUERIES is a file of lines "label<TAB>query". Tables are read once, their strings encoded with
 * one dictionary a column where it has few values, as the peers' categories are. Each query's
 * result is brought into memory; for each a line of JSON is printed: the seconds of every
 * repetition (the slowest rank's), rows, and the sum of every numeric column. */
#include "core/key/interner.h"
#include "core/log.h"
#include "core/memory.h"
#include "features/scan/scan.h"
#include "features/sql/sql.h"
#include "features/wide/wide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_TABLES = 16, MAX_REPEATS = 64, CATEGORIES = 1 << 20 };

typedef struct named_table {
    char name[64];
    qn_table table;
} named_table;

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

/* ---- Tables ---------------------------------------------------------------------------------- */

static qn_status encode_batch(qn_interner *interner, const qn_column *column, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT32, column->length, 0));
    (*out)->type = QN_STRING;
    for (int64_t i = 0; i < column->length; i++)
        if (qn_column_is_null(column, i))
            QN_TRY(qn_column_set_null(*out, i));
    return qn_interner_encode(interner, column, true, (*out)->codes);
}

/* One dictionary for the whole column, if it has few enough values. */
static void encode_column(qn_table *table, int32_t c) {
    qn_interner *interner = NULL;
    qn_column **coded = NULL, *dictionary = NULL;
    int64_t count = table->batch_count;
    check(qn_interner_new(&interner));
    check(qn_mem_calloc(&coded, (size_t)count, sizeof *coded));
    bool few = true;
    for (int64_t b = 0; b < count && few; b++) {
        check(encode_batch(interner, table->batches[b].columns[c], &coded[b]));
        few = qn_interner_count(interner) <= CATEGORIES;
    }
    if (few)
        check(qn_interner_column(interner, &dictionary));
    for (int64_t b = 0; b < count; b++) {
        if (few) {
            coded[b]->dictionary = qn_column_retain(dictionary);
            qn_column_release(table->batches[b].columns[c]);
            table->batches[b].columns[c] = coded[b];
        } else if (table->batches[b].columns[c]->dictionary != NULL) {
            qn_column *plain = NULL;
            check(qn_column_decode(&plain, table->batches[b].columns[c]));
            qn_column_release(table->batches[b].columns[c]);
            table->batches[b].columns[c] = plain;
            qn_column_release(coded[b]);
        } else {
            qn_column_release(coded[b]);
        }
    }
    qn_column_release(dictionary);
    qn_interner_free(interner);
    qn_mem_free(coded);
}

static void load(named_table *out, const char *argument, qn_comm *comm) {
    const char *equals = strchr(argument, '=');
    if (equals == NULL || equals - argument >= (long)sizeof out->name) {
        fprintf(stderr, "a table is given as NAME=PATH\n");
        exit(EXIT_FAILURE);
    }
    const char *path = equals + 1;
    qn_stream *scan = NULL;
    memcpy(out->name, argument, (size_t)(equals - argument));
    out->name[equals - argument] = '\0';
    qn_table_init(&out->table);
    check(qn_scan_open(&scan, comm, &path, 1, NULL));
    qn_scan_keep(scan, 0);
    check(qn_table_collect(&out->table, scan));
    qn_stream_free(scan);
    for (int32_t c = 0; c < out->table.schema.count; c++)
        if (out->table.schema.fields[c].type == QN_STRING)
            encode_column(&out->table, c);
}

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    (void)comm;
    return qn_table_stream(out, &((named_table *)context)->table);
}

/* ---- Queries --------------------------------------------------------------------------------- */

static void print_sums(const qn_table *result, qn_comm *comm) {
    const char *separator = "";
    for (int32_t c = 0; c < result->schema.count; c++) {
        double sum = 0;
        if (!qn_type_is_numeric(result->schema.fields[c].type))
            continue;
        for (int64_t b = 0; b < result->batch_count; b++)
            for (int64_t i = 0; i < result->batches[b].length; i++)
                if (!qn_column_is_null(result->batches[b].columns[c], i))
                    sum += qn_column_real(result->batches[b].columns[c], i);
        double *sums = NULL;
        check(qn_mem_alloc(&sums, (size_t)qn_comm_size(comm), sizeof *sums));
        check(qn_comm_allgather(comm, &sum, sizeof sum, sums));
        sum = 0;
        for (int r = 0; r < qn_comm_size(comm); r++)
            sum += sums[r];
        qn_mem_free(sums);
        if (qn_comm_rank(comm) == 0)
            printf("%s\"%s\": %.9g", separator, result->schema.fields[c].name, sum);
        separator = ", ";
    }
}

static double run(const char *query, qn_table *result, const qn_execution *execution,
                  const qn_plan_table *tables, int64_t count) {
    qn_plan *plan = NULL;
    qn_stream *stream = NULL;
    check(qn_comm_barrier(execution->comm));
    double start = now();
    check(qn_sql_query(&plan, qn_view_of(query)));
    check(qn_plan_open(&stream, plan, execution, tables, count));
    qn_status status = qn_table_collect(result, stream);
    check(qn_comm_agree(execution->comm, status));
    double seconds = now() - start;
    qn_stream_free(stream);
    qn_plan_free(plan);
    check(qn_comm_max_f64(execution->comm, &seconds, 1));
    return seconds;
}

static void measure(const char *label, const char *query, int repeats,
                    const qn_execution *execution, const qn_plan_table *tables, int64_t count) {
    double seconds[MAX_REPEATS];
    qn_table result;
    qn_table_init(&result);
    for (int i = 0; i < repeats; i++) {
        qn_table_clear(&result);
        seconds[i] = run(query, &result, execution, tables, count);
    }
    int64_t rows = result.row_count, peak = qn_mem_peak();
    check(qn_comm_sum_i64(execution->comm, &rows, 1));
    check(qn_comm_max_i64(execution->comm, &peak, 1));
    bool root = qn_comm_rank(execution->comm) == 0;
    if (root) {
        printf("{\"label\": \"%s\", \"rows\": %lld, \"peak_mb\": %lld, \"seconds\": [", label,
               (long long)rows, (long long)peak >> 20);
        for (int i = 0; i < repeats; i++)
            printf("%s%.5f", i == 0 ? "" : ", ", seconds[i]);
        printf("], \"sums\": {");
    }
    print_sums(&result, execution->comm);
    if (root)
        printf("}}\n");
    fflush(stdout);
    qn_table_clear(&result);
}

static void run_file(const char *path, int repeats, const qn_execution *execution,
                     const qn_plan_table *tables, int64_t count) {
    char line[8192];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        char *tab = strchr(line, '\t');
        line[strcspn(line, "\n")] = '\0';
        if (tab == NULL || line[0] == '#')
            continue;
        *tab = '\0';
        measure(line, tab + 1, repeats, execution, tables, count);
    }
    fclose(file);
}

int main(int argc, char **argv) {
    static named_table tables[MAX_TABLES];
    qn_plan_table plan_tables[MAX_TABLES];
    qn_comm *comm = NULL;
    int count = argc - 3, repeats = argc > 2 ? atoi(argv[2]) : 0;
    if (count < 1 || count > MAX_TABLES || repeats < 1 || repeats > MAX_REPEATS) {
        fprintf(stderr, "usage: bench_query QUERIES REPEATS NAME=PATH...\n");
        return EXIT_FAILURE;
    }
    qn_mem_keep_freed();
    check(qn_comm_world(&comm));
    for (int i = 0; i < count; i++) {
        load(&tables[i], argv[3 + i], comm);
        plan_tables[i] = (qn_plan_table){tables[i].name, open_table, &tables[i]};
    }
    qn_execution execution = qn_execution_of(comm);
    run_file(argv[1], repeats, &execution, plan_tables, count);
    for (int i = 0; i < count; i++)
        qn_table_clear(&tables[i].table);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}
