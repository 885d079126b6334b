/* A file that all ranks write together.
 *
 * Rank 0 knows where its bytes go, so it writes to the file under construction at once. The others
 * learn their place at commit: until then they keep their bytes in memory, and past a bound in an
 * unlinked scratch file beside the target (a compute node may have no other disk). */
#include "mpi/file/file.h"

#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEPT_IN_MEMORY = 8 << 20, COPY_BUFFER = 1 << 20, COPY_BLOCK = 1 << 30 };

struct qn_shared_output {
    qn_comm *comm;
    qn_output *output; /* rank 0 */
    int scratch;       /* other ranks: -1 until needed */
    int place;         /* other ranks at commit: the file under construction */
    int64_t written;   /* bytes that are in the file (rank 0) or in scratch */
    char *path;
    qn_text pending;
};

/* ---- Scratch -------------------------------------------------------------------------------- */

static qn_status open_scratch(qn_shared_output *output) {
    const char *slash = strrchr(output->path, '/');
    char *name = NULL;
    qn_status status = QN_OK;
    int length = slash == NULL ? 1 : (int)(slash - output->path + 1);
    QN_TRY(qn_format(&name, "%.*s", length, slash == NULL ? "." : output->path));
    output->scratch = open(name, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (output->scratch < 0) { /* a file system without unnamed files */
        qn_mem_free(name);
        name = NULL;
        QN_TRY_GOTO(qn_format(&name, "%.*s/.quern-scratch-XXXXXX", length,
                              slash == NULL ? "." : output->path),
                    done);
        output->scratch = mkostemp(name, O_CLOEXEC);
        if (output->scratch < 0)
            QN_TRY_GOTO(qn_fail_errno(QN_IO, "cannot make the scratch file '%s'", name), done);
        unlink(name);
    }
done:
    qn_mem_free(name);
    return status;
}

static qn_status write_at(int descriptor, const char *data, int64_t length, int64_t offset,
                          const char *path) {
    while (length > 0) {
        size_t block = length < COPY_BLOCK ? (size_t)length : COPY_BLOCK;
        ssize_t written = pwrite(descriptor, data, block, offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return qn_fail_errno(QN_IO, "cannot write '%s'", path);
        data += written;
        offset += written;
        length -= written;
    }
    return QN_OK;
}

/* Empties the memory into the file or the scratch file. */
static qn_status flush_pending(qn_shared_output *output) {
    if (output->pending.length == 0)
        return QN_OK;
    if (output->output != NULL) {
        QN_TRY(qn_output_write(output->output, output->pending.data, output->pending.length));
    } else {
        if (output->scratch < 0)
            QN_TRY(open_scratch(output));
        QN_TRY(write_at(output->scratch, output->pending.data, output->pending.length,
                        output->written, output->path));
    }
    output->written += output->pending.length;
    qn_text_truncate(&output->pending, 0);
    return QN_OK;
}

/* ---- Opening and writing -------------------------------------------------------------------- */

/* Rank 0's part. In a pipe there are no places for the other ranks to write to: said now, not when
 * everything is computed and half of it written. */
static qn_status open_on_root(qn_shared_output *output) {
    int64_t length = 0;
    int size = qn_comm_size(output->comm);
    QN_TRY(qn_output_open(&output->output, output->path));
    if (size == 1 || qn_output_continue(output->output, &length) == QN_OK)
        return QN_OK;
    qn_status status =
        qn_fail(QN_IO, "'%s' is a pipe, which %d ranks cannot write together", output->path, size);
    qn_error_help("write a file, or use one rank");
    return status;
}

qn_status qn_shared_output_open(qn_shared_output **out, qn_comm *comm, const char *path) {
    qn_shared_output *output = NULL;
    qn_status status = qn_mem_calloc(&output, 1, sizeof *output);
    if (status == QN_OK) {
        *output = (qn_shared_output){.comm = comm, .scratch = -1, .place = -1};
        status = qn_mem_copy_text(&output->path, path);
    }
    if (status == QN_OK && qn_comm_rank(comm) == 0)
        status = open_on_root(output);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    *out = output;
done:
    if (status != QN_OK)
        qn_shared_output_discard(output);
    return status;
}

qn_status qn_shared_output_write(qn_shared_output *output, const void *data, int64_t length) {
    int64_t bound = output->output != NULL ? COPY_BUFFER : KEPT_IN_MEMORY;
    if (output->pending.length + length > bound)
        QN_TRY(flush_pending(output));
    if (length < bound)
        return qn_text_add(&output->pending, data, length);
    /* Too large to keep: straight on. */
    if (output->output != NULL) {
        QN_TRY(qn_output_write(output->output, data, length));
    } else {
        if (output->scratch < 0)
            QN_TRY(open_scratch(output));
        QN_TRY(write_at(output->scratch, data, length, output->written, output->path));
    }
    output->written += length;
    return QN_OK;
}

/* ---- Committing ----------------------------------------------------------------------------- */

static qn_status copy_by_hand(qn_shared_output *output, int64_t from, int64_t to) {
    char *buffer = NULL;
    QN_TRY(qn_mem_alloc(&buffer, COPY_BUFFER, 1));
    qn_status status = QN_OK;
    while (from < output->written) {
        ssize_t got = pread(output->scratch, buffer, COPY_BUFFER, from);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            QN_TRY_GOTO(qn_fail_errno(QN_IO, "cannot read back scratch data of '%s'", output->path),
                        done);
        QN_TRY_GOTO(write_at(output->place, buffer, got, to, output->path), done);
        from += got;
        to += got;
    }
done:
    qn_mem_free(buffer);
    return status;
}

/* Inside the kernel where it can, else through memory. */
static qn_status copy_scratch(qn_shared_output *output, int64_t place) {
    loff_t from = 0, to = place;
    while (from < output->written) {
        size_t left = (size_t)(output->written - from);
        ssize_t copied = copy_file_range(output->scratch, &from, output->place, &to,
                                         left < COPY_BLOCK ? left : COPY_BLOCK, 0);
        if (copied < 0 && errno == EINTR)
            continue;
        if (copied < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
            return qn_fail_errno(QN_IO, "cannot write '%s'", output->path);
        if (copied <= 0)
            return copy_by_hand(output, from, to);
    }
    return QN_OK;
}

static qn_status put_in_place(qn_shared_output *output, const char *temporary, int64_t place) {
    if (output->output != NULL)
        return flush_pending(output);
    if (output->written + output->pending.length == 0)
        return QN_OK;
    output->place = open(temporary, O_WRONLY | O_CLOEXEC);
    if (output->place < 0)
        return qn_fail_errno(QN_IO, "cannot write '%s'", output->path);
    QN_TRY(copy_scratch(output, place));
    QN_TRY(write_at(output->place, output->pending.data, output->pending.length,
                    place + output->written, output->path));
    int descriptor = output->place;
    output->place = -1;
    int failed = fsync(descriptor) != 0 && errno != EINVAL ? errno : 0;
    failed = close(descriptor) != 0 && failed == 0 ? errno : failed;
    errno = failed;
    return failed == 0 ? QN_OK : qn_fail_errno(QN_IO, "cannot write '%s'", output->path);
}

/* Collective. The temporary name, which rank 0 knows. */
static qn_status share_name(qn_shared_output *output, char **out) {
    qn_comm *comm = output->comm;
    bool first = output->output != NULL;
    const char *own = first ? qn_output_temporary(output->output) : "";
    int64_t length = (int64_t)strlen(own);
    char *name = NULL;
    QN_TRY(qn_comm_broadcast(comm, &length, sizeof length, 0));
    qn_status status = qn_mem_calloc(&name, (size_t)length + 1, 1);
    if (status == QN_OK && first)
        memcpy(name, own, (size_t)length);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_broadcast(comm, name, length, 0), done);
    *out = name;
done:
    if (status != QN_OK)
        qn_mem_free(name);
    return status;
}

static qn_status commit(qn_shared_output *output) {
    qn_comm *comm = output->comm;
    char *temporary = NULL;
    int64_t own = output->written + output->pending.length, place = 0;
    qn_status status = QN_OK;
    QN_TRY_GOTO(share_name(output, &temporary), done);
    QN_TRY_GOTO(qn_comm_exscan_i64(comm, &own, &place, 1), done);
    status = put_in_place(output, temporary, place);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    if (output->output != NULL) {
        status = qn_output_commit(output->output);
        output->output = NULL;
    }
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    qn_mem_free(temporary);
    return status;
}

qn_status qn_shared_output_commit(qn_shared_output *output) {
    qn_status status = commit(output);
    qn_shared_output_discard(output);
    return status;
}

void qn_shared_output_discard(qn_shared_output *output) {
    if (output == NULL)
        return;
    qn_output_discard(output->output);
    if (output->scratch >= 0)
        close(output->scratch);
    if (output->place >= 0)
        close(output->place);
    qn_text_clear(&output->pending);
    qn_mem_free(output->path);
    qn_mem_free(output);
}
