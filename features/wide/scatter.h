/* Inside features/wide: rows put in another order, column by column, into one long column each:
 * reading in order and writing to many places costs less than the other way round. */
#ifndef QUERN_FEATURES_WIDE_SCATTER_H
#define QUERN_FEATURES_WIDE_SCATTER_H

#include "core/key/interner.h"
#include "features/wide/wide.h"

typedef struct qn_scatter {
    int32_t count;
    int64_t rows;
    qn_column **columns;
    qn_interner **texts; /* of string columns */
    int32_t *ids;        /* of a batch */
} qn_scatter;

/* True if all columns have types that can be scattered: no lists, vectors or bools. */
bool qn_scatter_takes(const qn_schema *schema);

/* Local. Room for so many rows, below 2^32. Cleared with qn_scatter_clear, also after failure. */
QN_CHECKED qn_status qn_scatter_init(qn_scatter *scatter, const qn_schema *schema, int64_t rows);
void qn_scatter_clear(qn_scatter *scatter);

/* Local. Row i of the batch becomes row places[i]; each place must be filled once. */
QN_CHECKED qn_status qn_scatter_add(qn_scatter *scatter, const qn_batch *batch,
                                    const uint32_t *places);
/* Local. After the last batch: counts nulls, gives strings one dictionary. */
QN_CHECKED qn_status qn_scatter_finish(qn_scatter *scatter);

/* Local. Rows [first, first + count) as columns of `out`, which is empty. */
QN_CHECKED qn_status qn_scatter_rows(const qn_scatter *scatter, int64_t first, int64_t count,
                                     qn_batch *out);

#endif
