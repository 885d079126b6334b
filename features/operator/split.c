/* Random splits: each cell as a stream, or all rows with the name of their cell. */
#include "core/memory.h"
#include "core/random.h"
#include "features/operator/operator.h"

#include <math.h>

enum { BLOCK = 1024 };

typedef struct split {
    qn_stream base;
    qn_stream *in;
    qn_random random;
    double from, to; /* the cell: [from, to) */
} split;

/* The uniform numbers of rows [from, from + count) of a batch, count <= BLOCK. */
static void draw_block(qn_random random, const qn_batch *batch, int64_t from, int64_t count,
                       double *draws) {
    int64_t rows[BLOCK];
    for (int64_t i = 0; i < count; i++)
        rows[i] = qn_batch_row(batch, from + i);
    qn_random_uniform_rows(draws, random, rows, count, 0);
}

/* Bits of the rows that fall into the cell. */
static qn_status mark_cell(const split *self, const qn_batch *batch, uint64_t **out) {
    double draws[BLOCK];
    uint64_t *keep = NULL;
    QN_TRY(qn_mem_calloc(&keep, (size_t)qn_bit_words(batch->length), sizeof *keep));
    for (int64_t from = 0; from < batch->length; from += BLOCK) {
        int64_t count = batch->length - from < BLOCK ? batch->length - from : BLOCK;
        draw_block(self->random, batch, from, count, draws);
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

/* ---- The cell as a column ------------------------------------------------------------------- */

typedef struct label {
    qn_stream base;
    qn_stream *in;
    qn_random random;
    int32_t cells;
    double *ends; /* cell i: below ends[i], not below ends[i - 1] */
    qn_column *names;
} label;

static void label_block(const label *self, const double *draws, int64_t count, int32_t *codes) {
    for (int64_t i = 0; i < count; i++) {
        codes[i] = 0;
        for (int32_t cell = 0; cell + 1 < self->cells; cell++)
            codes[i] += draws[i] >= self->ends[cell];
    }
}

static qn_status label_rows(const label *self, const qn_batch *batch, qn_column **out) {
    qn_column *column = NULL;
    double draws[BLOCK];
    QN_TRY(qn_column_new(&column, QN_INT32, batch->length, 0));
    column->type = QN_STRING;
    column->dictionary = qn_column_retain(self->names);
    for (int64_t from = 0; from < batch->length; from += BLOCK) {
        int64_t count = batch->length - from < BLOCK ? batch->length - from : BLOCK;
        draw_block(self->random, batch, from, count, draws);
        label_block(self, draws, count, column->codes + from);
    }
    *out = column;
    return QN_OK;
}

static qn_status label_next(qn_stream *stream, qn_batch *out) {
    const label *self = (const label *)stream;
    qn_column *column = NULL;
    QN_TRY(qn_stream_next(self->in, out));
    if (out->count == 0)
        return QN_OK;
    QN_TRY(label_rows(self, out, &column));
    return qn_batch_append(out, column);
}

static qn_status label_rewind(qn_stream *stream) {
    return qn_stream_rewind(((label *)stream)->in);
}

static void label_free(qn_stream *stream) {
    label *self = (label *)stream;
    qn_stream_free(self->in);
    qn_mem_free(self->ends);
    qn_column_release(self->names);
}

static const qn_stream_class label_class = {"split label", label_next, label_rewind, label_free};

static qn_status fill_label(label *self, const double *weights, const char *const *names,
                            int32_t count) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = qn_mem_alloc(&self->ends, (size_t)count, sizeof *self->ends);
    self->cells = count;
    for (int32_t i = 0; i < count && status == QN_OK; i++) {
        double from;
        status = cell_bounds(weights, count, i, &from, &self->ends[i]);
        if (status == QN_OK)
            status = qn_string_builder_add(&builder, qn_view_of(names[i]));
    }
    if (status == QN_OK)
        status = qn_string_builder_finish(&builder, &self->names);
    qn_string_builder_clear(&builder);
    return status;
}

qn_status qn_split_label_open(qn_stream **out, qn_stream *in, const double *weights,
                              const char *const *names, int32_t count, uint64_t seed,
                              const char *column) {
    label *self = NULL;
    qn_status status = qn_stream_new(&self, sizeof *self, &label_class, &in->schema);
    if (status != QN_OK) {
        qn_stream_free(in);
        return status;
    }
    self->in = in;
    self->random = qn_random_new(seed, "split");
    status = fill_label(self, weights, names, count);
    if (status == QN_OK && qn_schema_find(&in->schema, column) >= 0)
        status =
            qn_fail(QN_JOB, "the column '%s' for the cell of the split exists already", column);
    if (status == QN_OK)
        status = qn_schema_add(&self->base.schema, column, QN_STRING);
    if (status != QN_OK) {
        qn_stream_free(&self->base);
        return status;
    }
    *out = &self->base;
    return QN_OK;
}
