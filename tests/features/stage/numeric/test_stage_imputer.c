/* imputer. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "Imputer": a 1.0 2.0 NaN 4.0 5.0 and b NaN NaN 3.0 4.0 5.0 give
 * 3.0 for the missing of a and 4.0 for those of b. */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "a", (double[]){1, 2, NAN, 4, 5}, 5);
    frame_reals(&frame, "b", (double[]){NAN, NAN, 3, 4, 5}, 5);
    qn_stage *stage = stage_of("imputer input_cols=a,b output_cols=out_a,out_b");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "out_a", 1, 2, 3, 4, 5);
    CHECK_COLUMN(out, "out_b", 4, 4, 3, 4, 5);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Spark's ImputerSuite: the mode of several is the smallest. */
static void test_mode(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){7, 3, NAN, 3, 7, -1}, 6);
    qn_stage *stage = stage_of("imputer input_col=x output_col=y strategy=mode");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_COLUMN(out, "y", 7, 3, 3, 3, 7, -1);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Spark's ImputerSuite and approxQuantile: the median is an element of the data, that of 1 3 10 11
 * is 3, and NaN is not one. */
static void test_median(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){11, NAN, 1, 10, 3}, 5);
    qn_stage *stage = stage_of("imputer input_col=x output_col=y strategy=median");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_COLUMN(out, "y", 11, 3, 1, 10, 3);
    qn_table_clear(&out);
    QN_TEST_FAILS(qn_stage_set(stage, "relative_error", "-1"), QN_JOB, "relative_error");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* missing_value -1: NaN is not counted and stays, nulls are replaced. */
static void test_missing_value(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){-1, 4, NAN, 6, 0}, 5);
    frame_null(&frame, 4);
    qn_stage *stage = stage_of("imputer input_col=x output_col=y missing_value=-1");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "y", 5, 4, NAN, 6, 5);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* The mean of 1 2 2 is 1.666...: an integer column gets 1 (Spark casts, which truncates). */
static void test_types(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "n", (int32_t[]){1, 2, 2, 9}, 4);
    frame_null(&frame, 3);
    frame_ints(&frame, "m", (int32_t[]){-1, -2, -2, 9}, 4);
    frame_null(&frame, 3);
    qn_stage *stage = stage_of("imputer input_cols=n,m output_cols=i,j");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CU_ASSERT(out.schema.fields[2].type == QN_INT32);
    CHECK_COLUMN(out, "i", 1, 2, 2, 1);
    CHECK_COLUMN(out, "j", -1, -2, -2, -1);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* scikit-learn 1.5, SimpleImputer(strategy="constant", fill_value=-7) of [[1, nan], [nan, 3]];
 * nulls of integers, missing_value and all types alike. */
static void test_constant(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){1, NAN}, 2);
    frame_reals(&frame, "y", (double[]){NAN, 3}, 2);
    frame_ints(&frame, "n", (int32_t[]){4, 0}, 2);
    frame_null(&frame, 1);
    qn_stage *stage =
        stage_of("imputer input_cols=x,y,n output_cols=a,b,c strategy=constant fill_value=-7");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_COLUMN(out, "a", 1, -7);
    CHECK_COLUMN(out, "b", -7, 3);
    CHECK_COLUMN(out, "c", 4, -7);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "fill_value", "1,2"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "fill_value has 2 values, but there are 3 columns");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "strategy", "mean"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "fill_value needs strategy constant");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void check_texts(const qn_table *table, const char *name, const char *const *expected) {
    int32_t index = qn_schema_find(&table->schema, name);
    for (int64_t b = 0; b < table->batch_count; b++) {
        const qn_batch *batch = &table->batches[b];
        for (int64_t i = 0; i < batch->length; i++) {
            qn_view text = qn_column_string(batch->columns[index], i);
            CU_ASSERT(!qn_column_is_null(batch->columns[index], i));
            CU_ASSERT(qn_view_equal(text, qn_view_of(expected[qn_batch_row(batch, i)])));
        }
    }
}

/* scikit-learn 1.9, SimpleImputer(strategy="most_frequent", missing_values=None) of b, a, None, a,
 * b gives a, the smaller of two; with strategy="constant" the text. An empty text is not missing.
 */
static void test_texts(void) {
    static const char *const words[] = {"b", "a", NULL, "a", "b", ""};
    static const char *const modes[] = {"b", "a", "a", "a", "b", ""};
    static const char *const constants[] = {"b", "a", "unknown", "a", "b", ""};
    qn_table frame, other, out;
    qn_table_init(&frame);
    frame_texts(&frame, "w", words, 6);
    frame_reals(&frame, "x", (double[]){1, 2, 2, NAN, 5, 5}, 6);
    qn_stage *stage = stage_of("imputer input_cols=w,x output_cols=a,b strategy=mode");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    check_texts(&out, "a", modes);
    CHECK_COLUMN(out, "b", 1, 2, 2, 2, 5, 5);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "strategy", "constant"));
    QN_TEST_OK(qn_stage_set(stage, "fill_value", "unknown,-1"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    check_texts(&out, "a", constants);
    CHECK_COLUMN(out, "b", 1, 2, 2, -1, 5, 5);
    qn_table_clear(&out);
    qn_table_init(&other);
    frame_reals(&other, "w", (double[]){1}, 1);
    frame_reals(&other, "x", (double[]){1}, 1);
    QN_TEST_FAILS(transform_frame(stage, &other, 2, &out), QN_JOB,
                  "column 'w' is float64, but must be string, as fitted");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "fill_value", "unknown"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB,
                  "fill_value: 'unknown' is not a number");
    qn_table_clear(&out);
    qn_table_clear(&other);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Every type, with nulls on both sides of a word of the bitmap. */
static void test_long_columns(void) {
    enum { ROWS = 200 };
    qn_table frame, out;
    double reals[ROWS], expected[ROWS];
    int32_t ints[ROWS];
    for (int i = 0; i < ROWS; i++) {
        reals[i] = expected[i] = i;
        ints[i] = i;
    }
    qn_table_init(&frame);
    frame_reals(&frame, "x", reals, ROWS);
    for (int i = 60; i < ROWS; i += 3)
        frame_null(&frame, i);
    frame_ints(&frame, "n", ints, ROWS);
    for (int i = 60; i < ROWS; i += 3)
        frame_null(&frame, i);
    for (int i = 60; i < ROWS; i += 3)
        expected[i] = 5;
    expected[7] = 5;
    qn_stage *stage = stage_of("imputer input_cols=x,n output_cols=a,b strategy=constant "
                               "fill_value=5 missing_value=7");
    QN_TEST_OK(fit_transform(stage, &frame, ROWS, &out));
    check_column(&out, "a", expected, ROWS, __FILE__, __LINE__);
    check_column(&out, "b", expected, ROWS, __FILE__, __LINE__);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* A column without holes is passed on, not copied. */
static void test_shared(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){1, 2}, 2);
    qn_stage *stage = stage_of("imputer input_col=x output_col=y");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    for (int64_t b = 0; b < out.batch_count; b++)
        CU_ASSERT(out.batches[b].columns[0] == out.batches[b].columns[1]);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    static const char *const words[] = {"x", "y"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "hollow", (double[]){NAN, 0}, 2);
    frame_null(&frame, 1);
    frame_texts(&frame, "word", words, 2);
    qn_stage *stage = stage_of("imputer input_col=hollow output_col=y");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "imputer: column 'hollow' has no value to compute the mean from");
    frame_reals(&frame, "ends", (double[]){INFINITY, -INFINITY}, 2);
    QN_TEST_OK(qn_stage_set(stage, "input_col", "ends")); /* refused by Spark 4, too */
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "column 'ends' has no mean: it holds inf and -inf");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "word"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "column 'word' is string, but must be numeric, unless strategy is mode");
    QN_TEST_OK(qn_stage_set(stage, "output_col", "hollow"));
    QN_TEST_OK(qn_stage_set(stage, "input_col", "hollow"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "'hollow' exists already");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example imputes as documented", test_documented},
    {"the mode is the most frequent, the smallest of several", test_mode},
    {"the median is an element of the data", test_median},
    {"another missing value leaves NaN alone", test_missing_value},
    {"columns keep their type", test_types},
    {"a constant replaces what is missing", test_constant},
    {"texts have modes and constants", test_texts},
    {"nulls anywhere in long columns are replaced", test_long_columns},
    {"a column without holes is shared", test_shared},
    {"columns without values and of wrong types are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("imputer", cases);
}
