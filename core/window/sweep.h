/* Inside core/window: frames whose rows come and go one by one. */
#ifndef QUERN_CORE_WINDOW_SWEEP_H
#define QUERN_CORE_WINDOW_SWEEP_H

#include "core/window/kernel.h"

/* Takes row i in (add) or out. */
typedef void (*qn_sweep_step)(void *state, int32_t i, bool add);

/* What is in: [low[k], high[k]) of each piece. */
typedef struct qn_sweep {
    int32_t low[QN_FRAME_PIECES], high[QN_FRAME_PIECES];
    qn_sweep_step step;
    void *state;
} qn_sweep;

static inline void qn_sweep_start(qn_sweep *sweep, int32_t start) {
    for (int k = 0; k < QN_FRAME_PIECES; k++)
        sweep->low[k] = sweep->high[k] = start;
}

/* Goes on to the frame of row i. Returns whether anything changed. */
static inline bool qn_sweep_to(qn_sweep *sweep, const qn_frames *frames, int32_t i) {
    bool changed = false;
    for (int32_t k = 0; k < frames->count; k++) {
        int32_t from = frames->from[k][i], to = frames->to[k][i];
        int32_t low = sweep->low[k], high = sweep->high[k];
        changed |= low != from || high != to;
        for (; low < from && low < high; low++)
            sweep->step(sweep->state, low, false);
        for (high = high < from ? from : high; high < to; high++)
            sweep->step(sweep->state, high, true);
        sweep->low[k] = from;
        sweep->high[k] = to;
    }
    return changed;
}

#endif
