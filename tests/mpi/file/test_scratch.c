/* Scratch space: what goes in comes back, lane by lane; a full or missing folder is said.
 * Ranks: 1 2 */
#include "mpi/file/scratch.h"

#include "core/column/content.h"
#include "core/memory.h"
#include "tests/harness/harness.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COLUMNS = 11, LANES = 5 };

static qn_schema schema;

static void make_schema(void) {
    qn_schema_init(&schema);
    static const qn_type types[COLUMNS] = {QN_BOOL,    QN_INT32,  QN_INT64,      QN_FLOAT32,
                                           QN_FLOAT64, QN_STRING, QN_DATE,       QN_TIMESTAMP,
                                           QN_STRING,  QN_VECTOR, QN_STRING_LIST};
    for (int i = 0; i < COLUMNS; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        QN_TEST_OK(qn_schema_add(&schema, name, types[i]));
    }
    schema.fields[9].width = 3;
}

static qn_column *text_column(int64_t first, int64_t length, const char *prefix) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < length; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "%s%lld", prefix, (long long)(first + i));
        QN_TEST_OK(qn_string_builder_add(&builder, (qn_view){text, n}));
    }
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    qn_string_builder_clear(&builder);
    return column;
}

static qn_column *coded_column(const qn_column *dictionary, int64_t first, int64_t length) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_INT32, length, 0));
    column->type = QN_STRING;
    column->dictionary = qn_column_retain(dictionary);
    for (int64_t i = 0; i < length; i++)
        column->codes[i] = (int32_t)((first + i) * 31 % dictionary->length);
    return column;
}

static qn_column *list_column(int64_t first, int64_t length) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_STRING_LIST, length, 0));
    for (int64_t i = 0; i < length; i++)
        column->offsets[i + 1] = column->offsets[i] + (int32_t)((first + i) % 3);
    column->items = text_column(first, column->offsets[length], "item");
    return column;
}

static qn_column *number_column(qn_type type, int64_t first, int64_t length) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, type, length, type == QN_VECTOR ? 3 : 0));
    for (int64_t i = 0; i < length; i++) {
        if (type == QN_BOOL && (first + i) % 3 == 0)
            qn_bit_set(column->bits, i);
        else if (type == QN_VECTOR)
            column->f64[i * 3 + 1] = (double)(first + i);
        else if (qn_type_size(type) == 8)
            column->i64[i] = first + i;
        else if (type != QN_BOOL)
            column->i32[i] = (int32_t)(first + i);
    }
    for (int64_t i = 5; i < length; i += 7)
        QN_TEST_OK(qn_column_set_null(column, i));
    return column;
}

/* Rows [first, first + length) of a table that is a function of the row number. */
static void make_batch(qn_batch *batch, int64_t first, int64_t length,
                       const qn_column *dictionary) {
    qn_batch_init(batch);
    batch->length = length;
    batch->first_row = first;
    for (int i = 0; i < COLUMNS; i++) {
        qn_type type = schema.fields[i].type;
        qn_column *column = i == 5                   ? text_column(first, length, "text")
                            : i == 8                 ? coded_column(dictionary, first, length)
                            : type == QN_STRING_LIST ? list_column(first, length)
                                                     : number_column(type, first, length);
        QN_TEST_OK(qn_batch_append(batch, column));
    }
}

static void add_content(qn_content contents[COLUMNS], const qn_batch *batch) {
    for (int i = 0; i < COLUMNS; i++)
        qn_content_add(&contents[i], batch->columns[i]);
}

static int64_t check_lane(qn_scratch *scratch, int32_t lane, const qn_content expected[COLUMNS],
                          const qn_column *shared) {
    qn_stream *stream = NULL;
    int64_t rows = 0, previous = -1, other = 0;
    QN_TEST_OK(qn_scratch_open(&stream, scratch, lane));
    for (int pass = 0; pass < 2; pass++) {
        qn_content found[COLUMNS];
        for (int i = 0; i < COLUMNS; i++)
            qn_content_init(&found[i]);
        rows = 0;
        previous = -1;
        QN_TEST_OK(qn_stream_rewind(stream));
        for (;;) {
            qn_batch batch;
            qn_batch_init(&batch);
            QN_TEST_OK(qn_stream_next(stream, &batch));
            if (batch.count == 0)
                break;
            CU_ASSERT(batch.length > 0 && batch.length <= QN_BATCH_ROWS);
            add_content(found, &batch);
            for (int64_t i = 0; i < batch.length; i++) {
                CU_ASSERT(qn_batch_row(&batch, i) > previous);
                previous = qn_batch_row(&batch, i);
            }
            other += batch.columns[8]->dictionary != shared;
            rows += batch.length;
            qn_batch_clear(&batch);
        }
        for (int i = 0; i < COLUMNS; i++)
            CU_ASSERT(qn_content_equal(&found[i], &expected[i]));
    }
    qn_stream_free(stream);
    CU_ASSERT_EQUAL(rows, qn_scratch_rows(scratch, lane));
    if (shared != NULL)
        CU_ASSERT_EQUAL(other, 0); /* batches share their dictionary as before */
    return rows;
}

/* Batches of `length` rows to the lanes in turn; a new dictionary every `change` batches. */
static void round_trip(int64_t batches, int64_t length, int64_t change) {
    qn_scratch *scratch = NULL;
    qn_content contents[LANES][COLUMNS];
    qn_column *dictionary = NULL;
    make_schema();
    for (int lane = 0; lane < LANES; lane++)
        for (int i = 0; i < COLUMNS; i++)
            qn_content_init(&contents[lane][i]);
    QN_TEST_OK(qn_scratch_new(&scratch, qn_test_path(""), &schema, LANES));
    for (int64_t b = 0; b < batches; b++) {
        qn_batch batch;
        int lane = (int)(b % (LANES - 1)); /* the last one stays empty */
        if (b % change == 0) {
            qn_column_release(dictionary);
            dictionary = text_column(b, 60, "a word of a dictionary ");
        }
        make_batch(&batch, b * length, length, dictionary);
        add_content(contents[lane], &batch);
        QN_TEST_OK(qn_scratch_add(scratch, lane, &batch));
        CU_ASSERT_EQUAL(batch.count, 0);
    }
    QN_TEST_OK(qn_scratch_flush(scratch));
    int64_t rows = 0;
    for (int lane = 0; lane < LANES; lane++)
        rows += check_lane(scratch, lane, contents[lane], change >= batches ? dictionary : NULL);
    CU_ASSERT_EQUAL(rows, batches * length);
    CU_ASSERT(qn_scratch_bytes(scratch) >= rows * 60);
    qn_column_release(dictionary);
    qn_scratch_free(scratch);
    qn_schema_clear(&schema);
}

static void test_round_trips(void) {
    round_trip(40, 1000, 1000);
    round_trip(2000, 7, 5);
    round_trip(5, QN_BATCH_ROWS, 1);
    round_trip(0, 1, 1);
}

static void test_nothing_is_left_behind(void) {
    qn_scratch *scratch = NULL;
    char folder[600];
    make_schema();
    snprintf(folder, sizeof folder, "%s-%d", qn_test_path("alone"), qn_comm_rank(qn_test_comm()));
    CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
    QN_TEST_OK(qn_scratch_new(&scratch, folder, &schema, 1));
    int entries = 0;
    DIR *listed = opendir(folder);
    while (listed != NULL && readdir(listed) != NULL)
        entries++;
    if (listed != NULL)
        closedir(listed);
    CU_ASSERT_EQUAL(entries, 2); /* . and .. */
    qn_scratch_free(scratch);
    qn_schema_clear(&schema);
}

static void test_a_missing_folder(void) {
    qn_scratch *scratch = NULL;
    make_schema();
    QN_TEST_FAILS(qn_scratch_new(&scratch, qn_test_path("nowhere"), &schema, 1), QN_IO, "nowhere'");
    CU_ASSERT(strstr(qn_last_error().help, "--scratch") != NULL);
    QN_TEST_FAILS(qn_scratch_new(&scratch, "/proc", &schema, 1), QN_IO, "'/proc'");
    qn_schema_clear(&schema);
}

static void test_a_full_disk(void) {
    char folder[600];
    snprintf(folder, sizeof folder, "%s-%d", qn_test_path("small"), qn_comm_rank(qn_test_comm()));
    CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=2m") != 0)
        return; /* only root may mount */
    qn_scratch *scratch = NULL;
    make_schema();
    QN_TEST_OK(qn_scratch_new(&scratch, folder, &schema, 1));
    qn_column *dictionary = text_column(0, 60, "word");
    qn_status status = QN_OK;
    for (int64_t b = 0; b < 100 && status == QN_OK; b++) {
        qn_batch batch;
        make_batch(&batch, b * 4096, 4096, dictionary);
        status = qn_scratch_add(scratch, 0, &batch);
    }
    QN_TEST_FAILS(status, QN_IO, "small-");
    CU_ASSERT(strstr(qn_last_error().message, "No space left") != NULL);
    CU_ASSERT(strstr(qn_last_error().help, "--scratch") != NULL);
    qn_column_release(dictionary);
    qn_scratch_free(scratch);
    qn_schema_clear(&schema);
    CU_ASSERT_EQUAL(umount(folder), 0);
}

static qn_status fill_and_read(qn_batch *batches, int64_t count) {
    qn_scratch *scratch = NULL;
    qn_stream *stream = NULL;
    qn_table table;
    qn_table_init(&table);
    qn_status status;
    QN_TRY_GOTO(qn_scratch_new(&scratch, qn_test_path(""), &schema, 2), done);
    for (int64_t i = 0; i < count; i++) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY_GOTO(qn_batch_share(&batch, &batches[i]), done);
        QN_TRY_GOTO(qn_scratch_add(scratch, (int32_t)(i % 2), &batch), done);
    }
    QN_TRY_GOTO(qn_scratch_open(&stream, scratch, 1), done);
    QN_TRY_GOTO(qn_table_collect(&table, stream), done);
done:
    qn_table_clear(&table);
    qn_stream_free(stream);
    qn_scratch_free(scratch);
    return status;
}

static void test_memory_failures(void) {
    qn_batch batches[12];
    qn_status status = QN_MEMORY;
    make_schema();
    qn_column *dictionary = text_column(0, 60, "word"), *other = text_column(7, 9, "other");
    for (int i = 0; i < 12; i++)
        make_batch(&batches[i], i * 2000, 2000, i < 6 ? dictionary : other);
    for (int64_t i = 0; status == QN_MEMORY && i < 2000; i++) {
        int64_t before = qn_mem_blocks();
        qn_mem_fail_after(i);
        status = fill_and_read(batches, 12);
        qn_mem_fail_after(-1);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
    }
    QN_TEST_OK(status);
    for (int i = 0; i < 12; i++)
        qn_batch_clear(&batches[i]);
    qn_column_release(dictionary);
    qn_column_release(other);
    qn_schema_clear(&schema);
}

static const qn_test_case cases[] = {
    {"batches come back lane by lane in their order", test_round_trips},
    {"the file has no name", test_nothing_is_left_behind},
    {"a missing folder is named", test_a_missing_folder},
    {"a full disk is named, with what to do", test_a_full_disk},
    {"memory failures leave nothing behind", test_memory_failures},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("scratch", cases);
}
