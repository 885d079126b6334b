#include "features/wide/shuffle.h"

#include "core/memory.h"
#include "mpi/comm/exchange.h"

enum { ROUND_BYTES = 64 << 20 };

/* A shuffle under way. */
typedef struct shuffle {
    qn_stream *in;
    qn_comm *comm;
    const qn_shuffle_plan *plan;
    int rank, size;
    bool ended;       /* the input here */
    qn_table *sends;  /* by destination: pieces of this round */
    int64_t *bytes;   /* by destination: their size */
    int64_t *starts;  /* by destination: its first row in `rows` */
    int64_t *offsets; /* of this round's messages */
    int32_t *ranks;   /* of each row of a batch */
    int64_t *rows;    /* of a batch, by destination */
    qn_text message;
} shuffle;

static void shuffle_clear(shuffle *self) {
    for (int i = 0; self->sends != NULL && i < self->size; i++)
        qn_table_clear(&self->sends[i]);
    qn_mem_free(self->sends);
    qn_mem_free(self->bytes);
    qn_mem_free(self->starts);
    qn_mem_free(self->offsets);
    qn_mem_free(self->ranks);
    qn_mem_free(self->rows);
    qn_text_clear(&self->message);
}

static qn_status shuffle_init(shuffle *self) {
    size_t size = (size_t)self->size;
    QN_TRY(qn_mem_calloc(&self->sends, size, sizeof *self->sends));
    QN_TRY(qn_mem_calloc(&self->bytes, size, sizeof *self->bytes));
    QN_TRY(qn_mem_calloc(&self->starts, size + 1, sizeof *self->starts));
    QN_TRY(qn_mem_calloc(&self->offsets, size + 1, sizeof *self->offsets));
    QN_TRY(qn_mem_alloc(&self->ranks, QN_BATCH_ROWS, sizeof *self->ranks));
    return qn_mem_alloc(&self->rows, QN_BATCH_ROWS, sizeof *self->rows);
}

/* ---- Rows of a batch to their destinations -------------------------------------------------- */

/* Writes row numbers down, so that they can go with their rows. */
static qn_status add_row_ids(qn_batch *batch) {
    if (batch->row_ids != NULL)
        return QN_OK;
    QN_TRY(qn_column_new_raw(&batch->row_ids, QN_INT64, batch->length, 0));
    for (int64_t i = 0; i < batch->length; i++)
        batch->row_ids->i64[i] = batch->first_row + i;
    return QN_OK;
}

static qn_status prepare_rows(qn_batch *batch, bool keep_rows) {
    if (keep_rows)
        return add_row_ids(batch);
    qn_column_release(batch->row_ids);
    batch->row_ids = NULL;
    return QN_OK;
}

/* Sorts the rows of a batch by destination, keeping their order. */
static qn_status sort_rows(shuffle *self, const qn_batch *batch) {
    int64_t *starts = self->starts;
    for (int i = 0; i <= self->size; i++)
        starts[i] = 0;
    QN_TRY(self->plan->route(self->plan->route_context, batch, self->ranks));
    for (int64_t i = 0; i < batch->length; i++) {
        if (self->ranks[i] < 0 || self->ranks[i] >= self->size)
            return qn_fail(QN_INTERNAL, "a row was sent to rank %d of %d", (int)self->ranks[i],
                           self->size);
        starts[self->ranks[i] + 1]++;
    }
    for (int i = 0; i < self->size; i++)
        starts[i + 1] += starts[i];
    for (int64_t i = 0; i < batch->length; i++)
        self->rows[starts[self->ranks[i]]++] = i;
    for (int i = self->size; i > 0; i--)
        starts[i] = starts[i - 1];
    starts[0] = 0;
    return QN_OK;
}

static qn_status take_rows(qn_batch *out, const qn_batch *batch, const int64_t *rows,
                           int64_t count) {
    if (count == batch->length)
        return qn_batch_share(out, batch);
    qn_status status = QN_OK;
    QN_TRY(qn_batch_reserve(out, batch->count));
    out->length = count;
    out->first_row = batch->first_row;
    for (int32_t c = 0; c < batch->count && status == QN_OK; c++)
        status = qn_column_take(&out->columns[c], batch->columns[c], rows, count);
    if (status == QN_OK && batch->row_ids != NULL)
        status = qn_column_take(&out->row_ids, batch->row_ids, rows, count);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

/* Rows that stay go to the sink at once, the others wait for the round's end. */
static qn_status place_rows(shuffle *self, const qn_batch *batch) {
    for (int to = 0; to < self->size; to++) {
        int64_t first = self->starts[to], count = self->starts[to + 1] - first;
        if (count == 0)
            continue;
        qn_batch piece;
        qn_batch_init(&piece);
        QN_TRY(take_rows(&piece, batch, self->rows + first, count));
        if (to == self->rank) {
            QN_TRY(self->plan->sink(self->plan->sink_context, to, &piece));
        } else {
            self->bytes[to] += qn_batch_bytes(&piece);
            QN_TRY(qn_table_add(&self->sends[to], &piece));
        }
    }
    return QN_OK;
}

/* A round is full when its messages are long enough in all, or when one is so much longer than the
 * others that its receiver would be swamped. */
static bool round_is_full(const shuffle *self) {
    int64_t total = 0, most = 0;
    for (int i = 0; i < self->size; i++) {
        total += self->bytes[i];
        most = self->bytes[i] > most ? self->bytes[i] : most;
    }
    return total >= ROUND_BYTES || most >= 2 * ROUND_BYTES / self->size;
}

static qn_status read_round(shuffle *self) {
    while (!self->ended && !round_is_full(self)) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(self->in, &batch));
        self->ended = batch.count == 0;
        qn_status status = self->ended ? QN_OK : prepare_rows(&batch, self->plan->keep_rows);
        if (status == QN_OK && !self->ended)
            status = sort_rows(self, &batch);
        if (status == QN_OK && !self->ended)
            status = place_rows(self, &batch);
        qn_batch_clear(&batch);
        QN_TRY(status);
    }
    return QN_OK;
}

/* ---- Rounds --------------------------------------------------------------------------------- */

static qn_status pack_round(shuffle *self) {
    qn_text_truncate(&self->message, 0);
    for (int to = 0; to < self->size; to++) {
        qn_table *pieces = &self->sends[to];
        self->offsets[to] = self->message.length;
        if (pieces->batch_count > 0)
            QN_TRY(qn_exchange_pack(&self->message, pieces->batches, pieces->batch_count));
        qn_table_clear(pieces);
        self->bytes[to] = 0;
    }
    self->offsets[self->size] = self->message.length;
    return QN_OK;
}

static qn_status deliver_message(shuffle *self, int source, const char *data, int64_t length) {
    qn_table arrived;
    qn_table_init(&arrived);
    qn_status status = qn_exchange_unpack(&arrived, data, length);
    for (int64_t i = 0; i < arrived.batch_count && status == QN_OK; i++)
        status = self->plan->sink(self->plan->sink_context, source, &arrived.batches[i]);
    qn_table_clear(&arrived);
    return status;
}

static qn_status deliver_round(shuffle *self, const char *data, const int64_t *offsets) {
    for (int source = 0; source < self->size; source++)
        QN_TRY(deliver_message(self, source, data + offsets[source],
                               offsets[source + 1] - offsets[source]));
    return QN_OK;
}

/* Collective. What went wrong here so far is agreed on in the same message that says whether
 * anybody has more. */
static qn_status run_rounds(shuffle *self, qn_status status) {
    int64_t more = 1;
    while (more) {
        void *data = NULL;
        int64_t *offsets = NULL;
        if (status == QN_OK)
            status = read_round(self);
        if (status == QN_OK)
            status = pack_round(self);
        more = !self->ended;
        QN_TRY(qn_comm_agree_max(self->comm, status, &more));
        QN_TRY(qn_comm_alltoallv(self->comm, self->message.data, self->offsets, &data, &offsets));
        status = deliver_round(self, data, offsets);
        qn_mem_free(data);
        qn_mem_free(offsets);
    }
    return qn_comm_agree(self->comm, status);
}

/* One rank: batches go straight through. */
static qn_status pass_through(qn_stream *in, const qn_shuffle_plan *plan) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            return QN_OK;
        qn_status status = prepare_rows(&batch, plan->keep_rows);
        if (status == QN_OK)
            status = plan->sink(plan->sink_context, 0, &batch);
        else
            qn_batch_clear(&batch);
        QN_TRY(status);
    }
}

qn_status qn_shuffle(qn_stream *in, qn_comm *comm, const qn_shuffle_plan *plan) {
    if (qn_comm_size(comm) == 1)
        return qn_comm_agree(comm, pass_through(in, plan));
    shuffle self = {.in = in,
                    .comm = comm,
                    .plan = plan,
                    .rank = qn_comm_rank(comm),
                    .size = qn_comm_size(comm)};
    qn_status status = run_rounds(&self, shuffle_init(&self));
    shuffle_clear(&self);
    return status;
}

/* ---- Into a table --------------------------------------------------------------------------- */

static qn_status keep_by_source(void *context, int source, qn_batch *batch) {
    qn_table *tables = context;
    return qn_table_add(&tables[source], batch);
}

static qn_status join_tables(qn_table *out, qn_table *tables, int count) {
    for (int source = 0; source < count; source++)
        for (int64_t i = 0; i < tables[source].batch_count; i++)
            QN_TRY(qn_table_add(out, &tables[source].batches[i]));
    return QN_OK;
}

qn_status qn_shuffle_table(qn_table *out, qn_stream *in, qn_comm *comm, qn_route route,
                           void *route_context, bool keep_rows) {
    int size = qn_comm_size(comm);
    qn_table *tables = NULL, all;
    qn_table_init(&all);
    qn_status status = qn_mem_calloc(&tables, (size_t)size, sizeof *tables);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    qn_shuffle_plan plan = {route, route_context, keep_by_source, tables, keep_rows};
    QN_TRY_GOTO(qn_shuffle(in, comm, &plan), done);
    status = join_tables(&all, tables, size);
    if (status == QN_OK)
        status = qn_schema_copy(&all.schema, &in->schema);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    *out = all;
    qn_table_init(&all);
done:
    for (int i = 0; tables != NULL && i < size; i++)
        qn_table_clear(&tables[i]);
    qn_mem_free(tables);
    qn_table_clear(&all);
    return status;
}
