/* frequency_encoder. Golden: pandas 2, column.map(column.value_counts(dropna=False)), and with
 * normalize=True. Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

static const char *const words[] = {"a", "b", NULL, "a", "a", "c", NULL, "b"};

static void test_counts(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "w", words, 8);
    frame_ints(&frame, "n", (int32_t[]){7, 7, 7, 7, 8, 8, 9, 7}, 8);
    qn_stage *stage = stage_of("frequency_encoder input_cols=w,n output_cols=u,v");
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    CHECK_COLUMN(out, "u", 3, 2, 2, 3, 3, 1, 2, 2);
    CHECK_COLUMN(out, "v", 5, 5, 5, 5, 2, 2, 1, 5);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "encoding", "share"));
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    CHECK_COLUMN(out, "u", 0.375, 0.25, 0.25, 0.375, 0.375, 0.125, 0.25, 0.25);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* NaN counts as null; a column of nulls alone is one category. */
static void test_missing(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "x", (double[]){1.5, NAN, 0, 1.5}, 4);
    frame_null(&frame, 2);
    frame_texts(&frame, "none", (const char *const[]){NULL, NULL, NULL, NULL}, 4);
    qn_stage *stage = stage_of("frequency_encoder input_cols=x,none output_cols=u,v");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "u", 2, 2, 2, 2);
    CHECK_COLUMN(out, "v", 4, 4, 4, 4);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_unseen(void) {
    qn_table seen, unseen, out;
    qn_table_init(&seen);
    qn_table_init(&unseen);
    frame_texts(&seen, "w", (const char *const[]){"red", "blue", "red"}, 3);
    frame_texts(&unseen, "w", (const char *const[]){"red", "rad", NULL}, 3);
    qn_stage *stage = stage_of("frequency_encoder input_col=w output_col=u");
    QN_TEST_OK(fit_transform(stage, &seen, 1, &out));
    qn_table_clear(&out);
    QN_TEST_FAILS(transform_frame(stage, &unseen, 3, &out), QN_DATA,
                  "frequency_encoder: column 'w' has unseen category 'rad' at row 1 ");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'red'?");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "keep"));
    QN_TEST_OK(transform_frame(stage, &unseen, 1, &out));
    CHECK_COLUMN(out, "u", 2, 0, 0);
    qn_table_clear(&out);
    qn_table_clear(&seen);
    qn_table_clear(&unseen);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_vectors(&frame, "v", (double[]){1, 2}, 2, 1);
    qn_stage *stage = stage_of("frequency_encoder input_col=v output_col=u");
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "'v' is vector");
    QN_TEST_OK(qn_stage_set(stage, "input_col", "w"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 1, &out), QN_JOB, "'w'");
    QN_TEST_FAILS(qn_stage_set(stage, "encoding", "rank"), QN_JOB, "not one of count|share");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"counts and shares are those of value_counts", test_counts},
    {"null and NaN are one category of their own", test_missing},
    {"unseen categories are an error, or 0 with keep", test_unseen},
    {"wrong columns and options are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("frequency_encoder", cases);
}
