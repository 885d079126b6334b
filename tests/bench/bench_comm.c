/* Latency and bandwidth of the communicator. Run with mpiexec -n 2, 4, 7; QUERN_WAIT=block|yield
 * compares the two ways of waiting. Limits on two cores: 8-byte allreduce 0.4 us at 2 ranks, 7 us
 * at 4 (blocking: 5 ms), 25 us at 8; allreduce of 64 MB 11 GB/s at 2 ranks, alltoallv 16 GB/s. */
#include "mpi/comm/comm.h"

#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(qn_comm *comm, qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s\n", qn_last_error().message);
    qn_comm_abort(comm, 1);
}

/* Repeats until about 0.3 s have passed on rank 0. */
static double time_allreduce(qn_comm *comm, int64_t *values, int64_t count) {
    int64_t repeats = 0, go = 1;
    check(comm, qn_comm_barrier(comm));
    double start = now(), seconds = 0;
    while (go) {
        int64_t batch = count > 1000 ? 4 : repeats == 0 ? 10 : 200;
        for (int64_t i = 0; i < batch; i++)
            check(comm, qn_comm_max_i64(comm, values, count));
        repeats += batch;
        seconds = now() - start;
        go = seconds < 0.3;
        check(comm, qn_comm_broadcast(comm, &go, sizeof go, 0));
    }
    return seconds / (double)repeats;
}

static double time_alltoallv(qn_comm *comm, const char *data, int64_t bytes) {
    int size = qn_comm_size(comm);
    int64_t *sends = NULL;
    check(comm, qn_mem_alloc(&sends, (size_t)size + 1, sizeof *sends));
    for (int i = 0; i <= size; i++)
        sends[i] = bytes / size * i;
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        void *out = NULL;
        int64_t *offsets = NULL;
        check(comm, qn_comm_barrier(comm));
        double start = now();
        check(comm, qn_comm_alltoallv(comm, data, sends, &out, &offsets));
        check(comm, qn_comm_barrier(comm));
        double seconds = now() - start;
        best = seconds < best ? seconds : best;
        qn_mem_free(out);
        qn_mem_free(offsets);
    }
    qn_mem_free(sends);
    return best;
}

int main(void) {
    qn_comm *comm = NULL;
    if (qn_comm_world(&comm) != QN_OK) {
        fprintf(stderr, "%s\n", qn_last_error().message);
        return EXIT_FAILURE;
    }
    bool first = qn_comm_rank(comm) == 0;
    int64_t bytes = 64 << 20, *values = NULL;
    check(comm, qn_mem_calloc(&values, (size_t)bytes, 1));
    if (first)
        printf("%d ranks, %s\n", qn_comm_size(comm),
               qn_comm_yields(comm) ? "test and yield" : "blocking");
    int64_t sizes[] = {8, 8192, 1 << 20, bytes};
    for (int i = 0; i < 4; i++) {
        double seconds = time_allreduce(comm, values, sizes[i] / 8);
        if (first)
            printf("allreduce %10lld bytes: %10.2f us  %6.2f GB/s\n", (long long)sizes[i],
                   seconds * 1e6, (double)sizes[i] / seconds * 1e-9);
    }
    for (int64_t some = 2 << 20; some <= bytes; some *= 32) {
        double seconds = time_alltoallv(comm, (const char *)values, some);
        if (first)
            printf("alltoallv %10lld bytes: %10.2f us  %6.2f GB/s a rank\n", (long long)some,
                   seconds * 1e6, (double)some / seconds * 1e-9);
    }
    qn_mem_free(values);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}
