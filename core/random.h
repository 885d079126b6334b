/* Counter-based random numbers: every draw is a function of (seed, stream, row, draw), never of
 * who draws first. Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011) from Random123. */
#ifndef QUERN_CORE_RANDOM_H
#define QUERN_CORE_RANDOM_H

#include <stdint.h>

/* Streams keep the uses of one seed apart: a split and a generator never share draws. */
typedef struct qn_random {
    uint64_t seed;
    uint64_t stream;
} qn_random;

qn_random qn_random_new(uint64_t seed, const char *stream_name); /* hashes the name */

/* 64 random bits for (row, draw). */
uint64_t qn_random_bits(qn_random random, uint64_t row, uint32_t draw);

double qn_random_uniform(qn_random random, uint64_t row, uint32_t draw); /* [0, 1), 53 bits */
/* out[i] = qn_random_uniform(random, rows[i], draw), in a fifth of the time. */
void qn_random_uniform_rows(double *out, qn_random random, const int64_t *rows, int64_t count,
                            uint32_t draw);
double qn_random_normal(qn_random random, uint64_t row, uint32_t draw); /* Box-Muller */

/* Twice as many for little more than the cost of one; the first is that of the call above. */
void qn_random_bits_2(uint64_t out[2], qn_random random, uint64_t row, uint32_t draw);
void qn_random_normal_2(double out[2], qn_random random, uint64_t row, uint32_t draw);

/* The pairs of rows [first, first + count), vectorised: 3 ns a pair against 22. */
void qn_random_normal_rows(double *first_out, double *second_out, qn_random random, uint64_t first,
                           int64_t count, uint32_t draw);

/* [0, bound), bound > 0; the probabilities differ from 1 / bound by less than 2^-64. */
int64_t qn_random_below(qn_random random, uint64_t row, uint32_t draw, int64_t bound);

#endif
