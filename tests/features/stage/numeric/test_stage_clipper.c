/* clipper. Ranks: 1 2 3 */
#include "features/pipeline.h"
#include "tests/features/stage/stage_data.h"

static const double values[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 40, 5, 8, -30, 7, 9, 3};

static double described(const qn_stage *stage, const char *column, const char *what) {
    json_t *description = NULL;
    QN_TEST_OK(qn_stage_describe(stage, &description));
    double value = json_number_value(
        json_object_get(json_object_get(json_object_get(description, "bounds"), column), what));
    json_decref(description);
    return value;
}

/* R 4.2, quantile(x, c(.25, .75), type = 1) is 2 and 7, so that the fences are -5.5 and 14.5. */
static void test_iqr(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", values, 16);
    qn_stage *stage = stage_of("clipper input_col=x output_col=y method=iqr");
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    CHECK_COLUMN(out, "y", 3, 1, 4, 1, 5, 9, 2, 6, 5, 14.5, 5, 8, -5.5, 7, 9, 3);
    CU_ASSERT(described(stage, "x", "lower") == -5.5);
    CU_ASSERT(described(stage, "x", "upper") == 14.5);
    CU_ASSERT(described(stage, "x", "below") == 1);
    CU_ASSERT(described(stage, "x", "above") == 1);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "action", "drop"));
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    CHECK_COLUMN(out, "y", 3, 1, 4, 1, 5, 9, 2, 6, 5, -999, 5, 8, -999, 7, 9, 3);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* R 4.2, quantile(x, c(.1, .9), type = 1) is 1 and 9. */
static void test_quantiles(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", values, 16);
    qn_stage *stage = stage_of("clipper input_col=x output_col=y method=quantiles "
                               "lower_quantile=0.1 upper_quantile=0.9 action=null");
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    CHECK_COLUMN(out, "y", 3, 1, 4, 1, 5, 9, 2, 6, 5, NAN, 5, 8, NAN, 7, 9, 3);
    CU_ASSERT(described(stage, "x", "below") == 1);
    CU_ASSERT(described(stage, "x", "above") == 1);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* NaN and nulls are no outliers, infinities are; integers move to the nearest one inside. */
static void test_bounds(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){-INFINITY, 0, NAN, 2.5, 0}, 5);
    frame_null(&frame, 4);
    frame_ints(&frame, "n", (int32_t[]){-3, 2, 3, 0, 9}, 5);
    frame_null(&frame, 3);
    qn_stage *stage = stage_of("clipper input_cols=x,n output_cols=a,b lower=-1.5,0.5 upper=2.5");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "a", -1.5, 0, NAN, 2.5, NAN);
    CHECK_COLUMN(out, "b", 1, 2, 2, NAN, 2);
    CU_ASSERT(out.schema.fields[3].type == QN_INT32);
    CU_ASSERT(described(stage, "x", "below") == 1);
    CU_ASSERT(described(stage, "x", "above") == 0);
    CU_ASSERT(described(stage, "n", "below") == 1);
    CU_ASSERT(described(stage, "n", "above") == 2);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* A fit behind a clipper that drops rows sees those that are left: the mean of 3 to 9. */
static void test_dropped_before_fit(void) {
    qn_table frame, out;
    qn_stage *stages[2], *pipeline = NULL;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){3, 1, 9, 6, 40, 2}, 6);
    frame_reals(&frame, "y", (double[]){3, 70, 9, NAN, 40, 80}, 6);
    stages[0] = stage_of("clipper input_col=x output_col=a lower=2.5 upper=9 action=drop");
    stages[1] = stage_of("imputer input_col=y output_col=b");
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 2));
    QN_TEST_OK(fit_transform(pipeline, &frame, 2, &out));
    CHECK_COLUMN(out, "b", 3, -999, 9, 6, -999, -999);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

/* Nothing outside: the column is passed on. */
static void test_shared(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){1, 2}, 2);
    qn_stage *stage = stage_of("clipper input_col=x output_col=y lower=0");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    for (int64_t b = 0; b < out.batch_count; b++)
        CU_ASSERT(out.batches[b].columns[0] == out.batches[b].columns[1]);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void check_refused(const char *text, qn_status code, const char *message) {
    qn_table frame;
    static const char *const words[] = {"1", "2"};
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){1, 2}, 2);
    frame_texts(&frame, "word", words, 2);
    frame_reals(&frame, "hollow", (double[]){NAN, 0}, 2);
    frame_null(&frame, 1);
    check_refused_on(&frame, text, code, message);
    qn_table_clear(&frame);
}

static void test_refused(void) {
    check_refused("clipper input_col=word output_col=y lower=1", QN_JOB,
                  "clipper: column 'word' is string, but must be numeric");
    check_refused("clipper input_col=x output_col=y", QN_JOB, "set lower or upper");
    check_refused("clipper input_col=x output_col=y lower=3 upper=2", QN_JOB,
                  "lower is 3, which is above upper, 2, for column 'x'");
    check_refused("clipper input_col=x output_col=y lower=3 method=iqr", QN_JOB,
                  "lower and upper need method bounds");
    check_refused("clipper input_col=x output_col=y method=quantiles lower_quantile=0.995", QN_JOB,
                  "lower_quantile is 0.995, which is above upper_quantile, 0.99");
    check_refused("clipper input_col=hollow output_col=y method=iqr", QN_DATA,
                  "column 'hollow' has no value to compute quantiles from");
    qn_stage *stage = stage_of("clipper input_col=x output_col=y");
    QN_TEST_FAILS(qn_stage_set(stage, "factor", "-1"), QN_JOB, "factor");
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"the fences are those of R's quartiles of type 1", test_iqr},
    {"quantiles are R's of type 1", test_quantiles},
    {"bounds hold for each column in its type", test_bounds},
    {"a later fit does not see dropped rows", test_dropped_before_fit},
    {"a column without outliers is shared", test_shared},
    {"wrong types, bounds and hollow columns are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("clipper", cases);
}
