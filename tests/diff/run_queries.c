/* Runs a file of queries over CSV tables and prints all results: what differential.py compares with
 * another engine, and over numbers of ranks and memory budgets.
 *
 * usage: run_queries QUERIES OUTPUT MEMORY NAME=PATH:SCHEMA...     one query a line
 *
 * MEMORY: bytes a rank for wide operators, 0 for the default. OUTPUT has "## query", then the
 * result as CSV, or "!! message". Tables are dealt to the ranks in batches of a few rows (as a
 * filter leaves them), so that small tables exercise every exchange. */
#include "core/csv/csv.h"
#include "core/memory.h"
#include "features/scan/scan.h"
#include "features/sql/sql.h"
#include "features/wide/wide.h"
#include "mpi/comm/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TABLES = 16, PIECE_ROWS = 13 };

typedef struct named_table {
    char name[64];
    qn_table table;
} named_table;

static void check(qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s: %s\n", qn_last_error().location, qn_last_error().message);
    exit(EXIT_FAILURE);
}

/* This rank's part of a batch of the whole table, cut into short batches far apart. */
static void deal(qn_table *out, const qn_batch *batch, int64_t rows_before, int64_t all,
                 const qn_comm *comm) {
    int64_t pieces = (all + PIECE_ROWS - 1) / PIECE_ROWS;
    for (int64_t first = 0; first < batch->length; first += PIECE_ROWS) {
        int64_t piece = (rows_before + first) / PIECE_ROWS;
        int64_t count = batch->length - first < PIECE_ROWS ? batch->length - first : PIECE_ROWS;
        if (piece * qn_comm_size(comm) / pieces != qn_comm_rank(comm))
            continue;
        qn_batch own = {.length = count, .first_row = piece * QN_BATCH_ROWS};
        check(qn_batch_reserve(&own, batch->count));
        for (int32_t c = 0; c < batch->count; c++)
            check(qn_column_slice(&own.columns[c], batch->columns[c], first, count));
        check(qn_table_add(out, &own));
    }
}

static void load(named_table *out, char *argument, qn_comm *comm) {
    char *equals = strchr(argument, '='), *colon = strrchr(argument, ':');
    if (equals == NULL || colon == NULL || equals - argument >= (long)sizeof out->name) {
        fprintf(stderr, "a table is given as NAME=PATH:SCHEMA\n");
        exit(EXIT_FAILURE);
    }
    *equals = *colon = '\0';
    const char *path = equals + 1;
    qn_comm *self = NULL;
    qn_options *options = NULL;
    qn_stream *scan = NULL;
    qn_table whole;
    snprintf(out->name, sizeof out->name, "%s", argument);
    check(qn_comm_self(&self));
    check(qn_options_new(&options, qn_csv_options));
    check(qn_options_set(options, "schema", colon + 1));
    check(qn_scan_open(&scan, self, &path, 1, options));
    qn_table_init(&whole);
    qn_table_init(&out->table);
    check(qn_table_collect(&whole, scan));
    check(qn_schema_copy(&out->table.schema, &whole.schema));
    int64_t before = 0;
    for (int64_t b = 0; b < whole.batch_count; before += whole.batches[b++].length)
        deal(&out->table, &whole.batches[b], before, whole.row_count, comm);
    qn_table_clear(&whole);
    qn_stream_free(scan);
    qn_options_free(options);
    qn_comm_free(self);
}

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    (void)comm;
    return qn_table_stream(out, &((named_table *)context)->table);
}

static qn_status run(qn_table *result, const char *query, const qn_execution *execution,
                     const qn_plan_table *tables, int64_t count) {
    qn_plan *plan = NULL;
    qn_stream *stream = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(query)), done);
    QN_TRY_GOTO(qn_plan_open(&stream, plan, execution, tables, count), done);
    QN_TRY_GOTO(qn_gather_table(result, stream, execution->comm, 0), done);
done:
    qn_stream_free(stream);
    qn_plan_free(plan);
    return status;
}

static void print(FILE *file, const qn_table *result, qn_status status) {
    qn_text text;
    qn_text_init(&text);
    if (status != QN_OK) {
        fprintf(file, "!! %s\n", qn_last_error().message);
    } else {
        check(qn_csv_format_header(&result->schema, &text));
        for (int64_t b = 0; b < result->batch_count; b++)
            check(qn_csv_format_batch(&result->schema, &result->batches[b], &text));
        fwrite(text.data, 1, (size_t)text.length, file);
    }
    qn_text_clear(&text);
}

static void run_file(FILE *queries, FILE *output, const qn_execution *execution,
                     const qn_plan_table *tables, int64_t count) {
    static char line[65536];
    while (fgets(line, sizeof line, queries) != NULL) {
        qn_table result;
        qn_table_init(&result);
        line[strcspn(line, "\n")] = '\0';
        if (output != NULL) { /* a crash must show the query */
            fprintf(output, "## %s\n", line);
            fflush(output);
        }
        qn_status status = run(&result, line, execution, tables, count);
        if (output != NULL)
            print(output, &result, status);
        qn_table_clear(&result);
    }
}

int main(int argc, char **argv) {
    static named_table tables[MAX_TABLES];
    qn_plan_table plan_tables[MAX_TABLES];
    qn_comm *comm = NULL;
    int count = argc - 4;
    if (count < 1 || count > MAX_TABLES) {
        fprintf(stderr, "usage: run_queries QUERIES OUTPUT MEMORY NAME=PATH:SCHEMA...\n");
        return EXIT_FAILURE;
    }
    check(qn_comm_world(&comm));
    for (int i = 0; i < count; i++) {
        load(&tables[i], argv[4 + i], comm);
        plan_tables[i] = (qn_plan_table){tables[i].name, open_table, &tables[i]};
    }
    qn_execution execution = qn_execution_of(comm);
    if (atoll(argv[3]) > 0)
        execution.memory = atoll(argv[3]);
    FILE *queries = fopen(argv[1], "r");
    FILE *output = qn_comm_rank(comm) == 0 ? fopen(argv[2], "w") : NULL;
    if (queries == NULL || (qn_comm_rank(comm) == 0 && output == NULL)) {
        perror("run_queries");
        return EXIT_FAILURE;
    }
    run_file(queries, output, &execution, plan_tables, count);
    if (output != NULL)
        fclose(output);
    fclose(queries);
    for (int i = 0; i < count; i++)
        qn_table_clear(&tables[i].table);
    qn_comm_free(comm);
    if (qn_mem_blocks() != 0) {
        fprintf(stderr, "run_queries: %lld blocks leak\n", (long long)qn_mem_blocks());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
