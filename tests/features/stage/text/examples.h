/* One or more examples a text stage: options that work on the contract's frame, and the option that
 * can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_TEXT_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_TEXT_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example text_examples[] = {
    {"count_vectorizer input_col=tokens output_col=a", "input_col=word"},
    {"count_vectorizer input_col=tokens output_col=a vocab_size=3 min_df=0.1 max_df=1500 "
     "min_tf=0.4",
     "input_col=v"},
    {"count_vectorizer input_col=tokens output_col=a binary=true", "input_col=text"},
    {"hashing_tf input_col=tokens output_col=a num_features=50", "input_col=word"},
    {"hashing_tf input_col=tokens output_col=a num_features=64 binary=true", "input_col=s"},
    {"idf input_col=s output_col=a", "input_col=tokens"},
    {"idf input_col=v output_col=a min_doc_freq=900", "input_col=x"},
    {"tokenizer input_col=text output_col=a", "input_col=x"},
    {"tokenizer input_cols=text,word output_cols=a,b", "input_cols=text,tokens"},
    {NULL, NULL},
};

#endif
