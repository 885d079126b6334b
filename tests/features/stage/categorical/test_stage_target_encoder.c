/* target_encoder. Golden: Spark 4's TargetEncoderSuite (data, encodings, smoothing 1, nulls and
 * unseen values); smoothing 2 from the formula, as category_encoders' m-estimate gives it.
 * Ranks: 1 2 3 */
#include "tests/features/stage/stage_data.h"

/* Spark's nine rows. */
static void make_frame(qn_table *frame) {
    qn_table_init(frame);
    frame_ints(frame, "a", (int32_t[]){0, 1, 2, 0, 1, 2, 0, 1, 2}, 9);
    frame_ints(frame, "b", (int32_t[]){3, 4, 3, 4, 3, 4, 3, 4, 3}, 9);
    frame_reals(frame, "c", (double[]){5, 5, 5, 6, 6, 6, 7, 8, 9}, 9);
    frame_ints(frame, "yes", (int32_t[]){0, 1, 0, 1, 0, 1, 0, 1, 0}, 9);
    frame_reals(frame, "amount", (double[]){10, 20, 30, 40, 50, 60, 70, 80, 90}, 9);
}

static void test_binary(void) {
    qn_table frame, out;
    make_frame(&frame);
    qn_stage *stage = stage_of("target_encoder input_cols=a,b,c output_cols=u,v,w label_col=yes");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "u", 1.0 / 3, 2.0 / 3, 1.0 / 3, 1.0 / 3, 2.0 / 3, 1.0 / 3, 1.0 / 3, 2.0 / 3,
                 1.0 / 3);
    CHECK_COLUMN(out, "v", 0, 1, 0, 1, 0, 1, 0, 1, 0);
    CHECK_COLUMN(out, "w", 1.0 / 3, 1.0 / 3, 1.0 / 3, 2.0 / 3, 2.0 / 3, 2.0 / 3, 0, 1, 0);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_continuous(void) {
    qn_table frame, out;
    make_frame(&frame);
    qn_stage *stage = stage_of("target_encoder input_cols=a,b,c output_cols=u,v,w "
                               "label_col=amount target_type=continuous");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "u", 40, 50, 60, 40, 50, 60, 40, 50, 60);
    CHECK_COLUMN(out, "v", 50, 50, 50, 50, 50, 50, 50, 50, 50);
    CHECK_COLUMN(out, "w", 20, 20, 20, 50, 50, 50, 70, 80, 90);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "smoothing", "1"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "u", 42.5, 50, 57.5, 42.5, 50, 57.5, 42.5, 50, 57.5);
    CHECK_COLUMN(out, "w", 27.5, 27.5, 27.5, 50, 50, 50, 60, 65, 70);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "smoothing", "2")); /* c = 9: 1/3 * 90 + 2/3 * 50 */
    QN_TEST_OK(fit_transform(stage, &frame, 4, &out));
    CHECK_COLUMN(out, "w", 32, 32, 32, 50, 50, 50, 170 / 3.0, 60, 190 / 3.0);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

/* c = 9 is null: "seen null category"; a null label in row 0 leaves the row out. */
static void test_null(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_reals(&frame, "c", (double[]){5, 5, 5, 5, 6, 6, 6, 7, 8, 0}, 10);
    frame_null(&frame, 9);
    frame_reals(&frame, "amount", (double[]){0, 10, 20, 30, 40, 50, 60, 70, 80, 90}, 10);
    frame_null(&frame, 0);
    qn_stage *stage = stage_of("target_encoder input_col=c output_col=w label_col=amount "
                               "target_type=continuous");
    QN_TEST_OK(fit_transform(stage, &frame, 3, &out));
    CHECK_COLUMN(out, "w", 20, 20, 20, 20, 50, 50, 50, 70, 80, 90);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_unseen(void) {
    qn_table seen, unseen, out;
    make_frame(&seen);
    qn_table_init(&unseen);
    frame_reals(&unseen, "c", (double[]){5, 10, 0, 4, 2.5}, 5);
    frame_null(&unseen, 2);
    qn_stage *stage = stage_of("target_encoder input_col=c output_col=w label_col=amount "
                               "target_type=continuous");
    QN_TEST_OK(fit_transform(stage, &seen, 2, &out));
    qn_table_clear(&out);
    QN_TEST_FAILS(transform_frame(stage, &unseen, 5, &out), QN_DATA,
                  "target_encoder: column 'c' has category 10 at row 1 ");
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "handle_invalid", "keep"));
    QN_TEST_OK(transform_frame(stage, &unseen, 2, &out));
    CHECK_COLUMN(out, "w", 20, 50, 50, 50, 50);
    qn_table_clear(&out);
    qn_table_clear(&unseen);
    qn_table_clear(&seen);
    qn_stage_free(stage);
}

/* Sums that rounding in any order but one would spoil. */
static void test_exact(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_ints(&frame, "k", (int32_t[]){0, 0, 0, 0}, 4);
    frame_reals(&frame, "y", (double[]){1e300, 1, -1e300, 2}, 4);
    qn_stage *stage = stage_of("target_encoder input_col=k output_col=w label_col=y "
                               "target_type=continuous");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_COLUMN(out, "w", 0.75, 0.75, 0.75, 0.75);
    qn_table_clear(&out);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static void test_refused(void) {
    qn_table frame, out;
    make_frame(&frame);
    frame_reals(&frame, "half", (double[]){0, 0.5, 0, 0, 0, 0, 0, 0, 0}, 9);
    frame_reals(&frame, "wild", (double[]){0, 1, INFINITY, 0, 0, 0, 0, 0, 0}, 9);
    frame_reals(&frame, "none", (double[]){0, 1, 0, 0, 0, 0, 0, 0, 0}, 9);
    for (int i = 0; i < 9; i++)
        frame_null(&frame, i);
    qn_stage *stage = stage_of("target_encoder input_col=a output_col=u label_col=amount");
    QN_TEST_FAILS(fit_transform(stage, &frame, 9, &out), QN_DATA,
                  "'amount' is 10 at row 0 (counting from 0); a binary label must be 0 or 1");
    QN_TEST_OK(qn_stage_set(stage, "label_col", "wild"));
    QN_TEST_OK(qn_stage_set(stage, "target_type", "continuous"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 9, &out), QN_DATA, "'wild' is inf at row 2 ");
    QN_TEST_OK(qn_stage_set(stage, "label_col", "none"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 9, &out), QN_DATA, "no row with a label");
    QN_TEST_OK(qn_stage_set(stage, "label_col", "yes"));
    QN_TEST_OK(qn_stage_set(stage, "input_col", "half"));
    QN_TEST_FAILS(fit_transform(stage, &frame, 9, &out), QN_DATA, "'half' has 0.5 at row 1 ");
    QN_TEST_FAILS(qn_stage_set(stage, "smoothing", "-1"), QN_JOB, "smoothing");
    QN_TEST_FAILS(qn_stage_set(stage, "handle_invalid", "skip"), QN_JOB, "not one of error|keep");
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"binary labels: Spark's encodings", test_binary},
    {"continuous labels: Spark's encodings, with smoothing too", test_continuous},
    {"null is a category of its own; rows without a label do not count", test_null},
    {"what fit did not see is an error, or the mean of all with keep", test_unseen},
    {"means are of exact sums", test_exact},
    {"wrong labels, categories and options are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("target_encoder", cases);
}
