/* Inside core/stats: how a batch of rows becomes a Gram matrix. */
#ifndef QUERN_CORE_STATS_GRAM_PRIVATE_H
#define QUERN_CORE_STATS_GRAM_PRIVATE_H

#include "core/stats/gram.h"

/* The private workspace, cut into its parts. All parts start at 64 bytes. */
typedef struct qn_gram_work {
    int stride;
    double *centre;             /* stride */
    double *low, *high;         /* stride: extremes of this batch */
    double *moved;              /* 2 * stride: first moments about the origin, high and low */
    double *tail;               /* QN_GRAM_ROWS rows of 16: last features, label, ones, zeros */
    double *dense;              /* QN_GRAM_ROWS * stride: rows gathered or densified */
    double *packed, *weighted;  /* QN_GRAM_ROWS * stride */
    double *product;            /* stride^2: of a chunk */
    double *total, *total_rest; /* stride^2: of the batch, as pairs; upper triangle */
} qn_gram_work;

/* A batch as the gram sees it. */
typedef struct qn_gram_input {
    const qn_column *features;
    const double *label;
    const double *weights; /* NULL: all 1 */
} qn_gram_input;

/* True if the rows are so sparse that products of their nonzeros alone are cheaper. */
bool qn_gram_is_sparse(const qn_gram_input *in);

/* Local. Fills centre, low, high, total and total_rest for a batch of sparse rows. Slots that most
 * rows hold are centred, the others multiplied about the origin. */
QN_CHECKED qn_status qn_gram_multiply_sparse(const qn_gram *gram, const qn_gram_input *in,
                                             const qn_gram_work *work);

#endif
