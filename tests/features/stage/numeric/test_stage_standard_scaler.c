/* standard_scaler. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* The points of Spark's StandardScalerSuite; expected are its numbers with all digits, as numpy
 * 2 gives them: x / x.std(0, ddof=1) and (x - x.mean(0)) / x.std(0, ddof=1). */
static const double points[] = {-2, 2.3, 0, 0, -5.1, 1, 1.7, -0.6, 3.3};

static void test_scaling(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", points, 3, 3);
    qn_stage *stage = stage_of("standard_scaler input_col=features output_col=scaled");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "scaled", 0, -1.0798984943120777, 0.6168340914150376, 0);
    CHECK_VECTOR(out, "scaled", 2, 0.9179137201652661, -0.16091324123870546, 1.9501947605792913);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "with_mean", "true"));
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "scaled", 0, -1.0259035695964738, 0.9207813248659257, -0.8470542899485811);
    CHECK_VECTOR(out, "scaled", 2, 0.97190864488087, 0.14303399221218263, 1.1031404706307102);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "with_std", "false"));
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "scaled", 0, -1.9, 3.433333333333333, -1.4333333333333333);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_constant(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){7, 1, 7, 3}, 2, 2);
    qn_stage *stage = stage_of("standard_scaler input_col=features output_col=scaled");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "scaled", 0, 0, 0.7071067811865475);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void make_sparse(qn_table *frame) {
    qn_column *column = NULL;
    qn_table_init(frame);
    QN_TEST_OK(qn_column_new_sparse(&column, 4, 3, 3));
    memcpy(column->offsets, (int32_t[]){0, 1, 1, 3, 3}, 5 * sizeof(int32_t));
    memcpy(column->indices, (int32_t[]){1, 0, 2}, 3 * sizeof(int32_t));
    memcpy(column->f64, (double[]){2, 4, 6}, 3 * sizeof(double));
    frame_add(frame, "features", column, NULL);
}

/* Implicit zeros count: sample deviations of (0 0 4 0), (2 0 0 0), (0 0 6 0) are 2, 1 and 3. */
static void test_sparse(void) {
    qn_table frame, out;
    make_sparse(&frame);
    qn_stage *stage = stage_of("standard_scaler input_col=features output_col=scaled");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    for (int64_t b = 0; b < out.batch_count; b++)
        CU_ASSERT(out.batches[b].columns[1]->indices != NULL);
    CHECK_VECTOR(out, "scaled", 0, 0, 2, 0);
    CHECK_VECTOR(out, "scaled", 1, 0, 0, 0);
    CHECK_VECTOR(out, "scaled", 2, 2, 0, 2);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "with_mean", "true"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "scaled", 1, -0.5, -0.5, -0.5);
    CHECK_VECTOR(out, "scaled", 2, 1.5, -0.5, 1.5);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_null(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){1, 9, 3}, 3, 1);
    frame_null(&frame, 1);
    qn_stage *stage =
        stage_of("standard_scaler input_col=features output_col=scaled with_mean=true");
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    CHECK_COLUMN(out, "scaled", -0.7071067811865475, NAN, 0.7071067811865475);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){1}, 1);
    qn_stage *stage = stage_of("standard_scaler input_col=x");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "standard_scaler: column 'x' is float64, but must be a vector");
    qn_table_clear(&frame);
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){0}, 0, 2);
    QN_TEST_OK(qn_stage_set(stage, "input_col", "v"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "output_col is not set");
    QN_TEST_OK(qn_stage_set(stage, "output_col", "y"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "there is no row to fit");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"scaling equals numpy's", test_scaling},
    {"a constant slot becomes zero", test_constant},
    {"sparse vectors count their zeros and stay sparse without the mean", test_sparse},
    {"null vectors stay null and are not counted", test_null},
    {"wrong columns and empty data are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("standard_scaler", cases);
}
