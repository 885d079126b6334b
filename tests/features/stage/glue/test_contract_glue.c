/* The contract of the glue stages. Ranks: 1 2 3 4 7 */
#include "tests/features/stage/contract.h"
#include "tests/features/stage/glue/examples.h"

int main(void) {
    return contract_main("contract_glue", glue_examples);
}
