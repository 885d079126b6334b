#include "mpi/hdf5/part_h5.h"

enum { ALIGN_FROM = 65536, ALIGN_TO = 4096 };

qn_status part_h5_close(hid_t id, qn_status status, const char *path) {
    if (id <= 0)
        return status;
    if (status == QN_OK)
        return qn_hdf5_close(&id, QN_IO, path);
    qn_hdf5_release(id);
    return status;
}

qn_status part_h5_create(hid_t *out, const char *path, bool replace) {
    hid_t access = H5I_INVALID_HID, creation = H5I_INVALID_HID;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_hdf5_access(&access), done);
    QN_TRY_GOTO(qn_hdf5_creation(&creation, H5P_FILE_CREATE), done);
    hid_t file = H5Pset_alignment(access, ALIGN_FROM, ALIGN_TO) < 0
                     ? -1
                     : H5Fcreate(path, replace ? H5F_ACC_TRUNC : H5F_ACC_EXCL, creation, access);
    QN_TRY_GOTO(qn_hdf5_check(file, QN_IO, "create", path), done);
    *out = file;
done:
    qn_hdf5_release(creation);
    qn_hdf5_release(access);
    return status;
}

qn_status part_h5_group(hid_t *out, hid_t parent, const char *name, const char *encoding,
                        const char *version, const char *path) {
    hid_t list = H5I_INVALID_HID;
    QN_TRY(qn_hdf5_creation(&list, H5P_GROUP_CREATE));
    hid_t group = H5Gcreate2(parent, name, H5P_DEFAULT, list, H5P_DEFAULT);
    qn_status status = qn_hdf5_check(group, QN_IO, "create a group in", path);
    qn_hdf5_release(list);
    if (status == QN_OK)
        status = part_h5_encoding(group, encoding, version, path);
    if (status != QN_OK)
        return part_h5_close(group, status, path);
    *out = group;
    return QN_OK;
}

/* Writes one attribute and closes it; count < 0: a scalar. */
static qn_status write_attr(hid_t object, const char *name, hid_t type, int32_t count,
                            const void *value, const char *path) {
    hsize_t length = count < 0 ? 1 : (hsize_t)count;
    hid_t space = count < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &length, NULL);
    hid_t attr = -1;
    if (type >= 0 && space >= 0)
        attr = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    qn_status status = qn_hdf5_check(attr, QN_IO, "write an attribute of", path);
    if (status == QN_OK && count != 0)
        status = qn_hdf5_check(H5Awrite(attr, type, value), QN_IO, "write an attribute of", path);
    status = part_h5_close(attr, status, path);
    (void)H5Sclose(space);
    return status;
}

qn_status part_h5_attr_text(hid_t object, const char *name, const char *value, const char *path) {
    hid_t type = H5I_INVALID_HID;
    QN_TRY(qn_hdf5_text_type(&type));
    qn_status status = write_attr(object, name, type, -1, &value, path);
    qn_hdf5_release(type);
    return status;
}

qn_status part_h5_attr_texts(hid_t object, const char *name, const char *const *values,
                             int32_t count, const char *path) {
    if (count == 0)
        return write_attr(object, name, H5T_IEEE_F64LE, 0, NULL, path);
    hid_t type = H5I_INVALID_HID;
    QN_TRY(qn_hdf5_text_type(&type));
    qn_status status = write_attr(object, name, type, count, values, path);
    qn_hdf5_release(type);
    return status;
}

qn_status part_h5_attr_ints(hid_t object, const char *name, const int64_t *values, int32_t count,
                            const char *path) {
    return write_attr(object, name, H5T_STD_I64LE, count, values, path);
}

qn_status part_h5_attr_false(hid_t object, const char *name, const char *path) {
    const int8_t value = 0;
    hid_t type = H5I_INVALID_HID;
    QN_TRY(qn_hdf5_bool_type(&type));
    qn_status status = write_attr(object, name, type, -1, &value, path);
    qn_hdf5_release(type);
    return status;
}

qn_status part_h5_encoding(hid_t object, const char *encoding, const char *version,
                           const char *path) {
    QN_TRY(part_h5_attr_text(object, "encoding-type", encoding, path));
    return part_h5_attr_text(object, "encoding-version", version, path);
}

hid_t part_h5_fixed(int64_t size) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, (size_t)size) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0 ||
                      H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)) {
        qn_hdf5_release(type);
        return H5I_INVALID_HID;
    }
    return type;
}
