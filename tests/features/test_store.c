/* The feature store: versions are written, read, listed and verified; the same on any rank count.
 * Ranks: 1 2 3 7 */
#include "features/scan/scan.h"
#include "features/sort/sort.h"
#include "features/store/store.h"
#include "tests/harness/harness.h"
#include "tests/mpi/sample.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static qn_comm *serial;

/* The digest of the table in memory, computed on one rank. */
static void digest_sample(int64_t rows, bool cut, char out[QN_DIGEST_TEXT]) {
    qn_table table;
    qn_stream *stream = NULL;
    if (qn_comm_rank(qn_test_comm()) == 0) {
        QN_TEST_OK(sample_table(&table, serial, rows, cut));
        QN_TEST_OK(qn_table_stream(&stream, &table));
        QN_TEST_OK(qn_digest_stream(stream, serial, out));
        qn_stream_free(stream);
        qn_table_clear(&table);
    }
    QN_TEST_OK(qn_comm_broadcast(qn_test_comm(), out, QN_DIGEST_TEXT, 0));
}

static qn_store_version write_by(qn_comm *comm, const char *store, int64_t rows, bool cut,
                                 const qn_store_options *options) {
    qn_table table;
    qn_stream *stream = NULL;
    qn_store_version made = {.version = -9};
    QN_TEST_OK(sample_table(&table, comm, rows, cut));
    QN_TEST_OK(qn_table_stream(&stream, &table));
    QN_TEST_OK(qn_store_write(stream, comm, store, "events", options, &made));
    qn_stream_free(stream);
    qn_table_clear(&table);
    return made;
}

static qn_store_version write_version(const char *store, int64_t rows, bool cut,
                                      const qn_store_options *options) {
    return write_by(qn_test_comm(), store, rows, cut, options);
}

static void check_version(const char *store, int64_t version, const char *digest) {
    qn_stream *stream = NULL;
    qn_store_version info = {0};
    char found[QN_DIGEST_TEXT] = "";
    QN_TEST_OK(qn_store_open(&stream, qn_test_comm(), store, "events", version, &info));
    if (stream == NULL)
        return;
    QN_TEST_OK(qn_digest_stream(stream, qn_test_comm(), found));
    CU_ASSERT_STRING_EQUAL(found, digest);
    CU_ASSERT_STRING_EQUAL(info.digest, digest);
    qn_stream_free(stream);
    QN_TEST_OK(qn_store_verify(qn_test_comm(), store, "events", version));
}

/* Number of files in the data folder, once all ranks have tidied up. */
static int count_data(const char *store) {
    char command[700];
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
    snprintf(command, sizeof command, "ls '%s/groups/events/data' 2>/dev/null | wc -l", store);
    FILE *pipe = popen(command, "r");
    int count = -1;
    CU_ASSERT(pipe != NULL && fscanf(pipe, "%d", &count) == 1);
    pclose(pipe);
    return count;
}

static void test_one_version(void) {
    const char *store = qn_test_path("one");
    char digest[QN_DIGEST_TEXT];
    qn_store_version made = write_version(store, 1000, false, NULL);
    digest_sample(1000, false, digest);
    CU_ASSERT(made.version == 0 && made.rows == 1000);
    CU_ASSERT_STRING_EQUAL(made.digest, digest);
    check_version(store, QN_STORE_LATEST, digest);
    check_version(store, 0, digest);
}

static void test_parts(void) {
    const char *store = qn_test_path("parts");
    const qn_store_options options = {.part_batches = 2, .message = "seven batches"};
    char digest[QN_DIGEST_TEXT];
    qn_store_version made = write_version(store, 6 * QN_BATCH_ROWS + 9, true, &options);
    digest_sample(6 * QN_BATCH_ROWS + 9, true, digest);
    CU_ASSERT_STRING_EQUAL(made.digest, digest);
    CU_ASSERT(count_data(store) == 4); /* at any number of ranks */
    check_version(store, QN_STORE_LATEST, digest);
}

/* Sizes and SHA-256 of the files, in order. */
static json_t *file_sums(const char *store) {
    json_t *shown = NULL, *sums = json_array(), *file;
    size_t i;
    QN_TEST_OK(qn_store_show(store, "events", QN_STORE_LATEST, &shown));
    json_array_foreach(json_object_get(shown, "files"), i, file)
        CU_ASSERT(json_array_append_new(sums, json_pack("[O, O]", json_object_get(file, "bytes"),
                                                        json_object_get(file, "sha256"))) == 0);
    json_decref(shown);
    return sums;
}

/* Parts have the same bytes as those that one rank writes. */
static void test_part_bytes(void) {
    const qn_store_options options = {.part_batches = 2, .deflate = true};
    const char *store = qn_test_path("bytes");
    char alone[700];
    snprintf(alone, sizeof alone, "%s.alone", store);
    (void)write_version(store, 6 * QN_BATCH_ROWS + 9, true, &options);
    if (qn_comm_rank(qn_test_comm()) == 0) {
        (void)write_by(serial, alone, 6 * QN_BATCH_ROWS + 9, true, &options);
        json_t *ours = file_sums(store), *theirs = file_sums(alone);
        CU_ASSERT(json_array_size(ours) == 4);
        CU_ASSERT(json_equal(ours, theirs));
        json_decref(ours);
        json_decref(theirs);
    }
}

/* Whether all rows of a part have the same value: nothing but nulls, or one value and no null. */
static bool has_one_value(const json_t *file, const char *column) {
    const json_t *stats = json_object_get(json_object_get(file, "stats"), column);
    const json_t *low = json_object_get(stats, "min"), *high = json_object_get(stats, "max");
    json_int_t nulls = json_integer_value(json_object_get(stats, "null"));
    return nulls == json_integer_value(json_object_get(file, "rows")) ||
           (nulls == 0 && low != NULL && json_equal(low, high));
}

static void check_partitions(const char *store, json_int_t expected_rows) {
    json_t *shown = NULL, *file;
    json_int_t rows = 0;
    size_t i;
    QN_TEST_OK(qn_store_show(store, "events", QN_STORE_LATEST, &shown));
    const json_t *files = json_object_get(shown, "files");
    json_array_foreach(files, i, file) {
        CU_ASSERT(has_one_value(file, "city_null") && has_one_value(file, "flag"));
        rows += json_integer_value(json_object_get(file, "rows"));
    }
    /* Six cities and null times two, and the blocks of two batches cut some of them again. */
    CU_ASSERT(json_array_size(files) >= 12 && json_array_size(files) <= 16);
    CU_ASSERT(json_array_size(json_object_get(shown, "partition_by")) == 2);
    CU_ASSERT(rows == expected_rows);
    json_decref(shown);
}

/* The digest of the sample's rows in the order of the partitions. */
static void digest_sorted(int64_t rows, char out[QN_DIGEST_TEXT]) {
    const qn_execution execution = qn_execution_of(serial);
    qn_table table;
    qn_stream *stream = NULL, *sorted = NULL;
    QN_TEST_OK(sample_table(&table, serial, rows, false));
    const qn_sort_key keys[] = {{.column = qn_schema_find(&table.schema, "city_null")},
                                {.column = qn_schema_find(&table.schema, "flag")}};
    QN_TEST_OK(qn_table_stream(&stream, &table));
    QN_TEST_OK(qn_sort_open(&sorted, stream, &execution, keys, 2, -1, 0));
    QN_TEST_OK(qn_digest_stream(sorted, serial, out));
    qn_stream_free(sorted);
    qn_table_clear(&table);
}

static void test_partitioned(void) {
    static const char *const columns[] = {"city_null", "flag"};
    const qn_store_options options = {
        .part_batches = 2, .partition_by = columns, .partition_count = 2};
    const int64_t rows = 6 * QN_BATCH_ROWS + 9;
    const char *store = qn_test_path("partitioned");
    char alone[700], digest[QN_DIGEST_TEXT] = "";
    snprintf(alone, sizeof alone, "%s.alone", store);
    (void)write_version(store, rows, false, &options);
    if (qn_comm_rank(qn_test_comm()) == 0) {
        check_partitions(store, rows);
        (void)write_by(serial, alone, rows, false, &options);
        json_t *ours = file_sums(store), *theirs = file_sums(alone);
        CU_ASSERT(json_equal(ours, theirs));
        json_decref(ours);
        json_decref(theirs);
        digest_sorted(rows, digest);
    }
    QN_TEST_OK(qn_comm_broadcast(qn_test_comm(), digest, sizeof digest, 0));
    check_version(store, QN_STORE_LATEST, digest);
}

/* Each rank alone has less than a partition, or nothing. */
static void test_few_rows_partitioned(void) {
    static const char *const columns[] = {"flag"};
    const qn_store_options options = {.partition_by = columns, .partition_count = 1};
    const char *store = qn_test_path("few");
    qn_store_version made = write_version(store, 3, false, &options);
    CU_ASSERT(made.rows == 3 && count_data(store) == 2);
    made = write_version(store, 0, false, &options);
    CU_ASSERT(made.rows == 0 && made.version == 1);
}

static void test_partition_refused(void) {
    static const struct {
        const char *column;
        qn_status status;
        const char *text;
    } wrong[] = {{"citi", QN_JOB, "citi"},
                 {"f64", QN_JOB, "'f64' is float64"},
                 {"words", QN_JOB, "'words' is list<string>"},
                 {"i64", QN_DATA, "more than 10000 different values"},
                 /* 20,000 values, of which each of seven ranks has fewer than allowed */
                 {"day", QN_DATA, "more than 10000 different values"}};
    const char *store = qn_test_path("refused");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const qn_store_options options = {.partition_by = &wrong[i].column, .partition_count = 1};
        qn_table table;
        qn_stream *stream = NULL;
        QN_TEST_OK(sample_table(&table, qn_test_comm(), 4 * QN_BATCH_ROWS, false));
        QN_TEST_OK(qn_table_stream(&stream, &table));
        QN_TEST_FAILS(qn_store_write(stream, qn_test_comm(), store, "events", &options, NULL),
                      wrong[i].status, wrong[i].text);
        qn_stream_free(stream);
        qn_table_clear(&table);
    }
    CU_ASSERT(count_data(store) == 0);
}

/* One part whose batches lie on all ranks. */
static void test_shared_part(void) {
    const char *store = qn_test_path("shared");
    char digest[QN_DIGEST_TEXT];
    (void)write_version(store, 9 * QN_BATCH_ROWS, false, NULL);
    digest_sample(9 * QN_BATCH_ROWS, false, digest);
    CU_ASSERT(count_data(store) == 1);
    check_version(store, QN_STORE_LATEST, digest);
}

static void test_empty_version(void) {
    const char *store = qn_test_path("empty");
    char digest[QN_DIGEST_TEXT];
    qn_store_version made = write_version(store, 0, false, NULL);
    digest_sample(0, false, digest);
    CU_ASSERT(made.rows == 0);
    check_version(store, 0, digest);
}

static void test_overwrite_and_time_travel(void) {
    const char *store = qn_test_path("travel");
    char digests[3][QN_DIGEST_TEXT];
    for (int k = 0; k < 3; k++) {
        qn_store_version made = write_version(store, 100 * (k + 1), false, NULL);
        CU_ASSERT(made.version == k && made.rows == 100 * (k + 1));
        digest_sample(100 * (k + 1), false, digests[k]);
    }
    for (int k = 0; k < 3; k++)
        check_version(store, k, digests[k]);
    check_version(store, QN_STORE_LATEST, digests[2]);
}

static void test_append(void) {
    const char *store = qn_test_path("append");
    const qn_store_options append = {.mode = QN_STORE_APPEND};
    qn_store_version a = write_version(store, 100, false, &append);
    qn_store_version b = write_version(store, 40, false, &append);
    CU_ASSERT(a.version == 0 && a.rows == 100 && b.version == 1 && b.rows == 140);
    check_version(store, 0, a.digest);
    check_version(store, 1, b.digest);
}

static void test_append_other_columns(void) {
    const char *store = qn_test_path("columns");
    const qn_store_options append = {.mode = QN_STORE_APPEND};
    (void)write_version(store, 10, false, NULL);
    qn_table table;
    qn_table_init(&table);
    QN_TEST_OK(qn_schema_add(&table.schema, "x", QN_INT64));
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_table_stream(&stream, &table));
    QN_TEST_FAILS(qn_store_write(stream, qn_test_comm(), store, "events", &append, NULL), QN_DATA,
                  "other columns");
    qn_stream_free(stream);
    qn_table_clear(&table);
    CU_ASSERT(count_data(store) == 1);
}

static void test_deflate(void) {
    const char *store = qn_test_path("deflate");
    const qn_store_options options = {.deflate = true, .part_batches = 1};
    char digest[QN_DIGEST_TEXT];
    (void)write_version(store, 2 * QN_BATCH_ROWS, false, &options);
    digest_sample(2 * QN_BATCH_ROWS, false, digest);
    check_version(store, 0, digest);
}

static void test_log(void) {
    const char *store = qn_test_path("log");
    const char *const keys[] = {"i64"};
    json_t *lineage = json_pack("{s:[s]}", "inputs", "events.csv");
    qn_store_options options = {
        .message = "first", .keys = keys, .key_count = 1, .lineage = lineage};
    (void)write_version(store, 10, false, &options);
    options.message = "second";
    (void)write_version(store, 20, false, &options);
    json_t *log = NULL, *shown = NULL, *groups = NULL;
    QN_TEST_OK(qn_store_log(store, "events", &log));
    CU_ASSERT(json_array_size(log) == 2);
    json_t *last = json_array_get(log, 1);
    CU_ASSERT(json_integer_value(json_object_get(last, "version")) == 1);
    CU_ASSERT(json_integer_value(json_object_get(last, "rows")) == 20);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(last, "message")), "second");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(last, "operation")), "overwrite");
    QN_TEST_OK(qn_store_show(store, "events", 0, &shown));
    CU_ASSERT(json_array_size(json_object_get(shown, "schema")) == SAMPLE_COLUMNS);
    CU_ASSERT(json_equal(json_object_get(shown, "lineage"), lineage));
    CU_ASSERT(json_array_size(json_object_get(shown, "keys")) == 1);
    CU_ASSERT(json_array_size(json_object_get(shown, "files")) == 1);
    QN_TEST_OK(qn_store_groups(store, &groups));
    CU_ASSERT(json_array_size(groups) == 1);
    json_decref(groups);
    json_decref(shown);
    json_decref(log);
    json_decref(lineage);
}

static void test_refusals(void) {
    const char *store = qn_test_path("refusals");
    qn_stream *stream = NULL, *in = NULL;
    qn_table table;
    QN_TEST_FAILS(qn_store_open(&stream, qn_test_comm(), store, "events", 0, NULL), QN_INPUT,
                  "not a feature store");
    (void)write_version(store, 10, false, NULL);
    QN_TEST_FAILS(qn_store_open(&stream, qn_test_comm(), store, "event", 0, NULL), QN_INPUT,
                  "no feature group 'event'");
    QN_TEST_FAILS(qn_store_open(&stream, qn_test_comm(), store, "events", 7, NULL), QN_INPUT,
                  "no version 7");
    QN_TEST_OK(sample_table(&table, qn_test_comm(), 5, false));
    QN_TEST_OK(qn_table_stream(&in, &table));
    QN_TEST_FAILS(qn_store_write(in, qn_test_comm(), store, "../x", NULL, NULL), QN_JOB,
                  "cannot be the name");
    const char *const keys[] = {"i65"};
    const qn_store_options options = {.keys = keys, .key_count = 1}, latin = {.message = "caf\xe9"};
    QN_TEST_FAILS(qn_store_write(in, qn_test_comm(), store, "events", &latin, NULL), QN_JOB,
                  "must be UTF-8");
    QN_TEST_FAILS(qn_store_write(in, qn_test_comm(), store, "events", &options, NULL), QN_JOB,
                  "unknown column 'i65'");
    QN_TEST_FAILS(qn_store_write(in, qn_test_comm(), "/nowhere/at/all", "events", NULL, NULL),
                  QN_IO, "cannot make folder");
    QN_TEST_FAILS(qn_store_write(in, qn_test_comm(), "/usr", "events", NULL, NULL), QN_IO,
                  "not a store");
    qn_stream_free(in);
    qn_table_clear(&table);
    CU_ASSERT(stream == NULL);
}

/* ---- Streams that fail ---------------------------------------------------------------------- */

typedef struct failing {
    qn_stream base;
    int64_t batches; /* then it fails */
    int64_t next;
} failing;

static qn_status failing_next(qn_stream *stream, qn_batch *out) {
    failing *self = (failing *)stream;
    if (self->next == self->batches)
        return qn_fail(QN_DATA, "a bad row");
    int64_t rank = qn_comm_rank(qn_test_comm());
    return sample_batch(out, (rank * 100 + self->next++) * QN_BATCH_ROWS, 50);
}

static qn_status failing_rewind(qn_stream *stream) {
    (void)stream;
    return QN_OK;
}

static void test_failing_stream(void) {
    static const qn_stream_class class_ = {"failing", failing_next, failing_rewind, NULL};
    const char *store = qn_test_path("failing");
    const qn_store_options options = {.part_batches = 1};
    (void)write_version(store, 10, false, NULL);
    failing *stream = NULL;
    qn_schema schema;
    QN_TEST_OK(sample_schema(&schema));
    QN_TEST_OK(qn_stream_new(&stream, sizeof *stream, &class_, &schema));
    stream->batches = 3;
    QN_TEST_FAILS(qn_store_write(&stream->base, qn_test_comm(), store, "events", &options, NULL),
                  QN_DATA, "a bad row");
    CU_ASSERT(count_data(store) == 1);
    json_t *log = NULL;
    QN_TEST_OK(qn_store_log(store, "events", &log));
    CU_ASSERT(json_array_size(log) == 1);
    json_decref(log);
    qn_stream_free(&stream->base);
    qn_schema_clear(&schema);
}

/* ---- Damage --------------------------------------------------------------------------------- */

static void run(const char *format, const char *store) {
    char command[1200];
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
    snprintf(command, sizeof command, format, store, store);
    if (qn_comm_rank(qn_test_comm()) == 0)
        CU_ASSERT(system(command) == 0);
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
}

static void test_damage(void) {
    const char *store = qn_test_path("damage");
    qn_stream *stream = NULL;
    for (int k = 0; k < 3; k++)
        (void)write_version(store, 100, false, NULL);
    run("cd '%s/groups/events/_log' && chmod u+w *1.json && sed -i 's/overwrite/Overwrite/' "
        "*1.json",
        store);
    QN_TEST_FAILS(qn_store_open(&stream, qn_test_comm(), store, "events", 2, NULL), QN_DATA,
                  "not those that were committed");
    QN_TEST_OK(qn_store_open(&stream, qn_test_comm(), store, "events", 0, NULL));
    qn_stream_free(stream);
    stream = NULL;
    run("rm '%s/groups/events/_log/00000000000000000001.json'", store);
    QN_TEST_FAILS(qn_store_open(&stream, qn_test_comm(), store, "events", 2, NULL), QN_DATA,
                  "missing");
    run("cd '%s/groups/events/_log' && head -c 500 *2.json > x && rm *2.json && "
        "mv x 00000000000000000001.json",
        store);
    QN_TEST_FAILS(qn_store_open(&stream, qn_test_comm(), store, "events", -1, NULL), QN_DATA,
                  "damaged");
    CU_ASSERT(stream == NULL);
}

static void test_fork_in_the_log(void) {
    const char *store = qn_test_path("forked"), *other = qn_test_path("other");
    qn_stream *stream = NULL;
    for (int k = 0; k < 2; k++) {
        (void)write_version(store, 100, false, NULL);
        (void)write_version(other, 100, false, NULL);
    }
    char command[1200];
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
    snprintf(command, sizeof command,
             "cp -f '%s'/groups/events/_log/*1.json '%s/groups/events/_log'", other, store);
    if (qn_comm_rank(qn_test_comm()) == 0)
        CU_ASSERT(system(command) == 0);
    QN_TEST_OK(qn_comm_barrier(qn_test_comm()));
    QN_TEST_FAILS(qn_store_open(&stream, qn_test_comm(), store, "events", 1, NULL), QN_DATA,
                  "does not follow");
}

static void test_damaged_part(void) {
    const char *store = qn_test_path("part");
    (void)write_version(store, 1000, false, NULL);
    run("cd '%s/groups/events/data' && chmod u+w *.h5 && "
        "printf 'XXXX' | dd of=$(ls) bs=1 seek=30000 conv=notrunc 2>/dev/null",
        store);
    QN_TEST_FAILS(qn_store_verify(qn_test_comm(), store, "events", 0), QN_DATA, "damaged");
    run("rm -f '%s'/groups/events/data/*.h5", store);
    CU_ASSERT(qn_store_verify(qn_test_comm(), store, "events", 0) == QN_INPUT);
}

/* Every allocation of a commit may fail; then nothing is there. */
static void test_allocation_failures(void) {
    if (qn_comm_size(qn_test_comm()) > 1)
        return;
    const char *store = qn_test_path("memory");
    const qn_store_options append = {.mode = QN_STORE_APPEND};
    qn_table table;
    qn_stream *stream = NULL;
    (void)write_version(store, 10, false, NULL);
    QN_TEST_OK(sample_table(&table, qn_test_comm(), 20, false));
    QN_TEST_OK(qn_table_stream(&stream, &table));
    qn_status status = QN_MEMORY;
    for (int64_t k = 0; status != QN_OK && k < 100000; k += 7) {
        QN_TEST_OK(qn_stream_rewind(stream));
        qn_mem_fail_after(k);
        status = qn_store_write(stream, qn_test_comm(), store, "events", &append, NULL);
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
    }
    CU_ASSERT(status == QN_OK && count_data(store) == 2);
    json_t *log = NULL;
    QN_TEST_OK(qn_store_log(store, "events", &log));
    CU_ASSERT(json_array_size(log) == 2);
    json_decref(log);
    status = QN_MEMORY;
    for (int64_t k = 0; status != QN_OK && k < 100000; k++) {
        qn_stream *read = NULL;
        char digest[QN_DIGEST_TEXT];
        qn_mem_fail_after(k);
        status = qn_store_open(&read, qn_test_comm(), store, "events", 1, NULL);
        if (status == QN_OK)
            status = qn_digest_stream(read, qn_test_comm(), digest);
        qn_mem_fail_after(-1);
        CU_ASSERT(status == QN_OK || status == QN_MEMORY);
        qn_stream_free(read);
    }
    CU_ASSERT(status == QN_OK);
    qn_stream_free(stream);
    qn_table_clear(&table);
}

static const qn_test_case cases[] = {
    {"a version is what was written", test_one_version},
    {"parts are cut at fixed rows", test_parts},
    {"parts have the same bytes on any number of ranks", test_part_bytes},
    {"a partitioned version has parts of one value each, the same on any ranks", test_partitioned},
    {"partitions smaller than a rank", test_few_rows_partitioned},
    {"columns that cannot partition are refused", test_partition_refused},
    {"a part that lies on several ranks is one file", test_shared_part},
    {"a version may be empty", test_empty_version},
    {"every version stays", test_overwrite_and_time_travel},
    {"rows are appended", test_append},
    {"other columns are not appended", test_append_other_columns},
    {"parts may be compressed", test_deflate},
    {"the log tells what was done", test_log},
    {"what is not there or cannot be is refused", test_refusals},
    {"a stream that fails leaves nothing", test_failing_stream},
    {"an edited, missing or torn record is noticed", test_damage},
    {"a record from elsewhere is noticed", test_fork_in_the_log},
    {"a damaged part is noticed", test_damaged_part},
    {"every allocation may fail", test_allocation_failures},
    {NULL, NULL},
};

int main(void) {
    if (qn_comm_self(&serial) != QN_OK)
        return EXIT_FAILURE;
    int result = qn_test_main("store", cases);
    qn_comm_free(serial);
    return result;
}
