/* Percentiles and counts of distinct values over frames: values are numbered in their order within
 * a partition, then each frame keeps how often each number occurs. */
#include "core/window/sweep.h"

#include <math.h>

#include "core/window/pairs.h"

/* Numbers of a partition's values: equal values have equal ones. */
typedef struct ranking {
    const qn_window_values *values;
    uint64_t *keys, *spare_keys; /* of the longest partition */
    uint32_t *rows, *spare_rows; /* in order of the keys */
    int32_t *numbers;            /* of each row: ties apart for percentiles, alike for distinct */
    int32_t *counts;             /* what the frame holds: a Fenwick tree, or plain */
    int32_t size;                /* numbers in use */
    int32_t present;             /* rows in the frame; distinct: distinct values */
} ranking;

static qn_status start_ranking(ranking *out, const qn_window_rows *rows,
                               const qn_window_values *values, qn_arena *arena) {
    int64_t longest = rows->longest;
    out->values = values;
    QN_TRY(qn_arena_take(arena, &out->keys, longest, sizeof *out->keys));
    QN_TRY(qn_arena_take(arena, &out->spare_keys, longest, sizeof *out->spare_keys));
    QN_TRY(qn_arena_take(arena, &out->rows, longest, sizeof *out->rows));
    QN_TRY(qn_arena_take(arena, &out->spare_rows, longest, sizeof *out->spare_rows));
    QN_TRY(qn_arena_take(arena, &out->counts, longest + 1, sizeof *out->counts));
    QN_TRY(qn_arena_take(arena, &out->numbers, rows->count, sizeof *out->numbers));
    return QN_OK;
}

/* Sorts the values of rows [from, to) that are not null. */
static void rank_values(ranking *state, int32_t from, int32_t to, bool ties_alike) {
    const qn_window_values *values = state->values;
    int32_t count = 0;
    for (int32_t i = from; i < to; i++) {
        if (!qn_window_valid(values, i))
            continue;
        state->keys[count] = values->f64 != NULL ? qn_window_real_bits(values->f64[i])
                                                 : qn_window_integer_bits(values->i64[i]);
        state->rows[count++] = (uint32_t)i;
    }
    qn_pairs_sort(state->keys, state->rows, state->spare_keys, state->spare_rows, count);
    int32_t number = 0;
    for (int32_t k = 0; k < count; k++) {
        if (k > 0 && (!ties_alike || state->keys[k] != state->keys[k - 1]))
            number++;
        state->numbers[state->rows[k]] = number;
    }
    state->size = count > 0 ? number + 1 : 0;
    state->present = 0;
    for (int32_t k = 0; k <= state->size; k++)
        state->counts[k] = 0;
}

/* ---- Distinct -------------------------------------------------------------------------------- */

static void take_distinct(void *opaque, int32_t i, bool add) {
    ranking *state = opaque;
    if (!qn_window_valid(state->values, i))
        return;
    int32_t *count = &state->counts[state->numbers[i]];
    if (add)
        state->present += (*count)++ == 0;
    else
        state->present -= --*count == 0;
}

qn_status qn_window_distinct(qn_window_result *out, const qn_window_rows *rows,
                             const qn_frames *frames, const qn_window_values *values,
                             qn_arena *arena) {
    qn_window_result result = {0};
    ranking state = {0};
    qn_sweep sweep = {.step = take_distinct, .state = &state};
    QN_TRY(start_ranking(&state, rows, values, arena));
    QN_TRY(qn_arena_take(arena, &result.i64, rows->count, sizeof *result.i64));
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t from = rows->starts[p], to = rows->starts[p + 1];
        rank_values(&state, from, to, true);
        qn_sweep_start(&sweep, from);
        for (int32_t i = from; i < to; i++) {
            qn_sweep_to(&sweep, frames, i);
            result.i64[i] = state.present;
        }
    }
    *out = result;
    return QN_OK;
}

/* ---- Percentiles ----------------------------------------------------------------------------- */

/* A tree of partial counts (P. M. Fenwick, "A new data structure for cumulative frequency tables",
 * 1994); entry 0 is not used. */
static void take_ranked(void *opaque, int32_t i, bool add) {
    ranking *state = opaque;
    if (!qn_window_valid(state->values, i))
        return;
    int32_t change = add ? 1 : -1;
    state->present += change;
    for (int32_t k = state->numbers[i] + 1; k <= state->size; k += k & -k)
        state->counts[k] += change;
}

/* The row whose value is the k-th smallest of the frame, k from 0. */
static int32_t select_row(const ranking *state, int32_t k) {
    int32_t position = 0, step = 1;
    while (step <= state->size / 2)
        step *= 2;
    for (; step > 0; step /= 2) {
        int32_t next = position + step;
        if (next <= state->size && state->counts[next] <= k) {
            position = next;
            k -= state->counts[next];
        }
    }
    return (int32_t)state->rows[position];
}

static double real_at(const ranking *state, int32_t k) {
    int32_t row = select_row(state, k);
    return state->values->f64 != NULL ? state->values->f64[row] : (double)state->values->i64[row];
}

/* Between the two values nearest to the place share * (n - 1). */
static double interpolate(const ranking *state, double share) {
    double place = share * (double)(state->present - 1);
    int32_t low = (int32_t)floor(place), high = (int32_t)ceil(place);
    double a = real_at(state, low);
    if (high == low)
        return a;
    double b = real_at(state, high);
    return a == b ? a : (high - place) * a + (place - low) * b;
}

/* The first value whose cumulative share reaches the share. */
static int32_t discrete(const ranking *state, double share) {
    int32_t place = (int32_t)ceil(share * (double)state->present) - 1;
    return select_row(state, place < 0 ? 0 : place);
}

static void evaluate(const ranking *state, double share, int32_t i, qn_window_result *out) {
    if (out->positions != NULL) {
        out->positions[i] = state->present > 0 ? discrete(state, share) : -1;
    } else {
        out->valid[i] = state->present > 0;
        out->f64[i] = state->present > 0 ? interpolate(state, share) : 0;
    }
}

static void repeat(int32_t i, qn_window_result *out) {
    if (out->positions != NULL) {
        out->positions[i] = out->positions[i - 1];
    } else {
        out->valid[i] = out->valid[i - 1];
        out->f64[i] = out->f64[i - 1];
    }
}

qn_status qn_window_percentiles(qn_window_result *out, qn_window_function function, double share,
                                const qn_window_rows *rows, const qn_frames *frames,
                                const qn_window_values *values, qn_arena *arena) {
    qn_window_result result = {0};
    ranking state = {0};
    qn_sweep sweep = {.step = take_ranked, .state = &state};
    QN_TRY(start_ranking(&state, rows, values, arena));
    if (function == QN_WINDOW_PERCENTILE_DISC) {
        QN_TRY(qn_arena_take(arena, &result.positions, rows->count, sizeof *result.positions));
    } else {
        QN_TRY(qn_arena_take(arena, &result.f64, rows->count, sizeof *result.f64));
        QN_TRY(qn_arena_take(arena, &result.valid, rows->count, 1));
    }
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t from = rows->starts[p], to = rows->starts[p + 1];
        rank_values(&state, from, to, false);
        qn_sweep_start(&sweep, from);
        for (int32_t i = from; i < to; i++) {
            if (qn_sweep_to(&sweep, frames, i) || i == from)
                evaluate(&state, share, i, &result);
            else
                repeat(i, &result);
        }
    }
    *out = result;
    return QN_OK;
}
