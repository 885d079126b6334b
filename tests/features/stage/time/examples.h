/* One or more examples a time stage: options that work on the contract's frame, and the option that
 * can be set to a column of a wrong type. */
#ifndef QUERN_TESTS_FEATURES_STAGE_TIME_EXAMPLES_H
#define QUERN_TESTS_FEATURES_STAGE_TIME_EXAMPLES_H

#include "tests/features/stage/stage_contract.h"

static const contract_example time_examples[] = {
    {NULL, NULL},
};

#endif
