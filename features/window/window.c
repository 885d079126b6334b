#include "features/window/window.h"

#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/window/window_private.h"

typedef struct window {
    qn_stream base;
    qn_stream *in; /* a cache of the input */
    qn_execution execution;
    window_spec spec;
    window_router router; /* over the input's columns */
    int32_t *targets;     /* of a batch */
    window_results results;
    bool built;
} window;

/* ---- Building -------------------------------------------------------------------------------- */

/* The columns that are sent, of the kept input. */
static qn_status open_columns(window *self, qn_stream **out) {
    qn_stream *borrowed = NULL;
    QN_TRY(qn_stream_rewind(self->in));
    QN_TRY(qn_stream_borrow(&borrowed, self->in));
    return qn_select_open(out, borrowed, self->spec.columns, self->spec.column_count);
}

static qn_status prepare(window *self, window_rows *rows, qn_stream **columns) {
    QN_TRY(qn_window_rows_init(rows, &self->spec, &self->in->schema, &self->execution));
    QN_TRY(qn_window_results_init(&self->results, &self->spec, &self->execution));
    return open_columns(self, columns);
}

static qn_status build(window *self) {
    window_rows rows = {0};
    qn_stream *columns = NULL;
    bool ready = false;
    qn_status status;
    QN_TRY_GOTO(qn_comm_agree(self->execution.comm, prepare(self, &rows, &columns)), done);
    QN_TRY_GOTO(qn_window_in_place(&self->results, &self->spec, columns, &ready), done);
    if (!ready) {
        status = qn_stream_rewind(columns);
        QN_TRY_GOTO(qn_comm_agree(self->execution.comm, status), done);
        QN_TRY_GOTO(qn_window_rows_read(&rows, columns), done);
        QN_TRY_GOTO(qn_window_results_build(&self->results, &rows), done);
    }
    status = qn_stream_rewind(self->in);
    self->built = status == QN_OK;
done:
    qn_stream_free(columns);
    qn_window_rows_clear(&rows);
    return status;
}

/* ---- The stream ------------------------------------------------------------------------------ */

static qn_status add_results(window *self, qn_batch *batch) {
    if (self->results.own)
        return qn_window_results_next(&self->results, NULL, batch->length, batch);
    QN_TRY(qn_window_route(&self->router, batch, self->targets));
    return qn_window_results_next(&self->results, self->targets, batch->length, batch);
}

static qn_status window_next(qn_stream *stream, qn_batch *out) {
    window *self = (window *)stream;
    qn_batch batch;
    qn_batch_init(&batch);
    if (!self->built)
        QN_TRY(build(self));
    QN_TRY(qn_stream_next(self->in, &batch));
    if (batch.count == 0)
        return QN_OK;
    qn_status status = add_results(self, &batch);
    if (status != QN_OK) {
        qn_batch_clear(&batch);
        return status;
    }
    qn_batch_move(out, &batch);
    return QN_OK;
}

static qn_status window_rewind(qn_stream *stream) {
    window *self = (window *)stream;
    if (!self->built)
        return QN_OK;
    QN_TRY(qn_window_results_rewind(&self->results));
    return qn_stream_rewind(self->in);
}

static void window_free(qn_stream *stream) {
    window *self = (window *)stream;
    qn_window_results_clear(&self->results);
    qn_window_router_clear(&self->router);
    qn_mem_free(self->targets);
    qn_window_spec_clear(&self->spec);
    qn_stream_free(self->in);
}

static const qn_stream_class window_class = {"window", window_next, window_rewind, window_free};

static qn_status prepare_stream(window *self, const qn_window_spec *spec) {
    const qn_schema *in = &self->in->schema;
    QN_TRY(qn_window_spec_init(&self->spec, spec, in));
    for (int32_t c = 0; c < spec->call_count; c++)
        QN_TRY(qn_schema_add_field(&self->base.schema, &self->spec.results.fields[c]));
    QN_TRY(qn_window_router_init(&self->router, in, spec->partition, spec->partition_count,
                                 qn_comm_size(self->execution.comm)));
    return qn_mem_alloc(&self->targets, QN_BATCH_ROWS, sizeof *self->targets);
}

qn_status qn_window_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                         const qn_window_spec *spec) {
    window *self = NULL;
    qn_stream *kept = NULL;
    int64_t memory =
        execution->memory > 0 ? execution->memory : qn_execution_of(execution->comm).memory;
    QN_TRY(qn_cache_open(&kept, in, memory / 2));
    qn_status status = qn_stream_new(&self, sizeof *self, &window_class, &kept->schema);
    if (status != QN_OK) {
        qn_stream_free(kept);
        return status;
    }
    self->in = kept;
    self->execution = *execution;
    self->execution.memory = memory;
    status = prepare_stream(self, spec);
    if (status != QN_OK) {
        qn_stream_free(&self->base);
        return status;
    }
    *out = &self->base;
    return QN_OK;
}
