#include "features/sort/group_heaps.h"

#include "core/key/radix.h"
#include "core/memory.h"
#include "features/sort/sort_top.h"

enum {
    FIRST_CAPACITY = 4,
    SLACK_ROWS = 1 << 16,  /* dead rows beyond twice the live ones, before they are dropped */
    MOST_BATCHES = 1 << 13 /* and before so many short batches have come together */
};

typedef struct entry {
    uint64_t prefix; /* of the first key */
    qn_ref ref;      /* in `rows`; of the present batch: the batch that will be added */
} entry;

typedef struct heap {
    uint64_t worst; /* prefix of the last row; UINT64_MAX while there is room */
    int64_t start;  /* in `entries` */
    int32_t count, capacity;
} heap;

struct qn_group_heaps {
    const qn_group_top_spec *spec;
    qn_key *key;
    qn_groups *groups;
    heap *heaps; /* by group */
    int64_t heap_count, heap_capacity;
    entry *entries; /* heaps' places, the last row of each first */
    int64_t entry_count, entry_capacity;
    int64_t live;          /* entries that are in use */
    qn_table rows;         /* what entries refer to, and rows that were pushed out since */
    int64_t bytes;         /* of `rows` */
    const qn_batch *batch; /* the present one */
    int64_t *kept;         /* its rows that are in a heap (or were) */
    int64_t kept_count;
    bool exact; /* equal prefixes are equal keys */
    uint32_t *ids;
    uint64_t *prefixes;
};

/* ---- Making and freeing --------------------------------------------------------------------- */

static qn_status new_groups(const qn_group_top_spec *spec, const qn_schema *schema, qn_key **key,
                            qn_groups **groups) {
    qn_type *types = NULL;
    if (spec->partition_count == 0)
        return QN_OK;
    QN_TRY(qn_mem_alloc(&types, (size_t)spec->partition_count, sizeof *types));
    for (int32_t k = 0; k < spec->partition_count; k++)
        types[k] = schema->fields[spec->partition[k]].type;
    qn_status status = qn_key_new(key, types, spec->partition_count);
    if (status == QN_OK)
        status = qn_groups_new(groups, *key);
    qn_mem_free(types);
    return status;
}

static qn_status heaps_init(qn_group_heaps *self, const qn_schema *schema) {
    QN_TRY(new_groups(self->spec, schema, &self->key, &self->groups));
    QN_TRY(qn_schema_copy(&self->rows.schema, schema));
    QN_TRY(qn_mem_alloc(&self->kept, QN_BATCH_ROWS, sizeof *self->kept));
    QN_TRY(qn_mem_alloc(&self->ids, QN_BATCH_ROWS, sizeof *self->ids));
    return qn_mem_alloc(&self->prefixes, QN_BATCH_ROWS, sizeof *self->prefixes);
}

qn_status qn_group_heaps_new(qn_group_heaps **out, const qn_group_top_spec *spec,
                             const qn_schema *schema) {
    qn_group_heaps *self = NULL;
    QN_TRY(qn_mem_calloc(&self, 1, sizeof *self));
    self->spec = spec;
    self->exact = true;
    qn_table_init(&self->rows);
    qn_status status = heaps_init(self, schema);
    if (status != QN_OK) {
        qn_group_heaps_free(self);
        return status;
    }
    *out = self;
    return QN_OK;
}

void qn_group_heaps_free(qn_group_heaps *heaps) {
    if (heaps == NULL)
        return;
    qn_groups_free(heaps->groups);
    qn_key_free(heaps->key);
    qn_mem_free(heaps->heaps);
    qn_mem_free(heaps->entries);
    qn_table_clear(&heaps->rows);
    qn_mem_free(heaps->kept);
    qn_mem_free(heaps->ids);
    qn_mem_free(heaps->prefixes);
    qn_mem_free(heaps);
}

/* ---- Heaps ---------------------------------------------------------------------------------- */

/* Where a row is: in a batch that is kept, or in the present one. */
static const qn_batch *find_row(const qn_group_heaps *self, qn_ref ref, int64_t *row) {
    int64_t batch = qn_ref_batch(ref);
    *row = qn_ref_row(ref);
    if (batch < self->rows.batch_count)
        return &self->rows.batches[batch];
    *row = self->kept[*row];
    return self->batch;
}

static int compare_rows(const qn_group_heaps *self, qn_ref a, qn_ref b) {
    int64_t i, j;
    const qn_batch *x = find_row(self, a, &i), *y = find_row(self, b, &j);
    return qn_order_compare_rows(x, i, y, j, self->spec->keys, self->spec->key_count);
}

/* Is a before b? Rows that came first have lesser refs. */
static inline bool is_before(const qn_group_heaps *self, const entry *a, const entry *b) {
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix;
    if (!self->exact || self->spec->key_count > 1) {
        int compared = compare_rows(self, a->ref, b->ref);
        if (compared != 0)
            return compared < 0;
    }
    return a->ref < b->ref;
}

static void sift_down(const qn_group_heaps *self, entry *places, int64_t count, entry new_entry) {
    int64_t at = 0;
    for (int64_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && is_before(self, &places[child], &places[child + 1]))
            child++;
        if (!is_before(self, &new_entry, &places[child]))
            break;
        places[at] = places[child];
        at = child;
    }
    places[at] = new_entry;
}

static void sift_up(const qn_group_heaps *self, entry *places, int64_t at, entry new_entry) {
    while (at > 0 && is_before(self, &places[(at - 1) / 2], &new_entry)) {
        places[at] = places[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    places[at] = new_entry;
}

/* Moves a heap to a place with more room; the old one stays empty (in all no more than as much). */
static qn_status grow(qn_group_heaps *self, heap *to) {
    int64_t limit = self->spec->limit;
    int64_t wanted = to->capacity == 0 ? FIRST_CAPACITY : 2 * (int64_t)to->capacity;
    wanted = wanted < limit ? wanted : limit;
    if (wanted > INT32_MAX)
        return qn_fail(QN_MEMORY, "more than 2^31 rows of one group are wanted");
    QN_TRY(qn_mem_reserve(&self->entries, &self->entry_capacity, self->entry_count + wanted,
                          sizeof *self->entries));
    entry *from = self->entries + to->start, *place = self->entries + self->entry_count;
    for (int32_t i = 0; i < to->count; i++)
        place[i] = from[i];
    for (int64_t i = to->count; i < wanted; i++)
        place[i].ref = QN_REF_NULL;
    for (int32_t i = 0; i < to->count; i++)
        from[i].ref = QN_REF_NULL;
    to->start = self->entry_count;
    to->capacity = (int32_t)wanted;
    self->entry_count += wanted;
    return QN_OK;
}

/* A row whose prefix is not beyond the worst: into the heap, unless it is the last after all. */
static qn_status enter(qn_group_heaps *self, heap *to, int64_t row) {
    entry new_entry = {self->prefixes[row], qn_ref_of(self->rows.batch_count, self->kept_count)};
    self->kept[self->kept_count] = row;
    if (to->count < self->spec->limit) {
        if (to->count == to->capacity)
            QN_TRY(grow(self, to));
        sift_up(self, self->entries + to->start, to->count++, new_entry);
        self->live++;
    } else {
        entry *places = self->entries + to->start;
        if (!is_before(self, &new_entry, &places[0]))
            return QN_OK;
        sift_down(self, places, to->count, new_entry);
    }
    if (to->count == self->spec->limit)
        to->worst = self->entries[to->start].prefix;
    self->kept_count++;
    return QN_OK;
}

/* ---- Batches -------------------------------------------------------------------------------- */

static qn_status find_groups(const qn_group_top_spec *spec, qn_key *key, qn_groups *groups,
                             const qn_batch *batch, uint32_t *ids) {
    const qn_key_rows *encoded = NULL;
    qn_column **columns = NULL;
    if (groups == NULL) {
        for (int64_t i = 0; i < batch->length; i++)
            ids[i] = 0;
        return QN_OK;
    }
    QN_TRY(qn_mem_alloc(&columns, (size_t)spec->partition_count, sizeof *columns));
    for (int32_t k = 0; k < spec->partition_count; k++)
        columns[k] = batch->columns[spec->partition[k]];
    qn_status status = qn_key_words(key, columns, batch->length, true, &encoded);
    if (status == QN_OK)
        status = qn_groups_find(groups, encoded, true, ids);
    qn_mem_free(columns);
    return status;
}

static qn_status add_heaps(qn_group_heaps *self) {
    int64_t count = self->groups != NULL ? qn_groups_count(self->groups) : 1;
    QN_TRY(qn_mem_reserve(&self->heaps, &self->heap_capacity, count, sizeof *self->heaps));
    for (; self->heap_count < count; self->heap_count++)
        self->heaps[self->heap_count] = (heap){.worst = UINT64_MAX};
    return QN_OK;
}

static qn_status look_at_rows(qn_group_heaps *self, const qn_batch *batch) {
    const heap *heaps = self->heaps;
    for (int64_t i = 0; i < batch->length; i++)
        if (self->prefixes[i] <= heaps[self->ids[i]].worst)
            QN_TRY(enter(self, &self->heaps[self->ids[i]], i));
    return QN_OK;
}

static qn_status keep_rows(qn_group_heaps *self, const qn_batch *batch) {
    qn_batch taken;
    qn_batch_init(&taken);
    if (self->kept_count == 0)
        return QN_OK;
    taken.length = self->kept_count;
    qn_status status = qn_batch_reserve(&taken, batch->count);
    for (int32_t c = 0; c < batch->count && status == QN_OK; c++)
        status = qn_column_take(&taken.columns[c], batch->columns[c], self->kept, self->kept_count);
    if (status != QN_OK) {
        qn_batch_clear(&taken);
        return status;
    }
    self->bytes += qn_batch_bytes(&taken);
    return qn_table_add(&self->rows, &taken);
}

/* Drops rows that are in no heap any more; the others keep their order. */
static qn_status drop_dead_rows(qn_group_heaps *self) {
    uint64_t *words = NULL, *spare = NULL;
    qn_ref *refs = NULL;
    qn_table kept;
    qn_table_init(&kept);
    int64_t count = 0;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&words, (size_t)self->live, sizeof *words), done);
    QN_TRY_GOTO(qn_mem_alloc(&spare, (size_t)self->live, sizeof *spare), done);
    QN_TRY_GOTO(qn_mem_alloc(&refs, (size_t)self->live, sizeof *refs), done);
    for (int64_t g = 0; g < self->heap_count; g++)
        for (int32_t i = 0; i < self->heaps[g].count; i++) {
            int64_t place = self->heaps[g].start + i;
            words[count++] = (uint64_t)self->entries[place].ref << 32 | (uint64_t)place;
        }
    qn_radix_sort(words, spare, count, 32, 64);
    for (int64_t i = 0; i < count; i++)
        refs[i] = (qn_ref)(words[i] >> 32);
    QN_TRY_GOTO(qn_schema_copy(&kept.schema, &self->rows.schema), done);
    QN_TRY_GOTO(qn_top_take(&kept, &self->rows, refs, count), done);
    for (int64_t i = 0; i < count; i++)
        self->entries[words[i] & UINT32_MAX].ref = qn_ref_of(i >> QN_REF_SHIFT, i & QN_REF_MASK);
    qn_table_clear(&self->rows);
    self->rows = kept;
    qn_table_init(&kept);
    self->bytes = 0;
    for (int64_t b = 0; b < self->rows.batch_count; b++)
        self->bytes += qn_batch_bytes(&self->rows.batches[b]);
done:
    qn_mem_free(words);
    qn_mem_free(spare);
    qn_mem_free(refs);
    qn_table_clear(&kept);
    return status;
}

qn_status qn_group_heaps_add(qn_group_heaps *heaps, const qn_batch *batch) {
    if (batch->length == 0)
        return QN_OK;
    QN_TRY(find_groups(heaps->spec, heaps->key, heaps->groups, batch, heaps->ids));
    QN_TRY(add_heaps(heaps));
    heaps->exact &=
        qn_order_prefixes(batch, heaps->spec->keys, heaps->spec->key_count, heaps->prefixes);
    heaps->batch = batch;
    heaps->kept_count = 0;
    QN_TRY(look_at_rows(heaps, batch));
    QN_TRY(keep_rows(heaps, batch));
    bool many = heaps->rows.row_count > 2 * heaps->live + SLACK_ROWS;
    if (many || heaps->rows.batch_count >= MOST_BATCHES + heaps->live / QN_BATCH_ROWS)
        return drop_dead_rows(heaps);
    return QN_OK;
}

qn_status qn_group_heaps_finish(qn_group_heaps *heaps, qn_table **out) {
    QN_TRY(drop_dead_rows(heaps));
    *out = &heaps->rows;
    return QN_OK;
}

static int64_t held_bytes(const qn_group_heaps *heaps) {
    int64_t bytes = heaps->bytes + heaps->entry_capacity * (int64_t)sizeof *heaps->entries +
                    heaps->heap_capacity * (int64_t)sizeof *heaps->heaps;
    if (heaps->groups != NULL)
        bytes += qn_groups_bytes(heaps->groups) + qn_key_bytes(heaps->key);
    return bytes;
}

qn_status qn_group_heaps_fit(qn_group_heaps *heaps, int64_t bytes, bool *fit) {
    if (held_bytes(heaps) > bytes && heaps->rows.row_count > heaps->live)
        QN_TRY(drop_dead_rows(heaps));
    *fit = held_bytes(heaps) <= bytes;
    return QN_OK;
}

/* ---- Numbers -------------------------------------------------------------------------------- */

/* Rows in the order of the keys, counted group by group. */
static qn_status number_rows(const qn_group_top_spec *spec, const qn_table *table,
                             const uint32_t *ids, int64_t groups, int64_t *numbers) {
    qn_ref *refs = NULL;
    int64_t *starts = NULL, *counts = NULL, before = 0;
    qn_status status;
    QN_TRY_GOTO(qn_top_refs(&refs, table), done);
    QN_TRY_GOTO(qn_order_sort(table, spec->keys, spec->key_count, refs, table->row_count), done);
    QN_TRY_GOTO(qn_mem_alloc(&starts, (size_t)table->batch_count, sizeof *starts), done);
    QN_TRY_GOTO(qn_mem_calloc(&counts, (size_t)groups, sizeof *counts), done);
    for (int64_t b = 0; b < table->batch_count; before += table->batches[b++].length)
        starts[b] = before;
    for (int64_t i = 0; i < table->row_count; i++) {
        int64_t row = starts[qn_ref_batch(refs[i])] + qn_ref_row(refs[i]);
        int64_t number = ++counts[ids[row]];
        numbers[row] = number <= spec->limit ? number : 0;
    }
done:
    qn_mem_free(refs);
    qn_mem_free(starts);
    qn_mem_free(counts);
    return status;
}

qn_status qn_group_numbers(const qn_group_top_spec *spec, const qn_table *table, int64_t *numbers) {
    qn_key *key = NULL;
    qn_groups *groups = NULL;
    uint32_t *ids = NULL;
    int64_t at = 0;
    qn_status status;
    QN_TRY_GOTO(new_groups(spec, &table->schema, &key, &groups), done);
    QN_TRY_GOTO(qn_mem_alloc(&ids, (size_t)table->row_count, sizeof *ids), done);
    for (int64_t b = 0; b < table->batch_count; at += table->batches[b++].length)
        QN_TRY_GOTO(find_groups(spec, key, groups, &table->batches[b], ids + at), done);
    QN_TRY_GOTO(
        number_rows(spec, table, ids, groups != NULL ? qn_groups_count(groups) : 1, numbers), done);
done:
    qn_groups_free(groups);
    qn_key_free(key);
    qn_mem_free(ids);
    return status;
}
