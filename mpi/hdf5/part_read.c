/* Rows of part files as batches. */
#include "core/memory.h"
#include "mpi/hdf5/part_reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

qn_status part_scratch(qn_part *part, int64_t bytes) {
    return qn_mem_reserve(&part->scratch, &part->scratch_capacity, bytes, 1);
}

qn_status part_get_bytes(const qn_part *part, int64_t offset, int64_t count, char *out) {
    while (count > 0) {
        ssize_t got = pread(part->descriptor, out, (size_t)count, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return qn_fail_errno(QN_IO, "cannot read '%s'", part->path);
        if (got == 0)
            return part_damaged(part, "it ends too early");
        out += got;
        offset += got;
        count -= got;
    }
    return QN_OK;
}

static qn_status get_chunked(const qn_part *part, const part_source *source, int64_t first,
                             int64_t count, void *out) {
    int rank = source->width > 0 ? 2 : 1;
    hsize_t start[2] = {(hsize_t)first, 0};
    hsize_t extent[2] = {(hsize_t)count, (hsize_t)source->width};
    hid_t file_space = H5Dget_space(source->dataset);
    hid_t space = H5Screate_simple(rank, extent, NULL);
    herr_t result = -1;
    if (file_space >= 0 && space >= 0 &&
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, extent, NULL) >= 0)
        result = H5Dread(source->dataset, source->type, space, file_space, H5P_DEFAULT, out);
    qn_status status = qn_hdf5_check(result, QN_IO, "read", part->path);
    (void)H5Sclose(space);
    (void)H5Sclose(file_space);
    return status;
}

qn_status part_get(const qn_part *part, const part_source *source, int64_t first, int64_t count,
                   void *out) {
    if (count == 0)
        return QN_OK;
    if (first < 0 || count < 0 || first + count > source->rows)
        return part_damaged(part, "rows %lld to %lld of %lld are asked for", (long long)first,
                            (long long)(first + count), (long long)source->rows);
    if (source->offset < 0)
        return get_chunked(part, source, first, count, out);
    return part_get_bytes(part, source->offset + first * source->size, count * source->size, out);
}

/* ---- Masks ---------------------------------------------------------------------------------- */

/* Validity from the mask, and zeros under nulls. */
static qn_status apply_mask(qn_part *part, const part_reading *source, int64_t first,
                            qn_column *column) {
    int64_t count = column->length;
    QN_TRY(part_scratch(part, count));
    QN_TRY(part_get(part, &source->mask, first, count, part->scratch));
    int64_t size = qn_type_size(column->type);
    for (int64_t i = 0; i < count; i++) {
        if (part->scratch[i] == 0)
            continue;
        QN_TRY(qn_column_set_null(column, i));
        if (size > 0)
            memset((char *)column->values + i * size, 0, (size_t)size);
    }
    return QN_OK;
}

/* ---- Values --------------------------------------------------------------------------------- */

static qn_status read_plain(qn_part *part, const part_reading *source, qn_type type, int64_t first,
                            int64_t count, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, type, count, 0));
    qn_status status;
    if (type == QN_BOOL) {
        status = part_scratch(part, count);
        if (status == QN_OK)
            status = part_get(part, &source->values, first, count, part->scratch);
        for (int64_t i = 0; status == QN_OK && i < count; i++)
            if (part->scratch[i] != 0)
                qn_bit_set(column->bits, i);
    } else {
        status = part_get(part, &source->values, first, count, column->values);
    }
    *out = column;
    return status;
}

/* Offsets of `count` rows as int32 from zero; *begin: the first entry. */
static qn_status read_offsets(qn_part *part, const part_source *source, int64_t first,
                              int64_t count, int64_t entries, int32_t *offsets, int64_t *begin) {
    QN_TRY(part_scratch(part, (count + 1) * (int64_t)sizeof(int64_t)));
    int64_t *wide = (int64_t *)(void *)part->scratch;
    QN_TRY(part_get(part, source, first, count + 1, wide));
    if (wide[0] < 0 || wide[count] > entries)
        return part_damaged(part, "a row points outside its values");
    if (wide[count] - wide[0] > INT32_MAX)
        return qn_fail(QN_DATA, "'%s': %lld rows have more than 2^31 values", part->path,
                       (long long)count);
    for (int64_t i = 0; i <= count; i++) {
        if (i > 0 && wide[i] < wide[i - 1])
            return part_damaged(part, "the offsets of row %lld descend", (long long)(first + i));
        offsets[i] = (int32_t)(wide[i] - wide[0]);
    }
    *begin = wide[0];
    return QN_OK;
}

static qn_status read_list(qn_part *part, const part_reading *source, int64_t first, int64_t count,
                           qn_column **out) {
    int64_t begin = 0;
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_STRING_LIST, count, 0));
    *out = column;
    QN_TRY(read_offsets(part, &source->offsets, first, count, source->strings.values.rows,
                        column->offsets, &begin));
    return part_read_strings(part, &source->strings, begin, column->offsets[count], &column->items);
}

static qn_status read_dense(qn_part *part, const part_reading *source, int32_t width, int64_t first,
                            int64_t count, qn_column **out) {
    QN_TRY(qn_column_new(out, QN_VECTOR, count, width));
    return part_get(part, &source->values, first, count, (*out)->values);
}

static qn_status check_indices(const qn_part *part, const qn_column *column, int64_t first) {
    for (int64_t i = 0; i < column->length; i++) {
        int32_t last = -1;
        for (int32_t k = column->offsets[i]; k < column->offsets[i + 1]; k++) {
            if (column->indices[k] <= last || column->indices[k] >= column->width)
                return part_damaged(part, "the indices of vector %lld are out of order or range",
                                    (long long)(first + i));
            last = column->indices[k];
        }
    }
    return QN_OK;
}

static qn_status read_sparse(qn_part *part, const part_reading *source, int32_t width,
                             int64_t first, int64_t count, qn_column **out) {
    enum { PAD = 8 };
    int64_t begin = 0;
    QN_TRY(qn_column_new(out, QN_VECTOR, count, 0));
    qn_column *column = *out;
    column->width = width;
    QN_TRY(qn_mem_calloc(&column->offsets, (size_t)count + 1 + 2 * PAD, sizeof(int32_t)));
    QN_TRY(read_offsets(part, &source->offsets, first, count, source->values.rows, column->offsets,
                        &begin));
    int64_t entries = column->offsets[count];
    QN_TRY(qn_mem_resize(&column->f64, (size_t)entries + PAD, sizeof *column->f64));
    QN_TRY(qn_mem_calloc(&column->indices, (size_t)entries + 2 * PAD, sizeof *column->indices));
    QN_TRY(part_get(part, &source->values, begin, entries, column->f64));
    QN_TRY(part_get(part, &source->indices, begin, entries, column->indices));
    return check_indices(part, column, first);
}

/* *out may be set on failure too: the caller releases it. */
static qn_status read_values(qn_part *part, int32_t index, int64_t first, int64_t count,
                             qn_column **out) {
    const part_reading *source = &part->columns[index];
    const qn_field *field = &part->schema.fields[index];
    switch (source->coding) {
    case PART_PLAIN:
        return read_plain(part, source, field->type, first, count, out);
    case PART_LIST:
        return read_list(part, source, first, count, out);
    case PART_DENSE:
        return read_dense(part, source, field->width, first, count, out);
    case PART_SPARSE:
        return read_sparse(part, source, field->width, first, count, out);
    default:
        return part_read_strings(part, &source->strings, first, count, out);
    }
}

static qn_status read_column(qn_part *part, int32_t index, int64_t first, int64_t count,
                             qn_column **out) {
    const part_reading *source = &part->columns[index];
    qn_column *column = NULL;
    qn_status status = part_open_column(part, index);
    if (status == QN_OK)
        status = read_values(part, index, first, count, &column);
    if (status == QN_OK && source->masked)
        status = apply_mask(part, source, first, column);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    *out = column;
    return QN_OK;
}

qn_status qn_part_read(qn_part *part, const bool *wanted, int64_t first, int64_t count,
                       qn_batch *out) {
    if (first < 0 || count < 0 || first + count > part->rows)
        return qn_fail(QN_INTERNAL, "rows %lld to %lld of '%s', which has %lld", (long long)first,
                       (long long)(first + count), part->path, (long long)part->rows);
    qn_batch batch;
    qn_batch_init(&batch);
    qn_status status = QN_OK;
    for (int32_t i = 0; status == QN_OK && i < part->count; i++) {
        if (wanted != NULL && !wanted[i])
            continue;
        qn_column *column = NULL;
        status = read_column(part, i, first, count, &column);
        if (status == QN_OK)
            status = qn_batch_append(&batch, column);
        if (status != QN_OK)
            qn_error_prefix("column '%s': ", part->schema.fields[i].name);
    }
    if (status != QN_OK) {
        qn_batch_clear(&batch);
        return status;
    }
    batch.length = count;
    batch.first_row = first;
    *out = batch;
    return QN_OK;
}

/* ---- Verification --------------------------------------------------------------------------- */

static qn_status hash_column(qn_part *part, int32_t index, qn_content *content) {
    qn_content_init(content);
    for (int64_t first = 0; first < part->rows; first += QN_BATCH_ROWS) {
        int64_t left = part->rows - first;
        qn_column *column = NULL;
        QN_TRY(
            read_column(part, index, first, left < QN_BATCH_ROWS ? left : QN_BATCH_ROWS, &column));
        qn_content_add(content, column);
        qn_column_release(column);
    }
    return QN_OK;
}

qn_status qn_part_verify(qn_part *part) {
    for (int32_t i = 0; i < part->count; i++) {
        qn_content found;
        QN_TRY(hash_column(part, i, &found));
        if (!qn_content_equal(&found, &part->columns[i].content))
            return part_damaged(part, "the values of column '%s' are not those that were written",
                                part->schema.fields[i].name);
    }
    return QN_OK;
}
