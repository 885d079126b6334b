#include "core/stats/moments.h"

#include "core/memory.h"
#include "core/stats/pair.h"
#include "core/stats/values.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

enum { BLOCK_ROWS = 128 };

static int64_t sum_count(const qn_moments *moments) {
    return (moments->flags & QN_MOMENTS_WEIGHTED ? 4 : 2) * (int64_t)moments->width;
}

qn_status qn_moments_init(qn_moments *moments, int32_t width, int flags) {
    qn_status status;
    size_t slots = (size_t)width;
    *moments = (qn_moments){.width = width, .flags = flags};
    QN_TRY_GOTO(qn_sums_init(&moments->sums, sum_count(moments)), done);
    QN_TRY_GOTO(qn_mem_calloc(&moments->nans, slots, sizeof *moments->nans), done);
    QN_TRY_GOTO(qn_mem_calloc(&moments->stored, slots, sizeof *moments->stored), done);
    QN_TRY_GOTO(qn_mem_alloc(&moments->min, slots, sizeof *moments->min), done);
    QN_TRY_GOTO(qn_mem_alloc(&moments->max, slots, sizeof *moments->max), done);
    for (int32_t j = 0; j < width; j++) {
        moments->min[j] = HUGE_VAL;
        moments->max[j] = -HUGE_VAL;
    }
done:
    if (status != QN_OK)
        qn_moments_clear(moments);
    return status;
}

void qn_moments_clear(qn_moments *moments) {
    qn_sums_clear(&moments->sums);
    qn_mem_free(moments->nans);
    qn_mem_free(moments->stored);
    qn_mem_free(moments->min);
    qn_mem_free(moments->max);
    *moments = (qn_moments){0};
}

static void add_extreme(qn_moments *moments, int32_t slot, double x) {
    moments->min[slot] = x < moments->min[slot] ? x : moments->min[slot];
    moments->max[slot] = x > moments->max[slot] ? x : moments->max[slot];
    moments->nans[slot] += x != x;
    moments->stored[slot]++;
}

/* Smallest, largest and NaN of `used` adjacent slots; returns whether a NaN was met. */
CLONES
static bool add_extremes(qn_moments *moments, const double *values, int64_t rows, int32_t used,
                         int32_t first) {
    enum { LANES = 16 };
    double low[LANES], high[LANES];
    int64_t nans[LANES] = {0}, any = 0;
    memcpy(low, moments->min + first, (size_t)used * sizeof *low);
    memcpy(high, moments->max + first, (size_t)used * sizeof *high);
    for (int64_t r = 0; r < rows; r++)
        for (int32_t j = 0; j < used; j++) {
            double x = values[r * moments->width + first + j];
            low[j] = x < low[j] ? x : low[j];
            high[j] = x > high[j] ? x : high[j];
            nans[j] += x != x;
        }
    memcpy(moments->min + first, low, (size_t)used * sizeof *low);
    memcpy(moments->max + first, high, (size_t)used * sizeof *high);
    for (int32_t j = 0; j < used; j++) {
        moments->nans[first + j] += nans[j];
        moments->stored[first + j] += rows;
        any += nans[j];
    }
    return any > 0;
}

static qn_status add_exact(qn_moments *moments, const double *values, int64_t rows) {
    int32_t width = moments->width;
    QN_TRY(qn_sums_add_rows(&moments->sums, 0, values, rows, width, width));
    return qn_sums_add_squares(&moments->sums, width, values, rows, width, width);
}

/* The same for a single column: lanes run over its rows. */
CLONES
static bool add_column_extremes(qn_moments *moments, const double *values, int64_t rows) {
    enum { LANES = 16 };
    double low[LANES], high[LANES];
    int64_t nans[LANES] = {0}, before = moments->nans[0], whole = rows / LANES;
    for (int l = 0; l < LANES; l++) {
        low[l] = HUGE_VAL;
        high[l] = -HUGE_VAL;
    }
    for (int64_t r = 0; r < whole; r++)
        for (int l = 0; l < LANES; l++) {
            double x = values[r * LANES + l];
            low[l] = x < low[l] ? x : low[l];
            high[l] = x > high[l] ? x : high[l];
            nans[l] += x != x;
        }
    for (int l = 0; l < LANES; l++) {
        moments->min[0] = low[l] < moments->min[0] ? low[l] : moments->min[0];
        moments->max[0] = high[l] > moments->max[0] ? high[l] : moments->max[0];
        moments->nans[0] += nans[l];
    }
    moments->stored[0] += whole * LANES;
    for (int64_t i = whole * LANES; i < rows; i++)
        add_extreme(moments, 0, values[i]);
    return moments->nans[0] > before;
}

/* NaN adds nothing: what it does to the results is decided at the end. */
static qn_status add_without_nan(qn_moments *moments, const double *values, int64_t rows) {
    double *copy = NULL;
    int64_t count = rows * moments->width;
    QN_TRY(qn_mem_alloc(&copy, (size_t)count, sizeof *copy));
    for (int64_t i = 0; i < count; i++)
        copy[i] = values[i] == values[i] ? values[i] : 0;
    qn_status status = add_exact(moments, copy, rows);
    qn_mem_free(copy);
    return status;
}

/* w x exactly and w x^2 to 106 bits, as the addends of one value. */
static qn_status add_weighted(qn_moments *moments, int32_t slot, double x, double w) {
    int32_t width = moments->width;
    qn_sums *sums = &moments->sums;
    double product = w * x, error = fma(w, x, -product);
    QN_TRY(qn_sums_add(sums, slot, product));
    QN_TRY(qn_sums_add_product(sums, width + slot, product, x));
    if (!isfinite(product))
        return QN_OK;
    QN_TRY(qn_sums_add(sums, slot, error));
    return qn_sums_add(sums, width + slot, error * x);
}

/* The weight of a row counts in each slot; where NaN is skipped, not in that one. */
static qn_status add_weight(qn_moments *moments, int32_t slot, double w) {
    int64_t at = 2 * (int64_t)moments->width + slot;
    QN_TRY(qn_sums_add(&moments->sums, at, w));
    return qn_sums_add_product(&moments->sums, at + moments->width, w, w);
}

static qn_status add_weighted_row(qn_moments *moments, const double *row, double w) {
    if (w == 0)
        return QN_OK;
    moments->rows++;
    for (int32_t j = 0; j < moments->width; j++) {
        double x = row[j];
        add_extreme(moments, j, x);
        if (x == x)
            QN_TRY(add_weighted(moments, j, x, w));
        if (x == x || !(moments->flags & QN_MOMENTS_SKIP_NAN))
            QN_TRY(add_weight(moments, j, w));
    }
    return QN_OK;
}

qn_status qn_moments_add_values(qn_moments *moments, const double *values, int64_t rows,
                                const double *weights) {
    int32_t width = moments->width;
    if (weights != NULL) {
        for (int64_t r = 0; r < rows; r++)
            QN_TRY(add_weighted_row(moments, values + r * width, weights[r]));
        return QN_OK;
    }
    int64_t step = width == 1 ? rows : BLOCK_ROWS; /* wide rows: while they are in cache */
    for (int64_t first = 0; first < rows; first += step) {
        int64_t height = rows - first < step ? rows - first : step;
        const double *block = values + first * width;
        bool nan = width == 1 && add_column_extremes(moments, block, height);
        for (int32_t j = 0; j < width && width > 1; j += 16)
            nan |= add_extremes(moments, block, height, width - j < 16 ? width - j : 16, j);
        QN_TRY(nan ? add_without_nan(moments, block, height) : add_exact(moments, block, height));
        moments->rows += height;
    }
    return QN_OK;
}

static qn_status add_sparse_value(qn_moments *moments, int32_t slot, double x, double w) {
    add_extreme(moments, slot, x);
    if (x == x && moments->flags & QN_MOMENTS_WEIGHTED)
        return add_weighted(moments, slot, x, w);
    if (x == x) {
        QN_TRY(qn_sums_add(&moments->sums, slot, x));
        return qn_sums_add_product(&moments->sums, moments->width + slot, x, x);
    }
    /* The row's weight was added in every slot already. */
    if (!(moments->flags & QN_MOMENTS_SKIP_NAN) || !(moments->flags & QN_MOMENTS_WEIGHTED))
        return QN_OK;
    int64_t at = 2 * (int64_t)moments->width + slot;
    QN_TRY(qn_sums_add(&moments->sums, at, -w));
    return qn_sums_add_product(&moments->sums, at + moments->width, -w, w);
}

static qn_status add_sparse(qn_moments *moments, const qn_column *column, const double *weights) {
    for (int64_t i = 0; i < column->length; i++) {
        double w = weights == NULL ? 1 : weights[i];
        if (qn_column_is_null(column, i) || w == 0)
            continue;
        moments->rows++;
        for (int32_t j = 0; j < moments->width && weights != NULL; j++)
            QN_TRY(add_weight(moments, j, w));
        for (int32_t k = column->offsets[i]; k < column->offsets[i + 1]; k++)
            QN_TRY(add_sparse_value(moments, column->indices[k], column->f64[k], w));
    }
    return QN_OK;
}

/* Rows that are not null, one after the other, with their weights. */
static qn_status add_present(qn_moments *moments, const qn_column *column, const double *weights) {
    double *values = NULL, *kept = NULL;
    qn_status status;
    int64_t n = column->length, count = 0, width = moments->width;
    QN_TRY_GOTO(qn_mem_alloc(&values, (size_t)(n * width), sizeof *values), done);
    QN_TRY_GOTO(qn_mem_alloc(&kept, (size_t)n, sizeof *kept), done);
    for (int64_t i = 0; i < n; i++) {
        if (qn_column_is_null(column, i))
            continue;
        if (column->type == QN_VECTOR)
            memcpy(values + count * width, column->f64 + i * width, (size_t)width * sizeof *values);
        kept[count++] = weights == NULL ? 1 : weights[i];
    }
    if (column->type != QN_VECTOR)
        count = qn_values_present(column, values);
    status = qn_moments_add_values(moments, values, count, weights == NULL ? NULL : kept);
done:
    qn_mem_free(values);
    qn_mem_free(kept);
    return status;
}

qn_status qn_moments_add(qn_moments *moments, const qn_column *column, const double *weights) {
    moments->nulls += column->null_count;
    if (column->type == QN_VECTOR && column->indices != NULL)
        return add_sparse(moments, column, weights);
    bool direct = column->type == QN_VECTOR || column->type == QN_FLOAT64;
    if (direct && column->null_count == 0)
        return qn_moments_add_values(moments, column->f64, column->length, weights);
    return add_present(moments, column, weights);
}

qn_status qn_moments_merge(qn_moments *moments, const qn_moments *other) {
    QN_TRY(qn_sums_merge(&moments->sums, &other->sums));
    moments->rows += other->rows;
    moments->nulls += other->nulls;
    for (int32_t j = 0; j < moments->width; j++) {
        moments->nans[j] += other->nans[j];
        moments->stored[j] += other->stored[j];
        moments->min[j] = fmin(moments->min[j], other->min[j]);
        moments->max[j] = fmax(moments->max[j], other->max[j]);
    }
    return QN_OK;
}

int64_t qn_moments_count(const qn_moments *moments, int32_t slot) {
    bool skip = moments->flags & QN_MOMENTS_SKIP_NAN;
    return moments->rows - (skip ? moments->nans[slot] : 0);
}

static qn_pair pair_of(const qn_moments *moments, int64_t index) {
    return qn_sums_result_pair(&moments->sums, index);
}

static qn_pair weight_of(const qn_moments *moments, int32_t slot) {
    if (moments->flags & QN_MOMENTS_WEIGHTED)
        return pair_of(moments, 2 * (int64_t)moments->width + slot);
    return (qn_pair){(double)qn_moments_count(moments, slot), 0};
}

double qn_moments_weight(const qn_moments *moments, int32_t slot) {
    return weight_of(moments, slot).high;
}

/* No result: nothing was added, or a NaN that counts. */
static bool is_undefined(const qn_moments *moments, int32_t slot) {
    bool skip = moments->flags & QN_MOMENTS_SKIP_NAN;
    return qn_moments_count(moments, slot) == 0 || (!skip && moments->nans[slot] > 0);
}

double qn_moments_mean(const qn_moments *moments, int32_t slot) {
    qn_pair sum = pair_of(moments, slot);
    if (is_undefined(moments, slot))
        return (double)NAN;
    if (!isfinite(sum.high))
        return sum.high;
    qn_pair mean = qn_pair_divide(sum, weight_of(moments, slot));
    return mean.high;
}

double qn_moments_variance(const qn_moments *moments, int32_t slot, qn_variance_kind kind) {
    int32_t width = moments->width;
    if (is_undefined(moments, slot))
        return (double)NAN;
    qn_pair sum = pair_of(moments, slot), squares = pair_of(moments, width + slot);
    if (!isfinite(squares.high))
        return (double)NAN;
    if (qn_moments_min(moments, slot) == qn_moments_max(moments, slot))
        return 0; /* exactly, whatever the divisor */
    qn_pair weight = weight_of(moments, slot);
    qn_pair lost = qn_pair_divide(qn_pair_multiply(sum, sum), weight);
    qn_pair rest = qn_pair_add(squares, qn_pair_negate(lost));
    qn_pair divisor = weight;
    if (kind == QN_VARIANCE_SAMPLE) {
        qn_pair one = {1, 0};
        if (moments->flags & QN_MOMENTS_WEIGHTED)
            one = qn_pair_divide(pair_of(moments, 3 * (int64_t)width + slot), weight);
        divisor = qn_pair_add(weight, qn_pair_negate(one));
    }
    double variance = qn_pair_divide(rest, divisor).high;
    return variance > 0 ? variance : 0;
}

double qn_moments_min(const qn_moments *moments, int32_t slot) {
    double low = moments->min[slot] + 0.0; /* one zero: which one came first must not show */
    if (moments->stored[slot] < moments->rows)
        return low > 0 ? 0 : low;
    return moments->nans[slot] >= moments->stored[slot] ? (double)NAN : low;
}

double qn_moments_max(const qn_moments *moments, int32_t slot) {
    double high = moments->max[slot] + 0.0;
    if (moments->stored[slot] < moments->rows)
        return high < 0 ? 0 : high;
    return moments->nans[slot] >= moments->stored[slot] ? (double)NAN : high;
}
