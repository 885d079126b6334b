/* Conditions beyond equal keys, and what left rows find where only that matters. */
#include "features/join/join_private.h"

#include "core/memory.h"

#include <string.h>

void qn_join_pairs_clear(qn_join_pairs *pairs) {
    qn_mem_free(pairs->left);
    qn_mem_free(pairs->right);
    *pairs = (qn_join_pairs){0};
}

/* ---- Pairs that the residual judges ---------------------------------------------------------- */

/* Candidates, up to a batch of them. */
typedef struct candidates {
    const qn_matcher *matcher;
    const qn_join_chunk *chunk;
    int64_t count;
    uint32_t *left, *right; /* place in the chunk, place in the matcher */
    qn_ref *left_refs, *right_refs;
} candidates;

static void candidates_clear(candidates *self) {
    qn_mem_free(self->left);
    qn_mem_free(self->right);
    qn_mem_free(self->left_refs);
    qn_mem_free(self->right_refs);
}

static qn_status candidates_init(candidates *self) {
    QN_TRY(qn_mem_alloc(&self->left, QN_BATCH_ROWS, sizeof *self->left));
    QN_TRY(qn_mem_alloc(&self->right, QN_BATCH_ROWS, sizeof *self->right));
    QN_TRY(qn_mem_alloc(&self->left_refs, QN_BATCH_ROWS, sizeof *self->left_refs));
    return qn_mem_alloc(&self->right_refs, QN_BATCH_ROWS, sizeof *self->right_refs);
}

/* Columns that the residual reads; the others stay NULL. */
static qn_status take_columns(const candidates *self, qn_batch *batch) {
    const qn_join_plan *plan = self->matcher->plan;
    QN_TRY(qn_batch_reserve(batch, plan->left_count + plan->right_count));
    batch->length = self->count;
    for (int32_t c = 0; c < batch->count; c++) {
        bool left = c < plan->left_count;
        if (plan->residual_columns[c])
            QN_TRY(qn_table_take(&batch->columns[c],
                                 left ? self->chunk->table : &self->matcher->side->table,
                                 left ? c : c - plan->left_count,
                                 left ? self->left_refs : self->right_refs, self->count));
    }
    return QN_OK;
}

static qn_status append_passing(qn_join_pairs *out, const candidates *self, const uint64_t *keep) {
    int64_t needed = out->count + qn_bits_count(keep, self->count);
    QN_TRY(qn_mem_reserve(&out->left, &out->left_capacity, needed, sizeof *out->left));
    QN_TRY(qn_mem_reserve(&out->right, &out->right_capacity, needed, sizeof *out->right));
    for (int64_t i = 0; i < self->count; i++) {
        if (!qn_bit(keep, i))
            continue;
        out->left[out->count] = self->left[i];
        out->right[out->count++] = self->right[i];
    }
    return QN_OK;
}

static qn_status all_ones(int64_t count, uint64_t **out) {
    QN_TRY(qn_mem_alloc(out, (size_t)qn_bit_words(count), sizeof **out));
    memset(*out, 0xff, (size_t)qn_bit_words(count) * sizeof **out);
    return QN_OK;
}

static qn_status judge(qn_join_pairs *out, candidates *self) {
    uint64_t *keep = NULL;
    qn_batch batch;
    if (self->count == 0)
        return QN_OK;
    qn_batch_init(&batch);
    const qn_expr *residual = self->matcher->plan->residual;
    qn_status status = residual != NULL ? take_columns(self, &batch) : QN_OK;
    if (status == QN_OK)
        status = residual != NULL ? qn_expr_filter(residual, &batch, &keep)
                                  : all_ones(self->count, &keep);
    if (status == QN_OK)
        status = append_passing(out, self, keep);
    qn_mem_free(keep);
    qn_batch_clear(&batch);
    self->count = 0;
    return status;
}

static qn_status add_row(qn_join_pairs *out, candidates *self, int64_t row) {
    int64_t count = 0;
    const qn_matcher *matcher = self->matcher;
    const uint32_t *list = qn_matcher_list(matcher, self->chunk->groups[row], &count);
    for (int64_t i = 0; i < count; i++) {
        int64_t n = self->count++;
        self->left[n] = (uint32_t)row;
        self->right[n] = list[i];
        self->left_refs[n] = self->chunk->refs[row];
        self->right_refs[n] = matcher->side->refs[matcher->first + list[i]];
        if (self->count == QN_BATCH_ROWS)
            QN_TRY(judge(out, self));
    }
    return QN_OK;
}

qn_status qn_join_residual(qn_join_pairs *out, qn_matcher *matcher, const qn_join_chunk *chunk) {
    candidates self = {.matcher = matcher, .chunk = chunk};
    qn_status status;
    QN_TRY_GOTO(candidates_init(&self), done);
    for (int64_t i = 0; i < chunk->rows; i++)
        if (chunk->groups[i] != QN_NO_MATCH)
            QN_TRY_GOTO(add_row(out, &self, i), done);
    status = judge(out, &self);
done:
    candidates_clear(&self);
    return status;
}

/* ---- Kinds that select left rows ------------------------------------------------------------- */

static qn_status find_by_residual(uint32_t *found, qn_matcher *matcher,
                                  const qn_join_chunk *chunk) {
    qn_join_pairs pairs = {0};
    qn_status status = qn_join_residual(&pairs, matcher, chunk);
    for (int64_t i = 0; i < pairs.count; i++)
        found[pairs.left[i]] = QN_FOUND;
    qn_join_pairs_clear(&pairs);
    return status;
}

/* Pairs whose keys behind the first are equal: places of both sides, up to a batch of them. */
static qn_status compare_keys(const qn_matcher *matcher, const qn_join_chunk *chunk,
                              const qn_join_pairs *pairs, int64_t first, int64_t count, bool *equal,
                              qn_key *key) {
    const qn_join_plan *plan = matcher->plan;
    qn_ref *refs = NULL;
    qn_column **columns = NULL;
    uint64_t *words = NULL;
    const qn_key_rows *rows = NULL;
    int32_t keys = plan->key_count - 1;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&refs, (size_t)count, sizeof *refs), done);
    QN_TRY_GOTO(qn_mem_calloc(&columns, (size_t)keys, sizeof *columns), done);
    QN_TRY_GOTO(qn_mem_calloc(&words, (size_t)count * (size_t)keys * 2, sizeof *words), done);
    for (int side = 0; side < 2; side++) {
        const qn_table *table = side == 0 ? chunk->table : &matcher->side->table;
        const int32_t *list = side == 0 ? plan->left_keys : plan->right_keys;
        for (int64_t i = 0; i < count; i++)
            refs[i] = side == 0 ? chunk->refs[pairs->left[first + i]]
                                : matcher->side->refs[matcher->first + pairs->right[first + i]];
        QN_TRY_GOTO(qn_join_take_keys(table, list + 1, keys, refs, count, columns), done);
        QN_TRY_GOTO(qn_key_words(key, columns, count, true, &rows), done);
        for (int32_t k = 0; k < keys; k++)
            for (int64_t i = 0; i < count; i++) {
                bool null = qn_column_is_null(columns[k], i);
                uint64_t *word = &words[((int64_t)k * count + i) * 2];
                if (side == 0) {
                    word[0] = rows->words[k][i];
                    word[1] = null;
                } else {
                    equal[i] = (k == 0 || equal[i]) && word[1] == null &&
                               (null ? plan->null_safe[k + 1] : word[0] == rows->words[k][i]);
                }
            }
        qn_join_release(columns, keys);
    }
done:
    if (columns != NULL)
        qn_join_release(columns, keys);
    qn_mem_free(refs);
    qn_mem_free(columns);
    qn_mem_free(words);
    return status;
}

/* Left rows of pairs with equal keys behind the first are unknown. */
static qn_status mark_unknown(uint32_t *found, const qn_matcher *matcher,
                              const qn_join_chunk *chunk, const qn_join_pairs *pairs) {
    const qn_join_plan *plan = matcher->plan;
    bool equal[1024];
    qn_key *key = NULL;
    qn_status status = QN_OK;
    if (plan->key_count > 1)
        QN_TRY(qn_key_new(&key, plan->key_types + 1, plan->key_count - 1));
    for (int64_t first = 0; first < pairs->count && status == QN_OK; first += 1024) {
        int64_t count = pairs->count - first < 1024 ? pairs->count - first : 1024;
        memset(equal, true, sizeof equal);
        if (key != NULL)
            status = compare_keys(matcher, chunk, pairs, first, count, equal, key);
        for (int64_t i = 0; i < count && status == QN_OK; i++)
            if (equal[i])
                found[pairs->left[first + i]] = QN_UNKNOWN;
    }
    qn_key_free(key);
    return status;
}

/* NOT IN with a further condition: a row that found nothing is unknown if the condition holds for a
 * right row whose key cannot be compared with its own. */
static qn_status judge_unknown(uint32_t *found, qn_matcher *matcher, const qn_join_chunk *chunk,
                               const uint8_t *nulls) {
    qn_join_chunk doubtful = *chunk;
    if (matcher->rows == 0)
        return QN_OK;
    QN_TRY(qn_mem_alloc(&doubtful.groups, (size_t)chunk->rows, sizeof *doubtful.groups));
    for (int64_t i = 0; i < chunk->rows; i++)
        doubtful.groups[i] = found[i] != QN_NO_MATCH ? QN_NO_MATCH
                             : nulls[i]              ? matcher->any_group
                                                     : matcher->null_group;
    qn_join_pairs pairs = {0};
    qn_status status = qn_join_residual(&pairs, matcher, &doubtful);
    if (status == QN_OK)
        status = mark_unknown(found, matcher, chunk, &pairs);
    qn_join_pairs_clear(&pairs);
    qn_mem_free(doubtful.groups);
    return status;
}

qn_status qn_join_select(uint32_t *found, qn_matcher *matcher, const qn_join_chunk *chunk,
                         const uint8_t *nulls, const qn_join_facts *facts) {
    const qn_join_plan *plan = matcher->plan;
    for (int64_t i = 0; i < chunk->rows; i++)
        found[i] = plan->residual != NULL || chunk->groups[i] == QN_NO_MATCH ? QN_NO_MATCH
                                                                             : (uint32_t)QN_FOUND;
    if (plan->residual != NULL)
        QN_TRY(find_by_residual(found, matcher, chunk));
    if (!plan->null_aware)
        return QN_OK;
    if (qn_join_judges(plan))
        return judge_unknown(found, matcher, chunk, nulls);
    for (int64_t i = 0; i < chunk->rows; i++)
        if (found[i] == QN_NO_MATCH && facts->right_rows > 0 && (nulls[i] || facts->right_nulls))
            found[i] = QN_UNKNOWN;
    return QN_OK;
}

qn_status qn_join_mark_column(qn_column **out, const uint32_t *found, int64_t rows) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_BOOL, rows, 0));
    qn_status status = QN_OK;
    for (int64_t i = 0; i < rows && status == QN_OK; i++) {
        if (found[i] == QN_FOUND)
            qn_bit_set(column->bits, i);
        else if (found[i] == QN_UNKNOWN)
            status = qn_column_set_null(column, i);
    }
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    *out = column;
    return QN_OK;
}
