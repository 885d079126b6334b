/* Functions of a row's place: ranks, lag and lead. */
#include "core/window/kernel.h"

static void number_rows(const qn_window_rows *rows, int32_t *out) {
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t start = rows->starts[p];
        for (int32_t i = start; i < rows->starts[p + 1]; i++)
            out[i] = i - start + 1;
    }
}

static void rank_rows(const qn_window_rows *rows, int32_t *out) {
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t start = rows->starts[p];
        for (int32_t i = start; i < rows->starts[p + 1]; i++)
            out[i] = rows->peer_from[i] - start + 1;
    }
}

static void rank_groups(const qn_window_rows *rows, int32_t *out) {
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t rank = 0;
        for (int32_t i = rows->starts[p]; i < rows->starts[p + 1]; i++) {
            rank += rows->peer_from[i] == i;
            out[i] = rank;
        }
    }
}

static void percent_ranks(const qn_window_rows *rows, double *out) {
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t start = rows->starts[p], end = rows->starts[p + 1];
        double others = end - start > 1 ? end - start - 1 : 1;
        for (int32_t i = start; i < end; i++)
            out[i] = (rows->peer_from[i] - start) / others;
    }
}

static void cumulate(const qn_window_rows *rows, double *out) {
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t start = rows->starts[p], end = rows->starts[p + 1];
        for (int32_t i = start; i < end; i++)
            out[i] = (double)(rows->peer_to[i] - start) / (end - start);
    }
}

/* The first (rows modulo tiles) tiles have one row more. */
static void tile(const qn_window_rows *rows, int64_t tiles, int32_t *out) {
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t start = rows->starts[p], end = rows->starts[p + 1];
        int64_t size = (end - start) / tiles, larger = (end - start) % tiles;
        int32_t i = start;
        for (int32_t t = 1; i < end; t++)
            for (int64_t k = size + (t <= larger); k > 0; k--)
                out[i++] = t;
    }
}

qn_status qn_window_ranks(qn_window_result *out, qn_window_function function, int64_t number,
                          const qn_window_rows *rows, qn_arena *arena) {
    qn_window_result result = {0};
    if (function == QN_WINDOW_PERCENT_RANK || function == QN_WINDOW_CUME_DIST)
        QN_TRY(qn_arena_take(arena, &result.f64, rows->count, sizeof *result.f64));
    else
        QN_TRY(qn_arena_take(arena, &result.i32, rows->count, sizeof *result.i32));
    if (function == QN_WINDOW_ROW_NUMBER)
        number_rows(rows, result.i32);
    else if (function == QN_WINDOW_RANK)
        rank_rows(rows, result.i32);
    else if (function == QN_WINDOW_DENSE_RANK)
        rank_groups(rows, result.i32);
    else if (function == QN_WINDOW_PERCENT_RANK)
        percent_ranks(rows, result.f64);
    else if (function == QN_WINDOW_CUME_DIST)
        cumulate(rows, result.f64);
    else
        tile(rows, number, result.i32);
    *out = result;
    return QN_OK;
}

static void shift(const qn_window_rows *rows, int64_t steps, int32_t *out) {
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t start = rows->starts[p], end = rows->starts[p + 1];
        for (int32_t i = start; i < end; i++) {
            int64_t source = i + steps;
            out[i] = source >= start && source < end ? (int32_t)source : -1;
        }
    }
}

/* present[0..count) are the positions of a partition's values that are not null. */
static void shift_present(const qn_window_rows *rows, int64_t steps, const qn_window_values *values,
                          int32_t *present, int32_t *out) {
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t start = rows->starts[p], end = rows->starts[p + 1], count = 0, before = 0;
        for (int32_t i = start; i < end; i++)
            if (qn_window_valid(values, i))
                present[count++] = i;
        for (int32_t i = start; i < end; i++) {
            int32_t here = qn_window_valid(values, i);
            int64_t k = steps < 0 ? before + steps : before + here + steps - 1;
            out[i] = k >= 0 && k < count ? present[k] : -1;
            before += here;
        }
    }
}

qn_status qn_window_shift(qn_window_result *out, int64_t number, bool ignore_nulls,
                          const qn_window_rows *rows, const qn_window_values *values,
                          qn_arena *arena) {
    qn_window_result result = {0};
    int32_t *present = NULL;
    int64_t most = rows->longest; /* beyond it, nothing overflows and nothing is found */
    int64_t steps = number > most ? most : number < -most ? -most : number;
    QN_TRY(qn_arena_take(arena, &result.positions, rows->count, sizeof *result.positions));
    if (ignore_nulls && values->valid != NULL && steps != 0) {
        QN_TRY(qn_arena_take(arena, &present, rows->longest, sizeof *present));
        shift_present(rows, steps, values, present, result.positions);
    } else {
        shift(rows, steps, result.positions);
    }
    *out = result;
    return QN_OK;
}
