/* How far values are apart: whether their sums and products fit integers of 128 and 256 bits. */
#include "core/window/total.h"

#include <stdlib.h>

enum { SUM_BITS = 126, PRODUCT_BITS = 254 };

/* ---- Of rows ---------------------------------------------------------------- */

static void widen_grid(qn_grid *grid, int lowest, int highest) {
    if (lowest < grid->lowest)
        grid->lowest = lowest;
    if (highest > grid->highest)
        grid->highest = highest;
}

static void look_at_real(qn_grid *grid, double value) {
    int exponent;
    if (!isfinite(value)) {
        grid->specials = true;
        return;
    }
    int64_t mantissa = llabs(qn_fixed_split(value, &exponent));
    if (mantissa != 0)
        widen_grid(grid, exponent + __builtin_ctzll((uint64_t)mantissa),
                   exponent + 64 - __builtin_clzll((uint64_t)mantissa));
}

static void look_at_integer(qn_grid *grid, int64_t value) {
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    if (size != 0)
        widen_grid(grid, 0, 64 - __builtin_clzll(size));
}

qn_grid qn_grid_find(const qn_window_values *values, const uint8_t *valid, int32_t from,
                     int32_t to) {
    qn_grid grid = {INT32_MAX, INT32_MIN, false};
    for (int32_t i = from; i < to; i++) {
        if (valid != NULL && !valid[i])
            continue;
        if (values->f64 != NULL)
            look_at_real(&grid, values->f64[i]);
        else
            look_at_integer(&grid, values->i64[i]);
    }
    if (grid.lowest == INT32_MAX)
        grid.lowest = grid.highest = 0;
    return grid;
}

static int bits_of(int32_t count) {
    return 32 - __builtin_clz((uint32_t)count | 1);
}

bool qn_grid_fits(const qn_grid *grids, int32_t count, int32_t rows, bool products) {
    int more = bits_of(rows), most = 0;
    for (int32_t k = 0; k < count; k++) {
        int bits = grids[k].highest - grids[k].lowest;
        most = bits > most ? bits : most;
    }
    return most + more <= SUM_BITS && (!products || 2 * (most + more) + 2 <= PRODUCT_BITS);
}

/* ---- Of a table ------------------------------------------------------------------------------ */

bool qn_window_needs_products(qn_window_function function) {
    const bool plain = function == QN_WINDOW_SUM || function == QN_WINDOW_AVG;
    return !plain;
}

static qn_grid grid_of_part(const qn_column *part) {
    qn_grid grid = {INT32_MAX, INT32_MIN, false};
    for (int64_t i = 0; i < part->length; i++)
        look_at_real(&grid, part->type == QN_FLOAT32 ? (double)part->f32[i] : part->f64[i]);
    return grid;
}

static void look_at_column(const qn_table *table, int32_t column, qn_window_range *out) {
    qn_type type = table->schema.fields[column].type;
    if (type != QN_FLOAT32 && type != QN_FLOAT64)
        return;
    for (int64_t b = 0; b < table->batch_count; b++) {
        qn_grid grid = grid_of_part(table->batches[b].columns[column]);
        out->lowest = grid.lowest < out->lowest ? grid.lowest : out->lowest;
        out->highest = grid.highest > out->highest ? grid.highest : out->highest;
    }
}

void qn_window_range_of(const qn_table *table, const qn_window_spec *spec, qn_window_range *out) {
    *out = (qn_window_range){INT32_MAX, INT32_MIN};
    for (int32_t c = 0; c < spec->call_count; c++) {
        const qn_window_call *call = &spec->calls[c];
        const qn_window_info *info = qn_window_find(call->function, call->distinct);
        if (info == NULL || info->family != QN_FAMILY_TOTAL ||
            !qn_window_needs_products(info->function))
            continue;
        for (int32_t k = 0; k < call->argument_count; k++)
            look_at_column(table, call->arguments[k], out);
    }
}

bool qn_window_range_fits(const qn_window_range *range) {
    qn_grid grid = {0, 0, false};
    if (range->lowest <= range->highest)
        grid = (qn_grid){(int)range->lowest, (int)range->highest, false};
    return qn_grid_fits(&grid, 1, INT32_MAX, true);
}
