#include "mpi/part_h5.h"

#include <stdio.h>

enum { ALIGN_FROM = 65536, ALIGN_TO = 4096 };

static herr_t innermost(unsigned n, const H5E_error2_t *error, void *text) {
    if (n == 0 && error->desc != NULL)
        snprintf(text, 256, "%s", error->desc);
    return 0;
}

qn_status part_h5_check(int64_t result, const char *path, const char *what) {
    if (result >= 0)
        return QN_OK;
    char reason[256] = "unknown HDF5 error";
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, reason);
    return qn_fail(QN_IO, "cannot %s '%s': %s", what, path, reason);
}

void part_h5_quiet(void) {
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

qn_status part_h5_close(hid_t id, herr_t (*close)(hid_t), qn_status status, const char *path) {
    if (id <= 0)
        return status;
    herr_t result = close(id);
    return status != QN_OK ? status : part_h5_check(result, path, "finish writing");
}

static hid_t access_list(void) {
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list < 0)
        return list;
    if (H5Pset_fapl_sec2(list) < 0 || H5Pset_file_locking(list, false, true) < 0 ||
        H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_V110) < 0 ||
        H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) < 0 ||
        H5Pset_alignment(list, ALIGN_FROM, ALIGN_TO) < 0) {
        (void)H5Pclose(list);
        return -1;
    }
    return list;
}

qn_status part_h5_create(hid_t *out, const char *path, bool replace) {
    hid_t access = access_list();
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    hid_t file = -1;
    if (access >= 0 && creation >= 0 && H5Pset_obj_track_times(creation, false) >= 0)
        file = H5Fcreate(path, replace ? H5F_ACC_TRUNC : H5F_ACC_EXCL, creation, access);
    qn_status status = part_h5_check(file, path, "create");
    (void)H5Pclose(access);
    (void)H5Pclose(creation);
    if (status == QN_OK)
        *out = file;
    return status;
}

qn_status part_h5_open(hid_t *out, const char *path) {
    hid_t access = access_list();
    hid_t file = access < 0 ? access : H5Fopen(path, H5F_ACC_RDONLY, access);
    qn_status status = part_h5_check(file, path, "open");
    (void)H5Pclose(access);
    if (status == QN_OK)
        *out = file;
    return status;
}

qn_status part_h5_group(hid_t *out, hid_t parent, const char *name, const char *encoding,
                        const char *version, const char *path) {
    hid_t list = H5Pcreate(H5P_GROUP_CREATE);
    hid_t group = -1;
    if (list >= 0 && H5Pset_obj_track_times(list, false) >= 0)
        group = H5Gcreate2(parent, name, H5P_DEFAULT, list, H5P_DEFAULT);
    qn_status status = part_h5_check(group, path, "create a group in");
    (void)H5Pclose(list);
    if (status == QN_OK)
        status = part_h5_encoding(group, encoding, version, path);
    if (status != QN_OK)
        return part_h5_close(group, H5Gclose, status, path);
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
    qn_status status = part_h5_check(attr, path, "write an attribute of");
    if (status == QN_OK && count != 0)
        status = part_h5_check(H5Awrite(attr, type, value), path, "write an attribute of");
    status = part_h5_close(attr, H5Aclose, status, path);
    (void)H5Sclose(space);
    return status;
}

qn_status part_h5_attr_text(hid_t object, const char *name, const char *value, const char *path) {
    hid_t type = part_h5_variable();
    qn_status status = write_attr(object, name, type, -1, &value, path);
    (void)H5Tclose(type);
    return status;
}

qn_status part_h5_attr_texts(hid_t object, const char *name, const char *const *values,
                             int32_t count, const char *path) {
    if (count == 0)
        return write_attr(object, name, H5T_IEEE_F64LE, 0, NULL, path);
    hid_t type = part_h5_variable();
    qn_status status = write_attr(object, name, type, count, values, path);
    (void)H5Tclose(type);
    return status;
}

qn_status part_h5_attr_ints(hid_t object, const char *name, const int64_t *values, int32_t count,
                            const char *path) {
    return write_attr(object, name, H5T_STD_I64LE, count, values, path);
}

qn_status part_h5_attr_false(hid_t object, const char *name, const char *path) {
    const int8_t value = 0;
    hid_t type = part_h5_bool();
    qn_status status = write_attr(object, name, type, -1, &value, path);
    (void)H5Tclose(type);
    return status;
}

qn_status part_h5_encoding(hid_t object, const char *encoding, const char *version,
                           const char *path) {
    QN_TRY(part_h5_attr_text(object, "encoding-type", encoding, path));
    return part_h5_attr_text(object, "encoding-version", version, path);
}

hid_t part_h5_bool(void) {
    const int8_t no = 0, yes = 1;
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    if (type >= 0 &&
        (H5Tenum_insert(type, "FALSE", &no) < 0 || H5Tenum_insert(type, "TRUE", &yes) < 0)) {
        (void)H5Tclose(type);
        return -1;
    }
    return type;
}

static hid_t utf8(size_t size) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, size) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        (void)H5Tclose(type);
        return -1;
    }
    return type;
}

hid_t part_h5_fixed(int64_t size) {
    hid_t type = utf8((size_t)size);
    if (type >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) < 0) {
        (void)H5Tclose(type);
        return -1;
    }
    return type;
}

hid_t part_h5_variable(void) {
    return utf8(H5T_VARIABLE);
}
