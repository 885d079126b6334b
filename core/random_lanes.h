/* Many counters side by side. Private to core/random*.c. */
#ifndef QUERN_CORE_RANDOM_LANES_H
#define QUERN_CORE_RANDOM_LANES_H

#include "core/random.h"

/* The sanitizers' start-up code does not bear choices at load time. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define QN_RANDOM_CLONES                                                                           \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QN_RANDOM_CLONES
#endif

enum { QN_RANDOM_LANES = 64 };

/* first[i], second[i]: what qn_random_bits_2 gives for rows[i]. */
void qn_random_lanes(uint64_t first[QN_RANDOM_LANES], uint64_t second[QN_RANDOM_LANES],
                     qn_random random, const uint64_t rows[QN_RANDOM_LANES], uint32_t draw);

#endif
