/* Writing a file so that it exists whole or not at all. */
#include "mpi/file/file.h"

#include "core/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A temporary name must stay below NAME_MAX for any name of the target. */
enum { MOST_OF_NAME = 120, MOST_OF_HOST = 64, MOST_TRIES = 10000, WRITE_BLOCK = 1 << 30 };

struct qn_output {
    int descriptor;
    bool direct;   /* a device or pipe: written in place */
    bool replaces; /* a file that exists: its mode is kept */
    bool failed;
    mode_t mode;
    char *path;      /* what the caller calls it, for messages */
    char *target;    /* with symbolic links followed */
    char *folder;    /* of the target, ends with '/' or is "./" */
    char *prefix;    /* ".NAME.tmp-HOST-" */
    char *temporary; /* folder and name */
};

/* ---- Names ---------------------------------------------------------------------------------- */

/* A link is written through, not replaced. */
static qn_status find_target(const char *path, char **out) {
    struct stat facts;
    if (lstat(path, &facts) != 0 || !S_ISLNK(facts.st_mode))
        return qn_mem_copy_text(out, path);
    char *resolved = realpath(path, NULL);
    qn_status status = qn_mem_copy_text(out, resolved == NULL ? path : resolved);
    free(resolved);
    return status;
}

static qn_status set_names(qn_output *output, const char *path) {
    char host[MOST_OF_HOST + 1] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        strcpy(host, "host");
    for (char *c = host; *c != '\0'; c++)
        *c = *c == '/' ? '_' : *c;
    QN_TRY(qn_mem_copy_text(&output->path, path));
    QN_TRY(find_target(path, &output->target));
    const char *slash = strrchr(output->target, '/');
    const char *name = slash == NULL ? output->target : slash + 1;
    int folder_length = (int)(name - output->target);
    if (slash == NULL)
        QN_TRY(qn_mem_copy_text(&output->folder, "./"));
    else
        QN_TRY(qn_format(&output->folder, "%.*s", folder_length, output->target));
    return qn_format(&output->prefix, ".%.*s.tmp-%s-", MOST_OF_NAME, name, host);
}

/* "PID-N" of a process that is no more? */
static bool is_stale(const char *suffix) {
    char *end = NULL;
    long pid = strtol(suffix, &end, 10);
    if (pid <= 0 || pid > INT_MAX || *end != '-' || end[1 + strspn(end + 1, "0123456789")] != '\0')
        return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* What dead processes of this host left for the same target. Only tidying: errors do not count. */
static void remove_stale(const qn_output *output) {
    DIR *stream = opendir(output->folder);
    if (stream == NULL)
        return;
    size_t length = strlen(output->prefix);
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream))
        if (strncmp(entry->d_name, output->prefix, length) == 0 && is_stale(entry->d_name + length))
            unlinkat(dirfd(stream), entry->d_name, 0);
    closedir(stream);
}

/* ---- Opening -------------------------------------------------------------------------------- */

static qn_status check_target(qn_output *output) {
    struct stat facts;
    size_t length = strlen(output->path);
    if (length == 0)
        return qn_fail(QN_IO, "cannot write: the file name is empty");
    if (output->path[length - 1] == '/' ||
        (stat(output->target, &facts) == 0 && S_ISDIR(facts.st_mode)))
        return qn_fail(QN_IO, "cannot write '%s': it is a directory", output->path);
    if (stat(output->folder, &facts) != 0 && errno == ENOENT)
        return qn_fail(QN_IO, "cannot write '%s': folder '%s' does not exist", output->path,
                       output->folder);
    bool exists = stat(output->target, &facts) == 0;
    if (!exists && errno != ENOENT) /* say now what would come up at commit */
        return qn_fail_errno(QN_IO, "cannot write '%s'", output->path);
    output->direct = exists && !S_ISREG(facts.st_mode);
    output->replaces = exists;
    output->mode = exists ? facts.st_mode & 0777 : 0666; /* else the umask's choice */
    return QN_OK;
}

static qn_status open_temporary(qn_output *output) {
    for (int number = 0; number < MOST_TRIES && output->descriptor < 0; number++) {
        qn_mem_free(output->temporary);
        output->temporary = NULL;
        QN_TRY(qn_format(&output->temporary, "%s%s%d-%d", output->folder, output->prefix,
                         (int)getpid(), number));
        /* 0600 in any case: HDF5 opens it again by name */
        output->descriptor =
            open(output->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, output->mode | 0600);
        if (output->descriptor < 0 && errno != EEXIST)
            break;
    }
    if (output->descriptor >= 0) {
        if (output->replaces) /* file systems without modes refuse: there is nothing to keep */
            (void)fchmod(output->descriptor, output->mode | 0600);
        return QN_OK;
    }
    qn_status status = qn_fail_errno(QN_IO, "cannot write '%s'", output->path);
    qn_mem_free(output->temporary); /* it is not ours to remove */
    output->temporary = NULL;
    return status;
}

static qn_status open_direct(qn_output *output) {
    QN_TRY(qn_mem_copy_text(&output->temporary, output->target));
    output->descriptor = open(output->target, O_WRONLY | O_CLOEXEC);
    return output->descriptor >= 0 ? QN_OK
                                   : qn_fail_errno(QN_IO, "cannot write '%s'", output->path);
}

qn_status qn_output_open(qn_output **out, const char *path) {
    qn_output *output = NULL;
    QN_TRY(qn_mem_calloc(&output, 1, sizeof *output));
    output->descriptor = -1;
    qn_status status = QN_OK;
    QN_TRY_GOTO(set_names(output, path), done);
    QN_TRY_GOTO(check_target(output), done);
    if (output->direct) {
        QN_TRY_GOTO(open_direct(output), done);
    } else {
        remove_stale(output);
        QN_TRY_GOTO(open_temporary(output), done);
    }
    *out = output;
done:
    if (status != QN_OK)
        qn_output_discard(output);
    return status;
}

const char *qn_output_temporary(const qn_output *output) {
    return output->temporary;
}

/* ---- Writing and ending --------------------------------------------------------------------- */

qn_status qn_output_write(qn_output *output, const void *data, int64_t length) {
    const char *left = data;
    while (length > 0) {
        size_t block = length < WRITE_BLOCK ? (size_t)length : WRITE_BLOCK;
        ssize_t written = write(output->descriptor, left, block);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            output->failed = true;
            return qn_fail_errno(QN_IO, "cannot write '%s'", output->path);
        }
        left += written;
        length -= written;
    }
    return QN_OK;
}

qn_status qn_output_continue(qn_output *output, int64_t *length) {
    off_t end = lseek(output->descriptor, 0, SEEK_END);
    if (end < 0)
        return qn_fail_errno(QN_IO, "cannot write '%s'", output->path);
    *length = end;
    return QN_OK;
}

/* Makes a rename last. File systems that cannot sync a folder say EINVAL. */
static qn_status sync_folder(const qn_output *output) {
    int folder = open(output->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 && errno == EACCES) /* writable, not readable: nothing to be done */
        return QN_OK;
    bool synced = folder >= 0 && (fsync(folder) == 0 || errno == EINVAL || errno == ENOTSUP);
    qn_status status =
        synced ? QN_OK : qn_fail_errno(QN_IO, "cannot sync folder '%s'", output->folder);
    if (folder >= 0)
        close(folder);
    return status;
}

static qn_status close_descriptor(qn_output *output) {
    if (!output->direct && fsync(output->descriptor) != 0)
        return qn_fail_errno(QN_IO, "cannot write '%s'", output->path);
    int descriptor = output->descriptor;
    output->descriptor = -1;
    if (close(descriptor) != 0 && errno != EINTR)
        return qn_fail_errno(QN_IO, "cannot write '%s'", output->path);
    return QN_OK;
}

static qn_status make_visible(qn_output *output) {
    if (output->failed)
        return qn_fail(QN_IO, "cannot write '%s': an earlier write failed", output->path);
    QN_TRY(close_descriptor(output));
    if (output->direct)
        return QN_OK;
    if (rename(output->temporary, output->target) != 0)
        return qn_fail_errno(QN_IO, "cannot rename '%s' to '%s'", output->temporary, output->path);
    qn_mem_free(output->temporary);
    output->temporary = NULL;
    return sync_folder(output);
}

qn_status qn_output_commit(qn_output *output) {
    qn_status status = make_visible(output);
    qn_output_discard(output);
    return status;
}

void qn_output_discard(qn_output *output) {
    if (output == NULL)
        return;
    if (output->descriptor >= 0)
        close(output->descriptor);
    if (output->temporary != NULL && !output->direct)
        unlink(output->temporary);
    qn_mem_free(output->path);
    qn_mem_free(output->target);
    qn_mem_free(output->folder);
    qn_mem_free(output->prefix);
    qn_mem_free(output->temporary);
    qn_mem_free(output);
}
