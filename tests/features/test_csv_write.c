/* Ranks: 1 2 3 7 */
#include "core/memory.h"
#include "features/scan/scan.h"
#include "mpi/file/file.h"
#include "tests/harness/harness.h"
#include "tests/harness/waiting_stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set_strings(qn_column **out, const char *const *values, int64_t count) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < count; i++)
        QN_TEST_OK(values[i] == NULL ? qn_string_builder_add_null(&builder)
                                     : qn_string_builder_add(&builder, qn_view_of(values[i])));
    QN_TEST_OK(qn_string_builder_finish(&builder, out));
    qn_string_builder_clear(&builder);
}

static void check_format(const qn_schema *schema, const qn_batch *batch, const char *expected) {
    qn_text text;
    qn_text_init(&text);
    QN_TEST_OK(qn_csv_format_header(schema, &text));
    QN_TEST_OK(qn_csv_format_batch(schema, batch, &text));
    CU_ASSERT_STRING_EQUAL(text.data, expected);
    if (strcmp(text.data, expected) != 0)
        fprintf(stderr, "\n--- got\n%s--- expected\n%s", text.data, expected);
    qn_text_clear(&text);
}

/* One batch of all scalar types with 3 rows, the last one null. */
static void test_scalars(void) {
    static const char *const names[] = {"b", "i", "l", "f", "d,x", "s", "day", "time"};
    static const qn_type types[] = {QN_BOOL,    QN_INT32,  QN_INT64, QN_FLOAT32,
                                    QN_FLOAT64, QN_STRING, QN_DATE,  QN_TIMESTAMP};
    static const char *const strings[] = {"say \"hi\", you", "", NULL};
    qn_schema schema;
    qn_batch batch;
    qn_schema_init(&schema);
    qn_batch_init(&batch);
    QN_TEST_OK(qn_batch_reserve(&batch, 8));
    batch.length = 3;
    for (int32_t c = 0; c < 8; c++) {
        QN_TEST_OK(qn_schema_add(&schema, names[c], types[c]));
        if (types[c] == QN_STRING)
            continue;
        QN_TEST_OK(qn_column_new(&batch.columns[c], types[c], 3, 0));
        QN_TEST_OK(qn_column_set_null(batch.columns[c], 2));
    }
    qn_bit_set(batch.columns[0]->bits, 0);
    batch.columns[1]->i32[0] = -7;
    batch.columns[2]->i64[0] = INT64_MIN;
    batch.columns[3]->f32[0] = 0.1f;
    batch.columns[3]->f32[1] = 16777216.0f;
    batch.columns[4]->f64[0] = 0.1;
    batch.columns[4]->f64[1] = -1e300;
    set_strings(&batch.columns[5], strings, 3);
    batch.columns[6]->i32[0] = 19753; /* 2024-01-31 */
    batch.columns[7]->i64[0] = 1706702400000000000 + 500000000;
    check_format(&schema, &batch,
                 "b,i,l,f,\"d,x\",s,day,time\n"
                 "true,-7,-9223372036854775808,0.1,0.1,\"say \"\"hi\"\", you\",2024-01-31,"
                 "2024-01-31 12:00:00.5\n"
                 "false,0,0,16777216,-1e+300,\"\",1970-01-01,1970-01-01 00:00:00\n"
                 ",,,,,,,\n");
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
}

static void test_single_null(void) {
    qn_schema schema;
    qn_batch batch;
    qn_schema_init(&schema);
    qn_batch_init(&batch);
    QN_TEST_OK(qn_schema_add(&schema, "x", QN_INT64));
    QN_TEST_OK(qn_batch_reserve(&batch, 1));
    QN_TEST_OK(qn_column_new_null(&batch.columns[0], QN_INT64, 1, 0));
    batch.length = 1;
    check_format(&schema, &batch, "x\n\"\"\n");
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
}

static void test_nested(void) {
    static const char *const words[] = {"a", "b \"c\"", "tab\t"};
    qn_schema schema;
    qn_batch batch;
    qn_schema_init(&schema);
    qn_batch_init(&batch);
    qn_field dense = {.name = (char *)(uintptr_t) "v", .type = QN_VECTOR, .width = 2};
    qn_field sparse = {.name = (char *)(uintptr_t) "w", .type = QN_VECTOR, .width = 5};
    QN_TEST_OK(qn_schema_add_field(&schema, &dense));
    QN_TEST_OK(qn_schema_add_field(&schema, &sparse));
    QN_TEST_OK(qn_schema_add(&schema, "l", QN_STRING_LIST));
    QN_TEST_OK(qn_batch_reserve(&batch, 3));
    batch.length = 2;
    QN_TEST_OK(qn_column_new(&batch.columns[0], QN_VECTOR, 2, 2));
    QN_TEST_OK(qn_column_new_sparse(&batch.columns[1], 2, 5, 2));
    QN_TEST_OK(qn_column_new(&batch.columns[2], QN_STRING_LIST, 2, 0));
    batch.columns[0]->f64[1] = 2.5;
    qn_column *w = batch.columns[1];
    w->offsets[1] = w->offsets[2] = 2;
    w->indices[0] = 0;
    w->indices[1] = 3;
    w->f64[0] = 1;
    w->f64[1] = 0.25;
    set_strings(&batch.columns[2]->items, words, 3);
    batch.columns[2]->offsets[1] = batch.columns[2]->offsets[2] = 3;
    check_format(&schema, &batch,
                 "v,w,l\n"
                 "\"[0,2.5]\",\"(5,[0,3],[1,0.25])\",\"[\"\"a\"\",\"\"b \\\"\"c\\\"\"\"\","
                 "\"\"tab\\u0009\"\"]\"\n"
                 "\"[0,0]\",\"(5,[],[])\",\"[]\"\n");
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
}

/* ---- Files ---------------------------------------------------------------------------------- */

enum { ROWS = 100003 };

/* This rank's contiguous share of the batches of the numbers 0 .. ROWS - 1. */
static qn_stream *numbers(void) {
    int rank = qn_comm_rank(qn_test_comm()), size = qn_comm_size(qn_test_comm());
    int64_t batches = (ROWS + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS;
    qn_table table;
    qn_table_init(&table);
    QN_TEST_OK(qn_schema_add(&table.schema, "n", QN_INT64));
    QN_TEST_OK(qn_schema_add(&table.schema, "root", QN_FLOAT64));
    for (int64_t b = batches * rank / size; b < batches * (rank + 1) / size; b++) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_batch_reserve(&batch, 2));
        batch.first_row = b * QN_BATCH_ROWS;
        batch.length =
            ROWS - batch.first_row < QN_BATCH_ROWS ? ROWS - batch.first_row : QN_BATCH_ROWS;
        QN_TEST_OK(qn_column_new(&batch.columns[0], QN_INT64, batch.length, 0));
        QN_TEST_OK(qn_column_new(&batch.columns[1], QN_FLOAT64, batch.length, 0));
        for (int64_t i = 0; i < batch.length; i++) {
            batch.columns[0]->i64[i] = batch.first_row + i;
            batch.columns[1]->f64[i] = sqrt((double)(batch.first_row + i));
        }
        QN_TEST_OK(qn_table_add(&table, &batch));
    }
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_table_stream(&stream, &table));
    qn_table_clear(&table);
    return stream;
}

static void test_file(void) {
    qn_stream *stream = numbers();
    const char *path = qn_test_path("numbers.csv");
    int64_t rows = 0, length = 0;
    char *text = NULL;
    QN_TEST_OK(qn_write(stream, qn_test_comm(), path, &rows));
    CU_ASSERT(rows == ROWS);
    QN_TEST_OK(qn_file_read_all(path, &text, &length));
    char *line = text;
    CU_ASSERT(strncmp(line, "n,root\n", 7) == 0);
    bool same = true;
    line += 7;
    for (int64_t i = 0; i < ROWS && same; i++) {
        char *end = NULL;
        same = strtoll(line, &end, 10) == i && *end == ',' &&
               strtod(end + 1, &end) == sqrt((double)i) && *end == '\n';
        line = end + 1;
    }
    CU_ASSERT(same);
    CU_ASSERT(line == text + length);
    qn_mem_free(text);
    qn_stream_free(stream);
}

/* Allocations on the last rank fail, one a time: the others, who wait for it in the stream, get
 * its error, and no file is left. */
static void test_memory(void) {
    qn_comm *comm = qn_test_comm();
    const char *path = qn_test_path("memory.csv");
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_status status = QN_MEMORY;
    for (int64_t k = 0; status == QN_MEMORY && k < 1000; k++) {
        qn_stream *stream = NULL;
        QN_TEST_OK(waiting_stream_new(&stream, comm));
        int64_t before = qn_mem_blocks();
        qn_mem_fail_after(last ? k : -1);
        status = qn_csv_write(stream, comm, path, NULL);
        qn_mem_fail_after(-1);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
        CU_ASSERT_EQUAL(access(path, F_OK) == 0, status == QN_OK);
        QN_TEST_OK(qn_comm_barrier(comm));
        qn_stream_free(stream);
    }
    QN_TEST_OK(status);
}

static void test_unknown_suffix(void) {
    qn_stream *stream = numbers();
    QN_TEST_FAILS(qn_write(stream, qn_test_comm(), qn_test_path("x.xls"), NULL), QN_USAGE,
                  "cannot tell the format");
    QN_TEST_FAILS(qn_write(stream, qn_test_comm(), "/no/such/folder/x.csv", NULL), QN_IO,
                  "/no/such/folder");
    qn_stream_free(stream);
}

int main(void) {
    static const qn_test_case cases[] = {
        {"scalars are written so that they read back", test_scalars},
        {"the null of a table with one column is no blank line", test_single_null},
        {"vectors and lists are written as arrays", test_nested},
        {"ranks write one file together", test_file},
        {"memory that runs out on one rank leaves no file and no rank waiting", test_memory},
        {"a path that cannot be written is refused", test_unknown_suffix},
        {NULL, NULL},
    };
    return qn_test_main("csv_write", cases);
}
