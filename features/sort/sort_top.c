#include "features/sort/sort_top.h"

#include "core/memory.h"

enum { SLACK_ROWS = 4096 }; /* candidates beyond twice the rows wanted, before they are sorted */

typedef struct top {
    const qn_sort_key *keys;
    int32_t count;
    int64_t wanted;
    qn_table rows;      /* candidates: sorted ones first, then those that came since */
    int64_t last;       /* batch and row of the last one wanted, when `full` */
    bool full;          /* `wanted` rows are sorted: what is not before the last is out */
    uint64_t worst;     /* prefix of the last one */
    bool worst_exact;   /* equal prefixes are equal keys */
    uint64_t *prefixes; /* of a batch */
    int64_t *kept;      /* rows of a batch */
} top;

qn_status qn_top_refs(qn_ref **out, const qn_table *table) {
    qn_ref *refs = NULL;
    int64_t at = 0;
    QN_TRY(qn_mem_alloc(&refs, (size_t)table->row_count, sizeof *refs));
    for (int64_t b = 0; b < table->batch_count; b++)
        for (int64_t i = 0; i < table->batches[b].length; i++)
            refs[at++] = qn_ref_of(b, i);
    *out = refs;
    return QN_OK;
}

qn_status qn_top_take(qn_table *out, const qn_table *table, const qn_ref *refs, int64_t count) {
    for (int64_t at = 0; at < count; at += QN_BATCH_ROWS) {
        qn_batch batch;
        qn_batch_init(&batch);
        int64_t rows = count - at < QN_BATCH_ROWS ? count - at : QN_BATCH_ROWS;
        qn_status status = qn_table_take_all(&batch, table, refs + at, rows);
        if (status != QN_OK) {
            qn_batch_clear(&batch);
            return status;
        }
        QN_TRY(qn_table_add(out, &batch));
    }
    return QN_OK;
}

/* Sorts the candidates and drops all but the rows wanted. Those that were sorted before come first,
 * and those that came since are behind them in the input: so a stable sort keeps the input's order
 * among equals. */
static qn_status settle(top *self) {
    qn_table kept;
    qn_ref *refs = NULL;
    qn_table_init(&kept);
    int64_t rows = self->rows.row_count < self->wanted ? self->rows.row_count : self->wanted;
    qn_status status;
    QN_TRY_GOTO(qn_top_refs(&refs, &self->rows), done);
    QN_TRY_GOTO(qn_order_sort(&self->rows, self->keys, self->count, refs, self->rows.row_count),
                done);
    QN_TRY_GOTO(qn_schema_copy(&kept.schema, &self->rows.schema), done);
    QN_TRY_GOTO(qn_top_take(&kept, &self->rows, refs, rows), done);
    qn_table_clear(&self->rows);
    self->rows = kept;
    qn_table_init(&kept);
    self->full = rows == self->wanted && rows > 0;
    if (self->full) {
        const qn_batch *batch = &self->rows.batches[self->rows.batch_count - 1];
        self->worst_exact = qn_order_prefixes(batch, self->keys, self->count, self->prefixes);
        self->worst = self->prefixes[batch->length - 1];
        self->last = self->rows.batch_count - 1;
    }
done:
    qn_mem_free(refs);
    qn_table_clear(&kept);
    return status;
}

/* Rows of the batch that may be among those wanted: `kept`, in their order. */
static int64_t choose(top *self, const qn_batch *batch) {
    int64_t count = 0, chosen = 0;
    if (!self->full) {
        for (int64_t i = 0; i < batch->length; i++)
            self->kept[i] = i;
        return batch->length;
    }
    bool exact = qn_order_prefixes(batch, self->keys, self->count, self->prefixes) &&
                 self->worst_exact && self->count <= 1;
    uint64_t bound = self->worst;
    if (exact && bound == 0)
        return 0;
    bound -= exact; /* equal rows that come later are out */
    for (int64_t i = 0; i < batch->length; i++) {
        self->kept[count] = i;
        count += self->prefixes[i] <= bound;
    }
    const qn_batch *last = &self->rows.batches[self->last];
    for (int64_t i = 0; i < count; i++) {
        int64_t row = self->kept[i];
        if (self->prefixes[row] < self->worst ||
            qn_order_compare_rows(batch, row, last, last->length - 1, self->keys, self->count) < 0)
            self->kept[chosen++] = row;
    }
    return chosen;
}

static qn_status keep_rows(top *self, const qn_batch *batch, int64_t count) {
    qn_batch taken;
    qn_batch_init(&taken);
    qn_status status = qn_batch_reserve(&taken, batch->count);
    taken.length = count;
    for (int32_t c = 0; c < batch->count && status == QN_OK; c++)
        status = qn_column_take(&taken.columns[c], batch->columns[c], self->kept, count);
    if (status != QN_OK) {
        qn_batch_clear(&taken);
        return status;
    }
    return qn_table_add(&self->rows, &taken);
}

static qn_status look_at(top *self, const qn_batch *batch) {
    int64_t count = choose(self, batch);
    if (count == 0)
        return QN_OK;
    QN_TRY(keep_rows(self, batch, count));
    return self->rows.row_count >= 2 * self->wanted + SLACK_ROWS ? settle(self) : QN_OK;
}

static qn_status read_all(top *self, qn_stream *in) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            return settle(self);
        qn_status status = look_at(self, &batch);
        qn_batch_clear(&batch);
        QN_TRY(status);
    }
}

qn_status qn_top_read(qn_table *out, qn_stream *in, const qn_sort_key *keys, int32_t count,
                      int64_t wanted) {
    top self = {.keys = keys, .count = count, .wanted = wanted};
    qn_table_init(&self.rows);
    qn_status status;
    QN_TRY_GOTO(qn_schema_copy(&self.rows.schema, &in->schema), done);
    QN_TRY_GOTO(qn_mem_alloc(&self.prefixes, QN_BATCH_ROWS, sizeof *self.prefixes), done);
    QN_TRY_GOTO(qn_mem_alloc(&self.kept, QN_BATCH_ROWS + 1, sizeof *self.kept), done);
    QN_TRY_GOTO(read_all(&self, in), done);
    *out = self.rows;
    qn_table_init(&self.rows);
done:
    qn_table_clear(&self.rows);
    qn_mem_free(self.prefixes);
    qn_mem_free(self.kept);
    return status;
}
