/* binarizer. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "Binarizer": threshold 0.5. A null stays one, NaN is not above
 * anything. */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "feature", (double[]){0.1, 0.8, 0.2, NAN, 0, INFINITY}, 6);
    frame_null(&frame, 4);
    qn_stage *stage = stage_of("binarizer input_col=feature output_col=b threshold=0.5");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "b", 0, 1, 0, 0, NAN, 1);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* scikit-learn 1.5, Binarizer(threshold=1.1) of [[1, -1, 2], [2, 0, 0], [0, 1, -1]]. */
static void test_vectors(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){1, -1, 2, 2, 0, 0, 0, 1, -1}, 3, 3);
    frame_vectors(&frame, "w", (double[]){1, -1, 2, 2, 0, 0, 0, 1, -1}, 3, 3);
    frame_null(&frame, 2);
    qn_stage *stage = stage_of("binarizer input_cols=v,w output_cols=a,b thresholds=1.1,-0.5");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "a", 0, 0, 0, 1);
    CHECK_VECTOR(out, "a", 1, 1, 0, 0);
    CHECK_VECTOR(out, "a", 2, 0, 0, 0);
    CHECK_VECTOR(out, "b", 0, 1, 0, 1);
    CHECK_VECTOR(out, "b", 2, NAN, NAN, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static qn_column *sparse_rows(void) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new_sparse(&column, 2, 4, 3));
    memcpy(column->offsets, (int32_t[]){0, 2, 3}, 3 * sizeof(int32_t));
    memcpy(column->indices, (int32_t[]){0, 3, 2}, 3 * sizeof(int32_t));
    memcpy(column->f64, (double[]){0.4, 2, -1}, 3 * sizeof(double));
    return column;
}

/* Spark: sparse stays sparse unless the threshold is negative, when zeros become ones. */
static void test_sparse(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_add(&frame, "s", sparse_rows(), NULL);
    qn_stage *stage = stage_of("binarizer input_cols=s,s output_cols=a,b thresholds=0.5,-0.5");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "a", 0, 0, 0, 0, 1);
    CHECK_VECTOR(out, "a", 1, 0, 0, 0, 0);
    CHECK_VECTOR(out, "b", 0, 1, 1, 1, 1);
    CHECK_VECTOR(out, "b", 1, 1, 1, 0, 1);
    for (int64_t b = 0; b < out.batch_count; b++) {
        CU_ASSERT(out.batches[b].columns[1]->indices != NULL);
        CU_ASSERT(out.batches[b].columns[2]->indices == NULL);
    }
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    static const char *const words[] = {"x"};
    qn_table frame;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){1}, 1);
    frame_texts(&frame, "word", words, 1);
    check_refused_on(&frame, "binarizer input_col=word output_col=b", QN_JOB,
                     "binarizer: column 'word' is string, but must be numeric or a vector");
    check_refused_on(&frame, "binarizer input_col=y output_col=b", QN_JOB, "'y'");
    check_refused_on(&frame, "binarizer input_col=x output_col=b thresholds=1,2", QN_JOB,
                     "thresholds has 2 numbers, but there are 1 columns");
    check_refused_on(&frame, "binarizer input_col=x output_col=b thresholds=one", QN_JOB,
                     "thresholds: 'one' is not a number");
    check_refused_on(&frame, "binarizer input_col=x output_col=b thresholds=1 threshold=2", QN_JOB,
                     "set threshold or thresholds, not both");
    qn_table_clear(&frame);
}

static const qn_test_case cases[] = {
    {"Spark's documented example", test_documented},
    {"vectors as scikit-learn has them", test_vectors},
    {"sparse vectors stay sparse for thresholds from 0 on", test_sparse},
    {"wrong types and thresholds are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("binarizer", cases);
}
