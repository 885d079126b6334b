#include "features/sort/sort_split.h"

#include "core/memory.h"
#include "mpi/comm/exchange.h"

#include <stdio.h>

/* A place: the rank, then the number of the row there. */
enum { PLACE_SHIFT = 44 };

static int64_t place_of(int rank, int64_t number) {
    return (int64_t)rank << PLACE_SHIFT | number;
}

/* "0", "1", ...: the key columns; the last one: places. */
static qn_status name_columns(qn_schema *out, const qn_schema *schema, const qn_sort_key *keys,
                              int32_t count) {
    for (int32_t k = 0; k <= count; k++) {
        char name[16];
        snprintf(name, sizeof name, "%d", k);
        QN_TRY(
            qn_schema_add(out, name, k < count ? schema->fields[keys[k].column].type : QN_INT64));
    }
    return QN_OK;
}

qn_status qn_split_init(qn_split *out, qn_comm *comm, const qn_schema *schema,
                        const qn_sort_key *keys, int32_t count) {
    *out = (qn_split){.comm = comm, .keys = keys, .key_count = count};
    qn_table_init(&out->samples);
    qn_batch_init(&out->splitters);
    QN_TRY(name_columns(&out->samples.schema, schema, keys, count));
    QN_TRY(qn_mem_alloc(&out->own_keys, (size_t)count + 1, sizeof *out->own_keys));
    for (int32_t k = 0; k <= count; k++) {
        out->own_keys[k] = k < count ? keys[k] : (qn_sort_key){0};
        out->own_keys[k].column = k;
    }
    QN_TRY(qn_mem_alloc(&out->row_prefixes, QN_BATCH_ROWS, sizeof *out->row_prefixes));
    return qn_mem_alloc(&out->views, (size_t)count + 1, sizeof *out->views);
}

void qn_split_clear(qn_split *split) {
    qn_table_clear(&split->samples);
    qn_batch_clear(&split->splitters);
    qn_mem_free(split->own_keys);
    qn_mem_free(split->prefixes);
    qn_mem_free(split->row_prefixes);
    qn_mem_free(split->views);
}

/* ---- Samples -------------------------------------------------------------------------------- */

/* One row of each stretch of `step`, not always at the same place of it: data may be periodic. */
static int64_t pick(int64_t stretch, int64_t step) {
    uint64_t mixed = (uint64_t)(stretch + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return stretch * step + (int64_t)((mixed >> 20) % (uint64_t)step);
}

/* Sampled rows by batch and row, with their numbers. */
static int64_t list_samples(const qn_table *table, int64_t step, qn_ref *refs, int64_t *numbers) {
    int64_t count = 0, batch = 0, before = 0;
    for (int64_t stretch = 0; stretch * step < table->row_count; stretch++) {
        int64_t number = pick(stretch, step);
        if (number >= table->row_count)
            break;
        while (number - before >= table->batches[batch].length)
            before += table->batches[batch++].length;
        refs[count] = qn_ref_of(batch, number - before);
        numbers[count++] = number;
    }
    return count;
}

/* Takes a column of the sampled rows; without a dictionary, which would be sent whole. */
static qn_status take_decoded(qn_batch *out, const qn_table *table, int32_t column,
                              const qn_ref *refs, int64_t count) {
    qn_column *taken = NULL, *plain = NULL;
    QN_TRY(qn_table_take(&taken, table, column, refs, count));
    qn_status status = qn_column_decode(&plain, taken);
    qn_column_release(taken);
    QN_TRY(status);
    return qn_batch_append(out, plain);
}

static qn_status add_places(const qn_split *split, qn_batch *out, const int64_t *numbers,
                            int64_t first) {
    qn_column *places = NULL;
    QN_TRY(qn_column_new_raw(&places, QN_INT64, out->length, 0));
    for (int64_t i = 0; i < out->length; i++)
        places->i64[i] = place_of(qn_comm_rank(split->comm), first + numbers[i]);
    return qn_batch_append(out, places);
}

/* Samples are kept in batches of QN_BATCH_ROWS, so that they can be sorted as a table. */
static qn_status add_samples(qn_split *split, const qn_table *table, const qn_ref *refs,
                             const int64_t *numbers, int64_t count, int64_t first) {
    for (int64_t at = 0; at < count; at += QN_BATCH_ROWS) {
        qn_batch batch;
        qn_batch_init(&batch);
        qn_status status = QN_OK;
        batch.length = count - at < QN_BATCH_ROWS ? count - at : QN_BATCH_ROWS;
        for (int32_t k = 0; k < split->key_count && status == QN_OK; k++)
            status = take_decoded(&batch, table, split->keys[k].column, refs + at, batch.length);
        if (status == QN_OK)
            status = add_places(split, &batch, numbers + at, first);
        if (status == QN_OK)
            status = qn_table_add(&split->samples, &batch);
        else
            qn_batch_clear(&batch);
        QN_TRY(status);
    }
    return QN_OK;
}

qn_status qn_split_sample(qn_split *split, const qn_table *table, int64_t first, int64_t step) {
    qn_ref *refs = NULL;
    int64_t *numbers = NULL;
    size_t most = (size_t)(table->row_count / step + 1);
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&refs, most, sizeof *refs), done);
    QN_TRY_GOTO(qn_mem_alloc(&numbers, most, sizeof *numbers), done);
    int64_t count = list_samples(table, step, refs, numbers);
    QN_TRY_GOTO(add_samples(split, table, refs, numbers, count, first), done);
done:
    qn_mem_free(refs);
    qn_mem_free(numbers);
    return status;
}

/* ---- Splitters ------------------------------------------------------------------------------ */

static qn_status gather_samples(qn_split *split, qn_table *all) {
    qn_text message;
    void *data = NULL;
    int64_t *offsets = NULL;
    int size = qn_comm_size(split->comm);
    qn_text_init(&message);
    qn_status status = qn_schema_copy(&all->schema, &split->samples.schema);
    if (status == QN_OK)
        status = qn_exchange_pack(&message, split->samples.batches, split->samples.batch_count);
    QN_TRY_GOTO(qn_comm_agree(split->comm, status), done);
    QN_TRY_GOTO(qn_comm_allgatherv(split->comm, message.data, message.length, &data, &offsets),
                done);
    for (int r = 0; r < size && status == QN_OK; r++)
        status =
            qn_exchange_unpack(all, (const char *)data + offsets[r], offsets[r + 1] - offsets[r]);
done:
    qn_mem_free(data);
    qn_mem_free(offsets);
    qn_text_clear(&message);
    return status;
}

static qn_status sort_samples(const qn_split *split, const qn_table *all, qn_ref **out) {
    qn_ref *refs = NULL;
    int64_t at = 0;
    QN_TRY(qn_mem_alloc(&refs, (size_t)all->row_count, sizeof *refs));
    for (int64_t b = 0; b < all->batch_count; b++)
        for (int64_t i = 0; i < all->batches[b].length; i++)
            refs[at++] = qn_ref_of(b, i);
    qn_status status =
        qn_order_sort(all, split->own_keys, split->key_count + 1, refs, all->row_count);
    if (status != QN_OK) {
        qn_mem_free(refs);
        return status;
    }
    *out = refs;
    return QN_OK;
}

static qn_status take_splitters(qn_split *split, const qn_table *all, const qn_ref *sorted) {
    int size = qn_comm_size(split->comm);
    qn_ref *chosen = NULL;
    qn_status status;
    if (all->row_count == 0)
        return QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&chosen, (size_t)size, sizeof *chosen), done);
    for (int i = 1; i < size; i++)
        chosen[i - 1] = sorted[all->row_count * i / size];
    for (int32_t c = 0; c <= split->key_count; c++) {
        qn_column *column = NULL;
        QN_TRY_GOTO(qn_table_take(&column, all, c, chosen, size - 1), done);
        QN_TRY_GOTO(qn_batch_append(&split->splitters, column), done);
    }
    split->splitters.length = size - 1;
    QN_TRY_GOTO(qn_mem_alloc(&split->prefixes, (size_t)size, sizeof *split->prefixes), done);
    split->exact =
        qn_order_prefixes(&split->splitters, split->own_keys, split->key_count, split->prefixes);
done:
    qn_mem_free(chosen);
    return status;
}

qn_status qn_split_choose(qn_split *split) {
    qn_table all;
    qn_ref *sorted = NULL;
    qn_table_init(&all);
    qn_status status = gather_samples(split, &all); /* agrees before it gathers */
    if (status == QN_OK)
        status = sort_samples(split, &all, &sorted);
    if (status == QN_OK)
        status = take_splitters(split, &all, sorted);
    qn_mem_free(sorted);
    qn_table_clear(&all);
    qn_table_clear(&split->samples);
    return qn_comm_agree(split->comm, status);
}

/* ---- Routes --------------------------------------------------------------------------------- */

/* Is row i of the batch (with its place) before splitter s? */
static bool is_before(const qn_split *split, const qn_batch *batch, int64_t i, int64_t place,
                      int32_t s, bool exact) {
    if (!exact || split->key_count > 1) {
        int compared = qn_order_compare_rows(batch, i, &split->splitters, s, split->own_keys,
                                             split->key_count);
        if (compared != 0)
            return compared < 0;
    }
    return place < split->splitters.columns[split->key_count]->i64[s];
}

/* How many splitters are at or before the row: first by prefixes, then among equal ones. */
static int32_t find_rank(const qn_split *split, const qn_batch *batch, int64_t i, int64_t place,
                         bool exact) {
    int32_t low = 0, high = (int32_t)split->splitters.length;
    uint64_t prefix = split->row_prefixes[i];
    while (low < high) {
        int32_t middle = (low + high) / 2;
        uint64_t other = split->prefixes[middle];
        bool before =
            other != prefix ? prefix < other : is_before(split, batch, i, place, middle, exact);
        if (before)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* One splitter: most rows are told by a comparison without a branch. */
static void route_in_two(const qn_split *split, const qn_batch *view, const qn_batch *batch,
                         int64_t first, bool exact, int32_t *ranks) {
    uint64_t splitter = split->prefixes[0];
    int64_t ties = 0;
    for (int64_t i = 0; i < batch->length; i++) {
        ranks[i] = split->row_prefixes[i] > splitter;
        ties += split->row_prefixes[i] == splitter;
    }
    for (int64_t i = 0; ties > 0 && i < batch->length; i++)
        if (split->row_prefixes[i] == splitter)
            ranks[i] = find_rank(split, view, i, first + i, exact);
}

qn_status qn_split_route(void *context, const qn_batch *batch, int32_t *ranks) {
    qn_split *split = context;
    qn_batch view = {.length = batch->length, .count = split->key_count, .columns = split->views};
    int rank = qn_comm_rank(split->comm);
    int64_t first = place_of(rank, split->next);
    split->next += batch->length;
    if (split->splitters.length == 0) {
        for (int64_t i = 0; i < batch->length; i++)
            ranks[i] = 0;
        return QN_OK;
    }
    for (int32_t k = 0; k < split->key_count; k++)
        split->views[k] = batch->columns[split->keys[k].column];
    bool exact = qn_order_prefixes(&view, split->own_keys, split->key_count, split->row_prefixes);
    exact &= split->exact;
    if (split->splitters.length == 1 && batch->row_ids == NULL) {
        route_in_two(split, &view, batch, first, exact, ranks);
        return QN_OK;
    }
    for (int64_t i = 0; i < batch->length; i++) {
        int64_t place = batch->row_ids != NULL ? place_of(rank, batch->row_ids->i64[i]) : first + i;
        ranks[i] = find_rank(split, &view, i, place, exact);
    }
    return QN_OK;
}
