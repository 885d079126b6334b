/* calendar_features. Ranks: 1 2 3 */
#include "tests/features/stage/time/moments.h"

static const char *const times[] = {"2024-02-29 23:30:15.5", "1969-12-31 00:00:01",
                                    "2023-01-01 12:00:00", "2021-06-30 04:05:06", NULL};

static void check_features(const qn_table *frame, const char *options, const char *features,
                           void (*check)(const qn_table *out)) {
    qn_table out;
    char text[500];
    snprintf(text, sizeof text, "calendar_features %s features=%s", options, features);
    qn_stage *stage = stage_of(text);
    QN_TEST_OK(fit_transform(stage, frame, 2, &out));
    check(&out);
    qn_table_clear(&out);
    qn_stage_free(stage);
}

/* pandas 2.3, Series.dt; its weekday 0 is Monday, ours is Spark's: 1 is Sunday. */
static void check_utc(const qn_table *out) {
    CHECK_COLUMN(*out, "t_year", 2024, 1969, 2023, 2021, NAN);
    CHECK_COLUMN(*out, "t_quarter", 1, 4, 1, 2, NAN);
    CHECK_COLUMN(*out, "t_month", 2, 12, 1, 6, NAN);
    CHECK_COLUMN(*out, "t_week", 9, 1, 52, 26, NAN);
    CHECK_COLUMN(*out, "t_day", 29, 31, 1, 30, NAN);
    CHECK_COLUMN(*out, "t_day_of_week", 5, 4, 1, 4, NAN);
    CHECK_COLUMN(*out, "t_day_of_year", 60, 365, 1, 181, NAN);
    CHECK_COLUMN(*out, "t_days_in_month", 29, 31, 31, 30, NAN);
    CHECK_COLUMN(*out, "t_hour", 23, 0, 12, 4, NAN);
    CHECK_COLUMN(*out, "t_minute", 30, 0, 0, 5, NAN);
    CHECK_COLUMN(*out, "t_second", 15, 1, 0, 6, NAN);
}

static void check_yes_no(const qn_table *out) {
    CHECK_COLUMN(*out, "t_is_weekend", 0, 0, 1, 0, NAN);
    CHECK_COLUMN(*out, "t_is_month_start", 0, 0, 1, 0, NAN);
    CHECK_COLUMN(*out, "t_is_month_end", 1, 1, 0, 1, NAN);
    CHECK_COLUMN(*out, "t_is_quarter_start", 0, 0, 1, 0, NAN);
    CHECK_COLUMN(*out, "t_is_quarter_end", 0, 1, 0, 1, NAN);
    CHECK_COLUMN(*out, "t_is_year_start", 0, 0, 1, 0, NAN);
    CHECK_COLUMN(*out, "t_is_year_end", 0, 1, 0, 0, NAN);
    CU_ASSERT(out->schema.fields[1].type == QN_BOOL);
}

/* The same with tz_convert("America/New_York"). */
static void check_new_york(const qn_table *out) {
    CHECK_COLUMN(*out, "at_day", 29, 30, 1, 30, NAN);
    CHECK_COLUMN(*out, "at_day_of_week", 5, 3, 1, 4, NAN);
    CHECK_COLUMN(*out, "at_hour", 18, 19, 7, 0, NAN);
    CHECK_COLUMN(*out, "at_is_year_end", 0, 0, 0, 0, NAN);
}

/* numpy 2.4: np.sin(2 * np.pi * (month - 1) / 12) and so on; days in month and year as they are. */
static void check_circles(const qn_table *out) {
    CHECK_COLUMN(*out, "t_month_sin", 0.49999999999999994, -0.5000000000000004, 0,
                 0.49999999999999994, NAN);
    CHECK_COLUMN(*out, "t_hour_cos", 0.9659258262890681, 1, -1, 0.5000000000000001, NAN);
    CHECK_COLUMN(*out, "t_day_of_year_sin", 0.8483511978123038, -0.01721335615583528, 0,
                 0.04302223300453059, NAN);
    CHECK_COLUMN(*out, "t_day_cos", 0.9766205557100867, 0.9795299412524943, 1, 0.9781476007338057,
                 NAN);
    CHECK_COLUMN(*out, "t_day_of_week_sin", sin(8 * M_PI / 7), sin(6 * M_PI / 7), 0,
                 sin(6 * M_PI / 7), NAN);
    CHECK_COLUMN(*out, "t_quarter_cos", 1, cos(1.5 * M_PI), 1, cos(0.5 * M_PI), NAN);
    CHECK_COLUMN(*out, "t_minute_sin", 5.6655388976479796e-16, 0, 0, 0.5, NAN);
}

static void test_documented(void) {
    qn_table frame;
    qn_table_init(&frame);
    frame_times(&frame, "t", times, 5);
    check_features(&frame, "input_cols=t",
                   "year,quarter,month,week,day,day_of_week,day_of_year,days_in_month,hour,minute,"
                   "second",
                   check_utc);
    check_features(&frame, "input_cols=t",
                   "is_weekend,is_month_start,is_month_end,is_quarter_start,is_quarter_end,"
                   "is_year_start,is_year_end",
                   check_yes_no);
    check_features(&frame, "input_cols=t time_zone=America/New_York output_prefixes=at_",
                   "day,day_of_week,hour,is_year_end", check_new_york);
    check_features(&frame, "input_cols=t",
                   "month_sin,hour_cos,day_of_year_sin,day_cos,day_of_week_sin,quarter_cos,"
                   "minute_sin",
                   check_circles);
    qn_table_clear(&frame);
}

/* Dates have no zone, and their hour is 0, as in Spark. */
static void check_dates(const qn_table *out) {
    CHECK_COLUMN(*out, "d_month", 12, 2, NAN);
    CHECK_COLUMN(*out, "d_hour", 0, 0, NAN);
    CHECK_COLUMN(*out, "d_hour_cos", 1, 1, NAN);
}

static void test_dates(void) {
    static const char *const dates[] = {"1950-12-31", "2400-02-29", NULL};
    qn_table frame;
    qn_table_init(&frame);
    frame_dates(&frame, "d", dates, 3);
    check_features(&frame, "input_cols=d time_zone=Asia/Tokyo", "month,hour,hour_cos", check_dates);
    qn_table_clear(&frame);
}

static void check_refused(const char *text, const char *message) {
    static const char *const words[] = {"2024-01-01"}, *const none[] = {NULL};
    qn_table frame;
    qn_table_init(&frame);
    frame_texts(&frame, "word", words, 1);
    frame_dates(&frame, "d", none, 1);
    check_refused_on(&frame, text, QN_JOB, message);
    qn_table_clear(&frame);
}

static void test_refused(void) {
    check_refused("calendar_features input_cols=word",
                  "calendar_features: column 'word' is string, but must be date or timestamp");
    check_refused("calendar_features", "input_cols is not set");
    check_refused("calendar_features input_cols=d features=year,mont", "unknown feature 'mont'");
    check_refused("calendar_features input_cols=d features=month_tan",
                  "unknown feature 'month_tan'");
    check_refused("calendar_features input_cols=d time_zone=Mars/Olympus", "Mars/Olympus");
    check_refused("calendar_features input_cols=d output_prefixes=a,b",
                  "input_cols names 1 columns, but output_prefixes 2");
    check_refused("calendar_features input_cols=d,d", "'d_year' exists already");
}

static const qn_test_case cases[] = {
    {"parts are those of pandas", test_documented},
    {"dates have no clock", test_dates},
    {"wrong types, features and zones are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("calendar_features", cases);
}
