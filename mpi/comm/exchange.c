#include "mpi/comm/exchange.h"

#include "core/memory.h"

enum { ROUND_BYTES = 64 << 20 };

/* An exchange under way. */
typedef struct exchange {
    qn_comm *comm;
    qn_table *sends;    /* by destination; the caller's array */
    qn_table *received; /* by source */
    int64_t *next;      /* by destination: the first batch that is not yet sent */
    int64_t *offsets;   /* of this round's messages */
    qn_text round;
} exchange;

static void exchange_clear(exchange *self) {
    for (int i = 0; i < qn_comm_size(self->comm); i++) {
        qn_table_clear(&self->sends[i]);
        if (self->received != NULL)
            qn_table_clear(&self->received[i]);
    }
    qn_mem_free(self->received);
    qn_mem_free(self->next);
    qn_mem_free(self->offsets);
    qn_text_clear(&self->round);
}

static qn_status exchange_init(exchange *self, qn_comm *comm, qn_table *sends) {
    size_t size = (size_t)qn_comm_size(comm);
    *self = (exchange){.comm = comm, .sends = sends};
    QN_TRY(qn_mem_calloc(&self->received, size, sizeof *self->received));
    for (size_t i = 0; i < size; i++)
        qn_table_init(&self->received[i]);
    QN_TRY(qn_mem_calloc(&self->next, size, sizeof *self->next));
    return qn_mem_calloc(&self->offsets, size + 1, sizeof *self->offsets);
}

/* What stays here needs no packing. */
static qn_status keep_own(exchange *self) {
    int rank = qn_comm_rank(self->comm);
    qn_table *own = &self->sends[rank];
    for (int64_t i = 0; i < own->batch_count; i++)
        QN_TRY(qn_table_add(&self->received[rank], &own->batches[i]));
    self->next[rank] = own->batch_count;
    return QN_OK;
}

/* Packs batches for one rank up to its share of the round, at least one; they are given up. */
static qn_status pack_message(exchange *self, int to) {
    qn_table *table = &self->sends[to];
    int64_t first = self->next[to], last = first, bytes = 0;
    int64_t share = ROUND_BYTES / qn_comm_size(self->comm);
    for (; last < table->batch_count && (bytes < share || last == first); last++)
        bytes += qn_batch_bytes(&table->batches[last]);
    if (last == first)
        return QN_OK;
    QN_TRY(qn_exchange_pack(&self->round, table->batches + first, last - first));
    for (int64_t i = first; i < last; i++)
        qn_batch_clear(&table->batches[i]);
    self->next[to] = last;
    return QN_OK;
}

static qn_status pack_round(exchange *self) {
    int size = qn_comm_size(self->comm);
    qn_text_truncate(&self->round, 0);
    for (int to = 0; to < size; to++) {
        self->offsets[to] = self->round.length;
        QN_TRY(pack_message(self, to));
    }
    self->offsets[size] = self->round.length;
    return QN_OK;
}

static qn_status unpack_round(exchange *self, const char *data, const int64_t *offsets) {
    for (int from = 0; from < qn_comm_size(self->comm); from++)
        QN_TRY(qn_exchange_unpack(&self->received[from], data + offsets[from],
                                  offsets[from + 1] - offsets[from]));
    return QN_OK;
}

static qn_status run_round(exchange *self) {
    void *data = NULL;
    int64_t *offsets = NULL;
    qn_status status = pack_round(self);
    QN_TRY_GOTO(qn_comm_agree(self->comm, status), done);
    QN_TRY_GOTO(qn_comm_alltoallv(self->comm, self->round.data, self->offsets, &data, &offsets),
                done);
    status = unpack_round(self, data, offsets);
    QN_TRY_GOTO(qn_comm_agree(self->comm, status), done);
done:
    qn_mem_free(data);
    qn_mem_free(offsets);
    return status;
}

/* Collective. Are there batches anywhere that wait to be sent? */
static qn_status anything_left(exchange *self, bool *out) {
    int64_t left = 0;
    for (int i = 0; i < qn_comm_size(self->comm); i++)
        left |= self->next[i] < self->sends[i].batch_count;
    QN_TRY(qn_comm_max_i64(self->comm, &left, 1));
    *out = left != 0;
    return QN_OK;
}

static qn_status run_rounds(exchange *self) {
    bool left = true;
    for (;;) {
        QN_TRY(anything_left(self, &left));
        if (!left)
            return QN_OK;
        QN_TRY(run_round(self));
    }
}

static qn_status hand_over(exchange *self, qn_table *out) {
    for (int from = 0; from < qn_comm_size(self->comm); from++)
        for (int64_t i = 0; i < self->received[from].batch_count; i++)
            QN_TRY(qn_table_add(out, &self->received[from].batches[i]));
    return QN_OK;
}

qn_status qn_exchange_batches(qn_comm *comm, qn_table *sends, qn_table *out) {
    exchange self;
    qn_status status = exchange_init(&self, comm, sends);
    if (status == QN_OK)
        status = keep_own(&self);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(run_rounds(&self), done);
    status = hand_over(&self, out);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    exchange_clear(&self);
    return status;
}
