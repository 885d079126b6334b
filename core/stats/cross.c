#include "core/stats/cross.h"

#include "core/memory.h"

#include <math.h>

#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

enum { LANES = 16, ROWS = 256 };

qn_status qn_cross_init(qn_cross *cross, int32_t width) {
    qn_status status;
    size_t variables = (size_t)width + 1;
    *cross = (qn_cross){.width = width};
    QN_TRY_GOTO(qn_sums_init(&cross->sums, 2 + 3 * (int64_t)width), done);
    QN_TRY_GOTO(qn_mem_alloc(&cross->min, variables, sizeof *cross->min), done);
    QN_TRY_GOTO(qn_mem_alloc(&cross->max, variables, sizeof *cross->max), done);
    for (size_t j = 0; j < variables; j++) {
        cross->min[j] = HUGE_VAL;
        cross->max[j] = -HUGE_VAL;
    }
done:
    if (status != QN_OK)
        qn_cross_clear(cross);
    return status;
}

void qn_cross_clear(qn_cross *cross) {
    qn_sums_clear(&cross->sums);
    qn_mem_free(cross->min);
    qn_mem_free(cross->max);
    *cross = (qn_cross){0};
}

static void add_range(qn_cross *cross, int32_t variable, double low, double high) {
    cross->min[variable] = low < cross->min[variable] ? low : cross->min[variable];
    cross->max[variable] = high > cross->max[variable] ? high : cross->max[variable];
}

/* ---- Labels --------------------------------------------------------------------------------- */

/* The labels of a block: their mean m, y - m, and the sums of that and of its squares. */
typedef struct block {
    int64_t rows;
    double mean, rest, squares;
    double away[ROWS];
} block;

static void centre_labels(const double *labels, int64_t rows, block *out) {
    double sum = 0;
    *out = (block){.rows = rows};
    for (int64_t i = 0; i < rows; i++)
        sum += labels[i] - labels[0];
    out->mean = labels[0] + sum / (double)rows;
    for (int64_t i = 0; i < rows; i++) {
        double d = out->away[i] = labels[i] - out->mean;
        out->rest += d;
        out->squares += d * d;
    }
}

/* Adds n a b, exactly. */
static qn_status add_triple(qn_sums *sums, int64_t index, double n, double a, double b) {
    double high = a * b;
    QN_TRY(qn_sums_add_product(sums, index, n, high));
    return qn_sums_add_product(sums, index, n, fma(a, b, -high));
}

static qn_status add_labels(qn_cross *cross, const double *labels, const block *of) {
    double n = (double)of->rows;
    for (int64_t i = 0; i < of->rows; i++)
        add_range(cross, cross->width, labels[i], labels[i]);
    QN_TRY(qn_sums_add_product(&cross->sums, 0, n, of->mean));
    QN_TRY(qn_sums_add(&cross->sums, 0, of->rest));
    QN_TRY(add_triple(&cross->sums, 1, n, of->mean, of->mean));
    QN_TRY(qn_sums_add_product(&cross->sums, 1, 2 * of->mean, of->rest));
    return qn_sums_add(&cross->sums, 1, of->squares);
}

/* ---- Slots ---------------------------------------------------------------------------------- */

/* LANES slots of a block: means m, and sums of x - m, its squares, its products with y - mean. */
typedef struct strip {
    double mean[LANES], rest[LANES], squares[LANES], products[LANES], low[LANES], high[LANES];
} strip;

/* `used` is LANES in all calls that matter, and then known to the compiler. */
static inline __attribute__((always_inline)) void measure(const double *values, int64_t stride,
                                                          const block *of, int used, strip *out) {
    double sum[LANES] = {0}, mean[LANES], rest[LANES] = {0}, squares[LANES] = {0};
    double products[LANES] = {0}, low[LANES], high[LANES];
    for (int j = 0; j < used; j++)
        low[j] = high[j] = values[j];
    for (int64_t r = 0; r < of->rows; r++)
        for (int j = 0; j < used; j++) {
            double x = values[r * stride + j];
            sum[j] += x - values[j];
            low[j] = x < low[j] ? x : low[j];
            high[j] = x > high[j] ? x : high[j];
        }
    for (int j = 0; j < used; j++)
        mean[j] = values[j] + sum[j] / (double)of->rows;
    for (int64_t r = 0; r < of->rows; r++)
        for (int j = 0; j < used; j++) {
            double d = values[r * stride + j] - mean[j];
            rest[j] += d;
            squares[j] += d * d;
            products[j] += d * of->away[r];
        }
    for (int j = 0; j < used; j++) {
        out->mean[j] = mean[j];
        out->rest[j] = rest[j];
        out->squares[j] = squares[j];
        out->products[j] = products[j];
        out->low[j] = low[j];
        out->high[j] = high[j];
    }
}

CLONES
static void measure_strip(const double *values, int64_t stride, const block *of, int used,
                          strip *out) {
    if (used == LANES)
        measure(values, stride, of, LANES, out);
    else
        measure(values, stride, of, used, out);
}

/* With x = m + d and y = k + e: sums of x, x^2 and x y from those of d, d^2 and d e. */
static qn_status add_slot(qn_cross *cross, int32_t slot, const strip *from, int j,
                          const block *of) {
    qn_sums *sums = &cross->sums;
    int64_t at = 2 + 3 * (int64_t)slot;
    double n = (double)of->rows, m = from->mean[j];
    add_range(cross, slot, from->low[j], from->high[j]);
    if (m != 0) {
        QN_TRY(qn_sums_add_product(sums, at, n, m));
        QN_TRY(add_triple(sums, at + 1, n, m, m));
        QN_TRY(qn_sums_add_product(sums, at + 1, 2 * m, from->rest[j]));
        QN_TRY(add_triple(sums, at + 2, n, m, of->mean));
        QN_TRY(qn_sums_add_product(sums, at + 2, m, of->rest));
    }
    QN_TRY(qn_sums_add(sums, at, from->rest[j]));
    QN_TRY(qn_sums_add(sums, at + 1, from->squares[j]));
    QN_TRY(qn_sums_add_product(sums, at + 2, of->mean, from->rest[j]));
    return qn_sums_add(sums, at + 2, from->products[j]);
}

static qn_status add_dense(qn_cross *cross, const double *values, const block *of) {
    strip measured;
    for (int32_t first = 0; first < cross->width; first += LANES) {
        int used = cross->width - first < LANES ? cross->width - first : LANES;
        measure_strip(values + first, cross->width, of, used, &measured);
        for (int j = 0; j < used; j++)
            QN_TRY(add_slot(cross, first + j, &measured, j, of));
    }
    return QN_OK;
}

/* Sums of the stored values of a block of sparse rows: slots in the order they are met. */
typedef struct stored {
    int32_t *place; /* width: index + 1 below, 0: not met */
    int32_t count;
    int32_t *slots;
    int64_t *counts;
    double *sums; /* four a slot: x, x^2, x e, and its extremes behind: low, high */
} stored;

enum { SUMS = 5 };

static void gather_stored(const qn_column *vectors, int64_t first, const block *of, stored *to) {
    for (int64_t r = 0; r < of->rows; r++)
        for (int32_t k = vectors->offsets[first + r]; k < vectors->offsets[first + r + 1]; k++) {
            int32_t slot = vectors->indices[k], *place = &to->place[slot];
            double x = vectors->f64[k];
            if (*place == 0) {
                to->slots[to->count] = slot;
                to->counts[to->count] = 0;
                double *fresh = to->sums + (int64_t)SUMS * to->count;
                fresh[0] = fresh[1] = fresh[2] = 0;
                fresh[3] = fresh[4] = x;
                *place = ++to->count;
            }
            double *sums = to->sums + (int64_t)SUMS * (*place - 1);
            sums[0] += x;
            sums[1] += x * x;
            sums[2] += x * of->away[r];
            sums[3] = x < sums[3] ? x : sums[3];
            sums[4] = x > sums[4] ? x : sums[4];
            to->counts[*place - 1]++;
        }
}

static qn_status add_stored(qn_cross *cross, const block *of, stored *from) {
    for (int32_t i = 0; i < from->count; i++) {
        const double *sums = from->sums + (int64_t)SUMS * i;
        bool all = from->counts[i] == of->rows;
        strip one = {.rest = {sums[0]}, .squares = {sums[1]}, .products = {sums[2]}};
        one.low[0] = all ? sums[3] : fmin(sums[3], 0);
        one.high[0] = all ? sums[4] : fmax(sums[4], 0);
        QN_TRY(add_slot(cross, from->slots[i], &one, 0, of));
        from->place[from->slots[i]] = 0;
    }
    from->count = 0;
    return QN_OK;
}

static void clear_stored(stored *from) {
    qn_mem_free(from->place);
    qn_mem_free(from->slots);
    qn_mem_free(from->counts);
    qn_mem_free(from->sums);
}

static qn_status open_stored(stored *out, int32_t width) {
    size_t slots = (size_t)width;
    QN_TRY(qn_mem_calloc(&out->place, slots, sizeof *out->place));
    QN_TRY(qn_mem_alloc(&out->slots, slots, sizeof *out->slots));
    QN_TRY(qn_mem_alloc(&out->counts, slots, sizeof *out->counts));
    return qn_mem_alloc(&out->sums, SUMS * slots, sizeof *out->sums);
}

/* Slots without stored values in a block only have zeros there. */
static void add_zero_ranges(qn_cross *cross, const stored *met) {
    for (int32_t j = 0; j < cross->width; j++)
        if (met->place[j] == 0)
            add_range(cross, j, 0, 0);
}

/* ---- Batches -------------------------------------------------------------------------------- */

static qn_status add_block(qn_cross *cross, const qn_column *vectors, int64_t first,
                           const block *of, stored *gathered) {
    if (vectors->indices == NULL)
        return add_dense(cross, vectors->f64 + first * cross->width, of);
    gather_stored(vectors, first, of, gathered);
    add_zero_ranges(cross, gathered);
    return add_stored(cross, of, gathered);
}

qn_status qn_cross_add(qn_cross *cross, const qn_column *vectors, const double *labels) {
    stored gathered = {0};
    block of;
    qn_status status = QN_OK;
    if (vectors->indices != NULL)
        QN_TRY_GOTO(open_stored(&gathered, cross->width), done);
    for (int64_t first = 0; first < vectors->length; first += ROWS) {
        int64_t rows = vectors->length - first < ROWS ? vectors->length - first : ROWS;
        centre_labels(labels + first, rows, &of);
        QN_TRY_GOTO(add_labels(cross, labels + first, &of), done);
        QN_TRY_GOTO(add_block(cross, vectors, first, &of, &gathered), done);
    }
    cross->rows += vectors->length;
done:
    clear_stored(&gathered);
    return status;
}

static qn_pair sum_of(const qn_cross *cross, int64_t index) {
    return qn_sums_result_pair(&cross->sums, index);
}

void qn_cross_sums(const qn_cross *cross, int32_t slot, qn_test_sums *out) {
    int64_t at = 2 + 3 * (int64_t)slot;
    *out = (qn_test_sums){.rows = cross->rows,
                          .x = sum_of(cross, at),
                          .y = sum_of(cross, 0),
                          .xx = sum_of(cross, at + 1),
                          .yy = sum_of(cross, 1),
                          .xy = sum_of(cross, at + 2)};
    int32_t label = cross->width;
    out->constant =
        !(cross->min[slot] < cross->max[slot]) || !(cross->min[label] < cross->max[label]);
}
