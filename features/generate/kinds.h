/* The kinds of generated tables, and what they share. Private to features/generate. */
#ifndef QUERN_FEATURES_GENERATE_KINDS_H
#define QUERN_FEATURES_GENERATE_KINDS_H

#include "features/generate/generate.h"

#include "core/random.h"

extern const qn_generator qn_generator_transactions;
extern const qn_generator qn_generator_ratings;
extern const qn_generator qn_generator_regression;

#define QN_GENERATE_ROWS                                                                           \
    { "rows", QN_OPTION_INT, "1000", "[0,inf)", "rows of the table" }
#define QN_GENERATE_SEED                                                                           \
    { "seed", QN_OPTION_INT, "42", "[0,inf)", "number that all random choices follow from" }

/* [0, 1) from 64 random bits. */
static inline double qn_uniform_of(uint64_t bits) {
    return (double)(int64_t)(bits >> 11) * 0x1p-53;
}

/* An index below `count`, of which low ranks are frequent (a bounded power law: the density of
 * rank r goes as r^(1 / power - 1)), spread over [0, count) so that frequent ones are anywhere. */
static inline int64_t qn_skewed(double uniform, int power, int64_t count) {
    double share = uniform;
    for (int i = 1; i < power; i++)
        share *= uniform;
    uint64_t rank = (uint64_t)(share * (double)count);
    return (int64_t)(rank * UINT64_C(2654435761) % (uint64_t)count); /* a prime above any count */
}

#endif
