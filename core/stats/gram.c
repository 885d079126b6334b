#include "core/stats/gram.h"

#include "core/memory.h"
#include "core/stats/gram_kernel.h"
#include "core/stats/gram_private.h"
#include "core/stats/pair.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

enum { LANES = 8, TAIL = 2 * LANES, CHUNK_ROWS = 1024 };

/* Variables are packed as x - centre, y - centre, 1, then zeros up to the stride. */
static int stride_of(const qn_gram *gram) {
    return (gram->width + 2 + LANES - 1) / LANES * LANES;
}

static int64_t sum_index(const qn_gram *gram, int i, int j) {
    int64_t variables = gram->width + 1, row = i;
    return 1 + variables + row * variables - row * (row - 1) / 2 + (j - i);
}

/* ---- Life ----------------------------------------------------------------------------------- */

qn_status qn_gram_init(qn_gram *gram, int32_t width) {
    qn_status status;
    int64_t variables = (int64_t)width + 1;
    *gram = (qn_gram){.width = width};
    QN_TRY_GOTO(qn_sums_init(&gram->sums, 1 + variables + variables * (variables + 1) / 2), done);
    QN_TRY_GOTO(qn_mem_alloc(&gram->min, (size_t)variables, sizeof *gram->min), done);
    QN_TRY_GOTO(qn_mem_alloc(&gram->max, (size_t)variables, sizeof *gram->max), done);
    for (int64_t j = 0; j < variables; j++) {
        gram->min[j] = HUGE_VAL;
        gram->max[j] = -HUGE_VAL;
    }
done:
    if (status != QN_OK)
        qn_gram_clear(gram);
    return status;
}

void qn_gram_clear(qn_gram *gram) {
    qn_sums_clear(&gram->sums);
    qn_mem_free(gram->min);
    qn_mem_free(gram->max);
    qn_mem_free(gram->work);
    qn_mem_free(gram->index);
    *gram = (qn_gram){0};
}

static double *take(double **from, int64_t count) {
    double *part = *from;
    *from += count;
    return part;
}

static qn_status prepare(qn_gram *gram, qn_gram_work *out) {
    int64_t stride = stride_of(gram), block = QN_GRAM_ROWS * stride, square = stride * stride;
    if (gram->work == NULL)
        QN_TRY(qn_mem_calloc(&gram->work,
                             (size_t)(5 * stride + QN_GRAM_ROWS * TAIL + 3 * block + 3 * square),
                             sizeof *gram->work));
    if (gram->index == NULL)
        QN_TRY(qn_mem_alloc(&gram->index, CHUNK_ROWS, sizeof *gram->index));
    double *rest = gram->work;
    *out = (qn_gram_work){.stride = (int)stride};
    out->centre = take(&rest, stride);
    out->low = take(&rest, stride);
    out->high = take(&rest, stride);
    out->moved = take(&rest, 2 * stride);
    out->tail = take(&rest, QN_GRAM_ROWS * TAIL);
    out->dense = take(&rest, block);
    out->packed = take(&rest, block);
    out->weighted = take(&rest, block);
    out->product = take(&rest, square);
    out->total = take(&rest, square);
    out->total_rest = take(&rest, square);
    for (int r = 0; r < QN_GRAM_ROWS; r++)
        out->tail[r * TAIL + gram->width % LANES + 1] = 1;
    memset(out->total, 0, 2 * (size_t)square * sizeof *out->total);
    for (int j = 0; j < stride; j++) {
        out->centre[j] = 0;
        out->low[j] = HUGE_VAL;
        out->high[j] = -HUGE_VAL;
    }
    return QN_OK;
}

/* ---- Packing -------------------------------------------------------------------------------- */

static void copy_row(const qn_column *features, int64_t row, double *out) {
    int32_t width = features->width;
    if (features->indices == NULL) {
        memcpy(out, features->f64 + row * width, (size_t)width * sizeof *out);
        return;
    }
    memset(out, 0, (size_t)width * sizeof *out);
    for (int32_t k = features->offsets[row]; k < features->offsets[row + 1]; k++)
        out[features->indices[k]] = features->f64[k];
}

/* Up to QN_GRAM_ROWS rows with a common distance, straight from the column where possible. */
static const double *view_rows(const qn_gram *gram, const qn_gram_input *in, const int64_t *rows,
                               int count, const qn_gram_work *work, int *distance) {
    if (in->weights == NULL && in->features->indices == NULL) {
        *distance = gram->width;
        return in->features->f64 + rows[0] * gram->width;
    }
    for (int r = 0; r < count; r++)
        copy_row(in->features, rows[r], work->dense + (int64_t)r * work->stride);
    *distance = work->stride;
    return work->dense;
}

typedef double lanes __attribute__((vector_size(8 * LANES), may_alias, aligned(8)));
typedef int64_t lane_masks __attribute__((vector_size(8 * LANES)));

/* Centres eight columns of some rows and keeps their extremes. */
CLONES
static void pack_lanes(const double *rows, int count, int distance, int stride,
                       const double *centre, double *low, double *high, double *out) {
    lanes least = *(const lanes *)low, most = *(const lanes *)high;
    const lanes middle = *(const lanes *)centre;
    for (int r = 0; r < count; r++) {
        lanes x = *(const lanes *)rows;
        lane_masks below = x<least, above = x> most;
        least = (lanes)((below & (lane_masks)x) | (~below & (lane_masks)least));
        most = (lanes)((above & (lane_masks)x) | (~above & (lane_masks)most));
        *(lanes *)out = x - middle;
        rows += distance;
        out += stride;
    }
    *(lanes *)low = least;
    *(lanes *)high = most;
}

/* The last features and the label, beside the ones and zeros that are there for good. */
static void gather_tail(const qn_gram *gram, const qn_gram_input *in, const double *from,
                        int distance, const int64_t *rows, int count, double *out) {
    int tail = gram->width % LANES;
    from += gram->width - tail;
    for (int r = 0; r < count; r++, from += distance, out += TAIL) {
        for (int j = 0; j < tail; j++)
            out[j] = from[j];
        out[tail] = in->label[rows[r]];
    }
}

CLONES
static void weigh(const double *packed, const double *weights, int count, int stride, double *out) {
    for (int r = 0; r < count; r++)
        for (int j = 0; j < stride; j++)
            out[r * stride + j] = weights[r] * packed[r * stride + j];
}

static void pack_block(const qn_gram *gram, const qn_gram_input *in, const int64_t *rows, int count,
                       const qn_gram_work *work) {
    int stride = work->stride, distance, j = 0;
    const double *from = view_rows(gram, in, rows, count, work, &distance);
    for (; j + LANES <= gram->width; j += LANES)
        pack_lanes(from + j, count, distance, stride, work->centre + j, work->low + j,
                   work->high + j, work->packed + j);
    gather_tail(gram, in, from, distance, rows, count, work->tail);
    for (int l = 0; j < stride; j += LANES, l += LANES)
        pack_lanes(work->tail + l, count, TAIL, stride, work->centre + j, work->low + j,
                   work->high + j, work->packed + j);
    double weights[QN_GRAM_ROWS];
    for (int r = 0; r < count && in->weights != NULL; r++)
        weights[r] = in->weights[rows[r]];
    if (in->weights != NULL)
        weigh(work->packed, weights, count, stride, work->weighted);
}

/* ---- A batch -------------------------------------------------------------------------------- */

/* Near the means of the first rows, and exactly on the value of a constant column. */
static void choose_centre(const qn_gram *gram, const qn_gram_input *in, const int64_t *rows,
                          int count, const qn_gram_work *work) {
    int distance;
    const double *from = view_rows(gram, in, rows, count, work, &distance);
    for (int j = 0; j <= gram->width; j++) {
        double first = j < gram->width ? from[j] : in->label[rows[0]], sum = 0;
        for (int r = 0; r < count; r++)
            sum += (j < gram->width ? from[(int64_t)r * distance + j] : in->label[rows[r]]) - first;
        work->centre[j] = first + sum / count;
    }
}

/* The next rows of positive weight from *next on. */
static int list_rows(const qn_gram_input *in, int64_t *next, int64_t *rows) {
    int count = 0;
    for (; *next < in->features->length && count < CHUNK_ROWS; ++*next)
        if (in->weights == NULL || in->weights[*next] != 0)
            rows[count++] = *next;
    return count;
}

/* Asks for the next rows from memory while the processor multiplies. */
static void fetch_ahead(const qn_gram_input *in, int64_t next) {
    const qn_column *features = in->features;
    int64_t last = next + QN_GRAM_ROWS;
    if (features->indices != NULL)
        return;
    last = last < features->length ? last : features->length;
    for (int64_t k = next * features->width; k < last * features->width; k += LANES)
        __builtin_prefetch(features->f64 + k);
}

static void multiply_batch(const qn_gram *gram, const qn_gram_input *in, const qn_gram_work *work) {
    int64_t next = 0, square = (int64_t)work->stride * work->stride;
    bool first = true;
    for (int count; (count = list_rows(in, &next, gram->index)) > 0; first = false) {
        if (first)
            choose_centre(gram, in, gram->index, count < QN_GRAM_ROWS ? count : QN_GRAM_ROWS, work);
        memset(work->product, 0, (size_t)square * sizeof *work->product);
        for (int r = 0; r < count; r += QN_GRAM_ROWS) {
            int height = count - r < QN_GRAM_ROWS ? count - r : QN_GRAM_ROWS;
            pack_block(gram, in, gram->index + r, height, work);
            fetch_ahead(in, gram->index[r + height - 1] + 1);
            qn_gram_multiply(in->weights == NULL ? work->packed : work->weighted, work->packed,
                             height, work->stride, work->product);
        }
        qn_gram_fold(work->product, square, work->total, work->total_rest);
    }
}

static qn_pair total_of(const qn_gram_work *work, int i, int j) {
    int64_t at = (int64_t)i * work->stride + j;
    return (qn_pair){work->total[at], work->total_rest[at]};
}

static bool all_finite(const qn_gram *gram, const qn_gram_work *work) {
    bool finite = true;
    for (int i = 0; i <= gram->width; i++) {
        finite &= isfinite(total_of(work, i, i).high) && isfinite(work->centre[i]);
        finite &= isfinite(work->centre[i] * work->centre[i]);
    }
    return finite && isfinite(total_of(work, gram->width + 1, gram->width + 1).high);
}

static qn_status add_pair(qn_sums *sums, int64_t index, qn_pair pair) {
    QN_TRY(qn_sums_add(sums, index, pair.high));
    return qn_sums_add(sums, index, pair.low);
}

static qn_status add_row_moments(qn_gram *gram, const qn_gram_work *work, int i) {
    int ones = gram->width + 1;
    qn_pair centre = {work->centre[i], 0}, about = total_of(work, i, ones);
    for (int j = i; j < ones; j++) {
        qn_pair other = {work->centre[j], 0}, raw = total_of(work, i, j);
        if (centre.high == 0 && other.high == 0 && raw.high == 0)
            continue; /* most pairs of sparse slots */
        qn_pair there = {work->moved[2 * j], work->moved[2 * j + 1]};
        raw = qn_pair_add(raw, qn_pair_multiply(centre, there));
        raw = qn_pair_add(raw, qn_pair_multiply(other, about));
        QN_TRY(add_pair(&gram->sums, sum_index(gram, i, j), raw));
    }
    return QN_OK;
}

/* Moves the batch's moments from its centre c to the origin. With s the first moments about c and
 * t those about the origin, sum w x_i x_j = G_ij + c_i t_j + c_j s_i. */
static qn_status add_moments(qn_gram *gram, const qn_gram_work *work) {
    int ones = gram->width + 1;
    qn_pair weight = total_of(work, ones, ones);
    QN_TRY(add_pair(&gram->sums, 0, weight));
    for (int i = 0; i < ones; i++) {
        qn_pair centre = {work->centre[i], 0};
        qn_pair moved = qn_pair_add(total_of(work, i, ones), qn_pair_multiply(weight, centre));
        QN_TRY(add_pair(&gram->sums, 1 + i, moved));
        work->moved[2 * i] = moved.high;
        work->moved[2 * i + 1] = moved.low;
    }
    for (int i = 0; i < ones; i++)
        QN_TRY(add_row_moments(gram, work, i));
    return QN_OK;
}

qn_status qn_gram_add(qn_gram *gram, const qn_column *features, const double *label,
                      const double *weights) {
    const qn_gram_input in = {features, label, weights};
    qn_gram_work work;
    QN_TRY(prepare(gram, &work));
    if (qn_gram_is_sparse(&in))
        QN_TRY(qn_gram_multiply_sparse(gram, &in, &work));
    else
        multiply_batch(gram, &in, &work);
    if (!all_finite(gram, &work))
        return qn_fail(QN_DATA, "a value is not finite or too large to be squared");
    gram->rows += features->length;
    for (int j = 0; j <= gram->width; j++) {
        gram->min[j] = fmin(gram->min[j], work.low[j]);
        gram->max[j] = fmax(gram->max[j], work.high[j]);
    }
    if (total_of(&work, gram->width + 1, gram->width + 1).high == 0)
        return QN_OK;
    return add_moments(gram, &work);
}

bool qn_gram_find_bad(const qn_column *features, int64_t *row, int32_t *slot) {
    for (int64_t i = 0; i < features->length; i++) {
        bool sparse = features->indices != NULL;
        int64_t first = sparse ? features->offsets[i] : i * features->width;
        int64_t last = sparse ? features->offsets[i + 1] : first + features->width;
        for (int64_t k = first; k < last; k++) {
            if (isfinite(features->f64[k]))
                continue;
            *row = i;
            *slot = sparse ? features->indices[k] : (int32_t)(k - first);
            return true;
        }
    }
    return false;
}

/* ---- Results -------------------------------------------------------------------------------- */

static qn_pair sum_pair(const qn_gram *gram, int64_t index) {
    return qn_sums_result_pair(&gram->sums, index);
}

void qn_gram_result_clear(qn_gram_result *result) {
    qn_mem_free(result->mean);
    qn_mem_free(result->product);
    qn_mem_free(result->label);
    *result = (qn_gram_result){0};
}

static void put_moment(qn_gram_result *result, int width, int i, int j, double value) {
    if (j == width) {
        *(i == width ? &result->label_square : &result->label[i]) = value;
        return;
    }
    result->product[(int64_t)i * width + j] = value;
    result->product[(int64_t)j * width + i] = value;
}

static void fill_result(const qn_gram *gram, bool centered, const qn_pair *first, qn_pair weight,
                        qn_gram_result *result) {
    int width = gram->width;
    for (int i = 0; i <= width; i++) {
        qn_pair mean = qn_pair_divide(first[i], weight);
        result->mean[i] = mean.high;
        for (int j = i; j <= width; j++) {
            qn_pair moment = sum_pair(gram, sum_index(gram, i, j));
            if (centered)
                moment = qn_pair_add(moment, qn_pair_negate(qn_pair_multiply(mean, first[j])));
            if (centered && (qn_gram_is_constant(gram, i) || qn_gram_is_constant(gram, j)))
                moment.high = 0; /* rounding apart */
            put_moment(result, width, i, j, moment.high);
        }
    }
}

qn_status qn_gram_finish(const qn_gram *gram, bool centered, qn_gram_result *out) {
    qn_gram_result result = {0};
    qn_pair *first = NULL, weight = sum_pair(gram, 0);
    size_t width = (size_t)gram->width;
    qn_status status;
    if (!(weight.high > 0))
        return qn_fail(QN_NUMERIC, "the weights of all rows add up to 0");
    QN_TRY_GOTO(qn_mem_alloc(&result.mean, width + 1, sizeof *result.mean), done);
    QN_TRY_GOTO(qn_mem_alloc(&result.product, width * width, sizeof *result.product), done);
    QN_TRY_GOTO(qn_mem_alloc(&result.label, width, sizeof *result.label), done);
    QN_TRY_GOTO(qn_mem_alloc(&first, width + 1, sizeof *first), done);
    for (int j = 0; j <= gram->width; j++)
        first[j] = sum_pair(gram, 1 + j);
    result.weight = weight.high;
    fill_result(gram, centered, first, weight, &result);
    *out = result;
    result = (qn_gram_result){0};
done:
    qn_gram_result_clear(&result);
    qn_mem_free(first);
    return status;
}
