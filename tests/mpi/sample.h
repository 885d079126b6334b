/* A table of every type whose values are functions of the row number, for tests of files and the
 * store. tests/mpi/check_part.py knows the same functions. */
#ifndef QUERN_TESTS_SAMPLE_H
#define QUERN_TESTS_SAMPLE_H

#include "core/memory.h"
#include "core/stream.h"
#include "mpi/comm/comm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLE_DENSE = 3, SAMPLE_SPARSE = 1000 };

typedef struct sample_field {
    const char *name;
    qn_type type;
    bool nullable;
} sample_field;

static const sample_field sample_fields[] = {
    {"flag", QN_BOOL, false},
    {"flag_null", QN_BOOL, true},
    {"i32", QN_INT32, false},
    {"i32_null", QN_INT32, true},
    {"i64", QN_INT64, false},
    {"i64_null", QN_INT64, true},
    {"f32", QN_FLOAT32, false},
    {"f64", QN_FLOAT64, false},
    {"f64_null", QN_FLOAT64, true},
    {"day", QN_DATE, false},
    {"day_null", QN_DATE, true},
    {"time", QN_TIMESTAMP, false},
    {"time_null", QN_TIMESTAMP, true},
    {"city", QN_STRING, false}, /* few values */
    {"city_null", QN_STRING, true},
    {"coded", QN_STRING, true}, /* few values with a dictionary in the batch */
    {"code", QN_STRING, false}, /* distinct short texts */
    {"a/b", QN_STRING, false},  /* distinct long texts, some empty */
    {"words", QN_STRING_LIST, false},
    {"words_null", QN_STRING_LIST, true},
    {"dense", QN_VECTOR, false},
    {"dense_null", QN_VECTOR, true},
    {"sparse", QN_VECTOR, false},
    {"mixed", QN_VECTOR, true}, /* sparse in even batches, dense in odd ones */
};
enum { SAMPLE_COLUMNS = sizeof sample_fields / sizeof *sample_fields };

static inline bool sample_null(int32_t column, int64_t row) {
    return sample_fields[column].nullable && (row * 7 + column) % 11 == 0;
}

static inline int sample_text(const char *name, int64_t row, char *out) {
    static const char *const cities[] = {"Paris", "Z\xC3\xBCrich", "", "Rome", "Oslo"};
    if (strcmp(name, "code") == 0)
        return sprintf(out, "r%lld", (long long)row);
    if (strcmp(name, "a/b") == 0)
        return row % 9 == 0 ? (out[0] = '\0', 0)
                            : sprintf(out, "%0*lld", 65 + (int)(row % 50), (long long)row);
    return sprintf(out, "%s", cities[row * 13 % 5]);
}

static inline void sample_set(qn_column *column, int64_t i, int64_t row) {
    switch (column->type) {
    case QN_BOOL:
        if (row % 3 == 0)
            qn_bit_set(column->bits, i);
        break;
    case QN_INT32:
        column->i32[i] = (int32_t)(row * 3 - 100);
        break;
    case QN_DATE:
        column->i32[i] = (int32_t)(row % 20000);
        break;
    case QN_INT64:
        column->i64[i] = row * INT64_C(10000000019) - 5;
        break;
    case QN_TIMESTAMP:
        column->i64[i] = INT64_C(1700000000000000000) + row * INT64_C(1000000007);
        break;
    case QN_FLOAT32:
        column->f32[i] = (float)row / 4;
        break;
    case QN_FLOAT64:
        column->f64[i] = row % 17 == 5 ? (double)NAN : (double)row / 8;
        break;
    default: /* a dense vector */
        for (int32_t j = 0; j < column->width; j++)
            column->f64[i * column->width + j] = j % 500 == row % 500 ? (double)(row + j) : 0;
    }
}

static inline qn_status sample_strings(qn_column **out, int32_t index, int64_t first,
                                       int64_t count) {
    const char *name = sample_fields[index].name;
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    char text[256];
    for (int64_t i = 0; i < count; i++) {
        int length = sample_text(name, first + i, text);
        QN_TRY(sample_null(index, first + i)
                   ? qn_string_builder_add_null(&builder)
                   : qn_string_builder_add(&builder, (qn_view){text, length}));
    }
    return qn_string_builder_finish(&builder, out);
}

/* Entry 0 of the dictionary is used by nobody. */
static inline qn_status sample_coded(qn_column **out, int32_t index, int64_t first, int64_t count) {
    qn_column *column = NULL;
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    QN_TRY(qn_string_builder_add(&builder, qn_view_of("unused")));
    for (int k = 0; k < 5; k++) {
        char text[64];
        int length = sample_text("city", k, text);
        QN_TRY(qn_string_builder_add(&builder, (qn_view){text, length}));
    }
    QN_TRY(qn_column_new(&column, QN_INT32, count, 0));
    column->type = QN_STRING;
    QN_TRY(qn_string_builder_finish(&builder, &column->dictionary));
    for (int64_t i = 0; i < count; i++) {
        if (sample_null(index, first + i))
            QN_TRY(qn_column_set_null(column, i));
        else
            column->codes[i] = 1 + (int32_t)((first + i) % 5);
    }
    *out = column;
    return QN_OK;
}

static inline qn_status sample_lists(qn_column **out, int32_t index, int64_t first, int64_t count) {
    qn_column *column = NULL;
    qn_string_builder items;
    qn_string_builder_init(&items);
    QN_TRY(qn_column_new(&column, QN_STRING_LIST, count, 0));
    for (int64_t i = 0; i < count; i++) {
        int64_t row = first + i;
        for (int64_t k = 0; !sample_null(index, row) && k < row % 4; k++) {
            char text[64];
            int length = sprintf(text, "w%lld", (long long)((row + k) % 100));
            QN_TRY(qn_string_builder_add(&items, (qn_view){text, length}));
        }
        if (sample_null(index, row))
            QN_TRY(qn_column_set_null(column, i));
        column->offsets[i + 1] = (int32_t)items.length;
    }
    *out = column;
    return qn_string_builder_finish(&items, &column->items);
}

static inline qn_status sample_sparse(qn_column **out, int32_t index, int64_t first,
                                      int64_t count) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_VECTOR, count, 0));
    column->width = SAMPLE_SPARSE;
    QN_TRY(qn_mem_calloc(&column->offsets, (size_t)count + 17, sizeof(int32_t)));
    QN_TRY(qn_mem_calloc(&column->indices, (size_t)count * 2 + 16, sizeof(int32_t)));
    QN_TRY(qn_mem_resize(&column->f64, (size_t)count * 2 + 8, sizeof(double)));
    int32_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t row = first + i;
        if (sample_null(index, row)) {
            QN_TRY(qn_column_set_null(column, i));
        } else {
            for (int32_t j = (int32_t)(row % 500); j < SAMPLE_SPARSE; j += 500) {
                column->indices[n] = j;
                column->f64[n++] = (double)(row + j);
            }
        }
        column->offsets[i + 1] = n;
    }
    *out = column;
    return QN_OK;
}

static inline qn_status sample_column(qn_column **out, int32_t index, int64_t first,
                                      int64_t count) {
    const sample_field *field = &sample_fields[index];
    bool odd = first / QN_BATCH_ROWS % 2 != 0;
    if (strcmp(field->name, "coded") == 0)
        return sample_coded(out, index, first, count);
    if (field->type == QN_STRING)
        return sample_strings(out, index, first, count);
    if (field->type == QN_STRING_LIST)
        return sample_lists(out, index, first, count);
    if (strcmp(field->name, "sparse") == 0 || (strcmp(field->name, "mixed") == 0 && !odd))
        return sample_sparse(out, index, first, count);
    int32_t width = strcmp(field->name, "mixed") == 0 ? SAMPLE_SPARSE : SAMPLE_DENSE;
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, field->type, count, field->type == QN_VECTOR ? width : 0));
    for (int64_t i = 0; i < count; i++) {
        if (sample_null(index, first + i))
            QN_TRY(qn_column_set_null(column, i));
        else
            sample_set(column, i, first + i);
    }
    *out = column;
    return QN_OK;
}

/* f64 are categories of `colour`; slot 1 of `dense` are those of `shape`. */
static inline qn_status sample_categories(qn_field *field) {
    const char *const shapes[] = {"round", "square"};
    qn_attributes *nominal = NULL;
    if (strcmp(field->name, "f64") == 0)
        return qn_attributes_set_source(field->attributes, "colour");
    if (strcmp(field->name, "dense") != 0)
        return QN_OK;
    QN_TRY(qn_attributes_new(&nominal, QN_ATTRIBUTE_NOMINAL, shapes, 2));
    qn_status status = qn_attributes_set_source(nominal, "shape");
    if (status == QN_OK)
        status = qn_attributes_set_slot(field->attributes, 1, nominal);
    qn_attributes_release(nominal);
    return status;
}

static inline qn_status sample_schema(qn_schema *schema) {
    static const char *const slots[] = {"x", "y", "z"};
    qn_schema_init(schema);
    for (int32_t i = 0; i < SAMPLE_COLUMNS; i++) {
        qn_field field = {.name = (char *)(uintptr_t)sample_fields[i].name,
                          .type = sample_fields[i].type};
        if (field.type == QN_VECTOR)
            field.width = strstr(field.name, "dense") ? SAMPLE_DENSE : SAMPLE_SPARSE;
        if (strcmp(field.name, "dense") == 0)
            QN_TRY(qn_attributes_new(&field.attributes, QN_ATTRIBUTE_VECTOR, slots, 3));
        if (strcmp(field.name, "f64") == 0)
            QN_TRY(qn_attributes_new(&field.attributes, QN_ATTRIBUTE_NOMINAL, slots, 3));
        QN_TRY(sample_categories(&field));
        QN_TRY(qn_schema_add_field(schema, &field));
        qn_attributes_release(field.attributes);
    }
    return QN_OK;
}

/* Rows [first, first + count) as a batch. */
static inline qn_status sample_batch(qn_batch *batch, int64_t first, int64_t count) {
    qn_batch_init(batch);
    batch->first_row = first;
    batch->length = count;
    for (int32_t i = 0; i < SAMPLE_COLUMNS; i++) {
        qn_column *column = NULL;
        QN_TRY(sample_column(&column, i, first, count));
        QN_TRY(qn_batch_append(batch, column));
    }
    return QN_OK;
}

/* This rank's batches of a table of `rows` rows. `cut`: leaves the batches' last rows out, a
 * different number in each, as a filter would. */
static inline qn_status sample_table(qn_table *table, qn_comm *comm, int64_t rows, bool cut) {
    int64_t batches = (rows + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS;
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_table_init(table);
    QN_TRY(sample_schema(&table->schema));
    for (int64_t k = rank * batches / size; k < (rank + 1) * batches / size; k++) {
        int64_t first = k * QN_BATCH_ROWS;
        int64_t count = rows - first < QN_BATCH_ROWS ? rows - first : QN_BATCH_ROWS;
        count -= cut ? (k * 777 + 123) % (count + 1) : 0;
        qn_batch batch;
        QN_TRY(sample_batch(&batch, first, count));
        QN_TRY(qn_table_add(table, &batch));
    }
    return QN_OK;
}

#endif
