/* Functions of numbers beyond arithmetic. Goldens: the examples of Spark's documentation, Python
 * 3.11's math and integers for the rest. */
#include "tests/core/expr_helper.h"

static void test_bits(void) {
    test_constant("3 & 5", "int32", "1");
    test_constant("3 | 5", "int32", "7");
    test_constant("3 # 5", "int32", "6");
    test_constant("~ 0", "int32", "-1");
    test_constant("3 & 5000000000", "int64", "0");
    test_expr("i & 3", "int32: 1 1 null 3 0");
    test_expr("l | i", "int64: 3 -5 null 9223372036854775807 null");
    test_expr("i # l", "int64: 3 -6 null 9223372034707292160 null");
    test_expr("~i", "int32: -2 6 null -2147483648 -1");
    test_expr("bit_count(i)", "int32: 1 62 null 31 0");
    test_constant("bit_count(0)", "int32", "0");
    test_fails("x & 1", "'&' takes whole numbers, not float64", 2);
    test_fails("s & 1", "'&' cannot combine string and int32", 2);
}

static void test_shifts(void) {
    test_constant("shiftleft(2, 1)", "int32", "4");
    test_constant("shiftright(4, 1)", "int32", "2");
    test_constant("shiftrightunsigned(4, 1)", "int32", "2");
    test_constant("shiftrightunsigned(-4, 1)", "int32", "2147483646");
    test_constant("shiftrightunsigned(cast(-4 as bigint), 1)", "int64", "9223372036854775806");
    test_constant("-4 >> 1", "int32", "-2");
    test_expr("i << 1", "int32: 2 -14 null -2 0");
    test_expr("i << 33", "int32: 2 -14 null -2 0");
    test_expr("l << 65", "int64: 4 6 -10 -2 null");
    test_expr("1 << i", "int32: 2 33554432 null -2147483648 1");
}

static void test_remainders(void) {
    test_constant("pmod(10, 3)", "int32", "1");
    test_constant("pmod(-10, 3)", "int32", "2");
    test_constant("pmod(-10, -3)", "int32", "-1");
    test_constant("pmod(-5, -2147483647 - 1)", "int32", "2147483643");
    test_constant("pmod(-2.5, 2)", "float64", "1.5");
    test_expr("pmod(i, 4)", "int32: 1 1 null 3 0");
    test_expr("pmod(l, 0)", "int64: null null null null null");
    test_expr("pmod(x, 2)", "float64: 0.5 1.5 null nan 0");
    test_expr("pmod(f, 2)", "float32: 0.5 0.75 null nan 1");
    test_constant("pmod(cast('-9223372036854775808' as bigint), -1)", "int64", "0");
    test_constant("factorial(5)", "int64", "120");
    test_constant("factorial(20)", "int64", "2432902008176640000");
    test_constant("factorial(21)", "int64", "null");
    test_expr("factorial(i)", "int64: 1 null null null 1");
}

static void test_curves(void) {
    test_constant("sinh(1)", "float64", "1.1752011936438014");
    test_constant("cosh(0)", "float64", "1");
    test_constant("asinh(0)", "float64", "0");
    test_constant("acosh(0)", "float64", "nan");
    test_constant("acosh(1)", "float64", "0");
    test_constant("atanh(2)", "float64", "nan");
    test_constant("cot(1)", "float64", "0.6420926159343306");
    test_constant("sec(0)", "float64", "1");
    test_constant("csc(1)", "float64", "1.1883951057781212");
    test_constant("hypot(3, 4)", "float64", "5");
    test_constant("rint(12.3456)", "float64", "12");
    test_constant("rint(2.5)", "float64", "2");
    test_constant("pi()", "float64", "3.141592653589793");
    test_constant("e()", "float64", "2.718281828459045");
    test_expr("hypot(x, y)", "float64: 2.0615528128088303 2.5 null nan inf");
    test_expr("rint(x)", "float64: 0 -2 null nan 1000");
}

static void test_choices(void) {
    test_constant("nanvl(cast('NaN' as double), 123)", "float64", "123");
    test_expr("nanvl(x, 7)", "float64: 0.5 -2.5 null 7 1000");
    test_expr("nanvl(x, null)", "float64: 0.5 -2.5 null null 1000");
    test_expr("nanvl(f, i)", "float32: 0.5 -1.25 null inf 3");
    test_expr("isnotnull(x)", "bool: true true false true true");
    test_constant("width_bucket(5.3, 0.2, 10.6, 5)", "int64", "3");
    test_constant("width_bucket(-2.1, 1.3, 3.4, 3)", "int64", "0");
    test_constant("width_bucket(8.1, 0.0, 5.7, 4)", "int64", "5");
    test_constant("width_bucket(-0.9, 5.2, 0.5, 2)", "int64", "3");
    test_constant("width_bucket(1, 1, 1, 2)", "int64", "null");
    test_constant("width_bucket(1, 0, 2, 0)", "int64", "null");
    test_expr("width_bucket(x, 0, 1000, 10)", "int64: 1 0 null null 11");
    test_fails("width_bucket(x, 0, 1, 1.5)", "argument 4 of 'width_bucket' must be a whole number",
               22);
}

static const qn_test_case cases[] = {
    {"bit operators keep the type", test_bits}, {"shifts count as Java's", test_shifts},
    {"pmod and factorial", test_remainders},    {"hyperbolic and other curves", test_curves},
    {"nanvl and width_bucket", test_choices},   {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_number", cases);
}
