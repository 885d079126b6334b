#include "mpi/file/spool.h"

#include "core/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK_SIZE = 1 << 20 };

static qn_status open_scratch(int *out) {
    const char *folder = getenv("TMPDIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/quern-stdin-XXXXXX",
             folder != NULL && *folder != '\0' ? folder : "/tmp");
    int descriptor = mkstemp(path);
    if (descriptor < 0)
        return qn_fail_errno(QN_IO, "cannot make a scratch file %s for standard input", path);
    (void)unlink(path);
    *out = descriptor;
    return QN_OK;
}

static qn_status write_all(int descriptor, const char *data, ssize_t length) {
    while (length > 0) {
        ssize_t written = write(descriptor, data, (size_t)length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return qn_fail_errno(QN_IO, "cannot write the copy of standard input");
        data += written;
        length -= written;
    }
    return QN_OK;
}

static qn_status copy_input(int descriptor, char *block) {
    for (;;) {
        ssize_t length = read(STDIN_FILENO, block, BLOCK_SIZE);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return qn_fail_errno(QN_INPUT, "cannot read standard input");
        if (length == 0)
            return QN_OK;
        QN_TRY(write_all(descriptor, block, length));
    }
}

qn_status qn_spool_stdin(int *out) {
    int descriptor = -1;
    char *block = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&block, BLOCK_SIZE, 1), done);
    QN_TRY_GOTO(open_scratch(&descriptor), done);
    QN_TRY_GOTO(copy_input(descriptor, block), done);
    *out = descriptor;
    descriptor = -1;
done:
    if (descriptor >= 0)
        (void)close(descriptor);
    qn_mem_free(block);
    return status;
}

void qn_spool_path(int descriptor, char out[QN_SPOOL_PATH_SIZE]) {
    snprintf(out, QN_SPOOL_PATH_SIZE, "/proc/self/fd/%d", descriptor);
}
