#include "core/memory.h"
#include "features/scan/csv_source.h"

#include <string.h>

enum { PADDING = 64 };
/* One record longer than this is an unclosed quote, not data. */
static const int64_t record_limit = INT64_C(1) << 29;

void qn_csv_cursor_init(qn_csv_cursor *cursor, const qn_csv_source *source) {
    *cursor = (qn_csv_cursor){.source = source, .at = {.file = -1}};
}

void qn_csv_cursor_clear(qn_csv_cursor *cursor) {
    qn_reader_free(cursor->reader);
    qn_mem_free(cursor->buffer);
    qn_csv_cursor_init(cursor, cursor->source);
}

qn_status qn_csv_cursor_seek(qn_csv_cursor *cursor, qn_csv_position position) {
    if (cursor->reader == NULL || cursor->at.file != position.file) {
        qn_reader_free(cursor->reader);
        cursor->reader = NULL;
        QN_TRY(qn_csv_source_reader(&cursor->reader, cursor->source, position.file));
    }
    cursor->at = position;
    cursor->bytes = cursor->buffer;
    cursor->length = 0;
    cursor->final = false;
    return qn_reader_seek(cursor->reader, position.offset);
}

static qn_status grow(qn_csv_cursor *cursor, int64_t capacity) {
    if (capacity <= cursor->capacity)
        return QN_OK;
    capacity += capacity / 4;
    char *buffer = NULL;
    QN_TRY(qn_mem_alloc(&buffer, (size_t)(capacity + PADDING), 1));
    if (cursor->length > 0)
        memcpy(buffer, cursor->bytes, (size_t)cursor->length);
    qn_mem_free(cursor->buffer);
    cursor->buffer = buffer;
    cursor->bytes = buffer;
    cursor->capacity = capacity;
    return QN_OK;
}

qn_status qn_csv_cursor_fill(qn_csv_cursor *cursor, int64_t need) {
    if (cursor->length >= need || cursor->final)
        return QN_OK;
    if (cursor->length >= record_limit) {
        qn_status status =
            qn_fail(QN_DATA, "a record of more than %lld bytes", (long long)record_limit);
        qn_error_locate("%s:%lld", cursor->source->paths[cursor->at.file],
                        (long long)cursor->at.line + 1);
        qn_error_help("a quote is probably not closed");
        return status;
    }
    QN_TRY(grow(cursor, need));
    if (cursor->length > 0 && cursor->bytes != cursor->buffer)
        memmove(cursor->buffer, cursor->bytes, (size_t)cursor->length);
    cursor->bytes = cursor->buffer;
    int64_t wanted = need - cursor->length, got = 0;
    QN_TRY(qn_reader_read(cursor->reader, wanted, cursor->buffer + cursor->length, &got));
    cursor->length += got;
    cursor->final = got < wanted;
    memset(cursor->buffer + cursor->length, 0, PADDING);
    return QN_OK;
}

void qn_csv_cursor_consume(qn_csv_cursor *cursor, int64_t bytes, int64_t lines) {
    cursor->bytes += bytes;
    cursor->length -= bytes;
    cursor->at.offset += bytes;
    cursor->at.line += lines;
}

qn_status qn_csv_cursor_next_file(qn_csv_cursor *cursor) {
    int64_t next = cursor->at.file + 1;
    if (next >= cursor->source->count)
        return qn_fail_at(QN_IO, cursor->source->paths[cursor->at.file],
                          "the file changed while it was read");
    return qn_csv_cursor_seek(cursor, qn_csv_source_start(cursor->source, next));
}
