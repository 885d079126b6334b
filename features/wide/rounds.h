/* Batches between all ranks in rounds of some 64 MB a rank: every rank takes part until all have
 * ended, and what goes wrong on one is agreed on in the same message that says whether anybody has
 * more. */
#ifndef QUERN_FEATURES_WIDE_ROUNDS_H
#define QUERN_FEATURES_WIDE_ROUNDS_H

#include "features/wide/shuffle.h"

/* Batches of a round that wait to be sent. */
typedef struct qn_outbox {
    int size;
    qn_table *sends; /* by destination */
    int64_t *bytes;  /* by destination */
} qn_outbox;

/* Local. Takes over the batch, also on failure. */
QN_CHECKED qn_status qn_outbox_add(qn_outbox *outbox, int to, qn_batch *batch);

/* A round is full when it is long enough in all, or when one destination has so much more than the
 * others that it would be swamped. */
bool qn_outbox_is_full(const qn_outbox *outbox);

/* Fills a round: adds batches for other ranks until the outbox is full, or sets *ended. Local. */
typedef qn_status (*qn_fill)(void *context, qn_outbox *outbox, bool *ended);

typedef struct qn_rounds {
    qn_fill fill;
    void *fill_context;
    qn_sink sink; /* takes what arrives, in order of the source within a round */
    void *sink_context;
} qn_rounds;

/* Collective; the same status on all ranks. `status`: what went wrong here before. On one rank fill
 * is called until it ends. */
QN_CHECKED qn_status qn_rounds_run(qn_comm *comm, const qn_rounds *rounds, qn_status status);

#endif
