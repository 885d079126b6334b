/* Time patterns against java.time with Spark's settings (tests/golden/Formats.java, OpenJDK 17). */
#include "core/time/format.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <string.h>

static void check_print(qn_time_format *format, const char *line, qn_clock *clock, const char *time,
                        const char *expected) {
    int64_t value = 0;
    qn_text out;
    qn_text_init(&out);
    CU_ASSERT(qn_parse_timestamp(qn_view_of(time), &value));
    QN_TEST_OK(qn_time_format_print_in(format, value, clock, &out));
    qn_test_check(strcmp(out.data, expected) == 0, __FILE__, __LINE__, line);
    if (strcmp(out.data, expected) != 0)
        fprintf(stderr, "%s: printed '%s'\n", line, out.data);
    qn_text_clear(&out);
}

static void check_parse(qn_time_format *format, const char *line, qn_clock *clock,
                        const char *expected, const char *text) {
    int64_t value = 0, wanted = 0;
    bool good = qn_parse_timestamp(qn_view_of(expected), &wanted);
    bool parsed = qn_time_format_parse_in(format, qn_view_of(text), clock, &value);
    if (parsed != good || value != wanted)
        fprintf(stderr, "%s: parsed %d, %lld\n", line, parsed, (long long)value);
    CU_ASSERT_EQUAL(parsed, good);
    CU_ASSERT_EQUAL(value, wanted);
}

/* what, zone, time, pattern, text */
static void check_line(char *line) {
    char *rest = line, *field[5] = {"", "", "", "", ""}, copy[256];
    qn_zone *zone = NULL;
    qn_time_format *format = NULL;
    line[strcspn(line, "\n")] = '\0';
    snprintf(copy, sizeof copy, "%s", line);
    for (int i = 0; i < 5 && rest != NULL; i++)
        field[i] = strsep(&rest, "\t");
    QN_TEST_OK(qn_zone_open(&zone, field[1]));
    QN_TEST_OK(qn_time_format_new(&format, field[3]));
    qn_clock clock = qn_clock_of(zone);
    if (*field[0] == 'p' && field[0][1] == 'r')
        check_print(format, copy, &clock, field[2], field[4]);
    else
        check_parse(format, copy, &clock, field[2], field[4]);
    qn_time_format_free(format);
    qn_zone_release(zone);
}

static void test_golden(void) {
    FILE *file = fopen(QUERN_SOURCE_DIR "/tests/golden/formats.txt", "r");
    char line[256];
    int lines = 0;
    CU_ASSERT_PTR_NOT_NULL(file);
    for (; file != NULL && fgets(line, sizeof line, file) != NULL; lines++)
        check_line(line);
    CU_ASSERT(lines > 200);
    if (file != NULL)
        fclose(file);
}

/* Clocks: a text without an offset is in the zone; one shown twice is the earlier. */
static void test_zones(void) {
    qn_zone *berlin = NULL;
    QN_TEST_OK(qn_zone_open(&berlin, "Europe/Berlin"));
    static const char *const cases[][2] = {{"2024-01-31 12:00", "2024-01-31 11:00"},
                                           {"2024-07-31 12:00", "2024-07-31 10:00"},
                                           {"2024-03-31 02:30", "2024-03-31 01:30"},
                                           {"2024-10-27 02:30", "2024-10-27 00:30"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qn_time_format *format = NULL;
        qn_clock clock = qn_clock_of(berlin);
        QN_TEST_OK(qn_time_format_new(&format, "yyyy-MM-dd HH:mm"));
        check_parse(format, cases[i][0], &clock, cases[i][1], cases[i][0]);
        qn_time_format_free(format);
    }
    qn_zone_release(berlin);
}

static void test_print_only(void) {
    static const struct {
        const char *pattern;
        char letter;
    } cases[] = {{"yyyy-MM-dd", 0}, {"yyyy QQ", 'Q'}, {"w", 'w'}, {"HH z", 'z'}, {"VV", 'V'}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qn_time_format *format = NULL;
        QN_TEST_OK(qn_time_format_new(&format, cases[i].pattern));
        CU_ASSERT_EQUAL(qn_time_format_print_only(format), cases[i].letter);
        qn_time_format_free(format);
    }
}

static void test_refused(void) {
    static const char *const letters[] = {"Y", "W", "e",      "c",  "F",    "A",   "n",   "N",
                                          "p", "B", "yyyyyy", "aa", "XXXX", "VVV", "zzzz"};
    qn_time_format *format = NULL;
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        QN_TEST_FAILS(qn_time_format_new(&format, letters[i]), QN_JOB, letters[i]);
}

static const qn_test_case cases[] = {
    {"patterns print and read as java.time's", test_golden},
    {"texts without an offset are of the zone", test_zones},
    {"some letters are for printing only", test_print_only},
    {"unknown letters are refused by name", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("format", cases);
}
