/* Opening, closing and walking through an archive.
 *
 * Behind HDF5's last byte stands a checksum of all before it (readers of HDF5 do not look there),
 * which is checked before HDF5 sees a byte: the library is not robust against damaged files. */
#include "mpi/hdf5/archive_private.h"

#include "core/memory.h"

#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

static const char trailer_mark[16] = "\nquern-xxh3-128:";
static const char hdf5_signature[8] = "\211HDF\r\n\032\n";

enum { TRAILER_SIZE = sizeof trailer_mark + sizeof(XXH128_canonical_t) };

/* ---- Making and freeing --------------------------------------------------------------------- */

static qn_status new_archive(qn_archive **out, qn_comm *comm, const char *path, const char *kind) {
    qn_archive *archive = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_mem_calloc(&archive, 1, sizeof *archive));
    archive->comm = comm;
    archive->file = H5I_INVALID_HID;
    for (int i = 0; i < QN_ARCHIVE_DEPTH; i++)
        archive->groups[i] = H5I_INVALID_HID;
    QN_TRY_GOTO(qn_mem_copy_text(&archive->path, path), done);
    if (kind != NULL)
        QN_TRY_GOTO(qn_mem_copy_text(&archive->kind, kind), done);
    *out = archive;
done:
    if (status != QN_OK)
        qn_archive_discard(archive);
    return status;
}

void qn_archive_discard(qn_archive *archive) {
    if (archive == NULL)
        return;
    for (int i = archive->depth; i >= 0; i--)
        qn_hdf5_release(archive->groups[i]);
    qn_hdf5_release(archive->file);
    qn_output_discard(archive->output);
    qn_mem_free(archive->path);
    qn_mem_free(archive->kind);
    qn_mem_free(archive);
}

bool qn_archive_writing(const qn_archive *archive) {
    return archive->writing;
}

const char *qn_archive_kind(const qn_archive *archive) {
    return archive->kind;
}

qn_comm *qn_archive_comm(const qn_archive *archive) {
    return archive->comm;
}

static qn_status open_root(qn_archive *archive, qn_status code) {
    archive->groups[0] = H5Gopen2(archive->file, "/", H5P_DEFAULT);
    return qn_hdf5_check(archive->groups[0], code, "open", archive->path);
}

/* ---- Writing -------------------------------------------------------------------------------- */

static qn_status start_writing(qn_archive *archive) {
    archive->active = true;
    QN_TRY(qn_output_open(&archive->output, archive->path));
    QN_TRY(qn_hdf5_create_file(&archive->file, qn_output_temporary(archive->output)));
    QN_TRY(open_root(archive, QN_IO));
    const int64_t format = QN_ARCHIVE_FORMAT;
    QN_TRY(qn_archive_write_attribute(archive, "quern_format", H5T_STD_I64LE, H5T_NATIVE_INT64,
                                      &format));
    return qn_archive_write_text(archive, "quern_kind", archive->kind);
}

qn_status qn_archive_create(qn_archive **out, qn_comm *comm, const char *path, const char *kind) {
    qn_archive *archive = NULL;
    qn_status status = new_archive(&archive, comm, path, kind);
    if (status == QN_OK) {
        archive->writing = true;
        if (qn_comm_rank(comm) == 0)
            status = start_writing(archive);
    }
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    *out = archive;
done:
    if (status != QN_OK)
        qn_archive_discard(archive);
    return status;
}

/* Reads back what HDF5 wrote and adds its checksum. */
static qn_status write_trailer(qn_archive *archive) {
    char *bytes = NULL;
    int64_t length = 0, got = 0;
    XXH128_canonical_t sum;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_output_continue(archive->output, &length), done);
    QN_TRY_GOTO(qn_file_read_all(qn_output_temporary(archive->output), &bytes, &got), done);
    XXH128_canonicalFromHash(&sum, XXH3_128bits(bytes, (size_t)length));
    QN_TRY_GOTO(qn_output_write(archive->output, trailer_mark, sizeof trailer_mark), done);
    QN_TRY_GOTO(qn_output_write(archive->output, &sum, sizeof sum), done);
done:
    qn_mem_free(bytes);
    return status;
}

static qn_status finish_writing(qn_archive *archive) {
    for (; archive->depth > 0; archive->depth--)
        QN_TRY(qn_hdf5_close(&archive->groups[archive->depth], QN_IO, archive->path));
    QN_TRY(qn_hdf5_close(&archive->groups[0], QN_IO, archive->path));
    QN_TRY(qn_hdf5_close(&archive->file, QN_IO, archive->path));
    QN_TRY(write_trailer(archive));
    qn_output *output = archive->output;
    archive->output = NULL;
    return qn_output_commit(output);
}

qn_status qn_archive_close(qn_archive *archive) {
    qn_status status = QN_OK;
    qn_comm *comm = archive->comm;
    if (archive->writing && archive->active)
        status = finish_writing(archive);
    if (archive->writing)
        status = qn_comm_agree(comm, status);
    qn_archive_discard(archive);
    return status;
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* Is it HDF5, and what we wrote? A file without our trailer was rewritten by another program. */
static qn_status check_bytes(const char *bytes, int64_t length, const char *path) {
    if (length < (int64_t)sizeof hdf5_signature ||
        memcmp(bytes, hdf5_signature, sizeof hdf5_signature) != 0)
        return qn_fail(QN_INPUT, "'%s' is not an HDF5 file", path);
    const char *trailer = bytes + length - TRAILER_SIZE;
    if (length <= TRAILER_SIZE || memcmp(trailer, trailer_mark, sizeof trailer_mark) != 0)
        return QN_OK;
    XXH128_canonical_t sum;
    XXH128_canonicalFromHash(&sum, XXH3_128bits(bytes, (size_t)(length - TRAILER_SIZE)));
    if (memcmp(&sum, trailer + sizeof trailer_mark, sizeof sum) != 0)
        return qn_fail(QN_INPUT, "'%s' is damaged: its checksum does not fit its content", path);
    return QN_OK;
}

static qn_status check_kind(qn_archive *archive) {
    char *kind = NULL;
    int64_t format = 0;
    qn_status status = QN_OK;
    if (H5Aexists(archive->groups[0], "quern_kind") <= 0 ||
        H5Aexists(archive->groups[0], "quern_format") <= 0)
        return qn_fail(QN_INPUT, "'%s' is an HDF5 file, but not one of quern's%s%s", archive->path,
                       archive->kind == NULL ? "" : ": expected a ",
                       archive->kind == NULL ? "" : archive->kind);
    QN_TRY_GOTO(qn_archive_read_text(archive, "quern_kind", &kind), done);
    hid_t attribute = H5Aopen(archive->groups[0], "quern_format", H5P_DEFAULT);
    bool read = attribute >= 0 && H5Aread(attribute, H5T_NATIVE_INT64, &format) >= 0;
    qn_hdf5_release(attribute);
    if (!read)
        QN_TRY_GOTO(qn_hdf5_fail(QN_INPUT, "cannot read '%s'", archive->path), done);
    if (archive->kind != NULL && strcmp(kind, archive->kind) != 0)
        QN_TRY_GOTO(qn_fail(QN_INPUT, "'%s' is a %s, not a %s", archive->path, kind, archive->kind),
                    done);
    if (format < 1 || format > QN_ARCHIVE_FORMAT)
        QN_TRY_GOTO(qn_fail(QN_INPUT,
                            "'%s' has format %lld, written by a newer quern: this one reads "
                            "formats up to %d",
                            archive->path, (long long)format, QN_ARCHIVE_FORMAT),
                    done);
    qn_mem_free(archive->kind);
    archive->kind = kind;
    kind = NULL;
done:
    qn_mem_free(kind);
    return status;
}

static qn_status start_reading(qn_archive *archive, const char *bytes, int64_t length) {
    archive->active = true;
    archive->length = length;
    QN_TRY(check_bytes(bytes, length, archive->path));
    QN_TRY(qn_hdf5_open_image(&archive->file, bytes, length, archive->path));
    QN_TRY(open_root(archive, QN_INPUT));
    return check_kind(archive);
}

qn_status qn_archive_open(qn_archive **out, qn_comm *comm, const char *path, const char *kind) {
    qn_archive *archive = NULL;
    char *bytes = NULL;
    int64_t length = 0;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_file_read_shared(comm, path, &bytes, &length), done);
    status = new_archive(&archive, comm, path, kind);
    if (status == QN_OK)
        status = start_reading(archive, bytes, length);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    *out = archive;
done:
    qn_mem_free(bytes);
    if (status != QN_OK)
        qn_archive_discard(archive);
    return status;
}

/* ---- Groups --------------------------------------------------------------------------------- */

qn_status qn_archive_misfit(const qn_archive *archive, const char *name, const char *why) {
    char group[1024] = "";
    if (H5Iget_name(qn_archive_group(archive), group, sizeof group) < 0)
        H5Eclear2(H5E_DEFAULT);
    return qn_fail(QN_DATA, "'%s': '%s' in group '%s' %s", archive->path, name, group, why);
}

bool qn_archive_has(const qn_archive *archive, const char *name) {
    hid_t group = qn_archive_group(archive);
    bool found = H5Aexists(group, name) > 0 || H5Lexists(group, name, H5P_DEFAULT) > 0;
    H5Eclear2(H5E_DEFAULT);
    return found;
}

static qn_status create_group(qn_archive *archive, const char *group, hid_t *out) {
    hid_t creation = H5I_INVALID_HID;
    QN_TRY(qn_hdf5_creation(&creation, H5P_GROUP_CREATE));
    hid_t made = H5Gcreate2(qn_archive_group(archive), group, H5P_DEFAULT, creation, H5P_DEFAULT);
    qn_hdf5_release(creation);
    QN_TRY(qn_hdf5_check(made, QN_IO, "write", archive->path));
    *out = made;
    return QN_OK;
}

static qn_status step_into(qn_archive *archive, const char *group) {
    if (archive->depth + 1 == QN_ARCHIVE_DEPTH)
        return qn_archive_misfit(archive, group, "lies too deep");
    hid_t current = qn_archive_group(archive), entered = H5I_INVALID_HID;
    if (H5Lexists(current, group, H5P_DEFAULT) > 0) {
        entered = H5Gopen2(current, group, H5P_DEFAULT);
        H5Eclear2(H5E_DEFAULT);
        if (entered < 0)
            return qn_archive_misfit(archive, group, "is not a group");
    } else if (archive->writing) {
        QN_TRY(create_group(archive, group, &entered));
    } else {
        return qn_archive_misfit(archive, group, "is missing");
    }
    archive->groups[++archive->depth] = entered;
    return QN_OK;
}

qn_status qn_archive_enter(qn_archive *archive, const char *group) {
    qn_status status = archive->active ? step_into(archive, group) : QN_OK;
    return qn_comm_agree(archive->comm, status);
}

qn_status qn_archive_leave(qn_archive *archive) {
    qn_status status = QN_OK;
    if (archive->active && archive->depth == 0)
        status = qn_fail(QN_INTERNAL, "left the root of archive '%s'", archive->path);
    else if (archive->active)
        status = qn_hdf5_close(&archive->groups[archive->depth--],
                               archive->writing ? QN_IO : QN_INPUT, archive->path);
    return qn_comm_agree(archive->comm, status);
}
