/* Record boundaries: what the kernels are given, and splitting a record by itself. */
#include "core/csv/csv.h"
#include "core/csv/field.h"
#include "core/csv/scan.h"
#include "core/memory.h"

#include <string.h>

/* The range begins a line if a LF stands before it, with CRs at most between. */
static bool begins_line(const char *previous, int64_t length) {
    int64_t i = length;
    while (i > 0 && previous[i - 1] == '\r')
        i--;
    return i > 0 ? previous[i - 1] == '\n' : length < 64;
}

void qn_csv_tally_init(qn_csv_tally *tally, const qn_csv_dialect *dialect, const char *previous,
                       int64_t previous_length) {
    int64_t escapes = 0;
    while (dialect->escape != 0 && escapes < previous_length &&
           previous[previous_length - 1 - escapes] == dialect->escape)
        escapes++;
    *tally = (qn_csv_tally){.first_start = {-1, -1}};
    tally->carry[0] = begins_line(previous, previous_length);
    tally->carry[2] = escapes & 1;
}

void qn_csv_tally_add(qn_csv_tally *tally, const qn_csv_dialect *dialect, const char *bytes,
                      int64_t length) {
    qn_csv_kernels_of(dialect)->tally(tally, dialect, bytes, length);
}

int64_t qn_csv_skip(const qn_csv_dialect *dialect, const char *bytes, int64_t length, bool final,
                    int64_t records, int64_t *records_skipped, int64_t *lines_skipped) {
    return qn_csv_kernels_of(dialect)->skip(dialect, bytes, length, final, records, records_skipped,
                                            lines_skipped);
}

/* ---- One record ----------------------------------------------------------------------------- */

typedef struct splitter {
    const qn_csv_dialect *dialect;
    char *scratch;
    char **fields;
    int64_t count, capacity;
} splitter;

static qn_status add_field(splitter *s, qn_view field) {
    qn_view text = field;
    if (qn_csv_field_text(s->dialect, field, true, s->scratch, &text) == QN_CSV_BAD_QUOTE)
        text = field;
    QN_TRY(qn_mem_reserve(&s->fields, &s->capacity, s->count + 1, sizeof *s->fields));
    char *copy = NULL;
    QN_TRY(qn_mem_alloc(&copy, (size_t)text.length + 1, 1));
    if (text.length > 0)
        memcpy(copy, text.data, (size_t)text.length);
    copy[text.length] = '\0';
    s->fields[s->count++] = copy;
    return QN_OK;
}

/* Adds the fields of a record without its line end. */
static qn_status add_fields(splitter *s, qn_view record) {
    bool inside = false, escaped = false;
    int64_t start = 0;
    for (int64_t i = 0; i < record.length; i++) {
        char c = record.data[i];
        if (s->dialect->quote != 0 && c == s->dialect->quote && !escaped)
            inside = !inside;
        escaped = s->dialect->escape != 0 && c == s->dialect->escape && !escaped;
        if (c == s->dialect->delimiter && !inside) {
            QN_TRY(add_field(s, (qn_view){record.data + start, i - start}));
            start = i + 1;
        }
    }
    if (inside)
        return qn_fail(QN_DATA, "a quote is not closed before the end of the file");
    return add_field(s, (qn_view){record.data + start, record.length - start});
}

/* The first record of the bytes; empty if there is none. */
static qn_view find_record(const qn_csv_dialect *dialect, const char *bytes, int64_t length,
                           int64_t *consumed) {
    int64_t records, lines, begin = 0;
    int64_t end = *consumed = qn_csv_skip(dialect, bytes, length, true, 1, &records, &lines);
    while (begin < end && (bytes[begin] == '\r' || bytes[begin] == '\n'))
        begin++;
    if (end > begin && bytes[end - 1] == '\n')
        end--;
    if (end > begin && bytes[end - 1] == '\r')
        end--;
    return (qn_view){bytes + begin, end - begin};
}

qn_status qn_csv_split(const qn_csv_dialect *dialect, const char *bytes, int64_t length,
                       char ***fields, int64_t *count, int64_t *consumed) {
    int64_t behind;
    splitter s = {.dialect = dialect};
    qn_view record = find_record(dialect, bytes, length, &behind);
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&s.scratch, (size_t)record.length + 64, 1), done);
    if (record.length > 0)
        QN_TRY_GOTO(add_fields(&s, record), done);
    *fields = s.fields;
    *count = s.count;
    *consumed = behind;
    s.fields = NULL;
done:
    qn_mem_free(s.scratch);
    if (s.fields != NULL)
        qn_mem_free_all(s.fields, s.count);
    return status;
}
