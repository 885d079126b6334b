#include "core/stream.h"

#include "core/memory.h"

qn_status qn_stream_next(qn_stream *stream, qn_batch *out) {
    return stream->class_->next(stream, out);
}

qn_status qn_stream_rewind(qn_stream *stream) {
    return stream->class_->rewind(stream);
}

void qn_stream_free(qn_stream *stream) {
    if (stream == NULL || stream->holders-- > 0)
        return;
    if (stream->class_->free != NULL)
        stream->class_->free(stream);
    qn_schema_clear(&stream->schema);
    qn_mem_free(stream);
}

void qn_stream_hold(qn_stream *stream) {
    stream->holders++;
}

qn_status qn_stream_new(void *out, size_t size, const qn_stream_class *class_,
                        const qn_schema *schema) {
    qn_stream *stream = NULL;
    QN_TRY(qn_mem_calloc(&stream, 1, size));
    stream->class_ = class_;
    if (schema != NULL) {
        qn_status status = qn_schema_copy(&stream->schema, schema);
        if (status != QN_OK) {
            qn_mem_free(stream);
            return status;
        }
    }
    *(qn_stream **)out = stream;
    return QN_OK;
}

typedef struct memory_stream {
    qn_stream base;
    qn_batch *batches;
    int64_t count, next;
} memory_stream;

static qn_status memory_next(qn_stream *stream, qn_batch *out) {
    memory_stream *self = (memory_stream *)stream;
    if (self->next == self->count) {
        qn_batch_init(out);
        return QN_OK;
    }
    return qn_batch_share(out, &self->batches[self->next++]);
}

static qn_status memory_rewind(qn_stream *stream) {
    ((memory_stream *)stream)->next = 0;
    return QN_OK;
}

static void memory_free(qn_stream *stream) {
    memory_stream *self = (memory_stream *)stream;
    for (int64_t i = 0; i < self->count; i++)
        qn_batch_clear(&self->batches[i]);
    qn_mem_free(self->batches);
}

static const qn_stream_class memory_class = {"memory", memory_next, memory_rewind, memory_free};

qn_status qn_stream_of_batches(qn_stream **out, const qn_schema *schema, const qn_batch *batches,
                               int64_t count) {
    memory_stream *self = NULL;
    QN_TRY(qn_stream_new(&self, sizeof *self, &memory_class, schema));
    qn_status status = qn_mem_calloc(&self->batches, (size_t)count, sizeof *self->batches);
    while (status == QN_OK && self->count < count) {
        status = qn_batch_share(&self->batches[self->count], &batches[self->count]);
        self->count += status == QN_OK;
    }
    if (status != QN_OK) {
        qn_stream_free(&self->base);
        return status;
    }
    *out = &self->base;
    return QN_OK;
}

typedef struct borrowed_stream {
    qn_stream base;
    qn_stream *owner;
} borrowed_stream;

static qn_status borrowed_next(qn_stream *stream, qn_batch *out) {
    return qn_stream_next(((borrowed_stream *)stream)->owner, out);
}

static qn_status borrowed_rewind(qn_stream *stream) {
    return qn_stream_rewind(((borrowed_stream *)stream)->owner);
}

static const qn_stream_class borrowed_class = {"borrowed", borrowed_next, borrowed_rewind, NULL};

qn_status qn_stream_borrow(qn_stream **out, qn_stream *stream) {
    borrowed_stream *self = NULL;
    QN_TRY(qn_stream_new(&self, sizeof *self, &borrowed_class, &stream->schema));
    self->owner = stream;
    *out = &self->base;
    return QN_OK;
}

void qn_table_init(qn_table *table) {
    *table = (qn_table){0};
}

void qn_table_clear(qn_table *table) {
    for (int64_t i = 0; i < table->batch_count; i++)
        qn_batch_clear(&table->batches[i]);
    qn_mem_free(table->batches);
    qn_schema_clear(&table->schema);
    qn_table_init(table);
}

qn_status qn_table_add(qn_table *table, qn_batch *batch) {
    qn_status status = qn_mem_reserve(&table->batches, &table->batch_capacity,
                                      table->batch_count + 1, sizeof *table->batches);
    if (status != QN_OK) {
        qn_batch_clear(batch);
        return status;
    }
    table->row_count += batch->length;
    qn_batch_move(&table->batches[table->batch_count++], batch);
    return QN_OK;
}

/* Reads on to the end even when a batch could not be kept: other ranks may wait for this one. */
static qn_status collect_all(qn_table *table, qn_stream *stream) {
    char error[QN_ERROR_PACKED_SIZE];
    qn_status kept = QN_OK;
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(stream, &batch));
        bool ended = batch.count == 0;
        if (ended || kept != QN_OK)
            qn_batch_clear(&batch);
        else if ((kept = qn_table_add(table, &batch)) != QN_OK)
            qn_error_pack(error);
        if (ended)
            break;
    }
    if (kept != QN_OK)
        qn_error_unpack(error);
    return kept;
}

qn_status qn_table_collect(qn_table *out, qn_stream *stream) {
    qn_table table;
    qn_table_init(&table);
    qn_status status = collect_all(&table, stream);
    if (status == QN_OK)
        status = qn_schema_copy(&table.schema, &stream->schema);
    if (status != QN_OK) {
        qn_table_clear(&table);
        return status;
    }
    *out = table;
    return QN_OK;
}

qn_status qn_table_stream(qn_stream **out, const qn_table *table) {
    return qn_stream_of_batches(out, &table->schema, table->batches, table->batch_count);
}
