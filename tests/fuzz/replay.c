/* Runs a fuzz target over inputs: each line of the files given is one. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

enum { LINE = 65536 };

int main(int argc, char **argv) {
    static char line[LINE];
    long inputs = 0;
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");
        if (file == NULL) {
            fprintf(stderr, "cannot open '%s'\n", argv[i]);
            return 1;
        }
        while (fgets(line, sizeof line, file) != NULL) {
            (void)LLVMFuzzerTestOneInput((const uint8_t *)line, strcspn(line, "\n"));
            inputs++;
        }
        fclose(file);
    }
    printf("%ld inputs\n", inputs);
    return 0;
}
