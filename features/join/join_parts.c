#include "features/join/join_parts.h"

#include "core/memory.h"
#include "features/wide/input.h"

#include <string.h>

void qn_join_parts_clear(qn_join_parts *self) {
    for (int32_t i = 0; self->parts != NULL && i < self->count; i++)
        qn_mem_free(self->parts[i].matched);
    qn_mem_free(self->parts);
    qn_join_local_clear(&self->local);
    qn_join_arrival_clear(&self->left);
    qn_join_arrival_clear(&self->right);
    qn_join_layout_clear(&self->layout);
    qn_join_side_clear(&self->whole);
    qn_table_clear(&self->left_table);
    qn_scratch_free(self->left_rest);
    *self = (qn_join_parts){0};
}

/* ---- Loading ----------------------------------------------------------------------------------
 */

/* Gives the right side that all parts share back, and the rest up. */
static void unload(qn_join_parts *self) {
    if (self->broadcast && self->loaded >= 0) {
        self->whole = self->local.right;
        self->local.right = (qn_join_side){0};
    }
    qn_join_local_clear(&self->local);
    self->loaded = -1;
}

static qn_status load_left(qn_join_parts *self, int32_t part) {
    qn_table *table = &self->local.left.table;
    qn_stream *stream = NULL;
    if (self->left_rest == NULL) {
        *table = self->left_table;
        qn_table_init(&self->left_table);
        return qn_join_side_whole(&self->local.left);
    }
    QN_TRY(qn_scratch_open(&stream, self->left_rest, part));
    qn_status status = qn_join_collect(table, stream);
    qn_stream_free(stream);
    return status == QN_OK ? qn_join_side_whole(&self->local.left) : status;
}

static qn_status load(qn_join_parts *self, int32_t part) {
    qn_join_local *local = &self->local;
    unload(self);
    local->plan = self->plan;
    local->facts = self->facts;
    if (self->broadcast) {
        local->right = self->whole;
        self->whole = (qn_join_side){0};
        self->loaded = part;
        QN_TRY(load_left(self, part));
    } else {
        self->loaded = part;
        QN_TRY(qn_join_arrival_load(&local->left, &self->left, part));
        QN_TRY(qn_join_arrival_load(&local->right, &self->right, part));
    }
    return qn_join_local_run(local);
}

/* ---- Matching ---------------------------------------------------------------------------------
 */

/* Right rows that matched in this part, and in others if they share the right side. */
static qn_status keep_matched(qn_join_parts *self, int32_t number) {
    qn_join_part *part = &self->parts[number];
    part->right_rows = self->local.right.rows;
    if (self->local.matched == NULL)
        return QN_OK;
    int64_t words = qn_bit_words(part->right_rows);
    QN_TRY(qn_mem_copy(&part->matched, self->local.matched, (size_t)words, sizeof *part->matched));
    for (int64_t w = 0; w < words && self->broadcast && number > 0; w++)
        part->matched[w] |= self->parts[number - 1].matched[w];
    if (self->broadcast && number > 0) {
        qn_mem_free(self->parts[number - 1].matched);
        self->parts[number - 1].matched = NULL;
    }
    return QN_OK;
}

/* The rows of a loaded part, with what is known of its right rows by now. */
static void finish(qn_join_parts *self, int32_t number) {
    const qn_join_part *part = &self->parts[number];
    qn_join_local *local = &self->local;
    local->owned_from = 0;
    local->owned_to = part->owned;
    if (part->matched != NULL)
        memcpy(local->matched, part->matched,
               (size_t)qn_bit_words(part->right_rows) * sizeof *part->matched);
    qn_join_local_finish(local);
}

/* Right rows in front of `owned` without a match. */
static int64_t unmatched(const qn_join_part *part) {
    int64_t rows = 0;
    for (int64_t i = 0; i < part->owned && part->matched != NULL; i++)
        rows += !qn_bit(part->matched, i);
    return rows;
}

/* Local. Joins all parts for the sake of their numbers of rows; the last one stays. */
static qn_status count_parts(qn_join_parts *self) {
    self->loaded = -1;
    QN_TRY(qn_mem_calloc(&self->parts, (size_t)self->count, sizeof *self->parts));
    for (int32_t i = 0; i < self->count; i++) {
        QN_TRY(load(self, i));
        QN_TRY(keep_matched(self, i));
        qn_join_local_finish(&self->local); /* nothing is owned yet */
        self->parts[i].rows = self->local.rows;
    }
    return QN_OK;
}

static void number_rows(qn_join_parts *self) {
    self->rows = 0;
    for (int32_t i = 0; i < self->count; i++) {
        self->parts[i].row = self->rows;
        self->parts[i].rows += unmatched(&self->parts[i]);
        self->rows += self->parts[i].rows;
    }
    if (self->loaded >= 0)
        finish(self, self->loaded);
}

qn_status qn_join_parts_produce(qn_join_parts *self, int64_t first, int64_t count, qn_batch *out) {
    int32_t part = 0;
    int64_t done = 0;
    qn_table pieces;
    qn_status status = QN_OK;
    while (part + 1 < self->count && self->parts[part + 1].row <= first)
        part++;
    if (first + count <= self->parts[part].row + self->parts[part].rows) {
        if (self->loaded != part) {
            QN_TRY(load(self, part));
            finish(self, part);
        }
        return qn_join_local_produce(&self->local, first - self->parts[part].row, count, out);
    }
    qn_table_init(&pieces); /* some rows of this part, some of the next */
    for (; done < count && status == QN_OK; part++) {
        qn_batch piece;
        int64_t from = first + done - self->parts[part].row;
        int64_t rows = self->parts[part].rows - from;
        rows = rows < count - done ? rows : count - done;
        qn_batch_init(&piece);
        if (rows == 0)
            continue;
        status = qn_join_parts_produce(self, first + done, rows, &piece);
        if (status == QN_OK)
            status = qn_table_add(&pieces, &piece);
        else
            qn_batch_clear(&piece);
        done += rows;
    }
    if (status == QN_OK)
        status = qn_join_concat(out, &pieces);
    qn_table_clear(&pieces);
    return status;
}

/* ---- Broadcast --------------------------------------------------------------------------------
 */

/* Left rows past the budget go to lanes of so many bytes, and those in memory, too. */
static qn_status spool_left(qn_join_parts *self, qn_stream *left, const qn_execution *execution,
                            int64_t budget) {
    int64_t bytes = 0, next = 0;
    bool more = true;
    self->count = 1;
    QN_TRY(qn_scratch_new(&self->left_rest, execution->scratch, &left->schema, 1));
    while (more) {
        qn_batch batch;
        qn_batch_init(&batch);
        if (next < self->left_table.batch_count)
            qn_batch_move(&batch, &self->left_table.batches[next++]);
        else
            QN_TRY(qn_stream_next(left, &batch));
        more = batch.count > 0;
        if (!more)
            break;
        bytes += qn_batch_own_bytes(&batch);
        QN_TRY(qn_scratch_add(self->left_rest, self->count - 1, &batch));
        if (bytes >= budget) {
            QN_TRY(qn_scratch_add_lane(self->left_rest));
            self->count++;
            bytes = 0;
        }
    }
    qn_table_clear(&self->left_table);
    return qn_scratch_flush(self->left_rest);
}

static qn_status read_left(qn_join_parts *self, qn_stream *left, const qn_execution *execution) {
    qn_input input = {0};
    bool full = false;
    self->count = 1;
    qn_status status = qn_input_start(&input, left);
    if (status == QN_OK)
        status = qn_wide_collect(&self->left_table, &input.base, execution->memory / 2, &full);
    if (status == QN_OK && full)
        status = spool_left(self, &input.base, execution, execution->memory / 4);
    return qn_input_finish(&input, status);
}

/* Collective. Right rows that matched on some rank have a match; the last rank gives the others. */
static qn_status share_whole(qn_join_parts *self, qn_comm *comm) {
    qn_join_part *last = &self->parts[self->count - 1];
    if (!qn_join_keeps_right(self->plan))
        return QN_OK;
    QN_TRY(qn_comm_or_u64(comm, last->matched, qn_bit_words(last->right_rows)));
    if (qn_comm_rank(comm) == qn_comm_size(comm) - 1)
        last->owned = last->right_rows;
    return QN_OK;
}

qn_status qn_join_parts_broadcast(qn_join_parts *self, qn_stream *left,
                                  const qn_execution *execution) {
    self->broadcast = true;
    qn_status status = read_left(self, left, execution);
    if (status == QN_OK)
        status = count_parts(self);
    QN_TRY(qn_comm_agree(execution->comm, status));
    QN_TRY(share_whole(self, execution->comm));
    number_rows(self);
    return QN_OK;
}

/* ---- Shuffle ----------------------------------------------------------------------------------
 */

/* Bytes of a row, over all ranks. */
static qn_status average_bytes(const qn_join_input *input, qn_comm *comm, double *out) {
    int64_t sums[2] = {input->bytes, input->rows};
    QN_TRY(qn_comm_sum_i64(comm, sums, 2));
    *out = sums[1] > 0 ? (double)sums[0] / (double)sums[1] : 0;
    return QN_OK;
}

/* What a rank keeps of a slot's rows, and what it keeps beside them. */
static double slot_bytes(const qn_join_layout *layout, int rank, int32_t slot,
                         const double width[2]) {
    qn_join_cut from = layout->cuts[rank], until = layout->cuts[rank + 1];
    int64_t left = slot == until.slot ? until.left : layout->left[slot];
    left -= slot == from.slot ? from.left : 0;
    return (double)left * (width[0] + 8) + (double)layout->right[slot] * (width[1] + 16);
}

/* Slots that are joined together, so that they fit: one lane if all do. Slots are never split. */
static int32_t place_lanes(const qn_join_layout *layout, int rank, const double width[2],
                           int64_t memory, int32_t *ends) {
    int32_t from, to, count = 0;
    double total = 0, bytes = 0;
    qn_join_layout_slots(layout, rank, &from, &to);
    for (int32_t s = from; s < to; s++)
        total += slot_bytes(layout, rank, s, width);
    for (int32_t s = from; s < to && total > (double)memory / 2; s++) {
        double more = slot_bytes(layout, rank, s, width);
        if (bytes > 0 && bytes + more > (double)memory / 4) {
            ends[count++] = s - from;
            bytes = 0;
        }
        bytes += more;
    }
    ends[count++] = to - from;
    return count;
}

static qn_status open_lanes(qn_join_parts *self, const qn_join_input *left,
                            const qn_join_input *right, const double width[2],
                            const qn_execution *execution) {
    int32_t ends[QN_KEY_PARTITIONS + 1], from, to;
    int rank = qn_comm_rank(execution->comm), size = qn_comm_size(execution->comm);
    qn_join_layout_slots(&self->layout, rank, &from, &to);
    self->count = place_lanes(&self->layout, rank, width, execution->memory, ends);
    QN_TRY(qn_join_arrival_init(&self->left, &left->table.schema, to - from, size, ends,
                                self->count, execution->scratch));
    return qn_join_arrival_init(&self->right, &right->table.schema, to - from, size, ends,
                                self->count, execution->scratch);
}

/* Collective. */
static qn_status read_inputs(qn_join_parts *self, qn_stream *left_stream, qn_join_input *left,
                             qn_join_input *right, const qn_execution *execution) {
    qn_status status = qn_join_input_hash(right, self->plan, self->plan->right_keys);
    QN_TRY(qn_comm_agree(execution->comm, status)); /* reading may wait for all ranks */
    status = qn_join_input_read(left, left_stream, execution, execution->memory / 4);
    if (status == QN_OK)
        status = qn_join_input_hash(left, self->plan, self->plan->left_keys);
    return qn_comm_agree(execution->comm, status);
}

/* Collective. */
static qn_status spread(qn_join_parts *self, qn_stream *left_stream, qn_join_input *left,
                        qn_join_input *right, const qn_execution *execution) {
    qn_comm *comm = execution->comm;
    double width[2] = {0, 0};
    QN_TRY(read_inputs(self, left_stream, left, right, execution));
    QN_TRY(average_bytes(left, comm, &width[0]));
    QN_TRY(average_bytes(right, comm, &width[1]));
    QN_TRY(qn_join_layout_init(&self->layout, left, right, comm));
    QN_TRY(qn_comm_agree(comm, open_lanes(self, left, right, width, execution)));
    QN_TRY(qn_join_spread(&self->right, right, &self->layout, true, comm));
    return qn_join_spread(&self->left, left, &self->layout, false, comm);
}

qn_status qn_join_parts_shuffle(qn_join_parts *self, qn_stream *left, qn_join_input *right,
                                const qn_execution *execution) {
    qn_join_input *input = NULL;
    qn_status status = qn_mem_calloc(&input, 1, sizeof *input);
    QN_TRY_GOTO(qn_comm_agree(execution->comm, status), done);
    QN_TRY_GOTO(spread(self, left, input, right, execution), done);
    QN_TRY_GOTO(qn_comm_agree(execution->comm, count_parts(self)), done);
    QN_TRY_GOTO(qn_join_share_matched(self, execution->comm), done);
    number_rows(self);
done:
    if (input != NULL)
        qn_join_input_clear(input);
    qn_mem_free(input);
    return status;
}
