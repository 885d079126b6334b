/* Texts of intervals, as PostgreSQL 15 reads them (documentation, section 8.5.4; its regression
 * test interval.sql), fractions of days and more excepted. */
#include "core/time/interval.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <string.h>

static void check(const char *text, qn_interval_field last, const char *expected) {
    qn_interval interval = {0}, again = {0};
    char printed[80] = "none";
    if (qn_parse_interval(qn_view_of(text), last, &interval)) {
        qn_print_interval(&interval, printed);
        CU_ASSERT(qn_parse_interval(qn_view_of(printed), QN_INTERVAL_NONE, &again));
        CU_ASSERT(memcmp(&interval, &again, sizeof again) == 0);
    }
    if (strcmp(printed, expected) != 0)
        fprintf(stderr, "'%s' gives '%s', expected '%s'\n", text, printed, expected);
    CU_ASSERT_STRING_EQUAL(printed, expected);
}

static void test_texts(void) {
    static const char *const cases[][2] = {
        {"7 days", "7 days"},
        {"1 month 2 hours", "1 month 02:00:00"},
        {"1 year 2 months 3 days 4 hours 5 minutes 6 seconds", "14 months 3 days 04:05:06"},
        {"P1Y2M3DT4H5M6S", "14 months 3 days 04:05:06"},
        {"P2W", "14 days"},
        {"PT0.5S", "00:00:00.5"},
        {"1-2", "14 months"},
        {"-1-2", "-14 months"},
        {"3 days 04:05:06.789", "3 days 04:05:06.789"},
        {"-1 day +02:03", "-1 day 02:03:00"},
        {"1 day -00:00:01", "1 day -00:00:01"},
        {"2 weeks ago", "-14 days"},
        {"@ 1 minute ago", "-00:01:00"},
        {"1.5 hours", "01:30:00"},
        {".5 s", "00:00:00.5"},
        {"1 DAY", "1 day"},
        {"3yrs 2mons", "38 months"},
        {"  5 ms  ", "00:00:00.005"},
        {"1 century", "1200 months"},
        {"0 days", "0 days"},
        {"100:00:00", "100:00:00"},
        {"", "none"},
        {"7", "none"},
        {"day", "none"},
        {"1 fortnight", "none"},
        {"1.5 days", "none"},
        {"0.5 months", "none"},
        {"1 day ago 2 hours", "none"},
        {"1:60", "none"},
        {"P", "none"},
        {"PT", "none"},
        {"P1H", "none"},
        {"PT1D", "none"},
        {"1 ", "none"},
        {"ago", "none"},
        {"3000000000 days", "none"},
        {"1..5 s", "none"},
        {"9999999999999999999999 s", "none"},
        {"10000000000 seconds", "none"}, /* 317 years do not fit nanoseconds */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(cases[i][0], QN_INTERVAL_NONE, cases[i][1]);
}

static void test_fields(void) {
    check("7", QN_INTERVAL_DAY, "7 days");
    check("-7", QN_INTERVAL_MONTH, "-7 months");
    check("2", QN_INTERVAL_YEAR, "24 months");
    check("1.5", QN_INTERVAL_SECOND, "00:00:01.5");
    check("10:30", QN_INTERVAL_SECOND, "00:10:30");
    check("10:30", QN_INTERVAL_MINUTE, "10:30:00");
    check("1 2:03:04", QN_INTERVAL_SECOND, "1 day 02:03:04");
    check("1-6", QN_INTERVAL_MONTH, "18 months");
}

static const qn_test_case cases[] = {
    {"texts are read as PostgreSQL reads them", test_texts},
    {"fields outside the text say what a number counts", test_fields},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("interval", cases);
}
