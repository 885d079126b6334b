/* Test data for stages: whole columns that every rank builds, cut into batches of which each rank
 * streams its contiguous range; and looks at what comes out. */
#ifndef QUERN_TESTS_FEATURES_STAGE_DATA_H
#define QUERN_TESTS_FEATURES_STAGE_DATA_H

#include "core/memory.h"
#include "features/stage/registry.h"
#include "features/wide/wide.h"
#include "ml/registry.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Building ------------------------------------------------------------------------------- */

/* A frame is a table of one batch with all rows. Takes over the column. */
static inline void frame_add(qn_table *frame, const char *name, qn_column *column,
                             qn_attributes *attributes) {
    qn_field field = {(char *)(uintptr_t)name, column->type, column->width, attributes};
    QN_TEST_OK(qn_schema_add_field(&frame->schema, &field));
    if (frame->batch_count == 0) {
        qn_batch batch;
        qn_batch_init(&batch);
        batch.length = column->length;
        QN_TEST_OK(qn_table_add(frame, &batch));
    }
    QN_TEST_OK(qn_batch_append(&frame->batches[0], column));
}

static inline void frame_reals(qn_table *frame, const char *name, const double *values,
                               int64_t count) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_FLOAT64, count, 0));
    memcpy(column->f64, values, (size_t)count * sizeof *values);
    frame_add(frame, name, column, NULL);
}

static inline void frame_ints(qn_table *frame, const char *name, const int32_t *values,
                              int64_t count) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_INT32, count, 0));
    memcpy(column->i32, values, (size_t)count * sizeof *values);
    frame_add(frame, name, column, NULL);
}

/* NULL for a null. */
static inline void frame_texts(qn_table *frame, const char *name, const char *const *values,
                               int64_t count) {
    qn_column *column = NULL;
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < count; i++)
        QN_TEST_OK(values[i] == NULL ? qn_string_builder_add_null(&builder)
                                     : qn_string_builder_add(&builder, qn_view_of(values[i])));
    QN_TEST_OK(qn_string_builder_finish(&builder, &column));
    frame_add(frame, name, column, NULL);
}

static inline void frame_vectors(qn_table *frame, const char *name, const double *values,
                                 int64_t count, int32_t width) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_VECTOR, count, width));
    memcpy(column->f64, values, (size_t)(count * width) * sizeof *values);
    frame_add(frame, name, column, NULL);
}

/* Makes a row of the last column null (a list must be empty there). */
static inline void frame_null(qn_table *frame, int64_t row) {
    qn_batch *batch = &frame->batches[0];
    qn_column *column = batch->columns[batch->count - 1];
    QN_TEST_OK(qn_column_set_null(column, row));
    if (qn_type_size(column->type) == 8)
        column->i64[row] = 0;
    else if (qn_type_size(column->type) == 4)
        column->i32[row] = 0;
    for (int32_t k = 0; column->type == QN_VECTOR && k < column->width; k++)
        column->f64[row * column->width + k] = 0;
}

/* `length` rows from row `at` on, as batch number `number` of a source. */
static inline void frame_cut(const qn_batch *whole, int64_t number, int64_t at, int64_t length,
                             qn_batch *out) {
    QN_TEST_OK(qn_batch_reserve(out, whole->count));
    out->first_row = number * QN_BATCH_ROWS;
    out->length = length;
    for (int32_t c = 0; c < whole->count; c++)
        QN_TEST_OK(qn_column_slice(&out->columns[c], whole->columns[c], at, length));
    QN_TEST_OK(qn_column_new(&out->row_ids, QN_INT64, length, 0));
    for (int64_t i = 0; i < length; i++)
        out->row_ids->i64[i] = at + i;
}

/* Batches of `rows` rows; rank r of the communicator streams the r-th part of them. */
static inline qn_stream *frame_stream(const qn_table *frame, qn_comm *comm, int64_t rows) {
    const qn_batch *whole = &frame->batches[0];
    int64_t count = (whole->length + rows - 1) / rows;
    int64_t first = count * qn_comm_rank(comm) / qn_comm_size(comm);
    int64_t end = count * (qn_comm_rank(comm) + 1) / qn_comm_size(comm);
    qn_batch *batches = NULL;
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_mem_calloc(&batches, (size_t)(end - first), sizeof *batches));
    for (int64_t b = first; b < end; b++) {
        int64_t left = whole->length - b * rows;
        frame_cut(whole, b, b * rows, left < rows ? left : rows, &batches[b - first]);
    }
    QN_TEST_OK(qn_stream_of_batches(&stream, &frame->schema, batches, end - first));
    for (int64_t b = 0; b < end - first; b++)
        qn_batch_clear(&batches[b]);
    qn_mem_free(batches);
    return stream;
}

/* ---- Stages --------------------------------------------------------------------------------- */

/* Where stages of this library are found. */
static const qn_registry stage_registries[] = {qn_feature_stages, qn_estimators, NULL};

/* A stage from "name option=value option=value"; commas separate lists. */
static inline qn_stage *stage_of(const char *text) {
    char copy[512], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    const qn_stage_class *class_ = NULL;
    qn_stage *stage = NULL;
    QN_TEST_OK(qn_stage_find(stage_registries, strsep(&rest, " "), &class_));
    QN_TEST_OK(qn_stage_new(&stage, class_));
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        char *equals = strchr(word, '=');
        *equals = '\0';
        QN_TEST_OK(qn_stage_set(stage, word, equals + 1));
    }
    return stage;
}

/* Transforms the frame in batches of `rows` rows. *out: this rank's part, the caller's in any
 * case. */
static inline qn_status transform_frame(qn_stage *stage, const qn_table *frame, int64_t rows,
                                        qn_table *out) {
    qn_execution execution = qn_execution_of(qn_test_comm());
    qn_stream *stream = NULL;
    qn_table_init(out);
    qn_stage_set_execution(stage, &execution);
    qn_status status = qn_stage_stream(&stream, stage, frame_stream(frame, qn_test_comm(), rows));
    if (status == QN_OK)
        status = qn_table_collect(out, stream);
    qn_stream_free(stream);
    qn_stage_set_execution(stage, NULL);
    return qn_comm_agree(qn_test_comm(), status);
}

/* Fits first. */
static inline qn_status fit_transform(qn_stage *stage, const qn_table *frame, int64_t rows,
                                      qn_table *out) {
    qn_stream *in = frame_stream(frame, qn_test_comm(), rows);
    qn_table_init(out);
    qn_status status = qn_stage_fit(stage, in, qn_test_comm());
    qn_stream_free(in);
    return status != QN_OK ? status : transform_frame(stage, frame, rows, out);
}

/* A stage that must fail on the frame, when it is bound, fitted or transforms. */
static inline void check_refused_on(const qn_table *frame, const char *text, qn_status code,
                                    const char *message) {
    qn_table out;
    qn_stage *stage = stage_of(text);
    QN_TEST_FAILS(fit_transform(stage, frame, 1, &out), code, message);
    qn_table_clear(&out);
    qn_stage_free(stage);
}

/* ---- Looking -------------------------------------------------------------------------------- */

/* The value at a source row of a column (slot `slot` of a vector), whichever rank has it; NaN for
 * a null, -999 where the row was dropped. */
static inline double value_at(const qn_table *table, const char *name, int64_t row, int32_t slot) {
    double found = -INFINITY;
    int32_t index = qn_schema_find(&table->schema, name);
    for (int64_t b = 0; index >= 0 && b < table->batch_count; b++) {
        const qn_batch *batch = &table->batches[b];
        for (int64_t i = 0; i < batch->length; i++) {
            if (qn_batch_row(batch, i) != row)
                continue;
            const qn_column *column = batch->columns[index];
            qn_column *dense = NULL;
            if (qn_column_is_null(column, i)) {
                found = NAN;
            } else if (column->type == QN_VECTOR) {
                QN_TEST_OK(qn_column_densify(&dense, column));
                found = dense->f64[i * column->width + slot];
                qn_column_release(dense);
            } else {
                found = qn_column_real(column, i);
            }
        }
    }
    /* A NaN anywhere is the value: send it as a flag, for a maximum ignores it. */
    int64_t is_nan = isnan(found);
    QN_TEST_OK(qn_comm_max_i64(qn_test_comm(), &is_nan, 1));
    if (is_nan)
        return NAN;
    QN_TEST_OK(qn_comm_max_f64(qn_test_comm(), &found, 1));
    return found == -INFINITY ? -999 : found;
}

static inline void check_value(const char *name, int64_t row, int32_t slot, double found,
                               double expected, const char *file, int line) {
    char text[200];
    bool same = isnan(expected) ? isnan(found) : fabs(found - expected) <= 1e-14 * fabs(expected);
    snprintf(text, sizeof text, "%s[%lld][%d] is %.17g, expected %.17g", name, (long long)row, slot,
             found, expected);
    qn_test_check(same, file, line, text);
}

static inline void check_column(const qn_table *table, const char *name, const double *expected,
                                int64_t count, const char *file, int line) {
    for (int64_t i = 0; i < count; i++)
        check_value(name, i, 0, value_at(table, name, i, 0), expected[i], file, line);
}

/* What is expected in source rows 0, 1, 2 ... of one column (-999: dropped). */
#define CHECK_COLUMN(table, name, ...)                                                             \
    do {                                                                                           \
        const double expected_[] = {__VA_ARGS__};                                                  \
        check_column(&(table), (name), expected_, sizeof expected_ / sizeof *expected_, __FILE__,  \
                     __LINE__);                                                                    \
    } while (0)

static inline void check_vector(const qn_table *table, const char *name, int64_t row,
                                const double *expected, int32_t count, const char *file, int line) {
    int32_t index = qn_schema_find(&table->schema, name);
    qn_test_check(index >= 0 && table->schema.fields[index].width == count, file, line, name);
    for (int32_t k = 0; k < count; k++)
        check_value(name, row, k, value_at(table, name, row, k), expected[k], file, line);
}

/* One row of a vector column. */
#define CHECK_VECTOR(table, name, row, ...)                                                        \
    do {                                                                                           \
        const double expected_[] = {__VA_ARGS__};                                                  \
        check_vector(&(table), (name), (row), expected_, sizeof expected_ / sizeof *expected_,     \
                     __FILE__, __LINE__);                                                          \
    } while (0)

/* Slot or category names of a column, joined by ','. */
static inline void check_names(const qn_table *table, const char *name, const char *expected,
                               const char *file, int line) {
    char joined[2000] = "", text[4200];
    int32_t index = qn_schema_find(&table->schema, name);
    const qn_attributes *attributes = index < 0 ? NULL : table->schema.fields[index].attributes;
    for (int32_t i = 0; attributes != NULL && i < attributes->count; i++) {
        size_t used = strlen(joined);
        snprintf(joined + used, sizeof joined - used, "%s%s", i > 0 ? "," : "",
                 attributes->names[i]);
    }
    snprintf(text, sizeof text, "names of %s are %s, expected %s", name, joined, expected);
    qn_test_check(strcmp(joined, expected) == 0, file, line, text);
}
#define CHECK_NAMES(table, name, expected)                                                         \
    check_names(&(table), (name), (expected), __FILE__, __LINE__)

#endif
