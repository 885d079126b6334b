#include "core/memory.h"
#include "features/operator/operator.h"

enum { KEPT_BYTES = 64 << 20 };

typedef struct limit {
    qn_stream base;
    qn_stream *in;
    qn_comm *comm;
    int64_t limit, offset; /* of the global order; INT64_MAX - offset at most */
    bool counted;
    int64_t before;   /* rows of lower ranks, up to offset + limit of each */
    int64_t position; /* local rows read in this pass */
} limit;

/* Rows of this rank in front of bad data, if there is any, counting no further than the last row
 * that can matter. */
static qn_status count_local(limit *self, int64_t *rows) {
    qn_batch batch;
    bool more = true;
    *rows = 0;
    while (more && *rows < self->offset + self->limit) {
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(self->in, &batch));
        more = batch.count > 0;
        *rows += batch.length;
        qn_batch_clear(&batch);
    }
    return QN_OK;
}

/* Bad data behind the last row that is wanted is no error: one rank alone would not meet it. */
static qn_status count_before(limit *self) {
    int64_t rows = 0;
    char error[QN_ERROR_PACKED_SIZE];
    qn_status status = count_local(self, &rows);
    if (status != QN_OK)
        qn_error_pack(error);
    QN_TRY(qn_comm_exscan_i64(self->comm, &rows, &self->before, 1));
    if (status == QN_DATA && self->before + rows >= self->offset + self->limit) {
        qn_error_clear();
        status = QN_OK;
    } else if (status != QN_OK) {
        qn_error_unpack(error);
    }
    if (status == QN_OK)
        status = qn_stream_rewind(self->in);
    QN_TRY(qn_comm_agree(self->comm, status));
    self->counted = true;
    return QN_OK;
}

static qn_status cut(qn_batch *out, qn_batch *batch, int64_t from, int64_t to) {
    uint64_t *keep = NULL;
    if (from == 0 && to == batch->length) {
        qn_batch_move(out, batch);
        return QN_OK;
    }
    QN_TRY(qn_mem_calloc(&keep, (size_t)qn_bit_words(batch->length), sizeof *keep));
    for (int64_t i = from; i < to; i++)
        qn_bit_set(keep, i);
    qn_status status = qn_batch_filter(out, batch, keep);
    qn_mem_free(keep);
    return status;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

static qn_status limit_next(qn_stream *stream, qn_batch *out) {
    limit *self = (limit *)stream;
    qn_status status = QN_OK;
    if (!self->counted)
        QN_TRY(count_before(self));
    /* the wanted rows in local numbers; batches in front of them are dropped whole */
    int64_t first = self->offset - self->before, end = first + self->limit;
    while (out->count == 0 && self->position < end && status == QN_OK) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(self->in, &batch));
        if (batch.count == 0)
            break;
        int64_t from = clamp(first - self->position, 0, batch.length);
        int64_t to = clamp(end - self->position, 0, batch.length);
        self->position += batch.length;
        if (from < to)
            status = cut(out, &batch, from, to);
        qn_batch_clear(&batch);
    }
    return status;
}

static qn_status limit_rewind(qn_stream *stream) {
    limit *self = (limit *)stream;
    self->position = 0;
    return qn_stream_rewind(self->in);
}

static void limit_free(qn_stream *stream) {
    qn_stream_free(((limit *)stream)->in);
}

static const qn_stream_class limit_class = {"limit", limit_next, limit_rewind, limit_free};

qn_status qn_limit_open(qn_stream **out, qn_stream *in, qn_comm *comm, int64_t rows,
                        int64_t offset) {
    limit *self = NULL;
    bool counts = qn_comm_size(comm) > 1;
    if (counts)
        QN_TRY(qn_cache_open(&in, in, KEPT_BYTES));
    qn_status status = qn_stream_new(&self, sizeof *self, &limit_class, &in->schema);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    self->comm = comm;
    self->offset = offset;
    self->limit = rows < 0 || rows > INT64_MAX - offset ? INT64_MAX - offset : rows;
    self->counted = !counts;
    *out = &self->base;
    return QN_OK;
}
