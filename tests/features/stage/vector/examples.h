/* One or more examples a vector stage: options that work on the contract's frame, and the option
 * that can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_VECTOR_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_VECTOR_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example vector_examples[] = {
    {"pca input_col=v output_col=a k=2", "input_col=word"},
    {"pca input_col=s output_col=a k=12", "input_col=n"},
    {"univariate_feature_selector input_col=v output_col=a feature_type=continuous "
     "label_type=categorical label_col=n selection_threshold=2",
     "input_col=word"},
    {"univariate_feature_selector input_col=s output_col=a feature_type=continuous "
     "label_type=continuous selection_threshold=3",
     "label_col=word"},
    {"univariate_feature_selector input_col=s output_col=a feature_type=categorical "
     "label_type=categorical label_col=k selection_threshold=4",
     "label_col=v"},
    {"univariate_feature_selector input_col=v output_col=a feature_type=continuous "
     "label_type=categorical label_col=cat selection_mode=fdr selection_threshold=1",
     "label_col=tokens"},
    {"variance_threshold_selector input_col=v output_col=a variance_threshold=10",
     "input_col=word"},
    {"variance_threshold_selector input_col=s output_col=a variance_threshold=0.04", "input_col=n"},
    {"vector_assembler input_cols=cat,v output_col=a", "input_cols=word"},
    {"vector_assembler input_cols=n,v,k output_col=a", "input_cols=word"},
    {"vector_assembler input_cols=x,s,v output_col=a handle_invalid=skip", "input_cols=word"},
    {"vector_assembler input_cols=x,s,v output_col=a handle_invalid=keep", "input_cols=word"},
    {"elementwise_product input_col=v output_col=a scaling_vec=0,-2,1e3", "input_col=x"},
    {"elementwise_product input_col=s output_col=a scaling_vec=1,2,3,4,5,6,7,8,9,10,11,12",
     "input_col=word"},
    {"vector_slicer input_col=v output_col=a indices=2,0", "input_col=x"},
    {"vector_slicer input_col=s output_col=a indices=11,3,7,0", "input_col=word"},
    {"vector_size_hint input_col=v size=3", "input_col=x"},
    {"vector_size_hint input_col=s size=12 handle_invalid=skip", "input_col=word"},
    {NULL, NULL},
};

#endif
