/* Rows of both sides to the ranks that join them. */
#include "features/wide/join_spread.h"

#include "core/memory.h"
#include "features/wide/rounds.h"

#include <string.h>

/* Rows that are sorted by slot together: few enough to stay in the second-level cache, enough that
 * the rows of a slot fill cache lines. */
enum { CHUNK_ROWS = 4 * QN_BATCH_ROWS };

/* ---- What arrives ------------------------------------------------------------------------------
 */

/* Rows sorted by slot, in batches of the arrival's table. */
typedef struct piece {
    int source;
    int64_t batch;  /* the first */
    int64_t counts; /* where in arrival.counts its rows a slot begin */
} piece;

typedef struct arrival {
    qn_table table;
    int32_t slots;
    piece *pieces;
    int64_t piece_count, piece_capacity;
    int32_t *counts;
    int64_t count_count, count_capacity;
} arrival;

static void arrival_clear(arrival *self) {
    qn_table_clear(&self->table);
    qn_mem_free(self->pieces);
    qn_mem_free(self->counts);
}

static qn_status begin_piece(arrival *self, int source, const qn_column *counts) {
    if (counts->length != self->slots)
        return qn_fail(QN_INTERNAL, "%lld slots arrived where there are %d",
                       (long long)counts->length, (int)self->slots);
    QN_TRY(qn_mem_reserve(&self->pieces, &self->piece_capacity, self->piece_count + 1,
                          sizeof *self->pieces));
    QN_TRY(qn_mem_reserve(&self->counts, &self->count_capacity, self->count_count + self->slots,
                          sizeof *self->counts));
    self->pieces[self->piece_count++] = (piece){source, self->table.batch_count, self->count_count};
    memcpy(self->counts + self->count_count, counts->i32,
           (size_t)self->slots * sizeof *self->counts);
    self->count_count += self->slots;
    return QN_OK;
}

/* A batch without rows, of one column, has the numbers of rows a slot for those that follow. */
static qn_status take_batch(void *context, int source, qn_batch *batch) {
    arrival *self = context;
    if (batch->length == 0 && batch->count == 1) {
        qn_status status = begin_piece(self, source, batch->columns[0]);
        qn_batch_clear(batch);
        return status;
    }
    return qn_table_add(&self->table, batch);
}

static void list_piece(const arrival *self, const piece *piece_, qn_ref *refs, int64_t *next) {
    const int32_t *counts = self->counts + piece_->counts;
    int64_t batch = piece_->batch, row = 0;
    for (int32_t s = 0; s < self->slots; s++)
        for (int32_t i = 0; i < counts[s]; i++) {
            if (row == self->table.batches[batch].length) {
                batch++;
                row = 0;
            }
            refs[next[s]++] = qn_ref_of(batch, row++);
        }
}

/* Lists the rows by slot, then by source, then in the order they came. */
static qn_status list_rows(arrival *self, int sources, qn_join_side *side) {
    int64_t *next = NULL;
    int32_t slots = self->slots;
    if (self->table.batch_count >= QN_REF_MAX_BATCHES)
        return qn_fail(QN_MEMORY, "a join has more than %d batches of rows on one rank",
                       (int)QN_REF_MAX_BATCHES);
    QN_TRY(qn_mem_calloc(&side->starts, (size_t)slots + 1, sizeof *side->starts));
    QN_TRY(qn_mem_alloc(&side->refs, (size_t)self->table.row_count, sizeof *side->refs));
    for (int64_t i = 0; i < self->count_count; i++)
        side->starts[i % slots + 1] += self->counts[i];
    for (int32_t s = 0; s < slots; s++)
        side->starts[s + 1] += side->starts[s];
    QN_TRY(qn_mem_copy(&next, side->starts, (size_t)slots + 1, sizeof *next));
    for (int source = 0; source < sources; source++)
        for (int64_t i = 0; i < self->piece_count; i++)
            if (self->pieces[i].source == source)
                list_piece(self, &self->pieces[i], side->refs, next);
    qn_mem_free(next);
    side->slots = slots;
    side->rows = side->starts[slots];
    side->table = self->table;
    qn_table_init(&self->table);
    return QN_OK;
}

/* ---- What is sent ------------------------------------------------------------------------------
 */

typedef struct sender {
    const qn_join_layout *layout;
    qn_join_input *input;
    bool right;
    int rank;
    int64_t batch, row;              /* of the input: the next */
    int64_t sent[QN_KEY_PARTITIONS]; /* rows of each slot that were dealt with */
    qn_table chunk;
    qn_ref *refs;                          /* of the chunk, by slot */
    int64_t starts[QN_KEY_PARTITIONS + 1]; /* of slots in refs */
    arrival *arrival;
} sender;

static void sender_clear(sender *self) {
    self->chunk.schema = (qn_schema){0};
    qn_table_clear(&self->chunk);
    qn_mem_free(self->refs);
}

/* Moves the next batches of the input into the chunk. */
static qn_status read_chunk(sender *self) {
    qn_table *table = &self->input->table;
    self->chunk.schema = (qn_schema){0};
    qn_table_clear(&self->chunk);
    self->chunk.schema = table->schema; /* borrowed */
    while (self->batch < table->batch_count &&
           self->chunk.row_count + table->batches[self->batch].length <= CHUNK_ROWS)
        QN_TRY(qn_table_add(&self->chunk, &table->batches[self->batch++]));
    return QN_OK;
}

static void sort_chunk(sender *self) {
    const uint16_t *slots = self->input->slots + self->row;
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
    self->row += n;
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
        return take_batch(self->arrival, to, batch);
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
    while (!qn_outbox_is_full(outbox)) {
        *ended = self->batch == self->input->table.batch_count;
        if (*ended)
            return QN_OK;
        QN_TRY(read_chunk(self));
        sort_chunk(self);
        for (int to = 0; to < self->layout->size; to++)
            QN_TRY(send_rows(self, to, outbox));
        for (int32_t s = 0; s < QN_KEY_PARTITIONS; s++)
            self->sent[s] += self->starts[s + 1] - self->starts[s];
    }
    return QN_OK;
}

qn_status qn_join_spread(qn_join_side *out, qn_join_input *input, const qn_join_layout *layout,
                         bool right, qn_comm *comm) {
    arrival arrival_ = {0};
    int32_t from, until;
    sender *self = NULL;
    qn_rounds rounds = {.fill = fill, .sink = take_batch, .sink_context = &arrival_};
    qn_join_layout_slots(layout, qn_comm_rank(comm), &from, &until);
    arrival_.slots = until - from;
    qn_status status = qn_mem_calloc(&self, 1, sizeof *self);
    if (status == QN_OK) {
        self->layout = layout;
        self->input = input;
        self->right = right;
        self->rank = qn_comm_rank(comm);
        self->arrival = &arrival_;
        rounds.fill_context = self;
        status = qn_mem_alloc(&self->refs, CHUNK_ROWS, sizeof *self->refs);
    }
    QN_TRY_GOTO(qn_rounds_run(comm, &rounds, status), done);
    status = qn_schema_copy(&arrival_.table.schema, &input->table.schema);
    if (status == QN_OK)
        status = list_rows(&arrival_, qn_comm_size(comm), out);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    if (self != NULL)
        sender_clear(self);
    qn_mem_free(self);
    arrival_clear(&arrival_);
    qn_join_input_clear(input);
    if (status != QN_OK)
        qn_join_side_clear(out);
    return status;
}

/* ---- Right rows that matched elsewhere ---------------------------------------------------------
 */

/* Words in which the flags of the slots that ranks share are laid out; *of_slot: where those of
 * `slot` begin. */
static int64_t shared_words(const qn_join_layout *layout, int32_t slot, int64_t *of_slot) {
    int64_t words = 0;
    int32_t last = -1;
    for (int rank = 1; rank < layout->size; rank++) {
        qn_join_cut cut = layout->cuts[rank];
        if (cut.left == 0 || cut.slot == last)
            continue;
        if (cut.slot == slot)
            *of_slot = words;
        words += qn_bit_words(layout->right[cut.slot]);
        last = cut.slot;
    }
    return words;
}

static bool is_shared(const qn_join_layout *layout, int32_t slot) {
    for (int rank = 1; rank < layout->size; rank++)
        if (layout->cuts[rank].slot == slot && layout->cuts[rank].left > 0)
            return true;
    return false;
}

/* Copies flags of the shared slots of this rank to the words, or back. */
static void copy_flags(qn_join_local *local, const qn_join_layout *layout, int rank,
                       uint64_t *words, bool back) {
    int32_t from, until;
    qn_join_layout_slots(layout, rank, &from, &until);
    for (int32_t s = from; s < until; s++) {
        int64_t first = local->right.starts[s - from], at = 0;
        if (!is_shared(layout, s))
            continue;
        shared_words(layout, s, &at);
        for (int64_t i = 0; i < layout->right[s]; i++) {
            if (!back && qn_bit(local->matched, first + i))
                qn_bit_set(words + at, i);
            if (back && qn_bit(words + at, i))
                qn_bit_set(local->matched, first + i);
        }
    }
}

qn_status qn_join_share_matched(qn_join_local *local, const qn_join_layout *layout, qn_comm *comm) {
    int rank = qn_comm_rank(comm);
    int32_t from, until;
    int64_t ignored = 0, count = shared_words(layout, -1, &ignored);
    uint64_t *words = NULL;
    if (local->matched == NULL)
        return QN_OK;
    qn_status status = qn_mem_calloc(&words, (size_t)count, sizeof *words);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    copy_flags(local, layout, rank, words, false);
    QN_TRY_GOTO(qn_comm_or_u64(comm, words, count), done);
    copy_flags(local, layout, rank, words, true);
    qn_join_layout_slots(layout, rank, &from, &until);
    local->owned_from = 0;
    local->owned_to = local->right.rows;
    if (until > from && layout->cuts[rank + 1].left > 0) /* the next rank gives the last slot's */
        local->owned_to = local->right.starts[until - 1 - from];
done:
    qn_mem_free(words);
    return status;
}
