/* Profiles of columns: ns a value. Limits: sorting a batch by radix is 6 to 8 passes of about 1 ns;
 * aim 30 ns for quantiles, 10 ns for distinct values, 6 ns for moments. CPU time. */
#include "core/memory.h"
#include "core/random.h"
#include "core/stats/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCHES = 200 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report(const char *what, double start, int64_t result) {
    double values = (double)BATCHES * QN_BATCH_ROWS;
    printf("%-24s %6.1f ns/value   (%lld)\n", what, (now() - start) / values * 1e9,
           (long long)result);
}

static void fill(qn_column *column, int64_t batch) {
    qn_random random = qn_random_new(1, "bench_profile");
    for (int64_t i = 0; i < QN_BATCH_ROWS; i++)
        column->f64[i] = qn_random_uniform(random, (uint64_t)(batch * QN_BATCH_ROWS + i), 0);
}

static qn_status run(qn_column **columns, qn_batch *batch, const qn_schema *schema) {
    qn_quantiles quantiles;
    qn_distinct distinct;
    qn_profile profile;
    QN_TRY(qn_quantiles_init(&quantiles, 0.001));
    QN_TRY(qn_distinct_init(&distinct));
    QN_TRY(qn_profile_init(&profile, schema));
    double start = now();
    for (int64_t b = 0; b < BATCHES; b++)
        QN_TRY(qn_quantiles_add(&quantiles, b, columns[b]->f64, QN_BATCH_ROWS));
    QN_TRY(qn_quantiles_finish(&quantiles));
    report("qn_quantiles, .001", start, qn_quantiles_bound(&quantiles));
    start = now();
    for (int64_t b = 0; b < BATCHES; b++)
        QN_TRY(qn_distinct_add(&distinct, columns[b]));
    report("qn_distinct", start, qn_distinct_result(&distinct));
    start = now();
    for (int64_t b = 0; b < BATCHES; b++) {
        batch->first_row = b * QN_BATCH_ROWS;
        batch->columns[0] = columns[b];
        QN_TRY(qn_profile_add(&profile, batch));
    }
    report("qn_profile", start, profile.rows);
    qn_quantiles_clear(&quantiles);
    qn_distinct_clear(&distinct);
    qn_profile_clear(&profile);
    return QN_OK;
}

int main(void) {
    static qn_column *columns[BATCHES];
    qn_column *one[1];
    qn_batch batch = {.length = QN_BATCH_ROWS, .count = 1, .columns = one};
    qn_schema schema;
    qn_schema_init(&schema);
    qn_status status = qn_schema_add(&schema, "x", QN_FLOAT64);
    for (int64_t b = 0; b < BATCHES && status == QN_OK; b++) {
        status = qn_column_new(&columns[b], QN_FLOAT64, QN_BATCH_ROWS, 0);
        if (status == QN_OK)
            fill(columns[b], b);
    }
    if (status == QN_OK)
        status = run(columns, &batch, &schema);
    for (int64_t b = 0; b < BATCHES; b++)
        qn_column_release(columns[b]);
    qn_schema_clear(&schema);
    return status == QN_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
