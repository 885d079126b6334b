/* The contract of the numeric stages. Ranks: 1 2 3 4 7 */
#include "tests/features/stage/contract.h"
#include "tests/features/stage/numeric/examples.h"

int main(void) {
    return contract_main("contract_numeric", numeric_examples);
}
