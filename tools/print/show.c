#include "tools/print/show.h"

#include "core/memory.h"
#include "core/text/number.h"
#include "core/time/date.h"
#include "features/scan/scan.h"
#include "mpi/comm/gather.h"
#include "tools/print/json_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDEST_CELL = 48 };

/* ---- One value ------------------------------------------------------------------------------ */

static qn_status print_real(double value, qn_text *out) {
    char number[32];
    return qn_text_add(out, number, qn_print_real(value, number));
}

static qn_status print_vector(const qn_column *column, int64_t row, qn_text *out) {
    bool sparse = column->indices != NULL;
    int64_t first = sparse ? column->offsets[row] : row * column->width;
    int64_t last = sparse ? column->offsets[row + 1] : first + column->width;
    QN_TRY(sparse ? qn_text_printf(out, "(%d", column->width) : qn_text_add_char(out, '['));
    for (int64_t k = first; k < last; k++) {
        if (sparse)
            QN_TRY(qn_text_printf(out, ", %d: ", column->indices[k]));
        else if (k > first)
            QN_TRY(qn_text_add(out, ", ", 2));
        QN_TRY(print_real(column->f64[k], out));
    }
    return qn_text_add_char(out, sparse ? ')' : ']');
}

static qn_status print_list(const qn_column *column, int64_t row, qn_text *out) {
    QN_TRY(qn_text_add_char(out, '['));
    for (int32_t k = column->offsets[row]; k < column->offsets[row + 1]; k++) {
        if (k > column->offsets[row])
            QN_TRY(qn_text_add(out, ", ", 2));
        QN_TRY(qn_cell_print(column->items, k, out));
    }
    return qn_text_add_char(out, ']');
}

qn_status qn_cell_print(const qn_column *column, int64_t row, qn_text *out) {
    char text[48];
    if (qn_column_is_null(column, row))
        return qn_text_add(out, "null", 4);
    switch (column->type) {
    case QN_BOOL:
        return qn_text_printf(out, "%s", qn_bit(column->bits, row) ? "true" : "false");
    case QN_INT32:
        return qn_text_printf(out, "%d", column->i32[row]);
    case QN_INT64:
        return qn_text_printf(out, "%lld", (long long)column->i64[row]);
    case QN_FLOAT32:
        return print_real((double)column->f32[row], out);
    case QN_FLOAT64:
        return print_real(column->f64[row], out);
    case QN_DATE:
        return qn_text_add(out, text, qn_print_date(column->i32[row], text));
    case QN_TIMESTAMP:
        return qn_text_add(out, text, qn_print_timestamp(column->i64[row], text));
    case QN_STRING: {
        qn_view view = qn_column_string(column, row);
        return qn_text_add(out, view.data, view.length);
    }
    case QN_STRING_LIST:
        return print_list(column, row, out);
    default:
        return print_vector(column, row, out);
    }
}

/* ---- Tables for people ---------------------------------------------------------------------- */

/* Characters, not bytes: continuation bytes do not count. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void print_cell(const char *text, int width, bool right, bool last) {
    int used = width_of(text), cut = 0;
    const char *end = text + strlen(text);
    if (used > width) {
        for (end = text; cut < width - 1; end++)
            cut += (end[1] & 0xC0) != 0x80;
        used = width;
    }
    if (right)
        printf("%*s", width - used, "");
    printf("%.*s%s", (int)(end - text), text, cut > 0 ? "~" : "");
    if (!right && !last)
        printf("%*s", width - used, "");
    printf("%s", last ? "\n" : "  ");
}

qn_status qn_show_cells(char *const *cells, int64_t rows, int32_t columns, const bool *right) {
    int *widths = NULL;
    QN_TRY(qn_mem_calloc(&widths, (size_t)columns, sizeof *widths));
    for (int64_t i = 0; i < (rows + 1) * columns; i++) {
        int width = width_of(cells[i]);
        int *widest = &widths[i % columns];
        *widest = width > *widest ? width : *widest;
        *widest = *widest > WIDEST_CELL ? WIDEST_CELL : *widest;
    }
    for (int64_t row = 0; row <= rows; row++)
        for (int32_t c = 0; c < columns; c++)
            print_cell(cells[row * columns + c], widths[c], right[c], c + 1 == columns);
    qn_mem_free(widths);
    return QN_OK;
}

static bool is_right(qn_type type) {
    return qn_type_is_numeric(type);
}

/* Cells of the first rows, heads in front; all texts are the caller's. */
static qn_status make_cells(const qn_table *table, int64_t rows, char **cells) {
    int32_t columns = table->schema.count;
    for (int32_t c = 0; c < columns; c++)
        QN_TRY(qn_mem_copy_text(&cells[c], table->schema.fields[c].name));
    int64_t row = 0;
    for (int64_t b = 0; b < table->batch_count && row < rows; b++) {
        const qn_batch *batch = &table->batches[b];
        for (int64_t i = 0; i < batch->length && row < rows; i++, row++)
            for (int32_t c = 0; c < columns; c++) {
                qn_text text;
                qn_text_init(&text);
                qn_status status = qn_text_add(&text, "", 0);
                if (status == QN_OK)
                    status = qn_cell_print(batch->columns[c], i, &text);
                cells[(row + 1) * columns + c] = text.data;
                QN_TRY(status);
            }
    }
    return QN_OK;
}

static qn_status show_table(const qn_table *table) {
    int32_t columns = table->schema.count;
    int64_t rows = table->row_count < QN_SHOW_ROWS ? table->row_count : QN_SHOW_ROWS;
    size_t count = (size_t)((rows + 1) * columns);
    char **cells = NULL;
    bool *right = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&cells, count, sizeof *cells), done);
    QN_TRY_GOTO(qn_mem_calloc(&right, (size_t)columns, sizeof *right), done);
    for (int32_t c = 0; c < columns; c++)
        right[c] = is_right(table->schema.fields[c].type);
    QN_TRY_GOTO(make_cells(table, rows, cells), done);
    QN_TRY_GOTO(qn_show_cells(cells, rows, columns, right), done);
    if (rows < table->row_count)
        printf("... %lld rows in all; --format csv prints every one\n",
               (long long)table->row_count);
done:
    qn_mem_free(right);
    qn_mem_free_all(cells, cells == NULL ? 0 : (int64_t)count);
    return status;
}

/* ---- Tables for programs -------------------------------------------------------------------- */

static qn_status show_csv(const qn_table *table) {
    qn_text text;
    qn_text_init(&text);
    qn_status status = qn_csv_format_header(&table->schema, &text);
    for (int64_t b = 0; b < table->batch_count && status == QN_OK; b++) {
        fwrite(text.data, 1, (size_t)text.length, stdout);
        qn_text_truncate(&text, 0);
        status = qn_csv_format_batch(&table->schema, &table->batches[b], &text);
    }
    if (status == QN_OK && text.length > 0)
        fwrite(text.data, 1, (size_t)text.length, stdout);
    qn_text_clear(&text);
    return status;
}

static bool needs_quotes(qn_type type) {
    return type == QN_STRING || type == QN_DATE || type == QN_TIMESTAMP;
}

static bool not_a_number(const qn_column *column, int64_t row) {
    return (column->type == QN_FLOAT64 || column->type == QN_FLOAT32) &&
           !isfinite(qn_column_real(column, row));
}

static qn_status json_items(const qn_column *column, int64_t row, qn_text *out) {
    QN_TRY(qn_text_add_char(out, '['));
    if (column->type == QN_STRING_LIST) {
        for (int32_t k = column->offsets[row]; k < column->offsets[row + 1]; k++) {
            QN_TRY(qn_text_printf(out, "%s", k > column->offsets[row] ? ", " : ""));
            QN_TRY(qn_column_is_null(column->items, k)
                       ? qn_text_add(out, "null", 4)
                       : qn_json_print_string(qn_column_string(column->items, k), out));
        }
        return qn_text_add_char(out, ']');
    }
    qn_column *dense = NULL;
    QN_TRY(qn_column_densify(&dense, column));
    qn_status status = QN_OK;
    for (int32_t k = 0; k < column->width && status == QN_OK; k++) {
        double value = dense->f64[row * column->width + k];
        status = qn_text_printf(out, "%s", k > 0 ? ", " : "");
        if (status == QN_OK)
            status = isfinite(value) ? print_real(value, out) : qn_text_add(out, "null", 4);
    }
    qn_column_release(dense);
    return status == QN_OK ? qn_text_add_char(out, ']') : status;
}

static qn_status json_cell(const qn_column *column, int64_t row, qn_text *out) {
    if (qn_column_is_null(column, row) || not_a_number(column, row))
        return qn_text_add(out, "null", 4);
    if (column->type == QN_VECTOR || column->type == QN_STRING_LIST)
        return json_items(column, row, out);
    if (!needs_quotes(column->type))
        return qn_cell_print(column, row, out);
    qn_text text;
    qn_text_init(&text);
    qn_status status = qn_cell_print(column, row, &text);
    if (status == QN_OK)
        status = qn_json_print_string((qn_view){text.data, text.length}, out);
    qn_text_clear(&text);
    return status;
}

static qn_status json_row(const qn_table *table, const qn_batch *batch, int64_t row, qn_text *out) {
    QN_TRY(qn_text_add(out, "{", 1));
    for (int32_t c = 0; c < table->schema.count; c++) {
        if (c > 0)
            QN_TRY(qn_text_add(out, ", ", 2));
        QN_TRY(qn_json_print_string(qn_view_of(table->schema.fields[c].name), out));
        QN_TRY(qn_text_add(out, ": ", 2));
        QN_TRY(json_cell(batch->columns[c], row, out));
    }
    return qn_text_add(out, "}", 1);
}

static qn_status show_json(const qn_table *table) {
    qn_text text;
    qn_text_init(&text);
    qn_status status = QN_OK;
    printf("[");
    bool first = true;
    for (int64_t b = 0; b < table->batch_count; b++)
        for (int64_t i = 0; i < table->batches[b].length && status == QN_OK; i++) {
            qn_text_truncate(&text, 0);
            status = json_row(table, &table->batches[b], i, &text);
            if (status == QN_OK)
                printf("%s\n  %s", first ? "" : ",", text.data);
            first = false;
        }
    printf("%s]\n", first ? "" : "\n");
    qn_text_clear(&text);
    return status;
}

static qn_status show_local(const qn_table *table, const char *format) {
    if (strcmp(format, "csv") == 0)
        return show_csv(table);
    return strcmp(format, "json") == 0 ? show_json(table) : show_table(table);
}

qn_status qn_show(qn_stream *in, qn_comm *comm, const char *format) {
    qn_table table;
    qn_table_init(&table);
    qn_status status = qn_gather_table(&table, in, comm, 0);
    if (status == QN_OK && qn_comm_rank(comm) == 0)
        status = show_local(&table, format);
    qn_table_clear(&table);
    return qn_comm_agree(comm, status);
}

qn_status qn_show_made(qn_status made, const qn_table *table, qn_comm *comm, const char *format) {
    qn_stream *stream = NULL;
    qn_status status = made;
    if (status == QN_OK)
        status = qn_table_stream(&stream, table);
    status = qn_comm_agree(comm, status);
    if (status == QN_OK)
        status = qn_show(stream, comm, format);
    qn_stream_free(stream);
    return status;
}
