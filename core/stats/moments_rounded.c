/* Moments by blocks: floating point inside a block, exact between blocks.
 *
 * In a block of n rows each slot has D = sum (x - m) and Q = sum (x - m)^2 about a number m near
 * its mean (T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance",
 * 1983). The sums that the moments keep get n m + D and Q + 2 m D + n m^2, without further
 * rounding; so what is lost is relative to the spread of the values, not to their size.
 *
 * In dense columns m is the mean of the block before, in the first block that of every eighth row:
 * one pass is enough. Let V be the sum of squares about the mean of all data. The mean of n of them
 * is off by d with n d^2 <= their part of V, so the Q of all blocks together are at most 2 V for
 * the values, 2 V for their m, and 16 V for those of first blocks: some bits of V's last digits
 * are lost at worst. */
#include "core/memory.h"
#include "core/stats/lanes.h"
#include "core/stats/moments.h"

#include <math.h>
#include <string.h>

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
    if (from->squares == 0 && from->rest == 0)
        return QN_OK; /* all values are m */
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

/* Sums about a centre, and extremes, of `width` lanes: the slots of a few rows one after the other,
 * so that the inner loop is long however narrow the vectors are. Each array has `width` numbers. */
typedef struct lanes {
    int64_t width; /* a multiple of the slots */
    double *centre, *rest, *squares, *low, *high;
} lanes;

enum { FOLD = QN_LANES_FOLD, TERMS = 512, LEAST_ROWS = 1024 };

/* Rows of a block: what an exact addition costs is shared by many, but a lane's sums, which are
 * rounded, have few terms. */
static int64_t block_rows(const lanes *by, int32_t slots) {
    int64_t rows = TERMS * (by->width / slots);
    return rows > LEAST_ROWS ? rows : LEAST_ROWS;
}

static qn_status make_lanes(int32_t slots, lanes *out) {
    int64_t width = qn_lanes_width(slots);
    double *room = NULL;
    QN_TRY(qn_mem_alloc(&room, (size_t)(5 * width), sizeof *room));
    *out = (lanes){width, room, room + width, room + 2 * width, room + 3 * width, room + 4 * width};
    return QN_OK;
}

static void clear_lanes(lanes *self) {
    qn_mem_free(self->centre);
}

static void restart(lanes *self) {
    for (int64_t i = 0; i < self->width; i++) {
        self->rest[i] = self->squares[i] = 0;
        self->low[i] = HUGE_VAL;
        self->high[i] = -HUGE_VAL;
    }
}

static inline __attribute__((always_inline)) void add_lanes(const lanes *to, const double *values,
                                                            int64_t width, int fold) {
    const double *centre = to->centre;
    double *rest = to->rest, *squares = to->squares, *low = to->low, *high = to->high;
#pragma GCC ivdep
    for (int64_t i = 0; i < width; i++) {
        double c = centre[i], sum = rest[i], square = squares[i], least = low[i], most = high[i];
        for (int k = 0; k < fold; k++) {
            double x = values[k * width + i], d = x - c;
            least = x < least ? x : least;
            most = x > most ? x : most;
            sum += d;
            square += d * d;
        }
        rest[i] = sum;
        squares[i] = square;
        low[i] = least;
        high[i] = most;
    }
}

QN_LANES_CLONES
static void add_folds(const lanes *to, const double *values, int64_t count) {
    int64_t step = FOLD * to->width;
    for (int64_t k = 0; k < count; k++) {
        const double *at = values + k * step;
        qn_lanes_prefetch(at, step);
        add_lanes(to, at, to->width, FOLD);
    }
}

QN_LANES_CLONES
static void add_some(const lanes *to, const double *values, int64_t count) {
    add_lanes(to, values, count, 1);
}

static void add_rows(const lanes *to, const double *values, int64_t count) {
    int64_t folds = count / (FOLD * to->width);
    add_folds(to, values, folds);
    for (int64_t at = folds * FOLD * to->width; at < count; at += to->width)
        add_some(to, values + at, count - at < to->width ? count - at : to->width);
}

/* What was added of a slot, all its lanes together. */
static part part_of(const lanes *from, int32_t slots, int32_t slot, int64_t rows) {
    part sum = {from->centre[slot], 0, 0, HUGE_VAL, -HUGE_VAL, rows};
    for (int64_t i = slot; i < from->width; i += slots) {
        sum.rest += from->rest[i];
        sum.squares += from->squares[i];
        sum.low = from->low[i] < sum.low ? from->low[i] : sum.low;
        sum.high = from->high[i] > sum.high ? from->high[i] : sum.high;
    }
    return sum;
}

static void set_centre(const lanes *to, int32_t slots, int32_t slot, double centre) {
    for (int64_t i = slot; i < to->width; i += slots)
        to->centre[i] = centre;
}

/* The first centre of each slot: the mean of every FOLD-th row of the first block. */
static void find_centre(const lanes *to, const double *values, int64_t rows, int32_t slots) {
    int64_t count = (rows + FOLD - 1) / FOLD;
    memset(to->rest, 0, (size_t)slots * sizeof *to->rest);
    for (int64_t r = 0; r < rows; r += FOLD)
        for (int32_t s = 0; s < slots; s++)
            to->rest[s] += values[r * slots + s] - values[s];
    for (int32_t s = 0; s < slots; s++) {
        double mean = values[s] + to->rest[s] / (double)count;
        set_centre(to, slots, s, isfinite(mean) ? mean : 0); /* then its results are not, either */
    }
}

/* A slot that overflows or holds a NaN or an infinity leaves its block to the exact sums. */
static bool is_plain(const lanes *added, int32_t slots) {
    bool plain = true;
    for (int64_t i = 0; i < added->width && slots > 0; i++)
        plain = plain && isfinite(added->squares[i]);
    return plain;
}

static qn_status add_block(qn_moments *moments, const double *values, int64_t rows, lanes *by) {
    int32_t slots = moments->width;
    restart(by);
    add_rows(by, values, rows * slots);
    if (!is_plain(by, slots))
        return qn_moments_add_values(moments, values, rows, NULL);
    for (int32_t s = 0; s < slots; s++) {
        part sum = part_of(by, slots, s, rows);
        QN_TRY(add_part(moments, s, &sum));
        add_range(moments, s, sum.low, sum.high, rows);
        set_centre(by, slots, s, sum.mean + sum.rest / (double)rows);
    }
    moments->rows += rows;
    return QN_OK;
}

static qn_status add_dense(qn_moments *moments, const qn_column *column) {
    lanes by = {0};
    qn_status status = QN_OK;
    int64_t width = moments->width;
    if (width == 0 || column->length == 0) {
        moments->rows += column->length;
        return QN_OK;
    }
    QN_TRY(make_lanes(moments->width, &by));
    int64_t block = block_rows(&by, moments->width), length = column->length;
    find_centre(&by, column->f64, length < block ? length : block, moments->width);
    for (int64_t first = 0; first < length && status == QN_OK; first += block) {
        int64_t rows = length - first < block ? length - first : block;
        status = add_block(moments, column->f64 + first * width, rows, &by);
    }
    clear_lanes(&by);
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
