/* One or more examples a text stage: options that work on the contract's frame, and the option that
 * can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_TEXT_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_TEXT_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example text_examples[] = {
    {"tokenizer input_col=text output_col=a", "input_col=x"},
    {"tokenizer input_cols=text,word output_cols=a,b", "input_cols=text,tokens"},
    {NULL, NULL},
};

#endif
