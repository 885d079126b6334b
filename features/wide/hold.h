/* Batches that an operator keeps: in memory as long as there is room, then in scratch space. */
#ifndef QUERN_FEATURES_WIDE_HOLD_H
#define QUERN_FEATURES_WIDE_HOLD_H

#include "features/wide/wide.h"
#include "mpi/file/scratch.h"

/* Lanes come back one after the other, each in the order in which it was filled. */
typedef struct qn_hold {
    const qn_execution *execution; /* borrowed */
    qn_schema schema;
    int64_t budget, bytes; /* in memory */
    int32_t lanes;
    qn_table *tables;    /* by lane: what came first */
    qn_scratch *scratch; /* NULL until memory is full; what came later */
    int64_t rows;
    /* Reading: */
    int32_t lane;
    int64_t next; /* batch of the lane's table; then the lane's stream is read */
    qn_stream *stream;
    qn_batch batch;
    int64_t used;     /* rows of the batch that were handed out */
    int64_t position; /* row that comes next */
} qn_hold;

/* Local. Cleared with qn_hold_clear, also after failure. */
QN_CHECKED qn_status qn_hold_init(qn_hold *out, const qn_execution *execution,
                                  const qn_schema *schema, int32_t lanes, int64_t budget);
void qn_hold_clear(qn_hold *hold);

/* Local. Takes over the batch, also on failure. Batches without rows are dropped. */
QN_CHECKED qn_status qn_hold_add(qn_hold *hold, int32_t lane, qn_batch *batch);

/* Local (see qn_stream_next). All batches of a stream. */
QN_CHECKED qn_status qn_hold_read(qn_hold *hold, int32_t lane, qn_stream *in);

/* Local. From the first batch again; and the next batch, as it was added (count == 0: the end). */
QN_CHECKED qn_status qn_hold_rewind(qn_hold *hold);
QN_CHECKED qn_status qn_hold_next(qn_hold *hold, qn_batch *out);

/* Local. Rows [first, first + count) of all lanes as one batch: for a result's produce. Starts from
 * the front if they lie behind what was read. */
QN_CHECKED qn_status qn_hold_rows(qn_hold *hold, int64_t first, int64_t count, qn_batch *out);

/* Local. Adds the rows of `hold` whose bit is 1 in `keep` to the first lane of `out`. */
QN_CHECKED qn_status qn_hold_keep(qn_hold *out, qn_hold *hold, const uint64_t *keep);

#endif
