#include "mpi/hdf5/hdf5.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { IMAGE_INCREMENT = 1 << 16, DETAIL_SIZE = 400 };

qn_status qn_hdf5_start(void) {
    /* At the end of the program HDF5 would close what failed to close once more, and crash. We
     * close everything ourselves. Fails, harmlessly and in silence, from the second time on. */
    (void)H5dont_atexit();
    if (H5open() < 0 || H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0)
        return qn_fail(QN_ENVIRONMENT, "the HDF5 library does not start");
    return QN_OK;
}

/* ---- Errors --------------------------------------------------------------------------------- */

typedef struct detail {
    char text[DETAIL_SIZE];
    bool of_system;
} detail;

/* A failed system call's description ends with "error message = 'No space left on device', ..." */
static herr_t pick_detail(unsigned depth, const H5E_error2_t *entry, void *data) {
    static const char mark[] = "error message = '";
    detail *found = data;
    const char *words = entry->desc == NULL ? NULL : strstr(entry->desc, mark);
    if (words != NULL && !found->of_system) {
        words += sizeof mark - 1;
        snprintf(found->text, sizeof found->text, "%.*s", (int)strcspn(words, "'"), words);
        found->of_system = true;
    } else if (depth == 0 && entry->desc != NULL) {
        snprintf(found->text, sizeof found->text, "%s", entry->desc);
    }
    return 0;
}

qn_status qn_hdf5_fail(qn_status code, const char *format, ...) {
    detail found = {"", false};
    char text[4096];
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, pick_detail, &found);
    H5Eclear2(H5E_DEFAULT);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (found.text[0] == '\0')
        return qn_fail(code, "%s", text);
    return qn_fail(code, "%s: %s%s", text, found.of_system ? "" : "HDF5: ", found.text);
}

qn_status qn_hdf5_check(int64_t result, qn_status code, const char *what, const char *path) {
    return result >= 0 ? QN_OK : qn_hdf5_fail(code, "cannot %s '%s'", what, path);
}

static herr_t close_any(hid_t id) {
    switch (H5Iget_type(id)) {
    case H5I_FILE:
        return H5Fclose(id);
    case H5I_GROUP:
        return H5Gclose(id);
    case H5I_DATATYPE:
        return H5Tclose(id);
    case H5I_DATASPACE:
        return H5Sclose(id);
    case H5I_DATASET:
        return H5Dclose(id);
    case H5I_ATTR:
        return H5Aclose(id);
    case H5I_GENPROP_LST:
        return H5Pclose(id);
    default:
        return H5Oclose(id);
    }
}

qn_status qn_hdf5_close(hid_t *id, qn_status code, const char *path) {
    hid_t closed = *id;
    *id = H5I_INVALID_HID;
    return closed < 0 ? QN_OK : qn_hdf5_check(close_any(closed), code, "close", path);
}

void qn_hdf5_release(hid_t id) {
    if (id >= 0 && close_any(id) < 0)
        H5Eclear2(H5E_DEFAULT);
}

/* ---- Property lists and types --------------------------------------------------------------- */

/* Hands a made object out, or releases it if one of the settings on it failed. */
static qn_status hand_out(hid_t *out, hid_t made, bool complete) {
    if (made >= 0 && complete) {
        *out = made;
        return QN_OK;
    }
    qn_status status = qn_hdf5_fail(QN_INTERNAL, "cannot set up HDF5");
    qn_hdf5_release(made);
    return status;
}

qn_status qn_hdf5_access(hid_t *out) {
    QN_TRY(qn_hdf5_start());
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    bool complete = list >= 0 && H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) >= 0 &&
                    H5Pset_file_locking(list, false, true) >= 0 &&
                    H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_V110) >= 0;
    return hand_out(out, list, complete);
}

qn_status qn_hdf5_creation(hid_t *out, hid_t class_) {
    hid_t list = H5Pcreate(class_);
    bool complete = list >= 0 && H5Pset_obj_track_times(list, false) >= 0;
    return hand_out(out, list, complete);
}

qn_status qn_hdf5_text_type(hid_t *out) {
    hid_t type = H5Tcopy(H5T_C_S1);
    bool complete =
        type >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
    return hand_out(out, type, complete);
}

qn_status qn_hdf5_bool_type(hid_t *out) {
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    const int8_t no = 0, yes = 1;
    bool complete = type >= 0 && H5Tenum_insert(type, "FALSE", &no) >= 0 &&
                    H5Tenum_insert(type, "TRUE", &yes) >= 0;
    return hand_out(out, type, complete);
}

/* ---- Files ---------------------------------------------------------------------------------- */

qn_status qn_hdf5_create_file(hid_t *out, const char *path) {
    hid_t access = H5I_INVALID_HID, creation = H5I_INVALID_HID;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_hdf5_access(&access), done);
    QN_TRY_GOTO(qn_hdf5_creation(&creation, H5P_FILE_CREATE), done);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
    QN_TRY_GOTO(qn_hdf5_check(file, QN_IO, "write", path), done);
    *out = file;
done:
    qn_hdf5_release(creation);
    qn_hdf5_release(access);
    return status;
}

qn_status qn_hdf5_open_file(hid_t *out, const char *path) {
    hid_t access = H5I_INVALID_HID;
    QN_TRY(qn_hdf5_access(&access));
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
    qn_status status = qn_hdf5_check(file, QN_INPUT, "read", path);
    qn_hdf5_release(access);
    if (status == QN_OK)
        *out = file;
    return status;
}

/* HDF5 knows files in memory by name: two of one name are one file to it, and one that exists on
 * disk is refused. So each gets a name of its own, of a file that cannot exist. */
static void name_image(char name[64]) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(name, 64, "/dev/null/%lld.%09ld", (long long)now.tv_sec, now.tv_nsec);
}

qn_status qn_hdf5_open_image(hid_t *out, const void *data, int64_t length, const char *path) {
    hid_t access = H5I_INVALID_HID;
    char name[64];
    qn_status status = QN_OK;
    QN_TRY(qn_hdf5_access(&access));
    bool complete =
        H5Pset_fapl_core(access, IMAGE_INCREMENT, false) >= 0 &&
        H5Pset_file_image(access, (void *)(uintptr_t)data, (size_t)length) >= 0; /* copies */
    QN_TRY_GOTO(qn_hdf5_check(complete ? 0 : -1, QN_MEMORY, "read", path), done);
    name_image(name);
    hid_t file = H5Fopen(name, H5F_ACC_RDONLY, access);
    QN_TRY_GOTO(qn_hdf5_check(file, QN_INPUT, "read", path), done);
    *out = file;
done:
    qn_hdf5_release(access);
    return status;
}
