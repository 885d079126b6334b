/* Sets of source rows: a bit a row, in pages that exist only where a row is. Private to
 * features/quality. */
#ifndef QUERN_FEATURES_QUALITY_ROWS_H
#define QUERN_FEATURES_QUALITY_ROWS_H

#include "core/column/batch.h"
#include "mpi/comm/comm.h"

typedef struct qn_row_set {
    int64_t page_count, page_capacity; /* of QN_BATCH_ROWS rows each */
    uint64_t **pages;                  /* NULL: no row of it */
} qn_row_set;

/* All zero is the empty set. */
void qn_row_set_clear(qn_row_set *set);

QN_CHECKED qn_status qn_row_set_add(qn_row_set *set, int64_t row);

/* Local. Adds the batch's rows whose bit is 1. */
QN_CHECKED qn_status qn_row_set_add_batch(qn_row_set *set, const qn_batch *batch,
                                          const uint64_t *bits);

/* Local. Sets the bits (cleared by the caller) of the batch's rows that are in the set. */
void qn_row_set_get_batch(const qn_row_set *set, const qn_batch *batch, uint64_t *bits);

/* The rows that a rank has of a stream: [first, last]; last < first: none. Begins as
 * QN_ROW_RANGE_NONE. */
typedef struct qn_row_range {
    int64_t first, last;
} qn_row_range;
#define QN_ROW_RANGE_NONE ((qn_row_range){INT64_MAX, -1})

void qn_row_range_add(qn_row_range *range, const qn_batch *batch);

/* Collective. Every rank gets what any rank has noted of the rows in its range. Sends each page
 * once to each rank that has rows of it. */
QN_CHECKED qn_status qn_row_set_exchange(qn_row_set *set, qn_comm *comm, qn_row_range range);

#endif
