/* Exact sums against a plain loop. Limits (docs: two-core Zen 5): plain sum 40 GB/s from memory;
 * aim 1 ns a value. */
#include "core/memory.h"
#include "core/stats/sum.h"
#include "core/stats/sums.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { COUNT = 4000000, ROWS = 80000, WIDTH = 50 };

static void report(const char *what, double start, double result) {
    double seconds = now() - start;
    printf("%-28s %6.2f ns/value %7.2f GB/s   (%.17g)\n", what, seconds / COUNT * 1e9,
           8.0 * COUNT / seconds * 1e-9, result);
}

int main(void) {
    double *values = NULL;
    if (qn_mem_alloc(&values, COUNT, sizeof *values) != QN_OK)
        return EXIT_FAILURE;
    for (int i = 0; i < COUNT; i++)
        values[i] = (double)rand() / 1e6 - 1000;
    double start = now(), plain = 0;
    for (int i = 0; i < COUNT; i++)
        plain += values[i];
    report("plain loop", start, plain);
    qn_sum sum;
    qn_sum_init(&sum);
    start = now();
    for (int i = 0; i < COUNT; i++)
        qn_sum_add(&sum, values[i]);
    report("qn_sum_add", start, qn_sum_result(&sum));
    qn_sum_init(&sum);
    start = now();
    qn_sum_add_array(&sum, values, COUNT);
    report("qn_sum_add_array", start, qn_sum_result(&sum));
    qn_sum_init(&sum);
    start = now();
    qn_sum_add_squares(&sum, values, COUNT);
    report("qn_sum_add_squares", start, qn_sum_result(&sum));
    qn_sums sums, squares;
    if (qn_sums_init(&sums, WIDTH) != QN_OK || qn_sums_init(&squares, WIDTH) != QN_OK)
        return EXIT_FAILURE;
    start = now();
    if (qn_sums_add_rows(&sums, 0, values, ROWS, WIDTH, WIDTH) != QN_OK)
        return EXIT_FAILURE;
    report("qn_sums_add_rows, 50", start, qn_sums_result(&sums, 0));
    start = now();
    if (qn_sums_add_squares(&squares, 0, values, ROWS, WIDTH, WIDTH) != QN_OK)
        return EXIT_FAILURE;
    report("qn_sums_add_squares, 50", start, qn_sums_result(&squares, 0));
    start = now();
    for (int i = 0; i < COUNT; i++)
        if (qn_sums_add(&sums, i % WIDTH, values[i]) != QN_OK)
            return EXIT_FAILURE;
    report("qn_sums_add, 50", start, qn_sums_result(&sums, 0));
    qn_sums_clear(&sums);
    qn_sums_clear(&squares);
    qn_mem_free(values);
    return EXIT_SUCCESS;
}
