/* The table that the SQL and operator tests read: 1,000 rows of formulas, in batches of 64, each
 * rank holding a contiguous range of the batches. tests/golden/sql.py makes the same one. */
#ifndef QUERN_TESTS_FEATURES_SQL_TABLE_H
#define QUERN_TESTS_FEATURES_SQL_TABLE_H

#include "core/memory.h"
#include "core/stream.h"
#include "core/text/number.h"
#include "core/time/date.h"
#include "tests/harness/harness.h"

#include <string.h>

enum { TABLE_ROWS = 1000, TABLE_CUT = 64, TABLE_FIRST_DAY = 18262 /* 2020-01-01 */ };

static qn_status sql_table_strings(qn_column **out, int64_t first, int64_t rows) {
    static const char *const words[] = {"Ideal", "Premium", "good", "Very Good", "Fair", ""};
    qn_string_builder builder;
    qn_status status = QN_OK;
    qn_string_builder_init(&builder);
    for (int64_t i = first; i < first + rows; i++) {
        if (i % 17 == 4)
            QN_TRY_GOTO(qn_string_builder_add_null(&builder), done);
        else
            QN_TRY_GOTO(qn_string_builder_add(&builder, qn_view_of(words[i * 5 % 6])), done);
    }
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status sql_table_numbers(qn_batch *batch) {
    qn_column **columns = batch->columns;
    for (int64_t row = 0; row < batch->length; row++) {
        int64_t i = batch->first_row + row;
        columns[0]->i64[row] = i;
        columns[1]->i32[row] = i % 13 == 5 ? 0 : (int32_t)(i * 7919 % 101 - 50);
        columns[2]->f64[row] = i % 11 == 3 ? 0 : (double)(i * 31 % 97) / 8;
        columns[5]->i32[row] = i % 23 == 9 ? 0 : TABLE_FIRST_DAY + (int32_t)i;
        if (i / 3 % 2 == 0 && i % 19 != 7)
            qn_bit_set(columns[4]->bits, row);
        if (i % 13 == 5)
            QN_TRY(qn_column_set_null(columns[1], row));
        if (i % 11 == 3)
            QN_TRY(qn_column_set_null(columns[2], row));
        if (i % 19 == 7)
            QN_TRY(qn_column_set_null(columns[4], row));
        if (i % 23 == 9)
            QN_TRY(qn_column_set_null(columns[5], row));
    }
    return QN_OK;
}

static const struct {
    const char *name;
    qn_type type;
} sql_table_columns[] = {{"id", QN_INT64},   {"n", QN_INT32},   {"x", QN_FLOAT64},
                         {"Cut", QN_STRING}, {"flag", QN_BOOL}, {"day", QN_DATE}};

static qn_status sql_table_batch(qn_batch *out, int64_t first) {
    int64_t rows = TABLE_ROWS - first < TABLE_CUT ? TABLE_ROWS - first : TABLE_CUT;
    QN_TRY(qn_batch_reserve(out, 6));
    out->length = rows;
    out->first_row = first;
    for (int i = 0; i < 6; i++)
        QN_TRY(i == 3 ? sql_table_strings(&out->columns[i], first, rows)
                      : qn_column_new(&out->columns[i], sql_table_columns[i].type, rows, 0));
    return sql_table_numbers(out);
}

static qn_status sql_table_fill(qn_table *table, int rank, int size) {
    int64_t batches = (TABLE_ROWS + TABLE_CUT - 1) / TABLE_CUT;
    for (int i = 0; i < 6; i++)
        QN_TRY(qn_schema_add(&table->schema, sql_table_columns[i].name, sql_table_columns[i].type));
    for (int64_t b = batches * rank / size; b < batches * (rank + 1) / size; b++) {
        qn_batch batch;
        qn_batch_init(&batch);
        qn_status status = sql_table_batch(&batch, b * TABLE_CUT);
        if (status != QN_OK) {
            qn_batch_clear(&batch);
            return status;
        }
        QN_TRY(qn_table_add(table, &batch));
    }
    return QN_OK;
}

/* This rank's part as a stream. */
static inline qn_status sql_table_open(qn_stream **out, qn_comm *comm) {
    qn_table table;
    qn_table_init(&table);
    qn_status status = sql_table_fill(&table, qn_comm_rank(comm), qn_comm_size(comm));
    if (status == QN_OK)
        status = qn_table_stream(out, &table);
    qn_table_clear(&table);
    return status;
}

/* ---- Rows as text: fields joined by '|', null as \N, bool as 0 and 1
 * ----------------------------- */

static qn_status sql_print_value(const qn_column *column, int64_t row, qn_text *out) {
    char text[64];
    int length = 0;
    if (qn_column_is_null(column, row))
        return qn_text_add(out, "\\N", 2);
    switch (column->type) {
    case QN_STRING: {
        qn_view view = qn_column_string(column, row);
        return qn_text_add(out, view.data, view.length);
    }
    case QN_DATE:
        length = qn_print_date(column->i32[row], text);
        break;
    case QN_TIMESTAMP:
        length = qn_print_timestamp(column->i64[row], text);
        break;
    case QN_INT64:
        length = qn_print_int64(column->i64[row], text);
        break;
    default:
        length = qn_print_real(qn_column_real(column, row), text);
        break;
    }
    return qn_text_add(out, text, length);
}

static inline qn_status sql_print_stream(qn_stream *stream, qn_text *out) {
    qn_status status = QN_OK;
    for (bool more = true; more && status == QN_OK;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(stream, &batch));
        more = batch.count > 0;
        for (int64_t row = 0; row < batch.length && status == QN_OK; row++) {
            for (int32_t i = 0; i < batch.count && status == QN_OK; i++) {
                if (i > 0)
                    status = qn_text_add_char(out, '|');
                if (status == QN_OK)
                    status = sql_print_value(batch.columns[i], row, out);
            }
            if (status == QN_OK)
                status = qn_text_add_char(out, '\n');
        }
        qn_batch_clear(&batch);
    }
    return status;
}

/* Collective. All ranks' rows in rank order; frees the stream. The text is the caller's. */
static inline qn_status sql_gather_text(char **out, qn_stream *stream, qn_comm *comm) {
    qn_text local;
    void *all = NULL;
    int64_t *offsets = NULL;
    qn_text_init(&local);
    qn_status status = qn_comm_agree(comm, sql_print_stream(stream, &local));
    if (status == QN_OK)
        status = qn_comm_allgatherv(comm, local.data, local.length, &all, &offsets);
    if (status == QN_OK)
        status = qn_format(out, "%.*s", (int)offsets[qn_comm_size(comm)], (const char *)all);
    qn_mem_free(all);
    qn_mem_free(offsets);
    qn_text_clear(&local);
    qn_stream_free(stream);
    return status;
}

#endif
