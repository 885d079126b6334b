#include "features/join/join_input.h"

#include "core/memory.h"
#include "features/wide/input.h"

#include <string.h>

void qn_join_input_clear(qn_join_input *input) {
    qn_table_clear(&input->table);
    qn_stream_free(input->reading);
    qn_scratch_free(input->rest);
    qn_key_free(input->key);
    qn_mem_free(input->slots);
    qn_mem_free(input->hashes);
    qn_mem_free(input->columns);
    *input = (qn_join_input){0};
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

static qn_status spool(qn_join_input *self, qn_stream *in, const char *folder) {
    QN_TRY(qn_scratch_new(&self->rest, folder, &in->schema, 1));
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            return qn_scratch_flush(self->rest);
        QN_TRY(qn_scratch_add(self->rest, 0, &batch));
    }
}

static qn_status read_rows(qn_join_input *out, qn_stream *in, const qn_execution *execution,
                           int64_t budget) {
    bool full = false;
    QN_TRY(qn_wide_collect(&out->table, in, budget, &full));
    out->rows = out->table.row_count;
    for (int64_t b = 0; b < out->table.batch_count; b++)
        out->bytes += qn_batch_own_bytes(&out->table.batches[b]);
    if (!full)
        return QN_OK;
    QN_TRY(spool(out, in, execution->scratch));
    out->rows += qn_scratch_rows(out->rest, 0);
    out->bytes += qn_scratch_bytes(out->rest);
    return QN_OK;
}

qn_status qn_join_input_read(qn_join_input *out, qn_stream *in, const qn_execution *execution,
                             int64_t budget) {
    qn_input input = {0};
    qn_status status = qn_input_start(&input, in);
    if (status == QN_OK)
        status = read_rows(out, &input.base, execution, budget);
    return qn_input_finish(&input, status);
}

qn_status qn_join_input_load(qn_join_input *input) {
    qn_stream *stream = NULL;
    if (input->rest == NULL)
        return QN_OK;
    QN_TRY(qn_scratch_open(&stream, input->rest, 0));
    qn_status status = qn_join_collect(&input->table, stream);
    qn_stream_free(stream);
    qn_scratch_free(input->rest);
    input->rest = NULL;
    return status;
}

static bool batch_has_nulls(const qn_batch *batch, const qn_join_plan *plan) {
    for (int32_t k = 0; k < plan->key_count; k++)
        if (batch->columns[plan->right_keys[k]]->null_count > 0 && !plan->null_safe[k])
            return true;
    return false;
}

qn_status qn_join_input_has_nulls(qn_join_input *input, const qn_join_plan *plan, int64_t *out) {
    qn_stream *stream = NULL;
    bool found = false;
    qn_status status = QN_OK;
    for (int64_t b = 0; b < input->table.batch_count; b++)
        found = found || batch_has_nulls(&input->table.batches[b], plan);
    if (input->rest != NULL && !found)
        status = qn_scratch_open(&stream, input->rest, 0);
    for (bool more = stream != NULL && status == QN_OK; more && !found;) {
        qn_batch batch;
        qn_batch_init(&batch);
        status = qn_stream_next(stream, &batch);
        more = status == QN_OK && batch.count > 0;
        found = more && batch_has_nulls(&batch, plan);
        qn_batch_clear(&batch);
    }
    qn_stream_free(stream);
    if (status == QN_OK)
        *out = found;
    return status;
}

/* ---- Slots ------------------------------------------------------------------------------------
 */

static qn_status slots_of(qn_join_input *self, const qn_batch *batch, uint16_t *slots) {
    for (int32_t k = 0; k < qn_key_count(self->key); k++)
        self->columns[k] = batch->columns[self->keys[k]];
    QN_TRY(qn_key_hash(self->key, self->columns, batch->length, self->hashes));
    for (int64_t i = 0; i < batch->length; i++)
        slots[i] = (uint16_t)qn_key_partition(self->hashes[i]);
    return QN_OK;
}

static void count_slots(qn_join_input *self, const uint16_t *slots, int64_t rows) {
    for (int64_t i = 0; i < rows; i++)
        self->counts[slots[i]]++;
}

static qn_status count_rest(qn_join_input *self) {
    uint16_t *slots = NULL;
    QN_TRY(qn_mem_alloc(&slots, QN_BATCH_ROWS, sizeof *slots));
    qn_status status = qn_scratch_open(&self->reading, self->rest, 0);
    for (bool more = status == QN_OK; more;) {
        qn_batch batch;
        qn_batch_init(&batch);
        status = qn_stream_next(self->reading, &batch);
        more = status == QN_OK && batch.count > 0;
        if (more)
            status = slots_of(self, &batch, slots);
        if (more && status == QN_OK)
            count_slots(self, slots, batch.length);
        more = more && status == QN_OK;
        qn_batch_clear(&batch);
    }
    qn_mem_free(slots);
    return status == QN_OK ? qn_stream_rewind(self->reading) : status;
}

qn_status qn_join_input_hash(qn_join_input *input, const qn_join_plan *plan, const int32_t *keys) {
    int64_t n = 0;
    input->keys = keys;
    QN_TRY(qn_mem_alloc(&input->slots, (size_t)input->table.row_count, sizeof *input->slots));
    QN_TRY(qn_mem_alloc(&input->hashes, QN_BATCH_ROWS, sizeof *input->hashes));
    QN_TRY(qn_mem_calloc(&input->columns, (size_t)plan->key_count, sizeof *input->columns));
    QN_TRY(qn_key_new(&input->key, plan->key_types, plan->key_count));
    for (int64_t b = 0; b < input->table.batch_count; b++) {
        const qn_batch *batch = &input->table.batches[b];
        QN_TRY(slots_of(input, batch, input->slots + n));
        count_slots(input, input->slots + n, batch->length);
        n += batch->length;
    }
    return input->rest != NULL ? count_rest(input) : QN_OK;
}

qn_status qn_join_reader_next(qn_join_reader *reader, qn_batch *out, uint16_t *slots) {
    qn_join_input *input = reader->input;
    if (reader->batch < input->table.batch_count) {
        qn_batch_move(out, &input->table.batches[reader->batch++]);
        memcpy(slots, input->slots + reader->row, (size_t)out->length * sizeof *slots);
        reader->row += out->length;
        return QN_OK;
    }
    if (input->reading == NULL)
        return QN_OK;
    QN_TRY(qn_stream_next(input->reading, out));
    qn_status status = out->count > 0 ? slots_of(input, out, slots) : QN_OK;
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}
