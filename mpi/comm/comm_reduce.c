/* Broadcast, reductions and prefix sums. */
#include "mpi/comm/comm_private.h"

#include "core/memory.h"

#include <string.h>

enum { TAG_EXSCAN = 11 };

qn_status qn_comm_barrier(qn_comm *comm) {
    if (comm->size == 1)
        return QN_OK;
    /* MPI_Barrier's only argument is the communicator. */
    return QN_COLLECTIVE(comm, MPI_Barrier, MPI_Ibarrier, comm->mpi);
}

qn_status qn_comm_broadcast(qn_comm *comm, void *data, int64_t bytes, int root) {
    if (comm->rank == root)
        comm->sent += bytes * (comm->size - 1);
    return qn_comm_spread(comm, data, bytes, root);
}

qn_status qn_comm_spread(qn_comm *comm, void *data, int64_t bytes, int root) {
    if (comm->size == 1)
        return QN_OK;
    char *bytes_left = data;
    while (bytes > 0) {
        int64_t piece = qn_comm_piece(comm, QN_BROADCAST_PIECE);
        piece = bytes < piece ? bytes : piece;
        QN_TRY(QN_COLLECTIVE(comm, MPI_Bcast, MPI_Ibcast, bytes_left, (int)piece, MPI_BYTE, root,
                             comm->mpi));
        bytes_left += piece;
        bytes -= piece;
    }
    return QN_OK;
}

/* All types reduced have eight bytes. */
static qn_status reduce(qn_comm *comm, void *values, int64_t count, MPI_Datatype type, MPI_Op op) {
    if (comm->size == 1)
        return QN_OK;
    char *left = values;
    while (count > 0) {
        int64_t piece = qn_comm_piece(comm, QN_REDUCE_PIECE) / 8;
        piece = count < piece ? count : piece;
        QN_TRY(QN_COLLECTIVE(comm, MPI_Allreduce, MPI_Iallreduce, MPI_IN_PLACE, left, (int)piece,
                             type, op, comm->mpi));
        left += piece * 8;
        count -= piece;
    }
    return QN_OK;
}

qn_status qn_comm_sum_i64(qn_comm *comm, int64_t *values, int64_t count) {
    return reduce(comm, values, count, MPI_INT64_T, MPI_SUM);
}

qn_status qn_comm_min_i64(qn_comm *comm, int64_t *values, int64_t count) {
    return reduce(comm, values, count, MPI_INT64_T, MPI_MIN);
}

qn_status qn_comm_max_i64(qn_comm *comm, int64_t *values, int64_t count) {
    return reduce(comm, values, count, MPI_INT64_T, MPI_MAX);
}

qn_status qn_comm_or_u64(qn_comm *comm, uint64_t *values, int64_t count) {
    return reduce(comm, values, count, MPI_UINT64_T, MPI_BOR);
}

/* Doubles are reduced as integers of the same order (negative ones have their lower bits
 * flipped), so that NaN and the sign of zero have a fixed place. */
static int64_t ordered_key(double value, int64_t nan_key) {
    int64_t bits;
    if (value != value)
        return nan_key;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

static double ordered_value(int64_t key) {
    if (key == INT64_MAX || key == INT64_MIN)
        return __builtin_nan("");
    int64_t bits = key < 0 ? key ^ INT64_MAX : key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static qn_status reduce_f64(qn_comm *comm, double *values, int64_t count, MPI_Op op) {
    if (comm->size == 1)
        return QN_OK;
    int64_t nan_key = op == MPI_MIN ? INT64_MAX : INT64_MIN;
    for (int64_t i = 0; i < count; i++) {
        int64_t key = ordered_key(values[i], nan_key);
        memcpy(&values[i], &key, sizeof key);
    }
    QN_TRY(reduce(comm, values, count, MPI_INT64_T, op));
    for (int64_t i = 0; i < count; i++) {
        int64_t key;
        memcpy(&key, &values[i], sizeof key);
        values[i] = ordered_value(key);
    }
    return QN_OK;
}

qn_status qn_comm_min_f64(qn_comm *comm, double *values, int64_t count) {
    return reduce_f64(comm, values, count, MPI_MIN);
}

qn_status qn_comm_max_f64(qn_comm *comm, double *values, int64_t count) {
    return reduce_f64(comm, values, count, MPI_MAX);
}

/* ---- Prefix sums ---------------------------------------------------------------------------- */

typedef struct scan_buffers {
    int64_t *sums;     /* of the window of ranks that ends here */
    int64_t *received; /* of the window before it */
} scan_buffers;

static qn_status pass_on(qn_comm *comm, const scan_buffers *buffers, int64_t count, int step) {
    MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    if (comm->rank >= step)
        QN_TRY(qn_comm_check(MPI_Irecv(buffers->received, (int)count, MPI_INT64_T,
                                       comm->rank - step, TAG_EXSCAN, comm->mpi, &requests[0]),
                             "MPI_Irecv"));
    if (comm->rank + step < comm->size)
        QN_TRY(qn_comm_check(MPI_Isend(buffers->sums, (int)count, MPI_INT64_T, comm->rank + step,
                                       TAG_EXSCAN, comm->mpi, &requests[1]),
                             "MPI_Isend"));
    return qn_comm_wait_all(comm, requests, 2);
}

/* log2(size) steps: in each the windows of ranks that are summed double. `out` begins as zero. */
static qn_status exscan_piece(qn_comm *comm, const scan_buffers *buffers, int64_t *out,
                              int64_t count) {
    for (int step = 1; step < comm->size; step *= 2) {
        QN_TRY(pass_on(comm, buffers, count, step));
        if (comm->rank < step)
            continue;
        for (int64_t i = 0; i < count; i++) {
            out[i] += buffers->received[i];
            buffers->sums[i] += buffers->received[i];
        }
    }
    return QN_OK;
}

qn_status qn_comm_exscan_i64(qn_comm *comm, const int64_t *values, int64_t *out, int64_t count) {
    int64_t piece = qn_comm_piece(comm, QN_REDUCE_PIECE) / 8, few[64] = {0};
    piece = count < piece ? count : piece;
    scan_buffers buffers = {few, few + 32};
    int64_t *block = NULL;
    qn_status status = QN_OK;
    if (piece > 32 && comm->size > 1) {
        status = qn_mem_alloc(&block, (size_t)piece * 2, sizeof *block);
        QN_TRY_GOTO(qn_comm_agree(comm, status), done);
        buffers = (scan_buffers){block, block + piece};
    }
    for (int64_t start = 0; start < count; start += piece) {
        int64_t length = count - start < piece ? count - start : piece;
        if (comm->size > 1)
            memcpy(buffers.sums, values + start, (size_t)length * sizeof *values);
        memset(out + start, 0, (size_t)length * sizeof *out);
        QN_TRY_GOTO(exscan_piece(comm, &buffers, out + start, length), done);
    }
done:
    qn_mem_free(block);
    return status;
}
