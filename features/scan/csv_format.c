#include "features/scan/csv_format.h"

#include "core/memory.h"
#include "core/text/number.h"
#include "core/time/date.h"
#include "features/scan/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room that any value of a fixed-width type and its delimiter need. */
enum { FIXED_ROOM = 48 };

/* ---- Single values: they write at `out` and return the end ---------------------------------- */

static bool needs_quotes(qn_view value) {
    static const bool special[256] = {[','] = true, ['"'] = true, ['\n'] = true, ['\r'] = true};
    bool found = value.length == 0;
    for (int64_t i = 0; i < value.length; i++)
        found |= special[(unsigned char)value.data[i]];
    return found;
}

static char *put_string(char *out, qn_view value) {
    if (!needs_quotes(value)) {
        memcpy(out, value.data, (size_t)value.length);
        return out + value.length;
    }
    *out++ = '"';
    for (int64_t i = 0; i < value.length; i++) {
        if (value.data[i] == '"')
            *out++ = '"';
        *out++ = value.data[i];
    }
    *out++ = '"';
    return out;
}

/* The shortest decimal that reads back as the same float: it has at most 9 digits. */
static char *put_float(char *out, float value) {
    char text[32];
    double shortest = value;
    for (int digits = 6; digits <= 9 && value == value; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) {
            shortest = strtod(text, NULL);
            break;
        }
    }
    return out + qn_print_real(shortest, out);
}

static char *put_bool(char *out, bool value) {
    memcpy(out, value ? "true" : "false", 5);
    return out + (value ? 4 : 5);
}

/* A JSON string within a quoted field: its quotes are doubled. */
static char *put_item(char *out, qn_view value) {
    out = stpcpy(out, "\"\"");
    for (int64_t i = 0; i < value.length; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (byte == '"')
            out = stpcpy(out, "\\\"\"");
        else if (byte == '\\')
            out = stpcpy(out, "\\\\");
        else if (byte < 0x20)
            out += sprintf(out, "\\u%04x", byte);
        else
            *out++ = (char)byte;
    }
    return stpcpy(out, "\"\"");
}

static char *put_list(char *out, const qn_column *column, int64_t row) {
    out = stpcpy(out, "\"[");
    for (int64_t i = column->offsets[row]; i < column->offsets[row + 1]; i++) {
        if (i > column->offsets[row])
            *out++ = ',';
        if (qn_column_is_null(column->items, i))
            out = stpcpy(out, "null");
        else
            out = put_item(out, qn_column_string(column->items, i));
    }
    return stpcpy(out, "]\"");
}

static char *put_reals(char *out, const double *values, int64_t count) {
    *out++ = '[';
    for (int64_t i = 0; i < count; i++) {
        if (i > 0)
            *out++ = ',';
        out += qn_print_real(values[i], out);
    }
    *out++ = ']';
    return out;
}

static char *put_vector(char *out, const qn_column *column, int64_t row) {
    *out++ = '"';
    if (column->indices == NULL) {
        out = put_reals(out, column->f64 + row * column->width, column->width);
    } else {
        int64_t begin = column->offsets[row], end = column->offsets[row + 1];
        out += sprintf(out, "(%d,[", column->width);
        for (int64_t i = begin; i < end; i++) {
            if (i > begin)
                *out++ = ',';
            out += qn_print_int64(column->indices[i], out);
        }
        out = stpcpy(out, "],");
        out = put_reals(out, column->f64 + begin, end - begin);
        *out++ = ')';
    }
    *out++ = '"';
    return out;
}

static char *put_value(char *out, const qn_column *column, int64_t row) {
    switch (column->type) {
    case QN_BOOL:
        return put_bool(out, qn_bit(column->bits, row));
    case QN_INT32:
        return out + qn_print_int64(column->i32[row], out);
    case QN_INT64:
        return out + qn_print_int64(column->i64[row], out);
    case QN_FLOAT32:
        return put_float(out, column->f32[row]);
    case QN_FLOAT64:
        return out + qn_print_real(column->f64[row], out);
    case QN_DATE:
        return out + qn_print_date(column->i32[row], out);
    case QN_TIMESTAMP:
        return out + qn_print_timestamp(column->i64[row], out);
    case QN_STRING_LIST:
        return put_list(out, column, row);
    case QN_VECTOR:
        return put_vector(out, column, row);
    default:
        return put_string(out, qn_column_string(column, row));
    }
}

/* ---- Rows ----------------------------------------------------------------------------------- */

/* Bytes that a value of variable length takes at most, beyond FIXED_ROOM. */
static int64_t room_for(const qn_column *column, int64_t row) {
    if (column->type == QN_STRING)
        return 2 * qn_column_string(column, row).length;
    if (column->type == QN_VECTOR && column->indices == NULL)
        return (int64_t)column->width * 32;
    if (column->type == QN_VECTOR)
        return (int64_t)(column->offsets[row + 1] - column->offsets[row]) * 48;
    int64_t room = 0;
    for (int64_t i = column->offsets[row]; i < column->offsets[row + 1]; i++)
        room += 6 * qn_column_string(column->items, i).length + 8;
    return room;
}

static bool is_variable(const qn_column *column) {
    return column->type == QN_STRING || column->type == QN_VECTOR || column->type == QN_STRING_LIST;
}

static int64_t row_room(const qn_batch *batch, int64_t row) {
    int64_t room = (int64_t)batch->count * FIXED_ROOM + 1;
    for (int32_t c = 0; c < batch->count; c++)
        if (is_variable(batch->columns[c]))
            room += room_for(batch->columns[c], row);
    return room;
}

static char *put_row(char *out, const qn_batch *batch, int64_t row) {
    for (int32_t c = 0; c < batch->count; c++) {
        const qn_column *column = batch->columns[c];
        if (c > 0)
            *out++ = ',';
        if (!qn_column_is_null(column, row))
            out = put_value(out, column, row);
        else if (batch->count == 1) /* a blank line would be no record */
            out = stpcpy(out, "\"\"");
    }
    *out++ = '\n';
    return out;
}

qn_status qn_csv_format_batch(const qn_schema *schema, const qn_batch *batch, qn_text *out) {
    (void)schema;
    for (int64_t row = 0; row < batch->length; row++) {
        int64_t room = row_room(batch, row);
        if (out->capacity - out->length <= room)
            QN_TRY(qn_text_reserve(out, room));
        char *end = put_row(out->data + out->length, batch, row);
        out->length = end - out->data;
    }
    if (out->data != NULL)
        out->data[out->length] = '\0';
    return QN_OK;
}

qn_status qn_csv_format_string(qn_text *out, qn_view value) {
    QN_TRY(qn_text_reserve(out, 2 * value.length + 2));
    out->length = put_string(out->data + out->length, value) - out->data;
    out->data[out->length] = '\0';
    return QN_OK;
}

qn_status qn_csv_format_header(const qn_schema *schema, qn_text *out) {
    for (int32_t i = 0; i < schema->count; i++) {
        if (i > 0)
            QN_TRY(qn_text_add_char(out, ','));
        QN_TRY(qn_csv_format_string(out, qn_view_of(schema->fields[i].name)));
    }
    return qn_text_add_char(out, '\n');
}
