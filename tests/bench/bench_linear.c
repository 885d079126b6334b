/* linear_regression on 1e6 x 50 from a table in memory, against the bare cblas_dsyrk of the same
 * rows, one thread: products and solution are the fit; the summary (residuals' metrics and
 * quantiles) is a second pass over the data. Processor time, so that other load counts little.
 * Aim: the fit takes no longer than dsyrk. Unset OPENBLAS_CORETYPE when measuring. */
#include "core/memory.h"
#include "core/stream.h"
#include "ml/estimators.h"
#include "ml/linear_fit.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 1000000, WIDTH = 50, REPEATS = 3 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(qn_status status) {
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s\n", qn_last_error().message);
    exit(EXIT_FAILURE);
}

static void make_table(qn_table *table) {
    qn_field features = {.name = (char *)"features", .type = QN_VECTOR, .width = WIDTH};
    qn_table_init(table);
    check(qn_schema_add_field(&table->schema, &features));
    check(qn_schema_add(&table->schema, "label", QN_FLOAT64));
    for (int64_t first = 0; first < ROWS; first += QN_BATCH_ROWS) {
        int64_t count = ROWS - first < QN_BATCH_ROWS ? ROWS - first : QN_BATCH_ROWS;
        qn_column *x = NULL, *y = NULL;
        qn_batch batch = {.length = count, .first_row = first};
        check(qn_column_new(&x, QN_VECTOR, count, WIDTH));
        check(qn_column_new(&y, QN_FLOAT64, count, 0));
        for (int64_t i = 0; i < count * WIDTH; i++)
            x->f64[i] = (double)rand() / RAND_MAX;
        for (int64_t i = 0; i < count; i++)
            y->f64[i] = 3 * x->f64[i * WIDTH] - x->f64[i * WIDTH + 7] + (double)rand() / RAND_MAX;
        check(qn_batch_append(&batch, x));
        check(qn_batch_append(&batch, y));
        check(qn_table_add(table, &batch));
    }
}

static double time_products(const qn_table *table) {
    double start = now();
    qn_gram gram;
    qn_linear_fit fit;
    check(qn_gram_init(&gram, WIDTH));
    for (int64_t i = 0; i < table->batch_count; i++) {
        qn_column **columns = table->batches[i].columns;
        check(qn_gram_add(&gram, columns[0], columns[1]->f64, NULL));
    }
    check(qn_linear_fit_solve(&fit, &gram, (qn_linear_options){true, true, 0}));
    qn_linear_fit_clear(&fit);
    qn_gram_clear(&gram);
    return now() - start;
}

static double time_stage(const qn_table *table, qn_comm *comm) {
    qn_stage *stage = NULL;
    qn_stream *stream = NULL;
    check(qn_stage_new(&stage, &qn_linear_regression_class));
    check(qn_table_stream(&stream, table));
    double start = now();
    check(qn_stage_fit(stage, stream, comm));
    double seconds = now() - start;
    qn_stream_free(stream);
    qn_stage_free(stage);
    return seconds;
}

static double time_dsyrk(const qn_table *table, double *out) {
    double start = now();
    for (int64_t i = 0; i < table->batch_count; i++)
        cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, WIDTH, (int)table->batches[i].length, 1,
                    table->batches[i].columns[0]->f64, WIDTH, 1, out, WIDTH);
    return now() - start;
}

static double least(double a, double b) {
    return a < b ? a : b;
}

int main(void) {
    static double out[WIDTH * WIDTH];
    qn_table table;
    qn_comm *comm = NULL;
    double products = 1e9, stage = 1e9, dsyrk = 1e9;
    openblas_set_num_threads(1);
    check(qn_comm_self(&comm));
    make_table(&table);
    for (int i = 0; i < REPEATS; i++) {
        products = least(products, time_products(&table));
        dsyrk = least(dsyrk, time_dsyrk(&table, out));
        stage = least(stage, time_stage(&table, comm));
    }
    printf("OpenBLAS core: %s\n", openblas_get_corename());
    printf("dsyrk                    %7.1f ms\n", dsyrk * 1e3);
    printf("fit: products, solution  %7.1f ms  (%.2fx dsyrk)\n", products * 1e3, products / dsyrk);
    printf("stage: fit and summary   %7.1f ms  (%.2fx dsyrk)\n", stage * 1e3, stage / dsyrk);
    qn_table_clear(&table);
    qn_comm_free(comm);
    return EXIT_SUCCESS;
}
