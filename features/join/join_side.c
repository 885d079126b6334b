/* Rows of one side of a join. */
#include "features/join/join_private.h"

#include "core/key/unify.h"
#include "core/memory.h"
#include "mpi/comm/exchange.h"

void qn_join_side_clear(qn_join_side *side) {
    qn_table_clear(&side->table);
    qn_mem_free(side->refs);
    qn_mem_free(side->starts);
    *side = (qn_join_side){0};
}

static qn_status refuse_batches(void) {
    qn_status status = qn_fail(QN_MEMORY, "a join has more than %d batches of rows on one rank",
                               (int)QN_REF_MAX_BATCHES);
    qn_error_help("use more ranks, or join fewer rows at a time");
    return status;
}

qn_status qn_join_side_check(const qn_join_side *side) {
    return side->table.batch_count >= QN_REF_MAX_BATCHES ? refuse_batches() : QN_OK;
}

qn_status qn_join_side_whole(qn_join_side *side) {
    QN_TRY(qn_join_side_check(side));
    QN_TRY(qn_mem_alloc(&side->refs, (size_t)side->table.row_count, sizeof *side->refs));
    QN_TRY(qn_mem_calloc(&side->starts, 2, sizeof *side->starts));
    int64_t n = 0;
    for (int64_t b = 0; b < side->table.batch_count; b++)
        for (int64_t i = 0; i < side->table.batches[b].length; i++)
            side->refs[n++] = qn_ref_of(b, i);
    side->rows = side->starts[1] = n;
    side->slots = 1;
    return QN_OK;
}

void qn_join_release(qn_column **columns, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        qn_column_release(columns[i]);
        columns[i] = NULL;
    }
}

/* Are these the rows of one batch, all of them in order? */
static bool is_whole_batch(const qn_table *table, const qn_ref *refs, int64_t rows) {
    if (rows == 0 || refs[0] == QN_REF_NULL || qn_ref_row(refs[0]) != 0 ||
        table->batches[qn_ref_batch(refs[0])].length != rows)
        return false;
    for (int64_t i = 1; i < rows; i++)
        if (refs[i] != refs[0] + (qn_ref)i)
            return false;
    return true;
}

qn_status qn_join_take_keys(const qn_table *table, const int32_t *keys, int32_t count,
                            const qn_ref *refs, int64_t rows, qn_column **out) {
    bool whole = is_whole_batch(table, refs, rows);
    for (int32_t k = 0; k < count; k++)
        out[k] = NULL;
    for (int32_t k = 0; k < count; k++) {
        qn_status status = QN_OK;
        if (whole)
            out[k] = qn_column_retain(table->batches[qn_ref_batch(refs[0])].columns[keys[k]]);
        else
            status = qn_table_take(&out[k], table, keys[k], refs, rows);
        if (status != QN_OK) {
            qn_join_release(out, count);
            return status;
        }
    }
    return QN_OK;
}

qn_status qn_join_collect(qn_table *out, qn_stream *in) {
    bool full = false;
    QN_TRY(qn_wide_collect(out, in, INT64_MAX, &full));
    return full ? refuse_batches() : QN_OK;
}

qn_status qn_join_concat(qn_batch *out, const qn_table *pieces) {
    const qn_column **columns = NULL;
    qn_batch joined = {.length = pieces->row_count};
    int64_t count = pieces->batch_count;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&columns, (size_t)count, sizeof *columns), done);
    QN_TRY_GOTO(qn_batch_reserve(&joined, pieces->batches[0].count), done);
    for (int32_t c = 0; c < joined.count; c++) {
        for (int64_t b = 0; b < count; b++)
            columns[b] = pieces->batches[b].columns[c];
        QN_TRY_GOTO(qn_column_concat(&joined.columns[c], columns, count), done);
    }
    qn_batch_move(out, &joined);
done:
    qn_batch_clear(&joined);
    qn_mem_free(columns);
    return status;
}

/* What arrived from the other ranks, around the own batches. */
static qn_status unpack_all(qn_table *out, qn_table *own, qn_comm *comm, const char *data,
                            const int64_t *offsets) {
    for (int from = 0; from < qn_comm_size(comm); from++) {
        if (from != qn_comm_rank(comm))
            QN_TRY(
                qn_exchange_unpack(out, data + offsets[from], offsets[from + 1] - offsets[from]));
        for (int64_t b = 0; b < own->batch_count && from == qn_comm_rank(comm); b++)
            QN_TRY(qn_table_add(out, &own->batches[b]));
    }
    return QN_OK;
}

qn_status qn_join_replicate(qn_table *table, qn_comm *comm) {
    qn_text message;
    qn_table all;
    void *data = NULL;
    int64_t *offsets = NULL;
    qn_status status = QN_OK;
    if (qn_comm_size(comm) == 1)
        return QN_OK;
    qn_text_init(&message);
    qn_table_init(&all);
    if (table->batch_count > 0)
        status = qn_exchange_pack(&message, table->batches, table->batch_count);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgatherv(comm, message.data, message.length, &data, &offsets), done);
    status = unpack_all(&all, table, comm, data, offsets);
    if (status == QN_OK)
        status = qn_schema_copy(&all.schema, &table->schema);
    if (status == QN_OK)
        status = qn_table_unify(&all);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    qn_table_clear(table);
    *table = all;
    qn_table_init(&all);
done:
    qn_text_clear(&message);
    qn_table_clear(&all);
    qn_mem_free(data);
    qn_mem_free(offsets);
    return status;
}
