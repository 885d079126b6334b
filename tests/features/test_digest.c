/* Digests: the same for the same values, whatever holds them; different for different ones.
 * Ranks: 1 2 3 7 */
#include "core/column/content.h"
#include "features/digest.h"
#include "features/scan/scan.h"
#include "tests/harness/harness.h"
#include "tests/mpi/sample.h"

#include <stdlib.h>

static qn_comm *serial;

static void digest_sample(qn_comm *comm, int64_t rows, bool cut, char out[QN_DIGEST_TEXT]) {
    qn_table table;
    qn_stream *stream = NULL;
    QN_TEST_OK(sample_table(&table, comm, rows, cut));
    QN_TEST_OK(qn_table_stream(&stream, &table));
    QN_TEST_OK(qn_digest_stream(stream, comm, out));
    qn_stream_free(stream);
    qn_table_clear(&table);
}

static void test_ranks(void) {
    char together[QN_DIGEST_TEXT], alone[QN_DIGEST_TEXT];
    static const int64_t rows[] = {0, 1, 1000, 5 * QN_BATCH_ROWS + 3};
    for (int k = 0; k < 4; k++) {
        digest_sample(qn_test_comm(), rows[k], false, together);
        digest_sample(serial, rows[k], false, alone);
        CU_ASSERT_STRING_EQUAL(together, alone);
        CU_ASSERT(strlen(alone) == 32);
    }
    digest_sample(qn_test_comm(), 100000, true, together);
    digest_sample(serial, 100000, true, alone);
    CU_ASSERT_STRING_EQUAL(together, alone);
}

static void test_rows_count(void) {
    char a[QN_DIGEST_TEXT], b[QN_DIGEST_TEXT];
    digest_sample(qn_test_comm(), 1000, false, a);
    digest_sample(qn_test_comm(), 1001, false, b);
    CU_ASSERT_STRING_NOT_EQUAL(a, b);
}

static void test_files(void) {
    const char *path = qn_test_path("digest.h5ad");
    char memory[QN_DIGEST_TEXT], file[QN_DIGEST_TEXT], bytes[QN_DIGEST_TEXT];
    qn_table table;
    qn_stream *stream = NULL;
    QN_TEST_OK(sample_table(&table, qn_test_comm(), 40000, true));
    QN_TEST_OK(qn_table_stream(&stream, &table));
    QN_TEST_OK(qn_digest_stream(stream, qn_test_comm(), memory));
    QN_TEST_OK(qn_stream_rewind(stream));
    QN_TEST_OK(qn_table_write(stream, qn_test_comm(), path, NULL));
    qn_stream_free(stream);
    qn_table_clear(&table);
    QN_TEST_OK(qn_table_scan_open(&stream, qn_test_comm(), &path, 1));
    QN_TEST_OK(qn_digest_stream(stream, qn_test_comm(), file));
    qn_stream_free(stream);
    CU_ASSERT_STRING_EQUAL(memory, file);
    QN_TEST_OK(qn_digest_file(path, qn_test_comm(), bytes));
    CU_ASSERT(strlen(bytes) == 32);
    CU_ASSERT(qn_digest_file(qn_test_path("nothing"), qn_test_comm(), bytes) == QN_INPUT);
}

/* A column of int64 with its values and nulls. */
static qn_content hash_values(const int64_t *values, int64_t count, int64_t null) {
    qn_column *column = NULL;
    qn_content content;
    qn_content_init(&content);
    QN_TEST_OK(qn_column_new(&column, QN_INT64, count, 0));
    memcpy(column->i64, values, (size_t)count * sizeof *values);
    if (null >= 0) {
        column->i64[null] = 0;
        QN_TEST_OK(qn_column_set_null(column, null));
    }
    qn_content_add(&content, column);
    qn_column_release(column);
    return content;
}

static void test_changes_show(void) {
    enum { COUNT = 3000 };
    static int64_t values[COUNT];
    for (int64_t i = 0; i < COUNT; i++)
        values[i] = i % 7;
    qn_content base = hash_values(values, COUNT, -1);
    for (int64_t i = 0; i < COUNT; i += 131) {
        qn_content null = hash_values(values, COUNT, i);
        CU_ASSERT(!qn_content_equal(&base, &null));
        values[i]++;
        qn_content changed = hash_values(values, COUNT, -1);
        CU_ASSERT(!qn_content_equal(&base, &changed));
        values[i]--;
        int64_t other = i ^ 1, swap = values[i];
        values[i] = values[other];
        values[other] = swap;
        qn_content swapped = hash_values(values, COUNT, -1);
        CU_ASSERT(!qn_content_equal(&base, &swapped));
        values[other] = values[i];
        values[i] = swap;
    }
    qn_content again = hash_values(values, COUNT, -1);
    CU_ASSERT(qn_content_equal(&base, &again));
}

static void test_pieces_merge(void) {
    enum { COUNT = 5000 };
    static int64_t values[COUNT];
    for (int64_t i = 0; i < COUNT; i++)
        values[i] = i * i;
    qn_content whole = hash_values(values, COUNT, 17);
    for (int64_t cut = 0; cut <= COUNT; cut += 313) {
        qn_content first = hash_values(values, cut, cut > 17 ? 17 : -1);
        qn_content second = hash_values(values + cut, COUNT - cut, cut <= 17 ? 17 - cut : -1);
        qn_content_merge(&first, &second);
        CU_ASSERT(qn_content_equal(&whole, &first));
    }
    char text[QN_CONTENT_TEXT];
    qn_content parsed;
    qn_content_print(&whole, text);
    CU_ASSERT(qn_content_parse(text, COUNT, &parsed) && qn_content_equal(&parsed, &whole));
    CU_ASSERT(!qn_content_parse("12", COUNT, &parsed));
}

static void test_encodings(void) {
    qn_column *coded = NULL, *plain = NULL, *sparse = NULL, *dense = NULL;
    qn_content a = {0}, b = {0}, c = {0}, d = {0};
    QN_TEST_OK(sample_coded(&coded, 15, 0, 5000));
    QN_TEST_OK(qn_column_decode(&plain, coded));
    qn_content_add(&a, coded);
    qn_content_add(&b, plain);
    CU_ASSERT(qn_content_equal(&a, &b));
    QN_TEST_OK(sample_sparse(&sparse, 22, 0, 100));
    QN_TEST_OK(qn_column_densify(&dense, sparse));
    qn_content_add(&c, sparse);
    qn_content_add(&d, dense);
    CU_ASSERT(qn_content_equal(&c, &d));
    qn_column_release(coded);
    qn_column_release(plain);
    qn_column_release(sparse);
    qn_column_release(dense);
}

static const qn_test_case cases[] = {
    {"a table's digest does not depend on ranks or batches", test_ranks},
    {"one row more is another digest", test_rows_count},
    {"a file has the digest of what was written", test_files},
    {"changed, missing and swapped values show", test_changes_show},
    {"hashes of pieces merge", test_pieces_merge},
    {"dictionaries and sparse vectors do not matter", test_encodings},
    {NULL, NULL},
};

int main(void) {
    if (qn_comm_self(&serial) != QN_OK)
        return EXIT_FAILURE;
    int result = qn_test_main("digest", cases);
    qn_comm_free(serial);
    return result;
}
