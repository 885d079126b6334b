#include "features/prefix.h"

#include "core/memory.h"

#include <string.h>

typedef struct step {
    const qn_stage *stage;
    const qn_schema *in;
} step;

typedef struct kept_batch {
    int64_t done; /* steps that it went through */
    int64_t bytes;
    qn_batch batch;
} kept_batch;

typedef struct prefix {
    qn_stream base;
    qn_stream *source;
    step *steps;
    int64_t step_count, step_capacity;
    bool keep;
    bool *needed;                    /* NULL: all */
    qn_column *empty[QN_TYPE_COUNT]; /* the last column that stood for one not needed */
    int64_t budget, bytes;
    kept_batch *kept; /* the first `count` batches of the source */
    int64_t count, capacity;
    int64_t position; /* the next batch to give out */
    bool complete;    /* at the last scan's end: these are all */
    bool settled;     /* complete on every rank */
} prefix;

/* ---- Keeping -------------------------------------------------------------------------------- */

/* A column that nobody will look at; batches of one length share it. */
static qn_status empty_column(prefix *self, const qn_column *column, qn_column **out) {
    qn_column **last = &self->empty[column->type];
    qn_column *made = *last;
    if (made == NULL || made->length != column->length || made->width != column->width) {
        made = NULL;
        QN_TRY(column->type == QN_VECTOR
                   ? qn_column_new_sparse(&made, column->length, column->width, 0)
                   : qn_column_new_null(&made, column->type, column->length, 0));
        qn_column_release(*last);
        *last = made;
    }
    *out = qn_column_retain(made);
    return QN_OK;
}

/* *bytes: of the needed columns. */
static qn_status share_needed(prefix *self, const qn_batch *batch, qn_batch *out, int64_t *bytes) {
    QN_TRY(qn_batch_share(out, batch));
    *bytes = out->row_ids != NULL ? qn_column_bytes(out->row_ids) : 0;
    for (int32_t i = 0; i < out->count; i++) {
        qn_column *empty = NULL;
        if (self->needed == NULL || self->needed[i]) {
            *bytes += qn_column_bytes(out->columns[i]);
            continue;
        }
        qn_status status = empty_column(self, out->columns[i], &empty);
        if (status != QN_OK) {
            qn_batch_clear(out);
            return status;
        }
        qn_column_release(out->columns[i]);
        out->columns[i] = empty;
    }
    return QN_OK;
}

/* Keeps the batch at `position`, instead of what was kept of it so far, if it fits and no batch
 * before it is missing. */
static qn_status keep_batch(prefix *self, const qn_batch *batch) {
    bool is_new = self->position == self->count;
    if (self->position > self->count)
        return QN_OK;
    if (is_new)
        QN_TRY(qn_mem_reserve(&self->kept, &self->capacity, self->count + 1, sizeof *self->kept));
    kept_batch made = {.done = self->step_count};
    QN_TRY(share_needed(self, batch, &made.batch, &made.bytes));
    kept_batch *place = &self->kept[self->position];
    int64_t freed = is_new ? 0 : place->bytes;
    if (self->bytes - freed + made.bytes > self->budget) {
        qn_batch_clear(&made.batch);
        return QN_OK;
    }
    if (is_new)
        self->count++;
    else
        qn_batch_clear(&place->batch);
    *place = made;
    self->bytes += made.bytes - freed;
    return QN_OK;
}

/* ---- The stream ----------------------------------------------------------------------------- */

static qn_status run_steps(const prefix *self, int64_t first, qn_batch *batch) {
    for (int64_t i = first; i < self->step_count; i++) {
        qn_batch next;
        QN_TRY(qn_stage_transform(self->steps[i].stage, self->steps[i].in, batch, &next));
        qn_batch_clear(batch);
        qn_batch_move(batch, &next);
    }
    return QN_OK;
}

/* The batch at `position` as far as it is made already, and how many steps that is. */
static qn_status get_batch(prefix *self, qn_batch *batch, int64_t *done) {
    bool is_kept = self->position < self->count;
    *done = 0;
    if (!self->settled)
        QN_TRY(qn_stream_next(self->source, batch));
    if (is_kept) {
        qn_batch_clear(batch);
        *done = self->kept[self->position].done;
        return qn_batch_share(batch, &self->kept[self->position].batch);
    }
    if (batch->count == 0)
        self->complete = self->position == self->count;
    return QN_OK;
}

static qn_status prefix_next(qn_stream *stream, qn_batch *out) {
    prefix *self = (prefix *)stream;
    qn_batch batch;
    int64_t done;
    qn_batch_init(&batch);
    qn_status status = get_batch(self, &batch, &done);
    if (status == QN_OK && batch.count > 0) {
        status = run_steps(self, done, &batch);
        if (status == QN_OK && self->keep && done < self->step_count)
            status = keep_batch(self, &batch);
        self->position++;
    }
    if (status == QN_OK)
        qn_batch_move(out, &batch);
    else
        qn_batch_clear(&batch);
    return status;
}

static qn_status prefix_rewind(qn_stream *stream) {
    prefix *self = (prefix *)stream;
    self->position = 0;
    return self->settled ? QN_OK : qn_stream_rewind(self->source);
}

static void prefix_free(qn_stream *stream) {
    prefix *self = (prefix *)stream;
    for (int64_t i = 0; i < self->count; i++)
        qn_batch_clear(&self->kept[i].batch);
    for (int i = 0; i < QN_TYPE_COUNT; i++)
        qn_column_release(self->empty[i]);
    qn_mem_free(self->kept);
    qn_mem_free(self->needed);
    qn_mem_free(self->steps);
    qn_stream_free(self->source);
}

static const qn_stream_class prefix_class = {"prefix", prefix_next, prefix_rewind, prefix_free};

/* ---- Making --------------------------------------------------------------------------------- */

qn_status qn_prefix_open(qn_stream **out, qn_stream *source, int64_t budget) {
    prefix *self = NULL;
    qn_status status = qn_stream_new(&self, sizeof *self, &prefix_class, &source->schema);
    if (status != QN_OK) {
        qn_stream_free(source);
        return status;
    }
    self->source = source;
    self->budget = budget;
    *out = &self->base;
    return QN_OK;
}

qn_status qn_prefix_add(qn_stream *stream, const qn_stage *stage, const qn_schema *in,
                        const qn_schema *out) {
    prefix *self = (prefix *)stream;
    qn_schema schema;
    QN_TRY(qn_mem_reserve(&self->steps, &self->step_capacity, self->step_count + 1,
                          sizeof *self->steps));
    QN_TRY(qn_schema_copy(&schema, out));
    qn_schema_clear(&self->base.schema);
    self->base.schema = schema;
    self->steps[self->step_count++] = (step){stage, in};
    return QN_OK;
}

qn_status qn_prefix_keep(qn_stream *stream, bool keep, const bool *needed) {
    prefix *self = (prefix *)stream;
    bool *copy = NULL;
    if (needed != NULL)
        QN_TRY(qn_mem_copy(&copy, needed, (size_t)stream->schema.count, sizeof *needed));
    qn_mem_free(self->needed);
    self->needed = copy;
    self->keep = keep;
    return QN_OK;
}

qn_status qn_prefix_settle(qn_stream *stream, qn_comm *comm) {
    prefix *self = (prefix *)stream;
    int64_t complete = self->complete;
    QN_TRY(qn_comm_min_i64(comm, &complete, 1));
    self->settled = complete != 0;
    return QN_OK;
}

int64_t qn_prefix_left(const qn_stream *stream) {
    const prefix *self = (const prefix *)stream;
    return self->budget - self->bytes;
}
