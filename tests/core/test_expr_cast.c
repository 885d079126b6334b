/* Casts among all scalar types: Spark's non-ANSI rules (Cast.scala, UTF8String, and Java's
 * Double.toString). */
#include "tests/core/expr_helper.h"

static void test_between_numbers(void) {
    test_expr("cast(i as bigint)", "int64: 1 -7 null 2147483647 0");
    test_expr("cast(l as int)", "int32: 2 3 -5 -1 null");
    test_expr("cast(x as int)", "int32: 0 -2 null 0 1000");
    test_expr("cast(y as bigint)", "int64: 2 0 1 0 -9223372036854775808");
    test_expr("cast(f as int)", "int32: 0 -1 null 2147483647 3");
    test_expr("cast(i as double)", "float64: 1 -7 null 2147483647 0");
    test_expr("cast(x as float)", "float32: 0.5 -2.5 null nan 1000");
    test_expr("cast(i as float)", "float32: 1 -7 null 2147483648 0");
    test_expr("cast(i as boolean)", "bool: true true null true false");
    test_expr("cast(y as boolean)", "bool: true false true true true");
    test_expr("cast(b as int)", "int32: 1 0 null 1 0");
    test_expr("cast(b as double)", "float64: 1 0 null 1 0");
    test_constant("cast(3e9 as int)", "int32", "2147483647");
    test_constant("cast(-3e9 as int)", "int32", "-2147483648");
    test_constant("cast(3000000000 as int)", "int32", "-1294967296");
    test_constant("cast(null as int)", "int32", "null");
}

static void check_text(const char *type, const char *quern, const char *text,
                       const char *expected) {
    char sql[256];
    snprintf(sql, sizeof sql, "cast('%s' as %s)", text, type);
    test_constant(sql, quern, expected);
}

static void test_text_to_int(void) {
    static const char *const cases[][2] = {{"12", "12"},
                                           {" 12\t", "12"},
                                           {"-3", "-3"},
                                           {"+4", "4"},
                                           {"1.23", "1"},
                                           {"-1.9", "-1"},
                                           {"1e3", "null"},
                                           {"", "null"},
                                           {"abc", "null"},
                                           {"2147483648", "null"},
                                           {"-2147483648", "-2147483648"},
                                           {"1 2", "null"},
                                           {"1.2x", "null"},
                                           {"-", "null"},
                                           {".5", "0"},
                                           {".", "null"},
                                           {"0x10", "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_text("int", "int32", cases[i][0], cases[i][1]);
    check_text("bigint", "int64", "9223372036854775807", "9223372036854775807");
    check_text("bigint", "int64", "-9223372036854775808", "-9223372036854775808");
    check_text("bigint", "int64", "9223372036854775808", "null");
    check_text("bigint", "int64", "-9223372036854775809", "null");
    check_text("bigint", "int64", "99999999999999999999999", "null");
}

static void test_text_to_real(void) {
    static const char *const cases[][2] = {
        {"1e3", "1000"}, {" 1.5 ", "1.5"}, {"NaN", "nan"},  {"Infinity", "inf"}, {"-inf", "-inf"},
        {"+Inf", "inf"}, {"1.5d", "1.5"},  {"2F", "2"},     {"", "null"},        {"x", "null"},
        {"1e", "null"},  {"d", "null"},    {"0.1", "0.1"},  {"1,5", "null"},     {"1e400", "inf"},
        {".5", "0.5"},   {"5.", "5"},      {"-NaN", "nan"}, {"-nan", "null"},    {".", "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_text("double", "float64", cases[i][0], cases[i][1]);
    check_text("float", "float32", "0.1", "0.10000000149011612");
}

static void test_text_to_bool(void) {
    static const char *const yes[] = {"t", "TRUE", "y", "Yes", "1", " true "};
    static const char *const no[] = {"f", "False", "N", "no", "0"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        check_text("boolean", "bool", yes[i], "true");
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        check_text("boolean", "bool", no[i], "false");
    check_text("boolean", "bool", "on", "null");
    check_text("boolean", "bool", "2", "null");
}

static void test_text_to_date(void) {
    static const char *const cases[][2] = {{"2024", "2024-01-01"},
                                           {"2024-2", "2024-02-01"},
                                           {"2024-2-3", "2024-02-03"},
                                           {" 2024-02-03 ", "2024-02-03"},
                                           {"2024-02-03 anything", "2024-02-03"},
                                           {"2024-02-03T10", "2024-02-03"},
                                           {"2024-02-30", "null"},
                                           {"24-02-03", "null"},
                                           {"12024-02-03", "null"},
                                           {"2024-02-03x", "null"},
                                           {"2024/02/03", "null"},
                                           {"2024-13-01", "null"},
                                           {"2024-", "null"},
                                           {"", "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_text("date", "date", cases[i][0], cases[i][1]);
}

static void test_text_to_timestamp(void) {
    static const char *const cases[][2] = {
        {"2024-02-03", "2024-02-03 00:00:00"},
        {"2024-2-3 4:5:6", "2024-02-03 04:05:06"},
        {"2024-02-03T04:05", "2024-02-03 04:05:00"},
        {"2024-02-03 04:05:06.125", "2024-02-03 04:05:06.125"},
        {"2024-02-03 04:05:06Z", "2024-02-03 04:05:06"},
        {"2024-02-03 04:05:06 UTC", "2024-02-03 04:05:06"},
        {"2024-02-03 04:05:06+02:00", "2024-02-03 02:05:06"},
        {"2024-02-03 04:05:06-0130", "2024-02-03 05:35:06"},
        {"2024-02-03 04:05:06+2", "2024-02-03 02:05:06"},
        {"2024-02-03 24:00:00", "null"},
        {"2024-02-03 04", "null"},
        {"2024-02-03 04:05:06 x", "null"},
        {"2024-02-03 04:05:06+", "null"},
        {"2024-02-03 04:05:06.", "null"},
        {"3000-01-01", "null"}, /* past what int64 nanoseconds hold */
        {"x", "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_text("timestamp", "timestamp", cases[i][0], cases[i][1]);
}

/* As Java's Double.toString and Float.toString print. */
static void test_real_to_text(void) {
    static const char *const cases[][2] = {{"1", "'1.0'"},
                                           {"0", "'0.0'"},
                                           {"-0.0", "'-0.0'"},
                                           {"1e7", "'1.0E7'"},
                                           {"9999999", "'9999999.0'"},
                                           {"1.5e-3", "'0.0015'"},
                                           {"9.99e-4", "'9.99E-4'"},
                                           {"123456.789", "'123456.789'"},
                                           {"1e300", "'1.0E300'"},
                                           {"-2.5", "'-2.5'"},
                                           {"12345678.9", "'1.23456789E7'"},
                                           {"0.1", "'0.1'"},
                                           {"nan", "'NaN'"},
                                           {"inf", "'Infinity'"},
                                           {"-inf", "'-Infinity'"},
                                           {"5e-324", "'5.0E-324'"},
                                           {"100", "'100.0'"},
                                           {"0.001", "'0.001'"},
                                           {"1.7976931348623157e308", "'1.7976931348623157E308'"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "cast(cast('%s' as double) as string)", cases[i][0]);
        test_constant(sql, "string", cases[i][1]);
    }
    test_constant("cast(cast('0.1' as float) as string)", "string", "'0.1'");
    test_constant("cast(cast('16777216' as float) as string)", "string", "'1.6777216E7'");
    test_constant("cast(cast('3.4028235e38' as float) as string)", "string", "'3.4028235E38'");
    test_expr("cast(x as string)", "string: '0.5' '-2.5' null 'NaN' '1000.0'");
}

static void test_to_text(void) {
    test_expr("cast(i as string)", "string: '1' '-7' null '2147483647' '0'");
    test_expr("cast(l as string)", "string: '2' '3' '-5' '9223372036854775807' null");
    test_expr("cast(b as string)", "string: 'true' 'false' null 'true' 'false'");
    test_expr("cast(d as string)",
              "string: '2024-02-29' '1969-12-31' null '2000-01-01' '2023-12-31'");
    test_expr("cast(t as string)", "string: '2024-02-29 23:59:58.5' '1969-12-31 00:00:01' null "
                                   "'2000-01-01 12:30:00' '2023-12-31 06:07:08'");
    test_expr("cast(s as string)", "string: 'abc' 'Ärger' null '' '  x '");
}

static void test_from_text_columns(void) {
    test_expr("cast(s as int)", "int32: null null null null null");
    test_expr("cast(cast(l as string) as bigint)", "int64: 2 3 -5 9223372036854775807 null");
    test_expr("cast(cast(x as string) as double)", "float64: 0.5 -2.5 null nan 1000");
    test_expr("cast(cast(f as string) as float)", "float32: 0.5 -1.25 null inf 3");
    test_expr("cast(cast(b as string) as boolean)", "bool: true false null true false");
    test_expr("cast(cast(d as string) as date)",
              "date: 2024-02-29 1969-12-31 null 2000-01-01 2023-12-31");
}

static void test_times(void) {
    test_expr("cast(t as date)", "date: 2024-02-29 1969-12-31 null 2000-01-01 2023-12-31");
    test_expr("cast(d as timestamp)",
              "timestamp: 2024-02-29 00:00:00 1969-12-31 00:00:00 null 2000-01-01 00:00:00 "
              "2023-12-31 00:00:00");
    test_expr("cast(t as bigint)", "int64: 1709251198 -86399 null 946729800 1704002828");
    test_expr("cast(t as double)", "float64: 1709251198.5 -86399 null 946729800 1704002828");
    test_expr("cast(i as timestamp)", "timestamp: 1970-01-01 00:00:01 1969-12-31 23:59:53 null "
                                      "2038-01-19 03:14:07 1970-01-01 00:00:00");
    test_expr("cast(l as timestamp)", "timestamp: 1970-01-01 00:00:02 1970-01-01 00:00:03 "
                                      "1969-12-31 23:59:55 null null");
    test_expr("cast(x as timestamp)", "timestamp: 1970-01-01 00:00:00.5 1969-12-31 23:59:57.5 "
                                      "null null 1970-01-01 00:16:40");
}

static void test_refused(void) {
    test_fails("cast(b as date)", "cannot cast bool to date", 0);
    test_fails("cast(d as int)", "cannot cast date to int32", 0);
    test_fails("cast(i as date)", "cannot cast int32 to date", 0);
    test_fails("cast(b as timestamp)", "cannot cast bool to timestamp", 0);
}

static const qn_test_case cases[] = {
    {"numbers saturate, wrap or truncate", test_between_numbers},
    {"text to whole numbers", test_text_to_int},
    {"text to real numbers", test_text_to_real},
    {"text to conditions", test_text_to_bool},
    {"text to dates", test_text_to_date},
    {"text to times", test_text_to_timestamp},
    {"reals print as Java's", test_real_to_text},
    {"everything prints", test_to_text},
    {"columns of text are read", test_from_text_columns},
    {"times are seconds", test_times},
    {"casts without meaning are refused", test_refused},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_cast", cases);
}
