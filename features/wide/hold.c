#include "features/wide/hold.h"

#include "core/memory.h"

qn_status qn_hold_init(qn_hold *out, const qn_execution *execution, const qn_schema *schema,
                       int32_t lanes, int64_t budget) {
    *out = (qn_hold){.execution = execution, .budget = budget, .lane = -1};
    qn_batch_init(&out->batch);
    QN_TRY(qn_schema_copy(&out->schema, schema));
    QN_TRY(qn_mem_calloc(&out->tables, (size_t)lanes, sizeof *out->tables));
    out->lanes = lanes;
    return QN_OK;
}

static void stop_reading(qn_hold *hold) {
    qn_stream_free(hold->stream);
    hold->stream = NULL;
    qn_batch_clear(&hold->batch);
    hold->used = 0;
}

void qn_hold_clear(qn_hold *hold) {
    stop_reading(hold);
    for (int32_t i = 0; i < hold->lanes; i++)
        qn_table_clear(&hold->tables[i]);
    qn_mem_free(hold->tables);
    qn_scratch_free(hold->scratch);
    qn_schema_clear(&hold->schema);
    *hold = (qn_hold){.lane = -1};
}

/* ---- Filling -------------------------------------------------------------------------------- */

/* A dictionary that batches of a lane share counts once. */
static int64_t added_bytes(const qn_table *table, const qn_batch *batch) {
    int64_t bytes = qn_batch_bytes(batch);
    if (table->batch_count == 0)
        return bytes;
    const qn_batch *before = &table->batches[table->batch_count - 1];
    for (int32_t i = 0; i < batch->count; i++) {
        const qn_column *dictionary = batch->columns[i]->dictionary;
        if (dictionary != NULL && dictionary == before->columns[i]->dictionary)
            bytes -= qn_column_bytes(dictionary);
    }
    return bytes;
}

qn_status qn_hold_add(qn_hold *hold, int32_t lane, qn_batch *batch) {
    int64_t rows = batch->length;
    qn_status status = QN_OK;
    if (rows == 0) {
        qn_batch_clear(batch);
        return QN_OK;
    }
    if (hold->scratch == NULL) {
        hold->bytes += added_bytes(&hold->tables[lane], batch);
        if (hold->bytes > hold->budget)
            status = qn_scratch_new(&hold->scratch, hold->execution->scratch, &hold->schema,
                                    hold->lanes);
    }
    if (status != QN_OK) {
        qn_batch_clear(batch);
        return status;
    }
    QN_TRY(hold->scratch != NULL ? qn_scratch_add(hold->scratch, lane, batch)
                                 : qn_table_add(&hold->tables[lane], batch));
    hold->rows += rows;
    return QN_OK;
}

qn_status qn_hold_read(qn_hold *hold, int32_t lane, qn_stream *in) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            return QN_OK;
        QN_TRY(qn_hold_add(hold, lane, &batch));
    }
}

/* ---- Reading -------------------------------------------------------------------------------- */

qn_status qn_hold_rewind(qn_hold *hold) {
    stop_reading(hold);
    hold->lane = 0;
    hold->next = 0;
    hold->position = 0;
    return hold->scratch != NULL ? qn_scratch_flush(hold->scratch) : QN_OK;
}

/* The lane's next batch; none: its end. */
static qn_status next_of_lane(qn_hold *hold, qn_batch *out) {
    const qn_table *table = &hold->tables[hold->lane];
    if (hold->next < table->batch_count)
        return qn_batch_share(out, &table->batches[hold->next++]);
    if (hold->scratch == NULL)
        return QN_OK;
    if (hold->stream == NULL)
        QN_TRY(qn_scratch_open(&hold->stream, hold->scratch, hold->lane));
    return qn_stream_next(hold->stream, out);
}

qn_status qn_hold_next(qn_hold *hold, qn_batch *out) {
    qn_batch_init(out);
    while (hold->lane < hold->lanes) {
        QN_TRY(next_of_lane(hold, out));
        if (out->count > 0)
            return QN_OK;
        qn_stream_free(hold->stream);
        hold->stream = NULL;
        hold->next = 0;
        hold->lane++;
    }
    return QN_OK;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

/* Makes sure that the present batch has rows left. */
static qn_status fill(qn_hold *hold) {
    if (hold->used < hold->batch.length)
        return QN_OK;
    qn_batch_clear(&hold->batch);
    hold->used = 0;
    QN_TRY(qn_hold_next(hold, &hold->batch));
    if (hold->batch.count == 0)
        return qn_fail(QN_INTERNAL, "rows were asked for that are not there");
    return QN_OK;
}

static qn_status skip_to(qn_hold *hold, int64_t first) {
    if (hold->lane < 0 || first < hold->position)
        QN_TRY(qn_hold_rewind(hold));
    while (hold->position < first) {
        QN_TRY(fill(hold));
        int64_t left = hold->batch.length - hold->used, wanted = first - hold->position;
        int64_t skipped = left < wanted ? left : wanted;
        hold->used += skipped;
        hold->position += skipped;
    }
    return QN_OK;
}

static qn_status add_slice(qn_hold *hold, qn_table *pieces, int64_t wanted) {
    qn_batch piece;
    qn_batch_init(&piece);
    QN_TRY(fill(hold));
    int64_t left = hold->batch.length - hold->used, count = left < wanted ? left : wanted;
    qn_status status = qn_batch_reserve(&piece, hold->batch.count);
    for (int32_t c = 0; c < hold->batch.count && status == QN_OK; c++)
        status = qn_column_slice(&piece.columns[c], hold->batch.columns[c], hold->used, count);
    if (status != QN_OK) {
        qn_batch_clear(&piece);
        return status;
    }
    piece.length = count;
    hold->used += count;
    hold->position += count;
    return qn_table_add(pieces, &piece);
}

static qn_status join(qn_batch *out, const qn_table *pieces) {
    const qn_column **columns = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_mem_alloc(&columns, (size_t)pieces->batch_count, sizeof *columns));
    QN_TRY_GOTO(qn_batch_reserve(out, pieces->batches[0].count), done);
    for (int32_t c = 0; c < out->count; c++) {
        for (int64_t b = 0; b < pieces->batch_count; b++)
            columns[b] = pieces->batches[b].columns[c];
        QN_TRY_GOTO(qn_column_concat(&out->columns[c], columns, pieces->batch_count), done);
    }
    out->length = pieces->row_count;
done:
    qn_mem_free(columns);
    return status;
}

qn_status qn_hold_rows(qn_hold *hold, int64_t first, int64_t count, qn_batch *out) {
    qn_table pieces;
    qn_table_init(&pieces);
    qn_status status;
    QN_TRY_GOTO(skip_to(hold, first), done);
    while (pieces.row_count < count)
        QN_TRY_GOTO(add_slice(hold, &pieces, count - pieces.row_count), done);
    QN_TRY_GOTO(join(out, &pieces), done);
done:
    qn_table_clear(&pieces);
    return status;
}

/* ---- Some of the rows ------------------------------------------------------------------------ */

static qn_status keep_batch(qn_hold *out, const qn_batch *batch, const uint64_t *keep,
                            int64_t first) {
    int64_t rows[QN_BATCH_ROWS], count = 0;
    qn_batch kept;
    qn_batch_init(&kept);
    for (int64_t i = 0; i < batch->length; i++) {
        rows[count] = i;
        count += qn_bit(keep, first + i);
    }
    if (count == 0)
        return QN_OK;
    kept.length = count;
    qn_status status = qn_batch_reserve(&kept, batch->count);
    for (int32_t c = 0; c < batch->count && status == QN_OK; c++)
        if (count == batch->length)
            kept.columns[c] = qn_column_retain(batch->columns[c]);
        else
            status = qn_column_take(&kept.columns[c], batch->columns[c], rows, count);
    if (status != QN_OK) {
        qn_batch_clear(&kept);
        return status;
    }
    return qn_hold_add(out, 0, &kept);
}

qn_status qn_hold_keep(qn_hold *out, qn_hold *hold, const uint64_t *keep) {
    int64_t first = 0;
    QN_TRY(qn_hold_rewind(hold));
    for (;;) {
        qn_batch batch;
        QN_TRY(qn_hold_next(hold, &batch));
        if (batch.count == 0)
            return QN_OK;
        qn_status status = keep_batch(out, &batch, keep, first);
        first += batch.length;
        qn_batch_clear(&batch);
        QN_TRY(status);
    }
}
