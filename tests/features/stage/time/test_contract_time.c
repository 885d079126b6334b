/* The contract of the time stages. Ranks: 1 2 3 4 7 */
#include "tests/features/stage/contract.h"
#include "tests/features/stage/time/examples.h"

int main(void) {
    return contract_main("contract_time", time_examples);
}
