/* One or more examples a categorical stage: options that work on the contract's frame, and the
 * option that can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_CATEGORICAL_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_CATEGORICAL_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example categorical_examples[] = {
    {"one_hot_encoder input_cols=k output_cols=a", "input_cols=word"},
    {"one_hot_encoder input_col=k output_col=a drop_last=false handle_invalid=keep", "input_col=v"},
    {"string_indexer input_cols=word,n output_cols=a,b handle_invalid=keep", "input_cols=v,n"},
    {"string_indexer input_col=x output_col=a handle_invalid=skip", "input_col=s"},
    {NULL, NULL},
};

#endif
