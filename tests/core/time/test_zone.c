/* Time zones against java.time (tests/golden/Zones.java, OpenJDK 17), rules and damaged files. */
#include "core/memory.h"
#include "core/time/date.h"
#include "core/time/zone.h"
#include "core/time/zone_private.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <string.h>

static void check_line(const char *what, const char *name, int64_t in, int64_t expected) {
    qn_zone *zone = NULL;
    qn_zone_span span = {0};
    QN_TEST_OK(qn_zone_open(&zone, name));
    int64_t got = *what == 'o'   ? qn_zone_offset(zone, in, &span)
                  : *what == 'l' ? qn_zone_to_utc(zone, in, INT32_MIN, &span)
                                 : qn_zone_day_start(zone, in, &span);
    if (got != expected)
        fprintf(stderr, "%s %s %lld gives %lld, java.time says %lld\n", what, name, (long long)in,
                (long long)got, (long long)expected);
    CU_ASSERT_EQUAL(got, expected);
    qn_zone_release(zone);
}

static void test_golden(void) {
    FILE *file = fopen(QUERN_SOURCE_DIR "/tests/golden/zones.txt", "r");
    CU_ASSERT_PTR_NOT_NULL(file);
    char what[16], name[64];
    long long in, out;
    int64_t lines = 0;
    while (file != NULL && fscanf(file, "%15s %63s %lld %lld", what, name, &in, &out) == 4) {
        check_line(what, name, in, out);
        lines++;
    }
    CU_ASSERT(lines > 1000);
    if (file != NULL)
        fclose(file);
}

/* ---- Offsets --------------------------------------------------------------------------------- */

static void test_offsets(void) {
    static const struct {
        const char *text;
        int32_t seconds;
        bool good;
    } cases[] = {{"Z", 0, true},
                 {"UTC", 0, true},
                 {"GMT+5", 18000, true},
                 {"+02:00", 7200, true},
                 {"-0230", -9000, true},
                 {"+18", 64800, true},
                 {"UT-01:00", -3600, true},
                 {"+01:02:03", 3723, true},
                 {"+18:01", 0, false},
                 {"", 0, false},
                 {"+", 0, false},
                 {"+1:", 0, false},
                 {"2", 0, false},
                 {"+01:60", 0, false},
                 {"utc", 0, false},
                 {"+123", 0, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t seconds = 0;
        bool good = qn_parse_offset(qn_view_of(cases[i].text), &seconds);
        if (good != cases[i].good || (good && seconds != cases[i].seconds))
            fprintf(stderr, "offset '%s' gives %d, %d\n", cases[i].text, good, seconds);
        CU_ASSERT_EQUAL(good, cases[i].good);
        CU_ASSERT(!good || seconds == cases[i].seconds);
    }
    qn_zone *zone = (qn_zone *)&zone;
    QN_TEST_OK(qn_zone_open(&zone, "UTC"));
    CU_ASSERT_PTR_NULL(zone);
    CU_ASSERT_STRING_EQUAL(qn_zone_name(zone), "UTC");
}

static void test_unknown(void) {
    qn_zone *zone = NULL;
    QN_TEST_FAILS(qn_zone_open(&zone, "Europe/Berlim"), QN_JOB,
                  "unknown time zone 'Europe/Berlim'");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'Europe/Berlin'?");
    QN_TEST_FAILS(qn_zone_open(&zone, "berlin"), QN_JOB, "unknown time zone");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'Europe/Berlin'?");
    QN_TEST_FAILS(qn_zone_open(&zone, "america/NEW_york"), QN_JOB, "unknown time zone");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'America/New_York'?");
    static const char *const names[] = {"",          "Europe", "../../etc/passwd", "/etc/localtime",
                                        "tzdata.zi", "+19:00", "Europe/Berlin "};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        QN_TEST_FAILS(qn_zone_open(&zone, names[i]), QN_JOB, "unknown time zone");
}

/* ---- Rules ----------------------------------------------------------------------------------- */

static void check_rule(const char *text, const char *utc, int32_t offset, const char *word) {
    qn_zone_rule rule;
    int64_t time = 0;
    CU_ASSERT(qn_zone_parse_rule(text, &rule));
    CU_ASSERT(qn_parse_timestamp(qn_view_of(utc), &time));
    qn_zone_span span = qn_zone_rule_span(&rule, time / QN_NANOS_A_SECOND);
    CU_ASSERT_EQUAL(span.offset, offset);
    CU_ASSERT_STRING_EQUAL(span.abbreviation, word);
    CU_ASSERT(span.from <= time / QN_NANOS_A_SECOND && time / QN_NANOS_A_SECOND < span.until);
}

/* The texts are those of RFC 8536, section 3.3.1, and of the tz database. */
static void test_rules(void) {
    const char *berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
    check_rule(berlin, "2050-03-27 00:59:59", 3600, "CET");
    check_rule(berlin, "2050-03-27 01:00:00", 7200, "CEST");
    check_rule(berlin, "2050-10-30 00:59:59", 7200, "CEST");
    check_rule(berlin, "2050-10-30 01:00:00", 3600, "CET");
    const char *dublin = "IST-1GMT0,M10.5.0,M3.5.0/1"; /* winter is the exception */
    check_rule(dublin, "2050-01-01 00:00", 0, "GMT");
    check_rule(dublin, "2050-07-01 00:00", 3600, "IST");
    const char *jerusalem = "IST-2IDT,M3.4.4/26,M10.5.0"; /* Friday after the fourth Thursday */
    check_rule(jerusalem, "2050-03-24 23:59:59", 7200, "IST");
    check_rule(jerusalem, "2050-03-25 00:00:00", 10800, "IDT");
    const char *godthab = "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1";
    check_rule(godthab, "2020-03-29 00:59:59", -10800, "-03");
    check_rule(godthab, "2020-03-29 01:00:00", -7200, "-02");
    check_rule("EST5EDT,0/0,J365/25", "2020-01-01 05:00", -14400, "EDT"); /* all the year */
    check_rule("EST5EDT,0/0,J365/25", "2020-12-31 23:59", -14400, "EDT");
    check_rule("<+0545>-5:45", "2020-12-31 23:59", 20700, "+0545");
    check_rule("AAA0BBB,J60,J300", "2024-02-29 23:00", 0, "AAA"); /* J60 is March 1 */
    check_rule("AAA0BBB,59,300", "2024-02-29 23:00", 3600, "BBB");
    static const char *const bad[] = {"",
                                      "CET",
                                      "CET-1CEST",
                                      "CET-1CEST,M3.5.0",
                                      "C<T-1",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-1x",
                                      "CET-1:60",
                                      "CET-1CEST,J0,J5",
                                      "CET-1CEST,400,5",
                                      "<CET-1"};
    qn_zone_rule rule;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_FALSE(qn_zone_parse_rule(bad[i], &rule));
}

/* ---- Damaged files --------------------------------------------------------------------------- */

/* Every prefix and every changed byte of a file is read or refused, never more. */
static void test_damaged(void) {
    unsigned char bytes[8192], copy[8192];
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Dublin", "rb");
    if (file == NULL)
        return;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    qn_zone *zone = NULL;
    for (size_t n = 0; n < size; n++)
        QN_TEST_FAILS(qn_zone_read(&zone, "x", bytes, n), QN_ENVIRONMENT, "is damaged");
    for (size_t i = 0; i < size; i++) {
        memcpy(copy, bytes, size);
        copy[i] ^= 0x81;
        zone = NULL;
        qn_zone_span span = {0};
        if (qn_zone_read(&zone, "x", copy, size) != QN_OK)
            continue;
        for (int64_t t = -5000000000; t < 9000000000; t += 900000001)
            (void)qn_zone_to_utc(zone, t, INT32_MIN, &span);
        qn_zone_release(zone);
    }
}

static void test_no_memory(void) {
    int64_t before = qn_mem_blocks();
    for (int64_t n = 0;; n++) {
        qn_zone *zone = NULL;
        qn_mem_fail_after(n);
        qn_status status = qn_zone_open(&zone, n % 2 == 0 ? "Europe/Berlin" : "Europe/Berlim");
        qn_mem_fail_after(-1);
        qn_zone_release(zone);
        if (status != QN_MEMORY)
            break;
    }
    CU_ASSERT_EQUAL(qn_mem_blocks(), before);
}

static const qn_test_case cases[] = {
    {"offsets and local times are those of java.time", test_golden},
    {"zones may be offsets", test_offsets},
    {"unknown zones are refused with the nearest name", test_unknown},
    {"rules hold past the last transition", test_rules},
    {"damaged files are refused", test_damaged},
    {"failing allocations leak nothing", test_no_memory},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("zone", cases);
}
