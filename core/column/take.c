#include "core/column/take.h"

#include "core/memory.h"
#include "core/text/short.h"

#include <string.h>

/* One column of the table, and the rows that are taken from it. */
typedef struct source {
    const qn_table *table;
    int32_t column;
    const qn_ref *refs;
    int64_t count;
    bool null_refs;          /* some ref is QN_REF_NULL */
    const qn_column **parts; /* by batch; NULL: not needed */
    const void **values;     /* by batch: the part's values */
    bool nulls;              /* some row may be null */
    bool coded;              /* all parts have one dictionary: */
    qn_column *dictionary;
} source;

static void meet_part(source *self, int64_t batch) {
    const qn_batch *from = &self->table->batches[batch];
    const qn_column *part = self->column < from->count ? from->columns[self->column] : NULL;
    self->parts[batch] = part;
    if (part == NULL)
        return;
    self->values[batch] = part->values;
    self->nulls |= part->validity != NULL;
    if (part->length == 0)
        return;
    if (self->dictionary == NULL)
        self->dictionary = part->dictionary;
    self->coded &= part->dictionary != NULL && part->dictionary == self->dictionary;
}

/* Looks up the parts that are needed: all of them, if they are few beside the rows. */
static void meet_parts(source *self) {
    int64_t batches = self->table->batch_count;
    bool all = batches <= self->count / 8;
    self->nulls = self->null_refs;
    self->coded = true;
    self->dictionary = NULL;
    if (!all)
        memset(self->parts, 0, (size_t)batches * sizeof *self->parts);
    for (int64_t i = 0; all && i < batches; i++)
        meet_part(self, i);
    for (int64_t i = 0; !all && i < self->count; i++)
        if (self->refs[i] != QN_REF_NULL && self->parts[qn_ref_batch(self->refs[i])] == NULL)
            meet_part(self, qn_ref_batch(self->refs[i]));
    self->coded &= self->dictionary != NULL;
}

/* ---- Fixed-width values ---------------------------------------------------------------------- */

/* Far enough for a cache miss to end, near enough for the line to be there still. */
enum { AHEAD = 64 };

#define VALUE(type, i) ((const type *)values[qn_ref_batch(refs[i])])[qn_ref_row(refs[i])]

#define TAKE_VALUES(type)                                                                          \
    static void take_##type(type *out, const source *self) {                                       \
        const void *const *values = self->values;                                                  \
        const qn_ref *refs = self->refs;                                                           \
        int64_t count = self->count, i = 0;                                                        \
        for (; i < count - AHEAD && !self->null_refs; i++) {                                       \
            __builtin_prefetch(&VALUE(type, i + AHEAD));                                           \
            out[i] = VALUE(type, i);                                                               \
        }                                                                                          \
        for (; i < count; i++) {                                                                   \
            if (i + AHEAD < count && refs[i + AHEAD] != QN_REF_NULL)                               \
                __builtin_prefetch(&VALUE(type, i + AHEAD));                                       \
            out[i] = refs[i] == QN_REF_NULL ? 0 : VALUE(type, i);                                  \
        }                                                                                          \
    }
TAKE_VALUES(int64_t)
TAKE_VALUES(int32_t)

/* Bits of the rows, a word at a time. `validity`: those, not the values. */
static void take_bits(uint64_t *out, const source *self, bool validity) {
    for (int64_t first = 0; first < self->count; first += 64) {
        int64_t end = self->count - first < 64 ? self->count - first : 64;
        uint64_t word = 0;
        for (int64_t i = 0; i < end; i++) {
            qn_ref ref = self->refs[first + i];
            if (ref == QN_REF_NULL)
                continue;
            const qn_column *part = self->parts[qn_ref_batch(ref)];
            const uint64_t *bits = validity ? part->validity : part->bits;
            word |= (uint64_t)(bits == NULL || qn_bit(bits, qn_ref_row(ref))) << i;
        }
        out[first / 64] = word;
    }
}

static qn_status take_validity(qn_column *out, const source *self) {
    uint64_t *validity = NULL;
    if (!self->nulls)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&validity, ((size_t)qn_bit_words(self->count) + 8) & ~(size_t)7,
                         sizeof *validity));
    take_bits(validity, self, true);
    qn_column_set_validity(out, validity);
    return QN_OK;
}

/* ---- Values of any length -------------------------------------------------------------------- */

/* The text of row i, through the part's dictionary if it has one; empty for a null. */
static inline qn_view text_at(const source *self, int64_t i) {
    qn_ref ref = self->refs[i];
    if (ref == QN_REF_NULL)
        return (qn_view){"", 0};
    const qn_column *part = self->parts[qn_ref_batch(ref)];
    int64_t row = qn_ref_row(ref);
    if (part->dictionary != NULL) {
        if (qn_column_is_null(part, row))
            return (qn_view){"", 0};
        row = part->codes[row];
        part = part->dictionary;
    }
    int32_t start = part->offsets[row];
    return (qn_view){part->chars + start, part->offsets[row + 1] - start};
}

static void prefetch_text(const source *self, int64_t i) {
    qn_ref ref = i < self->count ? self->refs[i] : QN_REF_NULL;
    const qn_column *part = ref == QN_REF_NULL ? NULL : self->parts[qn_ref_batch(ref)];
    if (part != NULL && part->dictionary == NULL)
        __builtin_prefetch(part->offsets + qn_ref_row(ref));
}

static qn_status take_offsets(qn_column *out, const source *self) {
    int64_t total = 0;
    for (int64_t i = 0; i < self->count; i++) {
        prefetch_text(self, i + AHEAD);
        qn_view text = text_at(self, i);
        if (text.length > 0)
            __builtin_prefetch(text.data);
        total += text.length;
        if (total > INT32_MAX)
            return qn_fail(QN_DATA, "more than 2 GiB of text in one column of a batch");
        out->offsets[i + 1] = (int32_t)total;
    }
    return QN_OK;
}

static qn_status fill_strings(qn_column *out, const source *self) {
    QN_TRY(take_offsets(out, self));
    QN_TRY(qn_mem_alloc(&out->chars, (size_t)out->offsets[self->count] + 64, 1));
    for (int64_t i = 0; i < self->count; i++) {
        qn_view text = text_at(self, i);
        qn_copy_short(out->chars + out->offsets[i], text.data, text.length);
    }
    return take_validity(out, self);
}

static qn_status take_strings(qn_column **out, const source *self) {
    qn_column *taken = NULL;
    QN_TRY(qn_column_new(&taken, QN_STRING, self->count, 0));
    qn_status status = fill_strings(taken, self);
    if (status != QN_OK) {
        qn_column_release(taken);
        return status;
    }
    *out = taken;
    return QN_OK;
}

/* Lists and vectors: neighbours of one batch are taken together, and the pieces joined. */
static int64_t run_length(const qn_ref *refs, int64_t count) {
    int64_t length = 1;
    while (length < count && (refs[length] == QN_REF_NULL) == (refs[0] == QN_REF_NULL) &&
           (refs[0] == QN_REF_NULL || qn_ref_batch(refs[length]) == qn_ref_batch(refs[0])))
        length++;
    return length;
}

static qn_status take_run(qn_column **out, const source *self, const qn_ref *refs, int64_t count,
                          int64_t *rows) {
    const qn_field *field = &self->table->schema.fields[self->column];
    if (refs[0] == QN_REF_NULL)
        return qn_column_new_null(out, field->type, count, field->width);
    for (int64_t i = 0; i < count; i++)
        rows[i] = qn_ref_row(refs[i]);
    return qn_column_take(out, self->parts[qn_ref_batch(refs[0])], rows, count);
}

static qn_status take_runs(qn_column **out, const source *self) {
    const qn_field *field = &self->table->schema.fields[self->column];
    const qn_ref *refs = self->refs;
    qn_column **pieces = NULL;
    int64_t *rows = NULL, pieces_count = 0, count = self->count;
    qn_status status = QN_OK;
    if (count == 0)
        return qn_column_new_null(out, field->type, 0, field->width);
    QN_TRY_GOTO(qn_mem_calloc(&pieces, (size_t)count, sizeof *pieces), done);
    QN_TRY_GOTO(qn_mem_alloc(&rows, (size_t)count, sizeof *rows), done);
    for (int64_t i = 0; i < count;) {
        int64_t length = run_length(refs + i, count - i);
        QN_TRY_GOTO(take_run(&pieces[pieces_count], self, refs + i, length, rows), done);
        pieces_count++;
        i += length;
    }
    status = qn_column_concat(out, (const qn_column *const *)pieces, pieces_count);
done:
    for (int64_t i = 0; i < pieces_count; i++)
        qn_column_release(pieces[i]);
    qn_mem_free(pieces);
    qn_mem_free(rows);
    return status;
}

/* ---- All types ------------------------------------------------------------------------------- */

static qn_status take_fixed(qn_column **out, const source *self, qn_type type) {
    qn_column *taken = NULL;
    qn_status status = type == QN_BOOL ? qn_column_new(&taken, type, self->count, 0)
                                       : qn_column_new_raw(&taken, type, self->count, 0);
    QN_TRY(status);
    if (type == QN_BOOL)
        take_bits(taken->bits, self, false);
    else if (qn_type_size(type) == 8)
        take_int64_t(taken->i64, self);
    else
        take_int32_t(taken->i32, self);
    status = take_validity(taken, self);
    if (status != QN_OK) {
        qn_column_release(taken);
        return status;
    }
    *out = taken;
    return QN_OK;
}

static qn_status take_codes(qn_column **out, const source *self) {
    QN_TRY(take_fixed(out, self, QN_INT32));
    (*out)->type = QN_STRING;
    (*out)->dictionary = qn_column_retain(self->dictionary);
    return QN_OK;
}

static qn_status take_column(qn_column **out, source *self, int32_t column) {
    qn_type type = self->table->schema.fields[column].type;
    self->column = column;
    meet_parts(self);
    if (type == QN_STRING_LIST || type == QN_VECTOR)
        return take_runs(out, self);
    if (type != QN_STRING)
        return take_fixed(out, self, type);
    return self->coded ? take_codes(out, self) : take_strings(out, self);
}

static qn_status source_init(source *self, const qn_table *table, const qn_ref *refs,
                             int64_t count) {
    uint64_t nulls = 0;
    for (int64_t i = 0; i < count; i++)
        nulls += refs[i] == QN_REF_NULL;
    *self = (source){.table = table, .refs = refs, .count = count, .null_refs = nulls > 0};
    QN_TRY(qn_mem_alloc(&self->parts, (size_t)table->batch_count, sizeof *self->parts));
    return qn_mem_alloc(&self->values, (size_t)table->batch_count, sizeof *self->values);
}

static void source_clear(source *self) {
    qn_mem_free(self->parts);
    qn_mem_free(self->values);
}

qn_status qn_table_take(qn_column **out, const qn_table *table, int32_t column, const qn_ref *refs,
                        int64_t count) {
    source self;
    qn_status status = source_init(&self, table, refs, count);
    if (status == QN_OK)
        status = take_column(out, &self, column);
    source_clear(&self);
    return status;
}

qn_status qn_table_take_all(qn_batch *out, const qn_table *table, const qn_ref *refs,
                            int64_t count) {
    source self;
    qn_status status = source_init(&self, table, refs, count);
    for (int32_t i = 0; i < table->schema.count && status == QN_OK; i++) {
        qn_column *column = NULL;
        status = take_column(&column, &self, i);
        if (status == QN_OK)
            status = qn_batch_append(out, column);
    }
    source_clear(&self);
    if (status == QN_OK)
        out->length = count;
    return status;
}
