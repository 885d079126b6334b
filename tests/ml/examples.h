/* One or more examples an estimator: options that work on the contract's frame, and the option that
 * can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_ML_EXAMPLES_H
#define QUERN_TESTS_ML_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example predictor_examples[] = {
    {"linear_regression features_col=v weight_col=weight", "features_col=n"},
    {"linear_regression features_col=v label_col=n reg_param=0.3", "label_col=word"},
    {NULL, NULL},
};

#endif
