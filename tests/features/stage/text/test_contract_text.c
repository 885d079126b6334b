/* The contract of the text stages. Ranks: 1 2 3 4 7 */
#include "tests/features/stage/contract.h"
#include "tests/features/stage/text/examples.h"

int main(void) {
    return contract_main("contract_text", text_examples);
}
