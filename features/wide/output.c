#include "features/wide/output.h"

#include "core/memory.h"

qn_status qn_output_init(qn_output *output, const qn_schema *schema, const qn_execution *execution,
                         int64_t budget) {
    *output = (qn_output){.execution = execution, .budget = budget};
    qn_table_init(&output->table);
    return qn_schema_copy(&output->table.schema, schema);
}

void qn_output_clear(qn_output *output) {
    qn_table_clear(&output->table);
    qn_mem_free(output->starts);
    qn_stream_free(output->reader);
    qn_batch_clear(&output->current);
    qn_scratch_free(output->scratch);
    *output = (qn_output){0};
}

/* ---- Adding --------------------------------------------------------------------------------- */

/* A dictionary that batches share counts once. */
static int64_t own_bytes(const qn_output *output, const qn_batch *batch) {
    int64_t bytes = qn_batch_bytes(batch), count = output->table.batch_count;
    for (int32_t c = 0; c < batch->count && count > 0; c++) {
        const qn_column *dictionary = batch->columns[c]->dictionary;
        if (dictionary != NULL &&
            dictionary == output->table.batches[count - 1].columns[c]->dictionary)
            bytes -= qn_column_bytes(dictionary);
    }
    return bytes;
}

static qn_status move_to_scratch(qn_output *output) {
    QN_TRY(qn_scratch_new(&output->scratch, output->execution->scratch, &output->table.schema, 1));
    for (int64_t b = 0; b < output->table.batch_count; b++)
        QN_TRY(qn_scratch_add(output->scratch, 0, &output->table.batches[b]));
    output->table.batch_count = 0;
    return QN_OK;
}

qn_status qn_output_add(qn_output *output, qn_batch *batch) {
    int64_t rows = batch->length;
    if (rows == 0) {
        qn_batch_clear(batch);
        return QN_OK;
    }
    output->bytes += own_bytes(output, batch);
    qn_status status = QN_OK;
    if (output->scratch == NULL && output->bytes > output->budget)
        status = move_to_scratch(output);
    if (status == QN_OK)
        status = qn_mem_reserve(&output->starts, &output->start_capacity,
                                output->table.batch_count + 2, sizeof *output->starts);
    if (status != QN_OK) {
        qn_batch_clear(batch);
        return status;
    }
    if (output->scratch != NULL) {
        QN_TRY(qn_scratch_add(output->scratch, 0, batch));
    } else {
        int64_t at = output->table.batch_count;
        QN_TRY(qn_table_add(&output->table, batch));
        output->starts[at] = output->rows;
        output->starts[at + 1] = output->rows + rows;
    }
    output->rows += rows;
    return QN_OK;
}

/* ---- Taking --------------------------------------------------------------------------------- */

/* Puts pieces of batches together, column by column. */
typedef struct pieces {
    qn_batch *batches; /* what their owner holds */
    int64_t *firsts, *counts;
    int64_t count, batch_capacity, first_capacity, count_capacity;
} pieces;

static void pieces_clear(pieces *self) {
    qn_mem_free(self->batches);
    qn_mem_free(self->firsts);
    qn_mem_free(self->counts);
}

static qn_status add_piece(pieces *self, const qn_batch *batch, int64_t first, int64_t count) {
    int64_t needed = self->count + 1;
    QN_TRY(qn_mem_reserve(&self->batches, &self->batch_capacity, needed, sizeof *self->batches));
    QN_TRY(qn_mem_reserve(&self->firsts, &self->first_capacity, needed, sizeof *self->firsts));
    QN_TRY(qn_mem_reserve(&self->counts, &self->count_capacity, needed, sizeof *self->counts));
    self->batches[self->count] = *batch;
    self->firsts[self->count] = first;
    self->counts[self->count++] = count;
    return QN_OK;
}

static qn_status piece_column(const pieces *self, int64_t p, int32_t c, qn_column **out) {
    qn_column *column = self->batches[p].columns[c];
    if (self->counts[p] == column->length) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    return qn_column_slice(out, column, self->firsts[p], self->counts[p]);
}

static qn_status join_column(const pieces *self, int32_t c, qn_column **out) {
    if (self->count == 1)
        return piece_column(self, 0, c, out);
    qn_column **parts = NULL;
    qn_status status;
    QN_TRY(qn_mem_calloc(&parts, (size_t)self->count, sizeof *parts));
    for (int64_t p = 0; p < self->count; p++)
        QN_TRY_GOTO(piece_column(self, p, c, &parts[p]), done);
    status = qn_column_concat(out, (const qn_column *const *)parts, self->count);
done:
    for (int64_t p = 0; p < self->count; p++)
        qn_column_release(parts[p]);
    qn_mem_free(parts);
    return status;
}

static qn_status join_pieces(const pieces *self, int32_t columns, qn_batch *out) {
    for (int32_t c = 0; c < columns; c++) {
        qn_column *column = NULL;
        QN_TRY(join_column(self, c, &column));
        QN_TRY(qn_batch_append(out, column));
    }
    return QN_OK;
}

static qn_status take_from_table(qn_output *output, int64_t first, int64_t count, qn_batch *out) {
    pieces found = {0};
    int64_t b = output->starts[output->last] <= first ? output->last : 0, end = first + count;
    qn_status status = QN_OK;
    while (output->starts[b + 1] <= first)
        b++;
    output->last = b;
    for (; b < output->table.batch_count && output->starts[b] < end && status == QN_OK; b++) {
        int64_t from = first > output->starts[b] ? first : output->starts[b];
        int64_t to = end < output->starts[b + 1] ? end : output->starts[b + 1];
        status = add_piece(&found, &output->table.batches[b], from - output->starts[b], to - from);
    }
    if (status == QN_OK)
        status = join_pieces(&found, output->table.schema.count, out);
    pieces_clear(&found);
    return status;
}

static qn_status read_next(qn_output *output) {
    qn_batch_clear(&output->current);
    qn_batch_init(&output->current);
    QN_TRY(qn_stream_next(output->reader, &output->current));
    if (output->current.count == 0)
        return qn_fail(QN_INTERNAL, "scratch space ended at row %lld of %lld",
                       (long long)output->current_end, (long long)output->rows);
    output->current_first = output->current_end;
    output->current_end += output->current.length;
    return QN_OK;
}

static qn_status start_reading(qn_output *output, int64_t first) {
    if (output->reader != NULL && first >= output->current_first)
        return QN_OK;
    qn_stream_free(output->reader);
    output->reader = NULL;
    output->current_first = output->current_end = 0;
    QN_TRY(qn_scratch_flush(output->scratch));
    return qn_scratch_open(&output->reader, output->scratch, 0);
}

/* Batches read from scratch are kept until their rows were copied. */
static qn_status take_from_scratch(qn_output *output, int64_t first, int64_t count, qn_batch *out) {
    pieces found = {0};
    qn_table kept;
    int64_t end = first + count;
    qn_table_init(&kept);
    qn_status status;
    QN_TRY_GOTO(start_reading(output, first), done);
    while (output->current_end <= first)
        QN_TRY_GOTO(read_next(output), done);
    for (;;) {
        int64_t from = first > output->current_first ? first : output->current_first;
        int64_t to = end < output->current_end ? end : output->current_end;
        qn_batch shared;
        qn_batch_init(&shared);
        QN_TRY_GOTO(qn_batch_share(&shared, &output->current), done);
        QN_TRY_GOTO(qn_table_add(&kept, &shared), done);
        QN_TRY_GOTO(add_piece(&found, &kept.batches[kept.batch_count - 1],
                              from - output->current_first, to - from),
                    done);
        if (to == end)
            break;
        QN_TRY_GOTO(read_next(output), done);
    }
    status = join_pieces(&found, output->table.schema.count, out);
done:
    pieces_clear(&found);
    qn_table_clear(&kept);
    return status;
}

qn_status qn_output_take(qn_output *output, int64_t first, int64_t count, qn_batch *out) {
    out->length = count;
    return output->scratch != NULL ? take_from_scratch(output, first, count, out)
                                   : take_from_table(output, first, count, out);
}
