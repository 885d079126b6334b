/* Products of rows that are mostly empty, such as one-hot vectors beside a few numbers. */
#include "core/stats/gram_private.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

enum { SPARSE_WIDTH = 32, SPARSE_SHARE = 8, LANES = 8 };

bool qn_gram_is_sparse(const qn_gram_input *in) {
    const qn_column *features = in->features;
    if (features->indices == NULL || features->width < SPARSE_WIDTH)
        return false;
    int64_t stored = features->offsets[features->length];
    return stored * SPARSE_SHARE < features->length * features->width;
}

/* Variables are split into frequent ones (slots that at least half of the rows hold, the label, the
 * ones), kept as a short dense vector a row, and rare ones. */
typedef struct split {
    int32_t width;
    int32_t frequent;  /* how many, label and ones included */
    int32_t stride;    /* the same, rounded up */
    int32_t *place;    /* width: where a slot is in the short vector; -1: rare */
    int32_t *variable; /* stride: the inverse */
    int64_t *stored;   /* width: rows of weight that hold the slot */
    int64_t rows;      /* of weight */
    double *start;     /* stride: a row in which no frequent slot is stored: -centre */
    double *row;       /* stride: the present row */
    double *square;    /* stride^2: products of frequent variables */
    double *cross;     /* width * stride: of a rare slot with the frequent variables */
} split;

static void clear_split(split *parts) {
    qn_mem_free(parts->place);
    qn_mem_free(parts->variable);
    qn_mem_free(parts->stored);
    qn_mem_free(parts->start);
    qn_mem_free(parts->row);
    qn_mem_free(parts->square);
    qn_mem_free(parts->cross);
}

static double weight_of(const qn_gram_input *in, int64_t row) {
    return in->weights == NULL ? 1 : in->weights[row];
}

/* Counts what is stored, and sums it up for the centres. */
static void count_stored(const qn_gram_input *in, split *parts, const qn_gram_work *work) {
    const qn_column *features = in->features;
    for (int64_t i = 0; i < features->length; i++) {
        if (weight_of(in, i) == 0)
            continue;
        parts->rows++;
        for (int32_t k = features->offsets[i]; k < features->offsets[i + 1]; k++) {
            int32_t slot = features->indices[k];
            double x = features->f64[k];
            parts->stored[slot]++;
            work->centre[slot] += x;
            work->low[slot] = x < work->low[slot] ? x : work->low[slot];
            work->high[slot] = x > work->high[slot] ? x : work->high[slot];
        }
        double y = in->label[i];
        work->centre[parts->width] += y;
        work->low[parts->width] = y < work->low[parts->width] ? y : work->low[parts->width];
        work->high[parts->width] = y > work->high[parts->width] ? y : work->high[parts->width];
    }
}

/* A variable whose value never changes is centred on it exactly. */
static void settle_centre(const split *parts, const qn_gram_work *work, int32_t variable) {
    bool constant = work->low[variable] == work->high[variable];
    double mean = work->centre[variable] / (double)parts->rows;
    work->centre[variable] = constant ? work->low[variable] : mean;
}

static void settle_slots(split *parts, const qn_gram_work *work) {
    for (int32_t j = 0; j < parts->width; j++) {
        bool everywhere = parts->stored[j] == parts->rows;
        if (!everywhere) {
            work->low[j] = fmin(work->low[j], 0);
            work->high[j] = fmax(work->high[j], 0);
        }
        parts->place[j] = -1;
        if (2 * parts->stored[j] < parts->rows) {
            work->centre[j] = 0;
            continue;
        }
        settle_centre(parts, work, j);
        parts->variable[parts->frequent] = j;
        parts->place[j] = parts->frequent++;
    }
    settle_centre(parts, work, parts->width);
    parts->variable[parts->frequent++] = parts->width;     /* label */
    parts->variable[parts->frequent++] = parts->width + 1; /* ones */
    parts->stride = (parts->frequent + LANES - 1) / LANES * LANES;
}

static qn_status prepare(const qn_gram *gram, const qn_gram_input *in, const qn_gram_work *work,
                         split *parts) {
    size_t width = (size_t)gram->width;
    parts->width = gram->width;
    QN_TRY(qn_mem_alloc(&parts->place, width, sizeof *parts->place));
    QN_TRY(qn_mem_alloc(&parts->variable, width + 2, sizeof *parts->variable));
    QN_TRY(qn_mem_calloc(&parts->stored, width, sizeof *parts->stored));
    count_stored(in, parts, work);
    if (parts->rows == 0)
        return QN_OK;
    settle_slots(parts, work);
    size_t stride = (size_t)parts->stride;
    QN_TRY(qn_mem_calloc(&parts->start, stride, sizeof *parts->start));
    QN_TRY(qn_mem_calloc(&parts->row, stride, sizeof *parts->row));
    QN_TRY(qn_mem_calloc(&parts->square, stride * stride, sizeof *parts->square));
    QN_TRY(qn_mem_calloc(&parts->cross, width * stride, sizeof *parts->cross));
    for (int32_t a = 0; a + 1 < parts->frequent; a++)
        parts->start[a] = -work->centre[parts->variable[a]];
    parts->start[parts->frequent - 1] = 1;
    return QN_OK;
}

/* out += factor * row */
static inline void add_scaled(double *out, double factor, const double *row, int32_t count) {
    for (int32_t b = 0; b < count; b++)
        out[b] += factor * row[b];
}

/* Products of two rare slots, straight into the total. */
static void add_rare_pairs(const split *parts, const qn_column *features, int64_t i, double w,
                           const qn_gram_work *work) {
    for (int32_t k = features->offsets[i]; k < features->offsets[i + 1]; k++) {
        if (parts->place[features->indices[k]] >= 0)
            continue;
        double *out = work->total + (int64_t)features->indices[k] * work->stride;
        double factor = w * features->f64[k];
        for (int32_t l = k; l < features->offsets[i + 1]; l++)
            if (parts->place[features->indices[l]] < 0)
                out[features->indices[l]] += factor * features->f64[l];
    }
}

static void add_row(const split *parts, const qn_gram_input *in, int64_t i,
                    const qn_gram_work *work) {
    const qn_column *features = in->features;
    double w = weight_of(in, i), *row = parts->row;
    memcpy(row, parts->start, (size_t)parts->stride * sizeof *row);
    for (int32_t k = features->offsets[i]; k < features->offsets[i + 1]; k++) {
        int32_t slot = features->indices[k];
        if (parts->place[slot] >= 0)
            row[parts->place[slot]] = features->f64[k] - work->centre[slot];
    }
    row[parts->frequent - 2] = in->label[i] - work->centre[parts->width];
    for (int32_t a = 0; a < parts->frequent; a++) {
        int32_t first = a / LANES * LANES;
        add_scaled(parts->square + (int64_t)a * parts->stride + first, w * row[a], row + first,
                   parts->stride - first);
    }
    for (int32_t k = features->offsets[i]; k < features->offsets[i + 1]; k++) {
        int32_t slot = features->indices[k];
        if (parts->place[slot] < 0)
            add_scaled(parts->cross + (int64_t)slot * parts->stride, w * features->f64[k], row,
                       parts->stride);
    }
    add_rare_pairs(parts, features, i, w, work);
}

static void put_product(const qn_gram_work *work, int64_t i, int64_t j, double value) {
    work->total[(i < j ? i : j) * work->stride + (i < j ? j : i)] = value;
}

static void spread(const split *parts, const qn_gram_work *work) {
    for (int32_t a = 0; a < parts->frequent; a++)
        for (int32_t b = a; b < parts->frequent; b++)
            put_product(work, parts->variable[a], parts->variable[b],
                        parts->square[(int64_t)a * parts->stride + b]);
    for (int32_t j = 0; j < parts->width; j++)
        for (int32_t b = 0; b < parts->frequent && parts->place[j] < 0; b++)
            put_product(work, j, parts->variable[b], parts->cross[(int64_t)j * parts->stride + b]);
}

qn_status qn_gram_multiply_sparse(const qn_gram *gram, const qn_gram_input *in,
                                  const qn_gram_work *work) {
    split parts = {0};
    qn_status status = prepare(gram, in, work, &parts);
    if (status == QN_OK && parts.rows > 0) {
        for (int64_t i = 0; i < in->features->length; i++)
            if (weight_of(in, i) != 0)
                add_row(&parts, in, i, work);
        spread(&parts, work);
    }
    clear_split(&parts);
    return status;
}
