/* Status, memory, text, options, schema. */
#include "core/column/schema.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/text/text.h"
#include "tests/harness/harness.h"

#include <string.h>

static void test_failing_sets_the_last_error(void) {
    QN_TEST_FAILS(qn_fail_at(QN_DATA, "a.csv:3:7", "'%s' is not an int64", "12x"), QN_DATA,
                  "'12x' is not an int64");
    qn_error_locate("elsewhere:1");
    CU_ASSERT_STRING_EQUAL(qn_last_error().location, "a.csv:3:7");
    qn_error_help("quote it");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "quote it");
    qn_error_excerpt("a,12x,b\n", 3, 3);
    CU_ASSERT_STRING_EQUAL(qn_last_error().excerpt, "  a,12x,b\n    ^~~");
    qn_error_prefix("scan: ");
    CU_ASSERT_STRING_EQUAL(qn_last_error().message, "scan: '12x' is not an int64");
}

static void test_the_caret_finds_its_place_in_long_lines(void) {
    char line[1000];
    memset(line, 'a', sizeof line);
    memcpy(line + 700, "WRONG", 5);
    line[sizeof line - 1] = '\0';
    QN_TEST_FAILS(qn_fail(QN_JOB, "unknown"), QN_JOB, "unknown");
    qn_error_excerpt(line, 701, 5);
    const char *excerpt = qn_last_error().excerpt, *marks = strchr(excerpt, '\n');
    CU_ASSERT_PTR_NOT_NULL_FATAL(marks);
    const char *word = strstr(excerpt, "WRONG"), *caret = strchr(marks, '^');
    CU_ASSERT_PTR_NOT_NULL_FATAL(word);
    CU_ASSERT_PTR_NOT_NULL_FATAL(caret);
    CU_ASSERT_EQUAL(word - excerpt, caret - (marks + 1));
    CU_ASSERT_STRING_EQUAL(caret, "^~~~~");
}

static void test_an_error_survives_packing(void) {
    char packed[QN_ERROR_PACKED_SIZE];
    QN_TEST_FAILS(qn_fail_at(QN_IO, "x:1", "disk full"), QN_IO, "disk full");
    qn_error_pack(packed);
    qn_error_clear();
    CU_ASSERT_STRING_EQUAL(qn_last_error().message, "");
    qn_error_unpack(packed);
    CU_ASSERT_EQUAL(qn_last_error().code, QN_IO);
    CU_ASSERT_STRING_EQUAL(qn_last_error().message, "disk full");
    CU_ASSERT_STRING_EQUAL(qn_last_error().location, "x:1");
}

static void test_an_error_may_quote_the_last_error(void) {
    QN_TEST_FAILS(qn_fail(QN_DATA, "inner"), QN_DATA, "inner");
    QN_TEST_FAILS(qn_fail(QN_JOB, "outer: %s", qn_last_error().message), QN_JOB, "outer: inner");
}

static void test_long_messages_are_cut_at_a_character(void) {
    char long_text[8001];
    for (size_t i = 0; i + 2 < sizeof long_text; i += 2)
        memcpy(long_text + i, "\xc3\xa4", 3);
    QN_TEST_FAILS(qn_fail(QN_DATA, "x%s", long_text), QN_DATA, "x\xc3\xa4");
    const char *message = qn_last_error().message;
    CU_ASSERT_EQUAL((unsigned char)message[strlen(message) - 1], 0xa4);
}

static void test_every_status_has_its_exit_code(void) {
    CU_ASSERT_EQUAL(qn_status_exit_code(QN_OK), 0);
    CU_ASSERT_EQUAL(qn_status_exit_code(QN_JOB), 65);
    CU_ASSERT_EQUAL(qn_status_exit_code(QN_MEMORY), 71);
    CU_ASSERT_STRING_EQUAL(qn_status_name(QN_STOPPED), "STOPPED");
}

static void test_memory_is_counted(void) {
    int64_t before = qn_mem_in_use(), blocks = qn_mem_blocks();
    double *x = NULL;
    QN_TEST_OK(qn_mem_calloc(&x, 100, sizeof *x));
    CU_ASSERT_EQUAL(qn_mem_in_use() - before, 800);
    CU_ASSERT_EQUAL((uintptr_t)x % 64, 0);
    x[99] = 5;
    QN_TEST_OK(qn_mem_resize(&x, 1000, sizeof *x));
    CU_ASSERT_EQUAL(x[99], 5);
    CU_ASSERT_EQUAL(qn_mem_in_use() - before, 8000);
    qn_mem_free(x);
    CU_ASSERT_EQUAL(qn_mem_in_use(), before);
    CU_ASSERT_EQUAL(qn_mem_blocks(), blocks);
}

static void test_a_chosen_allocation_fails(void) {
    char *text = NULL, *other = NULL;
    qn_mem_fail_after(1);
    QN_TEST_OK(qn_mem_copy_text(&text, "one"));
    QN_TEST_FAILS(qn_mem_copy_text(&other, "two"), QN_MEMORY, "out of memory");
    CU_ASSERT_PTR_NULL(other);
    QN_TEST_OK(qn_mem_copy_text(&other, "three"));
    qn_mem_free(text);
    qn_mem_free(other);
}

static void test_impossible_sizes_are_refused(void) {
    char *block = NULL;
    QN_TEST_FAILS(qn_mem_alloc(&block, SIZE_MAX / 2, 16), QN_MEMORY, "cannot allocate");
}

static void test_text_grows(void) {
    qn_text text;
    qn_text_init(&text);
    for (int i = 0; i < 1000; i++)
        QN_TEST_OK(qn_text_printf(&text, "%d,", i % 10));
    CU_ASSERT_EQUAL(text.length, 2000);
    CU_ASSERT_EQUAL(strncmp(text.data, "0,1,2,", 6), 0);
    qn_text_truncate(&text, 4);
    CU_ASSERT_STRING_EQUAL(text.data, "0,1,");
    qn_text_clear(&text);
}

static void test_the_nearest_name_is_found(void) {
    static const char *const names[] = {"spend", "amount", "transaction_date", "id"};
    CU_ASSERT_STRING_EQUAL(qn_nearest("spnd", names, 4), "spend");
    CU_ASSERT_STRING_EQUAL(qn_nearest("Amuont", names, 4), "amount");
    CU_ASSERT_STRING_EQUAL(qn_nearest("transactiondate", names, 4), "transaction_date");
    CU_ASSERT_PTR_NULL(qn_nearest("zebra", names, 4));
    CU_ASSERT_PTR_NULL(qn_nearest("", names, 4));
}

static const qn_option table[] = {
    {"max_iter", QN_OPTION_INT, "100", "[1,inf)", "iterations"},
    {"reg_param", QN_OPTION_REAL, "0", "[0,inf)", "penalty"},
    {"handle_invalid", QN_OPTION_CHOICE, "error", "error|skip|keep", "unseen values"},
    {"fit_intercept", QN_OPTION_BOOL, "true", NULL, "with an intercept"},
    {"input_cols", QN_OPTION_TEXTS, NULL, NULL, "columns"},
    {"missing_value", QN_OPTION_REAL, "nan", "nan", "what is missing"},
    {NULL, QN_OPTION_TEXT, NULL, NULL, NULL}};

static void check_set_options(const qn_options *options) {
    char *const *columns = NULL;
    CU_ASSERT_EQUAL(qn_options_int(options, "max_iter"), 7);
    CU_ASSERT_EQUAL(qn_options_real(options, "reg_param"), 0.5);
    CU_ASSERT_TRUE(qn_options_is(options, "handle_invalid", "keep"));
    CU_ASSERT_FALSE(qn_options_bool(options, "fit_intercept"));
    CU_ASSERT_EQUAL(qn_options_list(options, "input_cols", &columns), 3);
    CU_ASSERT_STRING_EQUAL(columns[1], "b");
}

static void test_options_have_defaults_and_are_set(void) {
    qn_options *options = NULL, *copy = NULL;
    QN_TEST_OK(qn_options_new(&options, table));
    CU_ASSERT_EQUAL(qn_options_int(options, "max_iter"), 100);
    CU_ASSERT_FALSE(qn_options_is_set(options, "max_iter"));
    CU_ASSERT_FALSE(qn_options_has(options, "input_cols"));
    QN_TEST_OK(qn_options_set(options, "max_iter", "7"));
    QN_TEST_OK(qn_options_set(options, "reg_param", "0.5"));
    QN_TEST_OK(qn_options_set(options, "handle_invalid", "keep"));
    QN_TEST_OK(qn_options_set(options, "fit_intercept", "False"));
    QN_TEST_OK(qn_options_set(options, "input_cols", "a, b,c"));
    check_set_options(options);
    QN_TEST_OK(qn_options_copy(&copy, options));
    qn_options_free(options);
    check_set_options(copy);
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_options_print(copy, "input_cols", &text));
    CU_ASSERT_STRING_EQUAL(text.data, "a,b,c");
    qn_text_clear(&text);
    qn_options_free(copy);
}

static void test_wrong_options_are_refused_by_name(void) {
    qn_options *options = NULL;
    QN_TEST_OK(qn_options_new(&options, table));
    QN_TEST_FAILS(qn_options_set(options, "max_itr", "5"), QN_JOB, "unknown option 'max_itr'");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'max_iter'?");
    QN_TEST_FAILS(qn_options_set(options, "max_iter", "0"), QN_JOB, "allowed is [1,inf)");
    QN_TEST_FAILS(qn_options_set(options, "max_iter", "many"), QN_JOB, "not an integer");
    QN_TEST_FAILS(qn_options_set(options, "reg_param", "-1"), QN_JOB, "out of range");
    QN_TEST_FAILS(qn_options_set(options, "reg_param", "nan"), QN_JOB, "out of range");
    QN_TEST_OK(qn_options_set(options, "missing_value", "nan"));
    QN_TEST_FAILS(qn_options_set(options, "handle_invalid", "kep"), QN_JOB,
                  "not one of error|skip|keep");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'keep'?");
    QN_TEST_FAILS(qn_options_set(options, "handle_invalid", "error|skip"), QN_JOB, "not one of");
    QN_TEST_FAILS(qn_options_set(options, "handle_invalid", ""), QN_JOB, "not one of");
    QN_TEST_FAILS(qn_options_set(options, "fit_intercept", "maybe"), QN_JOB, "true or false");
    static const char *const two[] = {"1", "2"};
    QN_TEST_FAILS(qn_options_set_list(options, "max_iter", two, 2), QN_JOB, "takes one value");
    CU_ASSERT_EQUAL(qn_options_int(options, "max_iter"), 100);
    qn_options_free(options);
}

static void test_schemas_refuse_twins_and_name_neighbours(void) {
    qn_schema schema, copy;
    int32_t index = -1;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "user_id", QN_INT64));
    QN_TEST_OK(qn_schema_add(&schema, "spend", QN_FLOAT64));
    QN_TEST_FAILS(qn_schema_add(&schema, "spend", QN_STRING), QN_DATA, "two columns are named");
    QN_TEST_OK(qn_schema_require(&schema, "spend", &index));
    CU_ASSERT_EQUAL(index, 1);
    QN_TEST_FAILS(qn_schema_require(&schema, "spnd", &index), QN_JOB, "unknown column 'spnd'");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'spend'?");
    for (int64_t i = 0; i < 2; i++) {
        qn_mem_fail_after(i);
        QN_TEST_FAILS(qn_schema_require(&schema, "spnd", &index), QN_MEMORY, "out of memory");
        qn_mem_fail_after(-1);
    }
    QN_TEST_OK(qn_schema_copy(&copy, &schema));
    CU_ASSERT_TRUE(qn_schema_equal(&copy, &schema));
    qn_schema_clear(&copy);
    qn_schema_clear(&schema);
}

static void test_types_are_known_by_name(void) {
    qn_type type = QN_BOOL;
    for (int i = 0; i < QN_TYPE_COUNT; i++) {
        QN_TEST_OK(qn_type_parse(&type, qn_type_name((qn_type)i)));
        CU_ASSERT_EQUAL(type, i);
    }
    QN_TEST_FAILS(qn_type_parse(&type, "flot64"), QN_JOB, "unknown type 'flot64'");
    CU_ASSERT_STRING_EQUAL(qn_last_error().help, "did you mean 'float64'?");
}

static const qn_test_case cases[] = {
    {"failing sets the last error", test_failing_sets_the_last_error},
    {"the caret finds its place in long lines", test_the_caret_finds_its_place_in_long_lines},
    {"an error survives packing", test_an_error_survives_packing},
    {"an error may quote the last error", test_an_error_may_quote_the_last_error},
    {"long messages are cut at a character", test_long_messages_are_cut_at_a_character},
    {"every status has its exit code", test_every_status_has_its_exit_code},
    {"memory is counted", test_memory_is_counted},
    {"a chosen allocation fails", test_a_chosen_allocation_fails},
    {"impossible sizes are refused", test_impossible_sizes_are_refused},
    {"text grows", test_text_grows},
    {"the nearest name is found", test_the_nearest_name_is_found},
    {"options have defaults and are set", test_options_have_defaults_and_are_set},
    {"wrong options are refused by name", test_wrong_options_are_refused_by_name},
    {"schemas refuse twins and name neighbours", test_schemas_refuse_twins_and_name_neighbours},
    {"types are known by name", test_types_are_known_by_name},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("base", cases);
}
