/* interaction. Ranks: 1 2 */
#include "features/pipeline.h"
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "Interaction": the first, second and last of its rows. */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "id1", (int32_t[]){1, 2, 6}, 3);
    frame_vectors(&frame, "vec1", (double[]){1, 2, 3, 4, 3, 8, 1, 1, 4}, 3, 3);
    frame_vectors(&frame, "vec2", (double[]){8, 4, 5, 7, 9, 8, 9, 4, 5}, 3, 3);
    qn_stage *stage = stage_of("interaction input_cols=id1,vec1,vec2 output_col=y");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "y", 0, 8, 4, 5, 16, 8, 10, 24, 12, 15);
    CHECK_VECTOR(out, "y", 1, 56, 72, 64, 42, 54, 48, 112, 144, 128);
    CHECK_VECTOR(out, "y", 2, 54, 24, 30, 54, 24, 30, 216, 96, 120);
    CHECK_NAMES(out, "y",
                "id1:vec1_0:vec2_0,id1:vec1_0:vec2_1,id1:vec1_0:vec2_2,id1:vec1_1:vec2_0,"
                "id1:vec1_1:vec2_1,id1:vec1_1:vec2_2,id1:vec1_2:vec2_0,id1:vec1_2:vec2_1,"
                "id1:vec1_2:vec2_2");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void add_nominal(qn_table *frame, const char *name, const double *values, int64_t rows,
                        const char *const *names, int32_t count) {
    qn_attributes *attributes = NULL;
    qn_column *column = NULL;
    QN_TEST_OK(qn_attributes_new(&attributes, QN_ATTRIBUTE_NOMINAL, names, count));
    QN_TEST_OK(qn_column_new(&column, QN_FLOAT64, rows, 0));
    memcpy(column->f64, values, (size_t)rows * sizeof *values);
    frame_add(frame, name, column, attributes);
    qn_attributes_release(attributes);
}

/* Spark's InteractionSuite, "nominal interaction": a of (up, down, left), b of (foo, bar); a second
 * category slot in a vector. */
static void test_nominal(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    add_nominal(&frame, "a", (double[]){2, 1}, 2, (const char *[]){"up", "down", "left"}, 3);
    add_nominal(&frame, "b", (double[]){1, 0}, 2, (const char *[]){"foo", "bar"}, 2);
    qn_stage *stage = stage_of("interaction input_cols=a,b output_col=y");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_VECTOR(out, "y", 0, 0, 0, 0, 0, 0, 1);
    CHECK_VECTOR(out, "y", 1, 0, 0, 1, 0, 0, 0);
    CHECK_NAMES(out, "y",
                "a=up:b=foo,a=up:b=bar,a=down:b=foo,a=down:b=bar,a=left:b=foo,a=left:b=bar");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* A sparse vector whose slot 0 holds categories: its implicit zeros are category 0. */
static void test_slots(void) {
    qn_table frame, out;
    qn_attributes *attributes = NULL, *nominal = NULL;
    qn_column *column = NULL, *flag = NULL;
    qn_table_init(&frame);
    QN_TEST_OK(qn_attributes_new(&attributes, QN_ATTRIBUTE_VECTOR, (const char *[]){"c", "x"}, 2));
    QN_TEST_OK(qn_attributes_new(&nominal, QN_ATTRIBUTE_NOMINAL, (const char *[]){"no", "yes"}, 2));
    QN_TEST_OK(qn_attributes_set_slot(attributes, 0, nominal));
    QN_TEST_OK(qn_column_new_sparse(&column, 3, 2, 3));
    memcpy(column->offsets, (int32_t[]){0, 1, 2, 3}, 4 * sizeof(int32_t));
    memcpy(column->indices, (int32_t[]){0, 1, 1}, 3 * sizeof(int32_t));
    memcpy(column->f64, (double[]){1, 2.5, 4}, 3 * sizeof(double));
    frame_add(&frame, "v", column, attributes);
    QN_TEST_OK(qn_column_new(&flag, QN_BOOL, 3, 0));
    qn_bit_set(flag->bits, 0);
    qn_bit_set(flag->bits, 1);
    frame_add(&frame, "flag", flag, NULL);
    qn_stage *stage = stage_of("interaction input_cols=v,flag output_col=y");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "y", 0, 0, 1, 0);
    CHECK_VECTOR(out, "y", 1, 1, 0, 2.5);
    CHECK_VECTOR(out, "y", 2, 0, 0, 0);
    CHECK_NAMES(out, "y", "v_c=no:flag,v_c=yes:flag,v_x:flag");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_attributes_release(nominal);
    qn_attributes_release(attributes);
    qn_stage_free(stage);
}

/* Behind a string_indexer the width is known only after its fit. */
static void test_pipeline(void) {
    qn_table frame, out;
    qn_stage *pipeline = NULL;
    qn_schema schema;
    qn_table_init(&frame);
    frame_texts(&frame, "cut", (const char *const[]){"Good", "Ideal", "Ideal"}, 3);
    frame_reals(&frame, "carat", (double[]){0.5, 0.25, 0}, 3);
    qn_stage *stages[] = {stage_of("string_indexer input_col=cut output_col=index"),
                          stage_of("interaction input_cols=carat,index output_col=both"),
                          stage_of("vector_slicer input_col=both output_col=y indices=1")};
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 3));
    qn_schema_init(&schema);
    QN_TEST_OK(qn_stage_bind(pipeline, &frame.schema, &schema));
    CU_ASSERT(schema.fields[qn_schema_find(&schema, "both")].width == 0);
    qn_schema_clear(&schema);
    QN_TEST_OK(fit_transform(pipeline, &frame, 2, &out));
    CHECK_VECTOR(out, "both", 0, 0, 0.5);
    CHECK_VECTOR(out, "both", 1, 0.25, 0);
    CHECK_VECTOR(out, "y", 0, 0.5);
    CHECK_NAMES(out, "both", "carat:cut=Ideal,carat:cut=Good");
    CHECK_NAMES(out, "y", "carat:cut=Good");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "word", (const char *const[]){"x", "y"}, 2);
    frame_reals(&frame, "x", (double[]){1, 2}, 2);
    frame_null(&frame, 1);
    add_nominal(&frame, "k", (double[]){1, 2}, 2, (const char *[]){"up", "down"}, 2);
    qn_stage *stage = stage_of("interaction output_col=y");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "input_cols is not set");
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "x,word"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB,
                  "column 'word' is string, but must be numeric, bool or vector");
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "x"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "column 'x' is null at row 1 ");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "k,k"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "column 'k' is 2 at row 1 (counting from 0), which is none of its 2 category");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example multiplies as documented", test_documented},
    {"categories are expanded, none dropped", test_nominal},
    {"category slots of sparse vectors are expanded", test_slots},
    {"what an indexer finds is known after its fit", test_pipeline},
    {"nulls, unknown indices and wrong types are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("interaction", cases);
}
