/* Inside mpi/archive*.c only. */
#ifndef QUERN_MPI_ARCHIVE_PRIVATE_H
#define QUERN_MPI_ARCHIVE_PRIVATE_H

#include "mpi/file/file.h"
#include "mpi/hdf5/archive.h"
#include "mpi/hdf5/hdf5.h"

enum { QN_ARCHIVE_DEPTH = 32, QN_ARCHIVE_FORMAT = 1 };

struct qn_archive {
    qn_comm *comm;
    bool writing;
    bool active; /* this rank has the file: rank 0 while writing, all while reading */
    char *path;
    char *kind;
    hid_t file;
    int depth;                      /* of the current group; 0: the root */
    hid_t groups[QN_ARCHIVE_DEPTH]; /* groups[depth] is the current one */
    int64_t length;                 /* reading: bytes of the file */
    qn_output *output;              /* writing, rank 0 */
};

/* Local. "value 'NAME' in group '/a/b'" does not fit; `why` completes the sentence. */
QN_CHECKED qn_status qn_archive_misfit(const qn_archive *archive, const char *name,
                                       const char *why);

static inline hid_t qn_archive_group(const qn_archive *archive) {
    return archive->groups[archive->depth];
}

/* Local. Attributes of the current group. Reading a text gives a new block. */
QN_CHECKED qn_status qn_archive_write_attribute(const qn_archive *archive, const char *name,
                                                hid_t file_type, hid_t memory_type,
                                                const void *value);
QN_CHECKED qn_status qn_archive_write_text(const qn_archive *archive, const char *name,
                                           const char *text);
QN_CHECKED qn_status qn_archive_read_text(const qn_archive *archive, const char *name, char **out);

#endif
