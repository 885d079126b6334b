/* Inside features/wide/join*.c only: rows of one side on this rank, before they are spread. */
#ifndef QUERN_FEATURES_JOIN_JOIN_INPUT_H
#define QUERN_FEATURES_JOIN_JOIN_INPUT_H

#include "features/join/join_private.h"
#include "mpi/file/scratch.h"

typedef struct qn_join_input {
    qn_table table;   /* the first rows */
    qn_scratch *rest; /* the others, in lane 0; NULL: there are none */
    qn_stream *reading;
    int64_t rows, bytes;
    const int32_t *keys; /* once hashed: */
    qn_key *key;
    uint16_t *slots; /* of each row of the table */
    uint64_t *hashes;
    qn_column **columns;
    int64_t counts[QN_KEY_PARTITIONS]; /* rows a slot */
} qn_join_input;

void qn_join_input_clear(qn_join_input *input);

/* Local (see qn_stream_next). Rewinds the stream and reads it to its end: into memory up to
 * `budget` bytes, then to scratch. */
QN_CHECKED qn_status qn_join_input_read(qn_join_input *out, qn_stream *in,
                                        const qn_execution *execution, int64_t budget);

/* Local. *out = 1 if some key that null does not match is null. */
QN_CHECKED qn_status qn_join_input_has_nulls(qn_join_input *input, const qn_join_plan *plan,
                                             int64_t *out);

/* Local. All rows into the table. */
QN_CHECKED qn_status qn_join_input_load(qn_join_input *input);

/* Local. Counts the rows of each slot. */
QN_CHECKED qn_status qn_join_input_hash(qn_join_input *input, const qn_join_plan *plan,
                                        const int32_t *keys);

/* Local. The next batch of the input, given up, and the slots of its rows (room for
 * QN_BATCH_ROWS); out->count == 0 at the end. */
typedef struct qn_join_reader {
    qn_join_input *input;
    int64_t batch, row;
} qn_join_reader;
QN_CHECKED qn_status qn_join_reader_next(qn_join_reader *reader, qn_batch *out, uint16_t *slots);

#endif
