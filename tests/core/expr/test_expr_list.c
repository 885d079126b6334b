/* Lists of strings. Goldens: the examples of Spark's documentation (with strings for their numbers)
 * unless said otherwise. The column w is [a, b, c], [b], null, [], [c, a, c, null]. */
#include "core/column/content.h"
#include "tests/core/expr_helper.h"

static void test_list_columns_are_values(void) {
    test_expr("w", "list<string>: ['a', 'b', 'c'] ['b'] null [] ['c', 'a', 'c', null]");
    test_expr("w is null", "bool: false false true false false");
    test_expr("coalesce(w, array['?'])",
              "list<string>: ['a', 'b', 'c'] ['b'] ['?'] [] ['c', 'a', 'c', null]");
    test_expr("case when i > 0 then w when b then array[s, u] end",
              "list<string>: ['a', 'b', 'c'] null null [] null");
    test_expr("if(i <= 0, w, array_cat(w, w))",
              "list<string>: ['a', 'b', 'c', 'a', 'b', 'c'] ['b'] null [] ['c', 'a', 'c', null]");
    test_expr("nullif(w, array['b'])",
              "list<string>: ['a', 'b', 'c'] null null [] ['c', 'a', 'c', null]");
    test_expr("greatest(w, array['b'])",
              "list<string>: ['b'] ['b'] ['b'] ['b'] ['c', 'a', 'c', null]");
    test_expr("array['x', NULL]", "list<string>: ['x', null] ['x', null] ['x', null] ['x', null] "
                                  "['x', null]");
}

/* The order of lists is PostgreSQL's and Spark's: item by item, then by length. */
static void test_lists_compare(void) {
    test_expr("w = array['b']", "bool: false true null false false");
    test_expr("w <> array['b']", "bool: true false null true true");
    test_expr("w < array['a', 'c']", "bool: true false null true false");
    test_expr("w <= array['b']", "bool: true true null true false");
    test_expr("w is not distinct from null", "bool: false false true false false");
    test_expr("w in (array['b'], array['a', 'b', 'c'])", "bool: true true null false false");
    test_expr("w between array['a'] and array['b', 'x']", "bool: true true null false false");
    test_constant("array['a', null] = array['a', null]", "bool", "true");
    test_constant("array['a', null] < array['a', 'a']", "bool", "true");
    test_fails("w = 'b'", "'=' cannot compare list<string> and string", 2);
    test_fails("w + 1", "'+' cannot add list<string> and int32", 2);
    test_fails("w like 'a'", "argument 1 of 'like' must be a string, not list<string>", 0);
    test_fails("element_at(s, 1)", "argument 1 of 'element_at' must be a list of strings", 11);
}

static void test_lists_are_made(void) {
    test_expr("array[s, u]", "list<string>: ['abc', 'abc'] ['Ärger', 'b'] [null, 'z'] ['', null] "
                             "['  x ', '%']");
    test_expr("array[i, 'x']", "list<string>: ['1', 'x'] ['-7', 'x'] [null, 'x'] "
                               "['2147483647', 'x'] ['0', 'x']");
    test_constant("array[]", "list<string>", "[]");
    test_expr("w || array[u]", "list<string>: ['a', 'b', 'c', 'abc'] ['b', 'b'] null [null] "
                               "['c', 'a', 'c', null, '%']");
    test_constant("concat(array['a'], array['b', 'c'], array['d'])", "list<string>",
                  "['a', 'b', 'c', 'd']");
    test_constant("array_append(array['b', 'd', 'c', 'a'], 'd')", "list<string>",
                  "['b', 'd', 'c', 'a', 'd']");
    test_constant("array_append(array['a'], null)", "list<string>", "['a', null]");
    test_constant("array_prepend(array['b', 'd', 'c', 'a'], 'd')", "list<string>",
                  "['d', 'b', 'd', 'c', 'a']");
    test_expr("array_append(w, u)", "list<string>: ['a', 'b', 'c', 'abc'] ['b', 'b'] null [null] "
                                    "['c', 'a', 'c', null, '%']");
}

/* PostgreSQL's documentation. */
static void test_parts(void) {
    test_constant("string_to_array('xx~~yy~~zz', '~~')", "list<string>", "['xx', 'yy', 'zz']");
    test_constant("string_to_array('', ',')", "list<string>", "[]");
    test_constant("string_to_array('a,b', '')", "list<string>", "['a,b']");
    test_expr("string_to_array(s, 'r')", "list<string>: ['abc'] ['Ä', 'ge', ''] null [] ['  x ']");
}

static void test_sizes(void) {
    test_constant("size(array['b', 'd', 'c', 'a'])", "int32", "4");
    test_constant("size(null)", "int32", "-1");
    test_expr("size(w)", "int32: 3 1 -1 0 4");
    test_expr("cardinality(w)", "int32: 3 1 -1 0 4");
    test_expr("array_size(w)", "int32: 3 1 null 0 4");
    test_expr("array_length(w)", "int32: 3 1 null 0 4");
}

static void test_items(void) {
    test_constant("element_at(array['1', '2', '3'], 2)", "string", "'2'");
    test_expr("element_at(w, -1)", "string: 'c' 'b' null null null");
    test_expr("element_at(w, 2)", "string: 'b' null null null 'a'");
    test_expr("element_at(w, l)", "string: 'b' null null null null");
    test_expr("w[1]", "string: 'a' 'b' null null 'c'");
    test_expr("w[0]", "string: null null null null null");
    test_expr("w[-1]", "string: null null null null null");
    test_expr("w[i]", "string: 'a' null null null null");
    test_constant("(array['x', 'y'])[2]", "string", "'y'");
    test_expr("array_contains(w, 'a')", "bool: true false null false true");
    test_expr("array_contains(w, 'z')", "bool: false false null false null");
    test_expr("u = any(w)", "bool: false true null null null");
    test_expr("array_contains(w, null)", "bool: null null null null null");
    test_constant("array_position(array['3', '2', '1'], '1')", "int64", "3");
    test_expr("array_position(w, 'c')", "int64: 3 0 null 0 1");
    test_expr("array_min(w)", "string: 'a' 'b' null null 'a'");
    test_expr("array_max(w)", "string: 'c' 'b' null null 'c'");
    test_constant("arrays_overlap(array['1', '2', '3'], array['3', '4', '5'])", "bool", "true");
    test_constant("arrays_overlap(array['1', null], array['2'])", "bool", "null");
    test_constant("arrays_overlap(array['1', null], array[])", "bool", "false");
}

static void test_parts_of_lists(void) {
    test_constant("slice(array['1', '2', '3', '4'], 2, 2)", "list<string>", "['2', '3']");
    test_constant("slice(array['1', '2', '3', '4'], -2, 2)", "list<string>", "['3', '4']");
    test_expr("slice(w, 2, 10)", "list<string>: ['b', 'c'] [] null [] ['a', 'c', null]");
    test_expr("slice(w, -9, 10)", "list<string>: [] [] null [] []");
    test_expr("slice(w, 1, 0)", "list<string>: [] [] null [] []");
    test_expr("reverse(w)", "list<string>: ['c', 'b', 'a'] ['b'] null [] [null, 'c', 'a', 'c']");
    test_constant("array_remove(array['1', '2', '3', null, '3'], '3')", "list<string>",
                  "['1', '2', null]");
    test_expr("array_compact(w)", "list<string>: ['a', 'b', 'c'] ['b'] null [] ['c', 'a', 'c']");
}

static void test_sorting(void) {
    test_constant("sort_array(array['b', 'd', null, 'c', 'a'], true)", "list<string>",
                  "[null, 'a', 'b', 'c', 'd']");
    test_constant("sort_array(array['b', 'd', null, 'c', 'a'], false)", "list<string>",
                  "['d', 'c', 'b', 'a', null]");
    test_expr("sort_array(w)", "list<string>: ['a', 'b', 'c'] ['b'] null [] [null, 'a', 'c', 'c']");
    test_expr("array_sort(w)", "list<string>: ['a', 'b', 'c'] ['b'] null [] ['a', 'c', 'c', null]");
    test_expr("sort_array(w, b)",
              "list<string>: ['a', 'b', 'c'] ['b'] null [] ['c', 'c', 'a', null]");
}

static void test_sets(void) {
    test_constant("array_distinct(array['1', '2', '3', null, '3'])", "list<string>",
                  "['1', '2', '3', null]");
    test_constant("array_union(array['1', '2', '3'], array['1', '3', '5'])", "list<string>",
                  "['1', '2', '3', '5']");
    test_constant("array_intersect(array['1', '2', '3'], array['1', '3', '5'])", "list<string>",
                  "['1', '3']");
    test_constant("array_except(array['1', '2', '3'], array['1', '3', '5'])", "list<string>",
                  "['2']");
    test_expr("array_distinct(w)", "list<string>: ['a', 'b', 'c'] ['b'] null [] ['c', 'a', null]");
    test_expr("array_intersect(w, array['a', 'c', null])",
              "list<string>: ['a', 'c'] [] null [] ['c', 'a', null]");
}

static void test_joining(void) {
    test_constant("array_join(array['hello', 'world'], ' ')", "string", "'hello world'");
    test_constant("array_join(array['hello', null, 'world'], ' ')", "string", "'hello world'");
    test_constant("array_join(array['hello', null, 'world'], ' ', ',')", "string",
                  "'hello , world'");
    test_expr("array_join(w, '-', '?')", "string: 'a-b-c' 'b' null '' 'c-a-c-?'");
    test_expr("array_to_string(w, '-')", "string: 'a-b-c' 'b' null '' 'c-a-c'");
}

static void check_printed(const char *sql, const char *expected) {
    qn_expr *expr = NULL;
    qn_schema schema;
    qn_text text;
    qn_text_init(&text);
    test_make_schema(&schema);
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(sql)));
    QN_TEST_OK(qn_expr_bind(expr, &schema));
    QN_TEST_OK(qn_expr_print(expr, &text));
    CU_ASSERT_STRING_EQUAL(text.data, expected);
    qn_text_clear(&text);
    qn_expr_free(expr);
    qn_schema_clear(&schema);
}

static void test_lists_print_as_they_read(void) {
    check_printed("w[1]", "(w)[1]");
    check_printed("array[s, 'x']", "ARRAY[s, 'x']");
    check_printed("w = array['it''s', null]", "(w = ARRAY['it''s', NULL])");
    check_printed("concat(w, w)", "array_cat(w, w)");
}

static qn_content content_of(const char *sql) {
    qn_expr *expr = NULL;
    qn_schema schema;
    qn_batch batch;
    qn_column *column = NULL;
    qn_content content;
    qn_content_init(&content);
    test_make_schema(&schema);
    test_make_batch(&batch, 1, false);
    QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(sql)));
    QN_TEST_OK(qn_expr_bind(expr, &schema));
    QN_TEST_OK(qn_expr_eval(expr, &batch, &column));
    qn_content_add(&content, column);
    qn_column_release(column);
    qn_batch_clear(&batch);
    qn_expr_free(expr);
    qn_schema_clear(&schema);
    return content;
}

static void test_null_items_are_not_empty(void) {
    qn_content null = content_of("array['a', null]"), empty = content_of("array['a', '']"),
               again = content_of("array_append(array['a'], null)");
    CU_ASSERT_FALSE(qn_content_equal(&null, &empty));
    CU_ASSERT_TRUE(qn_content_equal(&null, &again));
}

static const qn_test_case cases[] = {
    {"list columns pass through, choose and print", test_list_columns_are_values},
    {"lists compare item by item", test_lists_compare},
    {"ARRAY, concat, array_append make lists", test_lists_are_made},
    {"string_to_array cuts at a delimiter", test_parts},
    {"size of null is -1, array_size of null is null", test_sizes},
    {"items are counted from 1", test_items},
    {"slice, reverse, array_remove", test_parts_of_lists},
    {"sort_array and array_sort place nulls", test_sorting},
    {"array_distinct and set functions keep the first order", test_sets},
    {"array_join leaves nulls out", test_joining},
    {"lists print as SQL reads them", test_lists_print_as_they_read},
    {"the content hash tells a null item from an empty text", test_null_items_are_not_empty},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_list", cases);
}
