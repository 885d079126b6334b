/* univariate_feature_selector. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"
#include "tests/features/stage/vector/arrests.h"

/* Statistics and p-values of all slots, relative to 1e-12. */
static void check_tests(const qn_stage *stage, const double *expected, size_t count) {
    json_t *object = NULL;
    QN_TEST_OK(qn_stage_describe(stage, &object));
    const json_t *features = json_object_get(object, "features");
    CU_ASSERT(json_array_size(features) == count);
    for (size_t i = 0; i < count; i++) {
        static const char *const keys[] = {"statistic", "p_value"};
        for (int k = 0; k < 2; k++) {
            char text[100];
            double found = json_real_value(json_object_get(json_array_get(features, i), keys[k]));
            snprintf(text, sizeof text, "%s %zu is %.17g", keys[k], i, found);
            qn_test_check(fabs(found - expected[2 * i + (size_t)k]) <=
                              1e-12 * expected[2 * i + (size_t)k],
                          __FILE__, __LINE__, text);
        }
    }
    json_decref(object);
}

/* The example of Spark's UnivariateFeatureSelector documentation: of a continuous vector against a
 * categorical label, one slot is chosen, the last. Expected tests: scikit-learn 1.9's f_classif. */
static void test_spark_anova(void) {
    static const double points[] = {1.7, 4.4, 7.6, 5.8, 9.6, 2.3, 8.8, 7.3, 5.7, 7.3, 2.2, 4.1,
                                    1.2, 9.5, 2.5, 3.1, 8.7, 2.5, 3.7, 9.2, 6.1, 4.1, 7.5, 3.8,
                                    8.9, 5.2, 7.8, 8.3, 5.2, 3.0, 7.9, 8.5, 9.2, 4.0, 9.4, 2.1};
    static const double tests[6][2] = {
        {5.5733675715333675, 0.09765568890022912}, {0.1806961244137291, 0.8431465953547604},
        {1.3782438677568534, 0.3762231423696052},  {0.25846751804553914, 0.7878351670452581},
        {1.199613235926084, 0.41417565279222424},  {9.329787234042312, 0.05154742815324704}};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", points, 6, 6);
    frame_reals(&frame, "label", (double[]){3, 2, 3, 2, 4, 4}, 6);
    qn_stage *stage = stage_of("univariate_feature_selector output_col=s feature_type=continuous "
                               "label_type=categorical selection_threshold=1");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "s", 2.3, 4.1, 2.5, 3.8, 3.0, 2.1);
    check_tests(stage, tests[0], 6);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "selection_threshold", "2")); /* in the order of the slots */
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "s", 1, 8.8, 4.1);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* The example of Spark's ChiSqSelector documentation: slots 2 and 3 have the same p-value, the
 * lower one is chosen. Labels may be texts. */
static void test_spark_chi2(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){0, 0, 18, 1, 0, 1, 12, 0, 1, 0, 15, 0.1}, 3, 4);
    frame_texts(&frame, "clicked", (const char *[]){"yes", "no", "no"}, 3);
    qn_stage *stage = stage_of("univariate_feature_selector output_col=s feature_type=categorical "
                               "label_type=categorical label_col=clicked selection_threshold=1");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_COLUMN(out, "s", 18, 12, 15);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Features: the columns of USArrests; label: the state's number modulo 3. R 4.2:
 * oneway.test(x ~ factor(0:49 %% 3), var.equal = TRUE). */
static void test_anova(void) {
    static const double tests[4][2] = {{1.1590134844932383, 0.32260111051895457},
                                       {0.68294203066049186, 0.51007036888437651},
                                       {0.20662785341857556, 0.8140571246936289},
                                       {0.51259949724111076, 0.60224623644624931}};
    double label[50];
    qn_table frame, out;
    for (int i = 0; i < 50; i++)
        label[i] = i % 3;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", arrests, 50, 4);
    frame_reals(&frame, "label", label, 50);
    qn_stage *stage = stage_of("univariate_feature_selector output_col=s feature_type=continuous "
                               "label_type=categorical selection_mode=percentile "
                               "selection_threshold=0.5");
    QN_TEST_OK(fit_transform(stage, &frame, 7, &out));
    check_tests(stage, tests[0], 4);
    CHECK_VECTOR(out, "s", 0, 13.2, 236);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Label: murder. R 4.2: t^2 and p of cor.test(x, murder); both far from 0, and in 10^6 as well. */
static void test_regression(void) {
    static const double tests[4][2] = {{HUGE_VAL, 0},
                                       {86.454085844616358, 2.5957610014217179e-12},
                                       {0.23346684655008465, 0.63116177741173196},
                                       {22.342151651211243, 2.0308258661568285e-05}};
    double label[50], features[150];
    qn_table frame, out;
    for (int i = 0; i < 50; i++) {
        label[i] = 10 * arrests[4 * i] + 1e6;
        for (int j = 0; j < 3; j++)
            features[3 * i + j] = rint(10 * arrests[4 * i + j + 1]) + 1e6;
        label[i] = rint(label[i]);
    }
    qn_table_init(&frame);
    frame_vectors(&frame, "features", features, 50, 3);
    frame_reals(&frame, "label", label, 50);
    qn_stage *stage = stage_of("univariate_feature_selector output_col=s feature_type=continuous "
                               "label_type=continuous selection_mode=fpr");
    QN_TEST_OK(fit_transform(stage, &frame, 7, &out));
    check_tests(stage, tests[1], 3);
    CHECK_VECTOR(out, "s", 0, 1002360, 1000212);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Features: floor(x / (5, 100, 10, 10)); label: murder > 8. R 4.2: chisq.test(correct = FALSE). */
static void test_chi2(void) {
    static const double tests[4][2] = {{33.766233766233761, 2.2195790509262772e-07},
                                       {27.436997526283243, 4.7674067337322236e-06},
                                       {5.5621146530237437, 0.47398132366095441},
                                       {16.576004404951771, 0.0023360852493604129}};
    static const double by[] = {5, 100, 10, 10};
    double features[200];
    int32_t label[50];
    qn_table frame, out;
    for (int i = 0; i < 200; i++)
        features[i] = floor(arrests[i] / by[i % 4]);
    for (int i = 0; i < 50; i++)
        label[i] = arrests[4 * i] > 8;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", features, 50, 4);
    frame_ints(&frame, "label", label, 50);
    qn_stage *stage = stage_of("univariate_feature_selector output_col=s feature_type=categorical "
                               "label_type=categorical selection_mode=fwe");
    QN_TEST_OK(fit_transform(stage, &frame, 7, &out));
    check_tests(stage, tests[0], 4);
    CHECK_VECTOR(out, "s", 0, 2, 2, 2);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* The p-values above are 2.2e-7, 4.8e-6, 0.47 and 0.0023; the limits are worked out by hand. */
static void test_modes(void) {
    static const struct {
        const char *mode, *threshold;
        int width;
    } modes[] = {{"num_top_features", "9", 4}, {"percentile", "0.74", 2}, {"fpr", "0.001", 2},
                 {"fdr", "0.0032", 3},         {"fdr", "0.003", 2},       {"fwe", "0.0094", 3},
                 {"fwe", "0.0093", 2}};
    static const double by[] = {5, 100, 10, 10};
    double features[200];
    int32_t label[50];
    qn_table frame, out;
    for (int i = 0; i < 200; i++)
        features[i] = floor(arrests[i] / by[i % 4]);
    for (int i = 0; i < 50; i++)
        label[i] = arrests[4 * i] > 8;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", features, 50, 4);
    frame_ints(&frame, "label", label, 50);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        qn_stage *stage = stage_of("univariate_feature_selector output_col=s "
                                   "feature_type=categorical label_type=categorical");
        QN_TEST_OK(qn_stage_set(stage, "selection_mode", modes[i].mode));
        QN_TEST_OK(qn_stage_set(stage, "selection_threshold", modes[i].threshold));
        QN_TEST_OK(fit_transform(stage, &frame, 7, &out));
        CU_ASSERT(out.schema.fields[2].width == modes[i].width);
        qn_table_clear(&out);
        qn_stage_free(stage);
    }
    qn_table_clear(&frame);
}

/* The same rows, dense and sparse, give the same tests. */
static void test_sparse(void) {
    enum { ROWS = 400, WIDTH = 6 };
    static const char *const types[] = {"feature_type=categorical label_type=categorical",
                                        "feature_type=continuous label_type=categorical",
                                        "feature_type=continuous label_type=continuous"};
    static double values[ROWS * WIDTH], label[ROWS];
    qn_column *column = NULL;
    qn_table dense, sparse, out;
    int32_t stored = 0;
    QN_TEST_OK(qn_column_new_sparse(&column, ROWS, WIDTH, ROWS * WIDTH));
    for (int32_t i = 0; i < ROWS * WIDTH; i++) {
        values[i] = i * i % 7 < 2 + i % WIDTH ? 0 : i * 31 % 5;
        if (values[i] != 0) {
            column->indices[stored] = i % WIDTH;
            column->f64[stored++] = values[i];
        }
        column->offsets[i / WIDTH + 1] = stored;
        label[i / WIDTH] = i / WIDTH % 3;
    }
    qn_table_init(&dense);
    qn_table_init(&sparse);
    frame_vectors(&dense, "features", values, ROWS, WIDTH);
    frame_add(&sparse, "features", column, NULL);
    frame_reals(&dense, "label", label, ROWS);
    frame_reals(&sparse, "label", label, ROWS);
    for (size_t i = 0; i < 3; i++) {
        char text[200];
        double tests[WIDTH][2];
        json_t *object = NULL;
        snprintf(text, sizeof text, "univariate_feature_selector output_col=s %s", types[i]);
        qn_stage *stage = stage_of(text);
        QN_TEST_OK(fit_transform(stage, &dense, 50, &out));
        qn_table_clear(&out);
        QN_TEST_OK(qn_stage_describe(stage, &object));
        for (size_t j = 0; j < WIDTH; j++) {
            const json_t *slot = json_array_get(json_object_get(object, "features"), j);
            tests[j][0] = json_real_value(json_object_get(slot, "statistic"));
            tests[j][1] = json_real_value(json_object_get(slot, "p_value"));
        }
        json_decref(object);
        QN_TEST_OK(fit_transform(stage, &sparse, 50, &out));
        check_tests(stage, tests[0], WIDTH);
        qn_table_clear(&out);
        qn_stage_free(stage);
    }
    qn_table_clear(&dense);
    qn_table_clear(&sparse);
}

/* A constant slot says nothing; one that the label determines says all. */
static void test_extremes(void) {
    static const double tests[3][2] = {{0, 1}, {0, 1}, {0, 1}};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){0.1, 7, 0.1, 7, 0.1, 9, 0.1, 9, 5, 5}, 5, 2);
    frame_null(&frame, 4);
    frame_reals(&frame, "y", (double[]){1, 1, 2, 2, 2}, 5);
    const char *const types[] = {"continuous", "categorical"};
    for (int i = 0; i < 2; i++) {
        qn_stage *stage = stage_of("univariate_feature_selector input_col=v output_col=s "
                                   "feature_type=continuous label_col=y selection_mode=fdr");
        QN_TEST_OK(qn_stage_set(stage, "label_type", types[i]));
        QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
        CHECK_VECTOR(out, "s", 0, 7);
        CU_ASSERT(isnan(value_at(&out, "s", 4, 0)));
        json_t *object = NULL;
        QN_TEST_OK(qn_stage_describe(stage, &object));
        const json_t *slot = json_array_get(json_object_get(object, "features"), 1);
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(slot, "statistic")), "Infinity");
        CU_ASSERT(json_real_value(json_object_get(slot, "p_value")) == 0);
        slot = json_array_get(json_object_get(object, "features"), 0);
        CU_ASSERT(json_real_value(json_object_get(slot, "statistic")) == tests[0][0]);
        CU_ASSERT(json_real_value(json_object_get(slot, "p_value")) == tests[0][1]);
        json_decref(object);
        qn_table_clear(&out);
        qn_stage_free(stage);
    }
    qn_table_clear(&frame);
}

static void test_too_many(void) {
    enum { ROWS = 10050 };
    static double values[ROWS * 2], label[ROWS];
    qn_table frame, out;
    for (int i = 0; i < ROWS; i++) {
        values[2 * i] = i % 3;
        values[2 * i + 1] = 0.5 * i;
        label[i] = i;
    }
    qn_table_init(&frame);
    frame_vectors(&frame, "features", values, ROWS, 2);
    frame_reals(&frame, "label", values, ROWS);
    frame_reals(&frame, "id", label, ROWS);
    for (int i = 0; i < ROWS; i++)
        frame.batches[0].columns[1]->f64[i] = i % 2;
    qn_stage *stage = stage_of("univariate_feature_selector output_col=s feature_type=categorical "
                               "label_type=categorical");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1000, &out), QN_DATA,
                  "slot '1' has more than 10000 distinct values: if it is continuous");
    QN_TEST_OK(qn_stage_set(stage, "label_col", "id"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1000, &out), QN_DATA,
                  "label column 'id' has more than 10000 distinct values");
    QN_TEST_OK(qn_stage_set(stage, "feature_type", "continuous"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1000, &out), QN_DATA,
                  "label column 'id' has more than 10000 distinct values");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){1, 2, 3, 4, 5, NAN}, 3, 2);
    frame_vectors(&frame, "w", (double[]){1, 2, 3}, 3, 1);
    frame_reals(&frame, "same", (double[]){1, 1, 1}, 3);
    frame_reals(&frame, "y", (double[]){1, NAN, 1}, 3);
    frame_texts(&frame, "word", (const char *[]){"a", "b", NULL}, 3);
    qn_stage *stage = stage_of("univariate_feature_selector input_col=v output_col=s label_col=y");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "feature_type is not set");
    QN_TEST_OK(qn_stage_set(stage, "feature_type", "categorical"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "label_type is not set");
    QN_TEST_OK(qn_stage_set(stage, "label_type", "continuous"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "there is no test of categorical");
    QN_TEST_OK(qn_stage_set(stage, "feature_type", "continuous"));
    QN_TEST_OK(qn_stage_set(stage, "selection_threshold", "2.5"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "must be a whole number");
    QN_TEST_OK(qn_stage_set(stage, "selection_mode", "fdr"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "must be at most 1");
    QN_TEST_OK(qn_stage_set(stage, "selection_threshold", "0"));
    QN_TEST_OK(qn_stage_set(stage, "label_col", "same"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "slot '1' of column 'v' is not finite at row 2");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "w"));
    QN_TEST_OK(qn_stage_set(stage, "label_col", "y"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "label column 'y' is not finite at row 1");
    QN_TEST_OK(qn_stage_set(stage, "label_col", "same"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "label column 'same' has one value in all 3 rows");
    QN_TEST_OK(qn_stage_set(stage, "label_col", "word"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "column 'word' is string, but must be a number or bool");
    QN_TEST_OK(qn_stage_set(stage, "label_type", "categorical"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "label column 'word' is null at row 2");
    QN_TEST_OK(qn_stage_set(stage, "label_col", "same"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "one value in all 3 rows");
    frame.batches[0].columns[2]->f64[0] = 0;
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "selection_mode fdr with threshold 0 chooses no slot; the smallest p-value is");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's example of analysis of variance", test_spark_anova},
    {"Spark's example of chi-squared tests, with a tie", test_spark_chi2},
    {"analysis of variance equals R's", test_anova},
    {"regression equals R's, far from zero, too", test_regression},
    {"chi-squared tests equal R's", test_chi2},
    {"modes of selection", test_modes},
    {"sparse vectors are tested like dense ones", test_sparse},
    {"constant and perfect slots, null vectors", test_extremes},
    {"too many categories", test_too_many},
    {"wrong columns, options and data are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("univariate_feature_selector", cases);
}
