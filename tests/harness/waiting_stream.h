/* A stream of small batches that all ranks must pull together: each next is a barrier. */
#ifndef QUERN_TESTS_HARNESS_WAITING_STREAM_H
#define QUERN_TESTS_HARNESS_WAITING_STREAM_H

#include "core/stream.h"
#include "mpi/comm/comm.h"

enum { WAITING_BATCHES = 4 };

typedef struct waiting_stream {
    qn_stream base;
    qn_comm *comm;
    int64_t position;
} waiting_stream;

static inline qn_status waiting_next(qn_stream *stream, qn_batch *out) {
    waiting_stream *self = (waiting_stream *)stream;
    qn_batch batch;
    qn_batch_init(&batch);
    qn_status status = QN_OK;
    if (self->position < WAITING_BATCHES) {
        status = qn_batch_reserve(&batch, 1);
        if (status == QN_OK)
            status = qn_column_new(&batch.columns[0], QN_INT64, 1, 0);
        batch.length = 1;
        batch.first_row = self->position++;
    }
    status = qn_comm_agree(self->comm, status);
    if (status != QN_OK)
        qn_batch_clear(&batch);
    else
        qn_batch_move(out, &batch);
    return status;
}

static inline qn_status waiting_rewind(qn_stream *stream) {
    ((waiting_stream *)stream)->position = 0;
    return QN_OK;
}

/* Collective. One int64 column "n". */
static inline qn_status waiting_stream_new(qn_stream **out, qn_comm *comm) {
    static const qn_stream_class waiting_class = {"waiting", waiting_next, waiting_rewind, NULL};
    waiting_stream *self = NULL;
    qn_schema schema;
    qn_schema_init(&schema);
    qn_status status = qn_schema_add(&schema, "n", QN_INT64);
    if (status == QN_OK)
        status = qn_stream_new(&self, sizeof *self, &waiting_class, &schema);
    qn_schema_clear(&schema);
    QN_TRY(status);
    self->comm = comm;
    *out = &self->base;
    return QN_OK;
}

#endif
