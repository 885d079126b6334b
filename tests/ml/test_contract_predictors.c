/* The contract of the estimators. Ranks: 1 2 3 4 7 */
#include "tests/features/stage/contract.h"
#include "tests/ml/examples.h"

int main(void) {
    return contract_main("contract_predictors", predictor_examples);
}
