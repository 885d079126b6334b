/* Inside core/stats and mpi/reduce: 64-bit hashes of values. */
#ifndef QUERN_CORE_STATS_HASH_H
#define QUERN_CORE_STATS_HASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/text/text.h"

#include <math.h>
#include <string.h>

static inline uint64_t qn_hash_bytes(const void *data, int64_t length) {
    return XXH3_64bits(data, (size_t)length);
}

static inline uint64_t qn_hash_view(qn_view view) {
    return XXH3_64bits(view.data, (size_t)view.length);
}

/* One zero and one NaN. */
static inline double qn_canonical(double x) {
    return x != x ? (double)NAN : x + 0.0;
}

static inline uint64_t qn_hash_real(double x) {
    double canonical = qn_canonical(x);
    return XXH3_64bits(&canonical, sizeof canonical);
}

#endif
