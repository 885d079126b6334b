/* Summaries of the slots of rows that lie one after the other: a few rows are taken as one long row
 * of lanes, so that inner loops are long and fill vector registers however narrow the rows are. */
#ifndef QUERN_CORE_STATS_LANES_H
#define QUERN_CORE_STATS_LANES_H

#include <stdint.h>

enum {
    QN_LANES_LEAST = 64,
    QN_LANES_VECTOR = 8, /* doubles in the widest registers */
    QN_LANES_FOLD = 8, /* values of a lane that are taken at once: sums are stored once for them */
    QN_LANES_AHEAD = 768 /* values: folds read several places at once, which needs prefetching */
};

#if defined(__x86_64__)
#define QN_LANES_CLONES                                                                            \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QN_LANES_CLONES
#endif

/* How many lanes: a multiple of `slots` > 0, and of the vectors' length unless rows are long. */
static inline int64_t qn_lanes_width(int32_t slots) {
    int64_t rows = (QN_LANES_LEAST + slots - 1) / slots;
    while (rows * slots % QN_LANES_VECTOR != 0 && slots < QN_LANES_LEAST)
        rows++;
    return rows * slots;
}

/* For `count` values from `values` on: has those behind them brought into the cache. */
static inline void qn_lanes_prefetch(const double *values, int64_t count) {
    for (int64_t i = 0; i < count; i += 8)
        __builtin_prefetch(values + QN_LANES_AHEAD + i);
}

#endif
