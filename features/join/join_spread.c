/* Rows of both sides to the ranks that join them. */
#include "features/join/join_spread.h"

#include "core/memory.h"
#include "features/wide/rounds.h"

#include <string.h>

/* Rows that are sorted by slot together: few enough to stay in the second-level cache, enough that
 * the rows of a slot fill cache lines. */
enum { CHUNK_ROWS = 4 * QN_BATCH_ROWS };

typedef struct sender {
    const qn_join_layout *layout;
    bool right;
    int rank;
    qn_join_reader reader;
    bool ended;                      /* the input */
    int64_t sent[QN_KEY_PARTITIONS]; /* rows of each slot that were dealt with */
    qn_table chunk;
    uint16_t *slots;                       /* of the chunk's rows */
    qn_ref *refs;                          /* of the chunk, by slot */
    int64_t starts[QN_KEY_PARTITIONS + 1]; /* of slots in refs */
    qn_join_arrival *arrival;
} sender;

static void clear_chunk(sender *self) {
    self->chunk.schema = (qn_schema){0}; /* borrowed */
    qn_table_clear(&self->chunk);
    self->chunk.schema = self->reader.input->table.schema;
}

/* Moves the next batches of the input into the chunk. */
static qn_status read_chunk(sender *self) {
    clear_chunk(self);
    while (!self->ended && self->chunk.row_count + QN_BATCH_ROWS <= CHUNK_ROWS) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_join_reader_next(&self->reader, &batch, self->slots + self->chunk.row_count));
        self->ended = batch.count == 0;
        if (!self->ended)
            QN_TRY(qn_table_add(&self->chunk, &batch));
    }
    return QN_OK;
}

static void sort_chunk(sender *self) {
    const uint16_t *slots = self->slots;
    int64_t *starts = self->starts, n = 0;
    memset(starts, 0, sizeof self->starts);
    for (int64_t i = 0; i < self->chunk.row_count; i++)
        starts[slots[i] + 1]++;
    for (int32_t s = 0; s < QN_KEY_PARTITIONS; s++)
        starts[s + 1] += starts[s];
    for (int64_t b = 0; b < self->chunk.batch_count; b++)
        for (int64_t i = 0; i < self->chunk.batches[b].length; i++)
            self->refs[starts[slots[n++]]++] = qn_ref_of(b, i);
    for (int32_t s = QN_KEY_PARTITIONS; s > 0; s--)
        starts[s] = starts[s - 1];
    starts[0] = 0;
}

/* Which of the chunk's rows of a slot go to a rank: [*first, *end) in refs. */
static void rows_for(const sender *self, int to, int32_t slot, int64_t *first, int64_t *end) {
    const qn_join_layout *layout = self->layout;
    qn_join_cut from = layout->cuts[to], until = layout->cuts[to + 1];
    int64_t begin = self->starts[slot], count = self->starts[slot + 1] - begin;
    int64_t low = 0, high = count;
    /* number of the chunk's first row of this slot, over all ranks */
    int64_t number = layout->left_before[slot] + self->sent[slot];
    if (!self->right && slot == from.slot)
        low = from.left - number;
    if (!self->right && slot == until.slot)
        high = until.left - number;
    low = low < 0 ? 0 : low > count ? count : low;
    high = high < low ? low : high > count ? count : high;
    *first = begin + low;
    *end = begin + high;
}

static qn_status deliver(sender *self, int to, qn_outbox *outbox, qn_batch *batch) {
    if (to == self->rank)
        return qn_join_arrival_take(self->arrival, to, batch);
    return qn_outbox_add(outbox, to, batch);
}

static qn_status announce(sender *self, int to, qn_outbox *outbox, int32_t from, int32_t until,
                          int64_t *first, int64_t *end) {
    qn_batch batch;
    qn_batch_init(&batch);
    *first = *end = 0;
    QN_TRY(qn_batch_reserve(&batch, 1));
    qn_status status = qn_column_new(&batch.columns[0], QN_INT32, until - from, 0);
    if (status != QN_OK) {
        qn_batch_clear(&batch);
        return status;
    }
    for (int32_t s = from; s < until; s++) {
        int64_t low, high;
        rows_for(self, to, s, &low, &high);
        batch.columns[0]->i32[s - from] = (int32_t)(high - low);
        if (s == from)
            *first = low;
        *end = high;
    }
    return deliver(self, to, outbox, &batch);
}

static qn_status send_rows(sender *self, int to, qn_outbox *outbox) {
    int32_t from, until;
    int64_t first, end;
    qn_join_layout_slots(self->layout, to, &from, &until);
    if (from == until || self->starts[until] == self->starts[from])
        return QN_OK;
    QN_TRY(announce(self, to, outbox, from, until, &first, &end));
    for (int64_t at = first; at < end; at += QN_BATCH_ROWS) {
        int64_t count = end - at < QN_BATCH_ROWS ? end - at : QN_BATCH_ROWS;
        qn_batch batch;
        qn_batch_init(&batch);
        qn_status status = qn_table_take_all(&batch, &self->chunk, self->refs + at, count);
        if (status == QN_OK)
            status = deliver(self, to, outbox, &batch);
        else
            qn_batch_clear(&batch);
        QN_TRY(status);
    }
    return QN_OK;
}

static qn_status fill(void *context, qn_outbox *outbox, bool *ended) {
    sender *self = context;
    while (!self->ended && !qn_outbox_is_full(outbox)) {
        QN_TRY(read_chunk(self));
        sort_chunk(self);
        for (int to = 0; to < self->layout->size; to++)
            QN_TRY(send_rows(self, to, outbox));
        for (int32_t s = 0; s < QN_KEY_PARTITIONS; s++)
            self->sent[s] += self->starts[s + 1] - self->starts[s];
    }
    *ended = self->ended;
    return QN_OK;
}

static qn_status sender_new(sender **out) {
    sender *self = NULL;
    QN_TRY(qn_mem_calloc(&self, 1, sizeof *self));
    *out = self;
    QN_TRY(qn_mem_alloc(&self->refs, CHUNK_ROWS, sizeof *self->refs));
    return qn_mem_alloc(&self->slots, CHUNK_ROWS, sizeof *self->slots);
}

static void sender_free(sender *self) {
    if (self == NULL)
        return;
    if (self->reader.input != NULL) {
        clear_chunk(self);
        self->chunk.schema = (qn_schema){0};
    }
    qn_mem_free(self->refs);
    qn_mem_free(self->slots);
    qn_mem_free(self);
}

qn_status qn_join_spread(qn_join_arrival *arrival, qn_join_input *input,
                         const qn_join_layout *layout, bool right, qn_comm *comm) {
    sender *self = NULL;
    qn_rounds rounds = {.fill = fill, .sink = qn_join_arrival_take, .sink_context = arrival};
    qn_status status = sender_new(&self);
    if (status == QN_OK) {
        self->layout = layout;
        self->reader.input = input;
        self->right = right;
        self->rank = qn_comm_rank(comm);
        self->arrival = arrival;
        rounds.fill_context = self;
    }
    QN_TRY_GOTO(qn_rounds_run(comm, &rounds, status), done);
    QN_TRY_GOTO(qn_comm_agree(comm, qn_join_arrival_end(arrival)), done);
done:
    sender_free(self);
    qn_join_input_clear(input);
    return status;
}
