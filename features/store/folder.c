#include "features/store/folder.h"

#include "core/memory.h"
#include "features/store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

qn_status store_uuid(char out[STORE_UUID_TEXT]) {
    unsigned char bytes[(STORE_UUID_TEXT - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return qn_fail_errno(QN_ENVIRONMENT, "cannot get random bytes for a file name");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return QN_OK;
}

qn_status qn_store_check_group(const char *group) {
    size_t length = strlen(group);
    if (length >= 1 && length <= 64 &&
        strspn(group, "abcdefghijklmnopqrstuvwxyz0123456789_") == length)
        return QN_OK;
    qn_status status = qn_fail(QN_JOB, "'%s' cannot be the name of a feature group", group);
    qn_error_help("names have 1 to 64 small letters, digits and underscores");
    return status;
}

qn_status store_path(char **out, const char *store, const char *group, const char *rest) {
    return qn_format(out, "%s/groups/%s%s%s", store, group, *rest == '\0' ? "" : "/", rest);
}

/* Some file systems cannot sync folders and say EINVAL. */
qn_status store_sync_folder(const char *path) {
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return qn_fail_errno(QN_IO, "cannot open folder '%s'", path);
    qn_status status = QN_OK;
    if (fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP)
        status = qn_fail_errno(QN_IO, "cannot flush folder '%s' to disk", path);
    (void)close(descriptor);
    return status;
}

/* ---- Publishing ----------------------------------------------------------------------------- */

static qn_status write_all(int descriptor, const char *path, const char *data, int64_t length) {
    while (length > 0) {
        ssize_t written = write(descriptor, data, (size_t)length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return qn_fail_errno(QN_IO, "cannot write '%s'", path);
        data += written;
        length -= written;
    }
    if (fsync(descriptor) != 0)
        return qn_fail_errno(QN_IO, "cannot flush '%s' to disk", path);
    return QN_OK;
}

static qn_status write_stage(const char *path, const char *data, int64_t length) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (descriptor < 0)
        return qn_fail_errno(QN_IO, "cannot write '%s'", path);
    qn_status status = write_all(descriptor, path, data, length);
    if (close(descriptor) != 0 && status == QN_OK)
        status = qn_fail_errno(QN_IO, "cannot close '%s'", path);
    return status;
}

/* What a failed link(2) came to. It may have been done: an NFS server whose reply was lost. */
static store_outcome failed_link(const char *stage, const char *target, int error) {
    struct stat ours, there;
    if (stat(stage, &ours) != 0)
        return STORE_UNSURE;
    if (stat(target, &there) != 0)
        return errno != ENOENT ? STORE_UNSURE : error == EEXIST ? STORE_TAKEN : STORE_NOTHING;
    if (ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
        return STORE_VISIBLE;
    return error == EEXIST ? STORE_TAKEN : STORE_NOTHING;
}

static qn_status link_stage(const char *stage, const char *target, store_outcome *outcome) {
    int error = link(stage, target) == 0 ? 0 : errno;
    *outcome = error == 0 ? STORE_VISIBLE : failed_link(stage, target, error);
    if (*outcome == STORE_VISIBLE || *outcome == STORE_TAKEN)
        return QN_OK;
    errno = error;
    if (*outcome == STORE_UNSURE) {
        qn_status unsure =
            qn_fail_errno(QN_IO, "cannot tell whether '%s' was linked; it may be there", target);
        qn_error_help("look at the log once the file system answers, before trying again");
        return unsure;
    }
    if (error != EPERM && error != ENOSYS && error != EOPNOTSUPP)
        return qn_fail_errno(QN_IO, "cannot link '%s'", target);
    qn_status status =
        qn_fail_errno(QN_ENVIRONMENT, "'%s' is on a file system without hard links", target);
    qn_error_help("put the store on a POSIX file system (ext4, xfs, Lustre, GPFS, NFS)");
    return status;
}

static qn_status stage_name(char **out, const char *folder) {
    char host[65] = "host", uuid[STORE_UUID_TEXT];
    (void)gethostname(host, sizeof host - 1);
    for (char *c = host; *c != '\0'; c++)
        *c = *c == '/' ? '_' : *c;
    QN_TRY(store_uuid(uuid));
    return qn_format(out, "%s/.s-%s-%d-%s", folder, host, (int)getpid(), uuid);
}

qn_status store_publish(const char *folder, const char *name, const char *data, int64_t length,
                        store_outcome *outcome) {
    char *stage = NULL, *target = NULL;
    qn_status status = QN_OK;
    *outcome = STORE_NOTHING;
    QN_TRY_GOTO(qn_format(&target, "%s/%s", folder, name), done);
    QN_TRY_GOTO(stage_name(&stage, folder), done);
    QN_TRY_GOTO(write_stage(stage, data, length), done);
    QN_TRY_GOTO(link_stage(stage, target, outcome), done);
    if (*outcome == STORE_VISIBLE)
        status = store_sync_folder(folder);
done:
    if (stage != NULL)
        (void)unlink(stage); /* visible under its other name, or not at all */
    qn_mem_free(stage);
    qn_mem_free(target);
    return status;
}

/* ---- Listing -------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static qn_status read_names(DIR *folder, char ***names, int64_t *count) {
    int64_t capacity = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        QN_TRY(qn_mem_reserve(names, &capacity, *count + 1, sizeof **names));
        QN_TRY(qn_mem_copy_text(&(*names)[*count], entry->d_name));
        ++*count;
    }
    return QN_OK;
}

qn_status store_list(const char *path, char ***out, int64_t *out_count) {
    char **names = NULL;
    int64_t count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL && errno != ENOENT)
        return qn_fail_errno(QN_IO, "cannot open folder '%s'", path);
    if (folder != NULL) {
        qn_status status = read_names(folder, &names, &count);
        closedir(folder);
        if (status != QN_OK) {
            qn_mem_free_all(names, count);
            return status;
        }
    }
    if (count > 0)
        qsort(names, (size_t)count, sizeof *names, compare_names);
    *out = names;
    *out_count = count;
    return QN_OK;
}
