#include "features/scan/scan.h"
#include "mpi/file/file.h"

static qn_status write_batch(qn_shared_output *output, const qn_stream *in, const qn_batch *batch,
                             qn_text *text) {
    QN_TRY(qn_csv_format_batch(&in->schema, batch, text));
    if (text->length > 0)
        QN_TRY(qn_shared_output_write(output, text->data, text->length));
    qn_text_truncate(text, 0);
    return QN_OK;
}

/* Formats this rank's batches one after the other into its part of the file. Reads on to the end
 * even when `written` or a later write failed: other ranks may wait for this one. */
static qn_status write_batches(qn_shared_output *output, qn_stream *in, qn_text *text,
                               qn_status written, int64_t *rows) {
    char error[QN_ERROR_PACKED_SIZE];
    qn_error_pack(error);
    for (bool ended = false; !ended;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        ended = batch.count == 0;
        *rows += batch.length;
        if (written == QN_OK && (written = write_batch(output, in, &batch, text)) != QN_OK)
            qn_error_pack(error);
        qn_batch_clear(&batch);
    }
    if (written != QN_OK)
        qn_error_unpack(error);
    return written;
}

qn_status qn_csv_write(qn_stream *in, qn_comm *comm, const char *path, int64_t *rows) {
    qn_text text;
    qn_text_init(&text);
    int64_t count = 0;
    qn_shared_output *output = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_shared_output_open(&output, comm, path), done);
    if (qn_comm_rank(comm) == 0)
        status = qn_csv_format_header(&in->schema, &text);
    status = write_batches(output, in, &text, status, &count);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_sum_i64(comm, &count, 1), done);
    status = qn_shared_output_commit(output);
    output = NULL;
    if (status == QN_OK && rows != NULL)
        *rows = count;
done:
    qn_shared_output_discard(output);
    qn_text_clear(&text);
    return status;
}
