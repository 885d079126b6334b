#include "features/stage/registry.h"

#include "features/pipeline.h"
#include "features/stage/stages.h"

const qn_stage_class *const qn_feature_stages[] = {
    &qn_imputer_class,          &qn_one_hot_encoder_class,
    &qn_pipeline_class,         &qn_sql_transformer_class,
    &qn_standard_scaler_class,  &qn_string_indexer_class,
    &qn_vector_assembler_class, NULL,
};
