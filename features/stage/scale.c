#include "features/stage/scale.h"

#include "core/memory.h"
#include "features/stage/vectors.h"
#include "mpi/comm/reduce.h"

#include <math.h>
#include <string.h>

static double scaled(const qn_scale *by, int32_t slot, double x) {
    double shift = by->shift == NULL ? 0 : by->shift[slot];
    double factor = by->factor == NULL ? 1 : by->factor[slot];
    return (x - shift) * factor + (by->offset == NULL ? 0 : by->offset[slot]);
}

/* ---- Dense ---------------------------------------------------------------------------------- */

/* The numbers of a few rows one after the other, so that the inner loop is long however narrow the
 * vectors are. */
typedef struct pattern {
    int64_t length; /* a multiple of the width */
    double *shift, *factor, *offset;
} pattern;

enum { PATTERN = 512 };

static qn_status make_pattern(const qn_scale *by, pattern *out) {
    int64_t width = by->width, rows = width > 0 ? (PATTERN + width - 1) / width : 0;
    int64_t length = rows * width;
    double *values = NULL;
    QN_TRY(qn_mem_alloc(&values, (size_t)(3 * length), sizeof *values));
    *out = (pattern){length, values, values + length, values + 2 * length};
    for (int64_t i = 0; i < length; i++) {
        out->shift[i] = by->shift == NULL ? 0 : by->shift[i % width];
        out->factor[i] = by->factor == NULL ? 1 : by->factor[i % width];
        out->offset[i] = by->offset == NULL ? 0 : by->offset[i % width];
    }
    return QN_OK;
}

__attribute__((target_clones("avx512f", "avx2", "default"))) static void
scale_block(const double *in, double *out, const pattern *by, int64_t count) {
    const double *shift = by->shift, *factor = by->factor, *offset = by->offset;
    for (int64_t i = 0; i < count; i++)
        out[i] = (in[i] - shift[i]) * factor[i] + offset[i];
}

static qn_status scale_values(const qn_scale *by, const double *in, double *out, int64_t count) {
    pattern rows = {0};
    QN_TRY(make_pattern(by, &rows));
    for (int64_t first = 0; first < count; first += rows.length) {
        int64_t left = count - first;
        scale_block(in + first, out + first, &rows, left < rows.length ? left : rows.length);
    }
    qn_mem_free(rows.shift);
    return QN_OK;
}

static qn_status scale_dense(const qn_scale *by, const qn_column *in, qn_column **out) {
    qn_column *dense = NULL, *column = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_column_densify(&dense, in), done);
    QN_TRY_GOTO(qn_column_new_raw(&column, QN_VECTOR, in->length, in->width), done);
    QN_TRY_GOTO(scale_values(by, dense->f64, column->f64, in->length * in->width), done);
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    qn_column_release(dense);
    return status;
}

/* ---- Sparse --------------------------------------------------------------------------------- */

static qn_status scale_entries(const qn_scale *by, const qn_column *in, qn_column **out) {
    int64_t stored = in->offsets[in->length];
    qn_column *column = NULL;
    QN_TRY(qn_column_new_sparse(&column, in->length, in->width, stored));
    memcpy(column->offsets, in->offsets, (size_t)(in->length + 1) * sizeof *in->offsets);
    memcpy(column->indices, in->indices, (size_t)stored * sizeof *in->indices);
    for (int64_t i = 0; i < stored; i++)
        column->f64[i] = scaled(by, in->indices[i], in->f64[i]);
    *out = column;
    return QN_OK;
}

/* Slots whose zeros become something else. */
typedef struct filling {
    int32_t count;
    int32_t *slots;
    double *values;
} filling;

static void clear_filling(filling *fill) {
    qn_mem_free(fill->slots);
    qn_mem_free(fill->values);
}

static qn_status find_filling(const qn_scale *by, filling *out) {
    filling fill = {0};
    for (int32_t s = 0; s < by->width; s++)
        fill.count += scaled(by, s, 0) != 0;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&fill.slots, (size_t)fill.count, sizeof *fill.slots), done);
    QN_TRY_GOTO(qn_mem_alloc(&fill.values, (size_t)fill.count, sizeof *fill.values), done);
    for (int32_t s = 0, k = 0; k < fill.count; s++)
        if (scaled(by, s, 0) != 0) {
            fill.slots[k] = s;
            fill.values[k++] = scaled(by, s, 0);
        }
    *out = fill;
    return QN_OK;
done:
    clear_filling(&fill);
    return status;
}

static void put(qn_column *out, int32_t *stored, int32_t slot, double value) {
    out->indices[*stored] = slot;
    out->f64[(*stored)++] = value;
}

/* One row's entries and the fillings of the slots between them. */
static void merge_row(const qn_scale *by, const filling *fill, const qn_column *in, int64_t row,
                      qn_column *out, int32_t *stored) {
    int32_t f = 0;
    for (int32_t k = in->offsets[row]; k < in->offsets[row + 1]; k++) {
        int32_t slot = in->indices[k];
        for (; f < fill->count && fill->slots[f] < slot; f++)
            put(out, stored, fill->slots[f], fill->values[f]);
        f += f < fill->count && fill->slots[f] == slot;
        put(out, stored, slot, scaled(by, slot, in->f64[k]));
    }
    for (; f < fill->count; f++)
        put(out, stored, fill->slots[f], fill->values[f]);
}

static qn_status merge_filling(const qn_scale *by, const filling *fill, const qn_column *in,
                               qn_column **out) {
    qn_column *column = NULL;
    int32_t stored = 0;
    int64_t bound = in->offsets[in->length] + in->length * fill->count;
    QN_TRY(qn_column_new_sparse(&column, in->length, in->width, bound));
    for (int64_t i = 0; i < in->length; i++) {
        if (!qn_column_is_null(in, i))
            merge_row(by, fill, in, i, column, &stored);
        column->offsets[i + 1] = stored;
    }
    *out = column;
    return QN_OK;
}

static qn_status scale_sparse(const qn_scale *by, const qn_column *in, qn_column **out) {
    filling fill = {0};
    if (by->shift == NULL && by->offset == NULL)
        return scale_entries(by, in, out);
    QN_TRY(find_filling(by, &fill));
    double rows = (double)in->length;
    double entries = (double)in->offsets[in->length] + rows * fill.count;
    bool narrow = entries >= INT32_MAX || 1.5 * (entries + rows) >= rows * in->width;
    qn_status status = fill.count == 0 ? scale_entries(by, in, out)
                       : narrow        ? scale_dense(by, in, out)
                                       : merge_filling(by, &fill, in, out);
    clear_filling(&fill);
    return status;
}

qn_status qn_scale_apply(const qn_scale *by, const qn_column *in, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(in->indices != NULL ? scale_sparse(by, in, &column) : scale_dense(by, in, &column));
    qn_status status = qn_vectors_copy_nulls(column, in);
    if (status == QN_OK)
        *out = column;
    else
        qn_column_release(column);
    return status;
}

qn_status qn_scale_transform(const qn_scale *by, const qn_stage *stage, const qn_schema *schema,
                             const qn_batch *in, qn_batch *out) {
    int32_t index;
    qn_column *scaled = NULL;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    QN_TRY(qn_scale_apply(by, in->columns[index], &scaled));
    return qn_vectors_append(in, scaled, out);
}

qn_status qn_scale_divide(double **factors, const double *ranges, int64_t width, double flat) {
    double *made = NULL;
    QN_TRY(qn_mem_alloc(&made, (size_t)width, sizeof *made));
    for (int64_t s = 0; s < width; s++)
        made[s] = ranges[s] != 0 ? 1 / ranges[s] : flat;
    *factors = made;
    return QN_OK;
}

/* ---- Fitting by ranges ---------------------------------------------------------------------- */

qn_status qn_scale_add_extremes(const qn_stage *stage, const qn_schema *schema,
                                const qn_batch *batch, qn_extremes *extremes) {
    int32_t index;
    QN_TRY(qn_vectors_find(stage, schema, &index));
    if (extremes->min == NULL)
        QN_TRY(qn_extremes_init(extremes, schema->fields[index].width));
    return qn_extremes_add(extremes, batch->columns[index]);
}

qn_status qn_scale_check_range(const qn_stage *stage, int32_t slot, double low, double high) {
    if (isfinite(high - low))
        return QN_OK;
    const char *name = qn_options_text(stage->options, "input_col");
    if (isnan(low) && isnan(high))
        return qn_fail(QN_DATA,
                       "slot %d (counting from 0) of column '%s' has no value but NaN, so it has "
                       "no range; impute it or leave it out",
                       slot, name);
    return qn_fail(QN_DATA,
                   "slot %d (counting from 0) of column '%s' reaches from %g to %g, a range that "
                   "cannot be scaled; clip it or leave it out",
                   slot, name, low, high);
}

qn_status qn_scale_finish_extremes(const qn_stage *stage, qn_comm *comm, qn_extremes *extremes,
                                   double **min, double **max) {
    QN_TRY(qn_reduce_extremes(comm, extremes));
    QN_TRY(qn_vectors_check_rows(stage, extremes->rows));
    size_t width = (size_t)extremes->width;
    QN_TRY(qn_mem_alloc(min, width, sizeof **min));
    QN_TRY(qn_mem_alloc(max, width, sizeof **max));
    for (int32_t s = 0; s < extremes->width; s++) {
        (*min)[s] = qn_extremes_min(extremes, s);
        (*max)[s] = qn_extremes_max(extremes, s);
    }
    qn_extremes_clear(extremes);
    return QN_OK;
}
