/* One or more examples a categorical stage: options that work on the contract's frame, and the
 * option that can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_CATEGORICAL_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_CATEGORICAL_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example categorical_examples[] = {
    {"feature_hasher input_cols=x,word,flag,n output_col=a", "input_cols=tokens"},
    {"feature_hasher input_cols=n,k,x output_col=a categorical_cols=k,x num_features=5",
     "input_cols=v,k,x"},
    {"frequency_encoder input_cols=word,day output_cols=a,b", "input_cols=v,n"},
    {"frequency_encoder input_col=x output_col=a encoding=share handle_invalid=keep",
     "input_col=tokens"},
    {"index_to_string input_col=cat output_col=a", "input_col=word"},
    {"index_to_string input_col=k output_col=a labels=a,b,c,d,e", "input_col=v"},
    {"one_hot_encoder input_cols=k output_cols=a", "input_cols=word"},
    {"one_hot_encoder input_col=k output_col=a drop_last=false handle_invalid=keep", "input_col=v"},
    {"string_indexer input_cols=word,n output_cols=a,b handle_invalid=keep", "input_cols=v,n"},
    {"string_indexer input_col=x output_col=a handle_invalid=skip", "input_col=s"},
    {"target_encoder input_cols=k,cat output_cols=a,b target_type=continuous smoothing=2.5",
     "label_col=word"},
    {"target_encoder input_col=n output_col=a label_col=flag handle_invalid=keep",
     "input_col=word"},
    {"vector_indexer input_col=s output_col=a max_categories=8", "input_col=word"},
    {"vector_indexer input_col=v output_col=a handle_invalid=keep", "input_col=x"},
    {NULL, NULL},
};

#endif
