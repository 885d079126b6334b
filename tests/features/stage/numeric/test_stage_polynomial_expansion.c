/* polynomial_expansion. Ranks: 1 2 */
#include "tests/features/stage/stage_data.h"

static void add_named(qn_table *frame, const char *name, const double *values, int64_t rows,
                      const char *const *names, int32_t width) {
    qn_attributes *attributes = NULL;
    qn_column *column = NULL;
    QN_TEST_OK(qn_attributes_new(&attributes, QN_ATTRIBUTE_VECTOR, names, width));
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, rows, width));
    memcpy(column->f64, values, (size_t)(rows * width) * sizeof *values);
    frame_add(frame, name, column, attributes);
    qn_attributes_release(attributes);
}

/* Spark 3 documentation, ML guide, "PolynomialExpansion". */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    add_named(&frame, "features", (double[]){2, 1, 0, 0, 3, -1}, 3, (const char *[]){"x", "y"}, 2);
    qn_stage *stage = stage_of("polynomial_expansion output_col=poly degree=3");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "poly", 0, 2, 4, 8, 1, 2, 4, 1, 2, 1);
    CHECK_VECTOR(out, "poly", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    CHECK_VECTOR(out, "poly", 2, 3, 9, 27, -1, -3, -9, 1, 3, -1);
    CHECK_NAMES(out, "poly", "x,x^2,x^3,y,x*y,x^2*y,y^2,x*y^2,y^3");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "degree", "1"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "poly", 2, 3, -1);
    CHECK_NAMES(out, "poly", "x,y");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* The expansion of (-2, 2.3, 0, 0 ...) in Spark's PolynomialExpansionSuite, degree 3, two slots of
 * three. */
static void test_suite(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "features", (double[]){-2, 2.3, 0, 0.6, -1.1, -3}, 2, 3);
    qn_stage *stage = stage_of("polynomial_expansion output_col=poly degree=3");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "poly", 0, -2, 4, -8, 2.3, -4.6, 9.2, 5.29, -10.58, 12.167, 0, 0, 0, 0, 0, 0,
                 0, 0, 0, 0);
    CHECK_VECTOR(out, "poly", 1, 0.6, 0.36, 0.216, -1.1, -0.66, -0.396, 1.21, 0.726, -1.331, -3,
                 -1.8, -1.08, 3.3, 1.98, -3.63, 9, 5.4, -9.9, -27);
    CHECK_NAMES(out, "poly",
                "features_0,features_0^2,features_0^3,features_1,features_0*features_1,"
                "features_0^2*features_1,features_1^2,features_0*features_1^2,features_1^3,"
                "features_2,features_0*features_2,features_0^2*features_2,features_1*features_2,"
                "features_0*features_1*features_2,features_1^2*features_2,features_2^2,"
                "features_0*features_2^2,features_1*features_2^2,features_2^3");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Sparse and dense give the same, also where a zero meets NaN. */
static void test_sparse(void) {
    enum { ROWS = 12, WIDTH = 6, DEGREE = 4, SLOTS = 209 }; /* C(10, 4) - 1 */
    qn_table frame, out, again;
    qn_column *column = NULL, *dense = NULL;
    int32_t stored = 0;
    QN_TEST_OK(qn_column_new_sparse(&column, ROWS, WIDTH, ROWS * WIDTH));
    for (int32_t i = 0; i < ROWS; i++) {
        for (int32_t s = i % 3; s < WIDTH; s += 1 + i % 4) {
            column->indices[stored] = s;
            column->f64[stored++] = i == 7 && s == 1 ? NAN : 0.3 * (i - s);
        }
        column->offsets[i + 1] = stored;
    }
    QN_TEST_OK(qn_column_densify(&dense, column));
    qn_table_init(&frame);
    frame_add(&frame, "s", column, NULL);
    frame_add(&frame, "v", dense, NULL);
    qn_stage *stage = stage_of("polynomial_expansion input_col=s output_col=y degree=4");
    QN_TEST_OK(fit_transform(stage, &frame, 5, &out));
    QN_TEST_OK(qn_stage_set(stage, "input_col", "v"));
    QN_TEST_OK(fit_transform(stage, &frame, 5, &again));
    CU_ASSERT(out.schema.fields[2].width == SLOTS);
    for (int64_t i = 0; i < ROWS; i++)
        for (int32_t s = 0; s < SLOTS; s++) {
            double a = value_at(&out, "y", i, s), b = value_at(&again, "y", i, s);
            CU_ASSERT(a == b || (isnan(a) && isnan(b)));
        }
    for (int64_t b = 0; b < out.batch_count; b++)
        CU_ASSERT(out.batches[b].columns[2]->indices != NULL);
    qn_table_clear(&out);
    qn_table_clear(&again);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_column *column = NULL;
    qn_table_init(&frame);
    QN_TEST_OK(qn_column_new_sparse(&column, 1, 262144, 1));
    frame_add(&frame, "v", column, NULL);
    qn_stage *stage = stage_of("polynomial_expansion input_col=v output_col=y");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "the 262144 slots of column 'v' have more than 16777216 products of up to 2");
    QN_TEST_FAILS(qn_stage_set(stage, "degree", "0"), QN_JOB, "degree");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example expands as documented", test_documented},
    {"three slots in Spark's order", test_suite},
    {"sparse vectors expand as dense ones", test_sparse},
    {"a result that is too wide is refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("polynomial_expansion", cases);
}
