/* one_hot_encoder. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* Spark 3 documentation, ML guide, "OneHotEncoder": categoryIndex1 0 1 2 0 0 2 and categoryIndex2
 * 1 0 1 2 1 0 with three categories each; with drop_last, (2,[0],[1.0]) (2,[1],[1.0]) (2,[],[]). */
static void test_documented(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "i", (double[]){0, 1, 2, 0, 0, 2}, 6);
    frame_reals(&frame, "j", (double[]){1, 0, 1, 2, 1, 0}, 6);
    qn_stage *stage = stage_of("one_hot_encoder input_cols=i,j output_cols=u,v");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "u", 0, 1, 0);
    CHECK_VECTOR(out, "u", 1, 0, 1);
    CHECK_VECTOR(out, "u", 2, 0, 0);
    CHECK_VECTOR(out, "u", 5, 0, 0);
    CHECK_VECTOR(out, "v", 0, 0, 1);
    CHECK_VECTOR(out, "v", 3, 0, 0);
    CHECK_VECTOR(out, "v", 5, 1, 0);
    CHECK_NAMES(out, "u", "i=0,i=1");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "drop_last", "false"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "u", 2, 0, 0, 1);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "keep"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_VECTOR(out, "u", 2, 0, 0, 1, 0);
    CHECK_NAMES(out, "u", "i=0,i=1,i=2,i=invalidValues");
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Names and the number of categories come from nominal attributes, without a pass. */
static void test_nominal(void) {
    qn_table frame, out;
    qn_column *column = NULL;
    qn_attributes *attributes = NULL;
    qn_table_init(&frame);
    QN_TEST_OK(qn_attributes_new(&attributes, QN_ATTRIBUTE_NOMINAL,
                                 (const char *const[]){"Ideal", "Good", "Fair"}, 3));
    QN_TEST_OK(qn_attributes_set_source(attributes, "cut"));
    QN_TEST_OK(qn_column_new(&column, QN_FLOAT64, 2, 0));
    column->f64[1] = 1;
    frame_add(&frame, "cut_idx", column, attributes);
    qn_attributes_release(attributes);
    qn_stage *stage = stage_of("one_hot_encoder input_col=cut_idx output_col=cut_vec");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_NAMES(out, "cut_vec", "cut=Ideal,cut=Good");
    CHECK_VECTOR(out, "cut_vec", 1, 0, 1);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* Fits on categories 0 1 2, applies to 1, null, 5, 2. */
static void test_unseen(void) {
    qn_table seen, unseen, out;
    qn_table_init(&seen);
    qn_table_init(&unseen);
    frame_ints(&seen, "i", (int32_t[]){0, 1, 2}, 3);
    frame_ints(&unseen, "i", (int32_t[]){1, 0, 5, 2}, 4);
    frame_null(&unseen, 1);
    qn_stage *stage = stage_of("one_hot_encoder input_col=i output_col=u");
    QN_TEST_OK(fit_transform(stage, &seen, 1, &out));
    qn_table_clear(&out);
    QN_TEST_FAILS(transform_frame(stage, &unseen, 1, &out), QN_DATA,
                  "one_hot_encoder: column 'i' has category 5 at row 2 ");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "keep"));
    QN_TEST_OK(transform_frame(stage, &unseen, 1, &out));
    CHECK_VECTOR(out, "u", 0, 0, 1, 0);
    CHECK_VECTOR(out, "u", 1, NAN, NAN, NAN);
    CHECK_VECTOR(out, "u", 2, 0, 0, 0);
    CHECK_VECTOR(out, "u", 3, 0, 0, 1);
    qn_table_clear(&out);
    qn_table_clear(&seen);
    qn_table_clear(&unseen);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "half", (double[]){0, 0.5}, 2);
    frame_reals(&frame, "negative", (double[]){0, -1}, 2);
    frame_reals(&frame, "constant", (double[]){0, 0}, 2);
    frame_reals(&frame, "id", (double[]){0, 2147480000}, 2);
    frame_texts(&frame, "word", (const char *const[]){"x", "y"}, 2);
    qn_stage *stage = stage_of("one_hot_encoder input_col=half output_col=u");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "'half' has 0.5 at row 1 ");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "negative"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "'negative' has -1 at row 1 ");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "id"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA, "at most 16777216 categories");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "constant"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "leaves no slot");
    frame_reals(&frame, "empty", (double[]){0, 0}, 2);
    frame_null(&frame, 0);
    frame_null(&frame, 1);
    QN_TEST_OK(qn_stage_set(stage, "input_col", "empty"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_DATA,
                  "column 'empty' has no category (there is no row, or only nulls)");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "word"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "'word' is string");
    QN_TEST_OK(qn_stage_set(stage, "input_cols", "half"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "not both");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"Spark's documented example encodes as documented", test_documented},
    {"slots are named after column and category", test_nominal},
    {"unseen categories are an error, or zeros with keep; a null stays null", test_unseen},
    {"values that are no categories are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("one_hot_encoder", cases);
}
