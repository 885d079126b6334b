#include "core/key/order_load.h"

#include "core/key/key_private.h"
#include "core/memory.h"

#include <string.h>

/* ---- Loading -------------------------------------------------------------------------------- */

/* Rows of one batch, one after the other: loops that the compiler vectorises. */
QN_KEY_CLONES void qn_order_load_run(qn_type type, const void *values, int64_t first, int64_t count,
                                     uint64_t *out) {
    const int32_t *i32 = (const int32_t *)values + first;
    const int64_t *i64 = (const int64_t *)values + first;
    const double *f64 = (const double *)values + first;
    const float *f32 = (const float *)values + first;
    switch (type) {
    case QN_BOOL:
        for (int64_t i = 0; i < count; i++)
            out[i] = qn_bit(values, first + i);
        break;
    case QN_INT32:
    case QN_DATE:
        for (int64_t i = 0; i < count; i++)
            out[i] = (uint32_t)i32[i] ^ UINT32_C(1) << 31;
        break;
    case QN_FLOAT32:
        for (int64_t i = 0; i < count; i++)
            out[i] = qn_order_f32(f32[i]);
        break;
    case QN_FLOAT64:
        for (int64_t i = 0; i < count; i++)
            out[i] = qn_order_f64(f64[i]);
        break;
    default: /* int64, timestamp */
        for (int64_t i = 0; i < count; i++)
            out[i] = (uint64_t)i64[i] ^ UINT64_C(1) << 63;
    }
}

static void load_ranks(const qn_order_piece *piece, int64_t first, int64_t count, uint64_t *out) {
    const int32_t *codes = (const int32_t *)piece->values + first;
    if (piece->values == NULL)
        for (int64_t i = 0; i < count; i++)
            out[i] = piece->ranks[first + i];
    else
        for (int64_t i = 0; i < count; i++)
            out[i] = piece->ranks[codes[i]];
}

static void load_run_nulls(const qn_order_piece *piece, int64_t first, int64_t count,
                           uint8_t *nulls) {
    if (piece->validity == NULL)
        memset(nulls, 0, (size_t)count);
    else
        for (int64_t i = 0; i < count; i++)
            nulls[i] = !qn_bit(piece->validity, first + i);
}

#define GATHER(expr)                                                                               \
    for (int64_t i = 0; i < count; i++) {                                                          \
        const qn_order_piece *piece = &pieces[qn_ref_batch(refs[i])];                              \
        int64_t row = qn_ref_row(refs[i]);                                                         \
        out[i] = (expr);                                                                           \
    }

static void gather(const qn_order_source *source, const qn_ref *refs, int64_t count,
                   uint64_t *out) {
    const qn_order_piece *pieces = source->pieces;
    switch (source->type) {
    case QN_BOOL:
        GATHER(qn_bit(piece->values, row))
        break;
    case QN_INT32:
    case QN_DATE:
        GATHER((uint32_t)((const int32_t *)piece->values)[row] ^ UINT32_C(1) << 31)
        break;
    case QN_FLOAT32:
        GATHER(qn_order_f32(((const float *)piece->values)[row]))
        break;
    case QN_FLOAT64:
        GATHER(qn_order_f64(((const double *)piece->values)[row]))
        break;
    case QN_STRING:
        GATHER(piece->ranks[piece->values == NULL ? row : ((const int32_t *)piece->values)[row]])
        break;
    default:
        GATHER((uint64_t)((const int64_t *)piece->values)[row] ^ UINT64_C(1) << 63)
    }
}

static void gather_nulls(const qn_order_source *source, const qn_ref *refs, int64_t count,
                         uint8_t *nulls) {
    for (int64_t i = 0; i < count; i++) {
        const uint64_t *validity = source->pieces[qn_ref_batch(refs[i])].validity;
        nulls[i] = validity != NULL && !qn_bit(validity, qn_ref_row(refs[i]));
    }
}

/* Are these rows one after the other in one batch? */
static bool is_run(const qn_ref *refs, int64_t count) {
    uint32_t off = 0;
    for (int64_t i = 0; i < count; i++)
        off |= refs[i] ^ (refs[0] + (uint32_t)i);
    return off == 0 && qn_ref_batch(refs[0]) == qn_ref_batch(refs[count - 1]);
}

void qn_order_load(const qn_order_source *source, const qn_ref *refs, int64_t count,
                   uint64_t *values, uint8_t *nulls) {
    if (count == 0)
        return;
    if (is_run(refs, count)) {
        const qn_order_piece *piece = &source->pieces[qn_ref_batch(refs[0])];
        if (source->type == QN_STRING)
            load_ranks(piece, qn_ref_row(refs[0]), count, values);
        else
            qn_order_load_run(source->type, piece->values, qn_ref_row(refs[0]), count, values);
        if (source->has_nulls)
            load_run_nulls(piece, qn_ref_row(refs[0]), count, nulls);
        return;
    }
    gather(source, refs, count, values);
    if (source->has_nulls)
        gather_nulls(source, refs, count, nulls);
}

/* ---- Strings -------------------------------------------------------------------------------- */

/* The distinct dictionaries of a column, each with the place of its first entry. */
typedef struct dictionaries {
    const qn_column **list;
    int64_t *first; /* one more: the number of entries */
    int64_t count, capacity, first_capacity;
    int64_t *of_batch;
} dictionaries;

static void dictionaries_clear(dictionaries *self) {
    qn_mem_free(self->list);
    qn_mem_free(self->first);
    qn_mem_free(self->of_batch);
}

/* false in *found: some batch has none, or they hold more strings than there are rows to sort, so
 * that it is cheaper to look at the rows. */
static qn_status find_dictionaries(dictionaries *self, const qn_table *table, int32_t column,
                                   int64_t rows, bool *found) {
    int64_t entries = 0;
    *found = false;
    QN_TRY(qn_mem_alloc(&self->of_batch, (size_t)table->batch_count, sizeof *self->of_batch));
    for (int64_t b = 0; b < table->batch_count; b++) {
        const qn_column *dictionary = table->batches[b].columns[column]->dictionary;
        self->of_batch[b] = -1;
        if (table->batches[b].length == 0)
            continue;
        if (dictionary == NULL)
            return QN_OK;
        int64_t i = self->count - 1, oldest = i - 8; /* repeated ones are likely the last */
        while (i >= 0 && i > oldest && self->list[i] != dictionary)
            i--;
        if (i < 0 || i == oldest) {
            QN_TRY(
                qn_mem_reserve(&self->list, &self->capacity, self->count + 1, sizeof *self->list));
            QN_TRY(qn_mem_reserve(&self->first, &self->first_capacity, self->count + 2,
                                  sizeof *self->first));
            i = self->count++;
            self->list[i] = dictionary;
            self->first[i] = entries;
            entries += dictionary->length;
        }
        self->of_batch[b] = i;
    }
    if (self->count > 0)
        self->first[self->count] = entries;
    *found = entries <= rows;
    return QN_OK;
}

static qn_status rank_dictionaries(qn_order_source *out, const qn_table *table, int32_t column,
                                   const dictionaries *found) {
    int64_t entries = found->count > 0 ? found->first[found->count] : 0;
    qn_view *texts = NULL;
    QN_TRY(qn_mem_alloc(&texts, (size_t)entries, sizeof *texts));
    for (int64_t d = 0; d < found->count; d++)
        for (int64_t i = 0; i < found->list[d]->length; i++)
            texts[found->first[d] + i] = qn_column_string(found->list[d], i);
    /* One more: nulls have code 0, also in an empty dictionary. */
    qn_status status = qn_mem_calloc(&out->ranks, (size_t)entries + 1, sizeof *out->ranks);
    if (status == QN_OK)
        status = qn_order_rank_texts(texts, entries, out->ranks);
    qn_mem_free(texts);
    QN_TRY(status);
    for (int64_t b = 0; b < table->batch_count; b++) {
        if (found->of_batch[b] < 0)
            continue;
        out->pieces[b].ranks = out->ranks + found->first[found->of_batch[b]];
        out->pieces[b].values = table->batches[b].columns[column]->codes;
    }
    return QN_OK;
}

/* Row by row, for those that are sorted. */
static qn_status rank_rows(qn_order_source *out, const qn_table *table, int32_t column,
                           const qn_ref *refs, int64_t rows) {
    qn_view *texts = NULL;
    uint32_t *ranks = NULL;
    int64_t first = 0;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&texts, (size_t)rows, sizeof *texts), done);
    QN_TRY_GOTO(qn_mem_alloc(&ranks, (size_t)rows, sizeof *ranks), done);
    for (int64_t i = 0; i < rows; i++)
        texts[i] = qn_column_string(table->batches[qn_ref_batch(refs[i])].columns[column],
                                    qn_ref_row(refs[i]));
    QN_TRY_GOTO(qn_order_rank_texts(texts, rows, ranks), done);
    int64_t all = 0;
    for (int64_t b = 0; b < table->batch_count; b++)
        all += table->batches[b].length;
    QN_TRY_GOTO(qn_mem_alloc(&out->ranks, (size_t)all, sizeof *out->ranks), done);
    for (int64_t b = 0; b < table->batch_count; b++) {
        out->pieces[b].ranks = out->ranks + first;
        out->pieces[b].values = NULL;
        first += table->batches[b].length;
    }
    for (int64_t i = 0; i < rows; i++) {
        int64_t at = out->pieces[qn_ref_batch(refs[i])].ranks - out->ranks;
        out->ranks[at + qn_ref_row(refs[i])] = ranks[i];
    }
done:
    qn_mem_free(texts);
    qn_mem_free(ranks);
    return status;
}

static qn_status rank_strings(qn_order_source *out, const qn_table *table, int32_t column,
                              const qn_ref *refs, int64_t rows) {
    dictionaries found = {0};
    bool coded = false;
    qn_status status = find_dictionaries(&found, table, column, rows, &coded);
    if (status == QN_OK)
        status = coded ? rank_dictionaries(out, table, column, &found)
                       : rank_rows(out, table, column, refs, rows);
    dictionaries_clear(&found);
    return status;
}

/* ---- Sources -------------------------------------------------------------------------------- */

qn_status qn_order_source_init(qn_order_source *out, const qn_table *table, int32_t column,
                               const qn_ref *refs, int64_t rows) {
    *out = (qn_order_source){.type = QN_INT64};
    if (table->batch_count > QN_REF_MAX_BATCHES)
        return qn_fail(QN_INTERNAL, "a table of %lld batches is too long to be sorted in memory",
                       (long long)table->batch_count);
    QN_TRY(qn_mem_calloc(&out->pieces, (size_t)table->batch_count, sizeof *out->pieces));
    for (int64_t b = 0; b < table->batch_count; b++) {
        const qn_column *from = table->batches[b].columns[column];
        out->type = from->type;
        out->has_nulls |= from->null_count > 0;
        out->pieces[b].values = from->values;
        out->pieces[b].validity = from->null_count > 0 ? from->validity : NULL;
    }
    qn_status status = QN_OK;
    if (out->type == QN_STRING)
        status = rank_strings(out, table, column, refs, rows);
    if (status != QN_OK)
        qn_order_source_clear(out);
    return status;
}

void qn_order_source_clear(qn_order_source *source) {
    qn_mem_free(source->pieces);
    qn_mem_free(source->ranks);
    *source = (qn_order_source){0};
}
