/* Puts this rank's rows in their place in the file. */
#include "core/memory.h"
#include "mpi/hdf5/part_plan.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

typedef struct filler {
    part_plan *plan;
    int descriptor;
    char *scratch;
    int64_t scratch_capacity;
    const qn_column *dictionary; /* the batch dictionary that `map` translates */
    int32_t *map;
} filler;

static qn_status write_at(const part_plan *plan, int descriptor, int64_t offset, int64_t bytes,
                          const char *data) {
    while (bytes > 0) {
        ssize_t written = pwrite(descriptor, data, (size_t)bytes, offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return qn_fail_errno(QN_IO, "cannot write '%s'", plan->path);
        data += written;
        offset += written;
        bytes -= written;
    }
    return QN_OK;
}

static qn_status write_chunked(const part_plan *plan, const part_slot *slot, int64_t first,
                               int64_t count, const void *data) {
    hsize_t dims[2] = {0, 0};
    hid_t type = H5Dget_type(slot->dataset);
    hid_t file_space = H5Dget_space(slot->dataset);
    int rank = H5Sget_simple_extent_dims(file_space, dims, NULL);
    hsize_t start[2] = {(hsize_t)first, 0}, extent[2] = {(hsize_t)count, dims[1]};
    hid_t space = rank < 1 ? -1 : H5Screate_simple(rank, extent, NULL);
    herr_t result = -1;
    if (space >= 0 &&
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, extent, NULL) >= 0)
        result = H5Dwrite(slot->dataset, type, space, file_space, H5P_DEFAULT, data);
    qn_status status = qn_hdf5_check(result, QN_IO, "write", plan->path);
    (void)H5Sclose(space);
    (void)H5Sclose(file_space);
    (void)H5Tclose(type);
    return status;
}

qn_status part_put(const part_plan *plan, int descriptor, const part_slot *slot, int64_t first,
                   int64_t count, const void *data) {
    if (count == 0)
        return QN_OK;
    if (slot->dataset > 0)
        return write_chunked(plan, slot, first, count, data);
    return write_at(plan, descriptor, slot->offset + first * slot->size, count * slot->size, data);
}

static qn_status put(const filler *f, const part_slot *slot, int64_t first, int64_t count,
                     const void *data) {
    return part_put(f->plan, f->descriptor, slot, first, count, data);
}

static qn_status reserve(filler *f, int64_t bytes) {
    return qn_mem_reserve(&f->scratch, &f->scratch_capacity, bytes, 1);
}

/* ---- Fixed-width values --------------------------------------------------------------------- */

static qn_status fill_bools(filler *f, const part_column *column, const qn_column *values,
                            int64_t row) {
    QN_TRY(reserve(f, values->length));
    for (int64_t i = 0; i < values->length; i++)
        f->scratch[i] = !qn_column_is_null(values, i) && qn_bit(values->bits, i);
    return put(f, &column->values, row, values->length, f->scratch);
}

/* NaN and NaT under nulls. */
static qn_status fill_missing(filler *f, const part_column *column, const qn_column *values,
                              int64_t row) {
    int64_t size = column->values.size;
    QN_TRY(reserve(f, values->length * size));
    memcpy(f->scratch, values->values, (size_t)(values->length * size));
    const double nan64 = NAN;
    const float nan32 = NAN;
    const int64_t nat = INT64_MIN;
    const void *nothing = values->type == QN_FLOAT64   ? (const void *)&nan64
                          : values->type == QN_FLOAT32 ? (const void *)&nan32
                                                       : (const void *)&nat;
    for (int64_t i = 0; i < values->length; i++)
        if (qn_column_is_null(values, i))
            memcpy(f->scratch + i * size, nothing, (size_t)size);
    return put(f, &column->values, row, values->length, f->scratch);
}

static qn_status fill_plain(filler *f, const part_column *column, const qn_column *values,
                            int64_t row) {
    qn_type type = values->type;
    if (type == QN_BOOL)
        return fill_bools(f, column, values, row);
    if (values->null_count > 0 &&
        (type == QN_FLOAT32 || type == QN_FLOAT64 || type == QN_TIMESTAMP))
        return fill_missing(f, column, values, row);
    return put(f, &column->values, row, values->length, values->values);
}

static qn_status fill_mask(filler *f, const part_column *column, const qn_column *values,
                           int64_t row) {
    QN_TRY(reserve(f, values->length));
    for (int64_t i = 0; i < values->length; i++)
        f->scratch[i] = qn_column_is_null(values, i);
    return put(f, &column->mask, row, values->length, f->scratch);
}

/* ---- Strings -------------------------------------------------------------------------------- */

static qn_status translate(filler *f, const part_dictionary *target, const qn_column *dictionary) {
    if (f->dictionary == dictionary)
        return QN_OK;
    f->dictionary = NULL;
    QN_TRY(qn_mem_resize(&f->map, (size_t)dictionary->length, sizeof *f->map));
    for (int64_t i = 0; i < dictionary->length; i++)
        f->map[i] = part_dictionary_find(target, qn_column_string(dictionary, i));
    f->dictionary = dictionary;
    return QN_OK;
}

/* Codes in place, from the end of a buffer of int32 to narrower ones at its beginning. */
static void narrow_codes(char *codes, int64_t count, int64_t size) {
    if (size == (int64_t)sizeof(int32_t))
        return;
    const int32_t *wide = (const int32_t *)(const void *)codes;
    for (int64_t i = 0; i < count; i++) {
        int32_t code = wide[i];
        if (size == 1)
            ((int8_t *)codes)[i] = (int8_t)code;
        else
            memcpy(codes + 2 * i, &(int16_t){(int16_t)code}, sizeof(int16_t));
    }
}

static qn_status fill_codes(filler *f, const part_strings *strings, const qn_column *texts,
                            int64_t first) {
    QN_TRY(reserve(f, texts->length * (int64_t)sizeof(int32_t)));
    int32_t *codes = (int32_t *)(void *)f->scratch;
    if (texts->dictionary != NULL)
        QN_TRY(translate(f, &strings->dictionary, texts->dictionary));
    for (int64_t i = 0; i < texts->length; i++) {
        if (qn_column_is_null(texts, i))
            codes[i] = -1;
        else if (texts->dictionary != NULL)
            codes[i] = f->map[texts->codes[i]];
        else
            codes[i] = part_dictionary_find(&strings->dictionary, qn_column_string(texts, i));
    }
    narrow_codes(f->scratch, texts->length, strings->values.size);
    return put(f, &strings->values, first, texts->length, f->scratch);
}

static qn_status fill_fixed(filler *f, const part_strings *strings, const qn_column *texts,
                            int64_t first) {
    int64_t size = strings->values.size;
    QN_TRY(reserve(f, texts->length * size));
    memset(f->scratch, 0, (size_t)(texts->length * size));
    for (int64_t i = 0; i < texts->length; i++) {
        qn_view text = qn_column_string(texts, i);
        memcpy(f->scratch + i * size, text.data, (size_t)text.length);
    }
    return put(f, &strings->values, first, texts->length, f->scratch);
}

static qn_status fill_strings(filler *f, const part_strings *strings, const qn_column *texts,
                              part_heap_cursor *cursor) {
    if (strings->coding == PART_VARIABLE)
        return part_fill_variable(f->plan, f->descriptor, strings, texts, cursor);
    int64_t first = cursor->string;
    cursor->string += texts->length;
    if (strings->coding == PART_CATEGORICAL)
        return fill_codes(f, strings, texts, first);
    return fill_fixed(f, strings, texts, first);
}

static qn_status fill_texts(filler *f, const part_column *column, const qn_column *values,
                            part_heap_cursor *cursor) {
    qn_column *texts = NULL;
    QN_TRY(part_strings_of(&texts, values));
    qn_status status = fill_strings(f, &column->strings, texts, cursor);
    qn_column_release(texts);
    return status;
}

/* ---- Ragged values -------------------------------------------------------------------------- */

/* length + 1 offsets: the last one is also the next batch's first, with the same value. */
static qn_status fill_offsets(filler *f, const part_column *column, const int32_t *offsets,
                              int64_t row, int64_t length, int64_t *entry) {
    QN_TRY(reserve(f, (length + 1) * (int64_t)sizeof(int64_t)));
    int64_t *wide = (int64_t *)(void *)f->scratch;
    for (int64_t i = 0; i <= length; i++)
        wide[i] = *entry + offsets[i] - offsets[0];
    *entry = wide[length];
    return put(f, &column->offsets, row, length + 1, wide);
}

static qn_status fill_sparse_rows(filler *f, const part_column *column, const qn_column *values,
                                  int64_t row, int64_t *entry) {
    int64_t first = values->offsets[0], count = values->offsets[values->length] - first;
    QN_TRY(put(f, &column->values, *entry, count, values->f64 + first));
    QN_TRY(put(f, &column->indices, *entry, count, values->indices + first));
    return fill_offsets(f, column, values->offsets, row, values->length, entry);
}

/* A dense batch in a column that is sparse elsewhere. */
static qn_status fill_sparsified(filler *f, const part_column *column, const qn_column *values,
                                 int64_t row, int64_t *entry) {
    int64_t width = values->width, count = 0;
    double *data = NULL;
    int32_t *indices = NULL, *offsets = NULL;
    qn_status status = qn_mem_alloc(&data, (size_t)(values->length * width), sizeof *data);
    if (status == QN_OK)
        status = qn_mem_alloc(&indices, (size_t)(values->length * width), sizeof *indices);
    if (status == QN_OK)
        status = qn_mem_calloc(&offsets, (size_t)values->length + 1, sizeof *offsets);
    for (int64_t i = 0; status == QN_OK && i < values->length; i++) {
        for (int64_t j = 0; j < width; j++)
            if (values->f64[i * width + j] != 0) {
                data[count] = values->f64[i * width + j];
                indices[count++] = (int32_t)j;
            }
        offsets[i + 1] = (int32_t)count;
    }
    if (status == QN_OK)
        status = put(f, &column->values, *entry, count, data);
    if (status == QN_OK)
        status = put(f, &column->indices, *entry, count, indices);
    if (status == QN_OK)
        status = fill_offsets(f, column, offsets, row, values->length, entry);
    qn_mem_free(data);
    qn_mem_free(indices);
    qn_mem_free(offsets);
    return status;
}

/* ---- All of it ------------------------------------------------------------------------------ */

/* Where this rank is in a column. */
typedef struct place {
    int64_t row, entry;
    part_heap_cursor cursor;
} place;

static qn_status fill_batch(filler *f, const part_column *column, const qn_column *values,
                            place *at) {
    switch (column->coding) {
    case PART_PLAIN:
        QN_TRY(fill_plain(f, column, values, at->row));
        break;
    case PART_LIST:
        QN_TRY(fill_texts(f, column, values, &at->cursor));
        QN_TRY(fill_offsets(f, column, values->offsets, at->row, values->length, &at->entry));
        break;
    case PART_DENSE:
        QN_TRY(put(f, &column->values, at->row, values->length, values->f64));
        break;
    case PART_SPARSE:
        if (values->indices != NULL)
            QN_TRY(fill_sparse_rows(f, column, values, at->row, &at->entry));
        else
            QN_TRY(fill_sparsified(f, column, values, at->row, &at->entry));
        break;
    default:
        QN_TRY(fill_texts(f, column, values, &at->cursor));
    }
    if (column->masked)
        QN_TRY(fill_mask(f, column, values, at->row));
    at->row += values->length;
    return QN_OK;
}

static qn_status fill_column(filler *f, const part_column *column, int32_t index) {
    const part_strings *strings = &column->strings;
    place at = {.row = f->plan->first,
                .entry = column->entry_first,
                .cursor = {strings->first, strings->object_first, strings->collection_objects}};
    f->dictionary = NULL;
    bool ragged = column->coding == PART_LIST || column->coding == PART_SPARSE;
    if (ragged && f->plan->rows == 0 && qn_comm_rank(f->plan->comm) == 0)
        QN_TRY(put(f, &column->offsets, 0, 1, &(int64_t){0}));
    for (int64_t i = 0; i < f->plan->table->batch_count; i++)
        QN_TRY(fill_batch(f, column, f->plan->table->batches[i].columns[index], &at));
    return QN_OK;
}

static qn_status fill_index(filler *f) {
    int64_t row = f->plan->first, last = row + f->plan->table->row_count;
    QN_TRY(reserve(f, QN_BATCH_ROWS * (int64_t)sizeof(int64_t)));
    int64_t *numbers = (int64_t *)(void *)f->scratch;
    while (row < last) {
        int64_t count = last - row < QN_BATCH_ROWS ? last - row : QN_BATCH_ROWS;
        for (int64_t i = 0; i < count; i++)
            numbers[i] = row + i;
        QN_TRY(put(f, &f->plan->index, row, count, numbers));
        row += count;
    }
    return QN_OK;
}

qn_status part_fill(part_plan *plan, int descriptor) {
    filler f = {.plan = plan, .descriptor = descriptor};
    qn_status status = fill_index(&f);
    for (int32_t i = 0; status == QN_OK && i < plan->count; i++)
        status = fill_column(&f, &plan->columns[i], i);
    qn_mem_free(f.scratch);
    qn_mem_free(f.map);
    return status;
}
