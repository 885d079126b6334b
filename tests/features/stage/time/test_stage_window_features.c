/* window_features. Ranks: 1 2 3 7
 *
 * Numbers marked pandas: pandas 2.3.3, groupby(c).v.rolling(window, closed=...) of the frame sorted
 * by time, put back into the frame's order; count with min_periods=0, the others with 1. Numbers
 * marked DuckDB: DuckDB 2.0.0, RANGE BETWEEN INTERVAL ... PRECEDING AND INTERVAL 1 MICROSECOND
 * PRECEDING. Spark's rangeBetween(-7 days, -1) means the same frame. */
#include "features/stage/stages.h"
#include "tests/features/stage/time/past_data.h"

#define BY_CUSTOMER "window_features partition_cols=c order_col=t "

/* ---- Golden -----------------------------------------------------------------------------------
 */

/* pandas, closed='left'. */
static void test_past_of_a_duration(void) {
    qn_table frame, out;
    make_purchases(&frame);
    QN_TEST_OK(past_of(BY_CUSTOMER "windows=7d,30d "
                                   "aggregates=count(v),sum(v),avg(v),stddev(v),median(v)",
                       &frame, &out));
    CHECK_COLUMN(out, "count_v_7d", 0, 0, 2, 1, 1, 2, 0, 0);
    CHECK_COLUMN(out, "sum_v_7d", NAN, NAN, 60, 10, 5, 30, NAN, NAN);
    CHECK_COLUMN(out, "avg_v_7d", NAN, NAN, 30, 10, 5, 15, NAN, NAN);
    CHECK_COLUMN(out, "stddev_v_7d", NAN, NAN, 14.142135623730951, NAN, NAN, 7.0710678118654755,
                 NAN, NAN);
    CHECK_COLUMN(out, "median_v_7d", NAN, NAN, 30, 10, 5, 15, NAN, NAN);
    CHECK_COLUMN(out, "count_v_30d", 0, 0, 3, 1, 1, 2, 1, 0);
    CHECK_COLUMN(out, "sum_v_30d", NAN, NAN, 70, 10, 5, 30, 5, NAN);
    CHECK_COLUMN(out, "stddev_v_30d", NAN, NAN, 15.275252316519467, NAN, NAN, 7.0710678118654755,
                 NAN, NAN);
    CHECK_COLUMN(out, "median_v_30d", NAN, NAN, 20, 10, 5, 15, 5, NAN);
    CU_ASSERT(out.schema.count == 14);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

/* pandas, closed='right'. */
static void test_windows_that_include_the_current_row(void) {
    qn_table frame, out;
    make_purchases(&frame);
    QN_TEST_OK(past_of(BY_CUSTOMER "windows=7d,30d,2rows include_current=true "
                                   "aggregates=count(v),mean(v),sum(v),max(v)",
                       &frame, &out));
    CHECK_COLUMN(out, "count_v_7d", 1, 1, 3, 2, 0, 2, 1, 1);
    CHECK_COLUMN(out, "mean_v_7d", 10, 5, 30, 15, NAN, 30, 7, 50);
    CHECK_COLUMN(out, "sum_v_30d", 10, 5, 100, 30, 5, 70, 12, 50);
    CHECK_COLUMN(out, "max_v_2rows", 10, 5, 40, 20, 5, 40, 7, 50);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

/* pandas, rolling(2, closed='left'). */
static void test_past_of_some_rows(void) {
    qn_table frame, out;
    make_purchases(&frame);
    qn_stage *stage = stage_of(BY_CUSTOMER "aggregates=max(v)");
    QN_TEST_OK(qn_stage_set(stage, "windows", "2 rows"));
    QN_TEST_OK(transform_frame(stage, &frame, 3, &out));
    CHECK_COLUMN(out, "max_v_2rows", NAN, NAN, 40, 10, 5, 20, 5, 40);
    qn_stage_free(stage);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

/* DuckDB; all_ counts over one partition by hand. */
static void test_other_aggregates(void) {
    qn_table frame, out;
    make_purchases(&frame);
    QN_TEST_OK(past_of(BY_CUSTOMER "windows=7d,unbounded aggregates=count_distinct(g),count",
                       &frame, &out));
    CHECK_COLUMN(out, "count_distinct_g_7d", 0, 0, 2, 1, 1, 2, 1, 0);
    CHECK_COLUMN(out, "count_distinct_g_unbounded", 0, 0, 3, 1, 1, 2, 2, 3);
    CHECK_COLUMN(out, "count_7d", 0, 0, 2, 1, 1, 2, 1, 0);
    qn_table_clear(&out);
    QN_TEST_OK(
        past_of("window_features order_col=t windows=unbounded aggregates=count(*)", &frame, &out));
    CHECK_COLUMN(out, "count_unbounded", 0, 1, 5, 2, 4, 3, 6, 7);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

/* ---- Leaks ------------------------------------------------------------------------------------
 */

/* Rows 0 and 1 and rows 2 and 3 are of the same time: none is in the other's past. Row 5 has no
 * time: it is in nobody's past and has none. By hand. */
static void make_ties(qn_table *frame) {
    qn_table_init(frame);
    frame_times(frame, "t", (int64_t[]){0, 0, 24, 24, 48, 0}, 6);
    frame_null(frame, 5);
    frame_ints(frame, "n", (int32_t[]){1, 1, 2, 2, 3, 9}, 6);
    frame_reals(frame, "r", (double[]){1, 1, 2, 2, 3, 9}, 6);
    frame_reals(frame, "y", (double[]){1, 10, 100, 1000, 10000, 5}, 6);
}

static void test_rows_of_the_same_time_are_not_past(void) {
    qn_table frame, out;
    make_ties(&frame);
    QN_TEST_OK(past_of("window_features order_col=t windows=7d,1d,2rows,unbounded "
                       "aggregates=sum(y),count",
                       &frame, &out));
    CHECK_COLUMN(out, "sum_y_7d", NAN, NAN, 11, 11, 1111, NAN);
    CHECK_COLUMN(out, "sum_y_1d", NAN, NAN, 11, 11, 1100, NAN);
    CHECK_COLUMN(out, "sum_y_2rows", NAN, NAN, 11, 10, 1100, NAN);
    CHECK_COLUMN(out, "sum_y_unbounded", NAN, NAN, 11, 11, 1111, NAN);
    CHECK_COLUMN(out, "count_unbounded", 0, 0, 2, 2, 4, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

static void test_numbers_order_as_well(void) {
    static const char *const orders[] = {"n", "r"};
    for (int i = 0; i < 2; i++) {
        qn_table frame, out;
        char text[200];
        make_ties(&frame);
        snprintf(text, sizeof text,
                 "window_features order_col=%s windows=1,6,unbounded aggregates=sum(y)", orders[i]);
        QN_TEST_OK(past_of(text, &frame, &out));
        CHECK_COLUMN(out, "sum_y_1", NAN, NAN, 11, 11, 1100, NAN);
        CHECK_COLUMN(out, "sum_y_6", NAN, NAN, 11, 11, 1111, 10000);
        CHECK_COLUMN(out, "sum_y_unbounded", NAN, NAN, 11, 11, 1111, 11111);
        qn_table_clear(&out);
        qn_table_clear(&frame);
    }
}

static void test_labels_stay_out_of_windows_with_the_current_row(void) {
    qn_table frame, out;
    make_purchases(&frame);
    QN_TEST_OK(past_of(BY_CUSTOMER "windows=7d include_current=true label_cols=v "
                                   "aggregates=count,sum(v)",
                       &frame, &out));
    CHECK_COLUMN(out, "count_7d", 1, 1, 3, 2, 1, 2, 2, 1);
    CHECK_COLUMN(out, "sum_v_7d", NAN, NAN, 60, 10, 5, 30, NAN, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

/* Labels of two days' delay, in the data of make_ties' kind: by hand. */
static void test_labels_that_are_known_later(void) {
    static const char *const orders[] = {"t", "n", "r"};
    static const char *const settings[] = {"windows=1d,2d,unbounded label_delay=2d",
                                           "windows=1,2,unbounded label_delay=2",
                                           "windows=1,2,unbounded label_delay=2"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_times(&frame, "t", (int64_t[]){0, 24, 48, 72, 96, 96}, 6);
    frame_ints(&frame, "n", (int32_t[]){0, 1, 2, 3, 4, 4}, 6);
    frame_reals(&frame, "r", (double[]){0.5, 1.5, 2.5, 3.5, 4.5, 4.5}, 6);
    frame_reals(&frame, "y", (double[]){1, 10, 100, 1000, 10000, 5}, 6);
    for (int i = 0; i < 3; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "window_features order_col=%s aggregates=count,sum(y) label_cols=y %s", orders[i],
                 settings[i]);
        QN_TEST_OK(past_of(text, &frame, &out));
        const char *names[] = {i == 0 ? "sum_y_1d" : "sum_y_1", i == 0 ? "sum_y_2d" : "sum_y_2"};
        if (i < 2) {
            CHECK_COLUMN(out, names[0], NAN, NAN, NAN, 1, 10, 10);
            CHECK_COLUMN(out, names[1], NAN, NAN, NAN, 1, 11, 11);
            CHECK_COLUMN(out, "sum_y_unbounded", NAN, NAN, NAN, 1, 11, 11);
        } else {
            CHECK_COLUMN(out, names[0], NAN, NAN, 1, 11, 110, 110);
            CHECK_COLUMN(out, "sum_y_unbounded", NAN, NAN, 1, 11, 111, 111);
        }
        CHECK_COLUMN(out, "count_unbounded", 0, 1, 2, 3, 4, 4);
        qn_table_clear(&out);
    }
    past_fails("window_features order_col=t aggregates=sum(y) windows=1d label_delay=2d", &frame,
               "option 'label_delay' needs 'label_cols'");
    past_fails("window_features order_col=t aggregates=sum(y) windows=2rows label_cols=y "
               "label_delay=2d",
               &frame, "a window of so many rows cannot be delayed by '2d'");
    past_fails("window_features order_col=t aggregates=sum(y) windows=2d label_cols=y "
               "label_delay=2",
               &frame, "'2' is no window over column 't'");
    qn_table_clear(&frame);
}

static void check_leak(const char *text, bool expected) {
    qn_stage *stage = stage_of(text);
    CU_ASSERT(qn_time_stage_leaks(stage, "v") == expected);
    qn_stage_free(stage);
}

static void test_leaks_are_told(void) {
    check_leak(BY_CUSTOMER "windows=7d aggregates=sum(v)", false);
    check_leak(BY_CUSTOMER "windows=7d aggregates=sum(v) include_current=true", true);
    check_leak(BY_CUSTOMER "windows=7d aggregates=sum(v) include_current=true label_cols=v", false);
    check_leak(BY_CUSTOMER "windows=7d aggregates=count,sum(w) include_current=true", false);
    check_leak("lag_features order_col=t input_cols=v", false);
    check_leak("lag_features order_col=t input_cols=v differences=true", true);
    check_leak("lag_features order_col=t input_cols=w ratios=true", false);
    check_leak("imputer input_col=v output_col=w", false);
}

/* ---- Dates ------------------------------------------------------------------------------------
 */

/* A calendar month before March 31st begins on February 29th. By hand. */
static void test_dates(void) {
    static const char *const days[] = {"2024-02-28", "2024-02-29", "2024-03-24", "2024-03-31"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_days(&frame, "d", days, 4);
    frame_reals(&frame, "v", (double[]){1, 10, 100, 1000}, 4);
    QN_TEST_OK(past_of("window_features order_col=d windows=1mon,7d,1w,1d aggregates=sum(v)",
                       &frame, &out));
    CHECK_COLUMN(out, "sum_v_1mon", NAN, 1, 11, 110);
    CHECK_COLUMN(out, "sum_v_7d", NAN, 1, NAN, 100);
    CHECK_COLUMN(out, "sum_v_1w", NAN, 1, NAN, 100);
    CHECK_COLUMN(out, "sum_v_1d", NAN, 1, NAN, NAN);
    qn_table_clear(&out);
    QN_TEST_OK(past_of("window_features order_col=d windows=7d,1d aggregates=sum(v) "
                       "include_current=true",
                       &frame, &out));
    CHECK_COLUMN(out, "sum_v_7d", 1, 11, 100, 1000);
    CHECK_COLUMN(out, "sum_v_1d", 1, 10, 100, 1000);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

/* ---- Names and mistakes ------------------------------------------------------------------------
 */

static void test_mistakes_are_found_without_data(void) {
    qn_table frame;
    make_purchases(&frame);
    frame_days(&frame, "d",
               (const char *const[]){"2024-01-01", "2024-01-01", "2024-01-01", "2024-01-01",
                                     "2024-01-01", "2024-01-01", "2024-01-01", "2024-01-01"},
               8);
    past_fails("window_features windows=7d aggregates=count", &frame,
               "option 'order_col' must be given");
    past_fails("window_features order_col=t aggregates=count", &frame,
               "option 'windows' must be given");
    past_fails("window_features order_col=t windows=7d", &frame,
               "option 'aggregates' must be given");
    past_fails("window_features order_col=c windows=7d aggregates=count", &frame,
               "column 'c' is string, but must be a date, a timestamp or a number");
    past_fails("window_features order_col=when windows=7d aggregates=count", &frame, "'when'");
    past_fails("window_features partition_cols=q order_col=t windows=7d aggregates=count", &frame,
               "'q'");
    past_fails("window_features order_col=t windows=7x aggregates=count", &frame,
               "'7x' is no window over column 't', which is timestamp");
    past_fails("window_features order_col=t windows=7 aggregates=count", &frame,
               "'7' is no window");
    past_fails("window_features order_col=t windows=-7d aggregates=count", &frame, "is no window");
    past_fails("window_features order_col=t windows=0d aggregates=count", &frame, "is no window");
    past_fails("window_features order_col=t windows=0rows aggregates=count", &frame,
               "is no window");
    past_fails("window_features order_col=d windows=12h aggregates=count", &frame,
               "'12h' is no window over column 'd', which is date");
    past_fails("window_features order_col=v windows=7d aggregates=count", &frame,
               "'7d' is no window over column 'v', which is float64");
    past_fails("window_features order_col=t windows=7d aggregates=summ(v)", &frame,
               "unknown aggregate 'summ' in 'summ(v)'");
    past_fails("window_features order_col=t windows=7d aggregates=sum", &frame,
               "aggregate 'sum' needs a column: sum(column)");
    past_fails("window_features order_col=t windows=7d aggregates=sum(v", &frame,
               "'sum(v' must be written as function(column)");
    past_fails("window_features order_col=t windows=7d aggregates=sum(w)", &frame, "'w'");
    past_fails("window_features order_col=t windows=7d aggregates=sum(g)", &frame,
               "column 'g' is string, but must be numeric");
    past_fails("window_features order_col=t windows=7d aggregates=bool_or(v)", &frame,
               "but must be bool");
    past_fails("window_features order_col=t windows=7d,7d aggregates=sum(v)", &frame,
               "output column 'sum_v_7d' exists already");
    past_fails("window_features order_col=t windows=7d aggregates=sum(v) label_cols=g", &frame,
               "no aggregate reads 'g', which label_cols names");
    qn_table_clear(&frame);
}

static void test_null_keys_and_all_null_columns(void) {
    static const char *const keys[] = {NULL, "a", NULL, "a"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_texts(&frame, "c", keys, 4);
    frame_times(&frame, "t", (int64_t[]){1, 2, 3, 4}, 4);
    frame_reals(&frame, "v", (double[]){1, 2, 3, 4}, 4);
    frame_reals(&frame, "w", (double[]){0, 0, 0, 0}, 4);
    for (int64_t i = 0; i < 4; i++)
        frame_null(&frame, i);
    frame_reals(&frame, "u", (double[]){INFINITY, NAN, 1, 1}, 4);
    QN_TEST_OK(
        past_of(BY_CUSTOMER "windows=7d aggregates=sum(v),avg(w),count(w),max(u)", &frame, &out));
    CHECK_COLUMN(out, "sum_v_7d", NAN, NAN, 1, 2);
    CHECK_COLUMN(out, "avg_w_7d", NAN, NAN, NAN, NAN);
    CHECK_COLUMN(out, "count_w_7d", 0, 0, 0, 0);
    CU_ASSERT(isinf(value_at(&out, "max_u_7d", 2, 0)));
    CU_ASSERT(isnan(value_at(&out, "max_u_7d", 3, 0)));
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

static const qn_test_case cases[] = {
    {"the past of a duration, as pandas has it", test_past_of_a_duration},
    {"windows that include the current row", test_windows_that_include_the_current_row},
    {"the past of some rows", test_past_of_some_rows},
    {"other aggregates, and one past for all rows", test_other_aggregates},
    {"rows of the same time are not past", test_rows_of_the_same_time_are_not_past},
    {"numbers order as well", test_numbers_order_as_well},
    {"labels stay out of windows with the current row",
     test_labels_stay_out_of_windows_with_the_current_row},
    {"labels that are known later", test_labels_that_are_known_later},
    {"leaks are told", test_leaks_are_told},
    {"dates, whole days and calendar months", test_dates},
    {"mistakes are found without data", test_mistakes_are_found_without_data},
    {"null keys are one key; all-null columns; infinities", test_null_keys_and_all_null_columns},
    {NULL, NULL}};

int main(void) {
    return qn_test_main("window features", cases);
}
