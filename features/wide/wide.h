/* Wide operators: what they are given, and how their rows become a stream.
 *
 * A wide operator reads its inputs to the end, exchanges rows, and then knows its result: so many
 * rows on this rank, in canonical order over ranks. This file turns that into a stream whose
 * batches are cut at fixed row numbers: rows are numbered anew from 0, and the few rows between a
 * rank's first row and the next multiple of QN_BATCH_ROWS are handed to the rank before. An
 * operator gives rows on demand, so what it need not hold (a join's output, a sort's payload) is
 * gathered a batch at a time, in cache. */
#ifndef QUERN_FEATURES_WIDE_WIDE_H
#define QUERN_FEATURES_WIDE_WIDE_H

#include "core/expr/session.h"
#include "core/stream.h"
#include "mpi/comm/comm.h"

/* What a run gives its operators. Borrowed until their streams are freed. */
typedef struct qn_execution {
    qn_comm *comm;
    int64_t memory;      /* bytes a rank that one wide operator may hold; past it, it spills */
    int64_t cache;       /* bytes a rank that a fit may keep of rows which are read again */
    const char *scratch; /* folder to spill to; NULL: $TMPDIR, else /tmp */
    const qn_session *session; /* of expressions; NULL: the default one */
} qn_execution;

/* With the default budgets: half of the node's memory over its ranks, and half of that or 256 MiB,
 * whichever is less, to keep. */
qn_execution qn_execution_of(qn_comm *comm);

typedef struct qn_result qn_result;

typedef struct qn_result_class {
    const char *name;
    /* Collective; the same status on all ranks. Rewinds the inputs, reads them to the end, one
     * after the other, agreeing before any collective call; sets self->rows. Called once. */
    qn_status (*build)(qn_result *self, const qn_execution *execution);
    /* Local. Rows [first, first + count) of this rank, count <= QN_BATCH_ROWS: sets out->length and
     * the columns (out is empty before; row numbers are not its business). Asked in ascending order
     * within a pass, but any number of times. */
    qn_status (*produce)(qn_result *self, int64_t first, int64_t count, qn_batch *out);
    void (*free)(qn_result *self); /* its own parts and the inputs, not the struct */
} qn_result_class;

/* An operator's struct begins with this one. */
struct qn_result {
    const qn_result_class *class_;
    qn_schema schema;
    int64_t rows; /* of this rank, once built */
};

/* Local. Allocates an operator's struct, cleared, with its class and a copy of `schema`. */
QN_CHECKED qn_status qn_result_new(void *out, size_t size, const qn_result_class *class_,
                                   const qn_schema *schema);
void qn_result_free(qn_result *result); /* NULL is fine */

/* Local; the first qn_stream_next is collective and builds. Takes over `result`, also on failure.
 * Rewinding costs nothing: the result is kept, the inputs are not read again. */
QN_CHECKED qn_status qn_wide_open(qn_stream **out, qn_result *result,
                                  const qn_execution *execution);

/* Local (see qn_stream_next). Reads on from where `in` stands and adds its batches to `out`, short
 * neighbours merged (row numbers kept in row_ids), until the end, or until about `budget` bytes
 * were added: *full is then set, and the rest is still to be read. Sets the schema of an empty
 * `out`. */
QN_CHECKED qn_status qn_wide_collect(qn_table *out, qn_stream *in, int64_t budget, bool *full);

#endif
