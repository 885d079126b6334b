/* quantile_discretizer. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

static json_t *splits_of(const qn_stage *stage, const char *column) {
    json_t *description = NULL;
    QN_TEST_OK(qn_stage_describe(stage, &description));
    json_t *splits = json_incref(json_object_get(json_object_get(description, "splits"), column));
    json_decref(description);
    return splits;
}

static void check_splits(const qn_stage *stage, const char *column, const double *expected,
                         size_t count, int line) {
    json_t *splits = splits_of(stage, column);
    qn_test_check(json_array_size(splits) == count, __FILE__, line, "number of splits");
    for (size_t i = 0; i < count; i++)
        check_value("split", (int64_t)i, 0, json_number_value(json_array_get(splits, i)),
                    expected[i], __FILE__, line);
    json_decref(splits);
}

#define CHECK_SPLITS(stage, column, ...)                                                           \
    do {                                                                                           \
        const double splits_[] = {__VA_ARGS__};                                                    \
        check_splits((stage), (column), splits_, sizeof splits_ / sizeof *splits_, __LINE__);      \
    } while (0)

/* Spark 3 documentation, ML guide, "QuantileDiscretizer": hours 18 19 8 5 2.2 in 3 buckets. */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "hour", (double[]){18, 19, 8, 5, 2.2}, 5);
    qn_stage *stage = stage_of("quantile_discretizer input_col=hour output_col=b num_buckets=3");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "b", 2, 2, 1, 1, 0);
    CHECK_NAMES(out, "b", "-inf, 5,5, 18,18, inf");
    CHECK_SPLITS(stage, "hour", 5, 18);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* pyspark.ml.feature.QuantileDiscretizer, documented example: the split of 0.1 0.4 1.2 1.5 NaN NaN
 * in 2 buckets is 0.4, and NaN has bucket 2 with handleInvalid "keep". */
static void test_invalid(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){0.1, 0.4, 1.2, 1.5, NAN, NAN, 0}, 7);
    frame_null(&frame, 6);
    qn_stage *stage = stage_of("quantile_discretizer input_col=x output_col=b handle_invalid=keep");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_SPLITS(stage, "x", 0.4);
    CHECK_COLUMN(out, "b", 0, 1, 1, 1, 2, 2, NAN);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "skip"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "b", 0, 1, 1, 1, -999, -999, -999);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "error"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_DATA,
                  "quantile_discretizer: column 'x' is NaN at row 4");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* R 4.2, quantile(x, c(.2, .4, .6, .8), type = 1) is 3 4 5 8, and findInterval(x, c(-Inf, 3, 4, 5,
 * 8, Inf)) - 1 gives the buckets; the second column has only two distinct quantiles. */
static void test_several(void) {
    static const double x[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
    double y[16];
    qn_table frame, out;
    qn_table_init(&frame);
    for (int i = 0; i < 16; i++)
        y[i] = i < 4 ? -1 : i == 4 ? -0.0 : 0;
    frame_reals(&frame, "x", x, 16);
    frame_reals(&frame, "y", y, 16);
    qn_stage *stage = stage_of("quantile_discretizer input_cols=x,y output_cols=a,b "
                               "num_buckets_array=5,4");
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    CHECK_SPLITS(stage, "x", 3, 4, 5, 8);
    CHECK_SPLITS(stage, "y", -1, 0);
    CHECK_COLUMN(out, "a", 1, 0, 2, 0, 3, 4, 0, 3, 3, 1, 3, 4, 4, 3, 4, 1);
    CHECK_COLUMN(out, "b", 1, 1, 1, 1, 2, 2, 2, 2);
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
    check_refused("quantile_discretizer input_col=word output_col=b", QN_JOB,
                  "quantile_discretizer: column 'word' is string, but must be numeric");
    check_refused("quantile_discretizer input_col=hollow output_col=b", QN_DATA,
                  "column 'hollow' has no value to compute quantiles from");
    check_refused("quantile_discretizer input_col=x output_col=b num_buckets_array=1", QN_JOB,
                  "'1' must be a whole number from 2");
    check_refused("quantile_discretizer input_col=x output_col=b num_buckets_array=2,3", QN_JOB,
                  "num_buckets_array has 2 numbers, but there are 1 columns");
    qn_stage *stage = stage_of("quantile_discretizer input_col=x output_col=b");
    QN_TEST_FAILS(qn_stage_set(stage, "num_buckets", "1"), QN_JOB, "num_buckets");
    QN_TEST_FAILS(qn_stage_set(stage, "relative_error", "-0.1"), QN_JOB, "relative_error");
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example", test_documented},
    {"NaN stops, is kept or skipped, as PySpark documents it", test_invalid},
    {"splits of several columns are R's quantiles of type 1, equal ones once", test_several},
    {"wrong types, hollow columns and numbers of buckets are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("quantile_discretizer", cases);
}
