/* Part files: bytes a second to write, verify and read, beside plain pwrite and pread of the same
 * bytes in the same folder (page cache), and of content hashes beside a sum over memory.
 *     mpiexec -n N bench_part [ROWS] [FOLDER]      CPU=1 in the environment: processor time */
#include "core/column/content.h"
#include "core/memory.h"
#include "features/scan/scan.h"
#include "mpi/hdf5/part.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS = 8, REPEATS = 3 };

static double now(void) {
    struct timespec t;
    clock_gettime(getenv("CPU") ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s\n", qn_last_error().message);
    exit(EXIT_FAILURE);
}

static qn_comm *comm;

static void report(const char *what, double bytes, double seconds) {
    if (qn_comm_rank(comm) == 0)
        printf("%-34s %7.2f GB/s  %8.1f ms\n", what, bytes / seconds * 1e-9, seconds * 1e3);
}

static qn_column *make_column(qn_type type, int64_t first) {
    qn_column *column = NULL;
    if (type == QN_FLOAT64) {
        must(qn_column_new(&column, type, QN_BATCH_ROWS, 0));
        for (int64_t i = 0; i < QN_BATCH_ROWS; i++)
            column->f64[i] = (double)((first + i) * 7919 % 100003) / 8;
        return column;
    }
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < QN_BATCH_ROWS; i++) {
        char text[128];
        int length = type == QN_DATE ? sprintf(text, "%080lld", (long long)(first + i))
                                     : sprintf(text, "city%lld", (long long)((first + i) % 1000));
        must(qn_string_builder_add(&builder, (qn_view){text, length}));
    }
    must(qn_string_builder_finish(&builder, &column));
    return column;
}

/* QN_DATE stands for long distinct strings here. */
static void make_table(qn_table *table, int64_t rows, int32_t columns, qn_type type) {
    int64_t batches = rows / QN_BATCH_ROWS, size = qn_comm_size(comm), rank = qn_comm_rank(comm);
    qn_table_init(table);
    for (int32_t c = 0; c < columns; c++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", c);
        must(qn_schema_add(&table->schema, name, type == QN_FLOAT64 ? type : QN_STRING));
    }
    for (int64_t k = rank * batches / size; k < (rank + 1) * batches / size; k++) {
        qn_batch batch;
        qn_batch_init(&batch);
        batch.length = QN_BATCH_ROWS;
        batch.first_row = k * QN_BATCH_ROWS;
        for (int32_t c = 0; c < columns; c++)
            must(qn_batch_append(&batch, make_column(type, batch.first_row + c)));
        must(qn_table_add(table, &batch));
    }
}

static double table_bytes(const qn_table *table) {
    int64_t bytes = 0;
    for (int64_t k = 0; k < table->batch_count; k++)
        bytes += qn_batch_bytes(&table->batches[k]);
    must(qn_comm_sum_i64(comm, &bytes, 1));
    return (double)bytes;
}

/* The same bytes by pwrite, fsync and pread alone. */
static void bench_plain(const char *path, const qn_table *table) {
    double bytes = table_bytes(table), write_best = 1e9, read_best = 1e9;
    for (int r = 0; r < REPEATS; r++) {
        must(qn_comm_barrier(comm));
        double start = now();
        int fd = open(path, O_RDWR | O_CREAT, 0644);
        for (int64_t k = 0; k < table->batch_count; k++)
            for (int32_t c = 0; c < table->batches[k].count; c++) {
                off_t at = (off_t)(c * bytes / COLUMNS) + table->batches[k].first_row * 8;
                if (pwrite(fd, table->batches[k].columns[c]->f64, QN_BATCH_ROWS * 8, at) < 0)
                    exit(1);
            }
        must(qn_comm_barrier(comm));
        write_best = now() - start < write_best ? now() - start : write_best;
        fsync(fd);
        char *block = malloc(QN_BATCH_ROWS * 8);
        must(qn_comm_barrier(comm));
        start = now();
        for (int64_t k = 0; k < table->batch_count; k++)
            for (int32_t c = 0; c < table->batches[k].count; c++) {
                off_t at = (off_t)(c * bytes / COLUMNS) + table->batches[k].first_row * 8;
                if (pread(fd, block, QN_BATCH_ROWS * 8, at) < 0)
                    exit(1);
            }
        must(qn_comm_barrier(comm));
        read_best = now() - start < read_best ? now() - start : read_best;
        free(block);
        close(fd);
        must(qn_comm_barrier(comm));
        if (qn_comm_rank(comm) == 0)
            unlink(path);
    }
    report("limit: pwrite, no fsync", bytes, write_best);
    report("limit: pread", bytes, read_best);
}

static void bench_hash(const char *what, const qn_table *table) {
    double bytes = table_bytes(table), best = 1e9;
    for (int r = 0; r < REPEATS; r++) {
        qn_content content = {0};
        must(qn_comm_barrier(comm));
        double start = now();
        for (int64_t k = 0; k < table->batch_count; k++)
            for (int32_t c = 0; c < table->batches[k].count; c++)
                qn_content_add(&content, table->batches[k].columns[c]);
        must(qn_comm_barrier(comm));
        best = now() - start < best ? now() - start : best;
    }
    report(what, bytes, best);
}

static void bench_read(const char *what, const char *path, double bytes) {
    double best = 1e9;
    qn_stream *stream = NULL;
    must(qn_table_scan_open(&stream, comm, &path, 1));
    for (int r = 0; r < REPEATS; r++) {
        must(qn_comm_barrier(comm));
        double start = now();
        for (;;) {
            qn_batch batch;
            qn_batch_init(&batch);
            must(qn_stream_next(stream, &batch));
            int32_t count = batch.count;
            qn_batch_clear(&batch);
            if (count == 0)
                break;
        }
        must(qn_comm_barrier(comm));
        best = now() - start < best ? now() - start : best;
        must(qn_stream_rewind(stream));
    }
    qn_stream_free(stream);
    report(what, bytes, best);
}

static void bench_table(const char *name, const char *path, const qn_table *table,
                        const qn_part_options *options) {
    double bytes = table_bytes(table), best = 1e9;
    char what[64];
    for (int r = 0; r < REPEATS; r++) {
        must(qn_comm_barrier(comm));
        double start = now();
        must(qn_part_write(comm, path, table, options, NULL));
        best = now() - start < best ? now() - start : best;
    }
    snprintf(what, sizeof what, "write %s%s", name, options->verify ? ", verified" : "");
    report(what, bytes, best);
    snprintf(what, sizeof what, "read %s", name);
    bench_read(what, path, bytes);
    must(qn_comm_barrier(comm));
    if (qn_comm_rank(comm) == 0)
        unlink(path);
}

int main(int argc, char **argv) {
    int64_t rows = argc > 1 ? atoll(argv[1]) : 2000000;
    char path[600];
    snprintf(path, sizeof path, "%s/bench_part.h5ad", argc > 2 ? argv[2] : "/dev/shm");
    must(qn_comm_world(&comm));
    const qn_part_options plain = {.replace = true}, verified = {.replace = true, .verify = true};
    const qn_part_options deflate = {.replace = true, .deflate = true};
    qn_table numbers, cities, texts;
    make_table(&numbers, rows, COLUMNS, QN_FLOAT64);
    make_table(&cities, rows / 4, 2, QN_STRING);
    make_table(&texts, rows / 4, 2, QN_DATE);
    bench_plain(path, &numbers);
    bench_hash("content hash of float64", &numbers);
    bench_hash("content hash of short strings", &cities);
    bench_table("float64", path, &numbers, &plain);
    bench_table("float64", path, &numbers, &verified);
    bench_table("categorical", path, &cities, &plain);
    bench_table("long strings", path, &texts, &plain);
    if (qn_comm_size(comm) == 1)
        bench_table("float64, deflate", path, &numbers, &deflate);
    qn_table_clear(&numbers);
    qn_table_clear(&cities);
    qn_table_clear(&texts);
    qn_comm_free(comm);
    return 0;
}
