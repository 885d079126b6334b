/* One or more examples a numeric stage: options that work on the contract's frame, and the option
 * that can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_NUMERIC_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_NUMERIC_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example numeric_examples[] = {
    {"imputer input_cols=x,n output_cols=a,b", "input_cols=word,n"},
    {"imputer input_col=n output_col=a strategy=mode", "input_col=v"},
    {"imputer input_col=x output_col=a strategy=median", "input_col=v"},
    {"imputer input_col=x output_col=a strategy=median relative_error=0.2", "input_col=v"},
    {"standard_scaler input_col=v output_col=a", "input_col=x"},
    {"standard_scaler input_col=s output_col=a", "input_col=word"},
    {"standard_scaler input_col=s output_col=a with_mean=true", "input_col=word"},
    {NULL, NULL},
};

#endif
