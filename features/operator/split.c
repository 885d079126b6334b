#include "core/memory.h"
#include "core/random.h"
#include "features/operator/operator.h"

#include <math.h>

typedef struct split {
    qn_stream base;
    qn_stream *in;
    qn_random random;
    double from, to; /* the cell: [from, to) */
} split;

/* Bits of the rows that fall into the cell. */
static qn_status mark_cell(const split *self, const qn_batch *batch, uint64_t **out) {
    enum { BLOCK = 1024 };
    int64_t rows[BLOCK];
    double draws[BLOCK];
    uint64_t *keep = NULL;
    QN_TRY(qn_mem_calloc(&keep, (size_t)qn_bit_words(batch->length), sizeof *keep));
    for (int64_t from = 0; from < batch->length; from += BLOCK) {
        int64_t count = batch->length - from < BLOCK ? batch->length - from : BLOCK;
        for (int64_t i = 0; i < count; i++)
            rows[i] = qn_batch_row(batch, from + i);
        qn_random_uniform_rows(draws, self->random, rows, count, 0);
        for (int64_t i = 0; i < count; i++) {
            uint64_t inside = draws[i] >= self->from && draws[i] < self->to;
            keep[(from + i) >> 6] |= inside << (i & 63);
        }
    }
    *out = keep;
    return QN_OK;
}

static qn_status split_next(qn_stream *stream, qn_batch *out) {
    split *self = (split *)stream;
    qn_batch batch;
    uint64_t *keep = NULL;
    qn_status status = QN_OK;
    qn_batch_init(&batch);
    QN_TRY_GOTO(qn_stream_next(self->in, &batch), done);
    if (batch.count == 0)
        goto done;
    QN_TRY_GOTO(mark_cell(self, &batch, &keep), done);
    QN_TRY_GOTO(qn_batch_filter(out, &batch, keep), done);
done:
    qn_mem_free(keep);
    qn_batch_clear(&batch);
    return status;
}

static qn_status split_rewind(qn_stream *stream) {
    return qn_stream_rewind(((split *)stream)->in);
}

static void split_free(qn_stream *stream) {
    qn_stream_free(((split *)stream)->in);
}

static const qn_stream_class split_class = {"split", split_next, split_rewind, split_free};

/* The bounds of cell `which`. All cells compute them in the same way, so that neighbours share
 * the very same number and the last one ends at infinity: no row is lost to rounding. */
static qn_status cell_bounds(const double *weights, int32_t count, int32_t which, double *from,
                             double *to) {
    double total = 0, below = 0;
    for (int32_t i = 0; i < count; i++) {
        if (!(weights[i] > 0) || isinf(weights[i]))
            return qn_fail(QN_JOB, "split weight %d is %g; weights must be positive numbers",
                           (int)i + 1, weights[i]);
        total += weights[i];
    }
    if (isinf(total))
        return qn_fail(QN_JOB, "the split weights are too large to be added up");
    if (which < 0 || which >= count)
        return qn_fail(QN_JOB, "split cell %d does not exist: there are %d weights", (int)which,
                       (int)count);
    for (int32_t i = 0; i < which; i++)
        below += weights[i];
    *from = below / total;
    *to = which + 1 == count ? INFINITY : (below + weights[which]) / total;
    return QN_OK;
}

qn_status qn_split_open(qn_stream **out, qn_stream *in, const double *weights, int32_t count,
                        int32_t which, uint64_t seed) {
    split *self = NULL;
    double from = 0, to = 0;
    qn_status status = QN_OK;
    QN_TRY_GOTO(cell_bounds(weights, count, which, &from, &to), done);
    QN_TRY_GOTO(qn_stream_new(&self, sizeof *self, &split_class, &in->schema), done);
    self->in = in;
    self->random = qn_random_new(seed, "split");
    self->from = from;
    self->to = to;
    *out = &self->base;
    return QN_OK;
done:
    qn_stream_free(in);
    return status;
}
