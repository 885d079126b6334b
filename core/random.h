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
double qn_random_normal(qn_random random, uint64_t row, uint32_t draw);  /* Box-Muller */
/* Two of them for little more than the cost of one; the first is qn_random_normal's. */
void qn_random_normals(qn_random random, uint64_t row, uint32_t draw, double out[2]);

/* [0, bound), bound > 0; the probabilities differ from 1 / bound by less than 2^-64. */
int64_t qn_random_below(qn_random random, uint64_t row, uint32_t draw, int64_t bound);

#endif
