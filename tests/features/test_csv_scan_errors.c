/* Ranks: 1 2 3 7 */
#include "core/csv/csv.h"
#include "core/log.h"
#include "core/memory.h"
#include "features/scan/scan.h"
#include "mpi/file/file.h"
#include "tests/harness/files.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *write_text(const char *name, const char *text) {
    const char *path = qn_test_path(name);
    test_write_file(path, text, (int64_t)strlen(text), TEST_PLAIN, 1);
    return path;
}

/* Options from "name value" pairs; NULL ends. */
static qn_options *options_of(const char *const *pairs) {
    qn_options *options = NULL;
    QN_TEST_OK(qn_options_new(&options, qn_csv_options));
    for (; pairs != NULL && pairs[0] != NULL; pairs += 2)
        QN_TEST_OK(qn_options_set(options, pairs[0], pairs[1]));
    return options;
}

/* Opens and reads to the end, agreeing as callers do. */
static qn_status read_all(const char *const *paths, int64_t count, const char *const *pairs,
                          qn_table *table) {
    qn_options *options = options_of(pairs);
    qn_stream *stream = NULL;
    qn_table own;
    qn_table_init(&own);
    qn_status status = qn_scan_open(&stream, qn_test_comm(), paths, count, options);
    if (status == QN_OK)
        status = qn_comm_agree(qn_test_comm(), qn_table_collect(&own, stream));
    qn_stream_free(stream);
    qn_options_free(options);
    if (status == QN_OK && table != NULL)
        *table = own;
    else
        qn_table_clear(&own);
    return status;
}

/* The location ends with this; one that ends in ':' leaves the column open. */
static bool error_is_at(const char *location) {
    const char *found = qn_last_error().location;
    if (location[strlen(location) - 1] == ':' && strstr(found, location) != NULL)
        return true;
    size_t length = strlen(found), tail = strlen(location);
    if (length >= tail && strcmp(found + length - tail, location) == 0)
        return true;
    fprintf(stderr, "\nlocation '%s', expected '%s'\n", found, location);
    return false;
}

static void check_failure(const char *name, const char *text, const char *location, qn_status code,
                          const char *message) {
    const char *path = write_text(name, text);
    QN_TEST_FAILS(read_all(&path, 1, NULL, NULL), code, message);
    CU_ASSERT(error_is_at(location));
}

static void test_files(void) {
    const char *missing = qn_test_path("missing.csv"), *folder = "/tmp";
    QN_TEST_FAILS(read_all(&missing, 1, NULL, NULL), QN_INPUT, "missing.csv");
    QN_TEST_FAILS(read_all(&folder, 1, NULL, NULL), QN_INPUT, "/tmp");
    const char *good = write_text("good.csv", "a,b\n1,2\n");
    const char *second[] = {good, missing};
    QN_TEST_FAILS(read_all(second, 2, NULL, NULL), QN_INPUT, "missing.csv");
    const char *with_dash[] = {good, "-"};
    QN_TEST_FAILS(read_all(with_dash, 2, NULL, NULL), QN_USAGE, "standard input");
    check_failure("empty.csv", "", "empty.csv", QN_INPUT, "the file is empty");
    check_failure("blank.csv", "\n\r\n\n", "blank.csv", QN_INPUT, "the file is empty");
    check_failure("utf16.csv", "\xff\xfe\x61", "utf16.csv", QN_DATA, "UTF-16");
}

static void test_unreadable(void) {
    const char *path = write_text("secret.csv", "a\n1\n");
    if (geteuid() == 0) /* root reads everything */
        return;
    if (qn_comm_rank(qn_test_comm()) == 0)
        CU_ASSERT(chmod(path, 0) == 0);
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
    QN_TEST_FAILS(read_all(&path, 1, NULL, NULL), QN_INPUT, "secret.csv");
}

static void test_headers(void) {
    check_failure("double.csv", "a,b,a,b\n1,2,3,4\n", "double.csv", QN_DATA,
                  "columns 1 and 3 are both called 'a'");
    check_failure("latin.csv", "a,Zo\xeb\n1,2\n", "latin.csv", QN_DATA,
                  "the name of column 2 is not UTF-8");
    check_failure("open.csv", "a,\"b\n1,2\n", "open.csv:1", QN_DATA, "quote");
    const char *paths[] = {write_text("h1.csv", "a,b\n1,2\n"), write_text("h2.csv", "a,b\n3,4\n"),
                           write_text("h3.csv", "a,c\n5,6\n")};
    QN_TEST_FAILS(read_all(paths, 3, NULL, NULL), QN_DATA, "column 2 is called 'c'");
    CU_ASSERT(error_is_at("h3.csv"));
    paths[1] = write_text("h4.csv", "a\n3\n");
    QN_TEST_FAILS(read_all(paths, 3, NULL, NULL), QN_DATA, "the header has 1 columns");
}

static void test_header_only(void) {
    qn_table table;
    const char *path = write_text("only.csv", "a,b\r\n");
    QN_TEST_OK(read_all(&path, 1, NULL, &table));
    CU_ASSERT(table.row_count == 0 && table.schema.count == 2);
    CU_ASSERT(table.schema.fields[0].type == QN_STRING);
    qn_table_clear(&table);
    static const char *const schema[] = {"schema", "a int64, b date", NULL};
    QN_TEST_OK(read_all(&path, 1, schema, &table));
    CU_ASSERT(table.row_count == 0 && table.schema.fields[0].type == QN_INT64 &&
              table.schema.fields[1].type == QN_DATE);
    qn_table_clear(&table);
}

static void test_names(void) {
    qn_table table;
    const char *path = write_text("nameless.csv", "a,,c\n1,2,3\n");
    qn_log_set(QN_LOG_QUIET, qn_comm_rank(qn_test_comm()));
    QN_TEST_OK(read_all(&path, 1, NULL, &table));
    qn_log_set(QN_LOG_WARN, qn_comm_rank(qn_test_comm()));
    CU_ASSERT_STRING_EQUAL(table.schema.fields[1].name, "column_2");
    qn_table_clear(&table);
    static const char *const headless[] = {"header", "false", NULL};
    QN_TEST_OK(read_all(&path, 1, headless, &table));
    CU_ASSERT_STRING_EQUAL(table.schema.fields[0].name, "column_1");
    int64_t rows = table.row_count;
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &rows, 1));
    CU_ASSERT_EQUAL(rows, 2);
    qn_table_clear(&table);
    static const char *const named[] = {"header", "false", "schema",
                                        "x string, \"y, z\" string, w string", NULL};
    QN_TEST_OK(read_all(&path, 1, named, &table));
    CU_ASSERT_STRING_EQUAL(table.schema.fields[1].name, "y, z");
    qn_table_clear(&table);
}

static void check_schema(const char *path, const char *schema, const char *message) {
    const char *const pairs[] = {"schema", schema, NULL};
    QN_TEST_FAILS(read_all(&path, 1, pairs, NULL), QN_JOB, message);
}

static void test_schemas(void) {
    const char *path = write_text("typed.csv", "id,price\n1,2.5\n");
    qn_table table;
    static const char *const swapped[] = {"schema", "price float32,id int32", NULL};
    QN_TEST_OK(read_all(&path, 1, swapped, &table));
    CU_ASSERT(table.schema.fields[0].type == QN_INT32 && table.schema.fields[1].type == QN_FLOAT32);
    qn_table_clear(&table);
    check_schema(path, "id int64", "lacks column 'price'");
    check_schema(path, "id int64, prize float64", "no column 'prize'");
    CU_ASSERT(strstr(qn_last_error().help, "'price'") != NULL);
    check_schema(path, "id int64, price", "'price' is not a name and a type");
    check_schema(path, "id int46, price float64", "unknown type 'int46'");
    check_schema(path, "id vector, price float64", "cannot be read from CSV");
    check_schema(path, "id int64, id int64", "given twice");
    static const char *const infer[] = {"infer", "some", NULL};
    QN_TEST_FAILS(read_all(&path, 1, infer, NULL), QN_JOB, "infer");
}

/* ---- Bad rows ------------------------------------------------------------------------------- */

static void check_row(const char *schema, const char *text, const char *location,
                      const char *message) {
    const char *path = write_text("row.csv", text);
    const char *const pairs[] = {schema == NULL ? NULL : "schema", schema, NULL};
    QN_TEST_FAILS(read_all(&path, 1, pairs, NULL), QN_DATA, message);
    CU_ASSERT(error_is_at(location));
}

static void test_bad_rows(void) {
    check_row(NULL, "a,b\n1,2\n3\n4,5\n", "row.csv:3:1", "1 field");
    check_row(NULL, "a,b\n1,2\n\n3,4,5\n4,5\n", "row.csv:4:1", "3 fields");
    check_row(NULL, "a,b\n1,\"x\ny\"\n2,\"z\n", "row.csv:4:", "quote");
    check_row(NULL, "a,b\nx,y\nx,z\xff\n", "row.csv:3:3", "UTF-8");
    check_row("a int32, b string", "a,b\n1,x\n3000000000,y\n", "row.csv:3:1", "column 'a'");
    check_row("a string, b int64", "a,b\nx,1\ny,12x\n", "row.csv:3:3", "'12x'");
    check_row("a string, b int64", "a,b\n\"x\ny\",12x\n", "row.csv:3:4", "'12x'");
    CU_ASSERT(strstr(qn_last_error().help, "mode") != NULL);
}

static void test_lowest_row_wins(void) {
    enum { ROWS = 40000 };
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_text_printf(&text, "a,b\n"));
    for (int i = 0; i < ROWS; i++)
        QN_TEST_OK(qn_text_printf(&text, i >= 17001 && i % 1000 == 1 ? "%d,y\n" : "%d,1\n", i));
    const char *path = write_text("many.csv", text.data);
    qn_text_clear(&text);
    static const char *const schema[] = {"schema", "a int64, b int64", NULL};
    QN_TEST_FAILS(read_all(&path, 1, schema, NULL), QN_DATA, "'y'");
    CU_ASSERT(error_is_at("many.csv:17003:7"));
    static const char *const sample[] = {"infer", "17000", NULL};
    QN_TEST_FAILS(read_all(&path, 1, sample, NULL), QN_DATA, "'y'");
    CU_ASSERT(strstr(qn_last_error().help, "infer: all") != NULL);
    qn_table table;
    QN_TEST_OK(read_all(&path, 1, NULL, &table));
    CU_ASSERT(table.schema.fields[1].type == QN_STRING);
    qn_table_clear(&table);
}

/* Rows i % 1000 == 7 are ragged, i % 1000 == 500 have a bad number; some records have two lines. */
static const char *write_mixed(int rows) {
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_text_printf(&text, "a,b,c\n"));
    for (int i = 0; i < rows; i++)
        QN_TEST_OK(qn_text_printf(&text,
                                  i % 1000 == 7     ? "%d\n"
                                  : i % 1000 == 500 ? "%d,one,\"x, y\"\n"
                                  : i % 100 == 3    ? "%d,1,\"\n\"\n"
                                                    : "%d,1,\n",
                                  i));
    const char *path = write_text("mixed.csv", text.data);
    qn_text_clear(&text);
    return path;
}

static bool row_is_good(int64_t row) {
    return row % 1000 != 7 && row % 1000 != 500;
}

static void check_good_rows(qn_stream *stream, int64_t rows) {
    int64_t expected[2] = {0, 0}, seen[2] = {0, 0};
    for (int64_t i = 0; i < rows; i++) {
        expected[0] += row_is_good(i);
        expected[1] += row_is_good(i) ? i : 0;
    }
    qn_table table;
    qn_table_init(&table);
    QN_TEST_OK(qn_table_collect(&table, stream));
    bool same = true;
    for (int64_t b = 0; b < table.batch_count; b++) {
        const qn_batch *batch = &table.batches[b];
        for (int64_t i = 0; i < batch->length; i++) {
            int64_t row = qn_batch_row(batch, i);
            same = same && row_is_good(row) && batch->columns[0]->i64[i] == row;
            seen[0]++;
            seen[1] += row;
        }
    }
    CU_ASSERT(same);
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), seen, 2));
    CU_ASSERT(seen[0] == expected[0] && seen[1] == expected[1]);
    qn_table_clear(&table);
}

static qn_stream *open_mixed(const char *path, const char *mode) {
    const char *const pairs[] = {"mode", mode, "schema", "a int64, b int64, c string", NULL};
    qn_options *options = options_of(pairs);
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_scan_open(&stream, qn_test_comm(), &path, 1, options));
    qn_options_free(options);
    return stream;
}

static void test_drop(void) {
    enum { ROWS = 50000 };
    qn_stream *stream = open_mixed(write_mixed(ROWS), "drop");
    check_good_rows(stream, ROWS);
    QN_TEST_OK(qn_stream_rewind(stream));
    check_good_rows(stream, ROWS);
    int64_t counts[2] = {qn_scan_report_of(stream).records, qn_scan_report_of(stream).bad_records};
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), counts, 2));
    CU_ASSERT(counts[0] == ROWS && counts[1] == 2 * ROWS / 1000);
    qn_stream_free(stream);
}

static void test_quarantine(void) {
    enum { ROWS = 50000 };
    const char *path = write_mixed(ROWS), *kept = qn_test_path("kept.csv");
    qn_stream *stream = open_mixed(path, "quarantine");
    check_good_rows(stream, ROWS);
    int64_t rows = 0, length = 0;
    QN_TEST_OK(qn_csv_scan_quarantine_write(stream, qn_test_comm(), kept, &rows));
    qn_stream_free(stream);
    CU_ASSERT_EQUAL(rows, 2 * ROWS / 1000);
    char *text = NULL, expected[512];
    QN_TEST_OK(qn_file_read_all(kept, &text, &length));
    snprintf(expected, sizeof expected, "file,line,column,reason,record\n%s,10,", path);
    CU_ASSERT(strncmp(text, expected, strlen(expected)) == 0);
    snprintf(expected, sizeof expected, "%s,507,b,'one' is not an int64,\"500,one,\"\"x, y\"\"\"\n",
             path);
    CU_ASSERT(strstr(text, expected) != NULL);
    snprintf(expected, sizeof expected, "%s,49997,b,'one' is not an int64,\"49500,one,", path);
    CU_ASSERT(strstr(text, expected) != NULL);
    qn_mem_free(text);
}

static void test_unfinished_pass(void) {
    enum { ROWS = 50000 };
    qn_stream *stream = open_mixed(write_mixed(ROWS), "quarantine");
    qn_batch batch;
    qn_batch_init(&batch);
    if (qn_comm_rank(qn_test_comm()) == 0)
        QN_TEST_OK(qn_stream_next(stream, &batch));
    qn_batch_clear(&batch);
    QN_TEST_OK(qn_scan_complete(stream, qn_test_comm()));
    int64_t rows = 0, bad = qn_scan_report_of(stream).bad_records;
    QN_TEST_OK(
        qn_csv_scan_quarantine_write(stream, qn_test_comm(), qn_test_path("rest.csv"), &rows));
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &bad, 1));
    CU_ASSERT_EQUAL(rows, 2 * ROWS / 1000);
    CU_ASSERT_EQUAL(bad, rows);
    QN_TEST_OK(qn_stream_rewind(stream));
    check_good_rows(stream, ROWS);
    qn_stream_free(stream);
}

static void test_select(void) {
    enum { ROWS = 30000 };
    const char *path = write_mixed(ROWS);
    qn_stream *stream = open_mixed(path, "drop");
    const bool first_and_last[] = {true, false, true}, second[] = {false, true};
    CU_ASSERT(qn_scan_select(stream, first_and_last));
    CU_ASSERT(stream->schema.count == 2 && strcmp(stream->schema.fields[1].name, "c") == 0);
    CU_ASSERT(qn_scan_select(stream, second));
    CU_ASSERT(stream->schema.count == 1 && strcmp(stream->schema.fields[0].name, "c") == 0);
    qn_table table;
    qn_table_init(&table);
    QN_TEST_OK(qn_table_collect(&table, stream));
    int64_t rows = table.row_count;
    QN_TEST_OK(qn_comm_sum_i64(qn_test_comm(), &rows, 1));
    CU_ASSERT_EQUAL(rows, ROWS - ROWS / 1000); /* bad numbers are not looked at */
    qn_table_clear(&table);
    qn_stream_free(stream);
}

static void test_memory(void) {
    const char *path = write_mixed(300);
    qn_comm *self = NULL;
    QN_TEST_OK(qn_comm_self(&self));
    const char *const pairs[] = {"mode", "quarantine", NULL};
    qn_options *options = options_of(pairs);
    bool done = false;
    for (int64_t successes = 0; successes < 2000 && !done; successes++) {
        qn_stream *stream = NULL;
        qn_table table;
        qn_table_init(&table);
        qn_mem_fail_after(successes);
        qn_status status = qn_scan_open(&stream, self, &path, 1, options);
        if (status == QN_OK)
            status = qn_table_collect(&table, stream);
        qn_mem_fail_after(-1);
        done = status == QN_OK;
        CU_ASSERT(done || status == QN_MEMORY);
        qn_table_clear(&table);
        qn_stream_free(stream);
    }
    CU_ASSERT(done);
    qn_options_free(options);
    qn_comm_free(self);
}

int main(void) {
    static const qn_test_case cases[] = {
        {"files that are no CSV files are refused by name", test_files},
        {"an unreadable file is refused", test_unreadable},
        {"headers must have unique names and be the same in all files", test_headers},
        {"a header without rows gives a table without rows", test_header_only},
        {"columns without a name get one", test_names},
        {"a schema must fit the header", test_schemas},
        {"a bad row is named by file, line and column", test_bad_rows},
        {"of several bad rows the first is everyone's error", test_lowest_row_wins},
        {"bad rows can be dropped", test_drop},
        {"bad rows can be kept with their reason", test_quarantine},
        {"a pass that ended early is completed for the count", test_unfinished_pass},
        {"only wanted columns are read", test_select},
        {"every failed allocation is reported", test_memory},
        {NULL, NULL},
    };
    return qn_test_main("csv_scan_errors", cases);
}
