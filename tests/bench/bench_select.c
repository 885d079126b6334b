/* PCA, correlations and tests of features on one rank: 10^6 rows x 50 columns in memory.
 *
 * Limits: the products of all columns are 2.5 GF, 0.08 s at the 33 GF/s that OpenBLAS's dsyrk
 * reaches for this width; reading the table once, 0.4 GB at 10 GB/s, takes 0.04 s. Peers on the
 * same machine, one thread, in the same minute: scikit-learn 1.9's PCA(svd_solver =
 * "covariance_eigh") fit 0.11 s (here 0.06), transform 0.06 (0.03); numpy's corrcoef and Polars'
 * corr 0.15 (0.09); pandas' corr with missing values 12.6 (0.30); f_classif 1.2 (0.09);
 * f_regression 0.07 (0.07). Unset OPENBLAS_CORETYPE when measuring. */
#include "core/memory.h"
#include "core/stats/anova.h"
#include "core/stats/contingency.h"
#include "core/stats/correlation.h"
#include "core/stats/cross.h"
#include "core/stream.h"
#include "tests/bench/bench.h"

#include <math.h>

enum { ROWS = 1000000, WIDTH = 50, REPEATS = 3 };

/* Vectors "v", a class "k" and a number "y". */
static void make_table(qn_table *out) {
    uint64_t state = 1;
    qn_table_init(out);
    qn_field fields[] = {{(char *)(uintptr_t) "v", QN_VECTOR, WIDTH, NULL},
                         {(char *)(uintptr_t) "k", QN_FLOAT64, 0, NULL},
                         {(char *)(uintptr_t) "y", QN_FLOAT64, 0, NULL}};
    for (int i = 0; i < 3; i++)
        need(qn_schema_add_field(&out->schema, &fields[i]));
    for (int64_t first = 0; first < ROWS; first += QN_BATCH_ROWS) {
        int64_t rows = ROWS - first < QN_BATCH_ROWS ? ROWS - first : QN_BATCH_ROWS;
        qn_column *columns[3];
        qn_batch batch;
        qn_batch_init(&batch);
        for (int i = 0; i < 3; i++) {
            need(qn_column_new(&columns[i], fields[i].type, rows, fields[i].width));
            need(qn_batch_append(&batch, columns[i]));
        }
        for (int64_t i = 0; i < rows * WIDTH; i++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            columns[0]->f64[i] = 100 + (double)(state >> 40) * 0x1p-24 * (double)(1 + i % WIDTH);
        }
        for (int64_t i = 0; i < rows; i++) {
            columns[1]->f64[i] = (double)((first + i) % 5);
            columns[2]->f64[i] = columns[0]->f64[i * WIDTH] + (double)(i % 7);
        }
        batch.first_row = first;
        batch.length = rows;
        need(qn_table_add(out, &batch));
    }
}

static const qn_registry registries[] = {qn_feature_stages, NULL};

/* Fit and, for the second figure, transform. */
static void time_stage(const char *name, const char *const (*settings)[2], const qn_table *table,
                       double *fit, double *transform) {
    const qn_stage_class *class_;
    qn_comm *comm = NULL;
    need(qn_comm_self(&comm));
    need(qn_stage_find(registries, name, &class_));
    for (int k = 0; k < REPEATS; k++) {
        qn_stage *stage = NULL;
        qn_stream *in = NULL;
        need(qn_stage_new(&stage, class_));
        for (int i = 0; settings[i][0] != NULL; i++)
            need(qn_stage_set(stage, settings[i][0], settings[i][1]));
        need(qn_table_stream(&in, table));
        double start = seconds();
        need(qn_stage_fit(stage, in, comm));
        double middle = seconds();
        for (int64_t b = 0; b < table->batch_count; b++) {
            qn_batch out;
            qn_batch_init(&out);
            need(qn_stage_transform(stage, &table->schema, &table->batches[b], &out));
            qn_batch_clear(&out);
        }
        double end = seconds();
        *fit = fmin(*fit, middle - start);
        *transform = fmin(*transform, end - middle);
        qn_stream_free(in);
        qn_stage_free(stage);
    }
    qn_comm_free(comm);
}

static void show_stage(const char *label, const char *name, const char *const (*settings)[2],
                       const qn_table *table) {
    double fit = 1e9, transform = 1e9;
    time_stage(name, settings, table, &fit, &transform);
    printf("%-34s fit %7.3f s  transform %7.3f s\n", label, fit, transform);
}

/* Columns side by side, of which each `gap`-th value is missing (0: none). */
static void show_correlation(const qn_table *table, int64_t gap) {
    double *values = NULL, best = 1e9;
    const double *columns[WIDTH];
    need(qn_mem_alloc(&values, (size_t)ROWS * WIDTH, sizeof *values));
    for (int64_t b = 0, row = 0; b < table->batch_count; b++)
        for (int64_t i = 0; i < table->batches[b].length; i++, row++)
            for (int64_t j = 0; j < WIDTH; j++)
                values[j * ROWS + row] = gap > 0 && (row + j) % gap == 0
                                             ? (double)NAN
                                             : table->batches[b].columns[0]->f64[i * WIDTH + j];
    for (int k = 0; k < REPEATS; k++) {
        qn_correlation sums;
        need(qn_correlation_init(&sums, WIDTH));
        double start = seconds();
        for (int64_t first = 0; first < ROWS; first += QN_BATCH_ROWS) {
            int64_t rows = ROWS - first < QN_BATCH_ROWS ? ROWS - first : QN_BATCH_ROWS;
            for (int64_t j = 0; j < WIDTH; j++)
                columns[j] = values + j * ROWS + first;
            need(qn_correlation_add(&sums, columns, rows));
        }
        best = fmin(best, seconds() - start);
        qn_correlation_clear(&sums);
    }
    printf("correlations, %-20s     %7.3f s\n", gap > 0 ? "values missing" : "complete", best);
    qn_mem_free(values);
}

int main(void) {
    qn_table table;
    make_table(&table);
    show_stage("pca, k = 10", "pca",
               (const char *const[][2]){
                   {"input_col", "v"}, {"output_col", "p"}, {"k", "10"}, {NULL, NULL}},
               &table);
    show_stage("variance_threshold_selector", "variance_threshold_selector",
               (const char *const[][2]){{"input_col", "v"}, {"output_col", "p"}, {NULL, NULL}},
               &table);
    show_stage("univariate_feature_selector, ANOVA", "univariate_feature_selector",
               (const char *const[][2]){{"input_col", "v"},
                                        {"output_col", "p"},
                                        {"feature_type", "continuous"},
                                        {"label_type", "categorical"},
                                        {"label_col", "k"},
                                        {"selection_threshold", "10"},
                                        {NULL, NULL}},
               &table);
    show_stage("univariate_feature_selector, F", "univariate_feature_selector",
               (const char *const[][2]){{"input_col", "v"},
                                        {"output_col", "p"},
                                        {"feature_type", "continuous"},
                                        {"label_type", "continuous"},
                                        {"label_col", "y"},
                                        {"selection_threshold", "10"},
                                        {NULL, NULL}},
               &table);
    show_correlation(&table, 0);
    show_correlation(&table, 9);
    for (int64_t b = 0; b < table.batch_count; b++)
        for (int64_t i = 0; i < table.batches[b].length * WIDTH; i++)
            table.batches[b].columns[0]->f64[i] =
                floor(fmod(table.batches[b].columns[0]->f64[i], 8));
    show_stage("univariate_feature_selector, chi2", "univariate_feature_selector",
               (const char *const[][2]){{"input_col", "v"},
                                        {"output_col", "p"},
                                        {"feature_type", "categorical"},
                                        {"label_type", "categorical"},
                                        {"label_col", "k"},
                                        {"selection_threshold", "10"},
                                        {NULL, NULL}},
               &table);
    qn_table_clear(&table);
    return EXIT_SUCCESS;
}
