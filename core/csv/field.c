#include "core/csv/field.h"

#include "core/text/number.h"
#include "core/text/utf8.h"
#include "core/time/format.h"

#include <stdio.h>
#include <string.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static qn_view trim(qn_view text) {
    while (text.length > 0 && is_blank(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.data[text.length - 1]))
        text.length--;
    return text;
}

bool qn_csv_is_null(const qn_csv_dialect *dialect, qn_view text) {
    if (text.length == 0)
        return true;
    for (int64_t i = 0; i < dialect->null_count; i++)
        if (qn_view_equal(text, qn_view_of(dialect->nulls[i])))
            return true;
    return false;
}

bool qn_csv_has_numeric_nulls(const qn_csv_dialect *dialect) {
    double value;
    for (int64_t i = 0; i < dialect->null_count; i++)
        if (qn_parse_real_with(qn_view_of(dialect->nulls[i]), dialect->decimal, &value))
            return true;
    return false;
}

/* The inside of a quoted field, up to its closing quote, which must be the last byte. */
static bool unquote(const qn_csv_dialect *dialect, qn_view field, char *scratch, qn_view *out) {
    char quote = dialect->quote, escape = dialect->escape;
    const char *at = field.data + 1, *end = field.data + field.length;
    const char *closing = memchr(at, quote, (size_t)(end - at));
    if (closing == end - 1 && (escape == 0 || memchr(at, escape, (size_t)(end - at)) == NULL)) {
        *out = (qn_view){at, closing - at};
        return true;
    }
    char *to = scratch;
    for (; at < end; at++) {
        bool more = at + 1 < end;
        if (escape != 0 && *at == escape && more && (at[1] == quote || at[1] == escape)) {
            *to++ = *++at;
        } else if (*at == quote) {
            if (!more || at[1] != quote)
                break;
            *to++ = *at++;
        } else {
            *to++ = *at;
        }
    }
    *out = (qn_view){scratch, to - scratch};
    return at == end - 1;
}

/* True if the unquoted field has a quote that no escape stands before. */
static bool has_quote(const qn_csv_dialect *dialect, qn_view field) {
    if (dialect->quote == 0 || memchr(field.data, dialect->quote, (size_t)field.length) == NULL)
        return false;
    bool escaped = false;
    for (int64_t i = 0; i < field.length; i++) {
        if (field.data[i] == dialect->quote && !escaped)
            return true;
        escaped = dialect->escape != 0 && field.data[i] == dialect->escape && !escaped;
    }
    return false;
}

qn_csv_verdict qn_csv_field_text(const qn_csv_dialect *dialect, qn_view field, bool is_string,
                                 char *scratch, qn_view *out) {
    qn_view raw = field;
    bool trims = dialect->trim || !is_string;
    if (trims)
        field = trim(field);
    if (field.length > 0 && dialect->quote != 0 && field.data[0] == dialect->quote) {
        if (!unquote(dialect, field, scratch, out))
            return QN_CSV_BAD_QUOTE;
        if (is_string)
            return QN_CSV_VALUE;
        *out = trim(*out);
        return qn_csv_is_null(dialect, *out) ? QN_CSV_NULL : QN_CSV_VALUE;
    }
    *out = field;
    if (qn_csv_is_null(dialect, dialect->trim ? field : raw))
        return QN_CSV_NULL;
    return field.length > 0 && has_quote(dialect, field) ? QN_CSV_BAD_QUOTE : QN_CSV_VALUE;
}

static qn_csv_verdict integer_value(qn_view text, qn_type type, qn_csv_value *out) {
    int64_t wide;
    if (!qn_parse_int64(text, &wide))
        return qn_is_int_too_long(text) ? QN_CSV_BAD_RANGE : QN_CSV_BAD_VALUE;
    if (type == QN_INT64) {
        out->i64 = wide;
    } else {
        if (wide < INT32_MIN || wide > INT32_MAX)
            return QN_CSV_BAD_RANGE;
        out->i32 = (int32_t)wide;
    }
    return QN_CSV_VALUE;
}

static bool bool_value(qn_view text, bool *out) {
    const uint32_t lower = 0x20202020; /* in any case */
    uint32_t word;
    if (text.length < 4 || text.length > 5)
        return false;
    memcpy(&word, text.data, sizeof word);
    *out = text.length == 4;
    if (text.length == 4)
        return (word | lower) == (((uint32_t)'e' << 24) | 'u' << 16 | 'r' << 8 | 't');
    return (word | lower) == (((uint32_t)'s' << 24) | 'l' << 16 | 'a' << 8 | 'f') &&
           (text.data[4] | 0x20) == 'e';
}

qn_csv_verdict qn_csv_field_value(const qn_csv_dialect *dialect, qn_view text, qn_type type,
                                  qn_csv_value *out) {
    bool good = false;
    *out = (qn_csv_value){0};
    switch (type) {
    case QN_BOOL:
        good = bool_value(text, &out->truth);
        break;
    case QN_INT32:
    case QN_INT64:
        return integer_value(text, type, out);
    case QN_FLOAT32:
        good = qn_parse_real32_with(text, dialect->decimal, &out->f32);
        break;
    case QN_FLOAT64:
        good = qn_parse_real_with(text, dialect->decimal, &out->f64);
        break;
    case QN_DATE:
        good = dialect->date_format
                   ? qn_time_format_parse_date(dialect->date_format, text, &out->i32)
                   : qn_parse_date(text, &out->i32);
        break;
    case QN_TIMESTAMP:
        good = dialect->timestamp_format
                   ? qn_time_format_parse(dialect->timestamp_format, text, &out->i64)
                   : qn_parse_timestamp(text, &out->i64);
        break;
    default:
        break;
    }
    return good ? QN_CSV_VALUE : QN_CSV_BAD_VALUE;
}

/* ---- Words for people ----------------------------------------------------------------------- */

/* Copies the start of a text with what is not printable written as \xNN. */
static void print_excerpt(qn_view text, char *out, size_t out_size) {
    size_t length = 0;
    int64_t i = 0;
    bool valid = qn_utf8_is_valid(text);
    for (; i < text.length && length + 16 < out_size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !valid))
            length += (size_t)snprintf(out + length, out_size - length, "\\x%02x", c);
        else
            out[length++] = (char)c;
    }
    if (i < text.length) {
        while (valid && length > 0 && ((unsigned char)text.data[i] & 0xc0) == 0x80) {
            i--; /* cut between characters */
            length--;
        }
        length += (size_t)snprintf(out + length, out_size - length, "...");
    }
    out[length] = '\0';
}

void qn_csv_field_explain(qn_csv_verdict verdict, qn_view text, qn_type type, char *out,
                          size_t out_size) {
    char excerpt[80];
    print_excerpt(text, excerpt, sizeof excerpt);
    if (verdict == QN_CSV_BAD_VALUE && !qn_utf8_is_valid(text))
        verdict = QN_CSV_BAD_UTF8;
    const char *name = qn_type_name(type);
    const char *article = type == QN_INT32 || type == QN_INT64 ? "an" : "a";
    switch (verdict) {
    case QN_CSV_BAD_QUOTE:
        snprintf(out, out_size, "a quote in the middle of a field: '%s'", excerpt);
        break;
    case QN_CSV_BAD_UTF8:
        snprintf(out, out_size, "invalid UTF-8: '%s'", excerpt);
        break;
    case QN_CSV_BAD_RANGE:
        snprintf(out, out_size, "number out of range: '%s' does not fit %s %s", excerpt, article,
                 name);
        break;
    default:
        snprintf(out, out_size, "'%s' is not %s %s", excerpt, article, name);
        break;
    }
}
