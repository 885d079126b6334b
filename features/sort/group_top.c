/* The first rows of each group: each rank finds its own; the rank that a group's hash belongs to
 * says which of them are the first of all. Only the columns that decide go there. */
#include "features/sort/sort.h"

#include "core/memory.h"
#include "features/sort/group_heaps.h"
#include "features/sort/sort_top.h"
#include "features/wide/ask.h"
#include "features/wide/hold.h"
#include "features/wide/input.h"
#include "features/window/window.h"

#include <stdio.h>

typedef struct group_top {
    qn_result base;
    qn_stream *in;
    qn_group_top_spec spec;
    bool numbered; /* the last column of the result is the row's number */
    qn_group_heaps *heaps;
    qn_table *rows;   /* the heaps' */
    qn_ref *refs;     /* of the result, in the input's order */
    int64_t *numbers; /* of the result */
    qn_execution execution;
    bool windowed; /* candidates did not fit: the result is held here, with its numbers */
    qn_hold hold;
} group_top;

/* ---- Deciding ------------------------------------------------------------------------------- */

/* Columns of the questions: those of the partition, then those of the keys. */
static qn_status question_schema(const group_top *self, qn_schema *out) {
    const qn_group_top_spec *spec = &self->spec;
    for (int32_t i = 0; i < spec->partition_count + spec->key_count; i++) {
        char name[16];
        bool partition = i < spec->partition_count;
        int32_t column =
            partition ? spec->partition[i] : spec->keys[i - spec->partition_count].column;
        snprintf(name, sizeof name, "%d", i);
        QN_TRY(qn_schema_add(out, name, self->in->schema.fields[column].type));
    }
    return QN_OK;
}

static qn_status add_question(const group_top *self, const qn_batch *batch, qn_table *out) {
    const qn_group_top_spec *spec = &self->spec;
    qn_batch question;
    qn_batch_init(&question);
    question.length = batch->length;
    qn_status status = qn_batch_reserve(&question, spec->partition_count + spec->key_count);
    for (int32_t i = 0; i < question.count && status == QN_OK; i++) {
        bool partition = i < spec->partition_count;
        qn_column *column =
            batch->columns[partition ? spec->partition[i]
                                     : spec->keys[i - spec->partition_count].column];
        bool long_dictionary =
            column->dictionary != NULL && column->dictionary->length > column->length;
        if (long_dictionary)
            status = qn_column_decode(&question.columns[i], column);
        else
            question.columns[i] = qn_column_retain(column);
    }
    if (status != QN_OK) {
        qn_batch_clear(&question);
        return status;
    }
    return qn_table_add(out, &question);
}

/* Hashes of the groups, without which nobody knows where questions go. */
static qn_status hash_rows(const group_top *self, uint64_t *hashes) {
    const qn_group_top_spec *spec = &self->spec;
    qn_key *key = NULL;
    qn_type *types = NULL;
    qn_column **columns = NULL;
    int64_t at = 0;
    size_t count = (size_t)spec->partition_count;
    qn_status status = QN_OK;
    if (count == 0) {
        for (int64_t i = 0; i < self->rows->row_count; i++)
            hashes[i] = 0;
        return QN_OK;
    }
    QN_TRY_GOTO(qn_mem_alloc(&types, count, sizeof *types), done);
    QN_TRY_GOTO(qn_mem_alloc(&columns, count, sizeof(qn_column *)), done);
    for (size_t k = 0; k < count; k++)
        types[k] = self->in->schema.fields[spec->partition[k]].type;
    QN_TRY_GOTO(qn_key_new(&key, types, spec->partition_count), done);
    for (int64_t b = 0; b < self->rows->batch_count; at += self->rows->batches[b++].length) {
        const qn_batch *batch = &self->rows->batches[b];
        for (size_t k = 0; k < count; k++)
            columns[k] = batch->columns[spec->partition[k]];
        QN_TRY_GOTO(qn_key_hash(key, columns, batch->length, hashes + at), done);
    }
done:
    qn_key_free(key);
    qn_mem_free(types);
    qn_mem_free(columns);
    return status;
}

/* The spec over the columns of the questions. */
static qn_status question_spec(const qn_group_top_spec *spec, qn_group_top_spec *out) {
    *out = *spec;
    out->keys = NULL;
    out->partition = NULL;
    QN_TRY(qn_mem_copy(&out->partition, spec->partition, (size_t)spec->partition_count,
                       sizeof *spec->partition));
    QN_TRY(qn_mem_copy(&out->keys, spec->keys, (size_t)spec->key_count, sizeof *spec->keys));
    for (int32_t i = 0; i < spec->partition_count; i++)
        out->partition[i] = i;
    for (int32_t k = 0; k < spec->key_count; k++)
        out->keys[k].column = spec->partition_count + k;
    return QN_OK;
}

static qn_status decide(void *context, const qn_table *arrived, const int64_t *starts,
                        int64_t *answers) {
    qn_group_top_spec spec;
    (void)starts;
    qn_status status = question_spec(context, &spec);
    if (status == QN_OK)
        status = qn_group_numbers(&spec, arrived, answers);
    qn_mem_free(spec.partition);
    qn_mem_free(spec.keys);
    return status;
}

/* Collective. Numbers of all candidates; 0 for those that are not among the first after all. */
static qn_status number_candidates(group_top *self, qn_comm *comm, int64_t *numbers) {
    uint64_t *hashes = NULL;
    qn_table questions;
    qn_table_init(&questions);
    qn_status status = question_schema(self, &questions.schema);
    if (status == QN_OK)
        status = qn_mem_alloc(&hashes, (size_t)self->rows->row_count, sizeof *hashes);
    if (status == QN_OK)
        status = hash_rows(self, hashes);
    for (int64_t b = 0; b < self->rows->batch_count && status == QN_OK; b++)
        status = add_question(self, &self->rows->batches[b], &questions);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_ask(comm, &questions, hashes, decide, &self->spec, numbers), done);
done:
    qn_table_clear(&questions);
    qn_mem_free(hashes);
    return status;
}

/* ---- Building ------------------------------------------------------------------------------- */

/* Looks at a batch, unless the candidates outgrew their room already. */
static qn_status look_at(group_top *self, const qn_batch *batch, bool *fit) {
    if (!*fit || self->spec.limit == 0)
        return QN_OK;
    QN_TRY(qn_group_heaps_add(self->heaps, batch));
    return qn_group_heaps_fit(self->heaps, self->execution.memory, fit);
}

static qn_status read_rows(group_top *self, qn_stream *in, bool *fit) {
    QN_TRY(qn_group_heaps_new(&self->heaps, &self->spec, &in->schema));
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            break;
        qn_status status = look_at(self, &batch, fit);
        qn_batch_clear(&batch);
        QN_TRY(status);
    }
    QN_TRY(qn_group_heaps_finish(self->heaps, &self->rows));
    return qn_mem_calloc(&self->numbers, (size_t)self->rows->row_count, sizeof *self->numbers);
}

/* Drops candidates without a number. */
static qn_status choose(group_top *self) {
    qn_ref *refs = NULL;
    int64_t count = 0;
    QN_TRY(qn_top_refs(&refs, self->rows));
    self->refs = refs;
    for (int64_t i = 0; i < self->rows->row_count; i++) {
        refs[count] = refs[i];
        self->numbers[count] = self->numbers[i];
        count += self->numbers[i] > 0;
    }
    self->base.rows = count;
    return QN_OK;
}

/* ---- Without room ---------------------------------------------------------------------------
 * The groups are so many that their first rows do not fit: a window numbers all rows, in scratch
 * space if need be. */

/* Keeps rows whose number, the last column, is within the limit. */
static qn_status keep_numbered(group_top *self, const qn_batch *batch) {
    const qn_column *numbers = batch->columns[batch->count - 1];
    int64_t rows[QN_BATCH_ROWS], count = 0;
    qn_batch kept;
    qn_batch_init(&kept);
    for (int64_t i = 0; i < batch->length; i++) {
        int64_t number = numbers->type == QN_INT64 ? numbers->i64[i] : numbers->i32[i];
        rows[count] = i;
        count += number <= self->spec.limit;
    }
    kept.length = count;
    int32_t columns = batch->count - 1 + self->numbered;
    qn_status status = qn_batch_reserve(&kept, columns);
    for (int32_t c = 0; c < columns && status == QN_OK; c++)
        status = qn_column_take(&kept.columns[c], batch->columns[c], rows, count);
    if (status == QN_OK && self->numbered && numbers->type == QN_INT64) {
        qn_column *wide = kept.columns[columns - 1];
        status = qn_column_new_raw(&kept.columns[columns - 1], QN_INT32, count, 0);
        for (int64_t i = 0; i < count && status == QN_OK; i++)
            kept.columns[columns - 1]->i32[i] = (int32_t)wide->i64[i];
        if (status != QN_OK)
            kept.columns[columns - 1] = NULL;
        qn_column_release(wide);
    }
    if (status != QN_OK) {
        qn_batch_clear(&kept);
        return status;
    }
    return qn_hold_add(&self->hold, 0, &kept);
}

static qn_status read_numbered(group_top *self, qn_stream *in) {
    QN_TRY(qn_hold_init(&self->hold, &self->execution, &self->base.schema, 1,
                        self->execution.memory / 4));
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            return QN_OK;
        qn_status status = keep_numbered(self, &batch);
        qn_batch_clear(&batch);
        QN_TRY(status);
    }
}

static qn_status open_window(group_top *self, qn_stream **out) {
    const qn_group_top_spec *spec = &self->spec;
    char name[32];
    qn_stream *in = NULL;
    for (int i = 0; i == 0 || qn_schema_find(&self->in->schema, name) >= 0; i++)
        snprintf(name, sizeof name, "number %d", i);
    const qn_window_call call = {.function = "row_number",
                                 .name = name,
                                 .fallback = -1,
                                 .filter = -1,
                                 .default_frame = true};
    const qn_window_spec asked = {.partition = spec->partition,
                                  .partition_count = spec->partition_count,
                                  .order = spec->keys,
                                  .order_count = spec->key_count,
                                  .calls = &call,
                                  .call_count = 1};
    QN_TRY(qn_stream_rewind(self->in)); /* a window takes its input as it stands */
    QN_TRY(qn_stream_borrow(&in, self->in));
    return qn_window_open(out, in, &self->execution, &asked);
}

/* Collective. */
static qn_status number_by_window(group_top *self) {
    qn_comm *comm = self->execution.comm;
    qn_stream *window = NULL;
    qn_input input = {0};
    qn_group_heaps_free(self->heaps);
    self->heaps = NULL;
    self->windowed = true;
    qn_status status = open_window(self, &window);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    status = qn_input_start(&input, window);
    if (status == QN_OK)
        status = read_numbered(self, &input.base);
    QN_TRY_GOTO(qn_comm_agree(comm, qn_input_finish(&input, status)), done);
    self->base.rows = self->hold.rows;
done:
    qn_stream_free(window);
    return status;
}

static qn_status group_top_build(qn_result *result, const qn_execution *execution) {
    group_top *self = (group_top *)result;
    qn_input input = {0};
    bool fit = true;
    self->execution = *execution;
    qn_status status = qn_input_start(&input, self->in);
    if (status == QN_OK)
        status = read_rows(self, &input.base, &fit);
    status = qn_input_finish(&input, status);
    int64_t too_many = !fit;
    QN_TRY(qn_comm_agree_max(execution->comm, status, &too_many));
    if (too_many)
        return number_by_window(self);
    QN_TRY(number_candidates(self, execution->comm, self->numbers));
    return qn_comm_agree(execution->comm, choose(self));
}

static qn_status group_top_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    group_top *self = (group_top *)result;
    qn_column *numbers = NULL;
    if (self->windowed)
        return qn_hold_rows(&self->hold, first, count, out);
    QN_TRY(qn_table_take_all(out, self->rows, self->refs + first, count));
    if (!self->numbered)
        return QN_OK;
    QN_TRY(qn_column_new_raw(&numbers, QN_INT32, count, 0));
    for (int64_t i = 0; i < count; i++)
        numbers->i32[i] = (int32_t)self->numbers[first + i];
    return qn_batch_append(out, numbers);
}

static void group_top_free(qn_result *result) {
    group_top *self = (group_top *)result;
    qn_group_heaps_free(self->heaps);
    qn_hold_clear(&self->hold);
    qn_mem_free(self->refs);
    qn_mem_free(self->numbers);
    qn_mem_free(self->spec.partition);
    qn_mem_free(self->spec.keys);
    qn_stream_free(self->in);
}

static const qn_result_class group_top_class = {"group_top", group_top_build, group_top_produce,
                                                group_top_free};

/* ---- Opening -------------------------------------------------------------------------------- */

static qn_status check_partition(const qn_schema *schema, const int32_t *partition, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (partition[i] < 0 || partition[i] >= schema->count)
            return qn_fail(QN_INTERNAL, "partition column %d of %d", partition[i], schema->count);
        if (schema->fields[partition[i]].type == QN_VECTOR)
            return qn_fail(QN_JOB, "cannot partition by column '%s': it is a vector",
                           schema->fields[partition[i]].name);
    }
    return QN_OK;
}

static qn_status group_top_new(group_top **out, const qn_schema *in, const qn_group_top_spec *spec,
                               const char *name) {
    group_top *self = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    qn_status status;
    QN_TRY_GOTO(qn_order_check(in, spec->keys, spec->key_count), done);
    QN_TRY_GOTO(check_partition(in, spec->partition, spec->partition_count), done);
    QN_TRY_GOTO(qn_schema_copy(&schema, in), done);
    if (name != NULL)
        QN_TRY_GOTO(qn_schema_add(&schema, name, QN_INT32), done);
    QN_TRY_GOTO(qn_result_new(&self, sizeof *self, &group_top_class, &schema), done);
    self->spec = *spec;
    self->spec.partition = NULL;
    self->spec.keys = NULL;
    self->numbered = name != NULL;
    QN_TRY_GOTO(qn_mem_copy(&self->spec.partition, spec->partition, (size_t)spec->partition_count,
                            sizeof *spec->partition),
                done);
    QN_TRY_GOTO(
        qn_mem_copy(&self->spec.keys, spec->keys, (size_t)spec->key_count, sizeof *spec->keys),
        done);
    *out = self;
    self = NULL;
done:
    qn_schema_clear(&schema);
    if (self != NULL)
        qn_result_free(&self->base);
    return status;
}

qn_status qn_group_top_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                            const int32_t *partition, int32_t partition_count,
                            const qn_sort_key *keys, int32_t key_count, int64_t limit,
                            const char *name) {
    group_top *self = NULL;
    const qn_group_top_spec spec = {(int32_t *)(uintptr_t)partition, partition_count,
                                    (qn_sort_key *)(uintptr_t)keys, key_count,
                                    limit > 0 ? limit : 0};
    qn_status status = group_top_new(&self, &in->schema, &spec, name);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    return qn_wide_open(out, &self->base, execution);
}
