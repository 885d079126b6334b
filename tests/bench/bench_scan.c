/* CSV scan from the page cache: bench_scan [MiB a file, default 128]; run it with mpiexec -n 1 and
 * -n 2. Figures are file bytes by processor time of rank 0. Limits: parsing 1.72 GB/s a core on
 * signed doubles, 1.5 GB/s on a mixed file; the goals are 1.0 and 0.4 GB/s a core. */
#include "core/csv/csv.h"
#include "core/memory.h"
#include "core/random.h"
#include "features/scan/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Processor time: it means the same on a machine shared with others. */
static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double uniform(int64_t row, uint32_t which) {
    return qn_random_uniform((qn_random){1, 2}, (uint64_t)row, which);
}

static void write_numeric_row(FILE *file, int64_t row) {
    for (uint32_t c = 0; c < 29; c++)
        fprintf(file, c < 28 ? "%.6f," : "%.6f\n", 4 * uniform(row, c) - 2);
}

static void write_mixed_row(FILE *file, int64_t row) {
    static const char *const devices[] = {"mobile", "desktop", "tablet", "\"smart, tv\""};
    int64_t user = (int64_t)(1e6 * uniform(row, 0)), device = (int64_t)(4 * uniform(row, 1));
    fprintf(file, "user%07lld,2023-%02d-%02d,%.2f,category_%02d,%s,%lld\n", (long long)user,
            1 + (int)(12 * uniform(row, 2)), 1 + (int)(28 * uniform(row, 3)), 500 * uniform(row, 4),
            (int)(40 * uniform(row, 5)), devices[device], (long long)row);
}

static int64_t write_file(const char *path, int64_t bytes, bool mixed) {
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return 0;
    if (mixed)
        fprintf(file, "user_id,date,amount,category,device,row\n");
    else
        for (int c = 0; c < 29; c++)
            fprintf(file, c < 28 ? "x%d," : "x%d\n", c);
    for (int64_t row = 0; ftell(file) < bytes; row++) {
        if (mixed)
            write_mixed_row(file, row);
        else
            write_numeric_row(file, row);
    }
    int64_t length = ftell(file);
    return fclose(file) == 0 ? length : 0;
}

static qn_status drain(qn_stream *stream, int64_t *rows) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(stream, &batch));
        bool ended = batch.count == 0;
        *rows += batch.length;
        qn_batch_clear(&batch);
        if (ended)
            return QN_OK;
    }
}

typedef struct figures {
    double open, first, second; /* GB/s of all ranks together */
} figures;

static qn_status time_passes(figures *out, qn_comm *comm, const char *path, double gigabytes,
                             const qn_options *options) {
    qn_stream *stream = NULL;
    int64_t rows = 0;
    double times[4];
    qn_status status = QN_OK;
    QN_TRY(qn_comm_barrier(comm));
    times[0] = seconds();
    QN_TRY_GOTO(qn_scan_open(&stream, comm, &path, 1, options), done);
    times[1] = seconds();
    QN_TRY_GOTO(drain(stream, &rows), done);
    times[2] = seconds();
    QN_TRY_GOTO(qn_stream_rewind(stream), done);
    QN_TRY_GOTO(drain(stream, &rows), done);
    times[3] = seconds();
    *out = (figures){gigabytes / (times[1] - times[0]), gigabytes / (times[2] - times[1]),
                     gigabytes / (times[3] - times[2])};
done:
    qn_stream_free(stream);
    return status;
}

/* The schema option's text for the file, from its inferred types. */
static qn_status schema_text(qn_text *out, qn_comm *comm, const char *path) {
    qn_stream *stream = NULL;
    QN_TRY(qn_scan_open(&stream, comm, &path, 1, NULL));
    qn_status status = QN_OK;
    for (int32_t i = 0; status == QN_OK && i < stream->schema.count; i++)
        status = qn_text_printf(out, i > 0 ? ", %s %s" : "%s %s", stream->schema.fields[i].name,
                                qn_type_name(stream->schema.fields[i].type));
    qn_stream_free(stream);
    return status;
}

static void report(qn_comm *comm, const char *name, const char *how, figures f) {
    int size = qn_comm_size(comm);
    double both = 1 / (1 / f.open + 1 / f.first);
    if (qn_comm_rank(comm) == 0)
        printf(
            "%-8s %d ranks, types %-8s: open %6.2f, first pass %7.2f, together %5.2f GB/s a rank; "
            "second pass %7.2f\n",
            name, size, how, f.open / size, f.first / size, both / size, f.second / size);
}

static qn_status measure(qn_comm *comm, const char *path, const char *name, double gigabytes) {
    qn_options *options = NULL;
    qn_text schema;
    qn_text_init(&schema);
    figures f;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_options_new(&options, qn_csv_options), done);
    QN_TRY_GOTO(schema_text(&schema, comm, path), done);
    for (int round = 0; round < 2; round++) {
        QN_TRY_GOTO(time_passes(&f, comm, path, gigabytes, NULL), done);
        report(comm, name, "inferred", f);
    }
    QN_TRY_GOTO(qn_options_set(options, "schema", schema.data), done);
    for (int round = 0; round < 2; round++) {
        QN_TRY_GOTO(time_passes(&f, comm, path, gigabytes, options), done);
        report(comm, name, "given", f);
    }
done:
    qn_options_free(options);
    qn_text_clear(&schema);
    return status;
}

static qn_status measure_write(qn_comm *comm, const char *path, const char *copy) {
    qn_stream *stream = NULL, *in = NULL;
    qn_table table;
    qn_table_init(&table);
    qn_text text;
    qn_text_init(&text);
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_scan_open(&stream, comm, &path, 1, NULL), done);
    QN_TRY_GOTO(qn_table_collect(&table, stream), done);
    QN_TRY_GOTO(qn_table_stream(&in, &table), done);
    double t0 = seconds();
    int64_t bytes = 0;
    for (int64_t b = 0; b < table.batch_count; b++) {
        qn_text_truncate(&text, 0);
        QN_TRY_GOTO(qn_csv_format_batch(&table.schema, &table.batches[b], &text), done);
        bytes += text.length;
    }
    double t1 = seconds();
    QN_TRY_GOTO(qn_csv_write(in, comm, copy, NULL), done);
    double t2 = seconds();
    if (qn_comm_rank(comm) == 0)
        printf("write: format %.2f GB/s a rank, file %.2f GB/s a rank\n",
               1e-9 * (double)bytes / (t1 - t0), 1e-9 * (double)bytes / (t2 - t1));
done:
    qn_stream_free(stream);
    qn_stream_free(in);
    qn_table_clear(&table);
    qn_text_clear(&text);
    return status;
}

static qn_status run(qn_comm *comm, int64_t bytes) {
    char path[64], copy[64];
    for (int mixed = 0; mixed < 2; mixed++) {
        int64_t length = 0;
        snprintf(path, sizeof path, "/tmp/bench_scan_%d.csv", mixed);
        snprintf(copy, sizeof copy, "/tmp/bench_scan_copy_%d.csv", mixed);
        if (qn_comm_rank(comm) == 0)
            length = write_file(path, bytes, mixed);
        QN_TRY(qn_comm_broadcast(comm, &length, sizeof length, 0));
        QN_TRY(measure(comm, path, mixed ? "mixed" : "numeric", 1e-9 * (double)length));
        QN_TRY(measure_write(comm, path, copy));
        QN_TRY(qn_comm_barrier(comm));
        (void)unlink(path);
        (void)unlink(copy);
    }
    return QN_OK;
}

int main(int argc, char **argv) {
    qn_comm *comm = NULL;
    qn_status status = qn_comm_world(&comm);
    if (status == QN_OK)
        status = run(comm, (argc > 1 ? atoll(argv[1]) : 128) << 20);
    if (status != QN_OK)
        fprintf(stderr, "%s: %s\n", qn_last_error().location, qn_last_error().message);
    qn_comm_free(comm);
    return qn_status_exit_code(status);
}
