#include "features/scan/scan.h"
#include "mpi/file.h"

/* Formats this rank's batches one after the other into its part of the file. */
static qn_status write_batches(qn_shared_output *output, qn_stream *in, qn_text *text,
                               int64_t *rows) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        bool ended = batch.count == 0;
        *rows += batch.length;
        qn_status status = qn_csv_format_batch(&in->schema, &batch, text);
        qn_batch_clear(&batch);
        if (status == QN_OK && text->length > 0)
            status = qn_shared_output_write(output, text->data, text->length);
        if (status != QN_OK || ended)
            return status;
        qn_text_truncate(text, 0);
    }
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
    if (status == QN_OK)
        status = write_batches(output, in, &text, &count);
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
