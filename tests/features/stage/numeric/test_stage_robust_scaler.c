/* robust_scaler. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* The data and results of Spark's RobustScalerSuite: medians 2 and -2, ranges 2 and 2. */
static const double points[] = {0, 0, 1, -1, 2, -2, 3, -3, 4, -4};

static void test_suite(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", points, 5, 2);
    qn_stage *stage = stage_of("robust_scaler output_col=scaled with_centering=true");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "scaled", 0, -1, 1);
    CHECK_VECTOR(out, "scaled", 1, -0.5, 0.5);
    CHECK_VECTOR(out, "scaled", 2, 0, 0);
    CHECK_VECTOR(out, "scaled", 4, 1, -1);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "with_scaling", "false"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "scaled", 0, -2, 2);
    CHECK_VECTOR(out, "scaled", 4, 2, -2);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "with_scaling", "true"));
    QN_TEST_OK(qn_stage_set(stage, "with_centering", "false"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "scaled", 0, 0, 0);
    CHECK_VECTOR(out, "scaled", 4, 2, -2);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* 101 values (7 i mod 101) / 10: numpy 2, np.quantile(x, [0.1, 0.5, 0.9], method="inverted_cdf")
 * gives 1.0, 5.0 and 9.0. Slot 1 is constant, slot 2 holds NaN in every second row: of its 51
 * values the quantiles are 1.1, 5.2 and 9.2. */
static void test_quantiles(void) {
    enum { ROWS = 101 };
    double values[3 * ROWS];
    qn_table frame, out;
    qn_table_init(&frame);
    for (int i = 0; i < ROWS; i++) {
        values[3 * i] = (7 * i % 101) / 10.0;
        values[3 * i + 1] = 4;
        values[3 * i + 2] = i % 2 == 0 ? (7 * i % 101) / 10.0 : NAN;
    }
    frame_vectors(&frame, "features", values, ROWS, 3);
    qn_stage *stage =
        stage_of("robust_scaler output_col=scaled with_centering=true lower=0.1 upper=0.9");
    QN_TEST_OK(fit_transform(stage, &frame, 10, &out));
    CHECK_VECTOR(out, "scaled", 10, (7.0 - 5.0) * (1 / (9.0 - 1.0)), 0,
                 (7.0 - 5.2) * (1 / (9.2 - 1.1)));
    CHECK_VECTOR(out, "scaled", 11, (7.7 - 5.0) * (1 / (9.0 - 1.0)), 0, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Sparse rows and the same rows dense have the same quantiles: zeros count, null rows do not. */
static void test_sparse(void) {
    enum { ROWS = 60, WIDTH = 11 };
    qn_table frame, out, again;
    qn_column *column = NULL, *dense = NULL;
    int32_t stored = 0;
    QN_TEST_OK(qn_column_new_sparse(&column, ROWS, WIDTH, ROWS * WIDTH));
    for (int32_t i = 0; i < ROWS; i++) {
        for (int32_t s = 0; s < WIDTH; s++)
            if ((i * s) % 4 == 1) {
                column->indices[stored] = s;
                column->f64[stored++] = (i * 13 + s) % 29 - 14;
            }
        column->offsets[i + 1] = stored;
    }
    QN_TEST_OK(qn_column_densify(&dense, column));
    qn_table_init(&frame);
    frame_add(&frame, "s", column, NULL);
    frame_add(&frame, "v", dense, NULL);
    qn_stage *stage = stage_of("robust_scaler input_col=s output_col=y lower=0.02 upper=0.98");
    QN_TEST_OK(fit_transform(stage, &frame, 7, &out));
    QN_TEST_OK(qn_stage_set(stage, "input_col", "v"));
    QN_TEST_OK(fit_transform(stage, &frame, 7, &again));
    for (int64_t i = 0; i < ROWS; i += 7)
        for (int32_t s = 0; s < WIDTH; s++) {
            CU_ASSERT(value_at(&out, "y", i, s) == value_at(&again, "y", i, s));
            CU_ASSERT(value_at(&out, "y", i, s) == 0 || (i * s) % 4 == 1);
        }
    qn_table_clear(&out);
    qn_table_clear(&again);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){1, NAN, 2, NAN}, 2, 2);
    qn_stage *stage = stage_of("robust_scaler input_col=v output_col=y");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "robust_scaler: slot 1 (counting from 0) of column 'v' has no value but NaN");
    frame.batches[0].columns[0]->f64[3] = INFINITY;
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "reaches from inf to inf");
    QN_TEST_OK(qn_stage_set(stage, "lower", "0.9"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "lower is 0.9, which must be less than upper, 0.75");
    QN_TEST_FAILS(qn_stage_set(stage, "upper", "1"), QN_JOB, "upper");
    QN_TEST_FAILS(qn_stage_set(stage, "relative_error", "-0.1"), QN_JOB, "relative_error");
    qn_table_clear(&frame);
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){0}, 0, 2);
    QN_TEST_OK(qn_stage_set(stage, "lower", "0.1"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "there is no row to fit");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"the example of Spark's suite", test_suite},
    {"quantiles are numpy's inverted_cdf, NaN ignored", test_quantiles},
    {"sparse vectors scale as dense ones", test_sparse},
    {"slots without a range and wrong quantiles are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("robust_scaler", cases);
}
