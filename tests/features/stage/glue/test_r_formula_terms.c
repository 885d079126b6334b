/* Formulas: terms. Golden: Spark 4's RFormulaParserSuite; R's terms() where it names it. */
#include "features/stage/glue/r_formula_stages.h"
#include "tests/features/stage/stage_data.h"

/* A schema from names; '$' behind one: a string, '#': a list. */
static void make_schema(qn_schema *schema, const char *names) {
    char copy[200], *rest = copy;
    snprintf(copy, sizeof copy, "%s", names);
    qn_schema_init(schema);
    for (char *name; (name = strsep(&rest, " ")) != NULL;) {
        size_t last = strlen(name) - 1;
        qn_type type = name[last] == '$'   ? QN_STRING
                       : name[last] == '#' ? QN_STRING_LIST
                                           : QN_FLOAT64;
        if (type != QN_FLOAT64)
            name[last] = '\0';
        QN_TEST_OK(qn_schema_add(schema, name, type));
    }
}

/* The resolved terms, joined by " + ". */
static void check(const char *text, const char *names, const char *label, const char *expected) {
    qn_formula formula;
    qn_schema schema;
    char joined[1000] = "", message[2400];
    make_schema(&schema, names);
    qn_status status = qn_formula_parse(&formula, text);
    QN_TEST_OK(status);
    if (status == QN_OK) {
        QN_TEST_OK(qn_formula_resolve(&formula, &schema));
        for (int64_t i = 0; i < formula.terms.count; i++) {
            char *term = NULL;
            size_t used = strlen(joined);
            QN_TEST_OK(qn_formula_print(&term, &formula, &formula.terms.items[i]));
            snprintf(joined + used, sizeof joined - used, "%s%s", i > 0 ? " + " : "", term);
            qn_mem_free(term);
        }
        const char *found = formula.label == NULL ? "" : formula.label;
        CU_ASSERT_STRING_EQUAL(found, label);
        snprintf(message, sizeof message, "%s is %s, expected %s", text, joined, expected);
        qn_test_check(strcmp(joined, expected) == 0, __FILE__, __LINE__, message);
        qn_formula_clear(&formula);
    }
    qn_schema_clear(&schema);
}

static void test_simple(void) {
    check("y ~ x", "x y", "y", "x");
    check("y ~ x + x", "x y", "y", "x");
    check("y~x+z", "x y z", "y", "x + z");
    check("y ~   ._fo..o  ", "y ._fo..o", "y", "._fo..o");
    check("resp ~ A_VAR + B + c123", "resp A_VAR B c123", "resp", "A_VAR + B + c123");
    check("~ a + b", "a b", "", "a + b");
    check("y ~ `a` + \xc3\xa9t\xc3\xa9\n+ `b`", "y a b \xc3\xa9t\xc3\xa9", "y",
          "a + \xc3\xa9t\xc3\xa9 + b");
}

static void test_dot(void) {
    check("a ~ .", "a b c$", "a", "b + c");
    check("a ~ .", "a b c#", "a", "b");
    check("a ~ c - b", "a b c$", "a", "c");
    check("a ~ . - b + . - c", "a b c$", "a", "b");
    check("a ~ .:b", "a b c$ d$", "a", "b + c:b + d:b");
    check("a ~ b:.", "a b c$ d$", "a", "b + b:c + b:d");
    check("a ~ .:b:.:.:c:d:.", "a b c$ d$", "a", "b:c:d");
}

/* R: terms.formula(y ~ .:., data = iris), and - Species:. */
static void test_iris(void) {
    const char *const iris = "Sepal.Length Sepal.Width Petal.Length Petal.Width Species$";
    check("~ .:.", iris, "",
          "Sepal.Length + Sepal.Width + Petal.Length + Petal.Width + Species + "
          "Sepal.Length:Sepal.Width + Sepal.Length:Petal.Length + Sepal.Length:Petal.Width + "
          "Sepal.Length:Species + Sepal.Width:Petal.Length + Sepal.Width:Petal.Width + "
          "Sepal.Width:Species + Petal.Length:Petal.Width + Petal.Length:Species + "
          "Petal.Width:Species");
    check("~ .:. - .:.", iris, "", "");
    check("~ .:. - Species:.", iris, "",
          "Sepal.Length + Sepal.Width + Petal.Length + Petal.Width + "
          "Sepal.Length:Sepal.Width + Sepal.Length:Petal.Length + Sepal.Length:Petal.Width + "
          "Sepal.Width:Petal.Length + Sepal.Width:Petal.Width + Petal.Length:Petal.Width");
}

static void test_interactions(void) {
    check("y ~ a:b", "y a b", "y", "a:b");
    check("y ~ a:b + b:a", "y a b", "y", "a:b");
    check("y ~ a : b : c", "y a b c", "y", "a:b:c");
    check("y ~ q + a:b:c + b:c + c:d + z", "y q a b c d z", "y", "q + a:b:c + b:c + c:d + z");
    check("y ~ a*b", "y a b", "y", "a + b + a:b");
    check("y ~ a*b + b*a", "y a b", "y", "a + b + a:b");
    check("y ~ a * b * c", "y a b c", "y", "a + b + a:b + c + a:c + b:c + a:b:c");
    check("y ~ (a + b):c", "y a b c", "y", "a:c + b:c");
    check("y ~ c:(a + b)", "y a b c", "y", "c:a + c:b");
    check("y ~ (a + b)*c", "y a b c", "y", "a + b + c + a:c + b:c");
    check("y ~ c*(a + b)", "y a b c", "y", "c + a + b + c:a + c:b");
    check("y ~ a*b:c", "y a b c", "y", "a + b:c + a:b:c");
    check("y ~ (a*b):c", "y a b c", "y", "a:c + b:c + a:b:c");
}

static void test_powers(void) {
    check("a ~ (a + b)^2", "a b c$ d$", "a", "a + b + a:b");
    check("a ~ .^2", "a b c$ d$", "a", "b + c + d + b:c + b:d + c:d");
    check("a ~ .^3", "a b c$ d$", "a", "b + c + d + b:c + b:d + c:d + b:c:d");
    check("a ~ .^3-.", "a b c$ d$", "a", "b:c + b:d + c:d + b:c:d");
    check("a ~ (b + c)^16", "a b c", "a", "b + c + b:c");
}

static bool intercept_of(const char *text) {
    qn_formula formula;
    QN_TEST_OK(qn_formula_parse(&formula, text));
    bool intercept = formula.intercept;
    qn_formula_clear(&formula);
    return intercept;
}

/* Those that begin with a constant: R. */
static void test_intercept(void) {
    CU_ASSERT_TRUE(intercept_of("a ~ b"));
    CU_ASSERT_TRUE(intercept_of("a ~ b + 1"));
    CU_ASSERT_TRUE(intercept_of("a ~ b - 0"));
    CU_ASSERT_TRUE(intercept_of("a ~ b - 1 + 1"));
    CU_ASSERT_FALSE(intercept_of("a ~ b + 0"));
    CU_ASSERT_FALSE(intercept_of("a ~ b - 1"));
    CU_ASSERT_FALSE(intercept_of("a ~ b + 1 - 1"));
    CU_ASSERT_FALSE(intercept_of("a ~ 0 + b"));
    CU_ASSERT_FALSE(intercept_of("a ~ -1 + b"));
}

static void check_error(const char *text, const char *location, const char *message) {
    qn_formula formula;
    QN_TEST_FAILS(qn_formula_parse(&formula, text), QN_JOB, message);
    char text_and_place[200];
    snprintf(text_and_place, sizeof text_and_place, "%.50s: %s, expected %s", text,
             qn_last_error().location, location);
    qn_test_check(strcmp(qn_last_error().location, location) == 0, __FILE__, __LINE__,
                  text_and_place);
}

static void test_errors(void) {
    check_error("", "formula:1:1", "ends where a label or '~' should follow");
    check_error("y", "formula:1:2", "ends where '~' should follow");
    check_error("y x", "formula:1:3", "'x' stands where '~' should");
    check_error("y ~", "formula:1:4", "ends where a term should follow");
    check_error("y ~ a b", "formula:1:7", "'b' stands where an operator should");
    check_error("y ~ a / b", "formula:1:7", "'/' stands where an operator should");
    check_error("y ~ (a + b", "formula:1:11", "ends where an operator or ')' should follow");
    check_error("y ~ a)", "formula:1:6", "')' stands where an operator should");
    check_error("y ~ a^b", "formula:1:7", "'b' stands where a power (1, 2 ...) should");
    check_error("y ~ a^0", "formula:1:7", "'0' stands where a power");
    check_error("y ~ a^17", "formula:1:7", "powers go to 16");
    check_error("y ~ a^99999999999999999999", "formula:1:7", "powers go to 16");
    check_error("y ~ a^2^2", "formula:1:8", "'^' stands where an operator should");
    check_error("y ~ 2", "formula:1:5", "'2' stands where 0, 1 or a column should");
    check_error("y ~ a +\n  log(b)", "formula:2:6", "'(' stands where an operator should");
    check_error("y ~ `a", "formula:1:5", "a name in backticks has no end");
    check_error("y ~ ``", "formula:1:5", "a name in backticks has no end, or no text");
    check_error("\xc3\xa9 ~ +", "formula:1:6", "ends where a term should follow");
}

static void test_names(void) {
    qn_schema schema;
    qn_formula formula;
    make_schema(&schema, "y spend b");
    QN_TEST_OK(qn_formula_parse(&formula, "y ~ b + spnd"));
    QN_TEST_FAILS(qn_formula_resolve(&formula, &schema), QN_JOB, "spnd");
    CU_ASSERT_STRING_EQUAL(qn_last_error().location, "formula:1:9");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'spend'?");
    qn_formula_clear(&formula);
    qn_schema_clear(&schema);
}

/* Limits, one beyond each. */
static void test_limits(void) {
    enum { DEEP = QN_FORMULA_DEPTH + 1 };
    char text[QN_FORMULA_LENGTH + 10] = "y ~ ";
    for (int i = 0; i < DEEP; i++)
        strcat(text, "(");
    check_error(text, "formula:1:105", "nested more than 100 deep");
    strcpy(text, "y ~ (a0");
    for (int i = 1; i < 70; i++)
        sprintf(text + strlen(text), "+a%d", i);
    strcat(text, ")^3");
    check_error(text, "formula:1:277", "more than 2000 terms");
    strcpy(text, "y ~ (a0");
    for (int i = 1; i < 300; i++)
        sprintf(text + strlen(text), "+a%d", i);
    strcat(text, "):(b+c)");
    qn_formula formula;
    QN_TEST_OK(qn_formula_parse(&formula, text));
    CU_ASSERT_EQUAL(formula.terms.count, 600);
    qn_formula_clear(&formula);
    strcpy(text, "y ~ a0");
    for (int i = 1; i <= 16; i++)
        sprintf(text + strlen(text), ":a%d", i);
    check_error(text, "formula:1:58", "more than 16 columns");
    memset(text, 'a', QN_FORMULA_LENGTH + 1);
    text[QN_FORMULA_LENGTH + 1] = '\0';
    QN_TEST_FAILS(qn_formula_parse(&formula, text), QN_JOB, "at most 16384");
}

/* Random texts of the signs that formulas have: they parse or fail, and leave nothing behind. */
static void test_random(void) {
    static const char *const pieces[] = {
        "a", "b", "c", ".", "0", "1",  "2",        "+",    "-",    "*",     ":",  "^",   "(",
        ")", "~", " ", "`", "/", "\n", "\xc3\xa9", "\xff", "y ~ ", "(a+b)", "^2", ".^3", "16"};
    qn_schema schema;
    uint64_t state = 1;
    int64_t parsed = 0;
    make_schema(&schema, "a b c y");
    for (int i = 0; i < 30000; i++) {
        char text[400] = "";
        qn_formula formula;
        if (i % 4 != 0)
            strcpy(text, "y ~ ");
        int length = (int)(state >> 60) + 1;
        for (int k = 0; k < length; k++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            strcat(text, pieces[(state >> 33) % (sizeof pieces / sizeof *pieces)]);
        }
        if (qn_formula_parse(&formula, text) != QN_OK)
            continue;
        parsed++;
        (void)!qn_formula_resolve(&formula, &schema);
        qn_formula_clear(&formula);
    }
    CU_ASSERT_TRUE(parsed > 1000);
    qn_schema_clear(&schema);
}

static const qn_test_case cases[] = {
    {"sums of columns", test_simple},
    {"a dot is all columns but the label", test_dot},
    {"all pairs of iris' columns are R's", test_iris},
    {"interactions and crosses", test_interactions},
    {"powers", test_powers},
    {"the intercept", test_intercept},
    {"errors say what stands where", test_errors},
    {"an unknown column is named with its place", test_names},
    {"limits", test_limits},
    {"random texts never crash", test_random},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("r_formula_terms", cases);
}
