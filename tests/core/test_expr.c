/* Expressions: building, binding, evaluating. */
#include "tests/core/expr_helper.h"

static void test_smoke(void) {
    test_expr("i + 1", "int32: 2 -6 null -2147483648 1");
    test_expr("l * 2", "int64: 4 6 -10 -2 null");
    test_expr("upper(s)", "string: 'ABC' 'ÄRGER' null '' '  X '");
    test_expr("b and c", "bool: true false null false false");
    test_fails("nope + 1", "unknown column 'nope'", 0);
}

static const qn_test_case cases[] = {
    {"smoke", test_smoke},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr", cases);
}
