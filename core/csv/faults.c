/* Bad records: where they are and why. */
#include "core/csv/parser.h"
#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

qn_status qn_csv_fault_add(qn_csv_parser *parser, int64_t i, int32_t field,
                           qn_csv_verdict verdict) {
    if (qn_bit(parser->bad_rows, parser->row_count + i))
        return QN_OK;
    QN_TRY(qn_mem_reserve(&parser->faults, &parser->fault_capacity, parser->fault_count + 1,
                          sizeof *parser->faults));
    const uint32_t *ends = parser->index.ends + parser->rows.rows[i].first;
    uint32_t last = ends[parser->field_count - 1];
    parser->faults[parser->fault_count++] = (qn_csv_fault){.record = parser->rows.rows[i].record,
                                                           .field = field,
                                                           .verdict = verdict,
                                                           .begin = ends[-1] + 1,
                                                           .end = last,
                                                           .field_begin = parser->spans[i].begin,
                                                           .field_end = parser->spans[i].end};
    qn_bit_set(parser->bad_rows, parser->row_count + i);
    parser->bad_count++;
    return QN_OK;
}

static qn_status add_ragged_faults(qn_csv_parser *parser) {
    const qn_csv_rows *rows = &parser->rows;
    QN_TRY(qn_mem_reserve(&parser->faults, &parser->fault_capacity,
                          parser->fault_count + rows->ragged_count, sizeof *parser->faults));
    for (int64_t i = 0; i < rows->ragged_count; i++) {
        qn_csv_ragged ragged = rows->ragged[i];
        parser->faults[parser->fault_count++] = (qn_csv_fault){.record = ragged.record,
                                                               .field = -1,
                                                               .begin = ragged.begin,
                                                               .end = ragged.end,
                                                               .field_begin = ragged.begin,
                                                               .field_end = ragged.fields};
    }
    return QN_OK;
}

static int compare_faults(const void *a, const void *b) {
    const qn_csv_fault *x = a, *y = b;
    return (x->record > y->record) - (x->record < y->record);
}

static qn_type type_of_field(const qn_csv_parser *parser, int32_t field) {
    for (int32_t i = 0; i < parser->target_count; i++)
        if (parser->targets[i].field == field)
            return parser->targets[i].type;
    return QN_STRING;
}

static void explain(const qn_csv_parser *parser, const qn_csv_fault *found, qn_csv_bad *bad) {
    if (found->field < 0) {
        uint32_t fields = found->field_end;
        if (fields == 0)
            snprintf(bad->reason, sizeof bad->reason,
                     "a quote is not closed before the end of the file");
        else
            snprintf(bad->reason, sizeof bad->reason, "%u field%s, expected %d", fields,
                     fields == 1 ? "" : "s", parser->field_count);
        return;
    }
    qn_type type = type_of_field(parser, found->field);
    qn_view raw = {parser->index.base + found->field_begin, found->field_end - found->field_begin};
    qn_view text = raw;
    if (qn_csv_field_text(parser->dialect, raw, type == QN_STRING, parser->scratch, &text) !=
        QN_CSV_VALUE)
        text = raw;
    qn_csv_field_explain(found->verdict, text, type, bad->reason, sizeof bad->reason);
}

int64_t qn_csv_count_lines(const char *bytes, int64_t length) {
    int64_t lines = 0;
    for (int64_t i = 0; i < length; i++)
        lines += bytes[i] == '\n';
    return lines;
}

static int64_t count_characters(const char *from, const char *to) {
    int64_t count = 0;
    for (; from < to; from++)
        count += ((unsigned char)*from & 0xc0) != 0x80;
    return count;
}

qn_status qn_csv_faults_report(qn_csv_parser *parser, qn_csv_block *out) {
    const char *base = parser->index.base;
    int64_t counted = 0, lines = out->lines;
    QN_TRY(add_ragged_faults(parser));
    qsort(parser->faults, (size_t)parser->fault_count, sizeof *parser->faults, compare_faults);
    QN_TRY(qn_mem_reserve(&out->bad, &out->bad_capacity, out->bad_count + parser->fault_count,
                          sizeof *out->bad));
    for (int64_t i = 0; i < parser->fault_count; i++) {
        qn_csv_fault *found = &parser->faults[i];
        qn_csv_bad *bad = &out->bad[out->bad_count++];
        if (found->end > found->begin && base[found->end - 1] == '\r')
            found->end--;
        lines += qn_csv_count_lines(base + counted, found->field_begin - counted);
        counted = found->field_begin;
        const char *line = counted > 0 ? memrchr(base, '\n', (size_t)counted) : NULL;
        line = line != NULL ? line + 1 : base;
        *bad = (qn_csv_bad){.record = out->records + found->record,
                            .line = lines,
                            .offset = out->consumed + found->begin,
                            .length = found->end - found->begin,
                            .field = found->field,
                            .column = 1 + count_characters(line, base + counted)};
        explain(parser, found, bad);
    }
    parser->fault_count = 0;
    return QN_OK;
}
