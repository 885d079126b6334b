#include "tests/harness/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

static size_t compress_gzip(char *out, size_t room, const char *data, size_t length) {
    z_stream stream = {0};
    if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)length;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)room;
    int code = deflate(&stream, Z_FINISH);
    size_t written = room - stream.avail_out;
    (void)deflateEnd(&stream);
    return code == Z_STREAM_END ? written : 0;
}

/* With a checksum, as the zstd program writes it. */
static size_t compress_zstd(char *out, size_t room, const char *data, size_t length) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t size = 0;
    if (!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)))
        size = ZSTD_compress2(context, out, room, data, length);
    (void)ZSTD_freeCCtx(context);
    return ZSTD_isError(size) ? 0 : size;
}

static void write_part(FILE *file, const char *data, size_t length, test_coding coding) {
    if (coding == TEST_PLAIN) {
        fwrite(data, 1, length, file);
        return;
    }
    size_t room = length + length / 2 + 4096;
    char *packed = malloc(room);
    if (packed == NULL)
        return;
    size_t size = coding == TEST_GZIP ? compress_gzip(packed, room, data, length)
                                      : compress_zstd(packed, room, data, length);
    fwrite(packed, 1, size, file);
    free(packed);
}

void test_write_file(const char *path, const char *data, int64_t length, test_coding coding,
                     int parts) {
    qn_status status = QN_OK;
    if (qn_comm_rank(qn_test_comm()) == 0) {
        FILE *file = fopen(path, "wb");
        for (int part = 0; file != NULL && part < parts; part++) {
            int64_t begin = length * part / parts, end = length * (part + 1) / parts;
            write_part(file, data + begin, (size_t)(end - begin), coding);
        }
        if (file == NULL || fclose(file) != 0)
            status = qn_fail_errno(QN_IO, "cannot write %s", path);
    }
    QN_TEST_OK(qn_comm_agree(qn_test_comm(), status));
}
