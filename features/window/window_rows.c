/* A window's rows go to the rank that has their partition, and there into memory or scratch. */
#include "core/memory.h"
#include "features/wide/shuffle.h"
#include "features/window/window_private.h"

enum { BLOCK_BYTES = 512 << 10 };

/* ---- Where rows go --------------------------------------------------------------------------- */

qn_status qn_window_router_init(window_router *out, const qn_schema *schema, const int32_t *columns,
                                int32_t count, int size) {
    window_router router = {.size = size, .column_count = count};
    qn_type *types = NULL;
    qn_status status = QN_OK;
    if (count > 0) {
        QN_TRY_GOTO(qn_mem_alloc(&types, (size_t)count, sizeof *types), done);
        for (int32_t k = 0; k < count; k++)
            types[k] = schema->fields[columns[k]].type;
        QN_TRY_GOTO(qn_key_new(&router.key, types, count), done);
        QN_TRY_GOTO(qn_mem_copy(&router.columns, columns, (size_t)count, sizeof *columns), done);
        QN_TRY_GOTO(qn_mem_alloc(&router.parts, (size_t)count, sizeof *router.parts), done);
        QN_TRY_GOTO(qn_mem_alloc(&router.hashes, QN_BATCH_ROWS, sizeof *router.hashes), done);
    }
    *out = router;
    router = (window_router){0};
done:
    qn_window_router_clear(&router);
    qn_mem_free(types);
    return status;
}

void qn_window_router_clear(window_router *router) {
    qn_key_free(router->key);
    qn_mem_free(router->columns);
    qn_mem_free(router->parts);
    qn_mem_free(router->hashes);
    *router = (window_router){0};
}

/* A rank's hash partitions are contiguous; lanes cut them evenly. */
static int32_t target_of(uint64_t hash, int size) {
    int64_t place = (int64_t)qn_key_partition(hash) * size;
    int64_t lane = place % QN_KEY_PARTITIONS * QN_WINDOW_LANES / QN_KEY_PARTITIONS;
    return (int32_t)(place / QN_KEY_PARTITIONS * QN_WINDOW_LANES + lane);
}

qn_status qn_window_route(window_router *router, const qn_batch *batch, int32_t *targets) {
    if (router->key == NULL) {
        for (int64_t i = 0; i < batch->length; i++)
            targets[i] = 0;
        return QN_OK;
    }
    if (batch->length == 0)
        return QN_OK;
    for (int32_t k = 0; k < router->column_count; k++)
        router->parts[k] = batch->columns[router->columns[k]];
    QN_TRY(qn_key_hash(router->key, router->parts, batch->length, router->hashes));
    for (int64_t i = 0; i < batch->length; i++)
        targets[i] = target_of(router->hashes[i], router->size);
    return QN_OK;
}

static qn_status route(void *context, const qn_batch *batch, int32_t *ranks) {
    window_rows *self = context;
    QN_TRY(qn_window_route(&self->router, batch, ranks));
    for (int64_t i = 0; i < batch->length; i++) {
        self->sent[ranks[i]]++;
        ranks[i] /= QN_WINDOW_LANES;
    }
    return QN_OK;
}

/* ---- Arriving rows --------------------------------------------------------------------------- */

/* Blocks that wait for more rows take up to a quarter of the budget. */
static int32_t lanes_of(const qn_execution *execution) {
    int64_t lanes = execution->memory / 4 / BLOCK_BYTES / qn_comm_size(execution->comm);
    return lanes < 4 ? 4 : lanes > QN_WINDOW_LANES ? QN_WINDOW_LANES : (int32_t)lanes;
}

qn_status qn_window_rows_init(window_rows *out, const window_spec *spec, const qn_schema *in,
                              const qn_execution *execution) {
    int size = qn_comm_size(execution->comm);
    window_rows rows = {.size = size,
                        .execution = execution,
                        .spec = spec,
                        .budget = execution->memory / 6,
                        .lanes = lanes_of(execution)};
    qn_status status = QN_OK;
    for (int32_t k = 0; k < spec->column_count; k++)
        QN_TRY_GOTO(qn_schema_add_field(&rows.schema, &in->fields[spec->columns[k]]), done);
    QN_TRY_GOTO(qn_window_router_init(&rows.router, &rows.schema, spec->spec.partition,
                                      spec->spec.partition_count, size),
                done);
    QN_TRY_GOTO(qn_mem_alloc(&rows.targets, QN_BATCH_ROWS, sizeof *rows.targets), done);
    QN_TRY_GOTO(qn_mem_calloc(&rows.memory, (size_t)size, sizeof *rows.memory), done);
    QN_TRY_GOTO(qn_mem_calloc(&rows.sent, (size_t)size * QN_WINDOW_LANES, sizeof *rows.sent), done);
    *out = rows;
    return QN_OK;
done:
    qn_window_rows_clear(&rows);
    return status;
}

void qn_window_rows_clear(window_rows *rows) {
    for (int s = 0; rows->memory != NULL && s < rows->size; s++)
        qn_table_clear(&rows->memory[s]);
    qn_mem_free(rows->memory);
    qn_mem_free(rows->sent);
    qn_mem_free(rows->targets);
    qn_scratch_free(rows->scratch);
    qn_window_router_clear(&rows->router);
    qn_schema_clear(&rows->schema);
    *rows = (window_rows){0};
}

static qn_status take_lane(qn_batch *out, const qn_batch *batch, const int64_t *rows,
                           int64_t count) {
    qn_status status = qn_batch_reserve(out, batch->count);
    out->length = count;
    for (int32_t c = 0; c < batch->count && status == QN_OK; c++)
        status = qn_column_take(&out->columns[c], batch->columns[c], rows, count);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

/* Rows of a batch, sorted by lane: lane l has order[starts[l] .. starts[l + 1]). */
static void sort_by_lane(const int32_t *targets, int32_t lanes, int64_t length, int64_t *order,
                         int64_t starts[QN_WINDOW_LANES + 1]) {
    int64_t next[QN_WINDOW_LANES];
    for (int l = 0; l <= QN_WINDOW_LANES; l++)
        starts[l] = 0;
    for (int64_t i = 0; i < length; i++)
        starts[qn_window_lane(targets[i], lanes) + 1]++;
    for (int l = 0; l < QN_WINDOW_LANES; l++) {
        starts[l + 1] += starts[l];
        next[l] = starts[l];
    }
    for (int64_t i = 0; i < length; i++)
        order[next[qn_window_lane(targets[i], lanes)]++] = i;
}

static qn_status spill_batch(window_rows *self, int source, const qn_batch *batch) {
    int64_t *order = NULL, starts[QN_WINDOW_LANES + 1];
    qn_status status = QN_OK;
    QN_TRY(qn_window_route(&self->router, batch, self->targets));
    QN_TRY(qn_mem_alloc(&order, (size_t)batch->length, sizeof *order));
    sort_by_lane(self->targets, self->lanes, batch->length, order, starts);
    for (int32_t l = 0; l < self->lanes && status == QN_OK; l++) {
        int64_t count = starts[l + 1] - starts[l];
        qn_batch piece;
        qn_batch_init(&piece);
        if (count == 0)
            continue;
        QN_TRY_GOTO(take_lane(&piece, batch, order + starts[l], count), done);
        status = qn_scratch_add(self->scratch, source * self->lanes + l, &piece);
    }
done:
    qn_mem_free(order);
    return status;
}

/* What is in memory goes to scratch, and so will all that comes. */
static qn_status start_spilling(window_rows *self) {
    QN_TRY(qn_scratch_new(&self->scratch, self->execution->scratch, &self->schema,
                          self->size * self->lanes));
    for (int s = 0; s < self->size; s++) {
        for (int64_t b = 0; b < self->memory[s].batch_count; b++)
            QN_TRY(spill_batch(self, s, &self->memory[s].batches[b]));
        qn_table_clear(&self->memory[s]);
    }
    return QN_OK;
}

/* Rows without partitions stay together: spilling them would not help. */
static qn_status sink(void *context, int source, qn_batch *batch) {
    window_rows *self = context;
    qn_status status = QN_OK;
    self->bytes += qn_batch_bytes(batch);
    if (self->scratch == NULL && self->router.key != NULL && self->bytes > self->budget)
        status = start_spilling(self);
    if (status == QN_OK && self->scratch == NULL)
        return qn_table_add(&self->memory[source], batch);
    if (status == QN_OK)
        status = spill_batch(self, source, batch);
    qn_batch_clear(batch);
    return status;
}

qn_status qn_window_rows_read(window_rows *rows, qn_stream *in) {
    qn_shuffle_plan plan = {route, rows, sink, rows, false};
    QN_TRY(qn_shuffle(in, rows->execution->comm, &plan));
    qn_status status = rows->scratch != NULL ? qn_scratch_flush(rows->scratch) : QN_OK;
    return qn_comm_agree(rows->execution->comm, status);
}

int32_t qn_window_rows_lanes(const window_rows *rows) {
    return rows->scratch != NULL ? rows->lanes : 1;
}

/* ---- A lane's rows --------------------------------------------------------------------------- */

static qn_status refuse_rows(int64_t rows) {
    return qn_fail(QN_MEMORY,
                   "a window over %lld rows does not fit one rank's tables: use more ranks, or "
                   "less memory so that it is spilled",
                   (long long)rows);
}

static qn_status collect(qn_table *out, qn_stream *in) {
    bool full = false;
    QN_TRY(qn_wide_collect(out, in, INT64_MAX, &full));
    return full ? refuse_rows(out->row_count) : QN_OK;
}

/* Far fewer rows a batch than there could be: places would run out, and batches have a price. */
static bool is_scattered(const qn_table *table) {
    return table->batch_count > 64 && table->row_count / table->batch_count < 1024;
}

static qn_status add_memory(window_rows *self, int source, qn_table *out) {
    qn_table *memory = &self->memory[source];
    qn_stream *stream = NULL;
    if (is_scattered(memory)) {
        QN_TRY(qn_schema_copy(&memory->schema, &self->schema));
        QN_TRY(qn_table_stream(&stream, memory));
        qn_table_clear(memory);
        qn_status status = collect(out, stream);
        qn_stream_free(stream);
        return status;
    }
    for (int64_t b = 0; b < memory->batch_count; b++)
        QN_TRY(qn_table_add(out, &memory->batches[b]));
    qn_table_clear(memory);
    return QN_OK;
}

static qn_status add_scratch(window_rows *self, int source, int32_t lane, qn_table *out) {
    qn_stream *stream = NULL;
    QN_TRY(qn_scratch_open(&stream, self->scratch, source * self->lanes + lane));
    qn_status status = collect(out, stream);
    qn_stream_free(stream);
    return status;
}

qn_status qn_window_rows_lane(window_rows *rows, int32_t lane, qn_table *out, int64_t *counts) {
    qn_table table;
    qn_status status;
    qn_table_init(&table);
    QN_TRY_GOTO(qn_schema_copy(&table.schema, &rows->schema), done);
    for (int s = 0; s < rows->size; s++) {
        int64_t before = table.row_count;
        QN_TRY_GOTO(rows->scratch != NULL ? add_scratch(rows, s, lane, &table)
                                          : add_memory(rows, s, &table),
                    done);
        counts[s] = table.row_count - before;
    }
    if (table.batch_count > QN_REF_MAX_BATCHES)
        QN_TRY_GOTO(refuse_rows(table.row_count), done);
    *out = table;
    return QN_OK;
done:
    qn_table_clear(&table);
    return status;
}
