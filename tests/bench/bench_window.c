/* Window functions over 1e7 rows (or as many as the first argument says), queries whose names hold
 * the second: wall clock of all ranks together and processor time of the busiest, which says more
 * on a shared machine; the best of three. Run it under mpiexec -n 2; the same queries by peers on
 * two threads: query_peers.py features.
 *
 * Limits: reading and writing 8 bytes a row and column costs 2 to 3 ms a column; a random access
 * beyond the caches about 5 ns a row and core, so gathering an argument and placing a result cost
 * 50 ms for two ranks together. */
#include "core/memory.h"
#include "core/random.h"
#include "features/window/window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { USERS = 100000, DAYS = 365, FIRST_DAY = 18262 /* 2020-01-01 */ };

enum { COLUMN_USER, COLUMN_DAY, COLUMN_VALUE, COLUMN_ROW };

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Row i: a user, a day, a value; rows are not ordered by either. */
static qn_status make_batch(qn_batch *out, int64_t first, int64_t length) {
    qn_random random = qn_random_new(1, "bench_window");
    static const qn_type types[] = {QN_INT64, QN_DATE, QN_FLOAT64, QN_INT64};
    QN_TRY(qn_batch_reserve(out, 4));
    out->length = length;
    out->first_row = first;
    for (int32_t c = 0; c < 4; c++)
        QN_TRY(qn_column_new(&out->columns[c], types[c], length, 0));
    for (int64_t i = 0; i < length; i++) {
        uint64_t bits[2];
        qn_random_bits_2(bits, random, (uint64_t)(first + i), 0);
        out->columns[COLUMN_USER]->i64[i] = (int64_t)(bits[0] % USERS);
        out->columns[COLUMN_DAY]->i32[i] = FIRST_DAY + (int32_t)((bits[0] >> 32) % DAYS);
        out->columns[COLUMN_VALUE]->f64[i] = (double)(bits[1] >> 11) * 0x1p-53 * 100;
        out->columns[COLUMN_ROW]->i64[i] = first + i;
    }
    return QN_OK;
}

static qn_status make_table(qn_table *out, qn_comm *comm, int64_t rows) {
    static const struct {
        const char *name;
        qn_type type;
    } columns[] = {{"user", QN_INT64}, {"day", QN_DATE}, {"value", QN_FLOAT64}, {"row", QN_INT64}};
    int64_t batches = (rows + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS;
    int64_t from = batches * qn_comm_rank(comm) / qn_comm_size(comm);
    int64_t to = batches * (qn_comm_rank(comm) + 1) / qn_comm_size(comm);
    qn_table_init(out);
    for (int32_t c = 0; c < 4; c++)
        QN_TRY(qn_schema_add(&out->schema, columns[c].name, columns[c].type));
    for (int64_t b = from; b < to; b++) {
        qn_batch batch;
        qn_batch_init(&batch);
        int64_t left = rows - b * QN_BATCH_ROWS;
        QN_TRY(make_batch(&batch, b * QN_BATCH_ROWS, left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS));
        QN_TRY(qn_table_add(out, &batch));
    }
    return QN_OK;
}

static qn_status drain(qn_stream *stream, double *check) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(stream, &batch));
        if (batch.count == 0)
            return QN_OK;
        for (int64_t i = 0; i < batch.length; i += 997)
            *check += qn_column_real(batch.columns[batch.count - 1], i);
        qn_batch_clear(&batch);
    }
}

static const char *only; /* the second argument: queries whose names hold it */

static qn_status measure(const char *name, qn_comm *comm, const qn_table *table,
                         const qn_window_spec *spec) {
    qn_execution execution = {.comm = comm};
    if (only != NULL && strstr(name, only) == NULL)
        return QN_OK;
    double best = 1e9, least = 1e9, check = 0;
    for (int round = 0; round < 3; round++) {
        qn_stream *in = NULL, *out = NULL;
        QN_TRY(qn_table_stream(&in, table));
        QN_TRY(qn_comm_barrier(comm));
        double start = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
        QN_TRY(qn_window_open(&out, in, &execution, spec));
        QN_TRY(drain(out, &check));
        used = now(CLOCK_PROCESS_CPUTIME_ID) - used;
        QN_TRY(qn_comm_barrier(comm));
        double time = now(CLOCK_MONOTONIC) - start;
        least = used < least ? used : least;
        best = time < best ? time : best;
        qn_stream_free(out);
    }
    QN_TRY(qn_comm_max_f64(comm, &least, 1));
    if (qn_comm_rank(comm) == 0)
        printf("%8.3f s  %8.3f s of a core  %s  (%g)\n", best, least, name, check);
    fflush(stdout);
    return QN_OK;
}

static qn_window_call call_of(const char *function, const char *name, int32_t argument) {
    return (qn_window_call){.function = function,
                            .name = name,
                            .arguments = {argument},
                            .argument_count = argument >= 0,
                            .fallback = -1,
                            .filter = -1,
                            .default_frame = true};
}

static qn_window_call framed(const char *function, const char *name, qn_window_frame frame) {
    qn_window_call call = call_of(function, name, COLUMN_VALUE);
    call.default_frame = false;
    call.frame = frame;
    return call;
}

static qn_status run_all(qn_comm *comm, const qn_table *table) {
    int32_t user = COLUMN_USER;
    qn_sort_key by_day = {COLUMN_DAY, false, false}, by_value = {COLUMN_VALUE, false, false};
    qn_sort_key by_row = {COLUMN_ROW, false, false};
    qn_window_frame week = {QN_FRAME_RANGE,
                            {.kind = QN_BOUND_PRECEDING,
                             .interval = true,
                             .nanoseconds = INT64_C(6) * 86400 * 1000000000},
                            {.kind = QN_BOUND_CURRENT},
                            QN_EXCLUDE_NOTHING};
    qn_window_frame hundred = {QN_FRAME_ROWS,
                               {.kind = QN_BOUND_PRECEDING, .offset = 99},
                               {.kind = QN_BOUND_CURRENT},
                               QN_EXCLUDE_NOTHING};
    qn_window_call rolling[] = {framed("sum", "s", week), framed("avg", "a", week),
                                framed("max", "m", week)};
    qn_window_call rank = call_of("rank", "r", -1), mean = framed("avg", "a", hundred);
    qn_window_call deviation = framed("stddev", "d", week), median = framed("median", "q", week);
    qn_window_call lag = call_of("lag", "l", COLUMN_VALUE);
    lag.number = 1;
    qn_window_spec spec = {&user, 1, &by_day, 1, rolling, 3};
    QN_TRY(measure("sum, avg, max of 7 days per user", comm, table, &spec));
    spec.calls = &deviation;
    spec.call_count = 1;
    QN_TRY(measure("stddev of 7 days per user", comm, table, &spec));
    spec.calls = &median;
    QN_TRY(measure("median of 7 days per user", comm, table, &spec));
    spec.calls = &lag;
    QN_TRY(measure("lag by day per user", comm, table, &spec));
    spec.calls = &rank;
    spec.order = &by_value;
    QN_TRY(measure("rank by value per user", comm, table, &spec));
    spec.calls = &mean;
    spec.order = &by_row;
    QN_TRY(measure("mean of 100 rows per user", comm, table, &spec));
    spec.partition_count = 0;
    return measure("mean of 100 rows of all", comm, table, &spec);
}

int main(int argc, char **argv) {
    int64_t rows = argc > 1 ? atoll(argv[1]) : 10000000;
    only = argc > 2 ? argv[2] : NULL;
    qn_comm *comm = NULL;
    qn_table table;
    qn_table_init(&table);
    qn_mem_keep_freed();
    qn_status status = qn_comm_world(&comm);
    if (status == QN_OK)
        status = make_table(&table, comm, rows);
    if (status == QN_OK)
        status = run_all(comm, &table);
    if (status != QN_OK)
        fprintf(stderr, "%s\n", qn_last_error().message);
    qn_table_clear(&table);
    qn_comm_free(comm);
    return status != QN_OK;
}
