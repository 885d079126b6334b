#include "features/wide/rounds.h"

#include "core/memory.h"
#include "mpi/comm/exchange.h"
#include "mpi/comm/signal.h"

enum { ROUND_BYTES = 16 << 20 };

qn_status qn_outbox_add(qn_outbox *outbox, int to, qn_batch *batch) {
    outbox->bytes[to] += qn_batch_own_bytes(batch);
    return qn_table_add(&outbox->sends[to], batch);
}

bool qn_outbox_is_full(const qn_outbox *outbox) {
    int64_t total = 0, most = 0;
    for (int i = 0; i < outbox->size; i++) {
        total += outbox->bytes[i];
        most = outbox->bytes[i] > most ? outbox->bytes[i] : most;
    }
    return total >= ROUND_BYTES || most >= 2 * ROUND_BYTES / outbox->size;
}

static void outbox_clear(qn_outbox *outbox) {
    for (int i = 0; outbox->sends != NULL && i < outbox->size; i++)
        qn_table_clear(&outbox->sends[i]);
    qn_mem_free(outbox->sends);
    qn_mem_free(outbox->bytes);
}

/* Rounds under way. */
typedef struct running {
    qn_comm *comm;
    const qn_rounds *rounds;
    qn_outbox outbox;
    int64_t *offsets;            /* of this round's messages */
    qn_exchange_link *to, *from; /* by rank */
    qn_text message;
    bool ended;
} running;

static qn_status running_init(running *self) {
    size_t size = (size_t)self->outbox.size;
    QN_TRY(qn_mem_calloc(&self->outbox.sends, size, sizeof *self->outbox.sends));
    QN_TRY(qn_mem_calloc(&self->outbox.bytes, size, sizeof *self->outbox.bytes));
    QN_TRY(qn_mem_calloc(&self->to, size, sizeof *self->to));
    QN_TRY(qn_mem_calloc(&self->from, size, sizeof *self->from));
    return qn_mem_calloc(&self->offsets, size + 1, sizeof *self->offsets);
}

static void running_clear(running *self) {
    for (int i = 0; i < self->outbox.size; i++) {
        if (self->to != NULL)
            qn_exchange_link_clear(&self->to[i]);
        if (self->from != NULL)
            qn_exchange_link_clear(&self->from[i]);
    }
    qn_mem_free(self->to);
    qn_mem_free(self->from);
    outbox_clear(&self->outbox);
    qn_mem_free(self->offsets);
    qn_text_clear(&self->message);
}

static qn_status pack_round(running *self) {
    qn_outbox *outbox = &self->outbox;
    qn_text_truncate(&self->message, 0);
    for (int to = 0; to < outbox->size; to++) {
        qn_table *pieces = &outbox->sends[to];
        self->offsets[to] = self->message.length;
        if (pieces->batch_count > 0)
            QN_TRY(qn_exchange_pack_linked(&self->message, pieces->batches, pieces->batch_count,
                                           &self->to[to]));
        qn_table_clear(pieces);
        outbox->bytes[to] = 0;
    }
    self->offsets[outbox->size] = self->message.length;
    return QN_OK;
}

static qn_status deliver_message(running *self, int source, const char *data, int64_t length) {
    qn_table arrived;
    qn_table_init(&arrived);
    qn_status status = qn_exchange_unpack_linked(&arrived, data, length, &self->from[source]);
    for (int64_t i = 0; i < arrived.batch_count && status == QN_OK; i++)
        status = self->rounds->sink(self->rounds->sink_context, source, &arrived.batches[i]);
    qn_table_clear(&arrived);
    return status;
}

static qn_status deliver_round(running *self, const char *data, const int64_t *offsets) {
    for (int source = 0; source < self->outbox.size; source++)
        QN_TRY(deliver_message(self, source, data + offsets[source],
                               offsets[source + 1] - offsets[source]));
    return QN_OK;
}

static qn_status fill_round(running *self) {
    const qn_rounds *rounds = self->rounds;
    if (!self->ended)
        QN_TRY(rounds->fill(rounds->fill_context, &self->outbox, &self->ended));
    QN_TRY(qn_signal_check());
    return pack_round(self);
}

static qn_status run(running *self) {
    qn_status status = QN_OK;
    int64_t more = 1;
    while (more) {
        void *data = NULL;
        int64_t *offsets = NULL;
        if (status == QN_OK)
            status = fill_round(self);
        more = !self->ended;
        QN_TRY(qn_comm_agree_max(self->comm, status, &more));
        QN_TRY(qn_comm_alltoallv(self->comm, self->message.data, self->offsets, &data, &offsets));
        status = deliver_round(self, data, offsets);
        qn_mem_free(data);
        qn_mem_free(offsets);
    }
    return qn_comm_agree(self->comm, status);
}

/* Nobody else: nothing is sent. */
static qn_status run_alone(running *self, qn_status status) {
    while (status == QN_OK && !self->ended)
        status = self->rounds->fill(self->rounds->fill_context, &self->outbox, &self->ended);
    return qn_comm_agree(self->comm, status);
}

qn_status qn_rounds_run(qn_comm *comm, const qn_rounds *rounds, qn_status status) {
    running self = {.comm = comm, .rounds = rounds, .outbox = {.size = qn_comm_size(comm)}};
    if (status == QN_OK)
        status = running_init(&self);
    if (self.outbox.size == 1) {
        status = run_alone(&self, status);
    } else {
        status = qn_comm_agree(comm, status); /* filling may wait for all ranks */
        if (status == QN_OK)
            status = run(&self);
    }
    running_clear(&self);
    return status;
}
