/* Regression metrics.
 * Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "ml/evaluate.h"
#include "tests/harness/harness.h"

#include <math.h>

enum { ROWS = 40000 };

static double label_at(int64_t row) {
    return 1000 + (double)((row * 7919) % 1009) / 7;
}

static double prediction_at(int64_t row) {
    return label_at(row) + (double)((row * 104729) % 211) / 10 - 10;
}

static double weight_at(int64_t row) {
    return (double)(row % 4) / 2;
}

/* This rank's whole batches of a table of ROWS rows. */
static qn_stream *make_stream(int64_t rows, int64_t null_row) {
    qn_table table;
    qn_stream *stream = NULL;
    qn_comm *comm = qn_test_comm();
    int64_t batches = (rows + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS;
    int64_t first = batches * qn_comm_rank(comm) / qn_comm_size(comm);
    int64_t last = batches * (qn_comm_rank(comm) + 1) / qn_comm_size(comm);
    qn_table_init(&table);
    static const char *const names[] = {"y", "p", "w"};
    for (int c = 0; c < 3; c++)
        QN_TEST_OK(qn_schema_add(&table.schema, names[c], QN_FLOAT64));
    for (int64_t b = first; b < last; b++) {
        qn_batch batch;
        qn_batch_init(&batch);
        batch.first_row = b * QN_BATCH_ROWS;
        batch.length =
            rows - batch.first_row < QN_BATCH_ROWS ? rows - batch.first_row : QN_BATCH_ROWS;
        QN_TEST_OK(qn_batch_reserve(&batch, 3));
        for (int c = 0; c < 3; c++) {
            QN_TEST_OK(qn_column_new(&batch.columns[c], QN_FLOAT64, batch.length, 0));
            for (int64_t i = 0; i < batch.length; i++) {
                int64_t row = batch.first_row + i;
                batch.columns[c]->f64[i] = c == 0   ? label_at(row)
                                           : c == 1 ? prediction_at(row)
                                                    : weight_at(row);
                if (c == 1 && row == null_row)
                    QN_TEST_OK(qn_column_set_null(batch.columns[c], i));
            }
        }
        QN_TEST_OK(qn_table_add(&table, &batch));
    }
    QN_TEST_OK(qn_table_stream(&stream, &table));
    qn_table_clear(&table);
    return stream;
}

/* The same from the definitions, in two passes of long double: an independent way. */
static qn_evaluation expected(bool weighted) {
    long double w_sum = 0, w2 = 0, y_sum = 0, se = 0, ae = 0, total = 0, explained = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        long double w = weighted ? (long double)weight_at(i) : 1;
        count += w > 0;
        w_sum += w;
        w2 += w * w;
        y_sum += w * (long double)label_at(i);
    }
    long double mean = y_sum / w_sum;
    for (int64_t i = 0; i < ROWS; i++) {
        long double w = weighted ? (long double)weight_at(i) : 1;
        long double y = (long double)label_at(i), p = (long double)prediction_at(i);
        se += w * (y - p) * (y - p);
        ae += w * fabsl(y - p);
        total += w * (y - mean) * (y - mean);
        explained += w * (p - mean) * (p - mean);
    }
    if (weighted)
        total = total / (w_sum - w2 / w_sum) * (w_sum - 1);
    return (qn_evaluation){.count = count,
                           .mse = (double)(se / w_sum),
                           .rmse = (double)sqrtl(se / w_sum),
                           .mae = (double)(ae / w_sum),
                           .r2 = (double)(1 - se / total),
                           .explained_variance = (double)(explained / w_sum)};
}

static bool near(double a, double b) {
    return fabs(a - b) <= 1e-12 * fabs(b);
}

static void check(const qn_evaluation *got, const qn_evaluation *want) {
    CU_ASSERT_EQUAL(got->count, want->count);
    CU_ASSERT(near(got->mse, want->mse));
    CU_ASSERT(near(got->rmse, want->rmse));
    CU_ASSERT(near(got->mae, want->mae));
    CU_ASSERT(near(got->r2, want->r2));
    CU_ASSERT(near(got->explained_variance, want->explained_variance));
}

static void test_metrics_follow_their_definitions(void) {
    for (int weighted = 0; weighted < 2; weighted++) {
        qn_stream *stream = make_stream(ROWS, -1);
        qn_evaluation got, want = expected(weighted);
        qn_evaluate_columns columns = {
            .label = "y", .prediction = "p", .weight = weighted ? "w" : NULL};
        QN_TEST_OK(qn_evaluate_regression(&got, stream, qn_test_comm(), &columns));
        check(&got, &want);
        qn_stream_free(stream);
    }
}

static void test_no_rows_give_nan(void) {
    qn_stream *stream = make_stream(0, -1);
    qn_evaluation got;
    qn_evaluate_columns columns = {.label = "y", .prediction = "p"};
    QN_TEST_OK(qn_evaluate_regression(&got, stream, qn_test_comm(), &columns));
    CU_ASSERT_EQUAL(got.count, 0);
    CU_ASSERT(isnan(got.rmse));
    qn_stream_free(stream);
}

static void test_faults_are_named(void) {
    qn_stream *stream = make_stream(ROWS, 30000);
    qn_evaluation got;
    qn_evaluate_columns columns = {.label = "y", .prediction = "p"};
    QN_TEST_FAILS(qn_evaluate_regression(&got, stream, qn_test_comm(), &columns), QN_DATA,
                  "column 'p' is null at row 30000");
    columns.prediction = "q";
    QN_TEST_FAILS(qn_evaluate_regression(&got, stream, qn_test_comm(), &columns), QN_JOB,
                  "unknown column 'q'");
    qn_stream_free(stream);
}

static const qn_test_case cases[] = {
    {"metrics follow their definitions", test_metrics_follow_their_definitions},
    {"no rows give NaN", test_no_rows_give_nan},
    {"faults are named", test_faults_are_named},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("evaluate", cases);
}
