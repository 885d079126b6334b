/* Joining quantile trees over the ranks. */
#include "mpi/comm/reduce.h"

#include "core/memory.h"

static qn_status pack_all(qn_quantiles *const *list, int64_t count, qn_text *out) {
    for (int64_t i = 0; i < count; i++)
        QN_TRY(qn_quantiles_pack(list[i], out));
    return QN_OK;
}

static qn_status absorb_all(qn_quantiles *const *list, int64_t count, const char *bytes,
                            int64_t length) {
    for (int64_t i = 0; i < count && length > 0; i++) {
        int64_t used;
        QN_TRY(qn_quantiles_absorb(list[i], bytes, &used));
        bytes += used;
        length -= used;
    }
    return QN_OK;
}

/* Ranks that are odd multiples of `distance` give theirs to the rank that far in front. */
static qn_status join_round(qn_comm *comm, qn_quantiles *const *list, int64_t count, int distance) {
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    bool gives = rank % (2 * distance) == distance;
    qn_text packed = {0};
    void *received = NULL;
    int64_t *send_offsets = NULL, *offsets = NULL;
    qn_status status = qn_mem_calloc(&send_offsets, (size_t)size + 1, sizeof *send_offsets);
    if (status == QN_OK && gives)
        status = pack_all(list, count, &packed);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    for (int r = rank - distance; gives && r < size; r++)
        send_offsets[r + 1] = packed.length;
    QN_TRY_GOTO(qn_comm_alltoallv(comm, packed.data, send_offsets, &received, &offsets), done);
    status = absorb_all(list, count, received, offsets[size]);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    qn_text_clear(&packed);
    qn_mem_free(received);
    qn_mem_free(send_offsets);
    qn_mem_free(offsets);
    return status;
}

static qn_status finish_all(qn_quantiles *const *list, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        QN_TRY(qn_quantiles_finish(list[i]));
    return QN_OK;
}

/* The other ranks forget their own and take rank 0's. */
static qn_status replace_all(qn_quantiles *const *list, int64_t count, const char *bytes,
                             int64_t length) {
    for (int64_t i = 0; i < count; i++) {
        double relative_error = list[i]->relative_error;
        qn_quantiles_clear(list[i]);
        QN_TRY(qn_quantiles_init(list[i], relative_error));
    }
    QN_TRY(absorb_all(list, count, bytes, length));
    return finish_all(list, count);
}

static qn_status share(qn_comm *comm, qn_quantiles *const *list, int64_t count) {
    bool root = qn_comm_rank(comm) == 0;
    qn_text packed = {0};
    qn_status status = root ? finish_all(list, count) : QN_OK;
    if (status == QN_OK && root)
        status = pack_all(list, count, &packed);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    int64_t length = packed.length;
    QN_TRY_GOTO(qn_comm_broadcast(comm, &length, sizeof length, 0), done);
    QN_TRY_GOTO(qn_comm_agree(comm, root ? QN_OK : qn_text_reserve(&packed, length)), done);
    QN_TRY_GOTO(qn_comm_broadcast(comm, packed.data, length, 0), done);
    status = root ? QN_OK : replace_all(list, count, packed.data, length);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    qn_text_clear(&packed);
    return status;
}

qn_status qn_reduce_quantiles(qn_comm *comm, qn_quantiles *const *list, int64_t count) {
    if (qn_comm_size(comm) == 1)
        return finish_all(list, count);
    for (int distance = 1; distance < qn_comm_size(comm); distance *= 2)
        QN_TRY(join_round(comm, list, count, distance));
    return share(comm, list, count);
}
