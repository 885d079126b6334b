#include "core/column/take.h"

#include "core/memory.h"

#include <string.h>

/* The column's parts in each batch that some row comes from; looked up at the first of them. */
typedef struct source {
    const qn_table *table;
    int32_t column;
    const qn_column **parts; /* by batch; NULL: not met yet */
    bool nulls;              /* some row may be null */
} source;

static const qn_column *part_of(source *self, qn_ref ref) {
    int64_t batch = qn_ref_batch(ref);
    const qn_column *part = self->parts[batch];
    if (__builtin_expect(part != NULL, 1))
        return part;
    part = self->table->batches[batch].columns[self->column];
    self->parts[batch] = part;
    return part;
}

/* Looks up all parts that are needed; after this, `parts` may be read directly. */
static void meet_parts(source *self, const qn_ref *refs, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (refs[i] == QN_REF_NULL)
            self->nulls = true;
        else
            self->nulls |= part_of(self, refs[i])->validity != NULL;
    }
}

/* ---- Fixed-width values ---------------------------------------------------------------------- */

/* Far enough for a cache miss to end, near enough for the line to be there still. */
enum { AHEAD = 24 };

#define TAKE_VALUES(member)                                                                        \
    for (int64_t i = 0; i < count; i++) {                                                          \
        if (i + AHEAD < count && refs[i + AHEAD] != QN_REF_NULL)                                   \
            __builtin_prefetch(                                                                    \
                &parts[qn_ref_batch(refs[i + AHEAD])]->member[qn_ref_row(refs[i + AHEAD])]);       \
        out->member[i] = refs[i] == QN_REF_NULL                                                    \
                             ? 0                                                                   \
                             : parts[qn_ref_batch(refs[i])]->member[qn_ref_row(refs[i])];          \
    }

static void take_wide(qn_column *out, const qn_column *const *parts, const qn_ref *refs) {
    int64_t count = out->length;
    TAKE_VALUES(i64)
}

static void take_narrow(qn_column *out, const qn_column *const *parts, const qn_ref *refs) {
    int64_t count = out->length;
    TAKE_VALUES(i32)
}

static void take_bits(qn_column *out, const qn_column *const *parts, const qn_ref *refs) {
    for (int64_t i = 0; i < out->length; i++)
        if (refs[i] != QN_REF_NULL &&
            qn_bit(parts[qn_ref_batch(refs[i])]->bits, qn_ref_row(refs[i])))
            qn_bit_set(out->bits, i);
}

/* ---- Values of any length -------------------------------------------------------------------- */

/* One batch's strings after the other, through its dictionary if it has one. */
static qn_status take_strings(qn_column **out, source *self, const qn_ref *refs, int64_t count) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count; i++) {
        bool null = refs[i] == QN_REF_NULL;
        const qn_column *part = null ? NULL : self->parts[qn_ref_batch(refs[i])];
        int64_t row = qn_ref_row(refs[i]);
        if (null || qn_column_is_null(part, row))
            QN_TRY_GOTO(qn_string_builder_add_null(&builder), done);
        else
            QN_TRY_GOTO(qn_string_builder_add(&builder, qn_column_string(part, row)), done);
    }
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    return status;
}

/* Lists and vectors: neighbours of one batch are taken together, and the pieces joined. */
static int64_t run_length(const qn_ref *refs, int64_t count) {
    int64_t length = 1;
    while (length < count && (refs[length] == QN_REF_NULL) == (refs[0] == QN_REF_NULL) &&
           (refs[0] == QN_REF_NULL || qn_ref_batch(refs[length]) == qn_ref_batch(refs[0])))
        length++;
    return length;
}

static qn_status take_run(qn_column **out, source *self, const qn_ref *refs, int64_t count,
                          int64_t *rows) {
    const qn_field *field = &self->table->schema.fields[self->column];
    if (refs[0] == QN_REF_NULL)
        return qn_column_new_null(out, field->type, count, field->width);
    for (int64_t i = 0; i < count; i++)
        rows[i] = qn_ref_row(refs[i]);
    return qn_column_take(out, part_of(self, refs[0]), rows, count);
}

static qn_status take_runs(qn_column **out, source *self, const qn_ref *refs, int64_t count) {
    const qn_field *field = &self->table->schema.fields[self->column];
    qn_column **pieces = NULL;
    int64_t *rows = NULL, pieces_count = 0;
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

static qn_status take_validity(qn_column *out, const source *self, const qn_ref *refs) {
    if (!self->nulls)
        return QN_OK;
    for (int64_t i = 0; i < out->length; i++)
        if (refs[i] == QN_REF_NULL ||
            qn_column_is_null(self->parts[qn_ref_batch(refs[i])], qn_ref_row(refs[i])))
            QN_TRY(qn_column_set_null(out, i));
    return QN_OK;
}

static qn_status take_fixed(qn_column **out, const source *self, qn_type type, const qn_ref *refs,
                            int64_t count) {
    qn_column *taken = NULL;
    qn_status status = type == QN_BOOL ? qn_column_new(&taken, type, count, 0)
                                       : qn_column_new_raw(&taken, type, count, 0);
    QN_TRY(status);
    if (type == QN_BOOL)
        take_bits(taken, self->parts, refs);
    else if (qn_type_size(type) == 8)
        take_wide(taken, self->parts, refs);
    else
        take_narrow(taken, self->parts, refs);
    status = take_validity(taken, self, refs);
    if (status != QN_OK) {
        qn_column_release(taken);
        return status;
    }
    *out = taken;
    return QN_OK;
}

/* The dictionary that every batch with rows here has; NULL if they differ or lack one. */
static qn_column *common_dictionary(const source *self, const qn_ref *refs, int64_t count) {
    qn_column *dictionary = NULL;
    for (int64_t i = 0; i < count; i++) {
        if (refs[i] == QN_REF_NULL)
            continue;
        qn_column *own = self->parts[qn_ref_batch(refs[i])]->dictionary;
        if (own == NULL || (dictionary != NULL && own != dictionary))
            return NULL;
        dictionary = own;
    }
    return dictionary;
}

static qn_status take_codes(qn_column **out, const source *self, qn_column *dictionary,
                            const qn_ref *refs, int64_t count) {
    QN_TRY(take_fixed(out, self, QN_INT32, refs, count));
    (*out)->type = QN_STRING;
    (*out)->dictionary = qn_column_retain(dictionary);
    return QN_OK;
}

static qn_status take(qn_column **out, source *self, const qn_ref *refs, int64_t count) {
    qn_type type = self->table->schema.fields[self->column].type;
    meet_parts(self, refs, count);
    if (type == QN_STRING_LIST || type == QN_VECTOR)
        return take_runs(out, self, refs, count);
    if (type != QN_STRING)
        return take_fixed(out, self, type, refs, count);
    qn_column *dictionary = common_dictionary(self, refs, count);
    return dictionary != NULL ? take_codes(out, self, dictionary, refs, count)
                              : take_strings(out, self, refs, count);
}

qn_status qn_table_take(qn_column **out, const qn_table *table, int32_t column, const qn_ref *refs,
                        int64_t count) {
    source self = {.table = table, .column = column};
    QN_TRY(qn_mem_calloc(&self.parts, (size_t)table->batch_count, sizeof *self.parts));
    qn_status status = take(out, &self, refs, count);
    qn_mem_free(self.parts);
    return status;
}

qn_status qn_table_take_all(qn_batch *out, const qn_table *table, const qn_ref *refs,
                            int64_t count) {
    for (int32_t i = 0; i < table->schema.count; i++) {
        qn_column *column = NULL;
        QN_TRY(qn_table_take(&column, table, i, refs, count));
        QN_TRY(qn_batch_append(out, column));
    }
    out->length = count;
    return QN_OK;
}
