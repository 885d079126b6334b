/* Scratch space: where wide operators put what does not fit in memory. One file a rank and
 * operator, removed from its folder as soon as it is open, so that nothing stays behind whatever
 * happens. Batches are added to lanes (partitions, runs) and read back lane by lane. */
#ifndef QUERN_MPI_SCRATCH_H
#define QUERN_MPI_SCRATCH_H

#include "core/stream.h"

typedef struct qn_scratch qn_scratch;

/* Local. `folder` NULL: $TMPDIR, else /tmp. IO error naming the folder if it cannot be written. */
QN_CHECKED qn_status qn_scratch_new(qn_scratch **out, const char *folder, const qn_schema *schema,
                                    int32_t lanes);
void qn_scratch_free(qn_scratch *scratch); /* NULL is fine */

/* Local. One more lane, the last one. */
QN_CHECKED qn_status qn_scratch_add_lane(qn_scratch *scratch);

/* Local. Appends a batch to a lane; takes over its content, also on failure. Small batches are
 * gathered until they make a block of some 16,384 rows or 1 MiB. IO error for a full disk: names
 * the folder, what was written so far, and --scratch. */
QN_CHECKED qn_status qn_scratch_add(qn_scratch *scratch, int32_t lane, qn_batch *batch);
QN_CHECKED qn_status qn_scratch_flush(qn_scratch *scratch); /* before reading */

int64_t qn_scratch_rows(const qn_scratch *scratch, int32_t lane);
int64_t qn_scratch_bytes(const qn_scratch *scratch); /* written, all lanes */

/* Dictionaries that batches share stay in memory, so that they are shared again when read. */

/* Local. The batches of a lane in the order in which they were added; any number of streams and
 * passes, as long as the scratch lives. */
QN_CHECKED qn_status qn_scratch_open(qn_stream **out, qn_scratch *scratch, int32_t lane);

#endif
