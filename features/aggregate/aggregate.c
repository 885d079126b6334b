/* Two ways. States: each rank groups its rows, sends each group's state to the rank of its hash,
 * and merges what arrives in order of the ranks. Rows: where all values of a group are needed at
 * once, or grouping would not make them fewer, rows go to the rank of their hash, with those
 * columns that are needed, and are grouped there. What exceeds the memory goes to scratch space in
 * lanes, ranges of the hash, which are then worked off one after the other. */
#include "core/memory.h"
#include "features/aggregate/aggregate_private.h"
#include "mpi/comm/exchange.h"

#include <stdlib.h>

/* ---- Where groups belong -------------------------------------------------------------------- */

int32_t qn_aggregation_partition(int rank, int ranks) {
    return (int32_t)(((int64_t)rank * QN_KEY_PARTITIONS + ranks - 1) / ranks);
}

int32_t qn_aggregation_lane(int32_t partition, int ranks) {
    int rank = qn_key_rank(partition, ranks);
    int32_t first = qn_aggregation_partition(rank, ranks),
            end = qn_aggregation_partition(rank + 1, ranks);
    return rank * QN_AGGREGATION_LANES + (partition - first) * QN_AGGREGATION_LANES / (end - first);
}

/* ---- Results -------------------------------------------------------------------------------- */

static qn_status output_ids(qn_aggregation *self, qn_grouping *grouping, const uint32_t *ids,
                            int64_t count) {
    for (int64_t k = 0; k < count && self->output.rows + k < QN_BATCH_ROWS; k++)
        self->first_rows[self->output.rows + k] = grouping->first_rows[ids[k]];
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(qn_grouping_finish(grouping, ids, count, &batch));
    return qn_output_add(&self->output, &batch);
}

qn_status qn_aggregation_output(qn_aggregation *self, qn_grouping *grouping, bool in_order) {
    int64_t starts[QN_KEY_PARTITIONS + 1], count = grouping->count;
    uint32_t *ids = NULL;
    if (in_order) {
        QN_TRY(qn_mem_alloc(&ids, (size_t)count, sizeof *ids));
        for (int64_t g = 0; g < count; g++)
            ids[g] = (uint32_t)g;
    } else {
        QN_TRY(qn_grouping_order(grouping, &ids, starts));
    }
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK; i += QN_BATCH_ROWS)
        status = output_ids(self, grouping, ids + i,
                            count - i < QN_BATCH_ROWS ? count - i : QN_BATCH_ROWS);
    qn_mem_free(ids);
    return status;
}

typedef struct place {
    int64_t first_row, at;
} place;

static int compare_places(const void *a, const void *b) {
    const place *x = a, *y = b;
    return (x->first_row > y->first_row) - (x->first_row < y->first_row);
}

static int compare_rows(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* All rows of the output in order of their first rows, as one batch. */
static qn_status sort_small(qn_aggregation *self, qn_batch *out) {
    int64_t count = self->output.rows, *rows = NULL;
    place *places = NULL;
    qn_batch all;
    qn_status status;
    qn_batch_init(&all);
    QN_TRY_GOTO(qn_output_take(&self->output, 0, count, &all), done);
    QN_TRY_GOTO(qn_mem_alloc(&places, (size_t)count, sizeof *places), done);
    QN_TRY_GOTO(qn_mem_alloc(&rows, (size_t)count, sizeof *rows), done);
    for (int64_t i = 0; i < count; i++)
        places[i] = (place){self->first_rows[i], i};
    qsort(places, (size_t)count, sizeof *places, compare_places);
    for (int64_t i = 0; i < count; i++)
        rows[i] = places[i].at;
    for (int32_t c = 0; c < all.count; c++) {
        qn_column *column = NULL;
        QN_TRY_GOTO(qn_column_take(&column, all.columns[c], rows, count), done);
        QN_TRY_GOTO(qn_batch_append(out, column), done);
    }
    out->length = count;
done:
    if (status != QN_OK)
        qn_batch_clear(out);
    qn_batch_clear(&all);
    qn_mem_free(places);
    qn_mem_free(rows);
    return status;
}

static qn_status replace_output(qn_aggregation *self, const qn_execution *execution) {
    qn_output_clear(&self->output);
    self->has_output = false;
    QN_TRY(qn_output_init(&self->output, &self->base.schema, execution, execution->memory / 2));
    self->has_output = true;
    return QN_OK;
}

/* What is here, with its first rows, as a message to rank 0. */
static qn_status offer_small(qn_aggregation *self, qn_table *sends) {
    qn_batch batch;
    qn_batch_init(&batch);
    if (self->output.rows == 0)
        return QN_OK;
    QN_TRY(sort_small(self, &batch));
    qn_status status = qn_column_new_raw(&batch.row_ids, QN_INT64, batch.length, 0);
    if (status != QN_OK) {
        qn_batch_clear(&batch);
        return status;
    }
    for (int64_t i = 0; i < batch.length; i++)
        batch.row_ids->i64[i] = self->first_rows[i];
    qsort(batch.row_ids->i64, (size_t)batch.length, sizeof(int64_t), compare_rows);
    return qn_table_add(&sends[0], &batch);
}

static qn_status accept_small(qn_aggregation *self, qn_table *arrived) {
    for (int64_t b = 0; b < arrived->batch_count; b++) {
        qn_batch *batch = &arrived->batches[b];
        for (int64_t i = 0; i < batch->length; i++)
            self->first_rows[self->output.rows + i] = batch->row_ids->i64[i];
        QN_TRY(qn_output_add(&self->output, batch));
    }
    if (self->output.rows == 0)
        return QN_OK;
    qn_batch sorted;
    qn_batch_init(&sorted);
    QN_TRY(sort_small(self, &sorted));
    const qn_execution *execution = self->output.execution;
    qn_status status = replace_output(self, execution);
    if (status == QN_OK)
        return qn_output_add(&self->output, &sorted);
    qn_batch_clear(&sorted);
    return status;
}

/* Collective. Few groups in all: they go to rank 0, in order of their first rows. */
static qn_status gather_small(qn_aggregation *self, const qn_execution *execution) {
    qn_comm *comm = execution->comm;
    int size = qn_comm_size(comm);
    qn_table *sends = NULL, arrived;
    qn_table_init(&arrived);
    qn_status status = qn_mem_calloc(&sends, (size_t)size, sizeof *sends);
    if (status == QN_OK)
        status = offer_small(self, sends);
    if (status == QN_OK)
        status = replace_output(self, execution);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_exchange_batches(comm, sends, &arrived), done);
    status = accept_small(self, &arrived);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    for (int i = 0; sends != NULL && i < size; i++)
        qn_table_clear(&sends[i]);
    qn_mem_free(sends);
    qn_table_clear(&arrived);
    return status;
}

/* ---- The operator --------------------------------------------------------------------------- */

static qn_status run(qn_aggregation *self, const qn_execution *execution) {
    bool too_many = !self->plan.mergeable;
    if (!too_many)
        QN_TRY(qn_aggregation_run_states(self, execution, &too_many));
    return too_many ? qn_aggregation_run_rows(self, execution) : QN_OK;
}

static qn_status aggregate_build(qn_result *result, const qn_execution *execution) {
    qn_aggregation *self = (qn_aggregation *)result;
    qn_status status = replace_output(self, execution);
    QN_TRY(qn_comm_agree(execution->comm, status));
    QN_TRY(run(self, execution));
    int64_t total = self->output.rows;
    QN_TRY(qn_comm_sum_i64(execution->comm, &total, 1));
    if (total <= QN_BATCH_ROWS)
        QN_TRY(gather_small(self, execution));
    self->base.rows = self->output.rows;
    return QN_OK;
}

static qn_status aggregate_produce(qn_result *result, int64_t first, int64_t count, qn_batch *out) {
    return qn_output_take(&((qn_aggregation *)result)->output, first, count, out);
}

static void aggregate_free(qn_result *result) {
    qn_aggregation *self = (qn_aggregation *)result;
    if (self->has_output)
        qn_output_clear(&self->output);
    qn_aggregate_plan_clear(&self->plan);
    qn_stream_free(self->in);
}

static const qn_result_class aggregate_class = {"aggregate", aggregate_build, aggregate_produce,
                                                aggregate_free};

static qn_status add_result_fields(qn_schema *schema, const qn_schema *in, const int32_t *keys,
                                   int32_t key_count, const qn_aggregate_call *calls,
                                   int32_t call_count) {
    for (int32_t k = 0; k < key_count; k++)
        QN_TRY(qn_schema_add_field(schema, &in->fields[keys[k]]));
    for (int32_t c = 0; c < call_count; c++) {
        qn_type types[2] = {QN_INT64, QN_INT64}, type;
        for (int32_t k = 0; k < calls[c].argument_count && k < 2; k++)
            types[k] = in->fields[calls[c].arguments[k]].type;
        QN_TRY(qn_order_check(in, calls[c].order, calls[c].order_count));
        QN_TRY(qn_aggregate_type(calls[c].function, types, calls[c].argument_count, &type));
        QN_TRY(qn_schema_add(schema, calls[c].name, type));
    }
    return QN_OK;
}

qn_status qn_aggregate_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                            const int32_t *keys, int32_t key_count, const qn_aggregate_call *calls,
                            int32_t call_count) {
    qn_aggregation *self = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    qn_status status;
    QN_TRY_GOTO(add_result_fields(&schema, &in->schema, keys, key_count, calls, call_count), done);
    QN_TRY_GOTO(qn_result_new(&self, sizeof *self, &aggregate_class, &schema), done);
    QN_TRY_GOTO(
        qn_aggregate_plan_init(&self->plan, &in->schema, keys, key_count, calls, call_count), done);
    self->in = in;
    in = NULL;
    qn_result *result = &self->base;
    self = NULL;
    QN_TRY_GOTO(qn_wide_open(out, result, execution), done);
done:
    qn_schema_clear(&schema);
    if (self != NULL)
        qn_result_free(&self->base);
    qn_stream_free(in);
    return status;
}
