/* A stream of batches: the way data flows between operators, stages and fits. */
#ifndef QUERN_CORE_STREAM_H
#define QUERN_CORE_STREAM_H

#include "core/column/batch.h"

typedef struct qn_stream qn_stream;

typedef struct qn_stream_class {
    const char *name;
    /* Gives the next batch of this rank (out is empty before the call and the caller's after);
     * out->count == 0 at the end. Batches come in ascending first_row; a batch may have no rows. */
    qn_status (*next)(qn_stream *stream, qn_batch *out);
    /* Starts again from the first batch. Streams can be read any number of times. */
    qn_status (*rewind)(qn_stream *stream);
    void (*free)(qn_stream *stream); /* frees the stream's own parts and its inputs, not itself */
} qn_stream_class;

/* An implementation's struct begins with this one. A stream over an input owns it. */
struct qn_stream {
    const qn_stream_class *class_;
    qn_schema schema;
    int32_t holders; /* beside the owner */
};

/* Local for scans and narrow operators, collective for wide ones: treat it as collective, all
 * ranks pull until the end, and agree (qn_comm_agree) before the next collective call. After an
 * error the stream may only be freed. */
QN_CHECKED qn_status qn_stream_next(qn_stream *stream, qn_batch *out);
QN_CHECKED qn_status qn_stream_rewind(qn_stream *stream);
void qn_stream_free(qn_stream *stream); /* NULL is fine; clears the schema, frees the struct */

/* Local. Another holder, who frees it, too: the stream lives until the last one has. Operators free
 * their inputs as soon as these are read, so whoever asks a scan something afterwards holds it. */
void qn_stream_hold(qn_stream *stream);

/* Local. Allocates an implementation's struct, cleared, with its class and a copy of `schema`
 * (NULL: empty). */
QN_CHECKED qn_status qn_stream_new(void *out, size_t size, const qn_stream_class *class_,
                                   const qn_schema *schema);

/* Local. A stream over batches in memory (shared, not copied). Used by tables and tests. */
QN_CHECKED qn_status qn_stream_of_batches(qn_stream **out, const qn_schema *schema,
                                          const qn_batch *batches, int64_t count);

/* Local. A second handle on a stream that somebody else frees: rewind and next go to `stream`, so
 * only one of the handles may be read at a time, from a rewind to the end. */
QN_CHECKED qn_status qn_stream_borrow(qn_stream **out, qn_stream *stream);

/* A table in memory: this rank's contiguous range of the canonical order, as batches. */
typedef struct qn_table {
    qn_schema schema;
    int64_t row_count; /* of this rank */
    int64_t batch_count, batch_capacity;
    qn_batch *batches;
} qn_table;

void qn_table_init(qn_table *table);
void qn_table_clear(qn_table *table);
/* Local (see qn_stream_next). Pulls everything into memory. */
QN_CHECKED qn_status qn_table_collect(qn_table *out, qn_stream *stream);
/* Local. Takes over the batch's content, also on failure. */
QN_CHECKED qn_status qn_table_add(qn_table *table, qn_batch *batch);
QN_CHECKED qn_status qn_table_stream(qn_stream **out, const qn_table *table);

#endif
