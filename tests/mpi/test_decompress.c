#include "core/memory.h"
#include "mpi/file/decompress.h"
#include "tests/harness/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 700000 };

static char text[LENGTH];

static void make_text(void) {
    uint32_t state = 7;
    for (int i = 0; i < LENGTH; i++) {
        state = state * 1664525u + 1013904223u;
        text[i] = (char)('a' + (state >> 24) % (i % 1000 < 500 ? 3 : 26));
    }
}

static qn_status detect(qn_compression *out, const char *path) {
    qn_file *file = NULL;
    QN_TRY(qn_file_open(&file, path));
    qn_status status = qn_compression_detect(out, file);
    qn_file_free(file);
    return status;
}

/* Reads a file in pieces of `step` bytes and compares it with the text from `offset` on. */
static void check_text(qn_reader *reader, int64_t offset, int64_t step) {
    char *got = malloc(LENGTH + 1);
    int64_t total = 0, length = step;
    while (length == step) {
        QN_TEST_OK(qn_reader_read(reader, step, got + total, &length));
        total += length;
    }
    CU_ASSERT(total == LENGTH - offset);
    CU_ASSERT(memcmp(got, text + offset, (size_t)(LENGTH - offset)) == 0);
    free(got);
}

static void check_file(const char *name, test_coding coding, int parts, qn_compression expected) {
    const char *path = qn_test_path(name);
    test_write_file(path, text, LENGTH, coding, parts);
    qn_compression found = QN_COMPRESSION_NONE;
    QN_TEST_OK(detect(&found, path));
    CU_ASSERT(found == expected);
    qn_reader *reader = NULL;
    QN_TEST_OK(qn_reader_open(&reader, path, found));
    check_text(reader, 0, 1 << 18);
    QN_TEST_OK(qn_reader_seek(reader, 0));
    check_text(reader, 0, 777);
    QN_TEST_OK(qn_reader_seek(reader, 300001));
    check_text(reader, 300001, 65536);
    qn_reader_free(reader);
}

static void test_plain(void) {
    check_file("a.csv", TEST_PLAIN, 1, QN_COMPRESSION_NONE);
}

static void test_gzip(void) {
    check_file("a.csv.gz", TEST_GZIP, 1, QN_COMPRESSION_GZIP);
    check_file("b.csv.gz", TEST_GZIP, 7, QN_COMPRESSION_GZIP);
}

static void test_zstd(void) {
    check_file("a.csv.zst", TEST_ZSTD, 1, QN_COMPRESSION_ZSTD);
    check_file("b.csv.zst", TEST_ZSTD, 7, QN_COMPRESSION_ZSTD);
}

static void test_wrong_name(void) {
    const char *path = qn_test_path("plain.csv.gz");
    test_write_file(path, text, 100, TEST_PLAIN, 1);
    qn_compression found;
    QN_TEST_FAILS(detect(&found, path), QN_INPUT, "not a gzip file");
}

static qn_status read_all(const char *path, qn_compression compression) {
    qn_reader *reader = NULL;
    char *got = malloc(LENGTH + 1);
    int64_t length = 0;
    qn_status status = qn_reader_open(&reader, path, compression);
    if (status == QN_OK)
        status = qn_reader_read(reader, LENGTH + 1, got, &length);
    qn_reader_free(reader);
    free(got);
    return status;
}

/* Cuts a file and changes a byte of it. */
static void check_damage(const char *name, test_coding coding, qn_compression compression) {
    const char *path = qn_test_path(name);
    char *data = NULL, *broken = NULL;
    int64_t length = 0;
    test_write_file(path, text, LENGTH, coding, 2);
    QN_TEST_OK(qn_file_read_all(path, &data, &length));
    const int64_t cuts[] = {length / 3, length / 2 + 5, length - 1, length - 7};
    const char *cut_path = qn_test_path("cut");
    for (int i = 0; i < 4; i++) {
        test_write_file(cut_path, data, cuts[i], TEST_PLAIN, 1);
        QN_TEST_FAILS(read_all(cut_path, compression), QN_DATA, "damaged");
    }
    QN_TEST_OK(qn_mem_copy(&broken, data, (size_t)length, 1));
    memset(broken + length / 4, 0x5a, 64);
    test_write_file(cut_path, broken, length, TEST_PLAIN, 1);
    QN_TEST_FAILS(read_all(cut_path, compression), QN_DATA, "damaged");
    qn_mem_free(broken);
    qn_mem_free(data);
}

static void test_damage(void) {
    check_damage("c.gz", TEST_GZIP, QN_COMPRESSION_GZIP);
    check_damage("c.zst", TEST_ZSTD, QN_COMPRESSION_ZSTD);
}

static void test_memory(void) {
    const char *path = qn_test_path("d.gz");
    test_write_file(path, text, LENGTH, TEST_GZIP, 1);
    for (int64_t successes = 0; successes < 100; successes++) {
        qn_mem_fail_after(successes);
        qn_status status = read_all(path, QN_COMPRESSION_GZIP);
        qn_mem_fail_after(-1);
        if (status == QN_OK)
            return;
        CU_ASSERT(status == QN_MEMORY);
    }
    CU_FAIL("it never succeeded");
}

int main(void) {
    static const qn_test_case cases[] = {
        {"a plain file is read as it is", test_plain},
        {"a gzip file of one or several members is one text", test_gzip},
        {"a zstd file of one or several frames is one text", test_zstd},
        {"a name that promises compression is held to it", test_wrong_name},
        {"damaged and truncated files are errors", test_damage},
        {"every failed allocation is reported", test_memory},
        {NULL, NULL},
    };
    make_text();
    return qn_test_main("decompress", cases);
}
