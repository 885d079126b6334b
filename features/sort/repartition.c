/* Rows to ranks by hash: a sort by the hash's partition, which leaves the input's order within
 * each. Evenly: as they are. */
#include "features/sort/sort.h"

#include "core/key/key.h"
#include "core/memory.h"
#include "features/sort/sort_private.h"
#include "features/wide/input.h"
#include "features/wide/spread.h"

#include <stdio.h>

/* ---- By hash -------------------------------------------------------------------------------- */

/* The input with one more column: the partition of each row. */
typedef struct hashed {
    qn_stream base;
    qn_stream *in;
    qn_input input; /* of this pass: read to its end also after a failure here */
    qn_key *key;
    int32_t *columns;
    int32_t count;
    qn_column **keys;
    uint64_t *hashes;
} hashed;

static qn_status add_partitions(hashed *self, qn_batch *batch) {
    qn_column *partitions = NULL;
    for (int32_t k = 0; k < self->count; k++)
        self->keys[k] = batch->columns[self->columns[k]];
    QN_TRY(qn_key_hash(self->key, self->keys, batch->length, self->hashes));
    QN_TRY(qn_column_new_raw(&partitions, QN_INT32, batch->length, 0));
    for (int64_t i = 0; i < batch->length; i++)
        partitions->i32[i] = qn_key_partition(self->hashes[i]);
    return qn_batch_append(batch, partitions);
}

static qn_status hashed_next(qn_stream *stream, qn_batch *out) {
    hashed *self = (hashed *)stream;
    QN_TRY(qn_stream_next(&self->input.base, out));
    qn_status status = out->count > 0 ? add_partitions(self, out) : QN_OK;
    if (status != QN_OK)
        qn_batch_clear(out);
    return qn_input_finish(&self->input, status);
}

static qn_status hashed_rewind(qn_stream *stream) {
    hashed *self = (hashed *)stream;
    return qn_input_start(&self->input, self->in);
}

static void hashed_free(qn_stream *stream) {
    hashed *self = (hashed *)stream;
    qn_key_free(self->key);
    qn_mem_free(self->columns);
    qn_mem_free(self->keys);
    qn_mem_free(self->hashes);
    qn_stream_free(self->in);
}

static const qn_stream_class hashed_class = {"hashed", hashed_next, hashed_rewind, hashed_free};

/* A field named as no other one. */
static qn_status add_partition_field(qn_schema *schema) {
    char name[32];
    for (int32_t i = 0;; i++) {
        snprintf(name, sizeof name, "partition %d", (int)i);
        if (qn_schema_find(schema, name) < 0)
            return qn_schema_add(schema, name, QN_INT32);
    }
}

static qn_status hashed_init(hashed *self, const qn_schema *in, const int32_t *columns,
                             int32_t count) {
    qn_type *types = NULL;
    QN_TRY(add_partition_field(&self->base.schema));
    QN_TRY(qn_mem_copy(&self->columns, columns, (size_t)count, sizeof *columns));
    self->count = count;
    QN_TRY(qn_mem_alloc(&self->keys, (size_t)count, sizeof(qn_column *)));
    QN_TRY(qn_mem_alloc(&self->hashes, QN_BATCH_ROWS, sizeof *self->hashes));
    QN_TRY(qn_mem_alloc(&types, (size_t)count, sizeof *types));
    for (int32_t k = 0; k < count; k++)
        types[k] = in->fields[columns[k]].type;
    qn_status status = qn_key_new(&self->key, types, count);
    qn_mem_free(types);
    return status;
}

static qn_status hashed_open(qn_stream **out, qn_stream *in, const int32_t *columns,
                             int32_t count) {
    hashed *self = NULL;
    qn_status status = qn_stream_new(&self, sizeof *self, &hashed_class, &in->schema);
    if (status == QN_OK)
        status = hashed_init(self, &in->schema, columns, count);
    if (status != QN_OK) {
        qn_stream_free(self != NULL ? &self->base : NULL);
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    *out = &self->base;
    return QN_OK;
}

static qn_status route_by_partition(qn_comm *comm, const qn_batch *batch, int32_t *ranks) {
    const qn_column *partitions = batch->columns[batch->count - 1];
    for (int64_t i = 0; i < batch->length; i++)
        ranks[i] = qn_key_rank(partitions->i32[i], qn_comm_size(comm));
    return QN_OK;
}

/* ---- Evenly --------------------------------------------------------------------------------- */

typedef struct even {
    qn_result base;
    qn_execution execution;
    qn_stream *in;
    qn_hold hold;
} even;

static qn_status even_build(qn_result *result, const qn_execution *execution) {
    even *self = (even *)result;
    qn_hold hold;
    qn_input input = {0};
    self->execution = *execution;
    qn_status status =
        qn_hold_init(&hold, &self->execution, &result->schema, 1, execution->memory / 2);
    qn_status started = qn_input_start(&input, self->in);
    if (status == QN_OK)
        status = started;
    if (status == QN_OK)
        status = qn_hold_read(&hold, 0, &input.base);
    QN_TRY_GOTO(qn_comm_agree(execution->comm, qn_input_finish(&input, status)), done);
    QN_TRY_GOTO(qn_spread_evenly(&self->hold, &hold, &self->execution), done);
    result->rows = self->hold.rows;
done:
    qn_hold_clear(&hold);
    return status;
}

static qn_status even_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    return qn_hold_rows(&((even *)result)->hold, first, count, out);
}

static void even_free(qn_result *result) {
    qn_hold_clear(&((even *)result)->hold);
    qn_stream_free(((even *)result)->in);
}

static const qn_result_class even_class = {"repartition", even_build, even_produce, even_free};

static qn_status open_even(qn_stream **out, qn_stream *in, const qn_execution *execution) {
    even *self = NULL;
    qn_status status = qn_result_new(&self, sizeof *self, &even_class, &in->schema);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    return qn_wide_open(out, &self->base, execution);
}

qn_status qn_repartition_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                              const int32_t *columns, int32_t count) {
    qn_stream *with_partitions = NULL;
    if (count == 0)
        return open_even(out, in, execution);
    QN_TRY(hashed_open(&with_partitions, in, columns, count));
    qn_sort_key key = {with_partitions->schema.count - 1, false, false};
    return qn_sort_open_routed(out, with_partitions, execution, &key, 1, route_by_partition, 1);
}
