/* vector_slicer, elementwise_product and vector_size_hint. Ranks: 1 2 3 */
#include "features/pipeline.h"
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "VectorSlicer": slots f1, f2, f3; index 1 and name f3. */
static void test_slicer(void) {
    qn_table frame, out;
    qn_attributes *attributes = NULL;
    qn_column *sparse = NULL, *dense = NULL;
    qn_table_init(&frame);
    QN_TEST_OK(
        qn_attributes_new(&attributes, QN_ATTRIBUTE_VECTOR, (const char *[]){"f1", "f2", "f3"}, 3));
    QN_TEST_OK(qn_column_new_sparse(&sparse, 2, 3, 5));
    memcpy(sparse->offsets, (int32_t[]){0, 2, 5}, 3 * sizeof(int32_t));
    memcpy(sparse->indices, (int32_t[]){0, 1, 0, 1, 2}, 5 * sizeof(int32_t));
    memcpy(sparse->f64, (double[]){-2, 2.3, 7, 8, 9}, 5 * sizeof(double));
    QN_TEST_OK(qn_column_densify(&dense, sparse));
    frame_add(&frame, "s", sparse, attributes);
    frame_add(&frame, "v", dense, attributes);
    qn_attributes_release(attributes);
    qn_stage *stage = stage_of("vector_slicer input_col=s output_col=y indices=1 names=f3");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "y", 0, 2.3, 0);
    CHECK_VECTOR(out, "y", 1, 8, 9);
    CHECK_NAMES(out, "y", "f2,f3");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "input_col", "v"));
    QN_TEST_OK(qn_stage_set(stage, "indices", "2,0"));
    QN_TEST_OK(qn_stage_set(stage, "names", "f2"));
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "y", 1, 9, 7, 8);
    CHECK_NAMES(out, "y", "f3,f1,f2");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_slicer_refused(void) {
    qn_table frame, out;
    qn_attributes *attributes = NULL;
    qn_column *column = NULL;
    qn_table_init(&frame);
    QN_TEST_OK(
        qn_attributes_new(&attributes, QN_ATTRIBUTE_VECTOR, (const char *[]){"age", "income"}, 2));
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, 1, 2));
    frame_add(&frame, "v", column, attributes);
    qn_attributes_release(attributes);
    frame_vectors(&frame, "bare", (double[]){1, 2}, 1, 2);
    qn_stage *stage = stage_of("vector_slicer input_col=v output_col=y");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "set indices, names or both");
    QN_TEST_OK(qn_stage_set(stage, "indices", "0,2"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "indices: 2 is none of the 2 slots of column 'v' (0 to 1)");
    QN_TEST_OK(qn_stage_set(stage, "indices", "-1"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "'-1' is not a slot number");
    QN_TEST_OK(qn_stage_set(stage, "indices", "0"));
    QN_TEST_OK(qn_stage_set(stage, "names", "age"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "indices and names take slot 0 of column 'v' twice");
    QN_TEST_OK(qn_stage_set(stage, "names", "incom"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "column 'v' has no slot 'incom'");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'income'?");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "bare"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "the slots of column 'bare' have no names; use indices");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Spark 3 documentation, ML guide, "ElementwiseProduct". */
static void test_product(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){1, 2, 3, 4, 5, 6, 0, 0, 0}, 3, 3);
    frame_null(&frame, 2);
    qn_stage *stage = stage_of("elementwise_product input_col=v output_col=y scaling_vec=0,1,2");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "y", 0, 0, 2, 6);
    CHECK_VECTOR(out, "y", 1, 0, 5, 12);
    CHECK_VECTOR(out, "y", 2, NAN, NAN, NAN);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "scaling_vec", "1,2"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "column 'v' has 3 slots, but scaling_vec has 2 numbers");
    QN_TEST_OK(qn_stage_set(stage, "scaling_vec", "1,two,3"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "two");
    qn_stage_free(stage);
    stage = stage_of("elementwise_product input_col=v output_col=y");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "scaling_vec is not set");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_hint(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){1, 2, 0, 0, 3, 4}, 3, 2);
    frame_null(&frame, 1);
    qn_stage *stage = stage_of("vector_size_hint input_col=v size=2");
    QN_TEST_FAILS(fit_transform(stage, &frame, 3, &out), QN_DATA,
                  "column 'v' is null at row 1 (counting from 0)");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "skip"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "v", 0, 1, 2);
    CHECK_VECTOR(out, "v", 1, -999, -999);
    CHECK_VECTOR(out, "v", 2, 3, 4);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "optimistic"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "v", 1, NAN, NAN);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "size", "3"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB,
                  "column 'v' has 2 slots, but size is 3");
    QN_TEST_FAILS(qn_stage_set(stage, "size", "0"), QN_JOB, "size");
    qn_stage_free(stage);
    stage = stage_of("vector_size_hint input_col=v");
    QN_TEST_FAILS(fit_transform(stage, &frame, 2, &out), QN_JOB, "size is not set");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Before its fit, a one_hot_encoder's width is not known: the hint says it, so that the stages
 * behind are checked without data, and names its slots for nobody. */
static void test_hint_unfitted(void) {
    qn_table frame;
    qn_stage *pipeline = NULL;
    qn_schema schema;
    qn_table_init(&frame);
    frame_ints(&frame, "k", (int32_t[]){0, 1, 2}, 3);
    qn_stage *stages[] = {stage_of("one_hot_encoder input_col=k output_col=v drop_last=false"),
                          stage_of("vector_size_hint input_col=v size=3"),
                          stage_of("vector_assembler input_cols=k,v output_col=all")};
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 3));
    qn_schema_init(&schema);
    QN_TEST_OK(qn_stage_bind(pipeline, &frame.schema, &schema));
    CU_ASSERT(schema.fields[qn_schema_find(&schema, "all")].width == 4);
    qn_schema_clear(&schema);
    qn_stage_free(pipeline);
    qn_table_clear(&frame);
}

static const qn_test_case cases[] = {
    {"Spark's documented slices, sparse and dense", test_slicer},
    {"slots that are missing, named twice or unknown are refused", test_slicer_refused},
    {"Spark's documented product; other lengths are refused", test_product},
    {"a hint checks the width and handles nulls", test_hint},
    {"a hint says the width before the fit", test_hint_unfitted},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("vector_slicer", cases);
}
