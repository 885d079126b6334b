/* The contract suite over the examples of one family of stages: a test program a family includes
 * the family's examples.h and calls contract_main. */
#ifndef QUERN_TESTS_FEATURES_STAGE_CONTRACT_H
#define QUERN_TESTS_FEATURES_STAGE_CONTRACT_H

#include "tests/features/stage/stage_contract.h"

static const contract_example *contract_examples;

static inline void contract_for_each(void (*check)(const contract_example *example)) {
    for (const contract_example *example = contract_examples; example->text != NULL; example++)
        check(example);
}

static inline void contract_test_same_bytes(void) {
    contract_for_each(contract_same_bytes);
}

static inline void contract_test_save_load(void) {
    contract_for_each(contract_save_load);
}

static inline void contract_test_refused(void) {
    contract_for_each(contract_refused);
}

static inline void contract_test_empty(void) {
    contract_for_each(contract_empty);
}

static inline void contract_test_memory(void) {
    contract_for_each(contract_memory);
}

static const qn_test_case contract_cases[] = {
    {"model and output have the same bytes as on one rank", contract_test_same_bytes},
    {"a loaded stage describes itself and transforms the same", contract_test_save_load},
    {"unknown options, missing columns, wrong types and taken names are refused",
     contract_test_refused},
    {"no rows at all give an empty output or one error", contract_test_empty},
    {"any allocation may fail, and nothing leaks", contract_test_memory},
    {NULL, NULL},
};

static inline int contract_main(const char *suite, const contract_example *examples) {
    contract_examples = examples;
    return qn_test_main(suite, contract_cases);
}

#endif
