/* time_since. Ranks: 1 2 3 */
#include "tests/features/stage/time/moments.h"

static const char *const times[] = {"2024-02-29 23:30:15.5", "1969-12-31 00:00:01",
                                    "2023-01-01 12:00:00", "2021-06-30 04:05:06", NULL};
static const char *const dates[] = {"2024-03-31", "2024-10-28", "1970-01-01", "1970-01-01", NULL};

static void make_frame(qn_table *frame) {
    qn_table_init(frame);
    frame_times(frame, "t", times, 5);
    frame_dates(frame, "d", dates, 5);
}

static void transformed(const qn_table *frame, const char *text, qn_table *out) {
    qn_stage *stage = stage_of(text);
    QN_TEST_OK(fit_transform(stage, frame, 2, out));
    qn_stage_free(stage);
}

/* pandas 2.3: (t - pd.Timestamp("2024-01-01")) / pd.Timedelta("1D"), and likewise. */
static void test_fixed(void) {
    qn_table frame, out;
    make_frame(&frame);
    transformed(&frame, "time_since input_col=t output_col=y reference=2024-01-01", &out);
    CHECK_COLUMN(out, "y", 59.97934606481481, -19723.999988425927, -364.5, -914.8297916666667, NAN);
    qn_table_clear(&out);
    transformed(&frame, "time_since input_col=t output_col=y reference=2024-01-01 unit=hours",
                &out);
    CHECK_COLUMN(out, "y", 1439.5043055555554, -473375.9997222222, -8748, -21955.915, NAN);
    qn_table_clear(&out);
    transformed(&frame,
                "time_since input_col=t output_col=y reference=2024-01-01T01:00+01:00 unit=weeks "
                "measure=until",
                &out);
    CHECK_COLUMN(out, "y", -59.97934606481481 / 7, 19723.999988425927 / 7, 364.5 / 7,
                 914.8297916666667 / 7, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

/* pandas: dates without a zone are whole days apart; with tz_localize("Europe/Berlin") against noon
 * of 2024-04-01 there, days of 23 and 25 hours count as they are. */
static void test_dates(void) {
    qn_table frame, out;
    make_frame(&frame);
    transformed(&frame,
                "time_since input_col=d output_col=y reference=2024-04-01 unit=hours "
                "time_zone=Europe/Berlin",
                &out);
    CHECK_COLUMN(out, "y", -24, 5040, -475536, -475536, NAN);
    qn_table_clear(&out);
    qn_stage *stage = stage_of("time_since input_col=d output_col=y unit=hours "
                               "time_zone=Europe/Berlin");
    QN_TEST_OK(qn_stage_set(stage, "reference", "2024-04-01 12:00"));
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    CHECK_COLUMN(out, "y", -35, 5029, -475547, -475547, NAN);
    qn_stage_free(stage);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

/* pandas: (t.max() - t) / pd.Timedelta("1min"). */
static void test_fitted(void) {
    qn_table frame, out;
    make_frame(&frame);
    qn_stage *stage = stage_of("time_since input_cols=t,d output_cols=y,z reference=max "
                               "measure=until unit=minutes");
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_COLUMN(out, "y", 0, 28488930.241666667, 611250.2583333333, 1403725.1583333334, NAN);
    CHECK_COLUMN(out, "z", 211 * 1440, 0, 20024 * 1440, 20024 * 1440, NAN);
    json_t *description = NULL;
    QN_TEST_OK(qn_stage_describe(stage, &description));
    const json_t *references = json_object_get(description, "references");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(references, "t")),
                           "2024-02-29 23:30:15.5");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(references, "d")), "2024-10-28");
    json_decref(description);
    qn_table_clear(&out);
    QN_TEST_OK(qn_stage_set(stage, "reference", "min"));
    QN_TEST_OK(qn_stage_set(stage, "measure", "since"));
    QN_TEST_OK(fit_transform(stage, &frame, 1, &out));
    CHECK_COLUMN(out, "y", 28488930.241666667, 0, 28488930.241666667 - 611250.2583333333,
                 28488930.241666667 - 1403725.1583333334, NAN);
    CHECK_COLUMN(out, "z", 19813 * 1440, 20024 * 1440, 0, 0, NAN);
    qn_table_clear(&out);
    qn_stage_free(stage);
    qn_table_clear(&frame);
}

/* Another column, also over more than 292 years, and days that no timestamp reaches. */
static void test_column(void) {
    static const char *const far[] = {"2024-02-29", "2262-01-01", "2262-01-02", NULL, "2300-01-01"};
    static const char *const old[] = {"2024-02-29 12:00:00", "1700-01-01", NULL, "1700-01-01",
                                      "2000-01-01"};
    qn_table frame, out;
    qn_table_init(&frame);
    frame_dates(&frame, "d", far, 5);
    frame_times(&frame, "t", old, 5);
    transformed(&frame, "time_since input_col=d output_col=y reference_col=t", &out);
    CHECK_COLUMN(out, "y", -0.5, 205266, NAN, NAN, NAN);
    qn_table_clear(&out);
    qn_table_clear(&frame);
}

static void check_refused(const char *text, qn_status code, const char *message) {
    static const char *const words[] = {"2024-01-01"}, *const none[] = {NULL};
    qn_table frame;
    qn_table_init(&frame);
    frame_texts(&frame, "word", words, 1);
    frame_dates(&frame, "d", none, 1);
    check_refused_on(&frame, text, code, message);
    qn_table_clear(&frame);
}

static void test_refused(void) {
    check_refused("time_since input_col=word output_col=y reference=max", QN_JOB,
                  "time_since: column 'word' is string, but must be date or timestamp");
    check_refused("time_since input_col=d output_col=y reference_col=word", QN_JOB,
                  "time_since: column 'word' is string, but must be date or timestamp");
    check_refused("time_since input_col=d output_col=y", QN_JOB, "set reference or reference_col");
    check_refused("time_since input_col=d output_col=y reference=max reference_col=d", QN_JOB,
                  "not both");
    check_refused("time_since input_col=d output_col=y reference=yesterday", QN_JOB,
                  "reference: 'yesterday' is neither a date or time");
    check_refused("time_since input_col=d output_col=y reference=max", QN_DATA,
                  "column 'd' has no value to take the latest of: all are null");
}

/* A fitted reference is one of the type that was fitted. */
static void test_fitted_type(void) {
    qn_table frame, other, out;
    make_frame(&frame);
    qn_table_init(&other);
    frame_times(&other, "d", times, 5);
    qn_stage *stage = stage_of("time_since input_col=d output_col=y reference=max");
    QN_TEST_OK(fit_transform(stage, &frame, 2, &out));
    qn_table_clear(&out);
    QN_TEST_FAILS(transform_frame(stage, &other, 2, &out), QN_JOB,
                  "column 'd' is timestamp, but must be date, as fitted");
    qn_table_clear(&out);
    qn_table_clear(&other);
    qn_table_clear(&frame);
    qn_stage_free(stage);
}

static const qn_test_case cases[] = {
    {"a fixed reference as pandas has it", test_fixed},
    {"dates are whole days apart, and start where clocks say", test_dates},
    {"the column's own extremes", test_fitted},
    {"another column", test_column},
    {"wrong types and references are refused", test_refused},
    {"a fitted reference holds for its type", test_fitted_type},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("time_since", cases);
}
