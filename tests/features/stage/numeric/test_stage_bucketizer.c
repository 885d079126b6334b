/* bucketizer. Ranks: 1 2 3 */
#include "features/stage/numeric/buckets.h"
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "Bucketizer". */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){-999.9, -0.5, -0.3, 0.0, 0.2, 999.9}, 6);
    qn_stage *stage = stage_of("bucketizer input_col=x output_col=b splits=-inf,-0.5,0,0.5,inf");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "b", 0, 1, 1, 2, 2, 3);
    CHECK_NAMES(out, "b", "-inf, -0.5,-0.5, 0,0, 0.5,0.5, inf");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "splits", "-.inf, 0,.inf")); /* as YAML has them */
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "b", 0, 0, 0, 1, 1, 1);
    CHECK_NAMES(out, "b", "-inf, 0,0, inf");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* pyspark.ml.feature.Bucketizer, documented example: 0.1 0.4 1.2 1.5 NaN NaN with handleInvalid
 * "keep" give 0 0 1 2 3 3, with "skip" four rows are left. Nulls give null, or are skipped, too. */
static void test_invalid(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){0.1, 0.4, 1.2, 1.5, NAN, NAN, 0}, 7);
    frame_null(&frame, 6);
    qn_stage *stage =
        stage_of("bucketizer input_col=x output_col=b splits=-inf,0.5,1.4,inf handle_invalid=keep");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "b", 0, 0, 1, 2, 3, 3, NAN);
    CHECK_NAMES(out, "b", "-inf, 0.5,0.5, 1.4,1.4, inf,NaN");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "skip"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "b", 0, 0, 1, 2, -999, -999, -999);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "error"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_DATA,
                  "bucketizer: column 'x' is NaN at row 4 (counting from 0)");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* The last bucket has its upper end; what is outside is an error even if NaN is kept, but not in a
 * row that another column drops. */
static void test_outside(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "n", (int32_t[]){0, 5, 10, 11}, 4);
    frame_reals(&frame, "x", (double[]){1, 2, 3, NAN}, 4);
    qn_stage *stage = stage_of("bucketizer input_cols=n,x output_cols=a,b "
                               "splits_array=0;5;10,0;2;9 handle_invalid=keep");
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_DATA,
                  "bucketizer: column 'n' is 11 at row 3 (counting from 0), outside the splits, "
                  "which go from 0 to 10");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "skip"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "a", 0, 1, 1, -999);
    CHECK_COLUMN(out, "b", 0, 1, 1, -999);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* The search against the definition, for few and many splits, on and beside them. */
static void test_search(void) {
    enum { VALUES = 700 };
    static const int64_t counts[] = {3, 4, 8, 33, 34, 35, 66, 67, 100, 257, 1026};
    double values[VALUES], found[VALUES];
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        qn_splits splits = {counts[c], NULL};
        QN_TEST_OK(qn_mem_alloc(&splits.values, (size_t)splits.count, sizeof(double)));
        for (int64_t s = 0; s < splits.count; s++)
            splits.values[s] = (double)s;
        for (int i = 0; i < VALUES; i++)
            values[i] = i == 0   ? NAN
                        : i == 1 ? (double)splits.count - 1
                                 : (double)(i * 389 % (2 * (int)splits.count - 1)) / 2;
        qn_buckets_find(&splits, values, found, VALUES);
        for (int i = 0; i < VALUES; i++) {
            double expected = isnan(values[i]) ? 0 : floor(values[i]);
            expected = expected > (double)splits.count - 2 ? (double)splits.count - 2 : expected;
            CU_ASSERT(found[i] == expected);
        }
        qn_mem_free(splits.values);
    }
}

static void check_refused(const char *text, const char *message) {
    qn_table frame;
    static const char *const words[] = {"1"};
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){1}, 1);
    frame_texts(&frame, "word", words, 1);
    check_refused_on(&frame, text, QN_JOB, message);
    qn_table_clear(&frame);
}

static void test_refused(void) {
    check_refused("bucketizer input_col=word output_col=b splits=0,1,2",
                  "bucketizer: column 'word' is string, but must be numeric");
    check_refused("bucketizer input_col=x output_col=b", "set splits, or splits_array");
    check_refused("bucketizer input_col=x output_col=b splits=0,1", "needs at least 3 numbers");
    check_refused("bucketizer input_col=x output_col=b splits=0,2,2",
                  "splits must be ascending, but 2 is followed by 2");
    check_refused("bucketizer input_col=x output_col=b splits=0,nan,2",
                  "splits: 'nan' is not a number");
    check_refused("bucketizer input_col=x output_col=b splits_array=0;1;2,0;1;2",
                  "splits_array has 2 lists, but there are 1 columns");
    check_refused("bucketizer input_col=x output_col=b splits_array=0;1;2 splits=0,1,2",
                  "set splits or splits_array, not both");
}

static const qn_test_case cases[] = {
    {"Spark's documented example", test_documented},
    {"NaN stops, is kept or skipped, as PySpark documents it", test_invalid},
    {"values outside the splits are errors", test_outside},
    {"the search finds what the definition says", test_search},
    {"wrong types and splits are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("bucketizer", cases);
}
