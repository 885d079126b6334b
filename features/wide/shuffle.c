#include "features/wide/shuffle.h"

#include "core/memory.h"
#include "features/wide/rounds.h"

/* A shuffle under way. */
typedef struct shuffle {
    qn_stream *in;
    const qn_shuffle_plan *plan;
    int rank, size;
    int64_t *starts; /* by destination: its first row in `rows` */
    int32_t *ranks;  /* of each row of a batch */
    int64_t *rows;   /* of a batch, by destination */
} shuffle;

static void shuffle_clear(shuffle *self) {
    qn_mem_free(self->starts);
    qn_mem_free(self->ranks);
    qn_mem_free(self->rows);
}

static qn_status shuffle_init(shuffle *self) {
    QN_TRY(qn_mem_calloc(&self->starts, (size_t)self->size + 1, sizeof *self->starts));
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
static qn_status place_rows(shuffle *self, const qn_batch *batch, qn_outbox *outbox) {
    for (int to = 0; to < self->size; to++) {
        int64_t first = self->starts[to], count = self->starts[to + 1] - first;
        if (count == 0)
            continue;
        qn_batch piece;
        qn_batch_init(&piece);
        QN_TRY(take_rows(&piece, batch, self->rows + first, count));
        if (to == self->rank)
            QN_TRY(self->plan->sink(self->plan->sink_context, to, &piece));
        else
            QN_TRY(qn_outbox_add(outbox, to, &piece));
    }
    return QN_OK;
}

static qn_status fill(void *context, qn_outbox *outbox, bool *ended) {
    shuffle *self = context;
    while (!qn_outbox_is_full(outbox)) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(self->in, &batch));
        *ended = batch.count == 0;
        if (*ended)
            return QN_OK;
        qn_status status = prepare_rows(&batch, self->plan->keep_rows);
        if (status == QN_OK)
            status = sort_rows(self, &batch);
        if (status == QN_OK)
            status = place_rows(self, &batch, outbox);
        qn_batch_clear(&batch);
        QN_TRY(status);
    }
    return QN_OK;
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
    shuffle self = {.in = in, .plan = plan, .rank = qn_comm_rank(comm), .size = qn_comm_size(comm)};
    qn_rounds rounds = {fill, &self, plan->sink, plan->sink_context};
    qn_status status = qn_rounds_run(comm, &rounds, shuffle_init(&self));
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
