/* The contract of the vector stages. Ranks: 1 2 3 4 7 */
#include "tests/features/stage/contract.h"
#include "tests/features/stage/vector/examples.h"

int main(void) {
    return contract_main("contract_vector", vector_examples);
}
