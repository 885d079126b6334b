/* Two ways. States: each rank groups its rows, sends each group's state to the rank of its hash,
 * and merges what arrives in order of the ranks. Rows: where all values of a group are needed at
 * once, or grouping would not make them fewer, rows go to the rank of their hash, with those
 * columns that are needed, and are grouped there. What exceeds the memory goes to scratch space in
 * lanes, ranges of the hash, which are then worked off one after the other. */
#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/wide/aggregate_private.h"
#include "features/wide/input.h"
#include "features/wide/shuffle.h"
#include "mpi/comm/exchange.h"

#include <stdio.h>
#include <stdlib.h>

enum { LANES = 64 }; /* of each rank */

typedef struct aggregate {
    qn_result base;
    qn_stream *in;
    qn_aggregate_plan plan;
    qn_output output;
    bool has_output;
    int64_t first_rows[QN_BATCH_ROWS]; /* of the output, as long as it is no more */
} aggregate;

/* ---- Where groups belong -------------------------------------------------------------------- */

static int32_t first_partition(int rank, int ranks) {
    int32_t p = 0;
    while (p < QN_KEY_PARTITIONS && qn_key_rank(p, ranks) < rank)
        p++;
    return p;
}

static int32_t lane_of(int32_t partition, int ranks) {
    int rank = qn_key_rank(partition, ranks);
    int32_t first = first_partition(rank, ranks), end = first_partition(rank + 1, ranks);
    return rank * LANES + (partition - first) * LANES / (end - first);
}

/* ---- Results -------------------------------------------------------------------------------- */

static qn_status output_groups(aggregate *self, qn_grouping *grouping) {
    int64_t starts[QN_KEY_PARTITIONS + 1];
    uint32_t *ids = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_grouping_order(grouping, &ids, starts));
    for (int64_t i = 0; i < grouping->count && status == QN_OK; i += QN_BATCH_ROWS) {
        int64_t left = grouping->count - i, count = left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS;
        for (int64_t k = 0; k < count && self->output.rows + k < QN_BATCH_ROWS; k++)
            self->first_rows[self->output.rows + k] = grouping->first_rows[ids[i + k]];
        qn_batch batch;
        qn_batch_init(&batch);
        status = qn_grouping_finish(grouping, ids + i, count, &batch);
        if (status == QN_OK)
            status = qn_output_add(&self->output, &batch);
    }
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
static qn_status sort_small(aggregate *self, qn_batch *out) {
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

static qn_status replace_output(aggregate *self, const qn_execution *execution) {
    qn_output_clear(&self->output);
    self->has_output = false;
    QN_TRY(qn_output_init(&self->output, &self->base.schema, execution, execution->memory / 2));
    self->has_output = true;
    return QN_OK;
}

/* What is here, with its first rows, as a message to rank 0. */
static qn_status offer_small(aggregate *self, qn_table *sends) {
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

static qn_status accept_small(aggregate *self, qn_table *arrived) {
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
static qn_status gather_small(aggregate *self, const qn_execution *execution) {
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

/* ---- States --------------------------------------------------------------------------------- */

typedef struct states_build {
    aggregate *self;
    const qn_execution *execution;
    int ranks;
    qn_grouping local, merged;
    qn_scratch *spilled; /* by lane; NULL: nothing yet */
    qn_table *sends;
    qn_table arrived;
} states_build;

static void states_build_clear(states_build *build) {
    qn_grouping_clear(&build->local);
    qn_grouping_clear(&build->merged);
    qn_scratch_free(build->spilled);
    for (int i = 0; build->sends != NULL && i < build->ranks; i++)
        qn_table_clear(&build->sends[i]);
    qn_mem_free(build->sends);
    qn_table_clear(&build->arrived);
}

static qn_status schema_of(const qn_batch *batch, qn_schema *out) {
    for (int32_t c = 0; c < batch->count; c++) {
        char name[32];
        snprintf(name, sizeof name, "%d", (int)c);
        QN_TRY(qn_schema_add(out, name, batch->columns[c]->type));
    }
    return QN_OK;
}

static qn_status add_spilled(states_build *build, int32_t lane, qn_batch *batch) {
    qn_status status = QN_OK;
    if (build->spilled == NULL) {
        qn_schema schema;
        qn_schema_init(&schema);
        status = schema_of(batch, &schema);
        if (status == QN_OK)
            status = qn_scratch_new(&build->spilled, build->execution->scratch, &schema,
                                    LANES * build->ranks);
        qn_schema_clear(&schema);
    }
    if (status == QN_OK)
        return qn_scratch_add(build->spilled, lane, batch);
    qn_batch_clear(batch);
    return status;
}

/* Groups ids[0..count) as batches of states, to a lane of scratch or to a rank. */
static qn_status give_states(states_build *build, const uint32_t *ids, int64_t count, int32_t lane,
                             qn_table *to) {
    for (int64_t i = 0; i < count; i += QN_BATCH_ROWS) {
        qn_batch batch;
        qn_batch_init(&batch);
        int64_t length = count - i < QN_BATCH_ROWS ? count - i : QN_BATCH_ROWS;
        QN_TRY(qn_grouping_states(&build->local, ids + i, length, &batch));
        if (to != NULL)
            QN_TRY(qn_table_add(to, &batch));
        else
            QN_TRY(add_spilled(build, lane, &batch));
    }
    return QN_OK;
}

/* Empties the local groups into scratch space. */
static qn_status spill_states(states_build *build) {
    int64_t starts[QN_KEY_PARTITIONS + 1];
    uint32_t *ids = NULL;
    qn_grouping *local = &build->local;
    const qn_aggregate_plan *plan = local->plan;
    for (int32_t c = 0; c < plan->call_count; c++)
        qn_aggregator_even_states(local->aggregators[c]);
    QN_TRY(qn_grouping_order(local, &ids, starts));
    qn_status status = QN_OK;
    for (int32_t p = 0, end; p < QN_KEY_PARTITIONS && status == QN_OK; p = end) {
        int32_t lane = lane_of(p, build->ranks);
        for (end = p + 1; end < QN_KEY_PARTITIONS && lane_of(end, build->ranks) == lane;)
            end++;
        status = give_states(build, ids + starts[p], starts[end] - starts[p], lane, NULL);
    }
    qn_mem_free(ids);
    QN_TRY(status);
    qn_grouping_clear(local);
    return qn_grouping_init(local, plan, true);
}

static qn_status add_batches(states_build *build, qn_stream *in) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            return QN_OK;
        qn_status status = qn_grouping_add(&build->local, &batch, NULL, -1);
        qn_batch_clear(&batch);
        QN_TRY(status);
        if (build->self->plan.key_count > 0 &&
            qn_grouping_bytes(&build->local) > build->execution->memory / 2)
            QN_TRY(spill_states(build));
    }
}

static qn_status read_states(states_build *build) {
    qn_input input = {0};
    qn_status status = qn_input_start(&input, build->self->in);
    if (status == QN_OK)
        status = add_batches(build, &input.base);
    return qn_input_finish(&input, status);
}

/* Local groups to their ranks; all to rank 0 if they are few. */
static qn_status send_states(states_build *build, bool few) {
    int64_t starts[QN_KEY_PARTITIONS + 1];
    uint32_t *ids = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_grouping_order(&build->local, &ids, starts));
    if (few)
        status = give_states(build, ids, build->local.count, 0, &build->sends[0]);
    for (int r = 0; r < build->ranks && !few && status == QN_OK; r++) {
        int64_t first = starts[first_partition(r, build->ranks)];
        int64_t end = starts[first_partition(r + 1, build->ranks)];
        status = give_states(build, ids + first, end - first, 0, &build->sends[r]);
    }
    qn_mem_free(ids);
    if (status == QN_OK)
        qn_grouping_clear(&build->local);
    return status;
}

static qn_status merge_arrived(states_build *build) {
    QN_TRY(qn_grouping_init(&build->merged, &build->self->plan, false));
    for (int64_t b = 0; b < build->arrived.batch_count; b++) {
        QN_TRY(qn_grouping_merge(&build->merged, &build->arrived.batches[b]));
        qn_batch_clear(&build->arrived.batches[b]);
    }
    qn_table_clear(&build->arrived);
    qn_table_init(&build->arrived);
    return QN_OK;
}

static qn_status finish_merged(states_build *build, bool global) {
    if (global && qn_comm_rank(build->execution->comm) == 0)
        QN_TRY(qn_grouping_ensure_one(&build->merged));
    QN_TRY(output_groups(build->self, &build->merged));
    qn_grouping_clear(&build->merged);
    return QN_OK;
}

/* Collective. What `sends` holds goes where it belongs, is merged and becomes output. */
static qn_status exchange_states(states_build *build, qn_status status) {
    qn_comm *comm = build->execution->comm;
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_exchange_batches(comm, build->sends, &build->arrived));
    for (int r = 0; r < build->ranks; r++) {
        qn_table_clear(&build->sends[r]);
        qn_table_init(&build->sends[r]);
    }
    status = merge_arrived(build);
    if (status == QN_OK)
        status = finish_merged(build, build->self->plan.key_count == 0);
    return qn_comm_agree(comm, status);
}

static qn_status read_lane(states_build *build, int32_t lane, qn_table *to) {
    qn_stream *reader = NULL;
    qn_status status;
    QN_TRY(qn_scratch_open(&reader, build->spilled, lane));
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY_GOTO(qn_stream_next(reader, &batch), done);
        if (batch.count == 0)
            break;
        QN_TRY_GOTO(qn_table_add(to, &batch), done);
    }
done:
    qn_stream_free(reader);
    return status;
}

/* Collective. Lane by lane. */
static qn_status exchange_lanes(states_build *build) {
    qn_status status = spill_states(build);
    if (status == QN_OK && build->spilled != NULL)
        status = qn_scratch_flush(build->spilled);
    for (int32_t lane = 0; lane < LANES; lane++) {
        for (int r = 0; r < build->ranks && status == QN_OK && build->spilled != NULL; r++)
            status = read_lane(build, r * LANES + lane, &build->sends[r]);
        QN_TRY(exchange_states(build, status));
    }
    return QN_OK;
}

static qn_status start_states(states_build *build) {
    QN_TRY(qn_mem_calloc(&build->sends, (size_t)build->ranks, sizeof *build->sends));
    return qn_grouping_init(&build->local, &build->self->plan, true);
}

/* Collective. */
static qn_status run_states(states_build *build) {
    qn_comm *comm = build->execution->comm;
    QN_TRY(qn_comm_agree(comm, start_states(build)));
    qn_status status = read_states(build);
    int64_t spilled = build->spilled != NULL, groups = build->local.count;
    QN_TRY(qn_comm_agree_max(comm, status, &spilled));
    if (spilled)
        return exchange_lanes(build);
    if (build->ranks == 1) {
        if (build->self->plan.key_count == 0)
            QN_TRY(qn_grouping_ensure_one(&build->local));
        return output_groups(build->self, &build->local);
    }
    QN_TRY(qn_comm_sum_i64(comm, &groups, 1));
    bool few = groups <= QN_BATCH_ROWS;
    return exchange_states(build, send_states(build, few));
}

/* ---- Rows ----------------------------------------------------------------------------------- */

typedef struct rows_build {
    aggregate *self;
    const qn_execution *execution;
    int ranks;
    qn_key *key;
    uint64_t hashes[QN_BATCH_ROWS];
    qn_table *held; /* by source */
    int64_t bytes;
    qn_scratch *spilled; /* lane of this rank times source */
    qn_schema schema;    /* of the rows that are held: needed columns, row number */
} rows_build;

static void rows_build_clear(rows_build *build) {
    qn_key_free(build->key);
    for (int i = 0; build->held != NULL && i < build->ranks; i++)
        qn_table_clear(&build->held[i]);
    qn_mem_free(build->held);
    qn_scratch_free(build->spilled);
    qn_schema_clear(&build->schema);
    qn_mem_free(build);
}

static qn_status hash_rows(rows_build *build, const qn_batch *batch) {
    const qn_aggregate_plan *plan = &build->self->plan;
    qn_column **columns = NULL;
    QN_TRY(qn_mem_alloc(&columns, (size_t)plan->key_count, sizeof *columns));
    for (int32_t k = 0; k < plan->key_count; k++)
        columns[k] = batch->columns[plan->places[plan->keys[k]]];
    qn_status status = qn_key_hash(build->key, columns, batch->length, build->hashes);
    qn_mem_free(columns);
    return status;
}

static qn_status route_rows(void *context, const qn_batch *batch, int32_t *ranks) {
    rows_build *build = context;
    QN_TRY(hash_rows(build, batch));
    bool global = build->self->plan.key_count == 0;
    for (int64_t i = 0; i < batch->length; i++)
        ranks[i] = global ? 0 : qn_key_rank(qn_key_partition(build->hashes[i]), build->ranks);
    return QN_OK;
}

static qn_status spill_rows(rows_build *build, int source, const qn_batch *batch) {
    int64_t starts[LANES + 1] = {0}, *rows = NULL;
    int32_t lanes[QN_BATCH_ROWS];
    QN_TRY(hash_rows(build, batch));
    for (int64_t i = 0; i < batch->length; i++) {
        lanes[i] = lane_of(qn_key_partition(build->hashes[i]), build->ranks) % LANES;
        starts[lanes[i] + 1]++;
    }
    QN_TRY(qn_mem_alloc(&rows, (size_t)batch->length, sizeof *rows));
    for (int l = 0; l < LANES; l++)
        starts[l + 1] += starts[l];
    for (int64_t i = 0; i < batch->length; i++)
        rows[starts[lanes[i]]++] = i;
    qn_status status = QN_OK;
    for (int32_t l = 0; l < LANES && status == QN_OK; l++) {
        int64_t first = l == 0 ? 0 : starts[l - 1], count = starts[l] - first;
        qn_batch piece = {.length = count};
        for (int32_t c = 0; c < batch->count && status == QN_OK && count > 0; c++) {
            qn_column *column = NULL;
            status = qn_column_take(&column, batch->columns[c], rows + first, count);
            if (status == QN_OK)
                status = qn_batch_append(&piece, column);
        }
        if (status == QN_OK && count > 0)
            status = qn_scratch_add(build->spilled, l * build->ranks + source, &piece);
        else
            qn_batch_clear(&piece);
    }
    qn_mem_free(rows);
    return status;
}

static qn_status start_spilling(rows_build *build) {
    QN_TRY(qn_scratch_new(&build->spilled, build->execution->scratch, &build->schema,
                          LANES * build->ranks));
    for (int source = 0; source < build->ranks; source++) {
        qn_table *held = &build->held[source];
        for (int64_t b = 0; b < held->batch_count; b++) {
            QN_TRY(spill_rows(build, source, &held->batches[b]));
            qn_batch_clear(&held->batches[b]);
        }
        qn_table_clear(held);
        qn_table_init(held);
    }
    return QN_OK;
}

static int64_t flat_bytes(const qn_batch *batch) {
    int64_t bytes = qn_batch_bytes(batch);
    for (int32_t c = 0; c < batch->count; c++)
        if (batch->columns[c]->dictionary != NULL)
            bytes -= qn_column_bytes(batch->columns[c]->dictionary);
    return bytes;
}

/* Row numbers become a column, and the batch is kept. */
static qn_status keep_rows(void *context, int source, qn_batch *batch) {
    rows_build *build = context;
    qn_column *row_ids = batch->row_ids;
    batch->row_ids = NULL;
    qn_status status = qn_batch_append(batch, row_ids);
    if (status != QN_OK || batch->length == 0) {
        qn_batch_clear(batch);
        return status;
    }
    build->bytes += flat_bytes(batch);
    if (build->spilled == NULL && build->bytes > build->execution->memory / 3 &&
        build->self->plan.key_count > 0) {
        status = start_spilling(build);
        if (status != QN_OK) {
            qn_batch_clear(batch);
            return status;
        }
    }
    if (build->spilled == NULL)
        return qn_table_add(&build->held[source], batch);
    status = spill_rows(build, source, batch);
    qn_batch_clear(batch);
    return status;
}

static qn_status group_held(rows_build *build, qn_grouping *grouping) {
    const qn_aggregate_plan *plan = &build->self->plan;
    for (int source = 0; source < build->ranks; source++)
        for (int64_t b = 0; b < build->held[source].batch_count; b++) {
            qn_batch *batch = &build->held[source].batches[b];
            QN_TRY(qn_grouping_add(grouping, batch, plan->places, plan->needed_count));
            qn_batch_clear(batch);
        }
    return QN_OK;
}

static qn_status group_lane(rows_build *build, int32_t lane, qn_grouping *grouping) {
    const qn_aggregate_plan *plan = &build->self->plan;
    for (int source = 0; source < build->ranks; source++) {
        qn_stream *reader = NULL;
        QN_TRY(qn_scratch_open(&reader, build->spilled, lane * build->ranks + source));
        qn_status status = QN_OK;
        for (bool more = true; more && status == QN_OK;) {
            qn_batch batch;
            qn_batch_init(&batch);
            status = qn_stream_next(reader, &batch);
            more = status == QN_OK && batch.count > 0;
            if (more)
                status = qn_grouping_add(grouping, &batch, plan->places, plan->needed_count);
            qn_batch_clear(&batch);
        }
        qn_stream_free(reader);
        QN_TRY(status);
    }
    return QN_OK;
}

static qn_status group_rows(rows_build *build, int32_t lane) {
    qn_grouping grouping;
    const qn_aggregate_plan *plan = &build->self->plan;
    QN_TRY(qn_grouping_init(&grouping, plan, true));
    qn_status status =
        build->spilled == NULL ? group_held(build, &grouping) : group_lane(build, lane, &grouping);
    if (status == QN_OK && plan->key_count == 0 && qn_comm_rank(build->execution->comm) == 0)
        status = qn_grouping_ensure_one(&grouping);
    if (status == QN_OK)
        status = output_groups(build->self, &grouping);
    qn_grouping_clear(&grouping);
    return status;
}

static qn_status group_all_rows(rows_build *build) {
    if (build->spilled != NULL)
        QN_TRY(qn_scratch_flush(build->spilled));
    for (int32_t lane = 0; lane < (build->spilled != NULL ? LANES : 1); lane++)
        QN_TRY(group_rows(build, lane));
    return QN_OK;
}

static qn_status start_rows(rows_build *build, qn_stream **columns) {
    const qn_aggregate_plan *plan = &build->self->plan;
    qn_stream *borrowed = NULL;
    qn_type *types = NULL;
    QN_TRY(qn_mem_calloc(&build->held, (size_t)build->ranks, sizeof *build->held));
    QN_TRY(qn_mem_alloc(&types, (size_t)plan->key_count, sizeof *types));
    for (int32_t k = 0; k < plan->key_count; k++)
        types[k] = plan->in->fields[plan->keys[k]].type;
    qn_status status = qn_key_new(&build->key, types, plan->key_count);
    qn_mem_free(types);
    QN_TRY(status);
    QN_TRY(qn_stream_borrow(&borrowed, build->self->in));
    QN_TRY(qn_select_open(columns, borrowed, plan->needed, plan->needed_count));
    QN_TRY(qn_schema_copy(&build->schema, &(*columns)->schema));
    QN_TRY(qn_schema_add(&build->schema, "row number", QN_INT64));
    return qn_stream_rewind(*columns);
}

/* Collective. */
static qn_status run_rows(aggregate *self, const qn_execution *execution) {
    qn_comm *comm = execution->comm;
    rows_build *build = NULL;
    qn_stream *columns = NULL;
    qn_status status = qn_mem_calloc(&build, 1, sizeof *build);
    if (status == QN_OK) {
        build->self = self;
        build->execution = execution;
        build->ranks = qn_comm_size(comm);
        status = start_rows(build, &columns);
    }
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    qn_shuffle_plan shuffle = {route_rows, build, keep_rows, build, true};
    QN_TRY_GOTO(qn_shuffle(columns, comm, &shuffle), done);
    status = qn_comm_agree(comm, group_all_rows(build));
done:
    qn_stream_free(columns);
    if (build != NULL)
        rows_build_clear(build);
    return status;
}

/* ---- The operator --------------------------------------------------------------------------- */

static qn_status run(aggregate *self, const qn_execution *execution) {
    if (!self->plan.mergeable)
        return run_rows(self, execution);
    states_build build = {
        .self = self, .execution = execution, .ranks = qn_comm_size(execution->comm)};
    qn_table_init(&build.arrived);
    qn_status status = run_states(&build);
    states_build_clear(&build);
    return status;
}

static qn_status aggregate_build(qn_result *result, const qn_execution *execution) {
    aggregate *self = (aggregate *)result;
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
    return qn_output_take(&((aggregate *)result)->output, first, count, out);
}

static void aggregate_free(qn_result *result) {
    aggregate *self = (aggregate *)result;
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
        QN_TRY(qn_aggregate_type(calls[c].function, types, calls[c].argument_count, &type));
        QN_TRY(qn_schema_add(schema, calls[c].name, type));
    }
    return QN_OK;
}

qn_status qn_aggregate_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                            const int32_t *keys, int32_t key_count, const qn_aggregate_call *calls,
                            int32_t call_count) {
    aggregate *self = NULL;
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
