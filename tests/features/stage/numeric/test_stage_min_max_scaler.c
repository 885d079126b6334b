/* min_max_scaler. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "MinMaxScaler". */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){1, 0.1, -1, 2, 1.1, 1, 3, 10.1, 3}, 3, 3);
    qn_stage *stage = stage_of("min_max_scaler input_col=features output_col=scaled");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "scaled", 0, 0, 0, 0);
    CHECK_VECTOR(out, "scaled", 1, 0.5, 0.1, 0.5);
    CHECK_VECTOR(out, "scaled", 2, 1, 1, 1);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* The data and results of Spark's MinMaxScalerSuite: sparse rows, an empty slot, huge values. */
static void test_suite(void) {
    qn_table frame, out;
    qn_column *column = NULL;
    qn_table_init(&frame);
    QN_TEST_OK(qn_column_new_sparse(&column, 4, 3, 6));
    memcpy(column->offsets, (int32_t[]){0, 2, 3, 5, 6}, 5 * sizeof(int32_t));
    memcpy(column->indices, (int32_t[]){0, 2, 0, 0, 2, 0}, 6 * sizeof(int32_t));
    memcpy(column->f64, (double[]){1, -0x1p63, 2, 3, 0x1p63, 1.5}, 6 * sizeof(double));
    frame_add(&frame, "features", column, NULL);
    qn_stage *stage = stage_of("min_max_scaler output_col=scaled min=-5 max=5");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "scaled", 0, -5, 0, -5);
    CHECK_VECTOR(out, "scaled", 1, 0, 0, 0);
    CHECK_VECTOR(out, "scaled", 2, 5, 0, 5);
    CHECK_VECTOR(out, "scaled", 3, -2.5, 0, 0);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* scikit-learn 1.9: MinMaxScaler ignores NaN in fit and keeps it. Null rows count for nothing. */
static void test_missing(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){1, 8, NAN, 2, 0, 0, 5, 4, 3, NAN}, 5, 2);
    frame_null(&frame, 2);
    qn_stage *stage = stage_of("min_max_scaler output_col=scaled");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "scaled", 0, 0, 1);
    CHECK_VECTOR(out, "scaled", 1, NAN, 0);
    CHECK_VECTOR(out, "scaled", 2, NAN, NAN);
    CHECK_VECTOR(out, "scaled", 3, 1, 1.0 / 3);
    CHECK_VECTOR(out, "scaled", 4, 0.5, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* A constant slot becomes the middle for every number, also for an infinity met later. */
static void test_constant(void) {
    qn_table frame, later, out;
    qn_table_init(&frame);
    qn_table_init(&later);
    frame_vectors(&frame, "features", (double[]){7, 1, 7, 3}, 2, 2);
    frame_vectors(&later, "features", (double[]){INFINITY, 5, NAN, 1}, 2, 2);
    qn_stage *stage = stage_of("min_max_scaler output_col=scaled max=4");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "scaled", 1, 2, 4);
    qn_table_clear(&out);
    QN_TEST_OK(transform_frame(stage, &later, 2, &out));
    CHECK_VECTOR(out, "scaled", 0, 2, 8);
    CHECK_VECTOR(out, "scaled", 1, NAN, 0);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_table_clear(&later);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){1, NAN, 2, NAN}, 2, 2);
    qn_stage *stage = stage_of("min_max_scaler input_col=v output_col=y");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "min_max_scaler: slot 1 (counting from 0) of column 'v' has no value but NaN");
    frame.batches[0].columns[0]->f64[3] = INFINITY;
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "slot 1 (counting from 0) of column 'v' reaches from inf to inf, a range that");
    QN_TEST_OK(qn_stage_set(stage, "min", "1"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "min is 1, which must be less than max, 1");
    QN_TEST_FAILS(qn_stage_set(stage, "max", "inf"), QN_JOB, "max");
    qn_table_clear(&frame);
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){0, 0, 0, 0}, 2, 2);
    frame_null(&frame, 0);
    frame_null(&frame, 1);
    QN_TEST_OK(qn_stage_set(stage, "min", "0"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "there is no row to fit");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_other_width(void) {
    qn_table frame, other, out;
    qn_table_init(&frame);
    qn_table_init(&other);
    frame_vectors(&frame, "v", (double[]){1, 2}, 1, 2);
    frame_vectors(&other, "v", (double[]){1, 2, 3}, 1, 3);
    qn_stage *stage = stage_of("min_max_scaler input_col=v output_col=y");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    qn_table_clear(&out);
    QN_TEST_FAILS(transform_frame(stage, &other, 1, &out), QN_JOB,
                  "column 'v' has 3 slots, but 2 were fitted");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_table_clear(&other);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example scales as documented", test_documented},
    {"the example of Spark's suite, sparse", test_suite},
    {"NaN and null rows are not counted and stay", test_missing},
    {"a constant slot becomes the middle", test_constant},
    {"slots without a range and wrong bounds are refused", test_refused},
    {"vectors of another width are refused", test_other_width},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("min_max_scaler", cases);
}
