/* variance_threshold_selector. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* The example of Spark's VarianceThresholdSelector documentation; it says that the sample
 * variances are 16.67, 0.67, 8.17, 10.17, 5.07 and 11.47, and that threshold 8 leaves the slots
 * without 0.67 and 5.07. All digits: numpy 2's var(0, ddof=1). */
static const double points[] = {6, 7, 0, 7, 6, 0, 0, 9, 6, 0, 5, 9, 0, 9, 3, 0, 5, 5,
                                0, 9, 8, 5, 6, 4, 8, 9, 6, 5, 4, 4, 8, 9, 6, 0, 0, 0};
static const double variances[] = {16.666666666666668, 0.6666666666666666, 8.166666666666666,
                                   10.166666666666666, 5.066666666666666,  11.466666666666667};

static void make_frame(qn_table *frame) {
    qn_attributes *attributes = NULL, *nominal = NULL;
    qn_column *column = NULL;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    static const char *const levels[] = {"low", "high"};
    QN_TEST_OK(qn_attributes_new(&attributes, QN_ATTRIBUTE_VECTOR, names, 6));
    QN_TEST_OK(qn_attributes_new(&nominal, QN_ATTRIBUTE_NOMINAL, levels, 2));
    QN_TEST_OK(qn_attributes_set_slot(attributes, 3, nominal));
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, 6, 6));
    memcpy(column->f64, points, sizeof points);
    qn_table_init(frame);
    frame_add(frame, "features", column, attributes);
    qn_attributes_release(attributes);
    qn_attributes_release(nominal);
}

static void test_spark(void) {
    qn_table frame, out;
    json_t *object = NULL;
    make_frame(&frame);
    qn_stage *stage = stage_of("variance_threshold_selector output_col=s variance_threshold=8");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "s", 0, 6, 0, 7, 0);
    CHECK_VECTOR(out, "s", 4, 8, 6, 5, 4);
    CHECK_NAMES(out, "s", "a,c,d,f");
    const qn_attributes *slots = out.schema.fields[1].attributes;
    CU_ASSERT(qn_attributes_slot(slots, 0) == NULL);
    CU_ASSERT(qn_attributes_slot(slots, 2) != NULL);
    QN_TEST_OK(qn_stage_describe(stage, &object));
    const json_t *features = json_object_get(object, "features");
    for (size_t i = 0; i < 6; i++) {
        const json_t *feature = json_array_get(features, i);
        double found = json_real_value(json_object_get(feature, "variance"));
        CU_ASSERT(fabs(found - variances[i]) <= 1e-14 * variances[i]);
        CU_ASSERT(json_is_true(json_object_get(feature, "selected")) == (variances[i] > 8));
    }
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json_array_get(features, 1), "name")),
                           "b");
    json_decref(object);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Constant slots go, also where a mean and its rounding would leave a variance. */
static void test_constant(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){0.1, 1, NAN, 0.1, 2, 1, 0.1, 4, 2}, 3, 3);
    qn_stage *stage = stage_of("variance_threshold_selector input_col=v output_col=s");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "s", 2, 4);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "variance_threshold", "3"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "no slot has a variance above 3; the largest is 2.33333, of slot '1'");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_sparse(void) {
    qn_table frame, out;
    qn_column *column = NULL;
    qn_table_init(&frame);
    QN_TEST_OK(qn_column_new_sparse(&column, 4, 3, 3));
    memcpy(column->offsets, (int32_t[]){0, 1, 1, 3, 3}, 5 * sizeof(int32_t));
    memcpy(column->indices, (int32_t[]){1, 0, 2}, 3 * sizeof(int32_t));
    memcpy(column->f64, (double[]){2, 4, 6}, 3 * sizeof(double));
    frame_add(&frame, "v", column, NULL);
    qn_stage *stage =
        stage_of("variance_threshold_selector input_col=v output_col=s variance_threshold=1");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out)); /* variances 4, 1 and 9 */
    CHECK_VECTOR(out, "s", 0, 0, 0);
    CHECK_VECTOR(out, "s", 2, 4, 6);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){0}, 0, 2);
    frame_reals(&frame, "x", (double[]){0}, 0);
    qn_stage *stage = stage_of("variance_threshold_selector output_col=s input_col=x");
    QN_TEST_FAILS(qn_stage_set(stage, "variance_threshold", "-1"), QN_JOB, "variance_threshold");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "variance_threshold_selector: column 'x' is float64, but must be a vector");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "v"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "there is no row to fit");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"the example of Spark's documentation", test_spark},
    {"constant slots go, NaN is above nothing", test_constant},
    {"sparse vectors count their zeros", test_sparse},
    {"wrong columns and empty data are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("variance_threshold_selector", cases);
}
