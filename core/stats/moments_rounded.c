/* Moments by blocks: floating point inside a block, exact between blocks.
 *
 * In a block of n rows a slot's mean m is found first, then D = sum (x - m) and Q = sum (x - m)^2
 * (T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance", 1983).
 * The sums that the moments keep get n m + D and Q + 2 m D + n m^2, without further rounding; so
 * what is lost is relative to the spread of the values, not to their size. */
#include "core/memory.h"
#include "core/stats/moments.h"

#include <math.h>
#include <string.h>

enum { LANES = 16, ROWS = 256 };

/* One slot of a block, or of a sparse batch's stored values. */
typedef struct part {
    double mean, rest, squares; /* m, D, Q */
    double low, high;
    int64_t count;
} part;

/* n m + D and Q + 2 m D + n m^2. */
static qn_status add_part(qn_moments *moments, int32_t slot, const part *from) {
    qn_sums *sums = &moments->sums;
    int64_t square = (int64_t)moments->width + slot;
    double n = (double)from->count, m = from->mean, high = m * m, low = fma(m, m, -high);
    QN_TRY(qn_sums_add_product(sums, slot, n, m));
    QN_TRY(qn_sums_add_product(sums, square, n, high));
    QN_TRY(qn_sums_add_product(sums, square, n, low));
    if (from->squares == 0)
        return QN_OK; /* all values are m: D is 0, too */
    QN_TRY(qn_sums_add(sums, slot, from->rest));
    QN_TRY(qn_sums_add_product(sums, square, 2 * m, from->rest));
    return qn_sums_add(sums, square, from->squares);
}

static void add_range(qn_moments *moments, int32_t slot, double low, double high, int64_t count) {
    moments->min[slot] = low < moments->min[slot] ? low : moments->min[slot];
    moments->max[slot] = high > moments->max[slot] ? high : moments->max[slot];
    moments->stored[slot] += count;
}

/* ---- Dense ---------------------------------------------------------------------------------- */

/* A strip of LANES adjacent slots of a block. */
typedef struct strip {
    double mean[LANES], rest[LANES], squares[LANES], low[LANES], high[LANES];
} strip;

/* `used` is LANES in all calls that matter, and then known to the compiler. */
static inline __attribute__((always_inline)) void measure(const double *values, int64_t rows,
                                                          int64_t stride, int used, strip *out) {
    double sum[LANES] = {0}, rest[LANES] = {0}, squares[LANES] = {0};
    double low[LANES] = {0}, high[LANES] = {0}, mean[LANES] = {0};
    for (int j = 0; j < used; j++)
        low[j] = high[j] = values[j];
    for (int64_t r = 0; r < rows; r++) {
        for (int j = 0; j < used; j++) {
            double x = values[r * stride + j];
            sum[j] += x - values[j];
            low[j] = x < low[j] ? x : low[j];
            high[j] = x > high[j] ? x : high[j];
        }
    }
    for (int j = 0; j < used; j++)
        mean[j] = values[j] + sum[j] / (double)rows;
    for (int64_t r = 0; r < rows; r++) {
        for (int j = 0; j < used; j++) {
            double d = values[r * stride + j] - mean[j];
            rest[j] += d;
            squares[j] += d * d;
        }
    }
    memcpy(out->mean, mean, sizeof mean);
    memcpy(out->rest, rest, sizeof rest);
    memcpy(out->squares, squares, sizeof squares);
    memcpy(out->low, low, sizeof low);
    memcpy(out->high, high, sizeof high);
}

__attribute__((target_clones("avx512f", "avx2", "default"))) static void
measure_full(const double *values, int64_t rows, int64_t stride, strip *out) {
    measure(values, rows, stride, LANES, out);
}

static void measure_strip(const double *values, int64_t rows, int64_t stride, int used,
                          strip *out) {
    if (used == LANES)
        measure_full(values, rows, stride, out);
    else
        measure(values, rows, stride, used, out);
}

/* A block whose mean overflows or that holds a NaN or an infinity is left to the exact sums. */
static bool is_plain(const strip *measured, int used) {
    bool plain = true;
    for (int j = 0; j < used; j++)
        plain = plain && isfinite(measured->squares[j]);
    return plain;
}

static qn_status add_strip(qn_moments *moments, int32_t first, int used, const strip *measured,
                           int64_t rows) {
    for (int j = 0; j < used; j++) {
        part one = {measured->mean[j], measured->rest[j], measured->squares[j],
                    measured->low[j],  measured->high[j], rows};
        QN_TRY(add_part(moments, first + j, &one));
        add_range(moments, first + j, one.low, one.high, rows);
    }
    return QN_OK;
}

static qn_status add_block(qn_moments *moments, const double *values, int64_t rows, strip *strips) {
    int32_t width = moments->width, count = 0;
    for (int32_t first = 0; first < width; first += LANES, count++) {
        int used = width - first < LANES ? width - first : LANES;
        measure_strip(values + first, rows, width, used, &strips[count]);
        if (!is_plain(&strips[count], used))
            return qn_moments_add_values(moments, values, rows, NULL);
    }
    for (int32_t i = 0; i < count; i++) {
        int32_t first = i * LANES;
        int used = width - first < LANES ? width - first : LANES;
        QN_TRY(add_strip(moments, first, used, &strips[i], rows));
    }
    moments->rows += rows;
    return QN_OK;
}

static qn_status add_dense(qn_moments *moments, const qn_column *column) {
    strip *strips = NULL;
    qn_status status = QN_OK;
    int64_t width = moments->width;
    QN_TRY(qn_mem_alloc(&strips, (size_t)((width + LANES - 1) / LANES), sizeof *strips));
    for (int64_t first = 0; first < column->length && status == QN_OK; first += ROWS) {
        int64_t rows = column->length - first < ROWS ? column->length - first : ROWS;
        status = add_block(moments, column->f64 + first * width, rows, strips);
    }
    qn_mem_free(strips);
    return status;
}

/* ---- Sparse --------------------------------------------------------------------------------- */

/* Sums about the first value of each slot, and what slots are touched. Returns their number. */
static int64_t find_means(const qn_column *column, part *parts, int32_t *touched) {
    int64_t count = 0, stored = column->offsets[column->length];
    for (int64_t k = 0; k < stored; k++) {
        double x = column->f64[k];
        part *of = &parts[column->indices[k]];
        if (of->count++ == 0) {
            of->mean = of->low = of->high = x;
            touched[count++] = column->indices[k];
        }
        of->squares += x - of->mean;
        of->low = x < of->low ? x : of->low;
        of->high = x > of->high ? x : of->high;
    }
    for (int64_t i = 0; i < count; i++) {
        part *of = &parts[touched[i]];
        of->mean += of->squares / (double)of->count;
        of->squares = 0;
    }
    return count;
}

static void find_squares(const qn_column *column, part *parts) {
    int64_t stored = column->offsets[column->length];
    for (int64_t k = 0; k < stored; k++) {
        part *of = &parts[column->indices[k]];
        double d = column->f64[k] - of->mean;
        of->rest += d;
        of->squares += d * d;
    }
}

static bool all_finite(const part *parts, const int32_t *touched, int64_t count) {
    bool finite = true;
    for (int64_t i = 0; i < count; i++)
        finite = finite && isfinite(parts[touched[i]].squares);
    return finite;
}

static qn_status add_parts(qn_moments *moments, const part *parts, const int32_t *touched,
                           int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const part *of = &parts[touched[i]];
        QN_TRY(add_part(moments, touched[i], of));
        add_range(moments, touched[i], of->low, of->high, of->count);
    }
    return QN_OK;
}

static qn_status add_sparse(qn_moments *moments, const qn_column *column) {
    part *parts = NULL;
    int32_t *touched = NULL;
    qn_status status;
    size_t width = (size_t)moments->width;
    QN_TRY_GOTO(qn_mem_calloc(&parts, width, sizeof *parts), done);
    QN_TRY_GOTO(qn_mem_alloc(&touched, width, sizeof *touched), done);
    int64_t count = find_means(column, parts, touched);
    find_squares(column, parts);
    if (!all_finite(parts, touched, count)) {
        status = qn_moments_add(moments, column, NULL);
        goto done;
    }
    QN_TRY_GOTO(add_parts(moments, parts, touched, count), done);
    moments->rows += column->length;
done:
    qn_mem_free(parts);
    qn_mem_free(touched);
    return status;
}

qn_status qn_moments_add_rounded(qn_moments *moments, const qn_column *column) {
    bool plain = column->type == QN_VECTOR && column->null_count == 0;
    if (!plain || moments->flags != QN_MOMENTS_PLAIN)
        return qn_moments_add(moments, column, NULL);
    return column->indices != NULL ? add_sparse(moments, column) : add_dense(moments, column);
}
