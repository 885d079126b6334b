/* The classes of this folder, for the registry and for C callers that want one without a search. */
#ifndef QUERN_FEATURES_STAGE_STAGES_H
#define QUERN_FEATURES_STAGE_STAGES_H

#include "mpi/stage.h"

extern const qn_stage_class qn_imputer_class;
extern const qn_stage_class qn_one_hot_encoder_class;
extern const qn_stage_class qn_sql_transformer_class;
extern const qn_stage_class qn_standard_scaler_class;
extern const qn_stage_class qn_string_indexer_class;
extern const qn_stage_class qn_vector_assembler_class;

#endif
