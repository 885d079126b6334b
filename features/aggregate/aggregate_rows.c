/* Aggregation of rows that were brought together by group. */
#include "core/memory.h"
#include "features/aggregate/aggregate_private.h"
#include "features/operator/operator.h"
#include "features/wide/scatter.h"
#include "features/wide/shuffle.h"

enum { PART_ROWS = 1 << 15 }; /* rows of partitions that are grouped together */

typedef struct rows_build {
    qn_aggregation *self;
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
    int64_t starts[QN_AGGREGATION_LANES + 1] = {0}, *rows = NULL;
    int32_t lanes[QN_BATCH_ROWS];
    QN_TRY(hash_rows(build, batch));
    for (int64_t i = 0; i < batch->length; i++) {
        lanes[i] = qn_aggregation_lane(qn_key_partition(build->hashes[i]), build->ranks) %
                   QN_AGGREGATION_LANES;
        starts[lanes[i] + 1]++;
    }
    QN_TRY(qn_mem_alloc(&rows, (size_t)batch->length, sizeof *rows));
    for (int l = 0; l < QN_AGGREGATION_LANES; l++)
        starts[l + 1] += starts[l];
    for (int64_t i = 0; i < batch->length; i++)
        rows[starts[lanes[i]]++] = i;
    qn_status status = QN_OK;
    for (int32_t l = 0; l < QN_AGGREGATION_LANES && status == QN_OK; l++) {
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
                          QN_AGGREGATION_LANES * build->ranks));
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

/* ---- In memory: a part of the partitions at a time, so that their groups stay in cache ---------
 */

/* Held rows by partition, each partition in canonical order. */
typedef struct parts {
    qn_scatter scatter;
    qn_table table; /* what is not scattered yet */
    uint16_t *partitions;
    int64_t starts[QN_KEY_PARTITIONS + 1];
} parts;

static qn_status gather_held(rows_build *build, qn_table *out) {
    QN_TRY(qn_schema_copy(&out->schema, &build->schema));
    for (int source = 0; source < build->ranks; source++) {
        qn_table *held = &build->held[source];
        for (int64_t b = 0; b < held->batch_count; b++)
            QN_TRY(qn_table_add(out, &held->batches[b]));
    }
    return QN_OK;
}

static qn_status find_partitions(rows_build *build, parts *from) {
    uint16_t *of = from->partitions;
    for (int64_t b = 0; b < from->table.batch_count; b++) {
        const qn_batch *batch = &from->table.batches[b];
        QN_TRY(hash_rows(build, batch));
        for (int64_t i = 0; i < batch->length; i++) {
            *of = (uint16_t)qn_key_partition(build->hashes[i]);
            from->starts[*of++ + 1]++;
        }
    }
    for (int p = 0; p < QN_KEY_PARTITIONS; p++)
        from->starts[p + 1] += from->starts[p];
    return QN_OK;
}

static qn_status scatter_parts(rows_build *build, parts *from) {
    int64_t next[QN_KEY_PARTITIONS];
    uint32_t places[QN_BATCH_ROWS];
    const uint16_t *of = from->partitions;
    QN_TRY(qn_scatter_init(&from->scatter, &build->schema, from->table.row_count));
    for (int p = 0; p < QN_KEY_PARTITIONS; p++)
        next[p] = from->starts[p];
    for (int64_t b = 0; b < from->table.batch_count; b++) {
        qn_batch *batch = &from->table.batches[b];
        for (int64_t i = 0; i < batch->length; i++)
            places[i] = (uint32_t)next[*of++]++;
        QN_TRY(qn_scatter_add(&from->scatter, batch, places));
        qn_batch_clear(batch);
    }
    return qn_scatter_finish(&from->scatter);
}

static qn_status group_part(const rows_build *build, const parts *from, int64_t first, int64_t end,
                            qn_grouping *grouping) {
    const qn_aggregate_plan *plan = &build->self->plan;
    for (int64_t i = first; i < end; i += QN_BATCH_ROWS) {
        int64_t count = end - i < QN_BATCH_ROWS ? end - i : QN_BATCH_ROWS;
        qn_batch batch;
        qn_batch_init(&batch);
        qn_status status = qn_scatter_rows(&from->scatter, i, count, &batch);
        if (status == QN_OK)
            status = qn_grouping_add(grouping, &batch, plan->places, plan->needed_count);
        qn_batch_clear(&batch);
        QN_TRY(status);
    }
    return QN_OK;
}

/* Rows are in order of partitions, so groups are, too. */
static qn_status group_parts(const rows_build *build, const parts *from) {
    qn_grouping grouping;
    QN_TRY(qn_grouping_init(&grouping, &build->self->plan, true));
    qn_status status = QN_OK;
    for (int32_t p = 0, end; p < QN_KEY_PARTITIONS && status == QN_OK; p = end) {
        int64_t first = from->starts[p];
        for (end = p + 1; end < QN_KEY_PARTITIONS && from->starts[end + 1] - first <= PART_ROWS;)
            end++;
        if (from->starts[end] == first)
            continue;
        status = group_part(build, from, first, from->starts[end], &grouping);
        if (status == QN_OK)
            status = qn_aggregation_output(build->self, &grouping, true);
        if (status == QN_OK)
            status = qn_grouping_restart(&grouping);
    }
    qn_grouping_clear(&grouping);
    return status;
}

static qn_status group_by_parts(rows_build *build) {
    parts *from = NULL;
    QN_TRY(qn_mem_calloc(&from, 1, sizeof *from));
    qn_table_init(&from->table);
    qn_status status = gather_held(build, &from->table);
    if (status == QN_OK)
        status = qn_mem_alloc(&from->partitions, (size_t)from->table.row_count,
                              sizeof *from->partitions);
    if (status == QN_OK)
        status = find_partitions(build, from);
    if (status == QN_OK)
        status = scatter_parts(build, from);
    if (status == QN_OK)
        status = group_parts(build, from);
    qn_scatter_clear(&from->scatter);
    qn_table_clear(&from->table);
    qn_mem_free(from->partitions);
    qn_mem_free(from);
    return status;
}

/* Many rows, of many groups as far as is known. */
static bool wants_parts(const rows_build *build) {
    int64_t rows = 0;
    for (int source = 0; source < build->ranks; source++)
        rows += build->held[source].row_count;
    return build->spilled == NULL && build->self->plan.key_count > 0 &&
           build->self->plan.mergeable && rows > 4 * PART_ROWS && rows < UINT32_MAX &&
           qn_scatter_takes(&build->schema);
}

/* ---- One grouping for all, or a lane of scratch space -----------------------------------------
 */

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
        status = qn_aggregation_output(build->self, &grouping, false);
    qn_grouping_clear(&grouping);
    return status;
}

static qn_status group_all_rows(rows_build *build) {
    if (wants_parts(build))
        return group_by_parts(build);
    if (build->spilled != NULL)
        QN_TRY(qn_scratch_flush(build->spilled));
    for (int32_t lane = 0; lane < (build->spilled != NULL ? QN_AGGREGATION_LANES : 1); lane++)
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

qn_status qn_aggregation_run_rows(qn_aggregation *self, const qn_execution *execution) {
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
