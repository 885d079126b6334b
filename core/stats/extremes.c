#include "core/stats/extremes.h"

#include "core/memory.h"
#include "core/stats/lanes.h"

#include <math.h>
#include <string.h>

qn_status qn_extremes_init(qn_extremes *extremes, int32_t width) {
    qn_extremes made = {.width = width};
    qn_status status;
    size_t slots = (size_t)width;
    QN_TRY_GOTO(qn_mem_calloc(&made.stored, slots, sizeof *made.stored), done);
    QN_TRY_GOTO(qn_mem_alloc(&made.min, slots, sizeof *made.min), done);
    QN_TRY_GOTO(qn_mem_alloc(&made.max, slots, sizeof *made.max), done);
    for (int32_t s = 0; s < width; s++) {
        made.min[s] = HUGE_VAL;
        made.max[s] = -HUGE_VAL;
    }
    *extremes = made;
    return QN_OK;
done:
    qn_extremes_clear(&made);
    return status;
}

void qn_extremes_clear(qn_extremes *extremes) {
    qn_mem_free(extremes->stored);
    qn_mem_free(extremes->min);
    qn_mem_free(extremes->max);
    *extremes = (qn_extremes){0};
}

/* ---- Dense ---------------------------------------------------------------------------------- */

/* Running extremes of lanes (core/stats/lanes.h). */
typedef struct pattern {
    int64_t length; /* a multiple of the width */
    double *low, *high;
} pattern;

enum { FOLD = QN_LANES_FOLD };

static qn_status make_pattern(int32_t width, pattern *out) {
    int64_t length = qn_lanes_width(width);
    double *values = NULL;
    QN_TRY(qn_mem_alloc(&values, (size_t)(2 * length), sizeof *values));
    *out = (pattern){length, values, values + length};
    for (int64_t i = 0; i < length; i++) {
        out->low[i] = HUGE_VAL;
        out->high[i] = -HUGE_VAL;
    }
    return QN_OK;
}

static inline double lower(double x, double y) {
    return x < y ? x : y; /* y if x is NaN */
}

static inline double higher(double x, double y) {
    return x > y ? x : y;
}

static inline __attribute__((always_inline)) void add_lanes(const pattern *to, const double *values,
                                                            int64_t count, int fold) {
    double *low = to->low, *high = to->high;
#pragma GCC ivdep
    for (int64_t i = 0; i < count; i++) {
        double least = low[i], most = high[i];
        for (int k = 0; k < fold; k++) {
            least = lower(values[k * count + i], least);
            most = higher(values[k * count + i], most);
        }
        low[i] = least;
        high[i] = most;
    }
}

QN_LANES_CLONES
static void add_folds(const pattern *to, const double *values, int64_t count) {
    int64_t step = FOLD * to->length;
    for (int64_t k = 0; k < count; k++) {
        qn_lanes_prefetch(values + k * step, step);
        add_lanes(to, values + k * step, to->length, FOLD);
    }
}

QN_LANES_CLONES
static void add_some(const pattern *to, const double *values, int64_t count) {
    add_lanes(to, values, count, 1);
}

static void add_values(const pattern *to, const double *values, int64_t count) {
    int64_t length = to->length, folds = count / (FOLD * length);
    add_folds(to, values, folds);
    for (int64_t at = folds * FOLD * length; at < count; at += length)
        add_some(to, values + at, count - at < length ? count - at : length);
}

/* Runs of rows that are not null. */
static void add_present(qn_extremes *extremes, const qn_column *column, const pattern *to) {
    for (int64_t first = 0; first < column->length;) {
        int64_t end = first;
        while (end < column->length && !qn_column_is_null(column, end))
            end++;
        add_values(to, column->f64 + first * column->width, (end - first) * column->width);
        extremes->rows += end - first;
        first = end + 1;
    }
}

static qn_status add_dense(qn_extremes *extremes, const qn_column *column) {
    pattern found = {0};
    int32_t width = extremes->width;
    int64_t before = extremes->rows;
    if (width == 0) {
        extremes->rows += column->length - column->null_count;
        return QN_OK;
    }
    QN_TRY(make_pattern(width, &found));
    if (column->null_count > 0) {
        add_present(extremes, column, &found);
    } else {
        add_values(&found, column->f64, column->length * width);
        extremes->rows += column->length;
    }
    for (int64_t i = 0; i < found.length; i += width)
        for (int32_t s = 0; s < width; s++) {
            extremes->min[s] = lower(found.low[i + s], extremes->min[s]);
            extremes->max[s] = higher(found.high[i + s], extremes->max[s]);
        }
    extremes->dense_rows += extremes->rows - before;
    qn_mem_free(found.low);
    return QN_OK;
}

/* ---- Sparse --------------------------------------------------------------------------------- */

static void add_sparse(qn_extremes *extremes, const qn_column *column) {
    int64_t stored = column->offsets[column->length]; /* null rows have none */
    for (int64_t k = 0; k < stored; k++) {
        int32_t slot = column->indices[k];
        double x = column->f64[k];
        extremes->min[slot] = lower(x, extremes->min[slot]);
        extremes->max[slot] = higher(x, extremes->max[slot]);
        extremes->stored[slot]++;
    }
    extremes->rows += column->length - column->null_count;
}

qn_status qn_extremes_add(qn_extremes *extremes, const qn_column *column) {
    if (column->indices == NULL)
        return add_dense(extremes, column);
    add_sparse(extremes, column);
    return QN_OK;
}

/* ---- Results -------------------------------------------------------------------------------- */

void qn_extremes_merge(qn_extremes *extremes, const qn_extremes *other) {
    extremes->rows += other->rows;
    extremes->dense_rows += other->dense_rows;
    for (int32_t s = 0; s < extremes->width; s++) {
        extremes->stored[s] += other->stored[s];
        extremes->min[s] = lower(other->min[s], extremes->min[s]);
        extremes->max[s] = higher(other->max[s], extremes->max[s]);
    }
}

static bool has_implicit_zeros(const qn_extremes *extremes, int32_t slot) {
    return extremes->rows > extremes->dense_rows + extremes->stored[slot];
}

double qn_extremes_min(const qn_extremes *extremes, int32_t slot) {
    double found = extremes->min[slot];
    if (has_implicit_zeros(extremes, slot))
        found = lower(0, found);
    return found > extremes->max[slot] && found == HUGE_VAL ? NAN : found + 0.0;
}

double qn_extremes_max(const qn_extremes *extremes, int32_t slot) {
    double found = extremes->max[slot];
    if (has_implicit_zeros(extremes, slot))
        found = higher(0, found);
    return found < extremes->min[slot] && found == -HUGE_VAL ? NAN : found + 0.0;
}
