/* How often each category of a stage's columns occurs, for stages that are fitted on that. */
#ifndef QUERN_FEATURES_STAGE_CATEGORICAL_COUNTS_H
#define QUERN_FEATURES_STAGE_CATEGORICAL_COUNTS_H

#include "core/stats/frequency.h"
#include "mpi/stage.h"

typedef struct qn_category_counts {
    int64_t count; /* columns; 0 before the first add */
    qn_frequency *columns;
} qn_category_counts;

/* Local. Counts the values of the stage's input columns, as text (see as_text.h). */
QN_CHECKED qn_status qn_category_counts_add(qn_category_counts *counts, const qn_stage *stage,
                                            const qn_schema *schema, const qn_batch *batch);

/* Collective. Counts of all ranks, in order of the texts' bytes. */
QN_CHECKED qn_status qn_category_counts_reduce(qn_category_counts *counts, qn_comm *comm);

void qn_category_counts_clear(qn_category_counts *counts);

#endif
