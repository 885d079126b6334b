/* normalizer. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "Normalizer": p = 1 and infinity; p = 2 and 3 from numpy 2,
 * x / np.linalg.norm(x, p). */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){1, 0.5, -1, 2, 1, 1, 4, 10, 2, 0, 0, 0}, 4, 3);
    qn_stage *stage = stage_of("normalizer input_col=features output_col=y p=1");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "y", 0, 0.4, 0.2, -0.4);
    CHECK_VECTOR(out, "y", 1, 0.5, 0.25, 0.25);
    CHECK_VECTOR(out, "y", 2, 0.25, 0.625, 0.125);
    CHECK_VECTOR(out, "y", 3, 0, 0, 0);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "p", "inf"));
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "y", 0, 1, 0.5, -1);
    CHECK_VECTOR(out, "y", 2, 0.4, 1, 0.2);
    CHECK_VECTOR(out, "y", 3, 0, 0, 0);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "p", "2"));
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "y", 0, 0.6666666666666666, 0.3333333333333333, -0.6666666666666666);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "p", "3"));
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "y", 1, 0.928317766722556, 0.464158883361278, 0.464158883361278);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Squares that overflow or vanish: (3, 4) times powers of two. */
static void test_extremes(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features",
                  (double[]){0x3p1000, 0x4p1000, 0x3p-1000, 0x4p-1000, INFINITY, 1, NAN, 1}, 4, 2);
    qn_stage *stage = stage_of("normalizer output_col=y");
    QN_TEST_OK(fit_transform(stage, &frame, 4, &out));
    CHECK_VECTOR(out, "y", 0, 0.6, 0.8);
    CHECK_VECTOR(out, "y", 1, 0.6, 0.8);
    CHECK_VECTOR(out, "y", 2, NAN, 0);
    CHECK_VECTOR(out, "y", 3, NAN, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* The same bits for sparse rows as for dense ones. */
static void test_sparse(void) {
    enum { ROWS = 30, WIDTH = 37 };
    qn_table frame, out, again;
    qn_column *column = NULL, *dense = NULL;
    int32_t stored = 0;
    QN_TEST_OK(qn_column_new_sparse(&column, ROWS, WIDTH, ROWS * WIDTH));
    for (int32_t i = 0; i < ROWS; i++) {
        for (int32_t s = i % 3; s < WIDTH; s += 1 + i % 5) {
            column->indices[stored] = s;
            column->f64[stored++] = 0.1 * (i + 1) * (s - 11);
        }
        column->offsets[i + 1] = stored;
    }
    QN_TEST_OK(qn_column_densify(&dense, column));
    qn_table_init(&frame);
    frame_add(&frame, "s", column, NULL);
    frame_add(&frame, "v", dense, NULL);
    qn_stage *stage = stage_of("normalizer input_col=s output_col=y");
    QN_TEST_OK(fit_transform(stage, &frame, 7, &out));
    for (int64_t b = 0; b < out.batch_count; b++)
        CU_ASSERT(out.batches[b].columns[2]->indices != NULL);
    QN_TEST_OK(qn_stage_set(stage, "input_col", "v"));
    QN_TEST_OK(fit_transform(stage, &frame, 7, &again));
    for (int64_t i = 0; i < ROWS; i += 4)
        for (int32_t s = 0; s < WIDTH; s++)
            CU_ASSERT(value_at(&out, "y", i, s) == value_at(&again, "y", i, s));
    qn_table_clear(&out);
    qn_table_clear(&again);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_stage *stage = stage_of("normalizer output_col=y");
    QN_TEST_FAILS(qn_stage_set(stage, "p", "0.5"), QN_JOB, "[1,inf]");
    QN_TEST_FAILS(qn_stage_set(stage, "p", "nan"), QN_JOB, "[1,inf]");
    QN_TEST_FAILS(qn_stage_set(stage, "p", "-.inf"), QN_JOB, "[1,inf]");
    QN_TEST_OK(qn_stage_set(stage, "p", ".inf")); /* as YAML writes it */
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example is normalized as documented", test_documented},
    {"norms neither overflow nor vanish", test_extremes},
    {"sparse rows have the bits of dense ones", test_sparse},
    {"other norms are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("normalizer", cases);
}
