#include "core/key/order.h"

#include "core/key/order_kept.h"
#include "core/key/order_load.h"
#include "core/key/radix.h"
#include "core/memory.h"

#include <string.h>

typedef struct sorting {
    const qn_sort_key *keys;
    int32_t count;
    qn_order_source *sources;
    qn_order_range *ranges;
    qn_order_field *fields; /* most important first */
    int32_t field_count;
    qn_ref *refs;
    int64_t rows;
    bool keep;      /* the words, if all keys are in one */
    uint64_t *kept; /* they, */
    int kept_shift; /* and where keys begin in them */
} sorting;

/* ---- Checking ------------------------------------------------------------------------------- */

qn_status qn_order_check(const qn_schema *schema, const qn_sort_key *keys, int32_t count) {
    for (int32_t k = 0; k < count; k++) {
        int32_t column = keys[k].column;
        if (column < 0 || column >= schema->count)
            return qn_fail(QN_INTERNAL, "sort key %d is column %d of %d", k + 1, column,
                           schema->count);
        const qn_field *sorted = &schema->fields[column];
        if (sorted->type == QN_STRING_LIST || sorted->type == QN_VECTOR)
            return qn_fail(QN_JOB, "cannot sort by column '%s': a %s has no order", sorted->name,
                           qn_type_name(sorted->type));
    }
    return QN_OK;
}

/* ---- Ranges of the keys --------------------------------------------------------------------- */

static void find_range(const sorting *self, int32_t key, qn_order_range *out) {
    const qn_order_source *source = &self->sources[key];
    uint64_t values[QN_ORDER_CHUNK], least = UINT64_MAX, most = 0;
    uint8_t nulls[QN_ORDER_CHUNK];
    for (int64_t first = 0; first < self->rows; first += QN_ORDER_CHUNK) {
        int64_t left = self->rows - first;
        int64_t count = left < QN_ORDER_CHUNK ? left : QN_ORDER_CHUNK;
        qn_order_load(source, self->refs + first, count, values, nulls);
        if (source->has_nulls) {
            for (int64_t i = 0; i < count; i++) {
                out->has_nulls |= nulls[i];
                least = nulls[i] || values[i] > least ? least : values[i];
                most = nulls[i] || values[i] < most ? most : values[i];
            }
        } else {
            for (int64_t i = 0; i < count; i++) {
                least = values[i] < least ? values[i] : least;
                most = values[i] > most ? values[i] : most;
            }
        }
    }
    out->any = least <= most;
    out->least = out->any ? least : 0;
    out->extent = out->any ? most - least : 0;
}

static int bits_of(uint64_t number) {
    return number == 0 ? 0 : 64 - __builtin_clzll(number);
}

static void lay_out_key(sorting *self, int32_t key) {
    const qn_order_range *range = &self->ranges[key];
    if (range->has_nulls && range->extent == UINT64_MAX) {
        self->fields[self->field_count++] = (qn_order_field){key, 1, true};
        self->fields[self->field_count++] = (qn_order_field){key, 64, false};
        return;
    }
    int bits = bits_of(range->extent + (range->has_nulls && range->any));
    if (bits > 0)
        self->fields[self->field_count++] = (qn_order_field){key, bits, false};
}

static qn_status sorting_init(sorting *self, const qn_table *table) {
    QN_TRY(qn_mem_calloc(&self->sources, (size_t)self->count, sizeof *self->sources));
    QN_TRY(qn_mem_calloc(&self->ranges, (size_t)self->count, sizeof *self->ranges));
    QN_TRY(qn_mem_alloc(&self->fields, 2 * (size_t)self->count, sizeof *self->fields));
    for (int32_t k = 0; k < self->count; k++) {
        QN_TRY(qn_order_source_init(&self->sources[k], table, self->keys[k].column, self->refs,
                                    self->rows));
        find_range(self, k, &self->ranges[k]);
        lay_out_key(self, k);
    }
    return QN_OK;
}

static void sorting_clear(sorting *self) {
    for (int32_t k = 0; self->sources != NULL && k < self->count; k++)
        qn_order_source_clear(&self->sources[k]);
    qn_mem_free(self->sources);
    qn_mem_free(self->ranges);
    qn_mem_free(self->fields);
    qn_mem_free(self->kept);
}

/* ---- Words ---------------------------------------------------------------------------------- */

/* Adds a field of some rows below what `words` hold; the top field begins them. */
static void add_field(const sorting *self, const qn_order_field *what, const qn_ref *refs,
                      int64_t count, bool top_field, uint64_t *words) {
    const qn_order_source *source = &self->sources[what->key];
    const qn_sort_key *key = &self->keys[what->key];
    qn_order_range range = self->ranges[what->key];
    uint64_t values[QN_ORDER_CHUNK], top = range.least + range.extent;
    uint8_t nulls[QN_ORDER_CHUNK];
    qn_order_load(source, refs, count, values, nulls);
    if (what->null_field) {
        for (int64_t i = 0; i < count; i++)
            words[i] = (top_field ? 0 : words[i] << 1) | (nulls[i] == key->nulls_last);
        return;
    }
    if (key->descending)
        for (int64_t i = 0; i < count; i++)
            values[i] = top - values[i];
    else
        for (int64_t i = 0; i < count; i++)
            values[i] -= range.least;
    if (range.has_nulls) {
        bool own_field = range.extent == UINT64_MAX;
        uint64_t null_value = key->nulls_last && !own_field ? range.extent + range.any : 0;
        uint64_t shift = !key->nulls_last && !own_field;
        for (int64_t i = 0; i < count; i++)
            values[i] = nulls[i] ? null_value : values[i] + shift;
    }
    if (top_field)
        memcpy(words, values, (size_t)count * sizeof *words);
    else
        for (int64_t i = 0; i < count; i++)
            words[i] = words[i] << what->bits | values[i];
}

/* Fields [first, last) of all rows as one word. */
static void make_words(const sorting *self, int32_t first, int32_t last, uint64_t *words) {
    for (int64_t at = 0; at < self->rows; at += QN_ORDER_CHUNK) {
        int64_t left = self->rows - at;
        int64_t count = left < QN_ORDER_CHUNK ? left : QN_ORDER_CHUNK;
        for (int32_t f = first; f < last; f++)
            add_field(self, &self->fields[f], self->refs + at, count, f == first, words + at);
    }
}

static void keep_words(sorting *self, uint64_t **words, int shift) {
    if (!self->keep)
        return;
    self->kept = *words;
    self->kept_shift = shift;
    *words = NULL;
}

/* The word's bits and the row's name in one number. */
static qn_status sort_narrow(sorting *self, int32_t first, int32_t last, int bits) {
    uint64_t *words = NULL, *spare = NULL;
    size_t n = (size_t)self->rows;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&words, n, sizeof *words), done);
    QN_TRY_GOTO(qn_mem_alloc(&spare, n, sizeof *spare), done);
    make_words(self, first, last, words);
    for (int64_t i = 0; i < self->rows; i++)
        words[i] = words[i] << 32 | self->refs[i];
    qn_radix_sort(words, spare, self->rows, 32, 32 + bits);
    for (int64_t i = 0; i < self->rows; i++)
        self->refs[i] = (qn_ref)words[i];
    keep_words(self, &words, 32);
done:
    qn_mem_free(words);
    qn_mem_free(spare);
    return status;
}

static qn_status sort_wide(sorting *self, int32_t first, int32_t last, int bits) {
    uint64_t *words = NULL, *spare = NULL;
    qn_ref *spare_refs = NULL;
    size_t n = (size_t)self->rows;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&words, n, sizeof *words), done);
    QN_TRY_GOTO(qn_mem_alloc(&spare, n, sizeof *spare), done);
    QN_TRY_GOTO(qn_mem_alloc(&spare_refs, n, sizeof *spare_refs), done);
    make_words(self, first, last, words);
    qn_radix_sort_pairs(words, self->refs, spare, spare_refs, self->rows, 0, bits);
    keep_words(self, &words, 0);
done:
    qn_mem_free(words);
    qn_mem_free(spare);
    qn_mem_free(spare_refs);
    return status;
}

/* Words from the least important to the most important one: each sort is stable. */
static qn_status sort_words(sorting *self) {
    int32_t last = self->field_count;
    int all = 0;
    for (int32_t f = 0; f < last; f++)
        all += self->fields[f].bits;
    self->keep &= all > 0 && all <= 64;
    while (last > 0) {
        int32_t first = last;
        int bits = 0;
        while (first > 0 && bits + self->fields[first - 1].bits <= 64)
            bits += self->fields[--first].bits;
        QN_TRY(bits <= 32 ? sort_narrow(self, first, last, bits)
                          : sort_wide(self, first, last, bits));
        last = first;
    }
    return QN_OK;
}

/* ---- Sorting -------------------------------------------------------------------------------- */

static qn_status make_kept(sorting *self, qn_order_kept **out) {
    qn_order_kept *kept = NULL;
    size_t count = (size_t)self->count;
    int shift = self->kept_shift;
    if (self->kept == NULL)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&kept, 1, sizeof *kept));
    kept->words = self->kept;
    self->kept = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_copy(&kept->keys, self->keys, count, sizeof *self->keys), done);
    QN_TRY_GOTO(qn_mem_copy(&kept->ranges, self->ranges, count, sizeof *self->ranges), done);
    QN_TRY_GOTO(qn_mem_calloc(&kept->types, count, sizeof *kept->types), done);
    QN_TRY_GOTO(qn_mem_calloc(&kept->shifts, count, sizeof *kept->shifts), done);
    QN_TRY_GOTO(qn_mem_calloc(&kept->bits, count, sizeof *kept->bits), done);
    kept->count = self->count;
    for (int32_t k = 0; k < self->count; k++) {
        kept->types[k] = self->sources[k].type;
        kept->shifts[k] = -1;
    }
    for (int32_t f = self->field_count - 1; f >= 0; shift += self->fields[f--].bits) {
        kept->shifts[self->fields[f].key] = shift;
        kept->bits[self->fields[f].key] = self->fields[f].bits;
    }
done:
    if (status == QN_OK)
        *out = kept;
    else
        qn_order_kept_free(kept);
    return status;
}

static bool is_plain_text(const qn_table *table, const qn_sort_key *keys, int32_t count,
                          const qn_ref *refs) {
    if (count != 1)
        return false;
    const qn_column *column = table->batches[qn_ref_batch(refs[0])].columns[keys[0].column];
    return column->type == QN_STRING && column->dictionary == NULL;
}

qn_status qn_order_sort_keep(const qn_table *table, const qn_sort_key *keys, int32_t count,
                             qn_ref *refs, int64_t rows, qn_order_kept **kept) {
    if (kept != NULL)
        *kept = NULL;
    if (rows < 2)
        return QN_OK;
    if (is_plain_text(table, keys, count, refs))
        return qn_order_sort_strings(table, keys, refs, rows);
    sorting self = {.keys = keys, .count = count, .refs = refs, .rows = rows, .keep = kept != NULL};
    qn_status status = sorting_init(&self, table);
    if (status == QN_OK)
        status = sort_words(&self);
    if (status == QN_OK && kept != NULL)
        status = make_kept(&self, kept);
    sorting_clear(&self);
    return status;
}

qn_status qn_order_sort(const qn_table *table, const qn_sort_key *keys, int32_t count, qn_ref *refs,
                        int64_t rows) {
    return qn_order_sort_keep(table, keys, count, refs, rows, NULL);
}
