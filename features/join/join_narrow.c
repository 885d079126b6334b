/* A join that gives each left row at most once, with the right side on every rank: left batches
 * pass through, as through a filter. */
#include "features/join/join_narrow.h"

#include "core/memory.h"

void qn_join_narrow_clear(qn_join_narrow *self) {
    qn_matcher_clear(&self->matcher);
    qn_join_side_clear(&self->right);
    qn_mem_free(self->groups);
    qn_mem_free(self->found);
    qn_mem_free(self->nulls);
    qn_mem_free(self->refs);
    qn_mem_free(self->keys);
    *self = (qn_join_narrow){0};
}

qn_status qn_join_narrow_init(qn_join_narrow *self) {
    int32_t keys = self->plan->key_count;
    QN_TRY(qn_mem_alloc(&self->groups, QN_BATCH_ROWS, sizeof *self->groups));
    QN_TRY(qn_mem_alloc(&self->found, QN_BATCH_ROWS, sizeof *self->found));
    QN_TRY(qn_mem_alloc(&self->nulls, QN_BATCH_ROWS, 1));
    QN_TRY(qn_mem_alloc(&self->refs, QN_BATCH_ROWS, sizeof *self->refs));
    QN_TRY(qn_mem_calloc(&self->keys, (size_t)keys, sizeof *self->keys));
    return qn_matcher_init(&self->matcher, self->plan, &self->right, 0, self->right.rows);
}

bool qn_join_is_narrow(const qn_join_narrow *self) {
    qn_join_kind kind = self->plan->kind;
    return qn_join_selects(self->plan) ||
           (self->matcher.unique && (kind == QN_JOIN_INNER || kind == QN_JOIN_LEFT));
}

static const qn_ref *right_refs(const qn_join_narrow *self) {
    return self->right.refs; /* the matcher has all rows */
}

/* found[i]: the only match of each row that the residual lets pass. */
static qn_status find_passing(qn_join_narrow *self, const qn_join_chunk *chunk) {
    qn_join_pairs pairs = {0};
    qn_status status = qn_join_residual(&pairs, &self->matcher, chunk);
    for (int64_t i = 0; i < chunk->rows; i++)
        self->found[i] = QN_NO_MATCH;
    for (int64_t i = 0; i < pairs.count; i++)
        self->found[pairs.left[i]] = right_refs(self)[pairs.right[i]];
    qn_join_pairs_clear(&pairs);
    return status;
}

static qn_status find(qn_join_narrow *self, const qn_batch *batch) {
    const qn_join_plan *plan = self->plan;
    qn_batch one = *batch;
    qn_table table = {.schema = plan->left_schema, .batch_count = 1, .batches = &one};
    table.row_count = batch->length;
    qn_join_chunk chunk = {&table, self->refs, batch->length, self->groups};
    for (int32_t k = 0; k < plan->key_count; k++)
        self->keys[k] = batch->columns[plan->left_keys[k]];
    for (int64_t i = 0; i < batch->length; i++)
        self->refs[i] = qn_ref_of(0, i);
    QN_TRY(qn_matcher_probe(&self->matcher, self->keys, batch->length, self->groups, self->nulls));
    if (qn_join_selects(plan))
        return qn_join_select(self->found, &self->matcher, &chunk, self->nulls, &self->facts);
    if (plan->residual != NULL)
        return find_passing(self, &chunk);
    for (int64_t i = 0; i < batch->length; i++)
        self->found[i] = self->groups[i] == QN_NO_MATCH
                             ? QN_NO_MATCH
                             : right_refs(self)[self->matcher.positions[self->groups[i]]];
    return QN_OK;
}

/* Bits of the rows that are given; `found` is left with theirs. Without branches: which rows match
 * cannot be foreseen. */
static void mark_given(const qn_join_plan *plan, uint32_t *found, int64_t rows, uint64_t *keep) {
    bool all = qn_join_gives(plan, QN_UNKNOWN) && qn_join_gives(plan, QN_NO_MATCH);
    bool selects = qn_join_selects(plan);
    uint32_t wanted = plan->kind == QN_JOIN_SEMI ? (uint32_t)QN_FOUND : QN_NO_MATCH;
    int64_t n = 0;
    for (int64_t first = 0; first < rows; first += 64) {
        int64_t end = rows - first < 64 ? rows - first : 64;
        uint64_t word = 0;
        for (int64_t i = 0; i < end; i++) {
            uint32_t finding = found[first + i];
            bool given = all | (selects ? finding == wanted : finding != QN_NO_MATCH);
            word |= (uint64_t)given << i;
            found[n] = finding;
            n += given;
        }
        keep[first / 64] = word;
    }
}

/* Keeps the rows that are given, and of `found` what belongs to them. */
static qn_status keep_given(qn_join_narrow *self, const qn_batch *batch, qn_batch *out) {
    uint64_t *keep = NULL;
    QN_TRY(qn_mem_calloc(&keep, (size_t)qn_bit_words(batch->length), sizeof *keep));
    mark_given(self->plan, self->found, batch->length, keep);
    qn_status status = qn_batch_filter(out, batch, keep);
    qn_mem_free(keep);
    return status;
}

qn_status qn_join_narrow_run(qn_join_narrow *self, const qn_batch *batch, qn_batch *out) {
    QN_TRY(find(self, batch));
    QN_TRY(keep_given(self, batch, out));
    if (self->plan->kind == QN_JOIN_MARK) {
        qn_column *mark = NULL;
        QN_TRY(qn_join_mark_column(&mark, self->found, out->length));
        return qn_batch_append(out, mark);
    }
    if (qn_join_selects(self->plan))
        return QN_OK;
    return qn_table_take_all(out, &self->right.table, self->found, out->length);
}
