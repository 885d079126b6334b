/* collect_list, collect_set, string_agg; first and last in a given order. Keeps the rows. */
#include "core/aggregate/family.h"

#include "core/memory.h"

#include <stdio.h>
#include <string.h>

enum { LIST, SET, JOINED }; /* variants */
enum { FIRST, LAST };       /* of first, last */

typedef struct lists {
    qn_aggregator base;
    qn_table table; /* the argument, then the order columns */
    int64_t count, ref_capacity, group_capacity;
    qn_ref *refs;     /* in the order in which they came; once sorted: by group, in order */
    uint32_t *groups; /* of each */
    int64_t *starts;  /* once sorted: of each group, and one more */
} lists;

static bool is_pick(const qn_aggregator *self) {
    return self->function->class_ == &qn_aggregate_pick;
}

static qn_type list_type(const qn_aggregate_function *function, const qn_type *types, int32_t count,
                         bool *fits) {
    (void)count;
    *fits = types[0] == QN_STRING;
    return function->variant == JOINED ? QN_STRING : QN_STRING_LIST;
}

static qn_status list_init(qn_aggregator *base, const qn_type *types, int32_t order_count) {
    lists *self = (lists *)base;
    qn_table_init(&self->table);
    QN_TRY(qn_schema_add(&self->table.schema, "value", types[0]));
    for (int32_t k = 0; k < order_count; k++) {
        char name[32];
        snprintf(name, sizeof name, "order %d", (int)k);
        QN_TRY(qn_schema_add(&self->table.schema, name, types[base->argument_count + k]));
    }
    return QN_OK;
}

static void list_clear(qn_aggregator *base) {
    lists *self = (lists *)base;
    qn_table_clear(&self->table);
    qn_mem_free(self->refs);
    qn_mem_free(self->groups);
    qn_mem_free(self->starts);
}

static int64_t list_bytes(const qn_aggregator *base) {
    const lists *self = (const lists *)base;
    int64_t bytes = self->ref_capacity * 4 + self->group_capacity * 4;
    for (int64_t b = 0; b < self->table.batch_count; b++)
        for (int32_t c = 0; c < self->table.batches[b].count; c++) {
            const qn_column *column = self->table.batches[b].columns[c];
            bytes += column->length * (column->dictionary != NULL ? 4 : 16);
        }
    return bytes;
}

static qn_status list_update(qn_aggregator *base, const qn_aggregate_rows *rows) {
    lists *self = (lists *)base;
    int64_t needed = self->count + rows->count, batch = self->table.batch_count;
    qn_batch kept;
    qn_batch_init(&kept);
    if (batch >= QN_REF_MAX_BATCHES - 1)
        return qn_fail(QN_DATA, "%s met more than %d batches of rows", base->function->name,
                       QN_REF_MAX_BATCHES);
    QN_TRY(qn_mem_reserve(&self->refs, &self->ref_capacity, needed, sizeof *self->refs));
    QN_TRY(qn_mem_reserve(&self->groups, &self->group_capacity, needed, sizeof *self->groups));
    QN_TRY(qn_batch_append(&kept, qn_column_retain(rows->arguments[0])));
    qn_status status = QN_OK;
    for (int32_t k = 0; k < base->options.order_count && status == QN_OK; k++)
        status = qn_batch_append(&kept, qn_column_retain(rows->order[k]));
    kept.length = rows->count;
    if (status != QN_OK) {
        qn_batch_clear(&kept);
        return status;
    }
    QN_TRY(qn_table_add(&self->table, &kept));
    for (int64_t i = 0; i < rows->count; i++)
        self->refs[self->count + i] = qn_ref_of(batch, i);
    memcpy(self->groups + self->count, rows->groups, (size_t)rows->count * sizeof *self->groups);
    self->count = needed;
    return QN_OK;
}

/* ---- By group ------------------------------------------------------------------------------- */

/* Brings refs into the wanted order; groups follow. */
static qn_status order_rows(lists *self) {
    const qn_aggregate_options *options = &self->base.options;
    if (options->order_count == 0)
        return QN_OK;
    int64_t *firsts = NULL; /* of each batch: its first place before sorting */
    uint32_t *groups = NULL;
    qn_sort_key *keys = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&firsts, (size_t)self->table.batch_count, sizeof *firsts), done);
    QN_TRY_GOTO(qn_mem_alloc(&groups, (size_t)self->count, sizeof *groups), done);
    QN_TRY_GOTO(
        qn_mem_copy(&keys, options->order, (size_t)options->order_count, sizeof *options->order),
        done);
    for (int32_t k = 0; k < options->order_count; k++)
        keys[k].column += 1;
    for (int64_t b = 0, first = 0; b < self->table.batch_count; b++) {
        firsts[b] = first;
        first += self->table.batches[b].length;
    }
    QN_TRY_GOTO(qn_order_sort(&self->table, keys, options->order_count, self->refs, self->count),
                done);
    for (int64_t i = 0; i < self->count; i++)
        groups[i] = self->groups[firsts[qn_ref_batch(self->refs[i])] + qn_ref_row(self->refs[i])];
    qn_mem_free(self->groups);
    self->groups = groups;
    groups = NULL;
done:
    qn_mem_free(firsts);
    qn_mem_free(groups);
    qn_mem_free(keys);
    return status;
}

static qn_status group_rows(lists *self) {
    int64_t groups = self->base.groups, *starts = NULL;
    qn_ref *sorted = NULL;
    qn_status status;
    QN_TRY(order_rows(self));
    QN_TRY_GOTO(qn_mem_calloc(&starts, (size_t)groups + 2, sizeof *starts), failed);
    QN_TRY_GOTO(qn_mem_alloc(&sorted, (size_t)self->count, sizeof *sorted), failed);
    for (int64_t i = 0; i < self->count; i++)
        starts[self->groups[i] + 2]++;
    for (int64_t g = 0; g < groups; g++)
        starts[g + 2] += starts[g + 1];
    for (int64_t i = 0; i < self->count; i++)
        sorted[starts[self->groups[i] + 1]++] = self->refs[i];
    qn_mem_free(self->refs);
    qn_mem_free(self->groups);
    self->refs = sorted;
    self->groups = NULL;
    self->group_capacity = 0;
    self->starts = starts;
    return QN_OK;
failed:
    qn_mem_free(starts);
    qn_mem_free(sorted);
    return status;
}

/* ---- Results -------------------------------------------------------------------------------- */

static int64_t group_count(const lists *self, uint32_t group) {
    return self->starts[group + 1] - self->starts[group];
}

static qn_status finish_pick(const lists *self, const uint32_t *ids, int64_t count,
                             qn_column **out) {
    qn_ref *refs = NULL;
    QN_TRY(qn_mem_alloc(&refs, (size_t)count, sizeof *refs));
    for (int64_t i = 0; i < count; i++) {
        int64_t start = self->starts[ids[i]], end = self->starts[ids[i] + 1];
        bool first = self->base.function->variant == FIRST;
        refs[i] = start == end ? QN_REF_NULL : self->refs[first ? start : end - 1];
    }
    qn_status status = qn_table_take(out, &self->table, 0, refs, count);
    qn_mem_free(refs);
    return status;
}

static qn_status join_group(const lists *self, uint32_t group, qn_text *text) {
    const char *separator = self->base.options.text != NULL ? self->base.options.text : "";
    int64_t length = (int64_t)strlen(separator);
    qn_text_truncate(text, 0);
    for (int64_t i = self->starts[group]; i < self->starts[group + 1]; i++) {
        const qn_batch *batch = &self->table.batches[qn_ref_batch(self->refs[i])];
        qn_view value = qn_column_string(batch->columns[0], qn_ref_row(self->refs[i]));
        if (i > self->starts[group])
            QN_TRY(qn_text_add(text, separator, length));
        QN_TRY(qn_text_add(text, value.data, value.length));
    }
    return QN_OK;
}

static qn_status finish_joined(const lists *self, const uint32_t *ids, int64_t count,
                               qn_column **out) {
    qn_string_builder builder;
    qn_text text;
    qn_status status = QN_OK;
    qn_string_builder_init(&builder);
    qn_text_init(&text);
    for (int64_t i = 0; i < count; i++) {
        if (group_count(self, ids[i]) == 0) {
            QN_TRY_GOTO(qn_string_builder_add_null(&builder), done);
            continue;
        }
        QN_TRY_GOTO(join_group(self, ids[i], &text), done);
        QN_TRY_GOTO(qn_string_builder_add(&builder, (qn_view){text.data, text.length}), done);
    }
    QN_TRY_GOTO(qn_string_builder_finish(&builder, out), done);
done:
    qn_text_clear(&text);
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status finish_lists(const lists *self, const uint32_t *ids, int64_t count,
                              qn_column **out) {
    qn_column *column = NULL;
    qn_ref *refs = NULL;
    int64_t total = 0, n = 0;
    qn_status status;
    for (int64_t i = 0; i < count; i++)
        total += group_count(self, ids[i]);
    if (total > INT32_MAX)
        return qn_fail(QN_DATA, "%s makes more than %d items for %lld groups",
                       self->base.function->name, INT32_MAX, (long long)count);
    QN_TRY_GOTO(qn_mem_alloc(&refs, (size_t)total, sizeof *refs), done);
    QN_TRY_GOTO(qn_column_new(&column, QN_STRING_LIST, count, 0), done);
    for (int64_t i = 0; i < count; i++) {
        int64_t length = group_count(self, ids[i]);
        memcpy(refs + n, self->refs + self->starts[ids[i]], (size_t)length * sizeof *refs);
        n += length;
        column->offsets[i + 1] = (int32_t)n;
    }
    QN_TRY_GOTO(qn_table_take(&column->items, &self->table, 0, refs, total), done);
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    qn_mem_free(refs);
    return status;
}

static qn_status list_finish(qn_aggregator *base, const uint32_t *ids, int64_t count,
                             qn_column **out) {
    lists *self = (lists *)base;
    if (self->starts == NULL)
        QN_TRY(group_rows(self));
    if (is_pick(base))
        return finish_pick(self, ids, count, out);
    return base->function->variant == JOINED ? finish_joined(self, ids, count, out)
                                             : finish_lists(self, ids, count, out);
}

const qn_aggregate_class qn_aggregate_list = {
    .size = sizeof(lists),
    .state_count = -1,
    .distinct_matters = true,
    .type = list_type,
    .wants = "a string (CAST(x AS string) others)",
    .init = list_init,
    .update = list_update,
    .finish = list_finish,
    .bytes = list_bytes,
    .clear = list_clear,
};
