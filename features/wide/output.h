/* Inside features/wide: finished rows of an operator on this rank, in memory or, past a budget, in
 * scratch space. */
#ifndef QUERN_FEATURES_WIDE_OUTPUT_H
#define QUERN_FEATURES_WIDE_OUTPUT_H

#include "features/wide/wide.h"
#include "mpi/file/scratch.h"

typedef struct qn_output {
    const qn_execution *execution;
    int64_t budget;
    int64_t rows, bytes;
    qn_table table;  /* while in memory */
    int64_t *starts; /* of its batches, and one more */
    int64_t start_capacity;
    int64_t last; /* batch that the last row came from */
    qn_scratch *scratch;
    qn_stream *reader;                  /* of scratch */
    qn_batch current;                   /* last read */
    int64_t current_first, current_end; /* its rows */
} qn_output;

/* Local. `execution` is borrowed. */
QN_CHECKED qn_status qn_output_init(qn_output *output, const qn_schema *schema,
                                    const qn_execution *execution, int64_t budget);
void qn_output_clear(qn_output *output);

/* Local. Takes over the batch, also on failure. */
QN_CHECKED qn_status qn_output_add(qn_output *output, qn_batch *batch);

/* Local. Rows [first, first + count), appended to `out`'s columns as qn_result_class asks; cheap in
 * ascending order. */
QN_CHECKED qn_status qn_output_take(qn_output *output, int64_t first, int64_t count, qn_batch *out);

#endif
