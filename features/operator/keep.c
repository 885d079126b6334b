#include "features/operator/keep.h"

#include "core/memory.h"
#include "mpi/file/scratch.h"

struct qn_keep {
    int64_t references;
    qn_stream *in;
    qn_schema schema;
    int64_t budget, bytes;
    char *folder;
    bool read;
    qn_batch *batches;
    int64_t count, capacity;
    qn_scratch *rest; /* NULL: all is in memory */
};

typedef struct reader {
    qn_stream base;
    qn_keep *keep;
    int64_t position;
    qn_stream *rest;
} reader;

void qn_keep_release(qn_keep *keep) {
    if (keep == NULL || --keep->references > 0)
        return;
    for (int64_t i = 0; i < keep->count; i++)
        qn_batch_clear(&keep->batches[i]);
    qn_mem_free(keep->batches);
    qn_scratch_free(keep->rest);
    qn_stream_free(keep->in);
    qn_schema_clear(&keep->schema);
    qn_mem_free(keep->folder);
    qn_mem_free(keep);
}

qn_status qn_keep_new(qn_keep **out, qn_stream *in, int64_t budget, const char *folder) {
    qn_keep *keep = NULL;
    qn_status status = qn_mem_calloc(&keep, 1, sizeof *keep);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    keep->references = 1;
    keep->in = in;
    keep->budget = budget;
    qn_schema_init(&keep->schema);
    QN_TRY_GOTO(qn_schema_copy(&keep->schema, &in->schema), done);
    if (folder != NULL)
        QN_TRY_GOTO(qn_mem_copy_text(&keep->folder, folder), done);
    *out = keep;
    return QN_OK;
done:
    qn_keep_release(keep);
    return status;
}

/* Takes over the batch. Blocks of their own keep the batches' cut. */
static qn_status spill(qn_keep *keep, qn_batch *batch) {
    if (keep->rest == NULL) {
        qn_status status = qn_scratch_new(&keep->rest, keep->folder, &keep->schema, 1);
        if (status != QN_OK) {
            qn_batch_clear(batch);
            return status;
        }
    }
    QN_TRY(qn_scratch_add(keep->rest, 0, batch));
    return qn_scratch_flush(keep->rest);
}

static qn_status add(qn_keep *keep, qn_batch *batch) {
    keep->bytes += qn_batch_bytes(batch);
    if (keep->rest != NULL || keep->bytes > keep->budget)
        return spill(keep, batch);
    qn_status status =
        qn_mem_reserve(&keep->batches, &keep->capacity, keep->count + 1, sizeof *keep->batches);
    if (status != QN_OK) {
        qn_batch_clear(batch);
        return status;
    }
    qn_batch_move(&keep->batches[keep->count++], batch);
    return QN_OK;
}

static qn_status read_all(qn_keep *keep) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(keep->in, &batch));
        if (batch.count == 0)
            break;
        QN_TRY(add(keep, &batch));
    }
    qn_stream_free(keep->in);
    keep->in = NULL;
    keep->read = true;
    return QN_OK;
}

static qn_status reader_next(qn_stream *stream, qn_batch *out) {
    reader *self = (reader *)stream;
    qn_keep *keep = self->keep;
    if (!keep->read)
        QN_TRY(read_all(keep));
    if (self->position < keep->count)
        return qn_batch_share(out, &keep->batches[self->position++]);
    if (keep->rest == NULL)
        return QN_OK;
    if (self->rest == NULL)
        QN_TRY(qn_scratch_open(&self->rest, keep->rest, 0));
    return qn_stream_next(self->rest, out);
}

static qn_status reader_rewind(qn_stream *stream) {
    reader *self = (reader *)stream;
    self->position = 0;
    return self->rest != NULL ? qn_stream_rewind(self->rest) : QN_OK;
}

static void reader_free(qn_stream *stream) {
    reader *self = (reader *)stream;
    qn_stream_free(self->rest);
    qn_keep_release(self->keep);
}

static const qn_stream_class reader_class = {"keep", reader_next, reader_rewind, reader_free};

qn_status qn_keep_open(qn_stream **out, qn_keep *keep) {
    reader *self = NULL;
    QN_TRY(qn_stream_new(&self, sizeof *self, &reader_class, &keep->schema));
    self->keep = keep;
    keep->references++;
    *out = &self->base;
    return QN_OK;
}
