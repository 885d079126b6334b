/* Byte strings of any length: to all ranks, to one, and from each to each. */
#include "mpi/comm/comm_private.h"

#include "core/memory.h"

#include <string.h>

enum { TAG_GATHER = 12, TAG_EXCHANGE = 13, WINDOW = 16 };

/* Counts and displacements as MPI wants them. */
typedef struct layout {
    int *counts, *starts;
} layout;

static void layout_clear(layout *layout_) {
    qn_mem_free(layout_->counts);
    qn_mem_free(layout_->starts);
}

static qn_status layout_init(layout *out, int size, const int64_t *offsets) {
    layout made = {NULL, NULL};
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&made.counts, (size_t)size, sizeof(int)), done);
    QN_TRY_GOTO(qn_mem_alloc(&made.starts, (size_t)size, sizeof(int)), done);
    for (int i = 0; i < size; i++) {
        made.starts[i] = (int)offsets[i];
        made.counts[i] = (int)(offsets[i + 1] - offsets[i]);
    }
    *out = made;
done:
    if (status != QN_OK)
        layout_clear(&made);
    return status;
}

qn_status qn_comm_allgather(qn_comm *comm, const void *data, int64_t bytes, void *out) {
    if (bytes > 0 && data != (char *)out + comm->rank * bytes)
        memmove((char *)out + comm->rank * bytes, data, (size_t)bytes);
    if (comm->size == 1 || bytes == 0)
        return QN_OK;
    comm->sent += bytes * (comm->size - 1);
    if (bytes * comm->size <= qn_comm_piece(comm, QN_WHOLE_LIMIT))
        return QN_COLLECTIVE(comm, MPI_Allgather, MPI_Iallgather, MPI_IN_PLACE, 0, MPI_BYTE, out,
                             (int)bytes, MPI_BYTE, comm->mpi);
    for (int i = 0; i < comm->size; i++)
        QN_TRY(qn_comm_spread(comm, (char *)out + i * bytes, bytes, i));
    return QN_OK;
}

/* Collective. Where each rank's bytes will lie: size + 1 offsets. */
static qn_status gather_offsets(qn_comm *comm, int64_t bytes, int64_t **out) {
    int64_t *offsets = NULL;
    qn_status status = qn_mem_alloc(&offsets, (size_t)comm->size + 1, sizeof *offsets);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgather(comm, &bytes, sizeof bytes, offsets + 1), done);
    offsets[0] = 0;
    for (int i = 0; i < comm->size; i++)
        offsets[i + 1] += offsets[i];
    *out = offsets;
done:
    if (status != QN_OK)
        qn_mem_free(offsets);
    return status;
}

static qn_status allgatherv_whole(qn_comm *comm, char *out, const int64_t *offsets) {
    layout layout_ = {NULL, NULL};
    qn_status status = layout_init(&layout_, comm->size, offsets);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    status = QN_COLLECTIVE(comm, MPI_Allgatherv, MPI_Iallgatherv, MPI_IN_PLACE, 0, MPI_BYTE, out,
                           layout_.counts, layout_.starts, MPI_BYTE, comm->mpi);
done:
    layout_clear(&layout_);
    return status;
}

qn_status qn_comm_allgatherv(qn_comm *comm, const void *data, int64_t bytes, void **out,
                             int64_t **offsets) {
    int64_t *starts = NULL;
    char *all = NULL;
    QN_TRY(gather_offsets(comm, bytes, &starts));
    int64_t total = starts[comm->size];
    qn_status status = qn_mem_alloc(&all, (size_t)total, 1);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    if (bytes > 0)
        memcpy(all + starts[comm->rank], data, (size_t)bytes);
    comm->sent += bytes * (comm->size - 1);
    if (comm->size > 1 && total <= qn_comm_piece(comm, QN_WHOLE_LIMIT)) {
        QN_TRY_GOTO(allgatherv_whole(comm, all, starts), done);
    } else {
        for (int i = 0; i < comm->size; i++)
            QN_TRY_GOTO(qn_comm_spread(comm, all + starts[i], starts[i + 1] - starts[i], i), done);
    }
    *out = all;
    *offsets = starts;
done:
    if (status != QN_OK) {
        qn_mem_free(all);
        qn_mem_free(starts);
    }
    return status;
}

/* ---- Messages from rank to rank, in pieces -------------------------------------------------- */

/* Requests that are under way; when all places are taken, they are waited for. */
typedef struct window {
    MPI_Request requests[WINDOW];
    int count;
} window;

static qn_status drain(qn_comm *comm, window *window_) {
    int count = window_->count;
    window_->count = 0;
    return count == 0 ? QN_OK : qn_comm_wait_all(comm, window_->requests, count);
}

static qn_status start_send(qn_comm *comm, window *window_, const char *data, int64_t bytes,
                            int to) {
    return qn_comm_check(MPI_Isend(data, (int)bytes, MPI_BYTE, to, TAG_EXCHANGE, comm->mpi,
                                   &window_->requests[window_->count++]),
                         "MPI_Isend");
}

static qn_status start_receive(qn_comm *comm, window *window_, char *data, int64_t bytes,
                               int from) {
    return qn_comm_check(MPI_Irecv(data, (int)bytes, MPI_BYTE, from, TAG_EXCHANGE, comm->mpi,
                                   &window_->requests[window_->count++]),
                         "MPI_Irecv");
}

static int64_t piece_at(int64_t total, int64_t start, int64_t piece) {
    int64_t left = total - start;
    return left < 0 ? 0 : left < piece ? left : piece;
}

/* Sends `send_bytes` to one rank while receiving `receive_bytes` from another. */
static qn_status trade(qn_comm *comm, const char *send, int64_t send_bytes, int to, char *receive,
                       int64_t receive_bytes, int from) {
    int64_t piece = qn_comm_piece(comm, QN_MESSAGE_PIECE);
    int64_t most = send_bytes > receive_bytes ? send_bytes : receive_bytes;
    window window_ = {.count = 0};
    for (int64_t start = 0; start < most; start += piece) {
        int64_t out = piece_at(send_bytes, start, piece);
        int64_t in = piece_at(receive_bytes, start, piece);
        if (in > 0)
            QN_TRY(start_receive(comm, &window_, receive + start, in, from));
        if (out > 0)
            QN_TRY(start_send(comm, &window_, send + start, out, to));
        if (window_.count + 2 > WINDOW)
            QN_TRY(drain(comm, &window_));
    }
    return drain(comm, &window_);
}

static qn_status gather_whole(qn_comm *comm, const void *data, int64_t bytes, int root, char *out,
                              const int64_t *offsets) {
    layout layout_ = {NULL, NULL};
    qn_status status = layout_init(&layout_, comm->size, offsets);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    status = QN_COLLECTIVE(comm, MPI_Gatherv, MPI_Igatherv, data, (int)bytes, MPI_BYTE, out,
                           layout_.counts, layout_.starts, MPI_BYTE, root, comm->mpi);
done:
    layout_clear(&layout_);
    return status;
}

static qn_status gather_pieces(qn_comm *comm, const void *data, int64_t bytes, int root, char *out,
                               const int64_t *offsets) {
    if (comm->rank != root)
        return trade(comm, data, bytes, root, NULL, 0, root);
    for (int i = 0; i < comm->size; i++)
        if (i != root)
            QN_TRY(trade(comm, NULL, 0, i, out + offsets[i], offsets[i + 1] - offsets[i], i));
    if (bytes > 0)
        memcpy(out + offsets[root], data, (size_t)bytes);
    return QN_OK;
}

qn_status qn_comm_gatherv(qn_comm *comm, const void *data, int64_t bytes, int root, void **out,
                          int64_t **offsets) {
    int64_t *starts = NULL;
    char *all = NULL;
    QN_TRY(gather_offsets(comm, bytes, &starts));
    int64_t total = starts[comm->size];
    qn_status status = QN_OK;
    if (comm->rank == root)
        status = qn_mem_alloc(&all, (size_t)total, 1);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    if (comm->rank != root)
        comm->sent += bytes;
    if (comm->size > 1 && total <= qn_comm_piece(comm, QN_WHOLE_LIMIT))
        status = gather_whole(comm, data, bytes, root, all, starts);
    else
        status = gather_pieces(comm, data, bytes, root, all, starts);
    if (status != QN_OK)
        goto done;
    *out = all;
    *offsets = comm->rank == root ? starts : NULL;
    if (comm->rank != root)
        qn_mem_free(starts);
done:
    if (status != QN_OK) {
        qn_mem_free(all);
        qn_mem_free(starts);
    }
    return status;
}

/* ---- From each to each ---------------------------------------------------------------------- */

/* Collective. What arrives from each rank, as offsets. */
static qn_status exchange_offsets(qn_comm *comm, const int64_t *send_offsets, int64_t **out) {
    int64_t *offsets = NULL, *lengths = NULL;
    qn_status status = qn_mem_alloc(&offsets, (size_t)comm->size + 1, sizeof *offsets);
    if (status == QN_OK)
        status = qn_mem_alloc(&lengths, (size_t)comm->size, sizeof *lengths);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    for (int i = 0; i < comm->size; i++)
        lengths[i] = send_offsets[i + 1] - send_offsets[i];
    QN_TRY_GOTO(QN_COLLECTIVE(comm, MPI_Alltoall, MPI_Ialltoall, lengths, 1, MPI_INT64_T,
                              offsets + 1, 1, MPI_INT64_T, comm->mpi),
                done);
    offsets[0] = 0;
    for (int i = 0; i < comm->size; i++)
        offsets[i + 1] += offsets[i];
    *out = offsets;
done:
    qn_mem_free(lengths);
    if (status != QN_OK)
        qn_mem_free(offsets);
    return status;
}

static qn_status exchange_whole(qn_comm *comm, const char *data, const int64_t *send_offsets,
                                char *out, const int64_t *offsets) {
    layout sent = {NULL, NULL}, received = {NULL, NULL};
    qn_status status = layout_init(&sent, comm->size, send_offsets);
    if (status == QN_OK)
        status = layout_init(&received, comm->size, offsets);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    status = QN_COLLECTIVE(comm, MPI_Alltoallv, MPI_Ialltoallv, data, sent.counts, sent.starts,
                           MPI_BYTE, out, received.counts, received.starts, MPI_BYTE, comm->mpi);
done:
    layout_clear(&sent);
    layout_clear(&received);
    return status;
}

/* As many rounds as ranks; in each, every rank sends to one other and receives from one. */
static qn_status exchange_pieces(qn_comm *comm, const char *data, const int64_t *send_offsets,
                                 char *out, const int64_t *offsets) {
    for (int round = 1; round < comm->size; round++) {
        int to = (comm->rank + round) % comm->size;
        int from = (comm->rank + comm->size - round) % comm->size;
        QN_TRY(trade(comm, data + send_offsets[to], send_offsets[to + 1] - send_offsets[to], to,
                     out + offsets[from], offsets[from + 1] - offsets[from], from));
    }
    int64_t own = offsets[comm->rank + 1] - offsets[comm->rank];
    if (own > 0)
        memcpy(out + offsets[comm->rank], data + send_offsets[comm->rank], (size_t)own);
    return QN_OK;
}

static qn_status exchange_self(const char *data, const int64_t *send_offsets, void **out,
                               int64_t **offsets) {
    char *copy = NULL;
    int64_t *starts = NULL, bytes = send_offsets[1] - send_offsets[0];
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&copy, (size_t)bytes, 1), done);
    QN_TRY_GOTO(qn_mem_calloc(&starts, 2, sizeof *starts), done);
    if (bytes > 0)
        memcpy(copy, data + send_offsets[0], (size_t)bytes);
    starts[1] = bytes;
    *out = copy;
    *offsets = starts;
done:
    if (status != QN_OK)
        qn_mem_free(copy);
    return status;
}

qn_status qn_comm_alltoallv(qn_comm *comm, const void *data, const int64_t *send_offsets,
                            void **out, int64_t **offsets) {
    if (comm->size == 1)
        return exchange_self(data, send_offsets, out, offsets);
    int64_t *starts = NULL;
    char *all = NULL;
    QN_TRY(exchange_offsets(comm, send_offsets, &starts));
    int64_t incoming = starts[comm->size], outgoing = send_offsets[comm->size];
    int64_t most = incoming > outgoing ? incoming : outgoing;
    qn_status status = qn_mem_alloc(&all, (size_t)incoming, 1);
    QN_TRY_GOTO(qn_comm_agree_max(comm, status, &most), done);
    comm->sent += outgoing - (send_offsets[comm->rank + 1] - send_offsets[comm->rank]);
    if (most <= qn_comm_piece(comm, QN_WHOLE_LIMIT))
        status = exchange_whole(comm, data, send_offsets, all, starts);
    else
        status = exchange_pieces(comm, data, send_offsets, all, starts);
    if (status != QN_OK)
        goto done;
    *out = all;
    *offsets = starts;
done:
    if (status != QN_OK) {
        qn_mem_free(all);
        qn_mem_free(starts);
    }
    return status;
}
