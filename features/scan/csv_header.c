#include "features/scan/csv_header.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/text/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_WINDOW = 64 * 1024, LAST_WINDOW = 16 * 1024 * 1024 };

/* ---- The first record ----------------------------------------------------------------------- */

typedef struct first_record {
    char *bytes;
    int64_t length;
    bool final; /* the file ends with the bytes */
    int64_t start, consumed;
    char **fields;
    int64_t count;
} first_record;

static void clear_record(first_record *record) {
    qn_mem_free_all(record->fields, record->count);
    record->fields = NULL;
    record->count = 0;
}

static qn_status read_more(first_record *record, qn_reader *reader, int64_t window) {
    int64_t wanted = window - record->length, got = 0;
    QN_TRY(qn_mem_resize(&record->bytes, (size_t)window, 1));
    QN_TRY(qn_reader_read(reader, wanted, record->bytes + record->length, &got));
    record->length += got;
    record->final = got < wanted;
    return QN_OK;
}

/* Offset behind a byte order mark; DATA error for the marks of other encodings. */
static qn_status skip_mark(const char *path, first_record *record) {
    const char *bytes = record->bytes;
    if (record->length >= 2 &&
        (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0)) {
        qn_status status = qn_fail_at(QN_DATA, path, "the file is UTF-16, not UTF-8");
        qn_error_help("convert it: iconv -f UTF-16 -t UTF-8 %s", path);
        return status;
    }
    record->start = record->length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    return QN_OK;
}

/* Splits the first record; *whole says if all of it was in the window. */
static qn_status split_window(first_record *record, const qn_csv_dialect *dialect, bool *whole) {
    int64_t length = record->length - record->start;
    clear_record(record);
    qn_status status = qn_csv_split(dialect, record->bytes + record->start, length, &record->fields,
                                    &record->count, &record->consumed);
    bool ended = status == QN_OK && record->count > 0 && record->consumed < length;
    *whole = ended || record->final;
    return status == QN_DATA && !*whole ? QN_OK : status;
}

static qn_status empty_file(const char *path, bool header) {
    qn_status status = qn_fail_at(QN_INPUT, path, "the file is empty");
    qn_error_help(header ? "a CSV file needs at least its header line"
                         : "a CSV file needs at least one record");
    return status;
}

static qn_status find_record(first_record *record, const qn_csv_source *source, int64_t file) {
    const char *path = source->paths[file];
    qn_reader *reader = NULL;
    bool whole = false;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_csv_source_reader(&reader, source, file), done);
    for (int64_t window = FIRST_WINDOW; !whole; window *= 4) {
        if (window > LAST_WINDOW) {
            status = qn_fail_at(QN_DATA, path, "the first record has no end");
            qn_error_help("a quote is probably not closed");
            goto done;
        }
        QN_TRY_GOTO(read_more(record, reader, window), done);
        QN_TRY_GOTO(skip_mark(path, record), done);
        QN_TRY_GOTO(split_window(record, &source->dialect, &whole), done);
        if (whole && record->count == 0) {
            status = empty_file(path, source->dialect.header);
            goto done;
        }
    }
done:
    if (status == QN_DATA)
        qn_error_locate("%s:1", path);
    qn_reader_free(reader);
    return status;
}

static qn_status check_name(const char *path, const char *name, int64_t column) {
    if (!qn_utf8_is_valid(qn_view_of(name)))
        return qn_fail_at(QN_DATA, path, "the name of column %lld is not UTF-8", (long long)column);
    if (strchr(name, '\r') == NULL)
        return QN_OK;
    qn_status status = qn_fail_at(QN_DATA, path,
                                  "the name of column %lld holds a carriage return: lines must "
                                  "end with LF or CRLF",
                                  (long long)column);
    qn_error_help("convert it: tr '\\r' '\\n' < %s", path);
    return status;
}

qn_status qn_csv_header_read(qn_csv_source *source, int64_t file, qn_text *fields) {
    first_record record = {0};
    qn_csv_file *info = &source->files[file];
    qn_status status = QN_OK;
    QN_TRY_GOTO(find_record(&record, source, file), done);
    for (int64_t i = 0; i < record.count; i++) {
        const char *name = record.fields[i];
        if (source->named)
            QN_TRY_GOTO(check_name(source->paths[file], name, i + 1), done);
        QN_TRY_GOTO(qn_text_add(fields, name, (int64_t)strlen(name) + 1), done);
    }
    info->begin = record.start + (source->dialect.header ? record.consumed : 0);
    for (int64_t i = 0; i < info->begin; i++)
        info->lines += record.bytes[i] == '\n';
done:
    clear_record(&record);
    qn_mem_free(record.bytes);
    return status;
}

/* ---- Names ---------------------------------------------------------------------------------- */

static int64_t count_fields(const qn_text *fields) {
    int64_t count = 0;
    for (int64_t i = 0; i < fields->length; i++)
        count += fields->data[i] == '\0';
    return count;
}

qn_status qn_csv_header_compare(const qn_csv_source *source, int64_t file, const qn_text *fields,
                                const qn_text *first) {
    const char *path = source->paths[file], *first_path = source->paths[0];
    if (fields->length == first->length &&
        memcmp(fields->data, first->data, (size_t)first->length) == 0)
        return QN_OK;
    int64_t count = count_fields(fields), first_count = count_fields(first);
    qn_status status;
    if (count != first_count) {
        status = qn_fail_at(QN_DATA, path, "the header has %lld columns, that of %s has %lld",
                            (long long)count, first_path, (long long)first_count);
    } else {
        const char *here = fields->data, *there = first->data;
        int64_t column = 1;
        for (; strcmp(here, there) == 0; column++) {
            here += strlen(here) + 1;
            there += strlen(there) + 1;
        }
        status = qn_fail_at(QN_DATA, path, "column %lld is called '%s', in %s it is '%s'",
                            (long long)column, here, first_path, there);
    }
    qn_error_help("files that are read together must have the same header");
    return status;
}

static qn_status copy_name(char **out, const qn_csv_source *source, const char *text,
                           int64_t index) {
    if (source->named && *text != '\0')
        return qn_mem_copy_text(out, text);
    if (source->named)
        qn_warn("%s: column %lld has no name; it is called column_%lld", source->paths[0],
                (long long)index + 1, (long long)index + 1);
    return qn_format(out, "column_%lld", (long long)index + 1);
}

typedef struct numbered_name {
    const char *name;
    int64_t index;
} numbered_name;

static int compare_names(const void *a, const void *b) {
    const numbered_name *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static qn_status check_duplicates(const qn_csv_source *source) {
    int64_t count = source->field_count;
    numbered_name *sorted = NULL;
    QN_TRY(qn_mem_alloc(&sorted, (size_t)count, sizeof *sorted));
    for (int64_t i = 0; i < count; i++)
        sorted[i] = (numbered_name){source->names[i], i};
    qsort(sorted, (size_t)count, sizeof *sorted, compare_names);
    int64_t second = -1;
    for (int64_t i = 1; i < count; i++) {
        bool same = strcmp(sorted[i].name, sorted[i - 1].name) == 0;
        if (same && (second < 0 || sorted[i].index < sorted[second].index))
            second = i;
    }
    qn_status status = QN_OK;
    if (second >= 0) {
        status = qn_fail_at(QN_DATA, source->paths[0], "columns %lld and %lld are both called '%s'",
                            (long long)sorted[second - 1].index + 1,
                            (long long)sorted[second].index + 1, sorted[second].name);
        qn_error_help("rename one of them: column names must differ");
    }
    qn_mem_free(sorted);
    return status;
}

qn_status qn_csv_header_names(qn_csv_source *source, const qn_text *fields) {
    int64_t count = count_fields(fields);
    QN_TRY(qn_mem_calloc(&source->names, (size_t)count, sizeof *source->names));
    source->field_count = count;
    const char *text = fields->data;
    for (int64_t i = 0; i < count; i++) {
        QN_TRY(copy_name(&source->names[i], source, text, i));
        text += strlen(text) + 1;
    }
    return check_duplicates(source);
}
