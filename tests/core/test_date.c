/* Dates and times, against the C library (timegm, gmtime) and known days. */
#include "core/memory.h"
#include "core/time/format.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* SplitMix64 (Steele, Lea, Flood 2014): any generator will do here. */
static uint64_t next_bits(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void test_civil(void) {
    int64_t wrong = 0;
    for (int32_t days = -800000; days < 3000000; days += 7) {
        time_t seconds = (time_t)days * 86400;
        struct tm expected;
        gmtime_r(&seconds, &expected);
        int32_t year, month, day;
        qn_civil_from_days(days, &year, &month, &day);
        wrong += year != expected.tm_year + 1900 || month != expected.tm_mon + 1 ||
                 day != expected.tm_mday || qn_days_from_civil(year, month, day) != days;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(qn_days_from_civil(2000, 3, 1), 11017);
    CU_ASSERT(qn_date_is_valid(2024, 2, 29) && qn_date_is_valid(2000, 2, 29));
    CU_ASSERT_FALSE(qn_date_is_valid(1900, 2, 29) || qn_date_is_valid(2023, 2, 29));
    CU_ASSERT_FALSE(qn_date_is_valid(2023, 0, 1) || qn_date_is_valid(2023, 13, 1));
    CU_ASSERT_FALSE(qn_date_is_valid(2023, 4, 31) || qn_date_is_valid(2023, 4, 0));
}

static void test_parse_date(void) {
    static const char *const bad[] = {"",           "2024-1-31",  "2024-02-30",  "24-01-31",
                                      "2024/01/31", "2024-01-3x", "2024-01-31 ", "-024-01-31"};
    int32_t days;
    CU_ASSERT(qn_parse_date(qn_view_of("1970-01-02"), &days) && days == 1);
    CU_ASSERT(qn_parse_date(qn_view_of("2024-02-29"), &days) && days == 19782);
    CU_ASSERT(qn_parse_date(qn_view_of("0001-01-01"), &days) && days == -719162);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(qn_parse_date(qn_view_of(bad[i]), &days));
}

static void expect_time(const char *text, int64_t seconds, int64_t nanoseconds) {
    int64_t value = -1;
    bool parsed = qn_parse_timestamp(qn_view_of(text), &value);
    qn_test_check(parsed && value == seconds * QN_NANOS_A_SECOND + nanoseconds, __FILE__, __LINE__,
                  text);
}

static void test_parse_timestamp(void) {
    expect_time("1970-01-01", 0, 0);
    expect_time("2024-02-29 12:34:56", 1709210096, 0);
    expect_time("2024-02-29T12:34", 1709210040, 0);
    expect_time("2024-02-29T12:34:56.7", 1709210096, 700000000);
    expect_time("2024-02-29T12:34:56.123456789Z", 1709210096, 123456789);
    expect_time("2024-02-29T12:34:56+02:00", 1709202896, 0);
    expect_time("2024-02-29T12:34:56-0130", 1709215496, 0);
    expect_time("2024-02-29T12:34:56+01", 1709206496, 0);
    expect_time("1969-12-31 23:59:59.999999999", -1, 999999999);
    static const char *const bad[] = {
        "2024-02-29 ",          "2024-02-29 24:00",     "2024-02-29 12:60",
        "2024-02-29 12:00:60",  "2024-02-29 12:00:00.", "2024-02-29 12:00:00.1234567890",
        "2024-02-29 12:00 ",    "2024-02-29 12:00+1",   "2024-02-29x12:00",
        "2262-04-12 00:00:00",  "1677-09-21 00:12:43",  "2024-02-29 12",
        "2024-02-29 12:00:00Zx"};
    int64_t value;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        qn_test_check(!qn_parse_timestamp(qn_view_of(bad[i]), &value), __FILE__, __LINE__, bad[i]);
}

static void test_print(void) {
    char text[40];
    CU_ASSERT_EQUAL(qn_print_date(19782, text), 10);
    CU_ASSERT_STRING_EQUAL(text, "2024-02-29");
    qn_print_date(-719163, text);
    CU_ASSERT_STRING_EQUAL(text, "0000-12-31");
    qn_print_date(-719529, text);
    CU_ASSERT_STRING_EQUAL(text, "-0001-12-31");
    qn_print_timestamp(1709210096 * QN_NANOS_A_SECOND, text);
    CU_ASSERT_STRING_EQUAL(text, "2024-02-29 12:34:56");
    CU_ASSERT_EQUAL(qn_print_timestamp(-1, text), 29);
    CU_ASSERT_STRING_EQUAL(text, "1969-12-31 23:59:59.999999999");
    qn_print_timestamp(1500000, text);
    CU_ASSERT_STRING_EQUAL(text, "1970-01-01 00:00:00.0015");
}

static void test_print_reads_back(void) {
    uint64_t state = 3;
    int64_t wrong = 0;
    for (int row = 0; row < 20000; row++) {
        int64_t value = (int64_t)next_bits(&state), back;
        char text[40];
        int length = qn_print_timestamp(value, text);
        wrong += !qn_parse_timestamp((qn_view){text, length}, &back) || back != value;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Parses `text` by the pattern and prints the time again. */
static void expect_format(const char *pattern, const char *text, const char *iso,
                          const char *printed) {
    qn_time_format *format = NULL;
    QN_TEST_OK(qn_time_format_new(&format, pattern));
    if (format == NULL)
        return;
    int64_t value, expected;
    bool parsed = qn_time_format_parse(format, qn_view_of(text), &value);
    qn_test_check(parsed == (iso != NULL), __FILE__, __LINE__, text);
    if (parsed && iso != NULL) {
        CU_ASSERT(qn_parse_timestamp(qn_view_of(iso), &expected));
        qn_test_check(value == expected, __FILE__, __LINE__, text);
        qn_text out;
        qn_text_init(&out);
        QN_TEST_OK(qn_time_format_print(format, value, &out));
        CU_ASSERT_STRING_EQUAL(out.data, printed ? printed : text);
        qn_text_clear(&out);
    }
    qn_time_format_free(format);
}

static void test_formats(void) {
    expect_format("dd.MM.yyyy", "31.01.2024", "2024-01-31", NULL);
    expect_format("d/M/yy", "3/7/99", "2099-07-03", NULL);
    expect_format("d/M/yy", "03/07/99", "2099-07-03", "3/7/99");
    expect_format("yyyyMMdd", "20240131", "2024-01-31", NULL);
    expect_format("yyyyMMddHHmmssSSS", "20240131235958123", "2024-01-31 23:59:58.123", NULL);
    expect_format("dd-MMM-yyyy", "05-Sep-2021", "2021-09-05", NULL);
    expect_format("dd-MMM-yyyy", "05-SEP-2021", "2021-09-05", "05-Sep-2021");
    expect_format("MMMM d, yyyy", "September 5, 2021", "2021-09-05", NULL);
    expect_format("yyyy-MM-dd hh:mm a", "2021-09-05 12:30 AM", "2021-09-05 00:30", NULL);
    expect_format("yyyy-MM-dd h:mm a", "2021-09-05 1:30 pm", "2021-09-05 13:30",
                  "2021-09-05 1:30 PM");
    expect_format("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2021-09-05T01:30:00.250+02:00",
                  "2021-09-04 23:30:00.25", "2021-09-04T23:30:00.250Z");
    expect_format("yyyy-MM-dd HH:mm:ss.SSSSSS", "2021-09-05 01:30:00.5", "2021-09-05 01:30:00.5",
                  "2021-09-05 01:30:00.500000");
    expect_format("yyyy ''''''", "2021 ''", NULL, NULL);
    expect_format("yyyy'year''s'", "2021year's", "2021-01-01", NULL);
    expect_format("HH:mm", "07:08", "1970-01-01 07:08", NULL);
    expect_format("yyyy-MM-dd Z", "2021-09-05 -0100", "2021-09-05 01:00", "2021-09-05 +0000");
    expect_format("dd.MM.yyyy", "30.02.2024", NULL, NULL);
    expect_format("dd.MM.yyyy", "1.2.2024", NULL, NULL);
    expect_format("dd.MM.yyyy", "01.02.2024 ", NULL, NULL);
    expect_format("HH:mm", "24:00", NULL, NULL);
    expect_format("hh:mm a", "13:00 AM", NULL, NULL);
}

static void test_format_dates(void) {
    qn_time_format *format = NULL;
    int32_t days = 0;
    QN_TEST_OK(qn_time_format_new(&format, "dd.MM.yyyy"));
    CU_ASSERT(qn_time_format_parse_date(format, qn_view_of("01.01.0800"), &days));
    CU_ASSERT_EQUAL(days, qn_days_from_civil(800, 1, 1));
    qn_time_format_free(format);
}

static void test_bad_patterns(void) {
    qn_time_format *format = NULL;
    QN_TEST_FAILS(qn_time_format_new(&format, "YYYY-MM-dd"), QN_JOB, "'YYYY' is not a known part");
    QN_TEST_FAILS(qn_time_format_new(&format, "yyyy-MM-DD"), QN_JOB, "D is the day of the year");
    QN_TEST_FAILS(qn_time_format_new(&format, "MMMMM"), QN_JOB, "'MMMMM'");
    QN_TEST_FAILS(qn_time_format_new(&format, "yyyy'T"), QN_JOB, "not closed");
    QN_TEST_FAILS(qn_time_format_new(&format, "yyyy[MM"), QN_JOB, "'[' is not closed");
    QN_TEST_FAILS(qn_time_format_new(&format, "yyyy]"), QN_JOB, "']' without its partner");
    QN_TEST_FAILS(qn_time_format_new(&format, "[y[M]]"), QN_JOB, "'[' without its partner");
    QN_TEST_FAILS(qn_time_format_new(&format, "{yyyy"), QN_JOB, "'{'");
    QN_TEST_FAILS(qn_time_format_new(&format, ""), QN_JOB, "empty");
    CU_ASSERT_PTR_NULL(format);
    qn_mem_fail_after(0);
    QN_TEST_FAILS(qn_time_format_new(&format, "yyyy"), QN_MEMORY, "");
    qn_mem_fail_after(-1);
}

static const qn_test_case cases[] = {
    {"days and civil dates agree with the C library", test_civil},
    {"ISO dates", test_parse_date},
    {"ISO timestamps", test_parse_timestamp},
    {"dates and times print as ISO text", test_print},
    {"printed times read back", test_print_reads_back},
    {"patterns of letters parse and print", test_formats},
    {"a date pattern reaches beyond 64 bits of nanoseconds", test_format_dates},
    {"bad patterns are refused", test_bad_patterns},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("date", cases);
}
