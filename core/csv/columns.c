/* The fields of a tile that belong to one column. */
#include "core/csv/parser.h"
#include "core/text/utf8.h"

#include <string.h>

static qn_view span(const qn_csv_parser *parser, int64_t i) {
    qn_csv_span at = parser->spans[i];
    return (qn_view){parser->index.base + at.begin, at.end - at.begin};
}

/* One field of any type but string, by all the rules. */
static qn_status parse_by_rules(qn_csv_parser *parser, qn_csv_target *t, int64_t i,
                                qn_csv_value *value) {
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
    return qn_csv_fault_add(parser, i, t->field, verdict);
}

/* The same. What reads as a value as it stands has no quotes or blanks; if it is no null string
 * either, the rules would not change it. */
static inline qn_status parse_one(qn_csv_parser *parser, qn_csv_target *t, int64_t i,
                                  qn_csv_value *value) {
    qn_view raw = span(parser, i);
    if (raw.length > 0 && parser->dialect->null_count == 0 &&
        qn_csv_field_value(parser->dialect, raw, t->type, value) == QN_CSV_VALUE)
        return QN_OK;
    return parse_by_rules(parser, t, i, value);
}

/* Kernels know no null strings: sets those to null that read as numbers. */
static qn_status find_numeric_nulls(qn_csv_parser *parser, qn_csv_target *t) {
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

static qn_status parse_float64(qn_csv_parser *parser, qn_csv_target *t) {
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

static qn_status parse_int64(qn_csv_parser *parser, qn_csv_target *t) {
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

static qn_status parse_int32(qn_csv_parser *parser, qn_csv_target *t) {
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

static qn_status parse_others(qn_csv_parser *parser, qn_csv_target *t) {
    for (int64_t i = 0; i < parser->rows.count; i++) {
        qn_csv_value value;
        QN_TRY(parse_one(parser, t, i, &value));
        put_value(t->column, parser->row_count + i, value);
    }
    return QN_OK;
}

/* A string by all the rules. */
static qn_status parse_string(qn_csv_parser *parser, qn_csv_target *t, int64_t i) {
    qn_view text;
    qn_csv_verdict verdict =
        qn_csv_field_text(parser->dialect, span(parser, i), true, parser->scratch, &text);
    if (verdict == QN_CSV_VALUE && parser->index.beyond && !qn_utf8_is_valid(text))
        verdict = QN_CSV_BAD_UTF8;
    if (verdict == QN_CSV_VALUE)
        return qn_csv_strings_add(&t->strings, text);
    if (verdict != QN_CSV_NULL)
        QN_TRY(qn_csv_fault_add(parser, i, t->field, verdict));
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

static qn_status parse_strings(qn_csv_parser *parser, qn_csv_target *t) {
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

qn_status qn_csv_column_parse(qn_csv_parser *parser, qn_csv_target *t) {
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
