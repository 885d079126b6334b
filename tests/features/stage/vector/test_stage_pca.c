/* pca. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"
#include "tests/features/stage/vector/arrests.h"

/* The example of Spark's PCA documentation. */
static const double points[] = {0, 1, 0, 7, 0, 2, 0, 3, 4, 5, 4, 0, 0, 6, 7};

static void close_to(double found, double expected, double tolerance, const char *file, int line) {
    char text[100];
    snprintf(text, sizeof text, "%.17g is not %.17g", found, expected);
    qn_test_check(fabs(found - expected) <= tolerance, file, line, text);
}
#define CLOSE(found, expected) close_to((found), (expected), 1e-13, __FILE__, __LINE__)

static double described(qn_stage *stage, const char *key, size_t i, int slot) {
    json_t *object = NULL;
    QN_TEST_OK(qn_stage_describe(stage, &object));
    const json_t *at = json_array_get(json_object_get(object, key), i);
    double value = json_real_value(slot < 0 ? at : json_array_get(at, (size_t)slot));
    json_decref(object);
    return value;
}

/* Spark 3.5 prints (1.6485728230883807, -4.013282700516296), (-4.645104331781534,
 * -1.1167972663619026), (-6.428880535676489, -5.337951427775355); the first direction's largest
 * component is negative there. The shares are those of scikit-learn 1.9. */
static void test_spark(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", points, 3, 5);
    qn_stage *stage = stage_of("pca input_col=features output_col=p k=2");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    static const double expected[3][2] = {{-1.6485728230883807, -4.013282700516296},
                                          {4.645104331781534, -1.1167972663619026},
                                          {6.428880535676489, -5.337951427775355}};
    for (int64_t i = 0; i < 3; i++)
        for (int32_t k = 0; k < 2; k++)
            CLOSE(value_at(&out, "p", i, k), expected[i][k]);
    CHECK_NAMES(out, "p", "pc1,pc2");
    CLOSE(described(stage, "explained_variance", 0, -1), 0.7943932532230531);
    CLOSE(described(stage, "explained_variance", 1, -1), 0.20560674677694687);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Expected: R 4.2's prcomp(USArrests), signs fixed. */
static void test_arrests(void) {
    static const double rotation[4][4] = {
        {0.041704320628287189, 0.995221281426496684, 0.046335746119711009, 0.075155500585547069},
        {-0.044821656269670038, -0.058760027857223042, 0.976857479909889470, 0.200718066450336519},
        {0.079890659420810778, -0.067569735083804372, -0.200546287353865094, 0.974080592182491767},
        {0.994921731246978469, -0.038938297635160025, 0.058169143058931783, -0.072325019637609775}};
    static const double shares[] = {0.96553422056688242847, 0.02781733663217494934,
                                    0.00579953492234190973, 0.00084890787860071235};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", arrests, 50, 4);
    qn_stage *stage = stage_of("pca output_col=p k=4");
    QN_TEST_OK(fit_transform(stage, &frame, 7, &out));
    for (size_t i = 0; i < 4; i++) {
        CLOSE(described(stage, "explained_variance", i, -1), shares[i]);
        for (int j = 0; j < 4; j++)
            CLOSE(described(stage, "components", i, j), rotation[i][j]);
    }
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Whole numbers plus 10^7 have the same covariance to the last bit. */
static void test_large_means(void) {
    enum { ROWS = 1000, WIDTH = 9 };
    static double values[ROWS * WIDTH];
    qn_table frame, far, out;
    for (int64_t i = 0; i < ROWS * WIDTH; i++)
        values[i] = (double)((i * i * 7919 + i / 7) % (11 + i % WIDTH)) / 8;
    qn_table_init(&frame);
    qn_table_init(&far);
    frame_vectors(&frame, "features", values, ROWS, WIDTH);
    for (int64_t i = 0; i < ROWS * WIDTH; i++)
        values[i] += 1e7;
    frame_vectors(&far, "features", values, ROWS, WIDTH);
    qn_stage *near_zero = stage_of("pca output_col=p k=9"),
             *away = stage_of("pca output_col=p k=9");
    QN_TEST_OK(fit_transform(near_zero, &frame, 70, &out));
    qn_table_clear(&out);
    QN_TEST_OK(fit_transform(away, &far, 70, &out));
    qn_table_clear(&out);
    for (size_t i = 0; i < WIDTH; i++)
        for (int j = 0; j < WIDTH; j++)
            CLOSE(described(away, "components", i, j), described(near_zero, "components", i, j));
    qn_table_clear(&frame);
    qn_table_clear(&far);
    qn_stage_free(near_zero);
    qn_stage_free(away);
}

/* The same rows, sparse and dense, and a null among them. */
static void test_sparse(void) {
    qn_table dense, sparse, out_dense, out_sparse;
    qn_column *column = NULL;
    qn_table_init(&dense);
    qn_table_init(&sparse);
    frame_vectors(&dense, "features", points, 3, 5);
    QN_TEST_OK(qn_column_new_sparse(&column, 4, 5, 8));
    memcpy(column->offsets, (int32_t[]){0, 2, 2, 5, 8}, 5 * sizeof(int32_t));
    memcpy(column->indices, (int32_t[]){1, 3, 0, 2, 3, 0, 3, 4}, 8 * sizeof(int32_t));
    memcpy(column->f64, (double[]){1, 7, 2, 3, 4, 4, 6, 7}, 8 * sizeof(double));
    column->offsets[3] = 5;
    QN_TEST_OK(qn_column_set_null(column, 1));
    frame_add(&sparse, "features", column, NULL);
    qn_batch *batch = &sparse.batches[0];
    CU_ASSERT(batch->columns[0]->indices != NULL);
    qn_stage *stage = stage_of("pca output_col=p k=3");
    QN_TEST_OK(fit_transform(stage, &sparse, 2, &out_sparse));
    QN_TEST_OK(transform_frame(stage, &dense, 2, &out_dense));
    CHECK_VECTOR(out_sparse, "p", 0, value_at(&out_dense, "p", 0, 0),
                 value_at(&out_dense, "p", 0, 1), value_at(&out_dense, "p", 0, 2));
    CU_ASSERT(isnan(value_at(&out_sparse, "p", 1, 0)));
    CLOSE(value_at(&out_sparse, "p", 3, 1), value_at(&out_sparse, "p", 3, 1));
    qn_table_clear(&out_dense);
    qn_table_clear(&out_sparse);
    qn_table_clear(&dense);
    qn_table_clear(&sparse);
    qn_stage_free(stage);
}

static void test_constant(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){7, 1e300, 7, 1e300}, 2, 2);
    qn_stage *stage = stage_of("pca output_col=p k=1");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "too large to be squared");
    qn_table_clear(&frame);
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){7, 1, 7, 1}, 2, 2);
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CU_ASSERT(described(stage, "explained_variance", 0, -1) == 0);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){1, 2, 3, 4, NAN, 6}, 3, 2);
    frame_reals(&frame, "x", (double[]){1, 2, 3}, 3);
    qn_stage *stage = stage_of("pca");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "pca: k is not set");
    QN_TEST_FAILS(qn_stage_set(stage, "k", "0"), QN_JOB, "k");
    QN_TEST_OK(qn_stage_set(stage, "k", "2"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "output_col is not set");
    QN_TEST_OK(qn_stage_set(stage, "output_col", "p"));
    QN_TEST_OK(qn_stage_set(stage, "k", "3"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "k is 3, but column 'features' has only 2 slots");
    QN_TEST_OK(qn_stage_set(stage, "k", "2"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "slot '0' of column 'features' is not finite at row 2");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "x"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "column 'x' is float64, but must be a vector");
    qn_table_clear(&frame);
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){1, 2}, 1, 2);
    QN_TEST_OK(qn_stage_set(stage, "input_col", "v"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "a covariance needs two");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"the example of Spark's documentation", test_spark},
    {"components and shares equal R's", test_arrests},
    {"large means lose nothing", test_large_means},
    {"sparse vectors, and null ones", test_sparse},
    {"no variance at all", test_constant},
    {"wrong columns, options and data are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("pca", cases);
}
