#include "core/memory.h"
#include "core/text/utf8.h"
#include "features/scan/csv_format.h"
#include "features/scan/csv_scan.h"
#include "mpi/file/file.h"

#include <string.h>

enum { EXCERPT_SIZE = 100, EXCERPT_LEAD = 40 };

/* ---- Failing -------------------------------------------------------------------------------- */

/* Bytes of the first `characters` characters of a text. */
static int64_t bytes_of(qn_view text, int64_t characters) {
    qn_view rest = text;
    while (characters-- > 0 && rest.length > 0) {
        int length = qn_utf8_length(rest);
        rest.data += length;
        rest.length -= length;
    }
    return text.length - rest.length;
}

static int64_t characters_of(qn_view text) {
    int64_t characters = 0;
    for (int64_t i = 0; i < text.length; i++)
        characters += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return characters;
}

/* Shows the record, or the part around the fault, with a caret below it. Records over several
 * lines and those that are not UTF-8 are not shown. */
static void show_record(const qn_csv_dialect *dialect, qn_view record, int64_t column) {
    if (memchr(record.data, '\n', (size_t)record.length) != NULL || !qn_utf8_is_valid(record))
        return;
    int64_t skipped = column > EXCERPT_SIZE - EXCERPT_LEAD ? column - EXCERPT_LEAD : 0;
    int64_t begin = bytes_of(record, skipped);
    qn_view shown = {record.data + begin, record.length - begin};
    shown.length = bytes_of(shown, EXCERPT_SIZE);
    char line[4 * EXCERPT_SIZE + 1];
    for (int64_t i = 0; i < shown.length; i++) {
        unsigned char byte = (unsigned char)shown.data[i];
        line[i] = (char)(byte < 0x20 || byte == 0x7f ? ' ' : byte);
    }
    line[shown.length] = '\0';
    int64_t fault = bytes_of(shown, column - 1 - skipped), end = fault;
    while (end < shown.length && shown.data[end] != dialect->delimiter)
        end++;
    int64_t width = characters_of((qn_view){shown.data + fault, end - fault});
    qn_error_excerpt(line, (int)(column - skipped), width > 0 ? (int)width : 1);
}

static void advise(const qn_csv_scan *scan, const qn_csv_bad *bad) {
    if (bad->field >= 0 && scan->sample > 0)
        qn_error_help("types were inferred from the first %lld records; set infer: all, or give a "
                      "schema",
                      (long long)scan->sample);
    else
        qn_error_help("mend the row, or set mode: drop or mode: quarantine to go on without it");
}

/* Control characters never reach a terminal. */
static void clean_reason(char out[static 160], const char *reason) {
    size_t length = strnlen(reason, 159);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)reason[i];
        out[i] = (char)(byte < 0x20 || byte == 0x7f ? '?' : byte);
    }
    out[length] = '\0';
}

static qn_status fail(const qn_csv_scan *scan, const qn_csv_bad *bad) {
    const qn_csv_cursor *cursor = &scan->cursor;
    const char *path = scan->source.paths[cursor->at.file];
    char reason[160];
    clean_reason(reason, bad->reason);
    qn_status status;
    if (bad->field >= 0)
        status = qn_fail(QN_DATA, "column '%s': %s", scan->fields.fields[bad->field].name, reason);
    else
        status = qn_fail(QN_DATA, "%s", reason);
    int64_t column = bad->column > 0 ? bad->column : 1;
    qn_error_locate("%s:%lld:%lld", path, (long long)(cursor->at.line + bad->line + 1),
                    (long long)column);
    show_record(&scan->source.dialect, (qn_view){cursor->bytes + bad->offset, bad->length}, column);
    advise(scan, bad);
    return status;
}

/* ---- Keeping -------------------------------------------------------------------------------- */

/* file,line,column,reason,record */
static qn_status keep(qn_csv_scan *scan, const qn_csv_bad *bad) {
    const qn_csv_cursor *cursor = &scan->cursor;
    qn_text *out = &scan->quarantine;
    const char *name = bad->field >= 0 ? scan->fields.fields[bad->field].name : NULL;
    char reason[160];
    clean_reason(reason, bad->reason);
    QN_TRY(qn_csv_format_string(out, qn_view_of(scan->source.paths[cursor->at.file])));
    QN_TRY(qn_text_printf(out, ",%lld,", (long long)(cursor->at.line + bad->line + 1)));
    if (name != NULL)
        QN_TRY(qn_csv_format_string(out, qn_view_of(name)));
    QN_TRY(qn_text_add_char(out, ','));
    QN_TRY(qn_csv_format_string(out, qn_view_of(reason)));
    QN_TRY(qn_text_add_char(out, ','));
    QN_TRY(qn_csv_format_string(out, (qn_view){cursor->bytes + bad->offset, bad->length}));
    QN_TRY(qn_text_add_char(out, '\n'));
    scan->quarantined++;
    return QN_OK;
}

qn_status qn_csv_bad_note(qn_csv_scan *scan, int64_t offset) {
    const qn_csv_block *block = &scan->block;
    if (scan->counting)
        scan->report.records += block->records;
    if (block->bad_count == 0)
        return QN_OK;
    if (scan->mode == QN_CSV_FAIL)
        return fail(scan, &block->bad[0]);
    QN_TRY(qn_mem_reserve(&scan->bad_rows, &scan->bad_capacity, scan->bad_count + block->bad_count,
                          sizeof *scan->bad_rows));
    for (int64_t i = 0; i < block->bad_count; i++) {
        scan->bad_rows[scan->bad_count++] = offset + block->bad[i].record;
        if (scan->counting && scan->mode == QN_CSV_QUARANTINE)
            QN_TRY(keep(scan, &block->bad[i]));
    }
    if (scan->counting)
        scan->report.bad_records += block->bad_count;
    return QN_OK;
}

/* ---- Writing -------------------------------------------------------------------------------- */

static qn_status write_lines(qn_shared_output *output, const qn_text *lines, bool header) {
    static const char names[] = "file,line,column,reason,record\n";
    if (header)
        QN_TRY(qn_shared_output_write(output, names, sizeof names - 1));
    return lines->length > 0 ? qn_shared_output_write(output, lines->data, lines->length) : QN_OK;
}

qn_status qn_csv_scan_quarantine_write(const qn_stream *stream, qn_comm *comm, const char *path,
                                       int64_t *rows) {
    static const qn_text none = {0};
    const qn_csv_scan *scan = qn_csv_scan_of(stream);
    int64_t count = scan != NULL ? scan->quarantined : 0;
    qn_shared_output *output = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_shared_output_open(&output, comm, path), done);
    status = write_lines(output, scan != NULL ? &scan->quarantine : &none, qn_comm_rank(comm) == 0);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_sum_i64(comm, &count, 1), done);
    status = qn_shared_output_commit(output);
    output = NULL;
    if (status == QN_OK && rows != NULL)
        *rows = count;
done:
    qn_shared_output_discard(output);
    return status;
}
