/* The classes of this folder, for the registry and for C callers that want one without a search. */
#ifndef QUERN_FEATURES_STAGE_STAGES_H
#define QUERN_FEATURES_STAGE_STAGES_H

#include "features/plan/plan.h"
#include "mpi/stage.h"

extern const qn_stage_class qn_imputer_class;
extern const qn_stage_class qn_one_hot_encoder_class;
extern const qn_stage_class qn_sql_transformer_class;
extern const qn_stage_class qn_standard_scaler_class;
extern const qn_stage_class qn_string_indexer_class;
extern const qn_stage_class qn_vector_assembler_class;

/* What a sql_transformer with missing_columns = drop does without on the input that it was last
 * bound to; borrowed. */
const qn_plan_gaps *qn_sql_transformer_gaps(const qn_stage *stage);

#endif
