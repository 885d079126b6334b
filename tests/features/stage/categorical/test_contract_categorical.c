/* The contract of the categorical stages. Ranks: 1 2 3 4 7 */
#include "tests/features/stage/categorical/examples.h"
#include "tests/features/stage/contract.h"

int main(void) {
    return contract_main("contract_categorical", categorical_examples);
}
