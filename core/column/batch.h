/* A batch: up to QN_BATCH_ROWS rows, one column a field of the stream's schema.
 *
 * Batches are cut at fixed row numbers of the source (multiples of QN_BATCH_ROWS), never at rank
 * borders, and pass narrow operators unsplit and unmerged: a filter makes a batch shorter and
 * gives it `row_ids`. So whatever is computed a batch at a time in floating point is computed on
 * the same rows on any number of ranks. */
#ifndef QUERN_CORE_COLUMN_BATCH_H
#define QUERN_CORE_COLUMN_BATCH_H

#include "core/column/column.h"

enum { QN_BATCH_ROWS = 16384 };

typedef struct qn_batch {
    int64_t length;
    int64_t first_row;  /* source row number where this batch was cut: k * QN_BATCH_ROWS */
    qn_column *row_ids; /* int64 source row number of each row; NULL: first_row + i */
    int32_t count;      /* columns; 0 after the end of a stream */
    qn_column **columns;
} qn_batch;

void qn_batch_init(qn_batch *batch);
void qn_batch_clear(qn_batch *batch); /* releases the columns */

/* Local. Room for `count` columns, all NULL; the batch must be empty. */
QN_CHECKED qn_status qn_batch_reserve(qn_batch *batch, int32_t count);

/* Local. A second reference to every column. */
QN_CHECKED qn_status qn_batch_share(qn_batch *out, const qn_batch *source);

/* Local. Adds a column at the end; takes over the reference, also on failure. */
QN_CHECKED qn_status qn_batch_append(qn_batch *batch, qn_column *column);

/* Local. Keeps rows whose bit is 1 in `keep` (bitmap of batch->length bits), adding row_ids. */
QN_CHECKED qn_status qn_batch_filter(qn_batch *out, const qn_batch *source, const uint64_t *keep);

/* Moves content: out is overwritten, source left empty. */
void qn_batch_move(qn_batch *out, qn_batch *source);

static inline int64_t qn_batch_row(const qn_batch *batch, int64_t i) {
    return batch->row_ids ? batch->row_ids->i64[i] : batch->first_row + i;
}

int64_t qn_batch_bytes(const qn_batch *batch);
/* The same without dictionaries, which batches share. */
int64_t qn_batch_own_bytes(const qn_batch *batch);

#endif
