/* lag_features. Ranks: 1 2 3 7
 *
 * Lags: pandas 2.3.3, groupby(c).v.shift(k) of the frame sorted by time, put back into the frame's
 * order. */
#include "tests/features/stage/time/past_data.h"

#define BY_CUSTOMER "lag_features partition_cols=c order_col=t "

static void test_lags(void) {
    qn_table frame, out;
    make_purchases(&frame);
    QN_TEST_OK(
        past_of(BY_CUSTOMER "input_cols=v lags=1,2 differences=true ratios=true", &frame, &out));
    CHECK_COLUMN(out, "v_lag_1", NAN, NAN, 40, 10, 5, 20, NAN, 30);
    CHECK_COLUMN(out, "v_lag_2", NAN, NAN, 20, NAN, NAN, 10, 5, 40);
    CHECK_COLUMN(out, "v_diff_1", NAN, NAN, -10, 10, NAN, 20, NAN, 20);
    CHECK_COLUMN(out, "v_diff_2", NAN, NAN, 10, NAN, NAN, 30, 2, 10);
    CHECK_COLUMN(out, "v_ratio_1", NAN, NAN, 0.75, 2, NAN, 2, NAN, 50. / 30);
    CHECK_COLUMN(out, "v_ratio_2", NAN, NAN, 1.5, NAN, NAN, 4, 1.4, 1.25);
    CU_ASSERT(out.schema.count == 10);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

/* Ties by the input's order; the row without a time lags nothing, and nothing lags it. By hand. */
static void test_ties_and_rows_without_a_time(void) {
    qn_table frame, out;
    qn_table_init(&frame);
    frame_times(&frame, "t", (int64_t[]){0, 24, 24, 0, 48}, 5);
    frame_null(&frame, 3);
    frame_ints(&frame, "n", (int32_t[]){1, 0, 3, 4, 5}, 5);
    QN_TEST_OK(past_of("lag_features order_col=t input_cols=n differences=true ratios=true", &frame,
                       &out));
    CHECK_COLUMN(out, "n_lag_1", NAN, 1, 0, NAN, 3);
    CHECK_COLUMN(out, "n_diff_1", NAN, -1, 3, NAN, 2);
    CHECK_COLUMN(out, "n_ratio_1", NAN, 0, NAN, NAN, 5. / 3);
    CU_ASSERT(out.schema.fields[qn_schema_find(&out.schema, "n_lag_1")].type == QN_INT32);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

static void test_lagged_vectors_keep_their_width(void) {
    qn_table frame;
    qn_schema bound;
    qn_table_init(&frame);
    frame_times(&frame, "t", (int64_t[]){0, 24}, 2);
    frame_vectors(&frame, "vec", (double[]){1, 2, 3, 4, 5, 6}, 2, 3);
    qn_stage *stage = stage_of("lag_features order_col=t input_cols=vec");
    QN_TEST_OK(qn_stage_bind(stage, &frame.schema, &bound));
    int32_t lagged = qn_schema_find(&bound, "vec_lag_1"), own = qn_schema_find(&bound, "vec");
    CU_ASSERT(lagged >= 0 && bound.fields[lagged].width == bound.fields[own].width);
    qn_schema_clear(&bound);
    qn_stage_free(stage);
    qn_table_clear(&frame);
}

static void test_mistakes_are_found_without_data(void) {
    qn_table frame;
    make_purchases(&frame);
    past_fails("lag_features input_cols=v", &frame, "option 'order_col' must be given");
    past_fails("lag_features order_col=t", &frame, "option 'input_cols' must be given");
    past_fails("lag_features order_col=t input_cols=w", &frame, "'w'");
    past_fails("lag_features order_col=t input_cols=v lags=0", &frame,
               "option 'lags' takes whole numbers from 1 to 2147483647, not '0'");
    past_fails("lag_features order_col=t input_cols=v lags=1.5", &frame, "not '1.5'");
    past_fails("lag_features order_col=t input_cols=v lags=", &frame, "lags");
    past_fails("lag_features order_col=t input_cols=v lags=1,1", &frame,
               "output column 'v_lag_1' exists already");
    past_fails("lag_features order_col=t input_cols=g differences=true", &frame,
               "column 'g' is string, but must be numeric, for differences and ratios");
    qn_table_clear(&frame);
}

static const qn_test_case cases[] = {
    {"lags, differences and ratios, as pandas has them", test_lags},
    {"lagged vectors keep their width", test_lagged_vectors_keep_their_width},
    {"ties go by the input's order, rows without a time lag nothing",
     test_ties_and_rows_without_a_time},
    {"mistakes are found without data", test_mistakes_are_found_without_data},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("lag features", cases);
}
