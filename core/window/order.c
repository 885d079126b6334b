#include "core/window/order.h"

#include "core/key/key.h"
#include "core/memory.h"
#include "core/window/kernel.h"
#include "core/window/pairs.h"

#include <string.h>

/* ---- Groups ---------------------------------------------------------------------------------- */

static qn_status new_key(qn_key **out, const qn_table *table, const int32_t *columns,
                         int32_t count) {
    qn_type *types = NULL;
    QN_TRY(qn_mem_alloc(&types, (size_t)count, sizeof *types));
    for (int32_t k = 0; k < count; k++)
        types[k] = table->schema.fields[columns[k]].type;
    qn_status status = qn_key_new(out, types, count);
    qn_mem_free(types);
    return status;
}

qn_status qn_window_groups(uint32_t *ids, int64_t *count, const qn_table *table,
                           const int32_t *columns, int32_t column_count) {
    qn_key *key = NULL;
    qn_groups *groups = NULL;
    qn_column **parts = NULL;
    qn_status status;
    QN_TRY_GOTO(new_key(&key, table, columns, column_count), done);
    QN_TRY_GOTO(qn_groups_new(&groups, key), done);
    QN_TRY_GOTO(qn_mem_alloc(&parts, (size_t)column_count, sizeof *parts), done);
    for (int64_t b = 0; b < table->batch_count; b++) {
        const qn_batch *batch = &table->batches[b];
        const qn_key_rows *rows = NULL;
        if (batch->length == 0)
            continue;
        for (int32_t k = 0; k < column_count; k++)
            parts[k] = batch->columns[columns[k]];
        QN_TRY_GOTO(qn_key_words(key, parts, batch->length, true, &rows), done);
        QN_TRY_GOTO(qn_groups_find(groups, rows, true, ids), done);
        ids += batch->length;
    }
    *count = qn_groups_count(groups);
done:
    qn_mem_free(parts);
    qn_groups_free(groups);
    qn_key_free(key);
    return status;
}

/* ---- Placing rows ---------------------------------------------------------------------------- */

/* Rows on their way into order. A group has one bucket, or two where its nulls stand apart. */
typedef struct placing {
    const qn_table *table;
    const qn_window_spec *spec;
    qn_window_order *out;
    uint32_t *ids; /* of each row of the table; NULL: one group */
    int64_t groups;
    int32_t sides; /* buckets of a group */
    int64_t
        *places; /* groups * sides + 1: where each bucket starts, then where its next row goes */
    int64_t *batch_starts;
} placing;

static uint64_t bucket_of(const placing *self, int64_t row, bool null) {
    uint64_t group = self->ids != NULL ? self->ids[row] : 0;
    if (self->sides == 1) /* perhaps without an order */
        return group;
    return 2 * group + (null == self->spec->order[0].nulls_last);
}

/* Sizes of buckets to their starts; the starts of groups are kept. */
static void place_buckets(placing *self) {
    int64_t sum = 0;
    for (int64_t b = 0; b < self->groups * self->sides; b++) {
        int64_t size = self->places[b];
        if (b % self->sides == 0)
            self->out->starts[b / self->sides] = sum;
        self->places[b] = sum;
        sum += size;
    }
    self->out->starts[self->groups] = sum;
    self->out->partitions = sum > 0 ? self->groups : 0;
}

static const qn_column *order_part(const placing *self, int64_t batch) {
    return self->table->batches[batch].columns[self->spec->order[0].column];
}

static void count_buckets(placing *self) {
    int64_t row = 0;
    for (int64_t b = 0; b < self->table->batch_count; b++) {
        int64_t length = self->table->batches[b].length;
        const qn_column *part = self->sides == 2 ? order_part(self, b) : NULL;
        if (part == NULL && self->ids == NULL) {
            self->places[0] += length;
            continue;
        }
        for (int64_t i = 0; i < length; i++, row++)
            self->places[bucket_of(self, row, part != NULL && qn_column_is_null(part, i))]++;
    }
}

/* ---- One numeric key ------------------------------------------------------------------------- */

static bool is_numeric_key(const placing *self) {
    if (self->spec->order_count != 1)
        return false;
    qn_type type = self->table->schema.fields[self->spec->order[0].column].type;
    return qn_type_is_numeric(type) || type == QN_DATE || type == QN_TIMESTAMP;
}

static bool key_has_nulls(const placing *self) {
    for (int64_t b = 0; b < self->table->batch_count; b++)
        if (order_part(self, b)->null_count > 0)
            return true;
    return false;
}

static void encode_part(const qn_column *part, bool descending, uint64_t *out) {
    uint64_t turn = descending ? UINT64_MAX : 0;
    for (int64_t i = 0; i < part->length; i++) {
        uint64_t key;
        if (part->type == QN_INT32 || part->type == QN_DATE)
            key = qn_window_integer_bits(part->i32[i]);
        else if (part->type == QN_FLOAT64)
            key = qn_window_real_bits(part->f64[i]);
        else if (part->type == QN_FLOAT32)
            key = qn_window_real_bits(part->f32[i]);
        else
            key = qn_window_integer_bits(part->i64[i]);
        out[i] = key ^ turn;
    }
}

/* Each row and its key into its bucket. */
static void scatter_keys(placing *self, uint64_t *encoded) {
    int64_t row = 0;
    qn_window_order *out = self->out;
    for (int64_t b = 0; b < self->table->batch_count; b++) {
        const qn_column *part = order_part(self, b);
        encode_part(part, self->spec->order[0].descending, encoded);
        for (int64_t i = 0; i < part->length; i++, row++) {
            bool null = self->sides == 2 && qn_column_is_null(part, i);
            int64_t place = self->places[bucket_of(self, row, null)]++;
            out->refs[place] = qn_ref_of(b, i);
            out->keys[place] = null ? 0 : encoded[i];
        }
    }
}

static qn_status sort_buckets(placing *self) {
    qn_window_order *out = self->out;
    uint64_t *spare_keys = NULL;
    uint32_t *spare_rows = NULL;
    qn_status status;
    int64_t from = 0, longest = 0, buckets = self->groups * self->sides;
    for (int64_t b = 0; b < buckets; from = self->places[b++])
        if (self->places[b] - from > longest)
            longest = self->places[b] - from;
    QN_TRY_GOTO(qn_mem_alloc(&spare_keys, (size_t)longest, sizeof *spare_keys), done);
    QN_TRY_GOTO(qn_mem_alloc(&spare_rows, (size_t)longest, sizeof *spare_rows), done);
    from = 0;
    for (int64_t b = 0; b < buckets; b++) {
        int64_t to = self->places[b];
        qn_pairs_sort(out->keys + from, out->refs + from, spare_keys, spare_rows, to - from);
        for (int64_t i = from; i < to; i++)
            out->flags[i] = i == from || out->keys[i] != out->keys[i - 1];
        from = to;
    }
done:
    qn_mem_free(spare_keys);
    qn_mem_free(spare_rows);
    return status;
}

static qn_status place_by_number(placing *self) {
    qn_window_order *out = self->out;
    uint64_t *encoded = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&out->keys, (size_t)out->rows, sizeof *out->keys), done);
    QN_TRY_GOTO(qn_mem_alloc(&encoded, QN_BATCH_ROWS, sizeof *encoded), done);
    scatter_keys(self, encoded);
    QN_TRY_GOTO(sort_buckets(self), done);
    if (self->sides == 2) {
        qn_mem_free(out->keys);
        out->keys = NULL;
    }
done:
    qn_mem_free(encoded);
    return status;
}

/* ---- Rows that are in order already ---------------------------------------------------------- */

static bool is_sorted_by_number(placing *self, uint64_t *encoded) {
    uint64_t last = 0;
    for (int64_t b = 0; b < self->table->batch_count; b++) {
        const qn_column *part = order_part(self, b);
        bool sorted = true;
        encode_part(part, self->spec->order[0].descending, encoded);
        for (int64_t i = 0; i < part->length; i++) {
            sorted &= last <= encoded[i];
            last = encoded[i];
        }
        if (!sorted)
            return false;
    }
    return true;
}

static bool is_sorted_by_keys(const qn_table *table, const qn_sort_key *keys, int32_t count) {
    qn_ref last = QN_REF_NULL;
    for (int64_t b = 0; b < table->batch_count; b++) {
        for (int64_t i = 0; i < table->batches[b].length; i++) {
            qn_ref ref = qn_ref_of(b, i);
            if (last != QN_REF_NULL && qn_order_compare(table, last, table, ref, keys, count) > 0)
                return false;
            last = ref;
        }
    }
    return true;
}

bool qn_window_is_sorted(const qn_table *table, const qn_sort_key *keys, int32_t count) {
    uint64_t encoded[QN_BATCH_ROWS];
    qn_window_spec spec = {.order = keys, .order_count = count};
    placing self = {.table = table, .spec = &spec};
    if (count == 0)
        return true;
    if (is_numeric_key(&self) && !key_has_nulls(&self))
        return is_sorted_by_number(&self, encoded);
    return is_sorted_by_keys(table, keys, count);
}

/* ---- Any keys -------------------------------------------------------------------------------- */

static void list_refs(const qn_table *table, qn_ref *refs) {
    for (int64_t b = 0, row = 0; b < table->batch_count; b++)
        for (int64_t i = 0; i < table->batches[b].length; i++)
            refs[row++] = qn_ref_of(b, i);
}

/* Sorted rows into their groups, in their order. */
static qn_status distribute(placing *self) {
    qn_window_order *out = self->out;
    qn_ref *sorted = NULL;
    if (self->ids == NULL)
        return QN_OK;
    QN_TRY(qn_mem_copy(&sorted, out->refs, (size_t)out->rows, sizeof *sorted));
    for (int64_t i = 0; i < out->rows; i++) {
        int64_t row = self->batch_starts[qn_ref_batch(sorted[i])] + qn_ref_row(sorted[i]);
        out->refs[self->places[self->ids[row]]++] = sorted[i];
    }
    qn_mem_free(sorted);
    return QN_OK;
}

static qn_status place_by_keys(placing *self) {
    qn_window_order *out = self->out;
    const qn_window_spec *spec = self->spec;
    list_refs(self->table, out->refs);
    if (spec->order_count > 0)
        QN_TRY(qn_order_sort(self->table, spec->order, spec->order_count, out->refs, out->rows));
    QN_TRY(distribute(self));
    if (spec->order_count > 0 && out->rows > 0)
        QN_TRY(qn_order_boundaries(self->table, spec->order, spec->order_count, out->refs,
                                   out->rows, out->flags));
    return QN_OK;
}

/* ---- All together ---------------------------------------------------------------------------- */

static qn_status start_placing(placing *self) {
    const qn_table *table = self->table;
    qn_window_order *out = self->out;
    QN_TRY(qn_mem_alloc(&self->batch_starts, (size_t)table->batch_count, sizeof(int64_t)));
    for (int64_t b = 0; b < table->batch_count; b++) {
        self->batch_starts[b] = out->rows;
        out->rows += table->batches[b].length;
    }
    self->groups = 1;
    if (self->spec->partition_count > 0) {
        QN_TRY(qn_mem_alloc(&self->ids, (size_t)out->rows, sizeof *self->ids));
        QN_TRY(qn_window_groups(self->ids, &self->groups, table, self->spec->partition,
                                self->spec->partition_count));
    }
    self->sides = is_numeric_key(self) && key_has_nulls(self) ? 2 : 1;
    QN_TRY(qn_mem_calloc(&self->places, (size_t)(self->groups * self->sides + 1),
                         sizeof *self->places));
    QN_TRY(qn_mem_alloc(&out->starts, (size_t)self->groups + 1, sizeof *out->starts));
    QN_TRY(qn_mem_alloc(&out->refs, (size_t)out->rows, sizeof *out->refs));
    if (self->spec->order_count > 0)
        QN_TRY(qn_mem_alloc(&out->flags, (size_t)out->rows, sizeof *out->flags));
    return QN_OK;
}

static qn_status check_sizes(const qn_window_order *ordered) {
    for (int64_t p = 0; p < ordered->partitions; p++)
        if (ordered->starts[p + 1] - ordered->starts[p] > INT32_MAX)
            return qn_fail(QN_DATA,
                           "a window's partition has %lld rows, but at most 2147483647 can be "
                           "numbered: add a column to PARTITION BY",
                           (long long)(ordered->starts[p + 1] - ordered->starts[p]));
    return QN_OK;
}

qn_status qn_window_order_find(qn_window_order *out, const qn_table *table,
                               const qn_window_spec *spec) {
    qn_window_order ordered = {0};
    placing self = {.table = table, .spec = spec, .out = &ordered};
    qn_status status;
    QN_TRY_GOTO(start_placing(&self), done);
    count_buckets(&self);
    place_buckets(&self);
    QN_TRY_GOTO(check_sizes(&ordered), done);
    if (is_numeric_key(&self))
        QN_TRY_GOTO(place_by_number(&self), done);
    else
        QN_TRY_GOTO(place_by_keys(&self), done);
    *out = ordered;
    ordered = (qn_window_order){0};
done:
    qn_window_order_clear(&ordered);
    qn_mem_free(self.ids);
    qn_mem_free(self.places);
    qn_mem_free(self.batch_starts);
    return status;
}

void qn_window_order_clear(qn_window_order *ordered) {
    qn_mem_free(ordered->refs);
    qn_mem_free(ordered->flags);
    qn_mem_free(ordered->keys);
    qn_mem_free(ordered->starts);
    *ordered = (qn_window_order){0};
}
