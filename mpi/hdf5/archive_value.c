/* Scalars of an archive: attributes of the current group. */
#include "mpi/hdf5/archive_private.h"

#include "core/memory.h"

#include <string.h>

/* ---- Writing -------------------------------------------------------------------------------- */

qn_status qn_archive_write_attribute(const qn_archive *archive, const char *name, hid_t file_type,
                                     hid_t memory_type, const void *value) {
    hid_t space = H5Screate(H5S_SCALAR), attribute = H5I_INVALID_HID;
    qn_status status = qn_hdf5_check(space, QN_IO, "write", archive->path);
    if (status != QN_OK)
        goto done;
    attribute =
        H5Acreate2(qn_archive_group(archive), name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    QN_TRY_GOTO(qn_hdf5_check(attribute, QN_IO, "write", archive->path), done);
    QN_TRY_GOTO(
        qn_hdf5_check(H5Awrite(attribute, memory_type, value), QN_IO, "write", archive->path),
        done);
    QN_TRY_GOTO(qn_hdf5_close(&attribute, QN_IO, archive->path), done);
done:
    qn_hdf5_release(attribute);
    qn_hdf5_release(space);
    return status;
}

qn_status qn_archive_write_text(const qn_archive *archive, const char *name, const char *text) {
    hid_t type = H5I_INVALID_HID;
    QN_TRY(qn_hdf5_text_type(&type));
    qn_status status = qn_archive_write_attribute(archive, name, type, type, &text);
    qn_hdf5_release(type);
    return status;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static qn_status open_attribute(const qn_archive *archive, const char *name, hid_t *out) {
    if (H5Aexists(qn_archive_group(archive), name) <= 0) {
        H5Eclear2(H5E_DEFAULT);
        return qn_archive_misfit(archive, name, "is missing");
    }
    hid_t attribute = H5Aopen(qn_archive_group(archive), name, H5P_DEFAULT);
    QN_TRY(qn_hdf5_check(attribute, QN_INPUT, "read", archive->path));
    hid_t space = H5Aget_space(attribute);
    hssize_t points = H5Sget_simple_extent_npoints(space);
    qn_hdf5_release(space);
    if (points != 1) {
        qn_hdf5_release(attribute);
        return qn_archive_misfit(archive, name, "is not a single value");
    }
    *out = attribute;
    return QN_OK;
}

/* Reads a number if its class is one of the two. */
static qn_status read_number(const qn_archive *archive, const char *name, H5T_class_t class_,
                             H5T_class_t other, hid_t memory_type, void *value, const char *why) {
    hid_t attribute = H5I_INVALID_HID;
    QN_TRY(open_attribute(archive, name, &attribute));
    hid_t type = H5Aget_type(attribute);
    H5T_class_t found = H5Tget_class(type);
    qn_hdf5_release(type);
    qn_status status = QN_OK;
    if (found != class_ && found != other)
        status = qn_archive_misfit(archive, name, why);
    else
        status =
            qn_hdf5_check(H5Aread(attribute, memory_type, value), QN_INPUT, "read", archive->path);
    qn_hdf5_release(attribute);
    return status;
}

/* A text of any length, allocated by HDF5. */
static qn_status read_variable(const qn_archive *archive, hid_t attribute, char **out) {
    hid_t type = H5Aget_type(attribute);
    char *text = NULL, *copy = NULL;
    qn_status status = QN_OK;
    /* The memory type must have the file's character set. */
    QN_TRY_GOTO(qn_hdf5_check(H5Aread(attribute, type, &text), QN_INPUT, "read", archive->path),
                done);
    QN_TRY_GOTO(qn_mem_copy_text(&copy, text == NULL ? "" : text), done);
    *out = copy;
done:
    if (text != NULL)
        H5free_memory(text);
    qn_hdf5_release(type);
    return status;
}

/* A text of fixed length, with or without a NUL at its end. */
static qn_status read_fixed(const qn_archive *archive, hid_t attribute, char **out) {
    hid_t type = H5Aget_type(attribute);
    size_t size = H5Tget_size(type);
    char *text = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_calloc(&text, size + 1, 1), done);
    QN_TRY_GOTO(qn_hdf5_check(H5Aread(attribute, type, text), QN_INPUT, "read", archive->path),
                done);
    *out = text;
done:
    if (status != QN_OK)
        qn_mem_free(text);
    qn_hdf5_release(type);
    return status;
}

qn_status qn_archive_read_text(const qn_archive *archive, const char *name, char **out) {
    hid_t attribute = H5I_INVALID_HID;
    QN_TRY(open_attribute(archive, name, &attribute));
    hid_t type = H5Aget_type(attribute);
    qn_status status = QN_OK;
    if (H5Tget_class(type) != H5T_STRING)
        status = qn_archive_misfit(archive, name, "is not a text");
    else if (H5Tis_variable_str(type) > 0)
        status = read_variable(archive, attribute, out);
    else
        status = read_fixed(archive, attribute, out);
    qn_hdf5_release(type);
    qn_hdf5_release(attribute);
    return status;
}

/* ---- The calls ------------------------------------------------------------------------------ */

static qn_status write_bool(const qn_archive *archive, const char *name, bool value) {
    hid_t type = H5I_INVALID_HID;
    const int8_t byte = value;
    QN_TRY(qn_hdf5_bool_type(&type));
    qn_status status = qn_archive_write_attribute(archive, name, type, type, &byte);
    qn_hdf5_release(type);
    return status;
}

static qn_status read_bool(const qn_archive *archive, const char *name, bool *value) {
    hid_t type = H5I_INVALID_HID;
    int8_t byte = 0;
    QN_TRY(qn_hdf5_bool_type(&type));
    qn_status status =
        read_number(archive, name, H5T_ENUM, H5T_ENUM, type, &byte, "is not true or false");
    qn_hdf5_release(type);
    if (status == QN_OK)
        *value = byte != 0;
    return status;
}

qn_status qn_archive_bool(qn_archive *archive, const char *name, bool *value) {
    qn_status status = QN_OK;
    bool read = false;
    if (archive->writing && archive->active)
        status = write_bool(archive, name, *value);
    else if (!archive->writing)
        status = read_bool(archive, name, &read);
    QN_TRY(qn_comm_agree(archive->comm, status));
    if (!archive->writing)
        *value = read;
    return QN_OK;
}

qn_status qn_archive_int(qn_archive *archive, const char *name, int64_t *value) {
    qn_status status = QN_OK;
    int64_t read = 0;
    if (archive->writing && archive->active)
        status = qn_archive_write_attribute(archive, name, H5T_STD_I64LE, H5T_NATIVE_INT64, value);
    else if (!archive->writing)
        status = read_number(archive, name, H5T_INTEGER, H5T_INTEGER, H5T_NATIVE_INT64, &read,
                             "is not a whole number");
    QN_TRY(qn_comm_agree(archive->comm, status));
    if (!archive->writing)
        *value = read;
    return QN_OK;
}

qn_status qn_archive_real(qn_archive *archive, const char *name, double *value) {
    qn_status status = QN_OK;
    double read = 0;
    if (archive->writing && archive->active)
        status =
            qn_archive_write_attribute(archive, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, value);
    else if (!archive->writing)
        status = read_number(archive, name, H5T_FLOAT, H5T_INTEGER, H5T_NATIVE_DOUBLE, &read,
                             "is not a number");
    QN_TRY(qn_comm_agree(archive->comm, status));
    if (!archive->writing)
        *value = read;
    return QN_OK;
}

qn_status qn_archive_text(qn_archive *archive, const char *name, char **value) {
    qn_status status = QN_OK;
    char *read = NULL;
    if (archive->writing && archive->active)
        status = qn_archive_write_text(archive, name, *value);
    else if (!archive->writing)
        status = qn_archive_read_text(archive, name, &read);
    status = qn_comm_agree(archive->comm, status);
    if (status != QN_OK)
        qn_mem_free(read);
    else if (!archive->writing)
        *value = read;
    return status;
}
