#include "core/memory.h"
#include "features/operator/operator.h"

typedef struct filter {
    qn_stream base;
    qn_stream *in;
    qn_expr *predicate;
} filter;

qn_status qn_filter_batch(qn_batch *out, const qn_batch *in, const qn_expr *predicate) {
    uint64_t *keep = NULL;
    QN_TRY(qn_expr_filter(predicate, in, &keep));
    qn_status status = qn_batch_filter(out, in, keep);
    qn_mem_free(keep);
    return status;
}

static qn_status filter_next(qn_stream *stream, qn_batch *out) {
    filter *self = (filter *)stream;
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(qn_stream_next(self->in, &batch));
    if (batch.count == 0)
        return QN_OK;
    qn_status status = qn_filter_batch(out, &batch, self->predicate);
    qn_batch_clear(&batch);
    return status;
}

static qn_status filter_rewind(qn_stream *stream) {
    return qn_stream_rewind(((filter *)stream)->in);
}

static void filter_free(qn_stream *stream) {
    filter *self = (filter *)stream;
    qn_stream_free(self->in);
    qn_expr_free(self->predicate);
}

static const qn_stream_class filter_class = {"filter", filter_next, filter_rewind, filter_free};

qn_status qn_filter_open_in(qn_stream **out, qn_stream *in, qn_expr *predicate,
                            const qn_session *session) {
    filter *self = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_expr_bind_in(predicate, &in->schema, session), done);
    if (qn_expr_type(predicate) != QN_BOOL) {
        status = qn_fail(QN_JOB, "a filter's condition must be boolean; this one is of type %s",
                         qn_type_name(qn_expr_type(predicate)));
        goto done;
    }
    QN_TRY_GOTO(qn_stream_new(&self, sizeof *self, &filter_class, &in->schema), done);
    self->in = in;
    self->predicate = predicate;
    *out = &self->base;
    return QN_OK;
done:
    qn_stream_free(in);
    qn_expr_free(predicate);
    return status;
}

qn_status qn_filter_open(qn_stream **out, qn_stream *in, qn_expr *predicate) {
    return qn_filter_open_in(out, in, predicate, NULL);
}
