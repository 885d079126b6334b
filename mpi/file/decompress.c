#include "mpi/file/decompress.h"

#include "core/memory.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { INPUT_SIZE = 256 * 1024, SKIP_SIZE = 256 * 1024 };

struct qn_reader {
    qn_file *file;
    qn_compression compression;
    int64_t file_offset; /* of the next bytes to read from the file */
    int64_t offset;      /* of the next byte of text */
    char *input;
    int64_t input_begin, input_end; /* unused bytes of input */
    bool inside;                    /* within a gzip member or zstd frame */
    bool past_first;                /* a gzip member has ended */
    z_stream gzip;
    ZSTD_DCtx *zstd;
};

static bool ends_with(const char *text, const char *suffix) {
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

static bool is_zstd_magic(const unsigned char *bytes) {
    bool frame = memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0;
    bool skippable = (bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0;
    return frame || skippable;
}

qn_status qn_compression_detect(qn_compression *out, qn_file *file) {
    char bytes[4] = {0};
    int64_t length = 0;
    QN_TRY(qn_file_read(file, 0, sizeof bytes, bytes, &length));
    const char *path = qn_file_path(file);
    qn_compression found = QN_COMPRESSION_NONE;
    if (length >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0)
        found = QN_COMPRESSION_GZIP;
    else if (length == 4 && is_zstd_magic((const unsigned char *)bytes))
        found = QN_COMPRESSION_ZSTD;
    bool says_gzip = ends_with(path, ".gz");
    bool says_zstd = ends_with(path, ".zst") || ends_with(path, ".zstd");
    if (length > 0 && ((says_gzip && found != QN_COMPRESSION_GZIP) ||
                       (says_zstd && found != QN_COMPRESSION_ZSTD)))
        return qn_fail_at(QN_INPUT, path, "not a %s file, though its name says so",
                          says_gzip ? "gzip" : "zstd");
    *out = found;
    return QN_OK;
}

/* zlib's memory is counted like ours. */
static voidpf gzip_alloc(voidpf opaque, uInt count, uInt size) {
    (void)opaque;
    void *block = NULL;
    return qn_mem_alloc(&block, count, size) == QN_OK ? block : Z_NULL;
}

static void gzip_free(voidpf opaque, voidpf block) {
    (void)opaque;
    qn_mem_free(block);
}

static qn_status start_decoder(qn_reader *reader) {
    if (reader->compression == QN_COMPRESSION_NONE)
        return QN_OK;
    QN_TRY(qn_mem_alloc(&reader->input, INPUT_SIZE, 1));
    if (reader->compression == QN_COMPRESSION_ZSTD) {
        reader->zstd = ZSTD_createDCtx();
        return reader->zstd != NULL ? QN_OK : qn_fail(QN_MEMORY, "no memory for a zstd decoder");
    }
    reader->gzip.zalloc = gzip_alloc;
    reader->gzip.zfree = gzip_free;
    if (inflateInit2(&reader->gzip, 15 + 16) != Z_OK) /* + 16: gzip format only */
        return qn_fail(QN_MEMORY, "no memory for a gzip decoder");
    return QN_OK;
}

qn_status qn_reader_open(qn_reader **out, const char *path, qn_compression compression) {
    qn_reader *reader = NULL;
    QN_TRY(qn_mem_calloc(&reader, 1, sizeof *reader));
    reader->compression = compression;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_file_open(&reader->file, path), done);
    QN_TRY_GOTO(start_decoder(reader), done);
    *out = reader;
    reader = NULL;
done:
    qn_reader_free(reader);
    return status;
}

void qn_reader_free(qn_reader *reader) {
    if (reader == NULL)
        return;
    if (reader->compression == QN_COMPRESSION_GZIP && reader->gzip.zalloc != NULL)
        (void)inflateEnd(&reader->gzip);
    (void)ZSTD_freeDCtx(reader->zstd);
    qn_mem_free(reader->input);
    qn_file_free(reader->file);
    qn_mem_free(reader);
}

static qn_status damaged(const qn_reader *reader, const char *what) {
    bool gzip = reader->compression == QN_COMPRESSION_GZIP;
    const char *path = qn_file_path(reader->file);
    qn_status status = qn_fail_at(
        QN_DATA, path, "damaged %s data before byte %lld: %s", gzip ? "gzip" : "zstd",
        (long long)(reader->file_offset - (reader->input_end - reader->input_begin)), what);
    qn_error_help("is the copy complete? `%s -t` checks it", gzip ? "gzip" : "zstd");
    return status;
}

/* Makes sure there is input, unless the file is at its end. */
static qn_status refill(qn_reader *reader) {
    if (reader->input_begin < reader->input_end)
        return QN_OK;
    int64_t length = 0;
    QN_TRY(qn_file_read(reader->file, reader->file_offset, INPUT_SIZE, reader->input, &length));
    reader->file_offset += length;
    reader->input_begin = 0;
    reader->input_end = length;
    return QN_OK;
}

/* Between members: zero bytes are padding (tapes), anything else must be a new member. */
static void skip_padding(qn_reader *reader) {
    while (reader->input_begin < reader->input_end && reader->input[reader->input_begin] == 0)
        reader->input_begin++;
}

static qn_status read_gzip(qn_reader *reader, int64_t length, char *out, int64_t *produced) {
    z_stream *stream = &reader->gzip;
    if (!reader->inside && reader->past_first)
        skip_padding(reader);
    if (reader->input_begin == reader->input_end)
        return QN_OK;
    stream->next_in = (Bytef *)reader->input + reader->input_begin;
    stream->avail_in = (uInt)(reader->input_end - reader->input_begin);
    stream->next_out = (Bytef *)out;
    stream->avail_out = (uInt)length;
    reader->inside = true;
    int code = inflate(stream, Z_NO_FLUSH);
    reader->input_begin = reader->input_end - stream->avail_in;
    *produced = length - stream->avail_out;
    if (code == Z_STREAM_END) {
        reader->inside = false;
        reader->past_first = true;
        code = inflateReset(stream);
    }
    if (code == Z_MEM_ERROR)
        return qn_fail(QN_MEMORY, "no memory for a gzip decoder");
    if (code != Z_OK && code != Z_BUF_ERROR)
        return damaged(reader, stream->msg != NULL ? stream->msg : "it cannot be decompressed");
    return QN_OK;
}

static qn_status read_zstd(qn_reader *reader, int64_t length, char *out, int64_t *produced) {
    ZSTD_inBuffer input = {reader->input, (size_t)reader->input_end, (size_t)reader->input_begin};
    ZSTD_outBuffer output = {out, (size_t)length, 0};
    size_t code = ZSTD_decompressStream(reader->zstd, &output, &input);
    reader->input_begin = (int64_t)input.pos;
    *produced = (int64_t)output.pos;
    if (ZSTD_isError(code))
        return damaged(reader, ZSTD_getErrorName(code));
    reader->inside = code != 0;
    return QN_OK;
}

static qn_status read_compressed(qn_reader *reader, int64_t length, char *out, int64_t *read) {
    enum { STEP = 1 << 30 }; /* zlib counts in 32 bits */
    int64_t total = 0;
    while (total < length) {
        int64_t produced = 0, step = length - total < STEP ? length - total : STEP;
        QN_TRY(refill(reader));
        bool ended = reader->input_begin == reader->input_end;
        if (ended && !reader->inside)
            break;
        int64_t before = reader->input_begin;
        QN_TRY(reader->compression == QN_COMPRESSION_GZIP
                   ? read_gzip(reader, step, out + total, &produced)
                   : read_zstd(reader, step, out + total, &produced));
        /* A decoder may hold text back when it has no more input; an end is damage only when it
         * gives nothing more. */
        if (ended && produced == 0 && reader->input_begin == before && reader->inside)
            return damaged(reader, "the file ends too early");
        total += produced;
    }
    *read = total;
    return QN_OK;
}

qn_status qn_reader_read(qn_reader *reader, int64_t length, char *out, int64_t *read) {
    int64_t got = 0;
    if (reader->compression == QN_COMPRESSION_NONE)
        QN_TRY(qn_file_read(reader->file, reader->offset, length, out, &got));
    else
        QN_TRY(read_compressed(reader, length, out, &got));
    reader->offset += got;
    *read = got;
    return QN_OK;
}

static qn_status restart(qn_reader *reader) {
    reader->file_offset = reader->offset = 0;
    reader->input_begin = reader->input_end = 0;
    reader->inside = reader->past_first = false;
    if (reader->compression == QN_COMPRESSION_GZIP && inflateReset(&reader->gzip) != Z_OK)
        return qn_fail(QN_INTERNAL, "a gzip decoder cannot be reset");
    if (reader->compression == QN_COMPRESSION_ZSTD)
        (void)ZSTD_DCtx_reset(reader->zstd, ZSTD_reset_session_only);
    return QN_OK;
}

qn_status qn_reader_seek(qn_reader *reader, int64_t offset) {
    if (reader->compression == QN_COMPRESSION_NONE) {
        reader->offset = offset;
        return QN_OK;
    }
    if (offset < reader->offset)
        QN_TRY(restart(reader));
    if (offset == reader->offset)
        return QN_OK;
    char *skipped = NULL;
    QN_TRY(qn_mem_alloc(&skipped, SKIP_SIZE, 1));
    qn_status status = QN_OK;
    int64_t got = 1;
    while (status == QN_OK && reader->offset < offset && got > 0) {
        int64_t left = offset - reader->offset;
        status = qn_reader_read(reader, left < SKIP_SIZE ? left : SKIP_SIZE, skipped, &got);
    }
    qn_mem_free(skipped);
    return status;
}
