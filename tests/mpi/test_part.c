/* Part files: what is written is read back, by us and by h5py; bytes do not depend on ranks.
 * Ranks: 1 2 3 7 */
#include "mpi/hdf5/part.h"
#include "tests/harness/harness.h"
#include "tests/mpi/sample.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const qn_part_options PLAIN = {.verify = true};

static qn_comm *serial; /* made before the first case, so that no case leaks it */

static qn_comm *self(void) {
    return serial;
}

/* What one rank does alone is tested once, not again at each number of ranks. */
static bool several_ranks(void) {
    return qn_comm_size(qn_test_comm()) > 1;
}

/* Hash of column `index` over a whole table read in pieces of `step` rows. */
static qn_content content_of(qn_part *part, int32_t index, int64_t step) {
    qn_content content;
    qn_content_init(&content);
    bool *wanted = calloc((size_t)qn_part_schema(part)->count, sizeof *wanted);
    wanted[index] = true;
    for (int64_t first = 0; first < qn_part_rows(part); first += step) {
        int64_t left = qn_part_rows(part) - first;
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TEST_OK(qn_part_read(part, wanted, first, left < step ? left : step, &batch));
        CU_ASSERT(batch.count == 1);
        if (batch.count == 1)
            qn_content_add(&content, batch.columns[0]);
        qn_batch_clear(&batch);
    }
    free(wanted);
    return content;
}

/* The hashes of the table in memory, computed on one rank. */
static void expect(int64_t rows, bool cut, qn_content contents[SAMPLE_COLUMNS]) {
    qn_table table;
    QN_TEST_OK(sample_table(&table, self(), rows, cut));
    for (int32_t i = 0; i < SAMPLE_COLUMNS; i++) {
        qn_content_init(&contents[i]);
        for (int64_t k = 0; k < table.batch_count; k++)
            qn_content_add(&contents[i], table.batches[k].columns[i]);
    }
    qn_table_clear(&table);
}

static void check_file(const char *path, int64_t rows, bool cut, int64_t step) {
    qn_part *part = NULL;
    qn_content expected[SAMPLE_COLUMNS];
    expect(rows, cut, expected);
    QN_TEST_OK(qn_part_open(&part, path));
    if (part == NULL)
        return;
    CU_ASSERT(qn_part_schema(part)->count == SAMPLE_COLUMNS);
    for (int32_t i = 0; i < SAMPLE_COLUMNS; i++) {
        qn_content found = content_of(part, i, step);
        if (!qn_content_equal(&found, &expected[i]))
            fprintf(stderr, "column %s differs\n", sample_fields[i].name);
        CU_ASSERT(qn_content_equal(&found, &expected[i]));
        CU_ASSERT(qn_content_equal(&expected[i], qn_part_content(part, i)));
    }
    QN_TEST_OK(qn_part_verify(part));
    qn_part_free(part);
}

static void write_sample(const char *path, qn_comm *comm, int64_t rows, bool cut,
                         const qn_part_options *options) {
    qn_table table;
    QN_TEST_OK(sample_table(&table, comm, rows, cut));
    qn_part_info info;
    qn_part_info_init(&info);
    QN_TEST_OK(qn_part_write(comm, path, &table, options, &info));
    CU_ASSERT(info.count == SAMPLE_COLUMNS);
    qn_part_info_clear(&info);
    qn_table_clear(&table);
}

static bool same_bytes(const char *a, const char *b) {
    char command[1200];
    snprintf(command, sizeof command, "cmp -s '%s' '%s'", a, b);
    return system(command) == 0;
}

static void round_trip(int64_t rows, bool cut) {
    const char *together = qn_test_path("together.h5ad"), *alone = qn_test_path("alone.h5ad");
    write_sample(together, qn_test_comm(), rows, cut, &PLAIN);
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
    if (qn_comm_rank(qn_test_comm()) == 0) {
        write_sample(alone, self(), rows, cut, &PLAIN);
        CU_ASSERT(same_bytes(together, alone));
        check_file(together, rows, cut, 1000);
        if (!several_ranks())
            check_file(alone, rows, cut, QN_BATCH_ROWS);
        CU_ASSERT(unlink(alone) == 0);
        CU_ASSERT(unlink(together) == 0);
    }
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

static void test_empty(void) {
    round_trip(0, false);
}

static void test_one_row(void) {
    round_trip(1, false);
}

static void test_small(void) {
    round_trip(1000, false);
}

static void test_batches(void) {
    round_trip(3 * QN_BATCH_ROWS + 77, false);
}

static void test_cut(void) {
    round_trip(5 * QN_BATCH_ROWS + 1, true);
}

static void test_many_distinct(void) {
    round_trip(6 * QN_BATCH_ROWS + 1, false);
}

static void test_deflate(void) {
    const qn_part_options options = {.deflate = true, .verify = true};
    const char *path = qn_test_path("deflate.h5ad"), *again = qn_test_path("again.h5ad");
    if (!several_ranks()) {
        write_sample(path, self(), 40000, false, &options);
        write_sample(again, self(), 40000, false, &options);
        CU_ASSERT(same_bytes(path, again));
        check_file(path, 40000, false, 7777);
    }
    if (several_ranks()) {
        qn_table table;
        QN_TEST_OK(sample_table(&table, qn_test_comm(), 10, false));
        QN_TEST_FAILS(qn_part_write(qn_test_comm(), qn_test_path("x"), &table, &options, NULL),
                      QN_USAGE, "compressed");
        qn_table_clear(&table);
    }
}

static void test_attributes(void) {
    if (several_ranks())
        return;
    const char *path = qn_test_path("attributes.h5ad");
    write_sample(path, self(), 5, false, &PLAIN);
    qn_part *part = NULL;
    QN_TEST_OK(qn_part_open(&part, path));
    const qn_schema *schema = qn_part_schema(part);
    const qn_field *dense = &schema->fields[qn_schema_find(schema, "dense")];
    CU_ASSERT(dense->attributes != NULL && dense->attributes->kind == QN_ATTRIBUTE_VECTOR);
    CU_ASSERT(dense->width == 3 && strcmp(dense->attributes->names[2], "z") == 0);
    const qn_field *f64 = &schema->fields[qn_schema_find(schema, "f64")];
    CU_ASSERT(f64->attributes != NULL && f64->attributes->kind == QN_ATTRIBUTE_NOMINAL);
    CU_ASSERT_STRING_EQUAL(f64->attributes->source, "colour");
    CU_ASSERT_PTR_NULL(qn_attributes_slot(dense->attributes, 0));
    const qn_attributes *shape = qn_attributes_slot(dense->attributes, 1);
    CU_ASSERT_PTR_NOT_NULL(shape);
    CU_ASSERT(shape != NULL && strcmp(shape->source, "shape") == 0 &&
              strcmp(shape->names[1], "square") == 0);
    qn_part_free(part);
}

/* As files were before sources and slots were kept; and what no file of ours says. */
static void test_old_attributes(void) {
    static const char *const wrong[] = {"[{\"slot\":2,\"kind\":\"nominal\",\"count\":0}]",
                                        "[{\"slot\":-1,\"kind\":\"nominal\",\"count\":0}]",
                                        "[{\"slot\":0,\"kind\":\"vector\",\"count\":0}]",
                                        "[{\"kind\":\"nominal\",\"count\":0}]", "[7]"};
    json_t *old = json_loads("[{\"name\":\"v\",\"type\":\"vector\",\"width\":2,\"attributes\":"
                             "{\"kind\":\"vector\",\"count\":2,\"names\":[\"a\",\"b\"]}}]",
                             0, NULL);
    qn_schema schema;
    QN_TEST_OK(qn_schema_from_json(old, &schema));
    CU_ASSERT_STRING_EQUAL(schema.fields[0].attributes->names[1], "b");
    CU_ASSERT_PTR_NULL(schema.fields[0].attributes->source);
    CU_ASSERT_PTR_NULL(qn_attributes_slot(schema.fields[0].attributes, 1));
    qn_schema_clear(&schema);
    json_t *attributes = json_object_get(json_array_get(old, 0), "attributes");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CU_ASSERT_EQUAL(json_object_set_new(attributes, "slots", json_loads(wrong[i], 0, NULL)), 0);
        QN_TEST_FAILS(qn_schema_from_json(old, &schema), QN_DATA, "attributes are malformed");
    }
    json_decref(old);
}

static void test_statistics(void) {
    qn_table table;
    QN_TEST_OK(sample_table(&table, qn_test_comm(), 40000, false));
    qn_part_info info;
    qn_part_info_init(&info);
    QN_TEST_OK(qn_part_write(qn_test_comm(), qn_test_path("stats.h5ad"), &table, &PLAIN, &info));
    int32_t i32 = qn_schema_find(&table.schema, "i32");
    int32_t f64 = qn_schema_find(&table.schema, "f64");
    CU_ASSERT(info.rows == 40000);
    CU_ASSERT(info.columns[i32].has_range && info.columns[i32].low == -100);
    CU_ASSERT(info.columns[i32].high == 39999 * 3 - 100);
    CU_ASSERT(info.columns[f64].f_low == 0 && info.columns[f64].f_high == 39999.0 / 8);
    qn_part_info_clear(&info);
    qn_table_clear(&table);
}

static void test_clashing_names(void) {
    qn_table table;
    qn_table_init(&table);
    QN_TEST_OK(qn_schema_add(&table.schema, "a/b", QN_INT64));
    QN_TEST_OK(qn_schema_add(&table.schema,
                             "a\xE2\x88\x95"
                             "b",
                             QN_INT64));
    const char *path = qn_test_path("clash.h5ad");
    QN_TEST_FAILS(qn_part_write(qn_test_comm(), path, &table, &PLAIN, NULL), QN_DATA,
                  "two columns would both be named");
    CU_ASSERT(access(path, F_OK) != 0);
    qn_table_clear(&table);
}

static void test_existing_file(void) {
    qn_table table;
    const char *path = qn_test_path("exists.h5ad");
    QN_TEST_OK(sample_table(&table, qn_test_comm(), 10, false));
    QN_TEST_OK(qn_part_write(qn_test_comm(), path, &table, &PLAIN, NULL));
    QN_TEST_FAILS(qn_part_write(qn_test_comm(), path, &table, &PLAIN, NULL), QN_IO, "create");
    CU_ASSERT(access(path, F_OK) == 0);
    const qn_part_options replace = {.replace = true};
    QN_TEST_OK(qn_part_write(qn_test_comm(), path, &table, &replace, NULL));
    qn_table_clear(&table);
}

/* ---- Strings at the limits ------------------------------------------------------------------ */

enum { TEXTS = 5 * QN_BATCH_ROWS }; /* more than a dictionary holds */

/* Column 0: texts with NULs; 1: distinct, short, with nulls; 2: distinct, long, with nulls; 3: at
 * most 64 bytes; 4: at most 65. */
static bool limit_text(int32_t column, int64_t row, char *text, int *length) {
    memset(text, 'x', 100);
    char number[32];
    int digits = snprintf(number, sizeof number, "%lld", (long long)row);
    memcpy(text, number, (size_t)digits);
    static const int lengths[] = {10, 12, 90, 64, 65};
    *length = lengths[column];
    if (column == 0)
        text[row % 10] = '\0';
    if (column >= 3 && row % 1000 != 999)
        *length = digits;
    return (column != 1 && column != 2) || row % 3 != 0;
}

static void make_limits(qn_table *table, qn_comm *comm) {
    static const char *const names[] = {"nul", "short", "long", "fits", "too_long"};
    int64_t batches = TEXTS / QN_BATCH_ROWS, rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_table_init(table);
    for (int c = 0; c < 5; c++)
        QN_TEST_OK(qn_schema_add(&table->schema, names[c], QN_STRING));
    for (int64_t k = rank * batches / size; k < (rank + 1) * batches / size; k++) {
        qn_batch batch;
        qn_batch_init(&batch);
        batch.length = QN_BATCH_ROWS;
        batch.first_row = k * QN_BATCH_ROWS;
        for (int32_t c = 0; c < 5; c++) {
            char text[128];
            int length;
            qn_column *column = NULL;
            qn_string_builder builder;
            qn_string_builder_init(&builder);
            for (int64_t i = 0; i < QN_BATCH_ROWS; i++) {
                bool there = limit_text(c, batch.first_row + i, text, &length);
                QN_TEST_OK(there ? qn_string_builder_add(&builder, (qn_view){text, length})
                                 : qn_string_builder_add_null(&builder));
            }
            QN_TEST_OK(qn_string_builder_finish(&builder, &column));
            QN_TEST_OK(qn_batch_append(&batch, column));
        }
        QN_TEST_OK(qn_table_add(table, &batch));
    }
}

static void check_limits(const char *path) {
    qn_part *part = NULL;
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TEST_OK(qn_part_open(&part, path));
    QN_TEST_OK(qn_part_read(part, NULL, 3000, 5000, &batch));
    int64_t wrong = 0;
    for (int32_t c = 0; c < batch.count; c++)
        for (int64_t i = 0; i < batch.length; i++) {
            char text[128];
            int length;
            bool there = limit_text(c, 3000 + i, text, &length);
            qn_view expected = {text, there ? length : 0};
            wrong += qn_column_is_null(batch.columns[c], i) == there ||
                     !qn_view_equal(qn_column_string(batch.columns[c], i), expected);
        }
    CU_ASSERT(wrong == 0 && batch.count == 5);
    CU_ASSERT(qn_part_null_count(part, 1) == (TEXTS + 2) / 3);
    QN_TEST_OK(qn_part_verify(part));
    qn_batch_clear(&batch);
    qn_part_free(part);
}

static void test_string_limits(void) {
    const char *together = qn_test_path("limits.h5ad"), *alone = qn_test_path("limits_alone.h5ad");
    qn_table table;
    make_limits(&table, qn_test_comm());
    QN_TEST_OK(qn_part_write(qn_test_comm(), together, &table, &PLAIN, NULL));
    qn_table_clear(&table);
    if (qn_comm_rank(qn_test_comm()) == 0) {
        check_limits(together);
        make_limits(&table, self());
        QN_TEST_OK(qn_part_write(self(), alone, &table, &PLAIN, NULL));
        CU_ASSERT(same_bytes(together, alone));
        qn_table_clear(&table);
    }
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

/* ---- Files that are not what they should be -------------------------------------------------- */

static void write_bytes(const char *path, const char *bytes, size_t length) {
    FILE *file = fopen(path, "wb");
    CU_ASSERT(file != NULL && fwrite(bytes, 1, length, file) == length);
    CU_ASSERT(file != NULL && fclose(file) == 0);
}

static void test_bad_files(void) {
    if (several_ranks())
        return;
    qn_part *part = NULL;
    QN_TEST_FAILS(qn_part_open(&part, qn_test_path("missing.h5ad")), QN_INPUT, "cannot open");
    QN_TEST_FAILS(qn_part_open(&part, "/tmp"), QN_INPUT, "folder");
    const char *path = qn_test_path("bad.h5ad");
    write_bytes(path, "", 0);
    QN_TEST_FAILS(qn_part_open(&part, path), QN_INPUT, "not an HDF5 file");
    write_bytes(path, "a,b\n1,2\n3,4\n", 12);
    QN_TEST_FAILS(qn_part_open(&part, path), QN_INPUT, "not an HDF5 file");
    write_bytes(path, "\211HDF\r\n\032\n and nothing", 20);
    QN_TEST_FAILS(qn_part_open(&part, path), QN_INPUT, "truncated or damaged");
    const char *pipe_path = qn_test_path("pipe.h5ad");
    CU_ASSERT_EQUAL(mkfifo(pipe_path, 0600), 0);
    QN_TEST_FAILS(qn_part_open(&part, pipe_path), QN_INPUT, "not an HDF5 file");
    CU_ASSERT(part == NULL);
}

static void test_truncated(void) {
    if (several_ranks())
        return;
    const char *path = qn_test_path("short.h5ad");
    struct stat file;
    write_sample(path, self(), 20000, false, &PLAIN);
    CU_ASSERT(stat(path, &file) == 0);
    for (int k = 1; k < 16; k++) {
        qn_part *part = NULL;
        CU_ASSERT(truncate(path, file.st_size * (16 - k) / 16) == 0);
        qn_status status = qn_part_open(&part, path);
        if (status == QN_OK)
            status = qn_part_verify(part);
        CU_ASSERT(status == QN_INPUT || status == QN_DATA || status == QN_IO);
        qn_part_free(part);
    }
}

/* Whatever byte is flipped: an error or the right values, never wrong ones, never a crash. */
static void test_flipped_bytes(void) {
    if (several_ranks())
        return;
    const char *path = qn_test_path("flipped.h5ad");
    struct stat file;
    write_sample(path, self(), 500, false, &PLAIN);
    FILE *bytes = fopen(path, "r+b");
    CU_ASSERT_FATAL(bytes != NULL && stat(path, &file) == 0);
    int detected = 0;
    for (int k = 0; k < 400; k++) {
        long place = (long)((uint64_t)k * 2654435761u % (uint64_t)file.st_size);
        CU_ASSERT(fseek(bytes, place, SEEK_SET) == 0);
        int old = fgetc(bytes);
        CU_ASSERT(fseek(bytes, place, SEEK_SET) == 0 && fputc(old ^ 1 << k % 8, bytes) >= 0);
        CU_ASSERT(fflush(bytes) == 0);
        qn_part *part = NULL;
        qn_status status = qn_part_open(&part, path);
        if (status == QN_OK)
            status = qn_part_verify(part);
        detected += status != QN_OK;
        qn_part_free(part);
        CU_ASSERT(fseek(bytes, place, SEEK_SET) == 0 && fputc(old, bytes) >= 0);
        CU_ASSERT(fflush(bytes) == 0);
    }
    CU_ASSERT(detected > 20);
    CU_ASSERT(fclose(bytes) == 0);
}

/* ---- Memory that runs out, other readers ----------------------------------------------------- */

static void test_allocation_failures(void) {
    if (several_ranks())
        return;
    const char *path = qn_test_path("memory.h5ad");
    qn_table table;
    QN_TEST_OK(sample_table(&table, self(), 50, false));
    qn_status status = QN_MEMORY;
    for (int64_t k = 0; status != QN_OK && k < 100000; k++) {
        qn_mem_fail_after(k);
        status = qn_part_write(self(), path, &table, &PLAIN, NULL);
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        CU_ASSERT(status == QN_OK || access(path, F_OK) != 0);
    }
    CU_ASSERT(status == QN_OK);
    qn_table_clear(&table);
}

static void test_python_reads_it(void) {
    if (several_ranks())
        return;
    const qn_part_options deflate = {.deflate = true, .verify = true};
    char command[2400];
    const char *path = qn_test_path("python.h5ad");
    const char *packed = qn_test_path("python_deflate.h5ad");
    write_sample(path, self(), 20000, false, &PLAIN);
    write_sample(packed, self(), 20000, false, &deflate);
    snprintf(command, sizeof command,
             "PY=${QUERN_PYTHON:-/usr/bin/python3}; $PY %s/tests/mpi/check_part.py 20000 %s %s",
             QUERN_SOURCE_DIR, path, packed);
    int result = system(command);
    if (WIFEXITED(result) && WEXITSTATUS(result) == 77)
        fprintf(stderr, "(skipped: no python3 with h5py) ");
    else
        CU_ASSERT(result == 0);
}

static const qn_test_case cases[] = {
    {"an empty table round-trips", test_empty},
    {"one row round-trips", test_one_row},
    {"a small table round-trips with the same bytes on any rank count", test_small},
    {"several batches round-trip with the same bytes", test_batches},
    {"batches cut by a filter round-trip with the same bytes", test_cut},
    {"more distinct texts than a dictionary holds round-trip", test_many_distinct},
    {"compressed files round-trip and are reproducible", test_deflate},
    {"labels and slot names are kept", test_attributes},
    {"attributes of older files are read, malformed ones refused", test_old_attributes},
    {"ranges of all ranks are known", test_statistics},
    {"names that clash in the file are refused", test_clashing_names},
    {"an existing file is not overwritten unless asked", test_existing_file},
    {"strings at the limits of their forms round-trip", test_string_limits},
    {"files that are no tables are refused", test_bad_files},
    {"truncated files are refused", test_truncated},
    {"flipped bytes never crash", test_flipped_bytes},
    {"every allocation may fail", test_allocation_failures},
    {"h5py and anndata read it", test_python_reads_it},
    {NULL, NULL},
};

int main(void) {
    if (qn_comm_self(&serial) != QN_OK)
        return EXIT_FAILURE;
    int result = qn_test_main("part", cases);
    qn_comm_free(serial);
    return result;
}
