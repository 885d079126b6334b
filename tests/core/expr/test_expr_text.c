/* Functions of text. Goldens: the examples of Spark's documentation; for texts beyond ASCII
 * Python 3.11's str. */
#include "core/expr/texts.h"
#include "tests/core/expr_helper.h"

static void test_positions(void) {
    test_constant("position('bar' in 'foobarbar')", "int32", "4");
    test_constant("strpos('foobarbar', 'bar')", "int32", "4");
    test_constant("instr('SparkSQL', 'SQL')", "int32", "6");
    test_constant("locate('bar', 'foobarbar')", "int32", "4");
    test_constant("locate('bar', 'foobarbar', 5)", "int32", "7");
    test_constant("locate('bar', 'foobarbar', 0)", "int32", "0");
    test_constant("locate('', 'abc')", "int32", "1");
    test_constant("charindex('bar', 'foobarbar', 8)", "int32", "0");
    test_expr("strpos(s, 'r')", "int32: 0 2 null 0 0");
    test_expr("strpos(s, u)", "int32: 1 0 null null 0");
    test_expr("locate('', s)", "int32: 1 1 null 1 1");
    test_expr("strpos('xÄÖy', 'y')", "int32: 4 4 4 4 4");
}

static void test_delimited(void) {
    test_constant("split_part('11.12.13', '.', 3)", "string", "'13'");
    test_constant("split_part('11.12.13', '.', -2)", "string", "'12'");
    test_constant("split_part('11.12.13', '.', 4)", "string", "''");
    test_constant("split_part('11.12.13', '.', -4)", "string", "''");
    test_constant("split_part('11.12.13', '', 1)", "string", "'11.12.13'");
    test_constant("substring_index('www.apache.org', '.', 2)", "string", "'www.apache'");
    test_constant("substring_index('www.apache.org', '.', -2)", "string", "'apache.org'");
    test_constant("substring_index('www.apache.org', '.', 9)", "string", "'www.apache.org'");
    test_constant("substring_index('www.apache.org', '.', 0)", "string", "''");
    test_constant("substring_index('||||', '||', 2)", "string", "'|'");
    test_expr("split_part(s, 'r', 2)", "string: '' 'ge' null '' ''");
    test_expr("substring_index(s, 'b', -1)", "string: 'c' 'Ärger' null '' '  x '");
}

static void test_ends(void) {
    test_constant("left('Spark SQL', 3)", "string", "'Spa'");
    test_constant("right('Spark SQL', 3)", "string", "'SQL'");
    test_constant("left('Spark', 0)", "string", "''");
    test_constant("right('Spark', -1)", "string", "''");
    test_expr("left(s, 2)", "string: 'ab' 'Är' null '' '  '");
    test_expr("right(s, 5)", "string: 'abc' 'Ärger' null '' '  x '");
    test_expr("right(s, i)", "string: 'c' '' null '' ''");
}

static void test_padding(void) {
    test_constant("lpad('hi', 5, '?\?')", "string", "'?\?\?hi'");
    test_constant("lpad('hi', 1, '?\?')", "string", "'h'");
    test_constant("lpad('hi', 5)", "string", "'   hi'");
    test_constant("rpad('hi', 5, '?\?')", "string", "'hi?\?\?'");
    test_constant("rpad('hi', 1, '?\?')", "string", "'h'");
    test_constant("rpad('hi', 5)", "string", "'hi   '");
    test_constant("lpad('hi', 5, '')", "string", "'hi'");
    test_constant("lpad('hi', -5)", "string", "''");
    test_expr("lpad(s, 6, 'äb')", "string: 'äbäabc' 'äÄrger' null 'äbäbäb' 'äb  x '");
    test_expr("rpad(s, 4, u)", "string: 'abca' 'Ärge' null null '  x '");
    test_constant("repeat('123', 2)", "string", "'123123'");
    test_constant("repeat('123', -2)", "string", "''");
    test_constant("space(2) || '1'", "string", "'  1'");
    test_expr("repeat(s, 2)", "string: 'abcabc' 'ÄrgerÄrger' null '' '  x   x '");
}

static void test_characters(void) {
    test_constant("reverse('Spark SQL')", "string", "'LQS krapS'");
    test_expr("reverse(s)", "string: 'cba' 'regrÄ' null '' ' x  '");
    test_constant("initcap('sPark sql')", "string", "'Spark Sql'");
    test_constant("initcap('o''neil ärger-ÖL  x')", "string", "'O'neil Ärger-öl  X'");
    test_constant("translate('AaBbCc', 'abc', '123')", "string", "'A1B2C3'");
    test_constant("translate('translate', 'rnlt', '123')", "string", "'1a2s3ae'");
    test_constant("translate('ärger', 'äg', 'aß')", "string", "'arßer'");
    test_constant("upper('straße')", "string", "'STRAßE'");
    test_constant("ascii('222')", "int32", "50");
    test_constant("ascii('')", "int32", "0");
    test_expr("ascii(s)", "int32: 97 196 null 0 32");
    test_constant("chr(65)", "string", "'A'");
    test_constant("chr(321)", "string", "'A'");
    test_constant("chr(-1)", "string", "''");
    test_constant("chr(228)", "string", "'ä'");
    test_constant("octet_length('Spark SQL')", "int32", "9");
    test_constant("bit_length('Spark SQL')", "int32", "72");
    test_expr("octet_length(s)", "int32: 3 6 null 0 4");
    test_expr("char_length(s)", "int32: 3 5 null 0 4");
}

static void test_overlays(void) {
    test_constant("overlay('Spark SQL' placing '_' from 6)", "string", "'Spark_SQL'");
    test_constant("overlay('Spark SQL' placing 'CORE' from 7)", "string", "'Spark CORE'");
    test_constant("overlay('Spark SQL' placing 'ANSI ' from 7 for 0)", "string",
                  "'Spark ANSI SQL'");
    test_constant("overlay('Spark SQL' placing 'tructured' from 2 for 4)", "string",
                  "'Structured SQL'");
}

static void test_joins(void) {
    test_constant("concat_ws(' ', 'Spark', 'SQL')", "string", "'Spark SQL'");
    test_constant("concat_ws('s')", "string", "''");
    test_constant("concat_ws('/', 'foo', null, 'bar')", "string", "'foo/bar'");
    test_constant("concat_ws(null, 'Spark', 'SQL')", "string", "null");
    test_expr("concat_ws('-', s, i)", "string: 'abc-1' 'Ärger--7' '' '-2147483647' '  x -0'");
    test_expr("concat_ws(',', w, u)", "string: 'a,b,c,abc' 'b,b' 'z' '' 'c,a,c,%'");
    test_expr("concat_ws(u, 'x', 'y')", "string: 'xabcy' 'xby' 'xzy' null 'x%y'");
}

static void test_distances(void) {
    test_constant("levenshtein('kitten', 'sitting')", "int32", "3");
    test_constant("levenshtein('', 'abc')", "int32", "3");
    test_constant("levenshtein('Ärger', 'ärgert')", "int32", "2");
    test_expr("levenshtein(s, u)", "int32: 0 5 null null 4");
    test_expr("levenshtein(s, 'abd')", "int32: 1 5 null 3 4");
}

static void test_mistakes(void) {
    test_fails("lpad(s, 'x')", "argument 2 of 'lpad' must be a whole number, not string", 8);
    test_fails("concat_ws()", "'concat_ws' takes at least 1 argument, not 0", 0);
    test_fails("revers(s)", "unknown function 'revers'", 0);
}

/* A text that would not fit is refused before memory is asked for. */
static void test_too_long(void) {
    static const char *const texts[] = {"repeat(s, 2147483647)", "lpad(s, 3000000000)",
                                        "space(3000000000) || s"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        qn_expr *expr = NULL;
        qn_schema schema;
        qn_batch batch;
        qn_column *column = NULL;
        test_make_schema(&schema);
        test_make_batch(&batch, BASE_ROWS, false);
        QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(texts[i])));
        qn_status status = qn_expr_bind(expr, &schema);
        if (status == QN_OK)
            status = qn_expr_eval(expr, &batch, &column);
        QN_TEST_FAILS(status, QN_DATA, "would give a text of more than 2 GiB");
        qn_batch_clear(&batch);
        qn_expr_free(expr);
        qn_schema_clear(&schema);
    }
}

/* Against a search place by place, with parts that begin and end alike. */
static void test_finding(void) {
    char text[80], part[80];
    uint32_t state = 1;
    for (int round = 0; round < 20000; round++) {
        state = state * 1664525u + 1013904223u;
        int length = (int)(state >> 8) % 60, wanted = (int)(state >> 16) % 6, at = -1;
        for (int i = 0; i < length; i++) {
            state = state * 1664525u + 1013904223u;
            text[i] = (state >> 20) % 4 == 0 ? 'b' : 'a';
        }
        for (int i = 0; i < wanted; i++) {
            state = state * 1664525u + 1013904223u;
            part[i] = (state >> 20) % 3 == 0 ? 'b' : 'a';
        }
        for (int i = 0; i + wanted <= length && at < 0; i++)
            if (memcmp(text + i, part, (size_t)wanted) == 0)
                at = i;
        const char *found = qn_text_find((qn_view){text, length}, (qn_view){part, wanted});
        CU_ASSERT_EQUAL(found == NULL ? -1 : found - text, at);
    }
}

static const qn_test_case cases[] = {
    {"parts are found where a plain search finds them", test_finding},
    {"positions count characters from 1", test_positions},
    {"parts between delimiters", test_delimited},
    {"left and right", test_ends},
    {"padding and repeating", test_padding},
    {"reverse, initcap, translate and codes", test_characters},
    {"overlay replaces a stretch", test_overlays},
    {"concat_ws leaves nulls out and takes lists", test_joins},
    {"levenshtein counts edits of characters", test_distances},
    {"mistakes are named", test_mistakes},
    {"texts past 2 GiB are refused", test_too_long},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_text", cases);
}
