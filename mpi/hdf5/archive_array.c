/* Arrays of an archive: data sets in the current group. */
#include "mpi/hdf5/archive_private.h"

#include "core/memory.h"

#include <string.h>

/* Deflate cannot make data more than so many times smaller: a data set that claims more elements
 * than its file can hold is damaged. */
enum { MOST_COMPRESSED = 1100 };

/* An array as it is written or was read: eight-byte elements, texts by pointer. */
typedef struct shape {
    int rank;
    hsize_t sizes[2];
} shape;

static int64_t shape_count(const shape *shape_) {
    return (int64_t)(shape_->sizes[0] * (shape_->rank == 2 ? shape_->sizes[1] : 1));
}

/* ---- Writing -------------------------------------------------------------------------------- */

static qn_status write_dataset(const qn_archive *archive, const char *name, const shape *shape_,
                               hid_t file_type, hid_t memory_type, const void *values) {
    hid_t creation = H5I_INVALID_HID, space = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_hdf5_creation(&creation, H5P_DATASET_CREATE), done);
    space = H5Screate_simple(shape_->rank, shape_->sizes, NULL);
    QN_TRY_GOTO(qn_hdf5_check(space, QN_IO, "write", archive->path), done);
    dataset = H5Dcreate2(qn_archive_group(archive), name, file_type, space, H5P_DEFAULT, creation,
                         H5P_DEFAULT);
    QN_TRY_GOTO(qn_hdf5_check(dataset, QN_IO, "write", archive->path), done);
    if (shape_count(shape_) > 0)
        QN_TRY_GOTO(
            qn_hdf5_check(H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values),
                          QN_IO, "write", archive->path),
            done);
    QN_TRY_GOTO(qn_hdf5_close(&dataset, QN_IO, archive->path), done);
done:
    qn_hdf5_release(dataset);
    qn_hdf5_release(space);
    qn_hdf5_release(creation);
    return status;
}

static qn_status write_texts(const qn_archive *archive, const char *name, char *const *values,
                             int64_t count) {
    hid_t type = H5I_INVALID_HID;
    QN_TRY(qn_hdf5_text_type(&type));
    shape shape_ = {1, {(hsize_t)count, 0}};
    qn_status status = write_dataset(archive, name, &shape_, type, type, values);
    qn_hdf5_release(type);
    return status;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static qn_status check_shape(const qn_archive *archive, const char *name, hid_t dataset,
                             shape *out) {
    hid_t space = H5Dget_space(dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    qn_status status = QN_OK;
    if (rank != out->rank)
        status =
            qn_archive_misfit(archive, name, out->rank == 1 ? "is not a list" : "is not a matrix");
    else if (H5Sget_simple_extent_dims(space, out->sizes, NULL) < 0)
        status = qn_hdf5_fail(QN_INPUT, "cannot read '%s'", archive->path);
    qn_hdf5_release(space);
    QN_TRY(status);
    hsize_t most = (hsize_t)archive->length * MOST_COMPRESSED,
            columns = rank == 2 ? out->sizes[1] : 1;
    if (columns > most || (columns > 0 && out->sizes[0] > most / columns))
        return qn_archive_misfit(archive, name, "claims to be larger than its file");
    return QN_OK;
}

static qn_status open_dataset(const qn_archive *archive, const char *name, hid_t *out) {
    hid_t group = qn_archive_group(archive);
    bool there = H5Lexists(group, name, H5P_DEFAULT) > 0;
    hid_t dataset = there ? H5Dopen2(group, name, H5P_DEFAULT) : H5I_INVALID_HID;
    H5Eclear2(H5E_DEFAULT);
    if (!there)
        return qn_archive_misfit(archive, name, "is missing");
    if (dataset < 0)
        return qn_archive_misfit(archive, name, "is not a readable array");
    *out = dataset;
    return QN_OK;
}

static bool class_fits(hid_t dataset, H5T_class_t class_) {
    hid_t type = H5Dget_type(dataset);
    H5T_class_t found = H5Tget_class(type);
    qn_hdf5_release(type);
    return found == class_ || (class_ == H5T_FLOAT && found == H5T_INTEGER);
}

/* Reads an array of numbers; `out` is the address of a pointer. */
static qn_status read_numbers(const qn_archive *archive, const char *name, H5T_class_t class_,
                              shape *shape_, void *out) {
    hid_t dataset = H5I_INVALID_HID;
    void *values = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(open_dataset(archive, name, &dataset), done);
    if (!class_fits(dataset, class_))
        QN_TRY_GOTO(qn_archive_misfit(archive, name,
                                      class_ == H5T_FLOAT ? "does not hold numbers"
                                                          : "does not hold whole numbers"),
                    done);
    QN_TRY_GOTO(check_shape(archive, name, dataset, shape_), done);
    QN_TRY_GOTO(qn_mem_alloc(&values, (size_t)shape_count(shape_), 8), done);
    hid_t type = class_ == H5T_FLOAT ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
    if (shape_count(shape_) > 0)
        QN_TRY_GOTO(qn_hdf5_check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values),
                                  QN_INPUT, "read", archive->path),
                    done);
    memcpy(out, &values, sizeof values);
done:
    if (status != QN_OK)
        qn_mem_free(values);
    qn_hdf5_release(dataset);
    return status;
}

/* Copies texts out of what HDF5 filled: pointers, or fields of `width` bytes. */
static qn_status copy_texts(const char *raw, size_t width, int64_t count, char ***out) {
    char **texts = NULL;
    int64_t made = 0;
    qn_status status = qn_mem_calloc(&texts, (size_t)count, sizeof *texts);
    for (; status == QN_OK && made < count; made++) {
        if (width == 0) {
            const char *text = NULL;
            memcpy(&text, raw + made * (int64_t)sizeof text, sizeof text);
            status = qn_mem_copy_text(&texts[made], text == NULL ? "" : text);
        } else {
            status = qn_format(&texts[made], "%.*s", (int)width, raw + made * (int64_t)width);
        }
    }
    if (status != QN_OK)
        qn_mem_free_all(texts, made);
    else
        *out = texts;
    return status;
}

/* The texts of an opened data set of `type`. */
static qn_status read_text_elements(const qn_archive *archive, hid_t dataset, hid_t type,
                                    int64_t count, char ***out) {
    bool variable = H5Tis_variable_str(type) > 0;
    size_t width = variable ? sizeof(char *) : H5Tget_size(type);
    hid_t space = H5Dget_space(dataset);
    char *raw = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_calloc(&raw, (size_t)count, width), done);
    if (count > 0)
        QN_TRY_GOTO(qn_hdf5_check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw),
                                  QN_INPUT, "read", archive->path),
                    done);
    QN_TRY_GOTO(copy_texts(raw, variable ? 0 : width, count, out), done);
done:
    if (raw != NULL && variable && count > 0)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, raw);
    qn_mem_free(raw);
    qn_hdf5_release(space);
    return status;
}

static qn_status read_texts(const qn_archive *archive, const char *name, shape *shape_,
                            char ***out) {
    hid_t dataset = H5I_INVALID_HID, type = H5I_INVALID_HID;
    qn_status status = QN_OK;
    QN_TRY_GOTO(open_dataset(archive, name, &dataset), done);
    type = H5Dget_type(dataset);
    if (H5Tget_class(type) != H5T_STRING)
        QN_TRY_GOTO(qn_archive_misfit(archive, name, "does not hold texts"), done);
    QN_TRY_GOTO(check_shape(archive, name, dataset, shape_), done);
    QN_TRY_GOTO(read_text_elements(archive, dataset, type, shape_count(shape_), out), done);
done:
    qn_hdf5_release(type);
    qn_hdf5_release(dataset);
    return status;
}

/* ---- The calls ------------------------------------------------------------------------------ */

/* One or two dimensions of reals or integers; `values` is the address of a pointer. */
static qn_status numbers(qn_archive *archive, const char *name, H5T_class_t class_, shape *shape_,
                         void *values) {
    qn_status status = QN_OK;
    void *block = NULL;
    bool real = class_ == H5T_FLOAT;
    if (archive->writing && archive->active) {
        memcpy(&block, values, sizeof block);
        status = write_dataset(archive, name, shape_, real ? H5T_IEEE_F64LE : H5T_STD_I64LE,
                               real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, block);
    } else if (!archive->writing) {
        status = read_numbers(archive, name, class_, shape_, &block);
    }
    status = qn_comm_agree(archive->comm, status);
    if (archive->writing)
        return status;
    if (status != QN_OK)
        qn_mem_free(block);
    else
        memcpy(values, &block, sizeof block);
    return status;
}

qn_status qn_archive_reals(qn_archive *archive, const char *name, double **values, int64_t *count) {
    shape shape_ = {1, {archive->writing ? (hsize_t)*count : 0, 0}};
    QN_TRY(numbers(archive, name, H5T_FLOAT, &shape_, values));
    *count = shape_count(&shape_);
    return QN_OK;
}

qn_status qn_archive_ints(qn_archive *archive, const char *name, int64_t **values, int64_t *count) {
    shape shape_ = {1, {archive->writing ? (hsize_t)*count : 0, 0}};
    QN_TRY(numbers(archive, name, H5T_INTEGER, &shape_, values));
    *count = shape_count(&shape_);
    return QN_OK;
}

qn_status qn_archive_matrix(qn_archive *archive, const char *name, double **values, int64_t *rows,
                            int64_t *columns) {
    shape shape_ = {2, {0, 0}};
    if (archive->writing)
        shape_ = (shape){2, {(hsize_t)*rows, (hsize_t)*columns}};
    QN_TRY(numbers(archive, name, H5T_FLOAT, &shape_, values));
    *rows = (int64_t)shape_.sizes[0];
    *columns = (int64_t)shape_.sizes[1];
    return QN_OK;
}

qn_status qn_archive_texts(qn_archive *archive, const char *name, char ***values, int64_t *count) {
    qn_status status = QN_OK;
    shape shape_ = {1, {0, 0}};
    char **texts = NULL;
    if (archive->writing && archive->active)
        status = write_texts(archive, name, *values, *count);
    else if (!archive->writing)
        status = read_texts(archive, name, &shape_, &texts);
    bool made = status == QN_OK;
    status = qn_comm_agree(archive->comm, status);
    if (archive->writing)
        return status;
    if (status != QN_OK) {
        if (made)
            qn_mem_free_all(texts, shape_count(&shape_));
        return status;
    }
    *values = texts;
    *count = shape_count(&shape_);
    return QN_OK;
}
