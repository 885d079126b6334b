/* Reading files. */
#include "mpi/file/file.h"

#include "core/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BLOCK = 1 << 30, MOST_NAMES = 100000 };

struct qn_file {
    int descriptor;
    int64_t size;
    char *path;
};

/* ---- What may be wrong with a name ---------------------------------------------------------- */

/* The entries of a folder but hidden ones; an empty list if it cannot be read. */
static int64_t list_folder(const char *folder, char ***out) {
    int64_t count = 0, capacity = 0;
    char **names = NULL;
    DIR *stream = opendir(folder);
    for (struct dirent *entry = NULL; stream != NULL && count < MOST_NAMES;) {
        entry = readdir(stream);
        if (entry != NULL && entry->d_name[0] == '.')
            continue;
        if (entry == NULL || qn_mem_reserve(&names, &capacity, count + 1, sizeof *names) != QN_OK ||
            qn_mem_copy_text(&names[count], entry->d_name) != QN_OK)
            break;
        count++;
    }
    if (stream != NULL)
        closedir(stream);
    *out = names;
    return count;
}

/* The help line "did you mean ...?" for a file that does not exist. */
static qn_status fail_missing(const char *path) {
    const char *slash = strrchr(path, '/'), *word = slash == NULL ? path : slash + 1;
    if (*path == '\0')
        return qn_fail(QN_INPUT, "the name of a file to read is empty");
    char *folder = NULL, **names = NULL;
    QN_TRY(qn_format(&folder, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
                     slash == NULL ? "." : path));
    struct stat facts;
    qn_status status = QN_OK;
    int64_t count = 0;
    if (stat(folder, &facts) != 0) {
        status = qn_fail(QN_INPUT, "file '%s' does not exist, nor does its folder", path);
    } else {
        count = list_folder(folder, &names);
        status = qn_fail(QN_INPUT, "file '%s' does not exist", path);
        const char *nearest = qn_nearest(word, (const char *const *)names, count);
        if (nearest != NULL)
            qn_error_help("did you mean '%.*s%s'?", slash == NULL ? 0 : (int)(slash - path + 1),
                          path, nearest);
    }
    qn_mem_free_all(names, count);
    qn_mem_free(folder);
    return status;
}

static qn_status check_kind(int descriptor, const char *path, int64_t *size) {
    struct stat facts;
    if (fstat(descriptor, &facts) != 0)
        return qn_fail_errno(QN_IO, "cannot read '%s'", path);
    if (S_ISDIR(facts.st_mode)) {
        qn_status status = qn_fail(QN_INPUT, "'%s' is a directory, not a file", path);
        qn_error_help(
            "name the files in it, as '%s/*.csv'; 'quern store read' reads a feature store", path);
        return status;
    }
    if (!S_ISREG(facts.st_mode) && !S_ISCHR(facts.st_mode)) {
        qn_status status = qn_fail(QN_INPUT, "'%s' is a pipe or socket, not a file", path);
        qn_error_help("ranks read at different places: write it to a file first");
        return status;
    }
    *size = facts.st_size;
    return QN_OK;
}

/* ---- Positioned reads ----------------------------------------------------------------------- */

qn_status qn_file_open(qn_file **out, const char *path) {
    qn_file *file = NULL;
    QN_TRY(qn_mem_calloc(&file, 1, sizeof *file));
    /* O_NONBLOCK: opening a pipe that nobody writes must not wait. */
    file->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    qn_status status = QN_OK;
    if (file->descriptor < 0 && (errno == ENOENT || errno == ENOTDIR))
        status = fail_missing(path);
    else if (file->descriptor < 0)
        status = qn_fail_errno(QN_INPUT, "cannot read '%s'", path);
    if (status != QN_OK)
        goto done;
    QN_TRY_GOTO(check_kind(file->descriptor, path, &file->size), done);
    QN_TRY_GOTO(qn_mem_copy_text(&file->path, path), done);
    *out = file;
done:
    if (status != QN_OK)
        qn_file_free(file);
    return status;
}

void qn_file_free(qn_file *file) {
    if (file == NULL)
        return;
    if (file->descriptor >= 0)
        close(file->descriptor);
    qn_mem_free(file->path);
    qn_mem_free(file);
}

int64_t qn_file_size(const qn_file *file) {
    return file->size;
}

const char *qn_file_path(const qn_file *file) {
    return file->path;
}

qn_status qn_file_read(qn_file *file, int64_t offset, int64_t length, char *out, int64_t *read_) {
    int64_t done = 0;
    while (done < length) {
        int64_t block = length - done < READ_BLOCK ? length - done : READ_BLOCK;
        ssize_t got = pread(file->descriptor, out + done, (size_t)block, offset + done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return qn_fail_errno(QN_IO, "cannot read '%s'", file->path);
        if (got == 0)
            break;
        done += got;
    }
    *read_ = done;
    return QN_OK;
}

qn_status qn_file_read_all(const char *path, char **out, int64_t *length) {
    qn_file *file = NULL;
    char *bytes = NULL;
    int64_t got = 0;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_file_open(&file, path), done);
    QN_TRY_GOTO(qn_mem_alloc(&bytes, (size_t)file->size + 1, 1), done);
    QN_TRY_GOTO(qn_file_read(file, 0, file->size, bytes, &got), done);
    bytes[got] = '\0';
    *out = bytes;
    *length = got;
done:
    if (status != QN_OK)
        qn_mem_free(bytes);
    qn_file_free(file);
    return status;
}

qn_status qn_file_read_shared(qn_comm *comm, const char *path, char **out, int64_t *length) {
    char *bytes = NULL;
    int64_t size = 0;
    qn_status status = QN_OK;
    if (qn_comm_rank(comm) == 0)
        status = qn_file_read_all(path, &bytes, &size);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_broadcast(comm, &size, sizeof size, 0), done);
    if (qn_comm_rank(comm) != 0)
        status = qn_mem_alloc(&bytes, (size_t)size + 1, 1);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_broadcast(comm, bytes, size + 1, 0), done);
    *out = bytes;
    *length = size;
done:
    if (status != QN_OK)
        qn_mem_free(bytes);
    return status;
}
