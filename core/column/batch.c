#include "core/column/batch.h"

#include "core/memory.h"

void qn_batch_init(qn_batch *batch) {
    *batch = (qn_batch){0};
}

void qn_batch_clear(qn_batch *batch) {
    qn_column_release(batch->row_ids);
    for (int32_t i = 0; i < batch->count; i++)
        qn_column_release(batch->columns[i]);
    qn_mem_free(batch->columns);
    qn_batch_init(batch);
}

qn_status qn_batch_reserve(qn_batch *batch, int32_t count) {
    QN_TRY(qn_mem_calloc(&batch->columns, (size_t)count, sizeof(qn_column *)));
    batch->count = count;
    return QN_OK;
}

qn_status qn_batch_share(qn_batch *out, const qn_batch *source) {
    qn_batch shared = {.length = source->length, .first_row = source->first_row};
    QN_TRY(qn_batch_reserve(&shared, source->count));
    for (int32_t i = 0; i < source->count; i++)
        shared.columns[i] = qn_column_retain(source->columns[i]);
    shared.row_ids = qn_column_retain(source->row_ids);
    *out = shared;
    return QN_OK;
}

qn_status qn_batch_append(qn_batch *batch, qn_column *column) {
    qn_status status =
        qn_mem_resize(&batch->columns, (size_t)batch->count + 1, sizeof(qn_column *));
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    batch->columns[batch->count++] = column;
    return QN_OK;
}

/* Row indices of the ones in `keep`. */
static qn_status list_rows(const uint64_t *keep, int64_t length, int64_t kept, int64_t **out) {
    int64_t *rows = NULL;
    QN_TRY(qn_mem_alloc(&rows, (size_t)kept, sizeof *rows));
    int64_t n = 0;
    for (int64_t word = 0; word < qn_bit_words(length); word++)
        for (uint64_t bits = keep[word]; bits != 0 && n < kept; bits &= bits - 1)
            rows[n++] = word * 64 + __builtin_ctzll(bits);
    *out = rows;
    return QN_OK;
}

static qn_status take_row_ids(qn_column **out, const qn_batch *source, const int64_t *rows,
                              int64_t kept) {
    qn_column *ids = NULL;
    QN_TRY(qn_column_new(&ids, QN_INT64, kept, 0));
    for (int64_t i = 0; i < kept; i++)
        ids->i64[i] = qn_batch_row(source, rows[i]);
    *out = ids;
    return QN_OK;
}

qn_status qn_batch_filter(qn_batch *out, const qn_batch *source, const uint64_t *keep) {
    int64_t kept = qn_bits_count(keep, source->length);
    if (kept == source->length)
        return qn_batch_share(out, source);
    int64_t *rows = NULL;
    QN_TRY(list_rows(keep, source->length, kept, &rows));
    qn_batch result = {.length = kept, .first_row = source->first_row};
    qn_status status;
    QN_TRY_GOTO(qn_batch_reserve(&result, source->count), done);
    for (int32_t i = 0; i < source->count; i++)
        QN_TRY_GOTO(qn_column_take(&result.columns[i], source->columns[i], rows, kept), done);
    QN_TRY_GOTO(take_row_ids(&result.row_ids, source, rows, kept), done);
    qn_batch_move(out, &result);
done:
    qn_batch_clear(&result);
    qn_mem_free(rows);
    return status;
}

void qn_batch_move(qn_batch *out, qn_batch *source) {
    *out = *source;
    qn_batch_init(source);
}

int64_t qn_batch_bytes(const qn_batch *batch) {
    int64_t bytes = batch->row_ids != NULL ? qn_column_bytes(batch->row_ids) : 0;
    for (int32_t i = 0; i < batch->count; i++)
        bytes += qn_column_bytes(batch->columns[i]);
    return bytes;
}

int64_t qn_batch_own_bytes(const qn_batch *batch) {
    int64_t bytes = qn_batch_bytes(batch);
    for (int32_t i = 0; i < batch->count; i++)
        if (batch->columns[i]->dictionary != NULL)
            bytes -= qn_column_bytes(batch->columns[i]->dictionary);
    return bytes;
}
