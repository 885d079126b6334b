/* Functions of numbers, text and time. Goldens: Python 3.11's math, datetime and str; Spark's
 * documentation where it has a rule of its own. */
#include "tests/core/expr_helper.h"

static void test_arithmetic(void) {
    test_expr("i + 1", "int32: 2 -6 null -2147483648 1");
    test_expr("i + l", "int64: 3 -4 null -9223372034707292162 null");
    test_expr("l + 1", "int64: 3 4 -4 -9223372036854775808 null");
    test_expr("1 - i", "int32: 0 8 null -2147483646 1");
    test_expr("i * i", "int32: 1 49 null 1 0");
    test_expr("-i", "int32: -1 7 null -2147483647 0");
    test_expr("- x", "float64: -0.5 2.5 null nan -1000");
    test_expr("x + i", "float64: 1.5 -9.5 null nan 1000");
    test_expr("f * 2", "float32: 1 -2.5 null inf 6");
    test_expr("f + x", "float64: 1 -3.75 null nan 1003");
    test_expr("i - null", "int32: null null null null null");
    test_constant("2147483647 + 1", "int32", "-2147483648");
    test_constant("1.5 + 1", "float64", "2.5");
}

static void test_division(void) {
    test_expr("i / 2", "float64: 0.5 -3.5 null 1073741823.5 0");
    test_expr("x / y", "float64: 0.25 null null nan -0");
    test_expr("1 / i", "float64: 1 -0.14285714285714285 null 4.656612875245797e-10 null");
    test_expr("i / 0", "float64: null null null null null");
    test_expr("i % 2", "int32: 1 -1 null 1 0");
    test_expr("7 % i", "int32: 0 0 null 7 null");
    test_expr("l % 0", "int64: null null null null null");
    test_expr("x % y", "float64: 0.5 null null nan 1000");
    test_expr("mod(l, -1)", "int64: 0 0 0 0 null");
    test_expr("f % 2", "float32: 0.5 -1.25 null nan 1");
    test_constant("-7 % 3", "int32", "-1");
    test_constant("5.5 % 2", "float64", "1.5");
}

static void test_signs(void) {
    test_expr("abs(i)", "int32: 1 7 null 2147483647 0");
    test_expr("abs(l)", "int64: 2 3 5 9223372036854775807 null");
    test_expr("abs(x)", "float64: 0.5 2.5 null nan 1000");
    test_expr("abs(f)", "float32: 0.5 1.25 null inf 3");
    test_expr("sign(x)", "float64: 1 -1 null nan 1");
    test_expr("sign(i)", "float64: 1 -1 null 1 0");
}

/* Python's math, to the last digit. */
static void test_real_functions(void) {
    test_expr("exp(x)", "float64: 1.6487212707001282 0.0820849986238988 null nan inf");
    test_expr("expm1(x)", "float64: 0.6487212707001282 -0.9179150013761013 null nan inf");
    test_expr("ln(x)", "float64: -0.6931471805599453 null null nan 6.907755278982137");
    test_expr("log(x)", "float64: -0.6931471805599453 null null nan 6.907755278982137");
    test_expr("log1p(x)", "float64: 0.4054651081081644 null null nan 6.90875477931522");
    test_expr("log2(x)", "float64: -1 null null nan 9.965784284662087");
    test_expr("log10(x)", "float64: -0.3010299956639812 null null nan 3");
    test_expr("log(2, x)", "float64: -1 null null nan 9.965784284662087");
    test_expr("log(y, 8)", "float64: 3 null inf nan null");
    test_expr("ln(i)", "float64: 0 null null 21.487562596892644 null");
    test_expr("atan2(x, y)",
              "float64: 0.24497866312686414 -1.5707963267948966 null nan 3.141592653589793");
    test_expr("tanh(x)", "float64: 0.46211715726000974 -0.9866142981514303 null nan 1");
    test_expr("degrees(x)", "float64: 28.64788975654116 -143.2394487827058 null nan "
                            "57295.77951308232");
    test_expr("radians(x)", "float64: 0.008726646259971648 -0.04363323129985824 null nan "
                            "17.453292519943297");
    test_expr("cos(x)", "float64: 0.8775825618903728 -0.8011436155469337 null nan "
                        "0.5623790762907029");
    test_expr("power(x, 2)", "float64: 0.25 6.25 null nan 1000000");
    test_expr("pow(2, i)", "float64: 2 0.0078125 null inf 1");
    test_constant("sqrt(2)", "float64", "1.4142135623730951");
    test_constant("isnan(sqrt(-1))", "bool", "true");
    test_constant("cbrt(8)", "float64", "2");
    test_constant("isnan(null)", "bool", "false");
}

/* Half up, away from zero, on the decimal that is printed: Spark's BigDecimal rounding. */
static void test_rounding(void) {
    test_expr("round(x)", "float64: 1 -3 null nan 1000");
    test_expr("bround(x)", "float64: 0 -2 null nan 1000");
    test_expr("floor(x)", "int64: 0 -3 null 0 1000");
    test_expr("ceil(x)", "int64: 1 -2 null 0 1000");
    test_expr("floor(f)", "int64: 0 -2 null 9223372036854775807 3");
    test_expr("ceil(i)", "int64: 1 -7 null 2147483647 0");
    test_expr("round(i, -1)", "int32: 0 -10 null -2147483646 0");
    test_expr("round(f, 1)", "float32: 0.5 -1.2999999523162842 null inf 3");
    test_constant("round(2.5)", "float64", "3");
    test_constant("round(-2.5)", "float64", "-3");
    test_constant("round(0.49999999999999994)", "float64", "0");
    test_constant("round(2.675, 2)", "float64", "2.68");
    test_constant("round(1.005, 2)", "float64", "1.01");
    test_constant("round(-1.005, 2)", "float64", "-1.01");
    test_constant("round(1234.5678, -2)", "float64", "1200");
    test_constant("round(1250.0, -2)", "float64", "1300");
    test_constant("bround(1250.0, -2)", "float64", "1200");
    test_constant("bround(2.5)", "float64", "2");
    test_constant("bround(3.5)", "float64", "4");
    test_constant("bround(0.125, 2)", "float64", "0.12");
    test_constant("round(9.995, 2)", "float64", "10");
    test_constant("round(0.004, 2)", "float64", "0");
    test_constant("round(0.05, 1)", "float64", "0.1");
    test_constant("round(123456789012345.67, 1)", "float64", "123456789012345.7");
    test_constant("round(1e300, 2)", "float64", "1e+300");
    test_constant("round(49, -2)", "int32", "0");
    test_constant("round(50, -2)", "int32", "100");
    test_constant("bround(50, -2)", "int32", "0");
    test_constant("round(5, 3)", "int32", "5");
}

/* ---- Text ------------------------------------------------------------------------------------ */

static void test_text_cases(void) {
    test_expr("length(s)", "int32: 3 5 null 0 4");
    test_expr("lower(s)", "string: 'abc' 'ärger' null '' '  x '");
    test_expr("upper(s)", "string: 'ABC' 'ÄRGER' null '' '  X '");
    test_expr("upper(u)", "string: 'ABC' 'B' 'Z' null '%'");
    test_expr("length(upper(s))", "int32: 3 5 null 0 4");
    test_constant("lower('ÇΣЖ')", "string", "'çσж'");
    test_constant("length('a😀ü')", "int32", "3");
}

static void test_text_parts(void) {
    test_expr("trim(s)", "string: 'abc' 'Ärger' null '' 'x'");
    test_expr("ltrim(s)", "string: 'abc' 'Ärger' null '' 'x '");
    test_expr("rtrim(s)", "string: 'abc' 'Ärger' null '' '  x'");
    test_expr("trim(both 'aÄr ' from s)", "string: 'bc' 'ge' null '' 'x'");
    test_expr("substring(s, 2)", "string: 'bc' 'rger' null '' ' x '");
    test_expr("substring(s, 1, 1)", "string: 'a' 'Ä' null '' ' '");
    test_expr("substring(s from 2 for 2)", "string: 'bc' 'rg' null '' ' x'");
    test_expr("substring(s, -2, 1)", "string: 'b' 'e' null '' 'x'");
    test_expr("substring(s, 0, 2)", "string: 'ab' 'Är' null '' '  '");
    test_expr("substring(s, i, 2)", "string: 'ab' '' null '' '  '");
    test_constant("substring('Spark SQL', -3)", "string", "'SQL'");
    test_constant("substring('abc', -5, 3)", "string", "'a'"); /* from -2 to 1 */
    test_constant("substring('abc', 2, -1)", "string", "''");
}

static void test_text_joins(void) {
    test_expr("s || u", "string: 'abcabc' 'Ärgerb' null null '  x %'");
    test_expr("s || '!'", "string: 'abc!' 'Ärger!' null '!' '  x !'");
    test_expr("concat(s, '-', i)", "string: 'abc-1' 'Ärger--7' null '-2147483647' '  x -0'");
    test_expr("concat(d, ' ', b)", "string: '2024-02-29 true' '1969-12-31 false' null "
                                   "'2000-01-01 true' '2023-12-31 false'");
    test_expr("replace(s, 'b', 'BB')", "string: 'aBBc' 'Ärger' null '' '  x '");
    test_expr("replace(s, ' ')", "string: 'abc' 'Ärger' null '' 'x'");
    test_expr("replace(s, '', 'z')", "string: 'abc' 'Ärger' null '' '  x '");
    test_constant("replace('aaa', 'aa', 'b')", "string", "'ba'");
}

static void test_text_search(void) {
    test_expr("starts_with(s, 'a')", "bool: true false null false false");
    test_expr("ends_with(s, 'r')", "bool: false true null false false");
    test_expr("contains(s, 'r')", "bool: false true null false false");
    test_expr("contains(s, u)", "bool: true false null null false");
    test_expr("contains(s, '')", "bool: true true null true true");
}

/* Against SQLite. */
static void test_patterns(void) {
    test_expr("s like 'a%'", "bool: true false null false false");
    test_expr("s like '%r'", "bool: false true null false false");
    test_expr("s like '%rg%'", "bool: false true null false false");
    test_expr("s like 'abc'", "bool: true false null false false");
    test_expr("s like ''", "bool: false false null true false");
    test_expr("s like '%'", "bool: true true null true true");
    test_expr("s like '_rg_r'", "bool: false true null false false");
    test_expr("s like '%_%e_'", "bool: false true null false false");
    test_expr("s not like '%b%'", "bool: false true null true true");
    test_expr("s ilike 'ÄR%'", "bool: false true null false false");
    test_expr("s ilike 'ABC'", "bool: true false null false false");
    test_expr("'abc' like u", "bool: true false false null true");
    test_expr("s like null", "bool: null null null null null");
    test_constant("'abc' like '_b_'", "bool", "true");
    test_constant("'abc' like '%c%c'", "bool", "false");
    test_constant("'a%c' like 'a\\%c'", "bool", "true");
    test_constant("'abc' like 'a\\%c'", "bool", "false");
    test_constant("'' like '_'", "bool", "false");
    test_constant("'aXbXc' like 'a%b%c'", "bool", "true");
    test_constant("'mississippi' like '%iss%ip%i'", "bool", "true");
    test_constant("'mississippi' like '%iss%sip%i%z'", "bool", "false");
    test_constant("'😀x' like '_x'", "bool", "true");
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* Against Python's datetime. */
static void test_date_parts(void) {
    test_expr("year(d)", "int32: 2024 1969 null 2000 2023");
    test_expr("quarter(d)", "int32: 1 4 null 1 4");
    test_expr("month(d)", "int32: 2 12 null 1 12");
    test_expr("day(d)", "int32: 29 31 null 1 31");
    test_expr("dayofyear(d)", "int32: 60 365 null 1 365");
    test_expr("weekday(d)", "int32: 3 2 null 5 6");
    test_expr("dayofweek(d)", "int32: 5 4 null 7 1");
    test_expr("weekofyear(d)", "int32: 9 1 null 52 52");
    test_expr("last_day(d)", "date: 2024-02-29 1969-12-31 null 2000-01-31 2023-12-31");
    test_expr("year(t)", "int32: 2024 1969 null 2000 2023");
    test_expr("hour(t)", "int32: 23 0 null 12 6");
    test_expr("minute(t)", "int32: 59 0 null 30 7");
    test_expr("second(t)", "int32: 58 1 null 0 8");
    test_expr("hour(d)", "int32: 0 0 null 0 0");
    test_constant("weekofyear('2021-01-03')", "int32", "53");
    test_constant("weekofyear('2020-12-28')", "int32", "53");
    test_constant("extract(dow from date '2024-01-07')", "int32", "1");
}

static void test_date_arithmetic(void) {
    test_expr("date_add(d, 1)", "date: 2024-03-01 1970-01-01 null 2000-01-02 2024-01-01");
    test_expr("d + 1", "date: 2024-03-01 1970-01-01 null 2000-01-02 2024-01-01");
    test_expr("date_sub(d, i)", "date: 2024-02-28 1970-01-07 null -5877611-06-23 2023-12-31");
    test_expr("d - 1", "date: 2024-02-28 1969-12-30 null 1999-12-31 2023-12-30");
    test_expr("datediff(e, d)", "int32: 1 19784 null null -45230");
    test_expr("e - d", "int32: 1 19784 null null -45230");
    test_expr("datediff('2024-03-01', t)", "int32: 1 19784 null 8826 61");
    test_expr("add_months(d, 1)", "date: 2024-03-29 1970-01-31 null 2000-02-01 2024-01-31");
    test_expr("add_months(d, -12)", "date: 2023-02-28 1968-12-31 null 1999-01-01 2022-12-31");
    test_constant("add_months(date '2000-02-29', 12000000)", "date", "+1002000-02-29");
    test_constant("add_months(date_add(date '1970-01-01', 2147483647), 12000000)", "date", "null");
    /* what C++20's std::chrono gives */
    test_constant("last_day(date_add(date '1970-01-01', 2147483600))", "date", "+5881580-05-31");
    test_constant("dayofyear(date_add(date '1970-01-01', 2147483647))", "int32", "193");
    test_constant("trunc(date_add(date '1970-01-01', 2147483647), 'month')", "date",
                  "+5881580-07-01");
}

static void test_date_truncation(void) {
    test_expr("date_trunc('month', t)",
              "timestamp: 2024-02-01 00:00:00 1969-12-01 00:00:00 null 2000-01-01 00:00:00 "
              "2023-12-01 00:00:00");
    test_expr("date_trunc('hour', t)",
              "timestamp: 2024-02-29 23:00:00 1969-12-31 00:00:00 null 2000-01-01 12:00:00 "
              "2023-12-31 06:00:00");
    test_expr("date_trunc('WEEK', d)",
              "timestamp: 2024-02-26 00:00:00 1969-12-29 00:00:00 null 1999-12-27 00:00:00 "
              "2023-12-25 00:00:00");
    test_expr("trunc(d, 'year')", "date: 2024-01-01 1969-01-01 null 2000-01-01 2023-01-01");
    test_expr("trunc(t, 'quarter')", "date: 2024-01-01 1969-10-01 null 2000-01-01 2023-10-01");
    /* the first timestamp is 1677-09-21 00:12:43.145224192 */
    test_constant("date_trunc('year', timestamp '1677-10-01')", "timestamp", "null");
    test_constant("date_trunc('month', timestamp '1677-10-01 01:00:00')", "timestamp",
                  "1677-10-01 00:00:00");
    test_constant("date_trunc('day', timestamp '1677-09-21 00:30:00')", "timestamp", "null");
    test_constant("date_trunc('hour', timestamp '1677-09-21 00:30:00')", "timestamp", "null");
    test_constant("date_trunc('minute', timestamp '1677-09-21 00:30:40')", "timestamp",
                  "1677-09-21 00:30:00");
}

static void test_date_text(void) {
    test_expr("date_format(d, 'dd.MM.yyyy')",
              "string: '29.02.2024' '31.12.1969' null '01.01.2000' '31.12.2023'");
    test_expr("date_format(t, 'HH:mm')", "string: '23:59' '00:00' null '12:30' '06:07'");
    test_expr("to_date(t)", "date: 2024-02-29 1969-12-31 null 2000-01-01 2023-12-31");
    test_expr("to_date(date_format(d, 'yyyyMMdd'), 'yyyyMMdd')",
              "date: 2024-02-29 1969-12-31 null 2000-01-01 2023-12-31");
    test_expr("to_timestamp(s)", "timestamp: null null null null null");
    test_constant("to_date('2024-02-30')", "date", "null");
    test_constant("to_date('31/01/2024', 'dd/MM/yyyy')", "date", "2024-01-31");
    test_constant("to_date('2024-01-31', 'dd/MM/yyyy')", "date", "null");
    test_constant("to_timestamp('2024-01-31 10:20:30')", "timestamp", "2024-01-31 10:20:30");
    test_constant("to_timestamp('31.01.24 10:20', 'dd.MM.yy HH:mm')", "timestamp",
                  "2024-01-31 10:20:00");
}

static const qn_test_case cases[] = {
    {"arithmetic promotes types and wraps", test_arithmetic},
    {"a division by zero is null", test_division},
    {"abs and sign", test_signs},
    {"real functions equal Python's", test_real_functions},
    {"halves are rounded away from zero, by the decimal", test_rounding},
    {"lengths and cases count characters", test_text_cases},
    {"parts of text", test_text_parts},
    {"joining and replacing text", test_text_joins},
    {"searching text", test_text_search},
    {"like and ilike", test_patterns},
    {"parts of dates and times", test_date_parts},
    {"date arithmetic", test_date_arithmetic},
    {"dates are cut to units", test_date_truncation},
    {"dates from text and to text", test_date_text},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_functions", cases);
}
