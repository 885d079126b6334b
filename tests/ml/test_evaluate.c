/* Ranks: 1 2 3 7 */
#include "ml/evaluate.h"
#include "tests/ml/data.h"

#include <math.h>

static bool near(double a, double b) {
    return fabs(a - b) <= 1e-13 * fabs(b);
}

/* label, prediction, weight; features are not used by the evaluator. */
static const double scores[7][3] = {{3, 2.5, 1},  {-0.5, 0, 2}, {2, 2, 0.5}, {7, 8, 1},
                                    {4, 4.25, 3}, {1, 0, 0},    {6, 5, 2}};
static const sample scored = {scores[0], 7, 3, {0}, 1, 0, 2, false};

static qn_stream *score_stream(void) {
    qn_stream *stream = sample_share(&scored);
    return stream;
}

/* scikit-learn 1.x: mean_squared_error, mean_absolute_error, r2_score with sample_weight; var and
 * r2 through the origin by Python's fractions. */
static void test_golden(void) {
    qn_evaluation evaluation;
    qn_metrics metrics;
    double label[7], prediction[7], weights[7];
    for (int i = 0; i < 7; i++) {
        label[i] = scores[i][0];
        prediction[i] = scores[i][1];
        weights[i] = scores[i][2];
    }
    QN_TEST_OK(qn_evaluation_init(&evaluation, false));
    QN_TEST_OK(qn_evaluation_add(&evaluation, label, prediction, NULL, 7));
    qn_evaluation_finish(&evaluation, false, &metrics);
    CU_ASSERT(near(metrics.mse, 0.5089285714285714) &&
              near(metrics.rmse, sqrt(0.5089285714285714)) &&
              near(metrics.mae, 0.6071428571428571));
    CU_ASSERT(near(metrics.r2, 0.9170133111480865) &&
              near(metrics.explained_variance, 7.116071428571429));
    qn_evaluation_finish(&evaluation, true, &metrics);
    CU_ASSERT(near(metrics.r2, 0.9690889370932755));
    qn_evaluation_clear(&evaluation);
    QN_TEST_OK(qn_evaluation_init(&evaluation, true));
    QN_TEST_OK(qn_evaluation_add(&evaluation, label, prediction, weights, 7));
    qn_evaluation_finish(&evaluation, false, &metrics);
    CU_ASSERT(near(metrics.mse, 0.4144736842105263) && near(metrics.mae, 0.5526315789473685) &&
              metrics.weight == 9.5);
    CU_ASSERT(near(metrics.r2, 0.9330536912751678) &&
              near(metrics.explained_variance, 5.575138504155125));
    qn_evaluation_clear(&evaluation);
}

static void test_stream(void) {
    qn_evaluate_request request = {"label", "label", NULL, false};
    qn_metrics metrics;
    double value;
    qn_stream *stream = score_stream();
    QN_TEST_OK(qn_evaluate(stream, qn_test_comm(), &request, &metrics));
    CU_ASSERT(metrics.rows == 7 && metrics.mse == 0 && metrics.r2 == 1);
    request.prediction_col = "weight";
    request.weight_col = "weight";
    QN_TEST_OK(qn_evaluate(stream, qn_test_comm(), &request, &metrics));
    CU_ASSERT(near(metrics.mse, 9.328947368421053));
    QN_TEST_OK(qn_metrics_get(&metrics, "mse", &value));
    CU_ASSERT(value == metrics.mse);
    QN_TEST_FAILS(qn_metrics_get(&metrics, "rsme", &value), QN_JOB, "rsme");
    CU_ASSERT(qn_metric_larger_is_better("r2") && !qn_metric_larger_is_better("mae"));
    request.weight_col = "features";
    QN_TEST_FAILS(qn_evaluate(stream, qn_test_comm(), &request, &metrics), QN_JOB, "number");
    request.weight_col = "wieght";
    QN_TEST_FAILS(qn_evaluate(stream, qn_test_comm(), &request, &metrics), QN_JOB, "wieght");
    qn_stream_free(stream);
}

static void test_empty(void) {
    qn_evaluate_request request = {"label", "label", NULL, false};
    qn_metrics metrics;
    sample none = scored;
    none.rows = 0;
    qn_stream *stream = sample_share(&none);
    QN_TEST_FAILS(qn_evaluate(stream, qn_test_comm(), &request, &metrics), QN_DATA, "no row");
    qn_stream_free(stream);
}

/* Rows of weight 0 count for nothing, whatever was predicted for them. */
static void test_weight_zero(void) {
    qn_evaluate_request request = {"label", "label", "weight", false};
    double values[7][3];
    sample some = {values[0], 7, 3, {0}, 1, 0, 2, false};
    qn_evaluation evaluation;
    qn_metrics metrics;
    memcpy(values, scores, sizeof values);
    const double label[] = {3, 1}, prediction[] = {1, (double)NAN}, weights[] = {2, 0};
    QN_TEST_OK(qn_evaluation_init(&evaluation, true));
    QN_TEST_OK(qn_evaluation_add(&evaluation, label, prediction, weights, 2));
    qn_evaluation_finish(&evaluation, false, &metrics);
    CU_ASSERT(metrics.mse == 4 && metrics.mae == 2 && metrics.weight == 2);
    qn_evaluation_clear(&evaluation);
    for (int i = 0; i < 7; i++)
        values[i][2] = 0;
    qn_stream *stream = sample_share(&some);
    QN_TEST_FAILS(qn_evaluate(stream, qn_test_comm(), &request, &metrics), QN_NUMERIC, "add up");
    qn_stream_free(stream);
}

static const qn_test_case cases[] = {
    {"metrics equal scikit-learn's", test_golden},
    {"a stream is evaluated over all ranks", test_stream},
    {"no rows are an error", test_empty},
    {"rows of weight 0 count for nothing", test_weight_zero},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("evaluate", cases);
}
