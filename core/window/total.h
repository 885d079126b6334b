/* Inside core/window: what the exact and the wide form of sums share. */
#ifndef QUERN_CORE_WINDOW_TOTAL_H
#define QUERN_CORE_WINDOW_TOTAL_H

#include "core/window/fixed.h"
#include "core/window/kernel.h"

/* The grid of an argument's values: multiples of 2^lowest, below 2^highest. */
typedef struct qn_grid {
    int lowest, highest;
    bool specials; /* some value is infinite or NaN */
} qn_grid;

typedef struct qn_totals {
    qn_window_function function;
    const qn_window_rows *rows;
    const qn_frames *frames;
    const qn_window_values *arguments;
    int32_t count;        /* arguments */
    bool products;        /* squares and products are needed */
    int32_t from, to;     /* the rows that are being summed */
    const uint8_t *valid; /* of all arguments; NULL: nothing is null */
    qn_grid grids[2];
    const int32_t *before;                  /* valid rows before row i; NULL: all are valid */
    const int32_t *nans, *pluses, *minuses; /* special rows before row i; NULL: none */
} qn_totals;

/* Sums over one frame. Variances and the like come as n * sum(xy) - sum(x) * sum(y). */
typedef struct qn_frame_total {
    int64_t rows;
    double sum;                 /* of the first argument */
    double xx, yy, xy;          /* only what the function needs */
    int exponent_x, exponent_y; /* xx stands for xx * 2^(2 exponent_x), xy for the mixed one */
} qn_frame_total;

/* A value that counts: neither null nor special. */
static inline bool qn_totals_has(const qn_totals *totals, int32_t i) {
    if (totals->valid != NULL && !totals->valid[i])
        return false;
    for (int32_t k = 0; k < totals->count; k++)
        if (totals->grids[k].specials && !isfinite(totals->arguments[k].f64[i]))
            return false;
    return true;
}

/* Writes the result of row i; specials were looked at before. */
void qn_totals_finish(const qn_totals *totals, qn_window_result *out, int32_t i,
                      const qn_frame_total *total);

/* Whether the frame of row i is decided by special values; writes the result then. */
bool qn_totals_special(const qn_totals *totals, qn_window_result *out, int32_t i);

int64_t qn_totals_rows(const qn_totals *totals, int32_t i); /* valid rows of the frame of row i */

/* The grid of rows [from, to), and whether sums over so many rows, and sums of products and what
 * variances make of them, fit their integers. */
qn_grid qn_grid_find(const qn_window_values *values, const uint8_t *valid, int32_t from,
                     int32_t to);
bool qn_grid_fits(const qn_grid *grids, int32_t count, int32_t rows, bool products);
bool qn_window_needs_products(qn_window_function function);

/* For rows [from, to), one partition, whose values are too far apart for the grid: sums of any
 * range, slower. */
void qn_totals_wide(const qn_totals *totals, qn_window_result *out);

#endif
