/* Quantiles of the columns that a stage reads, for one-pass fits. */
#ifndef QUERN_FEATURES_STAGE_NUMERIC_COLUMN_QUANTILES_H
#define QUERN_FEATURES_STAGE_NUMERIC_COLUMN_QUANTILES_H

#include "core/stats/quantile.h"
#include "mpi/stage.h"

#define QN_QUANTILES_RELATIVE_ERROR                                                                \
    {                                                                                              \
        "relative_error", QN_OPTION_REAL, "0.001", "[0,1]",                                        \
            "error of a quantile's rank, as a share of the rows; 0 is exact and keeps all values"  \
    }

/* All zero: nothing begun. */
typedef struct qn_column_quantiles {
    int64_t count;
    qn_quantiles *of;
} qn_column_quantiles;

/* Local. A stage's `add`: nulls and NaN do not count. Begins with the option relative_error. */
QN_CHECKED qn_status qn_column_quantiles_add(qn_column_quantiles *self, const qn_stage *stage,
                                             const qn_schema *schema, const qn_batch *batch);

/* Collective. Over all ranks; then qn_quantiles_value may be asked. DATA error naming a column
 * without any value. */
QN_CHECKED qn_status qn_column_quantiles_finish(qn_column_quantiles *self, const qn_stage *stage,
                                                qn_comm *comm);

void qn_column_quantiles_clear(qn_column_quantiles *self);

#endif
