/* Sums of values too far apart for a grid of 128 bits: superaccumulators, from which what leaves
 * the frame is taken away exactly. */
#include "core/window/sweep.h"
#include "core/window/total.h"

#include "core/stats/pair.h"
#include "core/stats/sum.h"

typedef struct wide {
    const qn_totals *totals;
    int shift[2]; /* values are divided by 2^shift, so that their products do not overflow */
    qn_sum x, y, xx, yy, xy;
} wide;

enum { LARGEST_FACTOR = 480 }; /* bits */

static void start(wide *state) {
    qn_sum_init(&state->x);
    qn_sum_init(&state->y);
    qn_sum_init(&state->xx);
    qn_sum_init(&state->yy);
    qn_sum_init(&state->xy);
}

static double value_at(const wide *state, int32_t k, int32_t i) {
    const qn_window_values *values = &state->totals->arguments[k];
    double value = values->f64 != NULL ? values->f64[i] : (double)values->i64[i];
    return state->shift[k] == 0 ? value : ldexp(value, -state->shift[k]);
}

static void take(void *opaque, int32_t i, bool add) {
    wide *state = opaque;
    const qn_totals *totals = state->totals;
    if (!qn_totals_has(totals, i))
        return;
    double x = value_at(state, 0, i), sign = add ? 1 : -1;
    qn_sum_add(&state->x, sign * x);
    if (!totals->products)
        return;
    qn_sum_add_product(&state->xx, sign * x, x);
    if (totals->count < 2)
        return;
    double y = value_at(state, 1, i);
    qn_sum_add(&state->y, sign * y);
    qn_sum_add_product(&state->yy, sign * y, y);
    qn_sum_add_product(&state->xy, sign * x, y);
}

static qn_pair pair_of(const qn_sum *sum) {
    qn_pair pair;
    qn_sum_result_pair(sum, &pair.high, &pair.low);
    return pair;
}

static double moment(int64_t rows, const qn_sum *products, const qn_sum *a, const qn_sum *b) {
    qn_pair whole = qn_pair_multiply((qn_pair){(double)rows, 0}, pair_of(products));
    qn_pair means = qn_pair_multiply(pair_of(a), pair_of(b));
    qn_pair rest = qn_pair_add(whole, qn_pair_negate(means));
    return rest.high + rest.low;
}

static qn_frame_total total_of(const wide *state, int32_t i) {
    const qn_totals *totals = state->totals;
    qn_frame_total total = {.rows = qn_totals_rows(totals, i),
                            .exponent_x = state->shift[0],
                            .exponent_y = state->shift[1]};
    if (!totals->products) {
        total.sum = qn_sum_result(&state->x);
        return total;
    }
    total.xx = fmax(moment(total.rows, &state->xx, &state->x, &state->x), 0);
    if (totals->count > 1) {
        total.yy = fmax(moment(total.rows, &state->yy, &state->y, &state->y), 0);
        total.xy = moment(total.rows, &state->xy, &state->x, &state->y);
    }
    return total;
}

void qn_totals_wide(const qn_totals *totals, qn_window_result *out) {
    wide state = {.totals = totals};
    qn_sweep sweep = {.step = take, .state = &state};
    for (int32_t k = 0; k < totals->count && totals->products; k++)
        state.shift[k] = totals->grids[k].highest - LARGEST_FACTOR;
    start(&state);
    qn_sweep_start(&sweep, totals->from);
    for (int32_t i = totals->from; i < totals->to; i++) {
        qn_sweep_to(&sweep, totals->frames, i);
        if (qn_totals_special(totals, out, i))
            continue;
        qn_frame_total total = total_of(&state, i);
        qn_totals_finish(totals, out, i, &total);
    }
}
