/* Numbers to and from text, against the C library (strtod, strtof, strtoll). */
#include "core/text/number.h"
#include "tests/harness/harness.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SplitMix64 (Steele, Lea, Flood 2014): any generator will do here. */
static uint64_t next_bits(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool real_equals_strtod(const char *text) {
    double ours, theirs = strtod(text, NULL);
    float ours32, theirs32 = strtof(text, NULL);
    bool good = qn_parse_real(qn_view_of(text), &ours) && same_bits(ours, theirs) &&
                qn_parse_real32(qn_view_of(text), &ours32) &&
                memcmp(&ours32, &theirs32, sizeof ours32) == 0;
    if (!good)
        printf("%s: %.17g, not %.17g\n", text, ours, theirs);
    return good;
}

static void test_integers(void) {
    static const char *const good[] = {
        "0", "-0", "+7", "007", "9223372036854775807", "-9223372036854775808", "123456789"};
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      "1.0",
                                      " 1",
                                      "1 ",
                                      "0x1",
                                      "1e3",
                                      "--1",
                                      "9223372036854775808",
                                      "12a",
                                      "\0",
                                      "-9223372036854775809"};
    int64_t value;
    int32_t narrow;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CU_ASSERT(qn_parse_int64(qn_view_of(good[i]), &value));
        CU_ASSERT_EQUAL(value, strtoll(good[i], NULL, 10));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(qn_parse_int64(qn_view_of(bad[i]), &value));
    CU_ASSERT(qn_parse_int32(qn_view_of("-2147483648"), &narrow) && narrow == INT32_MIN);
    CU_ASSERT_FALSE(qn_parse_int32(qn_view_of("2147483648"), &narrow));
    CU_ASSERT(qn_is_int_too_long(qn_view_of("92233720368547758070")));
    CU_ASSERT_FALSE(qn_is_int_too_long(qn_view_of("9223372036854775807")));
    CU_ASSERT_FALSE(qn_is_int_too_long(qn_view_of("9223372036854775807x")));
}

static void test_hard_reals(void) {
    /* Cases known to break converters: ties, subnormals, the ends of the range. */
    static const char *const texts[] = {
        "0",
        "-0",
        "1",
        "-1.5",
        ".5",
        "5.",
        "1e22",
        "1e23",
        "9007199254740993",
        "9007199254740992.5",
        "9007199254740993.0000000000000000000000000000000000000000000001",
        "179769313486231580793e289",
        "1.7976931348623159e308",
        "1e400",
        "-1e400",
        "1e-400",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "6929495644600919.5",
        "3.14159265358979323846264338327950288",
        "0.1",
        "0.3",
        "123456789012345678",
        "12345678901234567890",
        "18446744073709551615",
        "9999999999999999999",
        "9999999999999999999e-19",
        "9223372036854775807e19",
        "0.000000000000000000000001",
        "1e-22",
        "1e-23",
        "8.5e-17",
        "+12.25E+2",
        "1E-05",
        "7e99999999999",
        "0e99999999999",
        "16777217",
        "16777219",
        "3.4028235677973366e38",
        "1.1754943508222875e-38",
        "7.0064923216240854e-46",
        "1.00000005960464477539062500000000000001",
        "1.000000059604644775",
        "0.00000000000000000000000000000000000000000000000000000000000000000000000000000012345"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CU_ASSERT(real_equals_strtod(texts[i]));
    char longer[3000];
    memset(longer, '7', sizeof longer);
    longer[1500] = '.';
    longer[2990] = '\0';
    CU_ASSERT(real_equals_strtod(longer));
    memset(longer, '0', 2000);
    memcpy(longer, "0.", 2);
    CU_ASSERT(real_equals_strtod(longer));
    /* Half a unit in the last place and one digit 900 places on. */
    memset(longer, '0', sizeof longer);
    memcpy(longer, "9007199254740993.", 17);
    memcpy(longer + 900, "1", 2);
    CU_ASSERT(real_equals_strtod(longer));
}

static void test_words_and_refusals(void) {
    static const char *const bad[] = {"",   ".",   "-",    "e5",  "1e",   "1e+",   "0x10",
                                      " 1", "1 ",  "1,5",  "na",  "nan1", "infin", "1.2.3",
                                      "1-", "--1", "1e5.", "+-1", "."};
    double value;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(qn_parse_real(qn_view_of(bad[i]), &value));
    CU_ASSERT(qn_parse_real(qn_view_of("NaN"), &value) && isnan(value));
    CU_ASSERT(qn_parse_real(qn_view_of("-Inf"), &value) && value == -INFINITY);
    CU_ASSERT(qn_parse_real(qn_view_of("infinity"), &value) && value == INFINITY);
    CU_ASSERT(qn_parse_real_with(qn_view_of("-1,25e1"), ',', &value) && value == -12.5);
    CU_ASSERT_FALSE(qn_parse_real_with(qn_view_of("1.25"), ',', &value));
}

static void random_text(uint64_t *state, char *out) {
    uint64_t bits = next_bits(state);
    int digits = 1 + (int)(bits % 24);
    int point = (int)((bits >> 8) % (uint64_t)(digits + 1));
    int length = 0;
    if (bits >> 63)
        out[length++] = '-';
    for (int i = 0; i < digits; i++) {
        if (i == point && (bits & (1 << 16)))
            out[length++] = '.';
        out[length++] = (char)('0' + next_bits(state) % 10);
    }
    if ((bits >> 17) % 4 == 0)
        length += sprintf(out + length, "e%d", (int)((bits >> 20) % 90) - 45);
    if ((bits >> 17) % 32 == 1)
        length += sprintf(out + length, "e%d", (int)((bits >> 20) % 700) - 350);
    out[length] = '\0';
}

static void test_random_reals(void) {
    uint64_t state = 1;
    int64_t wrong = 0;
    for (int row = 0; row < 300000; row++) {
        char text[64];
        random_text(&state, text);
        wrong += !real_equals_strtod(text);
    }
    /* Digits that fill 64 bits, and quotients close to a tie. */
    for (int row = 0; row < 100000; row++) {
        uint64_t digits = UINT64_C(9999999999999999999) - next_bits(&state) % 700000000000000000;
        char text[64];
        snprintf(text, sizeof text, "%llue-%d", (unsigned long long)digits, row % 20);
        wrong += !real_equals_strtod(text);
        double middle = (double)(next_bits(&state) >> 11) + 0.5;
        snprintf(text, sizeof text, "%.*f", row % 4, middle / (1 << row % 8));
        wrong += !real_equals_strtod(text);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void expect_print(double value, const char *expected) {
    char text[32];
    int length = qn_print_real(value, text);
    CU_ASSERT_STRING_EQUAL(text, expected);
    CU_ASSERT_EQUAL(length, strlen(expected));
}

static void test_print(void) {
    /* Python 3.11: repr(x), without ".0" */
    expect_print(0.1, "0.1");
    expect_print(3.0, "3");
    expect_print(-0.0, "-0");
    expect_print(1e300, "1e+300");
    expect_print(5e-324, "5e-324");
    expect_print(1.7976931348623157e308, "1.7976931348623157e+308");
    expect_print(0.1 + 0.2, "0.30000000000000004");
    expect_print(1.0 / 3, "0.3333333333333333");
    expect_print(-123456.789, "-123456.789");
    expect_print(1e-5, "1e-05");
    expect_print(0.00012345678901234, "0.00012345678901234");
    expect_print(123456789012345.0, "123456789012345");
    expect_print(1e15, "1e+15");
    expect_print(NAN, "nan");
    expect_print(-INFINITY, "-inf");
    char text[32];
    CU_ASSERT_EQUAL(qn_print_int64(INT64_MIN, text), 20);
    CU_ASSERT_STRING_EQUAL(text, "-9223372036854775808");
    qn_print_int64(0, text);
    CU_ASSERT_STRING_EQUAL(text, "0");
}

/* printf's %g with the least precision that reads back. */
static bool is_shortest(double value) {
    char text[32], expected[40];
    int length = qn_print_real(value, text);
    bool integral = fabs(value) < 1e15 && value == floor(value);
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(expected, sizeof expected, "%.*g", precision, value);
        if (same_bits(strtod(expected, NULL), value))
            break;
    }
    if (integral)
        snprintf(expected, sizeof expected, "%.0f", value);
    if (strcmp(text, expected) == 0 && length == (int)strlen(text))
        return true;
    printf("%s, not %s\n", text, expected);
    return false;
}

static void test_print_reads_back(void) {
    uint64_t state = 2;
    int64_t wrong = 0;
    for (int row = 0; row < 100000; row++) {
        uint64_t bits = next_bits(&state);
        double value, scale = pow(10, (int)(bits % 24) - 5);
        memcpy(&value, &bits, sizeof value);
        if (row % 4 == 1)
            value = (double)(int64_t)bits / 9.3e18 * scale;
        if (row % 4 == 2)
            value = (double)(int)(bits >> 40) / scale;
        if (row % 4 == 3)
            value = nextafter((double)(1 + bits % 9) * scale, row % 8 < 4 ? 0 : INFINITY);
        if (isfinite(value))
            wrong += !is_shortest(value);
    }
    for (int i = -30; i < 30; i++)
        wrong +=
            !is_shortest(pow(2, i)) + !is_shortest(pow(10, i)) + !is_shortest(-9.5 * pow(10, i));
    CU_ASSERT_EQUAL(wrong, 0);
}

static const qn_test_case cases[] = {
    {"integers in and out of range", test_integers},
    {"reals that are hard to round equal strtod's", test_hard_reals},
    {"nan and inf are reals, fragments are not", test_words_and_refusals},
    {"random decimals equal strtod's and strtof's", test_random_reals},
    {"reals print as their shortest text", test_print},
    {"printed reals read back, one digit less would not", test_print_reads_back},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("number", cases);
}
