/* Time from a CSV file in the page cache to typed columns: bench_read FILE [repeats]; run it with
 * mpiexec -n 1 and -n 2. Wall time of the slowest rank, types inferred from every value; prints the
 * median and the exact sum of the first numeric column, for comparison with other readers
 * (peers.py). */
#include "core/memory.h"
#include "core/stats/sum.h"
#include "features/scan/scan.h"
#include "mpi/comm/reduce.h"
#include "mpi/file/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_REPEATS = 31 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int32_t first_number(const qn_schema *schema) {
    for (int32_t i = 0; i < schema->count; i++)
        if (qn_type_is_numeric(schema->fields[i].type))
            return i;
    return -1;
}

/* Reads everything; the sum is what shows that it was read. */
static qn_status drain(qn_stream *in, qn_sum *sum, int64_t *rows) {
    int32_t column = first_number(&in->schema);
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            return QN_OK;
        *rows += batch.length;
        for (int64_t i = 0; column >= 0 && i < batch.length; i++)
            if (!qn_column_is_null(batch.columns[column], i))
                qn_sum_add(sum, qn_column_real(batch.columns[column], i));
        qn_batch_clear(&batch);
    }
}

static qn_status read_once(qn_comm *comm, const char *path, double *time, qn_sum *sum,
                           int64_t *rows) {
    qn_stream *in = NULL;
    *rows = 0;
    qn_sum_init(sum);
    QN_TRY(qn_comm_barrier(comm));
    double start = seconds();
    QN_TRY(qn_scan_open(&in, comm, &path, 1, NULL));
    qn_status status = drain(in, sum, rows);
    *time = seconds() - start;
    qn_stream_free(in);
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_reduce_sums(comm, sum, 1));
    QN_TRY(qn_comm_sum_i64(comm, rows, 1));
    return qn_comm_max_f64(comm, time, 1);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static qn_status run(qn_comm *comm, const char *path, int repeats) {
    double times[MOST_REPEATS];
    qn_sum sum;
    int64_t rows = 0;
    qn_file *file = NULL;
    QN_TRY(qn_file_open(&file, path));
    double bytes = (double)qn_file_size(file);
    qn_file_free(file);
    for (int i = 0; i < repeats; i++)
        QN_TRY(read_once(comm, path, &times[i], &sum, &rows));
    qsort(times, (size_t)repeats, sizeof *times, by_value);
    if (qn_comm_rank(comm) == 0)
        printf("ranks %d median %.4f s min %.4f s rate %.2f GB/s rows %lld sum %.17g\n",
               qn_comm_size(comm), times[repeats / 2], times[0], 1e-9 * bytes / times[repeats / 2],
               (long long)rows, qn_sum_result(&sum));
    return QN_OK;
}

int main(int argc, char **argv) {
    qn_comm *comm = NULL;
    int repeats = argc > 2 ? atoi(argv[2]) : 5;
    if (argc < 2 || repeats < 1 || repeats > MOST_REPEATS)
        return fprintf(stderr, "usage: bench_read FILE [repeats]\n"), 2;
    qn_mem_keep_freed();
    qn_status status = qn_comm_world(&comm);
    if (status == QN_OK)
        status = run(comm, argv[1], repeats);
    if (status != QN_OK)
        fprintf(stderr, "%s\n", qn_last_error().message);
    qn_comm_free(comm);
    return qn_status_exit_code(status);
}
