/* Table files: streams to files and back, the same on any number of ranks.
 * Ranks: 1 2 3 7 */
#include "features/scan/scan.h"
#include "tests/harness/harness.h"
#include "tests/mpi/sample.h"

#include "core/column/content.h"

#include <stdlib.h>
#include <unistd.h>

static qn_comm *serial;

static void write_file(const char *path, qn_comm *comm, int64_t rows, bool cut) {
    qn_table table;
    qn_stream *stream = NULL;
    int64_t written = -1;
    QN_TEST_OK(sample_table(&table, comm, rows, cut));
    QN_TEST_OK(qn_table_stream(&stream, &table));
    QN_TEST_OK(qn_table_write(stream, comm, path, &written));
    CU_ASSERT(cut || written == rows);
    qn_stream_free(stream);
    qn_table_clear(&table);
}

/* Content of all columns over all ranks, checking batch borders on the way. */
static void hash_stream(qn_stream *stream, qn_content *contents) {
    int32_t count = stream->schema.count;
    int64_t size = qn_comm_size(qn_test_comm());
    qn_content *own = calloc((size_t)count, sizeof *own);
    qn_content *all = calloc((size_t)(count * size), sizeof *all);
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_stream_next(stream, &batch));
        if (batch.count == 0)
            break;
        CU_ASSERT(batch.first_row % QN_BATCH_ROWS == 0 && batch.length <= QN_BATCH_ROWS);
        CU_ASSERT(batch.count == count);
        for (int32_t i = 0; i < batch.count && i < count; i++)
            qn_content_add(&own[i], batch.columns[i]);
        qn_batch_clear(&batch);
    }
    QN_TEST_OK(qn_comm_allgather(qn_test_comm(), own, count * (int64_t)sizeof *own, all));
    for (int32_t i = 0; i < count; i++) {
        qn_content_init(&contents[i]);
        for (int64_t r = 0; r < size; r++)
            qn_content_merge(&contents[i], &all[r * count + i]);
    }
    free(own);
    free(all);
}

/* Adds the rows of the table in memory, on one rank for all. */
static void expect_rows(qn_content contents[SAMPLE_COLUMNS], int64_t rows, bool cut) {
    qn_table table;
    if (qn_comm_rank(qn_test_comm()) == 0) {
        QN_TEST_OK(sample_table(&table, serial, rows, cut));
        for (int32_t i = 0; i < SAMPLE_COLUMNS; i++)
            for (int64_t k = 0; k < table.batch_count; k++)
                qn_content_add(&contents[i], table.batches[k].columns[i]);
        qn_table_clear(&table);
    }
    QN_TEST_OK(qn_comm_broadcast(qn_test_comm(), contents, SAMPLE_COLUMNS * sizeof *contents, 0));
}

static void check_scan(const char *const *paths, int64_t count, const qn_content *expected) {
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_scan_open(&stream, qn_test_comm(), paths, count, NULL));
    if (stream == NULL)
        return;
    for (int pass = 0; pass < 2; pass++) {
        qn_content found[SAMPLE_COLUMNS] = {{0}};
        hash_stream(stream, found);
        for (int32_t i = 0; i < SAMPLE_COLUMNS; i++)
            CU_ASSERT(qn_content_equal(&found[i], &expected[i]));
        QN_TEST_OK(qn_stream_rewind(stream));
    }
    qn_stream_free(stream);
}

static void round_trip(int64_t rows, bool cut) {
    const char *path = qn_test_path("table.h5ad");
    qn_content expected[SAMPLE_COLUMNS] = {{0}};
    write_file(path, qn_test_comm(), rows, cut);
    expect_rows(expected, rows, cut);
    check_scan(&path, 1, expected);
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

static void test_empty(void) {
    round_trip(0, false);
}

static void test_few(void) {
    round_trip(2, false);
}

static void test_many(void) {
    round_trip(4 * QN_BATCH_ROWS + 5, false);
}

static void test_cut(void) {
    round_trip(6 * QN_BATCH_ROWS + 5, true);
}

static void test_overwrite(void) {
    round_trip(100, false);
    round_trip(50, false);
}

static void test_several_files(void) {
    const char *paths[3] = {qn_test_path("one.h5ad"), qn_test_path("two.h5ad"),
                            qn_test_path("three.h5ad")};
    qn_content expected[SAMPLE_COLUMNS] = {{0}};
    const int64_t rows[3] = {QN_BATCH_ROWS + 10, 3, 2 * QN_BATCH_ROWS};
    for (int k = 0; k < 3; k++) {
        write_file(paths[k], qn_test_comm(), rows[k], false);
        expect_rows(expected, rows[k], false);
    }
    check_scan(paths, 3, expected);
}

static void test_select(void) {
    const char *path = qn_test_path("select.h5ad");
    write_file(path, qn_test_comm(), 20000, false);
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_table_scan_open(&stream, qn_test_comm(), &path, 1));
    bool wanted[SAMPLE_COLUMNS] = {false};
    wanted[4] = wanted[13] = wanted[20] = true;
    CU_ASSERT(qn_scan_select(stream, wanted));
    CU_ASSERT(stream->schema.count == 3);
    CU_ASSERT(strcmp(stream->schema.fields[1].name, "city") == 0);
    const bool second[3] = {false, true, true};
    CU_ASSERT(qn_scan_select(stream, second));
    CU_ASSERT(stream->schema.count == 2);
    qn_content found[2], expected[SAMPLE_COLUMNS] = {{0}};
    hash_stream(stream, found);
    expect_rows(expected, 20000, false);
    CU_ASSERT(qn_content_equal(&found[0], &expected[13]));
    CU_ASSERT(qn_content_equal(&found[1], &expected[20]));
    const bool none[2] = {false, false};
    CU_ASSERT(qn_scan_select(stream, none) && stream->schema.count == 1);
    qn_stream_free(stream);
}

static void test_other_schema(void) {
    const char *paths[2] = {qn_test_path("a.h5ad"), qn_test_path("b.h5ad")};
    write_file(paths[0], qn_test_comm(), 5, false);
    qn_table table;
    qn_table_init(&table);
    QN_TEST_OK(qn_schema_add(&table.schema, "x", QN_INT64));
    qn_stream *stream = NULL, *scan = NULL;
    QN_TEST_OK(qn_table_stream(&stream, &table));
    QN_TEST_OK(qn_write(stream, qn_test_comm(), paths[1], NULL));
    QN_TEST_FAILS(qn_scan_open(&scan, qn_test_comm(), paths, 2, NULL), QN_DATA, "columns");
    qn_stream_free(stream);
    qn_table_clear(&table);
}

static void test_errors(void) {
    qn_stream *scan = NULL;
    const char *missing = qn_test_path("missing.h5ad");
    CU_ASSERT(qn_scan_open(&scan, qn_test_comm(), &missing, 1, NULL) == QN_INPUT);
    CU_ASSERT(qn_table_scan_open(&scan, qn_test_comm(), &missing, 1) == QN_INPUT);
    CU_ASSERT(scan == NULL);
}

/* A stream that fails in the middle, on the last rank only. */
typedef struct failing {
    qn_stream base;
    bool fails;
} failing;

static qn_status failing_next(qn_stream *stream, qn_batch *out) {
    qn_batch_init(out);
    return ((failing *)stream)->fails ? qn_fail(QN_DATA, "bad row") : QN_OK;
}

static qn_status failing_rewind(qn_stream *stream) {
    (void)stream;
    return QN_OK;
}

static void test_failing_stream(void) {
    static const qn_stream_class class_ = {"failing", failing_next, failing_rewind, NULL};
    failing *stream = NULL;
    const char *path = qn_test_path("never.h5ad");
    QN_TEST_OK(qn_stream_new(&stream, sizeof *stream, &class_, NULL));
    stream->fails = qn_comm_rank(qn_test_comm()) == qn_comm_size(qn_test_comm()) - 1;
    QN_TEST_FAILS(qn_table_write(&stream->base, qn_test_comm(), path, NULL), QN_DATA, "bad row");
    CU_ASSERT(access(path, F_OK) != 0);
    qn_stream_free(&stream->base);
}

static void test_unwritable_folder(void) {
    qn_table table;
    qn_stream *stream = NULL;
    QN_TEST_OK(sample_table(&table, qn_test_comm(), 10, false));
    QN_TEST_OK(qn_table_stream(&stream, &table));
    QN_TEST_FAILS(qn_table_write(stream, qn_test_comm(), "/nowhere/at/all.h5ad", NULL), QN_IO,
                  "does not exist");
    qn_stream_free(stream);
    qn_table_clear(&table);
}

static const qn_test_case cases[] = {
    {"an empty table", test_empty},
    {"fewer rows than ranks", test_few},
    {"several batches", test_many},
    {"batches that a filter cut", test_cut},
    {"a file is replaced", test_overwrite},
    {"several files are one table", test_several_files},
    {"only the columns asked for are read", test_select},
    {"files with different columns are refused", test_other_schema},
    {"missing files are input errors", test_errors},
    {"a stream that fails on one rank leaves no file", test_failing_stream},
    {"a folder that is not there is named", test_unwritable_folder},
    {NULL, NULL},
};

int main(void) {
    if (qn_comm_self(&serial) != QN_OK)
        return EXIT_FAILURE;
    int result = qn_test_main("table file", cases);
    qn_comm_free(serial);
    return result;
}
