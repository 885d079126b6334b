#include "features/wide/input.h"

#include "mpi/comm/signal.h"

static qn_status input_next(qn_stream *stream, qn_batch *out) {
    qn_input *self = (qn_input *)stream;
    qn_status status = qn_stream_next(self->in, out);
    if (status == QN_OK)
        status = qn_signal_check();
    if (status != QN_OK)
        qn_batch_clear(out);
    self->ended = status != QN_OK || out->count == 0;
    return status;
}

static qn_status input_rewind(qn_stream *stream) {
    return qn_stream_rewind(((qn_input *)stream)->in);
}

static const qn_stream_class input_class = {"input", input_next, input_rewind, NULL};

qn_status qn_input_start(qn_input *out, qn_stream *in) {
    *out = (qn_input){.base = {.class_ = &input_class, .schema = in->schema}, .in = in};
    QN_TRY(qn_stream_rewind(in));
    out->started = true;
    return QN_OK;
}

qn_status qn_input_finish(qn_input *input, qn_status status) {
    char error[QN_ERROR_PACKED_SIZE];
    if (status == QN_OK || !input->started || input->ended)
        return status;
    qn_error_pack(error);
    while (!input->ended) {
        qn_batch batch;
        qn_batch_init(&batch);
        if (qn_stream_next(&input->base, &batch) == QN_OK)
            qn_batch_clear(&batch);
    }
    qn_error_unpack(error);
    return status;
}
