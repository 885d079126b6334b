/* CSV dialects, splitting, inference and parsing, case by case. */
#include "core/csv/csv.h"
#include "core/memory.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODES = 3 }; /* qn_csv_code */

/* ---- Helpers -------------------------------------------------------------------------------- */

/* Makes a dialect from "name=value" texts, ended by NULL. */
static qn_csv_dialect dialect_of(const char *const *settings) {
    qn_csv_dialect dialect = {0};
    qn_options *options = NULL;
    QN_TEST_OK(qn_options_new(&options, qn_csv_options));
    for (; settings != NULL && *settings != NULL; settings++) {
        char name[64];
        const char *value = strchr(*settings, '=') + 1;
        snprintf(name, sizeof name, "%.*s", (int)(value - 1 - *settings), *settings);
        QN_TEST_OK(qn_options_set(options, name, value));
    }
    QN_TEST_OK(qn_csv_dialect_init(&dialect, options));
    qn_options_free(options);
    return dialect;
}

static void expect_refused(const char *name, const char *value, const char *message) {
    qn_csv_dialect dialect = {0};
    qn_options *options = NULL;
    QN_TEST_OK(qn_options_new(&options, qn_csv_options));
    QN_TEST_OK(qn_options_set(options, name, value));
    QN_TEST_FAILS(qn_csv_dialect_init(&dialect, options), QN_JOB, message);
    qn_options_free(options);
}

/* The text with the padding that a parser may read. */
static char *pad(const char *text) {
    char *bytes = calloc(strlen(text) + 64, 1);
    memcpy(bytes, text, strlen(text));
    return bytes;
}

/* Parses a whole text of one type a column. */
static void parse_text(const qn_csv_dialect *dialect, const qn_type *types, int32_t count,
                       const char *text, qn_csv_block *out) {
    qn_schema schema;
    qn_csv_parser *parser = NULL;
    char *bytes = pad(text);
    qn_schema_init(&schema);
    for (int32_t i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        QN_TEST_OK(qn_schema_add(&schema, name, types[i]));
    }
    qn_csv_block_init(out);
    QN_TEST_OK(qn_csv_parser_new(&parser, dialect, &schema, NULL));
    QN_TEST_OK(qn_csv_parse(parser, bytes, (int64_t)strlen(text), true, QN_BATCH_ROWS, out));
    qn_csv_parser_free(parser);
    qn_schema_clear(&schema);
    free(bytes);
}

static bool string_is(const qn_csv_block *block, int32_t column, int64_t row, const char *text) {
    qn_column *c = block->batch.columns[column];
    return !qn_column_is_null(c, row) && qn_view_equal(qn_column_string(c, row), qn_view_of(text));
}

static void expect_bad(const qn_csv_block *block, int64_t i, int64_t record, const char *reason) {
    CU_ASSERT(i < block->bad_count);
    if (i >= block->bad_count)
        return;
    CU_ASSERT_EQUAL(block->bad[i].record, record);
    CU_ASSERT_STRING_EQUAL(block->bad[i].reason, reason);
}

/* ---- Dialects ------------------------------------------------------------------------------- */

static void test_dialect(void) {
    qn_csv_dialect d = dialect_of(NULL);
    CU_ASSERT(d.delimiter == ',' && d.quote == '"' && d.escape == 0 && d.decimal == '.');
    CU_ASSERT(d.header && !d.trim && d.null_count == 0 && d.date_format == NULL);
    qn_csv_dialect_clear(&d);
    d = dialect_of((const char *const[]){"delimiter=\\t", "quote=", "escape=\\", "decimal=,",
                                         "header=false", "null_values=NA,-",
                                         "date_format=dd.MM.yyyy", NULL});
    CU_ASSERT(d.delimiter == '\t' && d.quote == 0 && d.escape == 0 && d.decimal == ',');
    CU_ASSERT(!d.header && d.null_count == 2 && d.date_format != NULL);
    qn_csv_dialect_clear(&d);
}

static void test_dialect_refusals(void) {
    expect_refused("delimiter", ";;", "option 'delimiter': ';;' is not one plain character");
    expect_refused("delimiter", "", "option 'delimiter'");
    expect_refused("delimiter", "\n", "option 'delimiter'");
    expect_refused("delimiter", "\"", "'delimiter' and 'quote' are both");
    expect_refused("decimal", ",", "'delimiter' and 'decimal' are both ','");
    expect_refused("decimal", "5", "option 'decimal'");
    expect_refused("date_format", "DD.MM.yyyy", "option 'date_format': time pattern");
}

/* ---- Splitting ------------------------------------------------------------------------------ */

static void expect_split(const qn_csv_dialect *dialect, const char *text, int64_t consumed,
                         const char *joined) {
    char **fields = NULL, all[200] = "";
    int64_t count = 0, behind = 0;
    QN_TEST_OK(qn_csv_split(dialect, text, (int64_t)strlen(text), &fields, &count, &behind));
    for (int64_t i = 0; i < count; i++) {
        strcat(all, i > 0 ? "|" : "");
        strcat(all, fields[i]);
    }
    CU_ASSERT_STRING_EQUAL(all, joined);
    CU_ASSERT_EQUAL(behind, consumed);
    qn_mem_free_all(fields, count);
}

static void test_split(void) {
    qn_csv_dialect d = dialect_of(NULL);
    expect_split(&d, "a,b,c\n1,2,3\n", 6, "a|b|c");
    expect_split(&d, "\r\n\na,b\r\nx", 8, "a|b");
    expect_split(&d, "a,\"b,\"\"\n\",c", 11, "a|b,\"\n|c");
    expect_split(&d, ",", 1, "|");
    expect_split(&d, "", 0, "");
    expect_split(&d, "\n\r\n", 3, "");
    char **fields = NULL;
    int64_t count, consumed;
    QN_TEST_FAILS(qn_csv_split(&d, "a,\"b\n", 5, &fields, &count, &consumed), QN_DATA,
                  "not closed");
    qn_csv_dialect_clear(&d);
}

/* ---- Inference ------------------------------------------------------------------------------ */

static qn_type infer(const qn_csv_dialect *dialect, const char *text) {
    qn_csv_guess guess;
    int64_t records, consumed;
    char *bytes = pad(text);
    qn_csv_guess_init(&guess);
    QN_TEST_OK(qn_csv_infer(&guess, 1, dialect, bytes, (int64_t)strlen(text), true, 1000, &records,
                            &consumed));
    free(bytes);
    return qn_csv_guess_type(&guess);
}

static void test_infer(void) {
    static const struct {
        const char *text;
        qn_type type;
    } expected[] = {
        {"", QN_STRING},
        {"\"\"\n\"\"\n", QN_STRING},
        {"1\n-2\n\n", QN_INT64},
        {"007\n+5\n", QN_INT64},
        {" 1\n2 \n", QN_INT64},
        {"\"1\"\n\"\"\n3\n", QN_INT64},
        {"1\n2.5\n", QN_FLOAT64},
        {"1\n9223372036854775808\n", QN_FLOAT64},
        {"1e5\n.5\n", QN_FLOAT64},
        {"nan\n1\n", QN_FLOAT64},
        {"1\n-inf\n", QN_FLOAT64},
        {"nan\ninf\n", QN_STRING},
        {"true\nFALSE\n", QN_BOOL},
        {"true\n1\n", QN_STRING},
        {"2024-01-31\n", QN_DATE},
        {"2024-01-31\n2024-01-31 12:00\n", QN_TIMESTAMP},
        {"2024-01-31T12:00:00Z\n", QN_TIMESTAMP},
        {"2024-01-31\n5\n", QN_STRING},
        {"2024-02-30\n", QN_STRING},
        {"1\nx\n", QN_STRING},
        {"1\n2,3\n4\n", QN_INT64},    /* a ragged record says nothing */
        {"1\n\xff\n4\n", QN_INT64},   /* nor does invalid UTF-8 */
        {"1\na\"b\"\n4\n", QN_INT64}, /* nor a misplaced quote */
        {"1\n1 2\n", QN_STRING},
        {"1\n-\n", QN_STRING},
    };
    qn_csv_dialect d = dialect_of(NULL);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (int code = 0; code < CODES; code++) {
            d.code = (qn_csv_code)code;
            qn_test_check(infer(&d, expected[i].text) == expected[i].type, __FILE__, __LINE__,
                          expected[i].text);
        }
    }
    qn_csv_dialect_clear(&d);
    d = dialect_of((const char *const[]){"date_format=yyyyMMdd", "decimal=,", "delimiter=;",
                                         "null_values=NA", NULL});
    CU_ASSERT_EQUAL(infer(&d, "20240131\nNA\n"), QN_DATE);
    CU_ASSERT_EQUAL(infer(&d, "20240131\n20241301\n"), QN_INT64);
    CU_ASSERT_EQUAL(infer(&d, "1,5\n"), QN_FLOAT64);
    CU_ASSERT_EQUAL(infer(&d, "1.5\n"), QN_STRING);
    CU_ASSERT_EQUAL(infer(&d, "NA\nNA\n"), QN_STRING);
    qn_csv_dialect_clear(&d);
}

static void test_infer_sample(void) {
    qn_csv_dialect d = dialect_of(NULL);
    qn_csv_guess guess[2];
    int64_t records, consumed;
    qn_csv_guess_init(&guess[0]);
    qn_csv_guess_init(&guess[1]);
    char *bytes = pad("1,a\n\n2,b\nx,c\n");
    QN_TEST_OK(qn_csv_infer(guess, 2, &d, bytes, 13, true, 2, &records, &consumed));
    CU_ASSERT(records == 2 && consumed == 9);
    CU_ASSERT_EQUAL(qn_csv_guess_type(&guess[0]), QN_INT64);
    CU_ASSERT_EQUAL(qn_csv_guess_type(&guess[1]), QN_STRING);
    free(bytes);
    qn_csv_dialect_clear(&d);
}

/* ---- Parsing -------------------------------------------------------------------------------- */

static void test_strings(void) {
    static const qn_type types[] = {QN_STRING, QN_STRING};
    qn_csv_dialect d = dialect_of(NULL);
    qn_csv_block block;
    parse_text(&d, types, 2,
               "a,\"b,c\"\r\n"
               "\"line\nbreak\",\"say \"\"hi\"\"\"\r\n"
               "\r\n"
               ",\"\"\r\n"
               " x ,\xc3\xa4",
               &block);
    CU_ASSERT_EQUAL(block.batch.length, 4);
    CU_ASSERT(string_is(&block, 0, 0, "a") && string_is(&block, 1, 0, "b,c"));
    CU_ASSERT(string_is(&block, 0, 1, "line\nbreak") && string_is(&block, 1, 1, "say \"hi\""));
    CU_ASSERT(qn_column_is_null(block.batch.columns[0], 2) && string_is(&block, 1, 2, ""));
    CU_ASSERT(string_is(&block, 0, 3, " x ") && string_is(&block, 1, 3, "\xc3\xa4"));
    CU_ASSERT_EQUAL(block.lines, 5);
    CU_ASSERT_EQUAL(block.bad_count, 0);
    qn_csv_block_clear(&block);
    qn_csv_dialect_clear(&d);
}

static void test_escape_and_trim(void) {
    static const qn_type types[] = {QN_STRING, QN_STRING};
    qn_csv_dialect d =
        dialect_of((const char *const[]){"escape=\\", "trim=true", "null_values=NA", NULL});
    qn_csv_block block;
    parse_text(&d, types, 2,
               "\"a\\\"b\",\"c\\\\\"\n"
               " x , \"y \" \n"
               "C:\\dir\\,\"\\n\"\n"
               " NA ,\"NA\"\n",
               &block);
    CU_ASSERT_EQUAL(block.batch.length, 4);
    CU_ASSERT(string_is(&block, 0, 0, "a\"b") && string_is(&block, 1, 0, "c\\"));
    CU_ASSERT(string_is(&block, 0, 1, "x") && string_is(&block, 1, 1, "y "));
    CU_ASSERT(string_is(&block, 0, 2, "C:\\dir\\") && string_is(&block, 1, 2, "\\n"));
    CU_ASSERT(qn_column_is_null(block.batch.columns[0], 3) && string_is(&block, 1, 3, "NA"));
    qn_csv_block_clear(&block);
    qn_csv_dialect_clear(&d);
}

static void test_types(void) {
    static const qn_type types[] = {QN_BOOL,    QN_INT32, QN_INT64,    QN_FLOAT32,
                                    QN_FLOAT64, QN_DATE,  QN_TIMESTAMP};
    qn_csv_dialect d = dialect_of(NULL);
    qn_csv_block block;
    parse_text(&d, types, 7,
               "true,-7,123456789012,0.1,-1234.5678,2024-02-29,2024-02-29 12:34:56.5\n"
               "False, 8 ,\"9\",1e3,nan,\"1970-01-01\",1970-01-01\n"
               ",,,,,,\n"
               "\"\",\"\",\"\",\"\",\"\",\"\",\"\"\n",
               &block);
    CU_ASSERT_EQUAL(block.batch.length, 4);
    CU_ASSERT_EQUAL(block.bad_count, 0);
    qn_column **c = block.batch.columns;
    CU_ASSERT(qn_bit(c[0]->bits, 0) && !qn_bit(c[0]->bits, 1));
    CU_ASSERT(c[1]->i32[0] == -7 && c[1]->i32[1] == 8);
    CU_ASSERT(c[2]->i64[0] == 123456789012 && c[2]->i64[1] == 9);
    CU_ASSERT(c[3]->f32[0] == 0.1f && c[3]->f32[1] == 1e3f);
    CU_ASSERT(c[4]->f64[0] == -1234.5678 && isnan(c[4]->f64[1]));
    CU_ASSERT(c[5]->i32[0] == 19782 && c[5]->i32[1] == 0);
    CU_ASSERT(c[6]->i64[0] == INT64_C(1709210096500000000) && c[6]->i64[1] == 0);
    for (int i = 0; i < 7; i++) {
        CU_ASSERT_EQUAL(c[i]->null_count, 2);
        CU_ASSERT(qn_column_is_null(c[i], 2) && qn_column_is_null(c[i], 3));
    }
    CU_ASSERT(c[4]->f64[2] == 0 && c[2]->i64[3] == 0);
    qn_csv_block_clear(&block);
    qn_csv_dialect_clear(&d);
}

static void test_formats(void) {
    static const qn_type types[] = {QN_DATE, QN_TIMESTAMP, QN_FLOAT64};
    qn_csv_dialect d =
        dialect_of((const char *const[]){"delimiter=;", "decimal=,", "date_format=dd.MM.yyyy",
                                         "timestamp_format=dd.MM.yyyy HH:mm", NULL});
    qn_csv_block block;
    parse_text(&d, types, 3, "29.02.2024;29.02.2024 12:34;-1,5e1\n", &block);
    CU_ASSERT_EQUAL(block.batch.length, 1);
    CU_ASSERT_EQUAL(block.batch.columns[0]->i32[0], 19782);
    CU_ASSERT_EQUAL(block.batch.columns[1]->i64[0], 1709210040 * QN_NANOS_A_SECOND);
    CU_ASSERT_EQUAL(block.batch.columns[2]->f64[0], -15.0);
    qn_csv_block_clear(&block);
    qn_csv_dialect_clear(&d);
}

static void test_bad_records(void) {
    static const qn_type types[] = {QN_INT64, QN_STRING, QN_INT32};
    qn_csv_dialect d = dialect_of(NULL);
    qn_csv_block block;
    parse_text(&d, types, 3,
               "1,a,1\n"
               "12x,b,2\n"
               "3,c\n"
               "4,\"d\ne\",5000000000\n"
               "5,f\"g\",5\n"
               "99999999999999999999,h,6\n"
               "7,\xe4\xc3,7\n"
               "8,i,8,8\n"
               "9,j,9\n"
               "10,\"k,10\n11,l,11\n",
               &block);
    CU_ASSERT_EQUAL(block.records, 10);
    CU_ASSERT_EQUAL(block.batch.length, 2);
    CU_ASSERT(block.batch.columns[0]->i64[0] == 1 && block.batch.columns[0]->i64[1] == 9);
    CU_ASSERT(string_is(&block, 1, 1, "j"));
    CU_ASSERT_EQUAL(block.bad_count, 8);
    expect_bad(&block, 0, 1, "'12x' is not an int64");
    expect_bad(&block, 1, 2, "2 fields, expected 3");
    expect_bad(&block, 2, 3, "number out of range: '5000000000' does not fit an int32");
    expect_bad(&block, 3, 4, "a quote in the middle of a field: 'f\"g\"'");
    expect_bad(&block, 4, 5, "number out of range: '99999999999999999999' does not fit an int64");
    expect_bad(&block, 5, 6, "invalid UTF-8: '\\xe4\\xc3'");
    expect_bad(&block, 6, 7, "4 fields, expected 3");
    expect_bad(&block, 7, 9, "a quote is not closed before the end of the file");
    const qn_csv_bad *bad = &block.bad[2]; /* on the second line of its record */
    CU_ASSERT(bad->line == 4 && bad->column == 4 && bad->field == 2);
    CU_ASSERT(bad->offset == 18 && bad->length == 18);
    CU_ASSERT(block.bad[0].line == 1 && block.bad[0].column == 1 && block.bad[0].field == 0);
    CU_ASSERT(block.bad[3].line == 5 && block.bad[3].column == 3 && block.bad[3].field == 1);
    CU_ASSERT_EQUAL(block.bad[1].field, -1);
    qn_csv_block_clear(&block);
    qn_csv_dialect_clear(&d);
}

static void test_wanted(void) {
    qn_schema schema;
    qn_schema_init(&schema);
    QN_TEST_OK(qn_schema_add(&schema, "a", QN_INT64));
    QN_TEST_OK(qn_schema_add(&schema, "b", QN_STRING));
    QN_TEST_OK(qn_schema_add(&schema, "c", QN_FLOAT64));
    qn_csv_dialect d = dialect_of(NULL);
    qn_csv_parser *parser = NULL;
    qn_csv_block block;
    qn_csv_block_init(&block);
    char *bytes = pad("1,x,2.5\n?,y,3.5\r\n");
    QN_TEST_OK(qn_csv_parser_new(&parser, &d, &schema, (const bool[]){false, true, true}));
    QN_TEST_OK(qn_csv_parse(parser, bytes, 17, true, QN_BATCH_ROWS, &block));
    CU_ASSERT(block.batch.count == 2 && block.batch.length == 2 && block.bad_count == 0);
    CU_ASSERT(string_is(&block, 0, 1, "y"));
    CU_ASSERT_EQUAL(block.batch.columns[1]->f64[1], 3.5);
    qn_csv_block_clear(&block);
    qn_csv_parser_free(parser);
    /* No column at all still counts the rows. */
    QN_TEST_OK(qn_csv_parser_new(&parser, &d, &schema, (const bool[]){false, false, false}));
    QN_TEST_OK(qn_csv_parse(parser, bytes, 17, true, QN_BATCH_ROWS, &block));
    CU_ASSERT(block.batch.count == 0 && block.batch.length == 2);
    qn_csv_block_clear(&block);
    qn_csv_parser_free(parser);
    free(bytes);
    qn_csv_dialect_clear(&d);
    QN_TEST_OK(qn_schema_add(&schema, "v", QN_STRING_LIST));
    QN_TEST_FAILS(qn_csv_parser_new(&parser, &d, &schema, NULL), QN_JOB,
                  "column 'v': a CSV field cannot be a list<string>");
    qn_schema_clear(&schema);
}

/* ---- Large texts ---------------------------------------------------------------------------- */

typedef struct large {
    char *bytes;
    int64_t length;
} large;

/* Columns: a key that repeats, a unique one, one that repeats after row 5000 only, a number. */
static large make_large(int64_t rows) {
    large text = {calloc((size_t)rows * 120 + 64, 1), 0};
    for (int64_t i = 0; i < rows; i++)
        text.length +=
            sprintf(text.bytes + text.length, "key %d of some length,%lld,%lld,%.4f,%s\n",
                    (int)(i * 7 % 300), (long long)i * 1000003, (long long)(i < 5000 ? i : 1),
                    (double)(i % 977) * -0.25, i % 10 == 3 ? "" : "v");
    return text;
}

static void check_large(const qn_csv_block *block, int64_t first) {
    int64_t wrong = 0;
    for (int64_t row = 0; row < block->batch.length; row++) {
        int64_t i = first + row;
        char key[64], unique[32], late[32];
        snprintf(key, sizeof key, "key %d of some length", (int)(i * 7 % 300));
        snprintf(unique, sizeof unique, "%lld", (long long)i * 1000003);
        snprintf(late, sizeof late, "%lld", (long long)(i < 5000 ? i : 1));
        wrong += !string_is(block, 0, row, key) || !string_is(block, 1, row, unique) ||
                 !string_is(block, 2, row, late) ||
                 block->batch.columns[3]->f64[row] != (double)(i % 977) * -0.25 ||
                 qn_column_is_null(block->batch.columns[4], row) != (i % 10 == 3);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_dictionary(void) {
    static const qn_type types[] = {QN_STRING, QN_STRING, QN_STRING, QN_FLOAT64, QN_STRING};
    qn_csv_dialect d = dialect_of(NULL);
    qn_schema schema;
    qn_csv_parser *parser = NULL;
    large text = make_large(40000);
    int64_t at = 0, first = 0;
    qn_schema_init(&schema);
    for (int i = 0; i < 5; i++)
        QN_TEST_OK(
            qn_schema_add(&schema, (const char *const[]){"a", "b", "c", "d", "e"}[i], types[i]));
    QN_TEST_OK(qn_csv_parser_new(&parser, &d, &schema, NULL));
    while (at < text.length) {
        qn_csv_block block;
        qn_csv_block_init(&block);
        QN_TEST_OK(
            qn_csv_parse(parser, text.bytes + at, text.length - at, true, QN_BATCH_ROWS, &block));
        check_large(&block, first);
        qn_column **c = block.batch.columns;
        CU_ASSERT(c[0]->dictionary != NULL && c[0]->dictionary->length == 300);
        CU_ASSERT(c[1]->dictionary == NULL && c[4]->dictionary != NULL);
        CU_ASSERT_EQUAL(c[2]->dictionary != NULL, first > 0);
        CU_ASSERT(c[4]->dictionary->length == 1 && c[4]->null_count > 0);
        at += block.consumed;
        first += block.batch.length;
        qn_csv_block_clear(&block);
    }
    CU_ASSERT_EQUAL(first, 40000);
    qn_csv_parser_free(parser);
    qn_schema_clear(&schema);
    free(text.bytes);
    qn_csv_dialect_clear(&d);
}

/* A record longer than what is looked at in one go. */
static void test_long_record(void) {
    enum { LONG = 1000000 };
    static const qn_type types[] = {QN_STRING, QN_INT64};
    qn_csv_dialect d = dialect_of(NULL);
    qn_csv_block block;
    char *text = malloc(LONG + 100);
    memset(text, 'x', LONG);
    memcpy(text, "a,1\n\"y,\n", 8);
    memcpy(text + LONG, "\",2\nb,3\n", 9);
    parse_text(&d, types, 2, text, &block);
    CU_ASSERT_EQUAL(block.batch.length, 3);
    CU_ASSERT_EQUAL(qn_column_string(block.batch.columns[0], 1).length, LONG - 5);
    CU_ASSERT_EQUAL(block.batch.columns[1]->i64[2], 3);
    CU_ASSERT_EQUAL(block.lines, 4);
    qn_csv_block_clear(&block);
    text[LONG] = 'z'; /* the quote is not closed: one bad record, and the rest gone with it */
    parse_text(&d, types, 2, text, &block);
    CU_ASSERT(block.batch.length == 1 && block.bad_count == 1 && block.records == 2);
    expect_bad(&block, 0, 1, "a quote is not closed before the end of the file");
    qn_csv_block_clear(&block);
    free(text);
    qn_csv_dialect_clear(&d);
}

/* Every number of up to 17 digits with the point anywhere, in both kernels. */
static void test_numbers_equal_strtod(void) {
    static const qn_type types[] = {QN_FLOAT64, QN_INT64};
    qn_csv_dialect d = dialect_of(NULL);
    char *text = malloc(400000), *end = text;
    uint64_t digits = 88172645463325252u;
    for (int i = 0; i < 6000; i++) {
        digits ^= digits << 13, digits ^= digits >> 7, digits ^= digits << 17;
        int count = 1 + i % 19, point = i / 19 % (count + 2);
        char number[32];
        snprintf(number, sizeof number, "%019llu",
                 (unsigned long long)(digits % 9999999999999999999u));
        end +=
            sprintf(end, "%s%.*s%s%.*s,%s%.*s\n", i & 64 ? "-" : "", point < count ? point : count,
                    number, point <= count ? "." : "", point < count ? count - point : 0,
                    number + point, i & 32 ? "-" : "", count > 18 ? 18 : count, number);
    }
    for (int code = 0; code < CODES; code++) {
        qn_csv_block block;
        int64_t wrong = 0, row = 0;
        d.code = (qn_csv_code)code;
        parse_text(&d, types, 2, text, &block);
        CU_ASSERT_EQUAL(block.bad_count, 0);
        for (char *at = text; at < end && row < block.batch.length; row++) {
            char *comma = NULL;
            double real = strtod(at, &comma);
            long long whole = strtoll(comma + 1, &at, 10);
            at++;
            wrong += memcmp(&real, &block.batch.columns[0]->f64[row], 8) != 0;
            wrong += whole != block.batch.columns[1]->i64[row];
        }
        CU_ASSERT_EQUAL(row, 6000);
        CU_ASSERT_EQUAL(wrong, 0);
        qn_csv_block_clear(&block);
    }
    free(text);
    qn_csv_dialect_clear(&d);
}

static const qn_test_case cases[] = {
    {"options make a dialect", test_dialect},
    {"bad options are refused by name", test_dialect_refusals},
    {"a record splits into texts", test_split},
    {"types are inferred", test_infer},
    {"inference stops after the sample", test_infer_sample},
    {"strings lose their quotes", test_strings},
    {"escapes, trimming and null strings", test_escape_and_trim},
    {"values of every type", test_types},
    {"date patterns and a decimal comma", test_formats},
    {"bad records are listed with place and reason", test_bad_records},
    {"fields that are not wanted are not looked at", test_wanted},
    {"strings that repeat are dictionary-encoded", test_dictionary},
    {"records may be long", test_long_record},
    {"numbers equal strtod's", test_numbers_equal_strtod},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("csv_parse", cases);
}
