#include "features/stage/vectors.h"

#include "core/memory.h"
#include "features/stage/columns.h"
#include "features/stage/numbers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Schemas -------------------------------------------------------------------------------- */

qn_status qn_vectors_find(const qn_stage *stage, const qn_schema *schema, int32_t *out) {
    int32_t index;
    QN_TRY(qn_schema_require(schema, qn_options_text(stage->options, "input_col"), &index));
    if (schema->fields[index].type != QN_VECTOR)
        return qn_columns_fail_type(&schema->fields[index], "a vector (see vector_assembler)");
    *out = index;
    return QN_OK;
}

qn_status qn_vectors_check_fitted(const qn_stage *stage, const qn_field *field, int64_t fitted) {
    if (stage->fitted && field->width != fitted)
        return qn_fail(QN_JOB, "column '%s' has %d slots, but %lld were fitted", field->name,
                       field->width, (long long)fitted);
    return QN_OK;
}

qn_status qn_vectors_bind(const qn_stage *stage, const qn_schema *in, int32_t width,
                          qn_attributes *attributes, qn_schema *out) {
    if (!qn_options_is_set(stage->options, "output_col"))
        return qn_fail(QN_JOB, "output_col is not set");
    QN_TRY(qn_schema_copy(out, in));
    return qn_columns_add(out, qn_options_text(stage->options, "output_col"), QN_VECTOR, width,
                          attributes);
}

qn_status qn_vectors_bind_numbers(const qn_stage *stage, const qn_schema *in, const qn_field *field,
                                  qn_schema *out) {
    qn_attributes *attributes = NULL;
    QN_TRY(qn_attributes_drop_slots(&attributes, field->attributes));
    qn_status status = qn_vectors_bind(stage, in, field->width, attributes, out);
    qn_attributes_release(attributes);
    return status;
}

qn_status qn_vectors_bind_fitted(const qn_stage *stage, const qn_schema *in, int64_t fitted,
                                 qn_schema *out) {
    int32_t index;
    QN_TRY(qn_vectors_find(stage, in, &index));
    QN_TRY(qn_vectors_check_fitted(stage, &in->fields[index], fitted));
    return qn_vectors_bind_numbers(stage, in, &in->fields[index], out);
}

qn_status qn_vectors_check_rows(const qn_stage *stage, int64_t rows) {
    if (rows == 0)
        return qn_fail(QN_DATA, "there is no row to fit: column '%s' has no row, or only nulls",
                       qn_options_text(stage->options, "input_col"));
    return QN_OK;
}

qn_status qn_vectors_append(const qn_batch *in, qn_column *added, qn_batch *out) {
    qn_status status = qn_batch_share(out, in);
    if (status == QN_OK)
        return qn_batch_append(out, added);
    qn_column_release(added);
    return status;
}

qn_status qn_vectors_slot_name(char **out, const qn_field *field, int32_t slot) {
    if (field->type != QN_VECTOR)
        return qn_mem_copy_text(out, field->name);
    if (field->attributes == NULL || field->attributes->names == NULL)
        return qn_format(out, "%s_%d", field->name, slot);
    const char *name = field->attributes->names[slot];
    if (strchr(name, '=') != NULL)
        return qn_mem_copy_text(out, name);
    return qn_format(out, "%s_%s", field->name, name);
}

/* ---- Nulls ---------------------------------------------------------------------------------- */

qn_status qn_vectors_copy_nulls(qn_column *to, const qn_column *from) {
    if (from->null_count == 0)
        return QN_OK;
    uint64_t *validity = NULL;
    QN_TRY(qn_columns_all_rows(&validity, from->length));
    memcpy(validity, from->validity, (size_t)qn_bit_words(from->length) * sizeof *validity);
    qn_column_set_validity(to, validity);
    for (int64_t i = 0; to->indices == NULL && i < to->length; i++)
        if (qn_column_is_null(to, i) && to->width > 0)
            memset(to->f64 + i * to->width, 0, (size_t)to->width * sizeof *to->f64);
    return QN_OK;
}

const char *qn_vectors_name(const qn_field *field, int32_t slot, char buffer[16]) {
    const qn_attributes *attributes = field->attributes;
    if (attributes != NULL && attributes->names != NULL && slot < attributes->count)
        return attributes->names[slot];
    snprintf(buffer, 16, "%d", slot);
    return buffer;
}

qn_status qn_vectors_present(qn_column **out, const qn_column *column) {
    int64_t *rows = NULL, count = 0;
    if (column->null_count == 0) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    QN_TRY(qn_mem_alloc(&rows, (size_t)column->length, sizeof *rows));
    for (int64_t i = 0; i < column->length; i++)
        if (!qn_column_is_null(column, i))
            rows[count++] = i;
    qn_status status = qn_column_take(out, column, rows, count);
    qn_mem_free(rows);
    return status;
}

qn_status qn_vectors_fail_value(const qn_field *field, const qn_batch *batch, int64_t row,
                                int32_t slot, const char *what) {
    char buffer[16];
    return qn_fail(QN_DATA, "slot '%s' of column '%s' %s at row %lld (counting from 0)",
                   qn_vectors_name(field, slot, buffer), field->name, what,
                   (long long)qn_batch_row(batch, row));
}

/* ---- Choosing slots of dense columns -------------------------------------------------------- */

static bool is_run(const int32_t *slots, int64_t count) {
    for (int64_t k = 1; k < count; k++)
        if (slots[k] != slots[0] + k)
            return false;
    return true;
}

static qn_status select_dense(qn_column **out, const qn_column *column, const int32_t *slots,
                              int64_t count) {
    qn_column *chosen = NULL;
    QN_TRY(qn_column_new_raw(&chosen, QN_VECTOR, column->length, (int32_t)count));
    bool run =
        count > 8 && is_run(slots, count); /* short ones: the call costs more than the copy */
    for (int64_t i = 0; i < column->length; i++) {
        const double *from = column->f64 + i * column->width;
        double *to = chosen->f64 + i * count;
        if (run)
            memcpy(to, from + slots[0], (size_t)count * sizeof *to);
        for (int64_t k = 0; k < count && !run; k++)
            to[k] = from[slots[k]];
    }
    *out = chosen;
    return QN_OK;
}

/* ---- Choosing slots of sparse columns ------------------------------------------------------- */

/* Where each slot of the input goes, -1 for nowhere. */
static qn_status make_places(int32_t **out, int32_t width, const int32_t *slots, int64_t count) {
    int32_t *places = NULL;
    QN_TRY(qn_mem_alloc(&places, (size_t)width, sizeof *places));
    for (int32_t s = 0; s < width; s++)
        places[s] = -1;
    for (int64_t k = 0; k < count; k++)
        places[slots[k]] = (int32_t)k;
    *out = places;
    return QN_OK;
}

static bool is_ascending(const int32_t *slots, int64_t count) {
    for (int64_t k = 1; k < count; k++)
        if (slots[k] <= slots[k - 1])
            return false;
    return true;
}

/* The chosen entries of each row in the order of the input's slots; `out` has room for one entry
 * more than there are. */
static void filter_entries(const qn_column *column, const int32_t *places, qn_column *out) {
    int32_t stored = 0;
    for (int64_t i = 0; i < column->length; i++) {
        for (int32_t k = column->offsets[i]; k < column->offsets[i + 1]; k++) {
            int32_t place = places[column->indices[k]];
            out->indices[stored] = place;
            out->f64[stored] = column->f64[k];
            stored += place >= 0;
        }
        out->offsets[i + 1] = stored;
    }
}

typedef struct entry {
    int64_t row;
    double value;
} entry;

/* The entries in order of their slots, then back into rows: now those of a row are in order. */
static void sort_entries(qn_column *column, int32_t *starts, entry *sorted, int32_t *ends) {
    int32_t total = 0;
    for (int32_t k = 0; k < column->offsets[column->length]; k++)
        starts[column->indices[k] + 1]++;
    for (int32_t s = 0; s < column->width; s++)
        starts[s + 1] += starts[s];
    for (int64_t i = 0; i < column->length; i++) {
        ends[i] = column->offsets[i];
        for (int32_t k = column->offsets[i]; k < column->offsets[i + 1]; k++)
            sorted[starts[column->indices[k]]++] = (entry){i, column->f64[k]};
    }
    for (int32_t s = 0; s < column->width; s++)
        for (; total < starts[s]; total++) {
            int32_t to = ends[sorted[total].row]++;
            column->indices[to] = s;
            column->f64[to] = sorted[total].value;
        }
}

static qn_status order_entries(qn_column *column) {
    int32_t *starts = NULL, *ends = NULL;
    entry *sorted = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&starts, (size_t)column->width + 1, sizeof *starts), done);
    QN_TRY_GOTO(qn_mem_alloc(&ends, (size_t)column->length, sizeof *ends), done);
    QN_TRY_GOTO(qn_mem_alloc(&sorted, (size_t)column->offsets[column->length], sizeof *sorted),
                done);
    sort_entries(column, starts, sorted, ends);
done:
    qn_mem_free(starts);
    qn_mem_free(ends);
    qn_mem_free(sorted);
    return status;
}

static qn_status select_sparse(qn_column **out, const qn_column *column, const int32_t *slots,
                               int64_t count) {
    int32_t *places = NULL;
    qn_column *chosen = NULL;
    qn_status status;
    int64_t stored = column->offsets[column->length];
    QN_TRY_GOTO(make_places(&places, column->width, slots, count), done);
    QN_TRY_GOTO(qn_column_new_sparse(&chosen, column->length, (int32_t)count, stored + 1), done);
    filter_entries(column, places, chosen);
    if (!is_ascending(slots, count))
        QN_TRY_GOTO(order_entries(chosen), done);
    *out = chosen;
    chosen = NULL;
done:
    qn_column_release(chosen);
    qn_mem_free(places);
    return status;
}

qn_status qn_vectors_select(qn_column **out, const qn_column *column, const int32_t *slots,
                            int64_t count) {
    if (count == column->width && (count == 0 || (slots[0] == 0 && is_run(slots, count)))) {
        *out = qn_column_retain(column);
        return QN_OK;
    }
    qn_column *chosen = NULL;
    QN_TRY(column->indices != NULL ? select_sparse(&chosen, column, slots, count)
                                   : select_dense(&chosen, column, slots, count));
    qn_status status = qn_vectors_copy_nulls(chosen, column);
    if (status == QN_OK)
        *out = chosen;
    else
        qn_column_release(chosen);
    return status;
}

/* The chosen names, borrowed; NULL if there are none. */
static qn_status choose_names(const char ***out, const qn_attributes *from, const int32_t *slots,
                              int32_t count) {
    *out = NULL;
    if (from->names == NULL)
        return QN_OK;
    const char **names = NULL;
    QN_TRY(qn_mem_alloc(&names, (size_t)count, sizeof(const char *)));
    for (int32_t k = 0; k < count; k++)
        names[k] = from->names[slots[k]];
    *out = names;
    return QN_OK;
}

qn_status qn_vectors_select_attributes(qn_attributes **out, const qn_field *field,
                                       const int32_t *slots, int32_t count) {
    const qn_attributes *from = field->attributes;
    qn_attributes *chosen = NULL;
    const char **names = NULL;
    qn_status status;
    if (from == NULL || from->kind != QN_ATTRIBUTE_VECTOR) {
        *out = NULL;
        return QN_OK;
    }
    QN_TRY_GOTO(choose_names(&names, from, slots, count), done);
    QN_TRY_GOTO(qn_attributes_new(&chosen, QN_ATTRIBUTE_VECTOR, names, count), done);
    for (int32_t k = 0; k < count && from->slots != NULL; k++)
        if (from->slots[slots[k]] != NULL)
            QN_TRY_GOTO(qn_attributes_set_slot(chosen, k, from->slots[slots[k]]), done);
    *out = chosen;
    chosen = NULL;
done:
    qn_attributes_release(chosen);
    qn_mem_free(names);
    return status;
}

/* ---- Fitted arrays -------------------------------------------------------------------------- */

qn_status qn_vectors_persist(qn_archive *archive, const qn_vectors_array *arrays, int count,
                             int64_t *width) {
    for (int i = 0; i < count; i++) {
        int64_t length = *width;
        QN_TRY(qn_archive_reals(archive, arrays[i].name, arrays[i].values, &length));
        if (i > 0 && length != *width)
            return qn_fail(QN_DATA, "the file has %lld values in '%s', but %lld in '%s'",
                           (long long)*width, arrays[0].name, (long long)length, arrays[i].name);
        *width = length;
    }
    return QN_OK;
}

json_t *qn_vectors_json(const double *values, int64_t count) {
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        if (json_array_append_new(array, qn_numbers_json(values[i])) != 0)
            break;
    return array;
}

qn_status qn_vectors_describe(json_t *object, const qn_vectors_array *arrays, int count,
                              int64_t width) {
    int failed = 0;
    for (int i = 0; i < count; i++)
        failed |=
            json_object_set_new(object, arrays[i].name, qn_vectors_json(*arrays[i].values, width));
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

void qn_vectors_clear(const qn_vectors_array *arrays, int count, int64_t *width) {
    for (int i = 0; i < count; i++) {
        qn_mem_free(*arrays[i].values);
        *arrays[i].values = NULL;
    }
    *width = 0;
}
