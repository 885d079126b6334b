#include "core/memory.h"
#include "features/operator/operator.h"

typedef struct cache {
    qn_stream base;
    qn_stream *in;
    int64_t budget, bytes;
    qn_batch *batches; /* the first `count` batches of the input */
    int64_t count, capacity;
    int64_t position;    /* the next batch to give out */
    int64_t in_position; /* the next batch that `in` gives */
    bool full;           /* the budget ended: batch `count` was met and not kept */
    bool complete;       /* the input ended and every batch is kept */
} cache;

static qn_status keep_batch(cache *self, const qn_batch *batch) {
    int64_t bytes = qn_batch_bytes(batch);
    self->full = self->bytes + bytes > self->budget;
    if (self->full)
        return QN_OK;
    QN_TRY(qn_mem_reserve(&self->batches, &self->capacity, self->count + 1, sizeof *self->batches));
    qn_batch_init(&self->batches[self->count]);
    QN_TRY(qn_batch_share(&self->batches[self->count], batch));
    self->count++;
    self->bytes += bytes;
    return QN_OK;
}

/* Brings the input to batch `position`, dropping what lies before. */
static qn_status seek_input(cache *self) {
    if (self->in_position > self->position) {
        QN_TRY(qn_stream_rewind(self->in));
        self->in_position = 0;
    }
    while (self->in_position < self->position) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(self->in, &batch));
        qn_batch_clear(&batch);
        self->in_position++;
    }
    return QN_OK;
}

static qn_status cache_next(qn_stream *stream, qn_batch *out) {
    cache *self = (cache *)stream;
    if (self->position < self->count)
        return qn_batch_share(out, &self->batches[self->position++]);
    if (self->complete)
        return QN_OK;
    QN_TRY(seek_input(self));
    QN_TRY(qn_stream_next(self->in, out));
    if (out->count == 0) {
        self->complete = !self->full;
        return QN_OK;
    }
    self->in_position++;
    self->position++;
    qn_status status = self->full ? QN_OK : keep_batch(self, out);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

static qn_status cache_rewind(qn_stream *stream) {
    ((cache *)stream)->position = 0;
    return QN_OK;
}

static void cache_free(qn_stream *stream) {
    cache *self = (cache *)stream;
    for (int64_t i = 0; i < self->count; i++)
        qn_batch_clear(&self->batches[i]);
    qn_mem_free(self->batches);
    qn_stream_free(self->in);
}

static const qn_stream_class cache_class = {"cache", cache_next, cache_rewind, cache_free};

qn_status qn_cache_open(qn_stream **out, qn_stream *in, int64_t budget) {
    cache *self = NULL;
    qn_status status = qn_stream_new(&self, sizeof *self, &cache_class, &in->schema);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    self->budget = budget;
    *out = &self->base;
    return QN_OK;
}

qn_cache_report qn_cache_report_of(const qn_stream *stream) {
    const cache *self = (const cache *)stream;
    if (stream->class_ != &cache_class)
        return (qn_cache_report){false, 0, 0};
    return (qn_cache_report){self->complete, self->count, self->bytes};
}
