/* The Gram matrix of a dense table in memory, ours against cblas_dsyrk on the same rows, one
 * thread. Limits on a two-core Zen 5: peak 129 GF/s; dsyrk 12.6 / 21 / 33 / 39 / 57 / 79 GF/s for
 * 10 / 20 / 50 / 100 / 200 / 500 columns. Ours also centres, looks for extremes, has the label's
 * products and adds up exactly; its GF/s count the features' triangle alone. Unset
 * OPENBLAS_CORETYPE when measuring. */
#include "core/memory.h"
#include "core/stats/gram.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 16384, REPEATS = 5 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* not shared with others */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double *make(int64_t count) {
    double *values = NULL;
    if (qn_mem_alloc(&values, (size_t)count, sizeof *values) != QN_OK)
        exit(EXIT_FAILURE);
    for (int64_t i = 0; i < count; i++)
        values[i] = (double)rand() / RAND_MAX;
    return values;
}

static double time_ours(double *values, const double *label, int64_t rows, int width) {
    qn_gram gram;
    double start = now();
    if (qn_gram_init(&gram, width) != QN_OK)
        exit(EXIT_FAILURE);
    for (int64_t first = 0; first < rows; first += BATCH) {
        qn_column batch = {.type = QN_VECTOR, .width = width, .references = 1};
        batch.length = rows - first < BATCH ? rows - first : BATCH;
        batch.f64 = values + first * width;
        if (qn_gram_add(&gram, &batch, label + first, NULL) != QN_OK)
            exit(EXIT_FAILURE);
    }
    double seconds = now() - start;
    qn_gram_clear(&gram);
    return seconds;
}

static double time_dsyrk(const double *values, int64_t rows, int width, double *out) {
    double start = now();
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, width, (int)rows, 1, values, width, 0, out,
                width);
    return now() - start;
}

int main(void) {
    static const int widths[] = {10, 20, 50, 100, 200, 500};
    openblas_set_num_threads(1);
    printf("OpenBLAS core: %s%s\n", openblas_get_corename(),
           getenv("OPENBLAS_CORETYPE") ? " (OPENBLAS_CORETYPE is set: not comparable)" : "");
    printf("%6s %9s %12s %12s %7s\n", "width", "rows", "ours GF/s", "dsyrk GF/s", "ratio");
    for (size_t k = 0; k < sizeof widths / sizeof *widths; k++) {
        int width = widths[k];
        int64_t rows = width <= 50 ? 400000 : 10000000 / width;
        double *values = make(rows * width), *label = make(rows);
        double *out = make((int64_t)width * width), ours = 1e9, theirs = 1e9;
        for (int i = 0; i < REPEATS; i++) {
            double a = time_ours(values, label, rows, width);
            double b = time_dsyrk(values, rows, width, out);
            ours = a < ours ? a : ours;
            theirs = b < theirs ? b : theirs;
        }
        double work = (double)rows * width * (width + 1) * 1e-9;
        printf("%6d %9lld %12.1f %12.1f %6.2fx\n", width, (long long)rows, work / ours,
               work / theirs, theirs / ours);
        qn_mem_free(values);
        qn_mem_free(label);
        qn_mem_free(out);
    }
    return EXIT_SUCCESS;
}
