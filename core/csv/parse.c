/* Records to columns, a tile of bytes (that fits the cache) at a time, column by column. */
#include "core/csv/csv.h"
#include "core/csv/field.h"
#include "core/csv/scan.h"
#include "core/csv/strings.h"
#include "core/memory.h"
#include "core/text/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct target {
    int32_t field; /* in the record */
    qn_type type;
    qn_column *column;
    qn_csv_strings strings;
} target;

typedef struct fault {
    uint32_t record; /* in the tile */
    int32_t field;   /* -1: the record's number of fields, or its quotes */
    qn_csv_verdict verdict;
    uint32_t begin, end;             /* of the record, without its line end */
    uint32_t field_begin, field_end; /* or number of fields */
} fault;

struct qn_csv_parser {
    const qn_csv_dialect *dialect;
    const qn_csv_kernels *kernels;
    bool numeric_nulls;
    int32_t field_count, target_count;
    target *targets;

    /* The tile. */
    qn_csv_index index;
    qn_csv_rows rows;
    int64_t span_capacity;
    qn_csv_span *spans;
    uint32_t *rest;
    int64_t *wide;
    int64_t scratch_capacity;
    char *scratch;
    int64_t fault_count, fault_capacity;
    fault *faults;

    /* The batch. */
    int64_t row_count; /* of finished tiles, with the bad rows */
    int64_t bad_count;
    int64_t bad_capacity; /* words */
    uint64_t *bad_rows;   /* rows that a field has spoilt */
};

/* ---- Parsers and blocks --------------------------------------------------------------------- */

void qn_csv_block_init(qn_csv_block *block) {
    *block = (qn_csv_block){0};
    qn_batch_init(&block->batch);
}

void qn_csv_block_clear(qn_csv_block *block) {
    qn_batch_clear(&block->batch);
    qn_mem_free(block->bad);
    qn_csv_block_init(block);
}

static bool can_parse(qn_type type) {
    return type != QN_STRING_LIST && type != QN_VECTOR;
}

static qn_status set_targets(qn_csv_parser *parser, const qn_schema *fields, const bool *wanted) {
    QN_TRY(qn_mem_calloc(&parser->targets, (size_t)fields->count, sizeof *parser->targets));
    for (int32_t i = 0; i < fields->count; i++) {
        qn_type type = fields->fields[i].type;
        if (wanted != NULL && !wanted[i])
            continue;
        if (!can_parse(type))
            return qn_fail(QN_JOB, "column '%s': a CSV field cannot be a %s",
                           fields->fields[i].name, qn_type_name(type));
        parser->targets[parser->target_count++] = (target){.field = i, .type = type};
    }
    return QN_OK;
}

qn_status qn_csv_parser_new(qn_csv_parser **out, const qn_csv_dialect *dialect,
                            const qn_schema *fields, const bool *wanted) {
    qn_csv_parser *parser = NULL;
    if (fields->count == 0)
        return qn_fail(QN_JOB, "a CSV schema has no columns");
    QN_TRY(qn_mem_calloc(&parser, 1, sizeof *parser));
    parser->dialect = dialect;
    parser->kernels = qn_csv_kernels_of(dialect);
    parser->numeric_nulls = qn_csv_has_numeric_nulls(dialect);
    parser->field_count = fields->count;
    qn_status status = set_targets(parser, fields, wanted);
    if (status != QN_OK) {
        qn_csv_parser_free(parser);
        return status;
    }
    *out = parser;
    return QN_OK;
}

static void release_columns(qn_csv_parser *parser) {
    for (int32_t i = 0; i < parser->target_count; i++) {
        qn_column_release(parser->targets[i].column);
        parser->targets[i].column = NULL;
    }
}

void qn_csv_parser_free(qn_csv_parser *parser) {
    if (parser == NULL)
        return;
    release_columns(parser);
    for (int32_t i = 0; i < parser->target_count; i++)
        qn_csv_strings_clear(&parser->targets[i].strings);
    qn_mem_free(parser->targets);
    qn_csv_index_clear(&parser->index);
    qn_csv_rows_clear(&parser->rows);
    qn_mem_free(parser->spans);
    qn_mem_free(parser->rest);
    qn_mem_free(parser->wide);
    qn_mem_free(parser->scratch);
    qn_mem_free(parser->faults);
    qn_mem_free(parser->bad_rows);
    qn_mem_free(parser);
}

/* ---- Faults --------------------------------------------------------------------------------- */

/* Row i of the tile is spoilt by this field; the first field that spoils it is kept. */
static qn_status add_fault(qn_csv_parser *parser, int64_t i, int32_t field,
                           qn_csv_verdict verdict) {
    if (qn_bit(parser->bad_rows, parser->row_count + i))
        return QN_OK;
    QN_TRY(qn_mem_reserve(&parser->faults, &parser->fault_capacity, parser->fault_count + 1,
                          sizeof *parser->faults));
    const uint32_t *ends = parser->index.ends + parser->rows.rows[i].first;
    uint32_t last = ends[parser->field_count - 1];
    parser->faults[parser->fault_count++] = (fault){.record = parser->rows.rows[i].record,
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
        parser->faults[parser->fault_count++] = (fault){.record = ragged.record,
                                                        .field = -1,
                                                        .begin = ragged.begin,
                                                        .end = ragged.end,
                                                        .field_begin = ragged.begin,
                                                        .field_end = ragged.fields};
    }
    return QN_OK;
}

static int compare_faults(const void *a, const void *b) {
    const fault *x = a, *y = b;
    return (x->record > y->record) - (x->record < y->record);
}

static qn_type type_of_field(const qn_csv_parser *parser, int32_t field) {
    for (int32_t i = 0; i < parser->target_count; i++)
        if (parser->targets[i].field == field)
            return parser->targets[i].type;
    return QN_STRING;
}

static void explain(const qn_csv_parser *parser, const fault *found, qn_csv_bad *bad) {
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

static int64_t count_lines(const char *bytes, int64_t length) {
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

/* Turns the tile's faults into the block's bad records. out->consumed and ->lines are those of the
 * tile's start. */
static qn_status report_faults(qn_csv_parser *parser, qn_csv_block *out) {
    const char *base = parser->index.base;
    int64_t counted = 0, lines = out->lines;
    QN_TRY(add_ragged_faults(parser));
    qsort(parser->faults, (size_t)parser->fault_count, sizeof *parser->faults, compare_faults);
    QN_TRY(qn_mem_reserve(&out->bad, &out->bad_capacity, out->bad_count + parser->fault_count,
                          sizeof *out->bad));
    for (int64_t i = 0; i < parser->fault_count; i++) {
        fault *found = &parser->faults[i];
        qn_csv_bad *bad = &out->bad[out->bad_count++];
        if (found->end > found->begin && base[found->end - 1] == '\r')
            found->end--;
        lines += count_lines(base + counted, found->field_begin - counted);
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

/* ---- Columns of a tile ---------------------------------------------------------------------- */

static qn_view span(const qn_csv_parser *parser, int64_t i) {
    qn_csv_span at = parser->spans[i];
    return (qn_view){parser->index.base + at.begin, at.end - at.begin};
}

/* One field of any type but string, by all the rules. */
static qn_status parse_by_rules(qn_csv_parser *parser, target *t, int64_t i, qn_csv_value *value) {
    qn_view text;
    qn_csv_verdict verdict =
        qn_csv_field_text(parser->dialect, span(parser, i), false, parser->scratch, &text);
    *value = (qn_csv_value){0};
    if (verdict == QN_CSV_VALUE)
        verdict = qn_csv_field_value(parser->dialect, text, t->type, value);
    if (verdict == QN_CSV_VALUE)
        return QN_OK;
    *value = (qn_csv_value){0};
    if (verdict == QN_CSV_NULL)
        return qn_column_set_null(t->column, parser->row_count + i);
    return add_fault(parser, i, t->field, verdict);
}

/* The same. What reads as a value as it stands has no quotes or blanks; if it is no null string
 * either, the rules would not change it. */
static inline qn_status parse_one(qn_csv_parser *parser, target *t, int64_t i,
                                  qn_csv_value *value) {
    qn_view raw = span(parser, i);
    if (raw.length > 0 && parser->dialect->null_count == 0 &&
        qn_csv_field_value(parser->dialect, raw, t->type, value) == QN_CSV_VALUE)
        return QN_OK;
    return parse_by_rules(parser, t, i, value);
}

/* Kernels know no null strings: sets those to null that read as numbers. */
static qn_status find_numeric_nulls(qn_csv_parser *parser, target *t) {
    for (int64_t i = 0; i < parser->rows.count; i++) {
        if (!qn_csv_is_null(parser->dialect, span(parser, i)))
            continue;
        int64_t row = parser->row_count + i;
        QN_TRY(qn_column_set_null(t->column, row));
        if (t->type == QN_INT32)
            t->column->i32[row] = 0;
        else
            t->column->i64[row] = 0; /* or the bits of 0.0 */
    }
    return QN_OK;
}

static qn_csv_spans spans_of(const qn_csv_parser *parser) {
    return (qn_csv_spans){.base = parser->index.base,
                          .count = parser->rows.count,
                          .at = parser->spans,
                          .decimal = parser->dialect->decimal};
}

static qn_status parse_float64(qn_csv_parser *parser, target *t) {
    qn_csv_spans spans = spans_of(parser);
    double *out = t->column->f64 + parser->row_count;
    int64_t left = parser->kernels->float64(&spans, out, parser->rest);
    for (int64_t k = 0; k < left; k++) {
        qn_csv_value value;
        QN_TRY(parse_one(parser, t, parser->rest[k], &value));
        out[parser->rest[k]] = value.f64;
    }
    return parser->numeric_nulls ? find_numeric_nulls(parser, t) : QN_OK;
}

static qn_status parse_int64(qn_csv_parser *parser, target *t) {
    qn_csv_spans spans = spans_of(parser);
    int64_t *out = t->column->i64 + parser->row_count;
    int64_t left = parser->kernels->int64(&spans, out, parser->rest);
    for (int64_t k = 0; k < left; k++) {
        qn_csv_value value;
        QN_TRY(parse_one(parser, t, parser->rest[k], &value));
        out[parser->rest[k]] = value.i64;
    }
    return parser->numeric_nulls ? find_numeric_nulls(parser, t) : QN_OK;
}

static qn_status parse_int32(qn_csv_parser *parser, target *t) {
    qn_csv_spans spans = spans_of(parser);
    int32_t *out = t->column->i32 + parser->row_count;
    int64_t left = parser->kernels->int64(&spans, parser->wide, parser->rest);
    parser->rest[left] = UINT32_MAX;
    for (int64_t i = 0, k = 0; i < spans.count; i++) {
        qn_csv_value value = {0};
        bool plain = parser->rest[k] != (uint32_t)i;
        k += !plain;
        if (plain && parser->wide[i] == (int32_t)parser->wide[i])
            value.i32 = (int32_t)parser->wide[i];
        else
            QN_TRY(parse_one(parser, t, i, &value));
        out[i] = value.i32;
    }
    return parser->numeric_nulls ? find_numeric_nulls(parser, t) : QN_OK;
}

static void put_value(qn_column *column, int64_t row, qn_csv_value value) {
    switch (column->type) {
    case QN_BOOL:
        if (value.truth)
            qn_bit_set(column->bits, row);
        break;
    case QN_FLOAT32:
        column->f32[row] = value.f32;
        break;
    case QN_DATE:
        column->i32[row] = value.i32;
        break;
    default:
        column->i64[row] = value.i64;
        break;
    }
}

static qn_status parse_others(qn_csv_parser *parser, target *t) {
    for (int64_t i = 0; i < parser->rows.count; i++) {
        qn_csv_value value;
        QN_TRY(parse_one(parser, t, i, &value));
        put_value(t->column, parser->row_count + i, value);
    }
    return QN_OK;
}

/* A string by all the rules. */
static qn_status parse_string(qn_csv_parser *parser, target *t, int64_t i) {
    qn_view text;
    qn_csv_verdict verdict =
        qn_csv_field_text(parser->dialect, span(parser, i), true, parser->scratch, &text);
    if (verdict == QN_CSV_VALUE && parser->index.beyond && !qn_utf8_is_valid(text))
        verdict = QN_CSV_BAD_UTF8;
    if (verdict == QN_CSV_VALUE)
        return qn_csv_strings_add(&t->strings, text);
    if (verdict != QN_CSV_NULL)
        QN_TRY(add_fault(parser, i, t->field, verdict));
    return qn_csv_strings_add_null(&t->strings);
}

static inline bool has_byte(const char *at, int64_t length, char wanted) {
    uint64_t repeated = UINT64_C(0x0101010101010101) * (unsigned char)wanted;
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t found = 0, word;
    for (; length > 0; at += 8, length -= 8) { /* up to 7 bytes behind are readable */
        memcpy(&word, at, sizeof word);
        word ^= repeated;
        word = ~(((word & low) + low) | word | low);
        if (length < 8)
            word &= (UINT64_C(1) << (8 * length)) - 1;
        found |= word;
    }
    return found != 0;
}

/* Takes plain quotes off. False if the field has quotes that need the rules. */
static inline bool strip_quotes(char quote, qn_view *text) {
    bool quoted =
        text->length > 1 && text->data[0] == quote && text->data[text->length - 1] == quote;
    if (quoted) {
        text->data++;
        text->length -= 2;
    }
    return !has_byte(text->data, text->length, quote);
}

static qn_status parse_strings(qn_csv_parser *parser, target *t) {
    const qn_csv_dialect *dialect = parser->dialect;
    bool plain = !parser->index.beyond && !dialect->trim && dialect->null_count == 0;
    bool quotes = parser->index.quotes;
    if (quotes && dialect->escape != 0)
        plain = false;
    int64_t bytes = 0;
    for (int64_t i = 0; i < parser->rows.count; i++)
        bytes += parser->spans[i].end - parser->spans[i].begin;
    QN_TRY(qn_csv_strings_reserve(&t->strings, bytes));
    for (int64_t i = 0; i < parser->rows.count; i++) {
        qn_view text = span(parser, i);
        if (plain && text.length > 0 && (!quotes || strip_quotes(dialect->quote, &text)))
            QN_TRY(qn_csv_strings_add(&t->strings, text));
        else
            QN_TRY(parse_string(parser, t, i));
    }
    return QN_OK;
}

static qn_status parse_column(qn_csv_parser *parser, target *t) {
    switch (t->type) {
    case QN_FLOAT64:
        return parse_float64(parser, t);
    case QN_INT64:
        return parse_int64(parser, t);
    case QN_INT32:
        return parse_int32(parser, t);
    case QN_STRING:
        return parse_strings(parser, t);
    default:
        return parse_others(parser, t);
    }
}

static qn_status grow_spans(qn_csv_parser *parser) {
    int64_t needed = parser->rows.count + 64;
    if (needed <= parser->span_capacity)
        return QN_OK;
    size_t grown = (size_t)needed * 2;
    QN_TRY(qn_mem_resize(&parser->spans, grown, sizeof *parser->spans));
    QN_TRY(qn_mem_resize(&parser->rest, grown, sizeof *parser->rest));
    QN_TRY(qn_mem_resize(&parser->wide, grown, sizeof *parser->wide));
    parser->span_capacity = (int64_t)grown;
    return QN_OK;
}

static qn_status parse_tile(qn_csv_parser *parser, qn_csv_block *out) {
    QN_TRY(grow_spans(parser));
    QN_TRY(
        qn_mem_reserve(&parser->scratch, &parser->scratch_capacity, parser->index.offset + 64, 1));
    for (int32_t i = 0; i < parser->target_count && parser->rows.count > 0; i++) {
        target *t = &parser->targets[i];
        qn_csv_spans_of(&parser->rows, &parser->index, t->field,
                        t->field == parser->field_count - 1, parser->spans);
        QN_TRY(parse_column(parser, t));
    }
    if (parser->fault_count + parser->rows.ragged_count > 0)
        QN_TRY(report_faults(parser, out));
    parser->row_count += parser->rows.count;
    out->records += parser->rows.records;
    out->lines +=
        parser->index.newlines - count_lines(parser->index.base + parser->rows.consumed,
                                             parser->index.offset - parser->rows.consumed);
    out->consumed += parser->rows.consumed;
    return QN_OK;
}

/* ---- Batches -------------------------------------------------------------------------------- */

static qn_status start_batch(qn_csv_parser *parser, int64_t rows) {
    release_columns(parser);
    parser->row_count = parser->bad_count = parser->fault_count = 0;
    QN_TRY(qn_mem_reserve(&parser->bad_rows, &parser->bad_capacity, qn_bit_words(rows),
                          sizeof *parser->bad_rows));
    memset(parser->bad_rows, 0, (size_t)parser->bad_capacity * sizeof *parser->bad_rows);
    for (int32_t i = 0; i < parser->target_count; i++) {
        target *t = &parser->targets[i];
        if (t->type == QN_STRING)
            QN_TRY(qn_csv_strings_start(&t->strings, rows));
        else if (t->type == QN_BOOL)
            QN_TRY(qn_column_new(&t->column, t->type, rows, 0));
        else
            QN_TRY(qn_column_new_raw(&t->column, t->type, rows, 0));
    }
    return QN_OK;
}

static void cut_column(qn_column *column, int64_t length) {
    column->length = length;
    uint64_t last = (UINT64_C(1) << (length & 63)) - 1;
    if (column->validity != NULL && (length & 63) != 0)
        column->validity[length >> 6] &= last;
}

/* Leaves out the spoilt rows. */
static qn_status drop_bad_rows(qn_csv_parser *parser, qn_batch *batch) {
    int64_t *good = NULL, count = 0;
    qn_status status = QN_OK;
    QN_TRY(qn_mem_alloc(&good, (size_t)parser->row_count, sizeof *good));
    for (int64_t i = 0; i < parser->row_count; i++)
        if (!qn_bit(parser->bad_rows, i))
            good[count++] = i;
    for (int32_t i = 0; i < batch->count; i++) {
        qn_column *taken = NULL;
        QN_TRY_GOTO(qn_column_take(&taken, batch->columns[i], good, count), done);
        qn_column_release(batch->columns[i]);
        batch->columns[i] = taken;
    }
    batch->length = count;
done:
    qn_mem_free(good);
    return status;
}

static qn_status finish_batch(qn_csv_parser *parser, qn_batch *batch) {
    QN_TRY(qn_batch_reserve(batch, parser->target_count));
    for (int32_t i = 0; i < parser->target_count; i++) {
        target *t = &parser->targets[i];
        if (t->type == QN_STRING)
            QN_TRY(qn_csv_strings_finish(&t->strings, &t->column));
        else
            cut_column(t->column, parser->row_count);
        batch->columns[i] = t->column;
        t->column = NULL;
    }
    batch->length = parser->row_count;
    return parser->bad_count > 0 ? drop_bad_rows(parser, batch) : QN_OK;
}

static qn_status parse_block(qn_csv_parser *parser, qn_view bytes, bool final, int64_t max_records,
                             qn_csv_block *out) {
    /* A record has a byte a field at least, its end or the next one's begin. */
    int64_t most = bytes.length / parser->field_count + 1;
    QN_TRY(start_batch(parser, most < max_records ? most : max_records));
    while (out->consumed < bytes.length && out->records < max_records) {
        qn_view left = {bytes.data + out->consumed, bytes.length - out->consumed};
        QN_TRY(qn_csv_tile(&parser->rows, &parser->index, parser->dialect, left, final,
                           parser->field_count, max_records - out->records));
        if (parser->rows.consumed == 0)
            break;
        QN_TRY(parse_tile(parser, out));
    }
    return finish_batch(parser, &out->batch);
}

qn_status qn_csv_parse(qn_csv_parser *parser, const char *bytes, int64_t length, bool final,
                       int64_t max_records, qn_csv_block *out) {
    qn_csv_block block;
    qn_csv_block_init(&block);
    qn_status status = parse_block(parser, (qn_view){bytes, length}, final, max_records, &block);
    if (status != QN_OK) {
        qn_csv_block_clear(&block);
        release_columns(parser);
        return status;
    }
    qn_csv_block_clear(out);
    *out = block;
    return QN_OK;
}
