/* Regular expressions. Goldens: the examples of Spark's documentation; Java's rules for empty
 * matches; PCRE2's manual (pcre2pattern) for the syntax. */
#include "tests/core/expr_helper.h"

static void test_matching(void) {
    test_constant("regexp_like('%SystemDrive%\\Users\\John', '%SystemDrive%\\\\Users.*')", "bool",
                  "true");
    test_expr("s ~ 'b'", "bool: true false null false false");
    test_expr("s ~ '^.b'", "bool: true false null false false");
    test_expr("s !~ 'b'", "bool: false true null true true");
    test_expr("s ~* 'ÄRG'", "bool: false true null false false");
    test_expr("s !~* 'ÄRG'", "bool: true false null true true");
    test_expr("rlike(s, '^$')", "bool: false false null true false");
    test_expr("regexp(s, '\\s')", "bool: false false null false true");
    test_expr("regexp_like(s, '^\\w+$')", "bool: true false null false false");
    test_expr("s ~ '^\\p{L}+$'", "bool: true true null false false");
    test_expr("s ~ '^.{5}$'", "bool: false true null false false");
    test_expr("s ~ '(?i)ABC|x'", "bool: true false null false true");
    test_expr("s ~ null", "bool: null null null null null");
}

/* bug: up to 10.42 PCRE2's machine code for \W, \S and \D skips characters beyond ASCII (its issue
 * 224). Expected: perlrecharclass, Java. */
static void test_negated_kinds(void) {
    test_constant("regexp_replace('aéb — c', '\\W', '_')", "string", "'a_b___c'");
    test_constant("regexp_replace('aé1 ', '\\S', '_')", "string", "'___ '");
    test_constant("regexp_replace('é12€', '\\D+', '_')", "string", "'_12_'");
    test_constant("regexp_replace('aéb', '[\\W]', '_')", "string", "'a_b'");
    test_constant("'é' ~ '^\\W$'", "bool", "true");
    test_constant("'é' ~ '(*UCP)^\\W$'", "bool", "false");
}

static void test_patterns_of_rows(void) {
    test_expr("s ~ u", "bool: true false null null false");
    test_expr("s ~ (u || '|Ä')", "bool: true true null null false");
    test_expr("'abc' ~ u", "bool: true true false null false");
    test_expr("regexp_replace('abz%', u, '-')", "string: 'abz%' 'a-z%' 'ab-%' null 'abz-'");
}

static void test_counting(void) {
    test_constant("regexp_count('Steven Jones and Stephen Smith are the best players', "
                  "'Ste(v|ph)en')",
                  "int32", "2");
    test_constant("regexp_count('abcdefghijklmnopqrstuvwxyz', '[a-z]{3}')", "int32", "8");
    test_constant("regexp_count('äöü', '')", "int32", "4");
    test_expr("regexp_count(s, 'r|b')", "int32: 1 2 null 0 0");
    test_expr("regexp_instr(s, 'r')", "int32: 0 2 null 0 0");
    test_constant("regexp_instr('user@spark.apache.org', '@[^.]*')", "int32", "5");
}

static void test_extracting(void) {
    test_constant("regexp_extract('100-200', '(\\d+)-(\\d+)', 1)", "string", "'100'");
    test_constant("regexp_extract('100-200', '(\\d+)-(\\d+)', 2)", "string", "'200'");
    test_constant("regexp_extract('100-200', '(\\d+)-(\\d+)')", "string", "'100'");
    test_constant("regexp_extract('100-200', '(\\d+)-(\\d+)', 0)", "string", "'100-200'");
    test_constant("regexp_extract('abc', '(x)')", "string", "''");
    test_constant("regexp_extract('ac', 'a(b)?c')", "string", "''");
    test_constant("regexp_extract_all('100-200, 300-400', '(\\d+)-(\\d+)', 1)", "list<string>",
                  "['100', '300']");
    test_constant("regexp_substr('Steven Jones and Stephen Smith are the best players', "
                  "'Ste(v|ph)en')",
                  "string", "'Steven'");
    test_constant("regexp_substr('Steven', 'Jeck')", "string", "null");
    test_expr("regexp_extract(s, '(.)$')", "string: 'c' 'r' null '' ' '");
    test_expr("regexp_extract_all(s, '[br]', 0)", "list<string>: ['b'] ['r', 'r'] null [] []");
}

/* Java's replaceAll */
static void test_replacing(void) {
    test_constant("regexp_replace('100-200', '(\\d+)', 'num')", "string", "'num-num'");
    test_constant("regexp_replace('100-200', '(\\d+)-(\\d+)', '$2-$1')", "string", "'200-100'");
    test_constant("regexp_replace('100-200', '(\\d+)-(\\d+)', '\\2-\\1')", "string", "'200-100'");
    test_constant("regexp_replace('100-200', '(?<a>\\d+)-\\d+', '<${a}>')", "string", "'<100>'");
    test_constant("regexp_replace('100', '(1)', '$12')", "string", "'1200'");
    test_constant("regexp_replace('a', 'a', '\\$1\\\\')", "string", "'$1\\'");
    test_constant("regexp_replace('ab', '.', '<\\&>')", "string", "'<a><b>'");
    test_constant("regexp_replace('baaac', 'a*', 'X')", "string", "'XbXXcX'");
    test_constant("regexp_replace('äö', '', '-')", "string", "'-ä-ö-'");
    test_constant("regexp_replace('100-200', '\\d', 'x', 3)", "string", "'10x-xxx'");
    test_constant("regexp_replace('abc', '^b', 'x', 2)", "string", "'abc'");
    test_expr("regexp_replace(s, '[abr]', '<$0>')", "string: '<a><b>c' 'Ä<r>ge<r>' null '' '  x '");
}

/* Java's split; an empty pattern as Spark since 3.4. */
static void test_splitting(void) {
    test_constant("split('oneAtwoBthreeC', '[ABC]')", "list<string>",
                  "['one', 'two', 'three', '']");
    test_constant("split('oneAtwoBthreeC', '[ABC]', -1)", "list<string>",
                  "['one', 'two', 'three', '']");
    test_constant("split('oneAtwoBthreeC', '[ABC]', 2)", "list<string>", "['one', 'twoBthreeC']");
    test_constant("split('', ',')", "list<string>", "['']");
    test_constant("split('äbc', '')", "list<string>", "['ä', 'b', 'c']");
    test_constant("split('hello', '', 3)", "list<string>", "['h', 'e', 'llo']");
    test_constant("split('a1b', '(?=\\d)')", "list<string>", "['a', '1b']");
    test_constant("split(',a,', ',')", "list<string>", "['', 'a', '']");
    test_expr("split(s, '[br]')", "list<string>: ['a', 'c'] ['Ä', 'ge', ''] null [''] ['  x ']");
    test_expr("size(split(s, u))", "int32: 2 1 -1 -1 1");
    test_expr("(split(s, 'r'))[2]", "string: null 'ge' null null null");
    test_constant("regexp_split_to_array('hello world', '\\s+')", "list<string>",
                  "['hello', 'world']");
}

static void test_mistakes(void) {
    test_fails("s ~ 'a(b'", "bad regular expression 'a(b' at offset 3: missing closing parenthesis",
               4);
    test_fails("split(s, '[')", "bad regular expression '[' at offset 1: missing terminating ]", 9);
    test_fails("regexp_extract(s, 'b')",
               "'regexp_extract' is asked for group 1 of a pattern that has 0", 18);
    test_fails("regexp_extract(s, '(b)', 2)",
               "'regexp_extract' is asked for group 2 of a pattern that has 1", 25);
    test_fails("regexp_replace(s, 'b', '<$1>')",
               "what stands at offset 1 of the replacement is no group of the pattern, which has 0",
               23);
    test_fails("i ~ 'b'", "argument 1 of 'regexp_like' must be a string, not int32", 0);
}

static void check_data_error(const char *sql, const char *message, qn_on_fault on_fault) {
    qn_expr *expr = NULL;
    qn_schema schema;
    qn_batch batch;
    qn_column *column = NULL;
    test_make_schema(&schema);
    test_make_batch(&batch, BASE_ROWS, false);
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(sql)));
    qn_status status = qn_expr_bind_in(expr, &schema, &(qn_session){.on_fault = on_fault});
    if (status == QN_OK)
        status = qn_expr_eval(expr, &batch, &column);
    QN_TEST_FAILS(status, QN_DATA, message);
    qn_column_release(column);
    qn_batch_clear(&batch);
    qn_expr_free(expr);
    qn_schema_clear(&schema);
}

static void test_faults_of_data(void) {
    check_data_error("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' || s ~ '^(a+)+$'",
                     "regular expression '^(a+)+$' on a text of 43 bytes: match limit exceeded",
                     QN_FAULT_SPARK);
    check_data_error("s ~ concat('(', u)", "bad regular expression '(abc' at offset 4",
                     QN_FAULT_SPARK);
    check_data_error("regexp_replace(s, '(b)', concat('$', i + 1))", "is no group of the pattern",
                     QN_FAULT_SPARK);
}

/* What Spark refuses is null here, so that CASE can guard it; in a session of errors it is one. */
static void test_faults_of_rows(void) {
    test_expr("regexp_extract(s, concat('b', u))", "string: null null null null null");
    test_expr("regexp_extract(s, '(.)', i)", "string: 'a' null null null ' '");
    test_expr("regexp_extract_all(s, '(.)', i - 1)",
              "list<string>: ['a', 'b', 'c'] null null null null");
    test_expr("regexp_replace(s, 'b', '-', i)", "string: 'a-c' null null '' null");
    test_expr("split_part(s, 'b', i)", "string: 'a' '' null '' null");
    test_expr("element_at(w, i)", "string: 'a' null null null null");
    test_expr("slice(w, i, 2)", "list<string>: ['a', 'b'] [] null [] null");
    test_expr("slice(w, 1, i)", "list<string>: ['a'] null null [] []");
    check_data_error("regexp_extract(s, '(.)', i)",
                     "was asked for group -7 of a pattern that has 1", QN_FAULT_ERROR);
    check_data_error("regexp_replace(s, 'b', '', i)", "to start at position -7", QN_FAULT_ERROR);
    check_data_error("split_part(s, 'b', i)", "part 0: parts are counted from 1", QN_FAULT_ERROR);
    check_data_error("element_at(w, i)", "item 0: items are counted from 1", QN_FAULT_ERROR);
    check_data_error("slice(w, 1, i)", "slice was asked for -7 items", QN_FAULT_ERROR);
}

/* More patterns than are kept, met again and again. */
static void test_many_patterns(void) {
    qn_expr *expr = NULL;
    qn_schema schema;
    qn_batch batch;
    qn_string_builder builder;
    qn_column *column = NULL, *result = NULL;
    enum { ROWS = 200, PATTERNS = 40 };
    char text[16];
    qn_schema_init(&schema);
    qn_batch_init(&batch);
    qn_string_builder_init(&builder);
    QN_TEST_OK(qn_schema_add(&schema, "p", QN_STRING));
    for (int i = 0; i < ROWS; i++) {
        snprintf(text, sizeof text, "^x%d$", i % PATTERNS);
        QN_TEST_OK(qn_string_builder_add(&builder, qn_view_of(text)));
    }
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    batch.length = ROWS;
    QN_TEST_OK(qn_batch_append(&batch, column));
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of("'x7' ~ p")));
    QN_TEST_OK(qn_expr_bind(expr, &schema));
    QN_TEST_OK(qn_expr_eval(expr, &batch, &result));
    for (int i = 0; i < ROWS && result != NULL; i++)
        CU_ASSERT_EQUAL(qn_bit(result->bits, i), i % PATTERNS == 7);
    qn_column_release(result);
    qn_batch_clear(&batch);
    qn_expr_free(expr);
    qn_schema_clear(&schema);
}

/* Bytes that are not UTF-8 neither match nor crash. */
static void test_broken_text(void) {
    qn_expr *expr = NULL;
    qn_schema schema;
    qn_batch batch;
    qn_string_builder builder;
    qn_column *column = NULL, *result = NULL;
    static const qn_view texts[] = {{"\xff"
                                     "ab",
                                     3},
                                    {"a\xc3", 2},
                                    {"ab", 2},
                                    {"\0ab", 3}};
    qn_schema_init(&schema);
    qn_batch_init(&batch);
    qn_string_builder_init(&builder);
    QN_TEST_OK(qn_schema_add(&schema, "s", QN_STRING));
    for (int i = 0; i < 4; i++)
        QN_TEST_OK(qn_string_builder_add(&builder, texts[i]));
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    batch.length = 4;
    QN_TEST_OK(qn_batch_append(&batch, column));
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of("regexp_count(s, '.')")));
    QN_TEST_OK(qn_expr_bind(expr, &schema));
    QN_TEST_OK(qn_expr_eval(expr, &batch, &result));
    static const int32_t expected[] = {2, 1, 2, 3};
    for (int i = 0; i < 4 && result != NULL; i++)
        CU_ASSERT_EQUAL(result->i32[i], expected[i]);
    qn_column_release(result);
    qn_batch_clear(&batch);
    qn_expr_free(expr);
    qn_schema_clear(&schema);
}

/* Every allocation fails once; nothing leaks and the error is MEMORY. */
static void check_out_of_memory(const char *sql, const qn_schema *schema, const qn_batch *batch) {
    int64_t blocks = qn_mem_blocks();
    qn_status status = QN_MEMORY;
    for (int64_t n = 0; status == QN_MEMORY && n < 1000; n++) {
        qn_expr *expr = NULL;
        qn_column *column = NULL;
        QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(sql)));
        qn_mem_fail_after(n);
        status = qn_expr_bind(expr, schema);
        if (status == QN_OK)
            status = qn_expr_eval(expr, batch, &column);
        qn_mem_fail_after(-1);
        qn_column_release(column);
        qn_expr_free(expr);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        CU_ASSERT_EQUAL(qn_mem_blocks(), blocks);
    }
    QN_TEST_OK(status);
}

static void test_out_of_memory(void) {
    static const char *const texts[] = {
        "array_distinct(split(regexp_replace(s, u, '$0,'), '[,b]'))",
        "s ~ 'b' or regexp_count(s, u) > 1 or regexp_substr(s, '(b)') = u",
        "regexp_extract(s, '(.)', 1) || array_join(regexp_extract_all(s, '.', 0), u)",
        "case when b then array_union(w, array[s, u]) else coalesce(array_sort(w), array['x']) end",
        "greatest(array_except(w, array['a']), array_append(slice(w, 1, 2), s))",
        "md5(s) || sha2(u, 256) || concat_ws(',', w, s, i)",
        "hash(s, i, w) + levenshtein(s, u) + pmod(i, 3) + factorial(i)",
        "translate(lpad(initcap(s), 10, u), 'a', 'b') || reverse(split_part(s, 'b', 1))",
        "array_contains(w, s) and arrays_overlap(w, array[u]) and w[1] = element_at(w, -1)",
        "nanvl(x, y) + width_bucket(x, 0, 1, 3) + hypot(x, y)",
    };
    for (int coded = 0; coded < 2; coded++) {
        qn_schema schema;
        qn_batch batch;
        test_make_schema(&schema);
        test_make_batch(&batch, 4 * BASE_ROWS, coded == 1);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            check_out_of_memory(texts[i], &schema, &batch);
        qn_batch_clear(&batch);
        qn_schema_clear(&schema);
    }
}

static const qn_test_case cases[] = {
    {"operators and functions match anywhere in the text", test_matching},
    {"not a word, not a blank, not a digit: beyond ASCII, too", test_negated_kinds},
    {"patterns may come from a column", test_patterns_of_rows},
    {"matches are counted and located", test_counting},
    {"groups are extracted", test_extracting},
    {"replacements name groups", test_replacing},
    {"split gives a list", test_splitting},
    {"mistakes in constants are errors of the job", test_mistakes},
    {"faults in data are errors of the data", test_faults_of_data},
    {"faults of rows are null, or errors where they are wanted", test_faults_of_rows},
    {"more patterns than are kept", test_many_patterns},
    {"text that is not UTF-8", test_broken_text},
    {"out of memory anywhere", test_out_of_memory},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_regexp", cases);
}
