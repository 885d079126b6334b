#include "core/stats/correlation.h"

#include "core/memory.h"
#include "core/stats/gram_kernel.h"

#include <math.h>
#include <string.h>

enum { LANES = 8, CHUNK = 16 * QN_GRAM_ROWS };

qn_status qn_correlation_init(qn_correlation *correlation, int32_t width) {
    qn_status status;
    int64_t square = (int64_t)width * width;
    *correlation = (qn_correlation){.width = width};
    QN_TRY_GOTO(qn_sums_init(&correlation->sums, 3 * square), done);
    QN_TRY_GOTO(qn_mem_calloc(&correlation->rows, (size_t)square, sizeof *correlation->rows), done);
done:
    if (status != QN_OK)
        qn_correlation_clear(correlation);
    return status;
}

static void clear_work(qn_correlation *correlation) {
    qn_mem_free(correlation->packed);
    qn_mem_free(correlation->product);
    qn_mem_free(correlation->total);
    qn_mem_free(correlation->total_rest);
    correlation->packed = correlation->product = NULL;
    correlation->total = correlation->total_rest = NULL;
    correlation->length = 0;
}

void qn_correlation_clear(qn_correlation *correlation) {
    clear_work(correlation);
    qn_sums_clear(&correlation->sums);
    qn_mem_free(correlation->rows);
    *correlation = (qn_correlation){0};
}

/* ---- Packing -------------------------------------------------------------------------------- */

/* How a batch is packed: a row has x - centre of all columns (0 where missing); if any value is
 * missing, their squares, and 0 or 1 for each column that lacks some; then a 1. */
typedef struct layout {
    int32_t width;
    int stride, ones;
    bool gaps;
    double *centre; /* width */
    int32_t *mask;  /* width: where the 0s and 1s are; `ones` for columns that lack nothing */
} layout;

static qn_status plan(const qn_correlation *correlation, const double *const *columns, int64_t rows,
                      layout *out) {
    int32_t width = correlation->width, masks = 0;
    *out = (layout){.width = width};
    QN_TRY(qn_mem_calloc(&out->centre, (size_t)width, sizeof *out->centre));
    QN_TRY(qn_mem_calloc(&out->mask, (size_t)width, sizeof *out->mask));
    for (int32_t j = 0; j < width; j++) {
        double first = 0, sum = 0;
        int64_t count = 0, missing = 0;
        for (int64_t r = 0; r < rows; r++) {
            double x = columns[j][r];
            if (!isfinite(x)) {
                missing++;
            } else if (count < QN_GRAM_ROWS) {
                first = count++ == 0 ? x : first;
                sum += x - first;
            }
        }
        out->centre[j] = count > 0 ? first + sum / (double)count : 0;
        out->mask[j] = missing > 0 ? 2 * width + masks++ : -1;
    }
    out->gaps = masks > 0;
    out->ones = out->gaps ? 2 * width + masks : width;
    out->stride = (out->ones + 1 + LANES - 1) / LANES * LANES;
    for (int32_t j = 0; j < width; j++)
        out->mask[j] = out->mask[j] < 0 ? out->ones : out->mask[j];
    return QN_OK;
}

static qn_status make_room(qn_correlation *correlation, const layout *of) {
    int64_t square = (int64_t)of->stride * of->stride;
    if (square > correlation->length) {
        clear_work(correlation);
        QN_TRY(qn_mem_alloc(&correlation->packed, (size_t)(QN_GRAM_ROWS * of->stride),
                            sizeof *correlation->packed));
        QN_TRY(qn_mem_alloc(&correlation->product, (size_t)square, sizeof *correlation->product));
        QN_TRY(qn_mem_alloc(&correlation->total, (size_t)square, sizeof *correlation->total));
        QN_TRY(qn_mem_alloc(&correlation->total_rest, (size_t)square,
                            sizeof *correlation->total_rest));
        correlation->length = square;
    }
    memset(correlation->packed, 0, (size_t)(QN_GRAM_ROWS * of->stride) * sizeof(double));
    memset(correlation->total, 0, (size_t)square * sizeof(double));
    memset(correlation->total_rest, 0, (size_t)square * sizeof(double));
    return QN_OK;
}

static void pack_column(const layout *of, const double *values, int64_t rows, int32_t j,
                        double *out) {
    double centre = of->centre[j];
    int mask = of->mask[j];
    bool complete = mask == of->ones;
    for (int64_t r = 0; r < rows; r++, out += of->stride) {
        bool present = complete || isfinite(values[r]);
        double d = present ? values[r] - centre : 0;
        out[j] = d;
        if (of->gaps)
            out[of->width + j] = d * d;
        if (!complete)
            out[mask] = present;
    }
}

static void pack(const layout *of, const double *const *columns, int64_t first, int64_t rows,
                 double *out) {
    for (int32_t j = 0; j < of->width; j++)
        pack_column(of, columns[j] + first, rows, j, out);
    for (int64_t r = 0; r < rows; r++)
        out[r * of->stride + of->ones] = 1;
}

static void multiply(qn_correlation *correlation, const layout *of, const double *const *columns,
                     int64_t rows) {
    int64_t square = (int64_t)of->stride * of->stride;
    for (int64_t chunk = 0; chunk < rows; chunk += CHUNK) {
        int64_t end = chunk + CHUNK < rows ? chunk + CHUNK : rows;
        memset(correlation->product, 0, (size_t)square * sizeof(double));
        for (int64_t first = chunk; first < end; first += QN_GRAM_ROWS) {
            int64_t count = end - first < QN_GRAM_ROWS ? end - first : QN_GRAM_ROWS;
            pack(of, columns, first, count, correlation->packed);
            qn_gram_multiply(correlation->packed, correlation->packed, (int)count, of->stride,
                             correlation->product);
        }
        qn_gram_fold(correlation->product, square, correlation->total, correlation->total_rest);
    }
}

/* ---- Moving to the origin ------------------------------------------------------------------- */

static qn_pair total_of(const qn_correlation *correlation, const layout *of, int i, int j) {
    int64_t at = (int64_t)(i < j ? i : j) * of->stride + (i < j ? j : i);
    return (qn_pair){correlation->total[at], correlation->total_rest[at]};
}

/* Adds factor * value, exactly. */
static qn_status add_scaled(qn_sums *sums, int64_t index, double factor, qn_pair value) {
    QN_TRY(qn_sums_add_product(sums, index, factor, value.high));
    return value.low != 0 ? qn_sums_add_product(sums, index, factor, value.low) : QN_OK;
}

static qn_status add_pair(qn_sums *sums, int64_t index, qn_pair value) {
    QN_TRY(qn_sums_add(sums, index, value.high));
    return value.low != 0 ? qn_sums_add(sums, index, value.low) : QN_OK;
}

static qn_pair product_of(double a, double b) {
    double high = a * b;
    return (qn_pair){high, fma(a, b, -high)};
}

/* With x = c + d in the rows where column j has a value: sums of x and of x^2. */
static qn_status add_own(qn_correlation *correlation, const layout *of, int32_t i, int32_t j) {
    qn_sums *sums = &correlation->sums;
    int64_t width = of->width, at = i * width + j, square = width * width + at;
    double c = of->centre[i];
    qn_pair rows = total_of(correlation, of, of->mask[i], of->mask[j]);
    qn_pair rest = total_of(correlation, of, i, of->mask[j]);
    qn_pair squares = of->gaps ? total_of(correlation, of, of->width + i, of->mask[j])
                               : total_of(correlation, of, i, i);
    correlation->rows[at] += (int64_t)rows.high;
    QN_TRY(add_scaled(sums, at, c, rows));
    QN_TRY(add_pair(sums, at, rest));
    QN_TRY(add_scaled(sums, square, rows.high, product_of(c, c)));
    QN_TRY(add_scaled(sums, square, 2 * c, rest));
    return add_pair(sums, square, squares);
}

/* With x = c + d and y = k + e: sum of x y = sum of d e + c sum of e + k sum of d + n c k. */
static qn_status add_product(qn_correlation *correlation, const layout *of, int32_t i, int32_t j) {
    qn_sums *sums = &correlation->sums;
    int64_t width = of->width, at = (2 * width + i) * width + j;
    double c = of->centre[i], k = of->centre[j];
    qn_pair rows = total_of(correlation, of, of->mask[i], of->mask[j]);
    QN_TRY(add_pair(sums, at, total_of(correlation, of, i, j)));
    QN_TRY(add_scaled(sums, at, c, total_of(correlation, of, j, of->mask[i])));
    QN_TRY(add_scaled(sums, at, k, total_of(correlation, of, i, of->mask[j])));
    return add_scaled(sums, at, rows.high, product_of(c, k));
}

/* A square that is not finite shows in every sum it is part of. */
static bool all_finite(const qn_correlation *correlation, const layout *of) {
    bool finite = true;
    for (int32_t i = 0; i < of->width; i++)
        finite = finite && isfinite(total_of(correlation, of, i, i).high) &&
                 isfinite(of->centre[i] * of->centre[i] * 1e6);
    return finite;
}

static qn_status add_all(qn_correlation *correlation, const layout *of) {
    for (int32_t i = 0; i < of->width; i++)
        for (int32_t j = 0; j < of->width; j++) {
            QN_TRY(add_own(correlation, of, i, j));
            if (j > i)
                QN_TRY(add_product(correlation, of, i, j));
        }
    return QN_OK;
}

qn_status qn_correlation_add(qn_correlation *correlation, const double *const *columns,
                             int64_t rows) {
    layout of = {0};
    qn_status status = QN_OK;
    if (rows == 0)
        return QN_OK;
    QN_TRY_GOTO(plan(correlation, columns, rows, &of), done);
    QN_TRY_GOTO(make_room(correlation, &of), done);
    multiply(correlation, &of, columns, rows);
    if (all_finite(correlation, &of))
        status = add_all(correlation, &of);
    else
        status = qn_fail(QN_DATA, "a value is too large to be squared");
done:
    qn_mem_free(of.centre);
    qn_mem_free(of.mask);
    return status;
}

/* ---- Results -------------------------------------------------------------------------------- */

static qn_pair sum_of(const qn_correlation *correlation, int64_t index) {
    return qn_sums_result_pair(&correlation->sums, index);
}

/* Not more than what 106 bits round off a sum of squares. */
static bool is_constant(int64_t rows, qn_pair sum, qn_pair squares) {
    qn_pair n = {(double)rows, 0};
    qn_pair all = qn_pair_multiply(n, squares);
    qn_pair rest = qn_pair_add(all, qn_pair_negate(qn_pair_multiply(sum, sum)));
    return !(rest.high > 1e-30 * all.high);
}

void qn_correlation_sums(const qn_correlation *correlation, int32_t i, int32_t j,
                         qn_test_sums *out) {
    int64_t width = correlation->width, square = width * width;
    int64_t there = i * width + j, back = j * width + i;
    int32_t low = i < j ? i : j, high = i < j ? j : i;
    *out = (qn_test_sums){.rows = correlation->rows[there],
                          .x = sum_of(correlation, there),
                          .y = sum_of(correlation, back),
                          .xx = sum_of(correlation, square + there),
                          .yy = sum_of(correlation, square + back)};
    out->xy = i == j ? out->xx : sum_of(correlation, 2 * square + low * width + high);
    out->constant =
        is_constant(out->rows, out->x, out->xx) || is_constant(out->rows, out->y, out->yy);
}
