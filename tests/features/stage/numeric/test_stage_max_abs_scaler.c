/* max_abs_scaler. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "MaxAbsScaler". */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){1, 0.1, -8, 2, 1, -4, 4, 10, 8}, 3, 3);
    qn_stage *stage = stage_of("max_abs_scaler input_col=features output_col=scaled");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "scaled", 0, 0.25, 0.01, -1);
    CHECK_VECTOR(out, "scaled", 1, 0.5, 0.1, -0.5);
    CHECK_VECTOR(out, "scaled", 2, 1, 1, 1);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Slot 1 holds zeros only; NaN passes; rows stay sparse. scikit-learn 1.9's MaxAbsScaler agrees. */
static void test_sparse(void) {
    qn_table frame, out;
    qn_column *column = NULL;
    qn_table_init(&frame);
    QN_TEST_OK(qn_column_new_sparse(&column, 4, 3, 5));
    memcpy(column->offsets, (int32_t[]){0, 1, 3, 3, 5}, 5 * sizeof(int32_t));
    memcpy(column->indices, (int32_t[]){0, 0, 2, 1, 2}, 5 * sizeof(int32_t));
    memcpy(column->f64, (double[]){-4, 2, 5, 0, NAN}, 5 * sizeof(double));
    frame_add(&frame, "features", column, NULL);
    qn_stage *stage = stage_of("max_abs_scaler output_col=scaled");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    for (int64_t b = 0; b < out.batch_count; b++)
        CU_ASSERT(out.batches[b].columns[1]->indices != NULL);
    CHECK_VECTOR(out, "scaled", 0, -1, 0, 0);
    CHECK_VECTOR(out, "scaled", 1, 0.5, 0, 1);
    CHECK_VECTOR(out, "scaled", 2, 0, 0, 0);
    CHECK_VECTOR(out, "scaled", 3, 0, 0, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){1e308, NAN, -1e308, NAN}, 2, 2);
    qn_stage *stage = stage_of("max_abs_scaler input_col=v output_col=y");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "slot 1 (counting from 0) of column 'v' has no value but NaN");
    frame.batches[0].columns[0]->f64[1] = -INFINITY;
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "slot 1 (counting from 0) of column 'v' reaches from -inf to -inf");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example scales as documented", test_documented},
    {"sparse vectors stay sparse, zeros and NaN stay", test_sparse},
    {"slots without a finite value are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("max_abs_scaler", cases);
}
