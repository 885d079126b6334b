/* drop_columns, rename_columns and cast_columns. Ranks: 1 2 3 */
#include "features/pipeline.h"
#include "tests/features/stage/stage_data.h"

static void make_frame(qn_table *frame) {
    static const char *const words[] = {"1.9", " 12 ", "1e3", "ten", NULL};
    static const char *const names[] = {"low", "high"};
    qn_attributes *attributes = NULL;
    qn_column *column = NULL;
    qn_table_init(frame);
    frame_texts(frame, "word", words, 5);
    frame_reals(frame, "x", (double[]){1.9, -1.9, NAN, 1e10, 0}, 5);
    frame_ints(frame, "n", (int32_t[]){1, 2, 3, 4, 5}, 5);
    QN_TEST_OK(qn_attributes_new(&attributes, QN_ATTRIBUTE_NOMINAL, names, 2));
    QN_TEST_OK(qn_column_new(&column, QN_FLOAT64, 5, 0));
    frame_add(frame, "cat", column, attributes);
    qn_attributes_release(attributes);
}

static void check_schema(const qn_schema *schema, const char *expected) {
    char text[300] = "";
    for (int32_t i = 0; i < schema->count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s:%s", i > 0 ? " " : "",
                 schema->fields[i].name, qn_type_name(schema->fields[i].type));
    }
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void test_drop(void) {
    qn_table frame, out;
    make_frame(&frame);
    qn_stage *stage = stage_of("drop_columns input_cols=x,word");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    check_schema(&out.schema, "n:int32 cat:float64");
    CHECK_COLUMN(out, "n", 1, 2, 3, 4, 5);
    CHECK_NAMES(out, "cat", "low,high");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_rename(void) {
    qn_table frame, out;
    make_frame(&frame);
    qn_stage *stage = stage_of("rename_columns input_cols=cat,x,n output_cols=level,n,x");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    check_schema(&out.schema, "word:string n:float64 x:int32 level:float64");
    CHECK_COLUMN(out, "x", 1, 2, 3, 4, 5);
    CHECK_NAMES(out, "level", "low,high");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Spark 3, non-ANSI casts: text that is no number is null, "1.9" to int is 1 and "1e3" nothing, a
 * double is cut toward zero and to the ends, NaN is 0. */
static void test_cast(void) {
    qn_table frame, out;
    make_frame(&frame);
    qn_stage *stage = stage_of("cast_columns input_cols=word,x,cat types=INT,integer,double");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    check_schema(&out.schema, "word:int32 x:int32 n:int32 cat:float64");
    CHECK_COLUMN(out, "word", 1, 12, NAN, NAN, NAN);
    CHECK_COLUMN(out, "x", 1, -1, 0, 2147483647, 0);
    CHECK_NAMES(out, "cat", "low,high");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "types", "double"));
    QN_TEST_OK(qn_stage_set(stage, "output_cols", "a,b,c"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    check_schema(&out.schema,
                 "word:string x:float64 n:int32 cat:float64 a:float64 b:float64 c:float64");
    CHECK_COLUMN(out, "a", 1.9, 12, 1000, NAN, NAN);
    CHECK_COLUMN(out, "b", 1.9, -1.9, NAN, 1e10, 0);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_bad_values(void) {
    qn_table frame, out;
    make_frame(&frame);
    qn_stage *stage = stage_of("cast_columns input_cols=word types=int handle_invalid=error");
    QN_TEST_FAILS(
        fit_transform(stage, &frame, 5, &out), QN_DATA,
        "cast_columns: column 'word' is '1e3' at row 2 (counting from 0), which cannot be "
        "cast to int32; set handle_invalid to null");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "x"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 5, &out), QN_DATA, "column 'x' is 'NaN' at row 2");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "types", "bigint"));
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "n"));
    QN_TEST_OK(fit_transform(stage, &frame, 5, &out));
    CHECK_COLUMN(out, "n", 1, 2, 3, 4, 5);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* A pipeline that drops the label, casts it, renames it: fitted, it needs what features need. */
static void test_prediction(void) {
    static const char *const texts[] = {
        "cast_columns input_cols=word,n types=double,bigint",
        "rename_columns input_cols=word,n,cat output_cols=target,count,level",
        "drop_columns input_cols=target,level",
        "vector_assembler input_cols=x,count output_col=features handle_invalid=keep",
    };
    qn_table frame, out, fewer;
    qn_stage *stages[4], *pipeline = NULL;
    bool needed[4];
    make_frame(&frame);
    for (int i = 0; i < 4; i++)
        stages[i] = stage_of(texts[i]);
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 4));
    QN_TEST_OK(fit_transform(pipeline, &frame, 2, &out));
    check_schema(&out.schema, "x:float64 count:int64 features:vector");
    CHECK_VECTOR(out, "features", 1, -1.9, 2);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_needs(pipeline, &frame.schema, needed));
    CU_ASSERT(!needed[0] && needed[1] && needed[2] && !needed[3]);
    qn_table_init(&fewer);
    frame_reals(&fewer, "x", (double[]){7, 8}, 2);
    frame_ints(&fewer, "n", (int32_t[]){3, 4}, 2);
    QN_TEST_OK(transform_frame(pipeline, &fewer, 2, &out));
    CHECK_VECTOR(out, "features", 1, 8, 4);
    qn_table_clear(&out);
    qn_table_clear(&fewer);
    qn_table_init(&fewer);
    frame_reals(&fewer, "x", (double[]){7, 8}, 2);
    QN_TEST_FAILS(transform_frame(pipeline, &fewer, 2, &out), QN_JOB,
                  "the input lacks column 'n', which is renamed to it");
    qn_table_clear(&out);
    qn_table_clear(&fewer);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

static void check_refused(const char *text, const char *message) {
    qn_table frame;
    make_frame(&frame);
    check_refused_on(&frame, text, QN_JOB, message);
    qn_table_clear(&frame);
}

static void test_refused(void) {
    check_refused("drop_columns", "drop_columns: input_cols is not set");
    check_refused("drop_columns input_cols=x,y", "'y'");
    check_refused("drop_columns input_cols=x,x", "input_cols names 'x' twice");
    check_refused("drop_columns input_cols=x,n,cat,word", "no column would be left");
    check_refused("rename_columns input_cols=x,n output_cols=a",
                  "input_cols names 2 columns, but output_cols 1");
    check_refused("rename_columns input_cols=x output_cols=n", "output column 'n' exists already");
    check_refused("rename_columns input_cols=x,n output_cols=a,a", "output_cols names 'a' twice");
    check_refused("cast_columns input_cols=x", "types is not set");
    check_refused("cast_columns input_cols=x types=int,int", "types has 2 types");
    check_refused("cast_columns input_cols=x types=decimal", "types: 'decimal' is not a type");
    check_refused("cast_columns input_cols=x types=int);", "types: 'int);' is not a type");
    check_refused("cast_columns input_cols=x types=date",
                  "column 'x': cannot cast float64 to date");
    check_refused("cast_columns input_cols=x types=int output_cols=n", "'n' exists already");
    check_refused("cast_columns input_cols=x types=int time_zone=Nowhere", "Nowhere");
}

/* A stage behind that asks for a dropped column is told where it went. */
static void test_dropped(void) {
    qn_table frame, out;
    qn_stage *stages[2], *pipeline = NULL;
    make_frame(&frame);
    stages[0] = stage_of("drop_columns input_cols=x");
    stages[1] = stage_of("imputer input_col=x output_col=y");
    QN_TEST_OK(qn_pipeline_new(&pipeline, stages, 2));
    QN_TEST_FAILS(fit_transform(pipeline, &frame, 2, &out), QN_JOB,
                  "a drop_columns stage has dropped it");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(pipeline);
}

static const qn_test_case cases[] = {
    {"dropped columns are gone, the others as they were", test_drop},
    {"renamed columns keep place and attributes, and may swap names", test_rename},
    {"casts are Spark's, in place or as new columns", test_cast},
    {"values that cannot be cast are null, or stop", test_bad_values},
    {"a fitted pipeline goes on without what nobody asks for", test_prediction},
    {"a stage that asks for a dropped column is told", test_dropped},
    {"slips in names and types are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("columns", cases);
}
