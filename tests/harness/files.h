/* Small files for tests of readers. All functions are collective: rank 0 writes, all wait. */
#ifndef QUERN_TESTS_FILES_H
#define QUERN_TESTS_FILES_H

#include "tests/harness/harness.h"

#include <stdint.h>

typedef enum test_coding { TEST_PLAIN, TEST_GZIP, TEST_ZSTD } test_coding;

/* Writes bytes as one file; compressed ones as `parts` concatenated members or frames. */
void test_write_file(const char *path, const char *data, int64_t length, test_coding coding,
                     int parts);

#endif
