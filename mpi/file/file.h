/* Files: reading whole or by byte ranges, and writing so that a file exists whole or not at all. */
#ifndef QUERN_MPI_FILE_H
#define QUERN_MPI_FILE_H

#include "core/text/text.h"
#include "mpi/comm/comm.h"

/* ---- Reading (Local) ------------------------------------------------------------------------ */

typedef struct qn_file qn_file; /* an open file for positioned reads */

/* INPUT errors that name the path: missing (with the nearest name in its folder), a directory,
 * not readable. */
QN_CHECKED qn_status qn_file_open(qn_file **out, const char *path);
void qn_file_free(qn_file *file);
int64_t qn_file_size(const qn_file *file);
const char *qn_file_path(const qn_file *file);
/* Reads up to `length` bytes at `offset` (less only at the end of the file). pread in large
 * blocks; IO error otherwise. */
QN_CHECKED qn_status qn_file_read(qn_file *file, int64_t offset, int64_t length, char *out,
                                  int64_t *read);
/* A whole file in memory, NUL-terminated (the NUL is not counted); the caller's. */
QN_CHECKED qn_status qn_file_read_all(const char *path, char **out, int64_t *length);

/* Collective. A whole small file, read by rank 0 and broadcast. */
QN_CHECKED qn_status qn_file_read_shared(qn_comm *comm, const char *path, char **out,
                                         int64_t *length);

/* Collective. Expands patterns (glob(7); a plain name stands for itself) on rank 0, sorted within
 * each pattern; INPUT error for a pattern that matches nothing. */
QN_CHECKED qn_status qn_file_glob(qn_comm *comm, const char *const *patterns, int64_t count,
                                  char ***out, int64_t *out_count);

/* ---- Writing -------------------------------------------------------------------------------- */

/* Local. A file under construction: bytes go to a hidden temporary name (".NAME.tmp-HOST-PID-N")
 * in the target's folder; commit fsyncs, renames over the target and fsyncs the folder. A file that
 * is replaced leaves its permissions to the new one. Leftovers of dead processes of this host for
 * the same target are removed at open. */
typedef struct qn_output qn_output;
QN_CHECKED qn_status qn_output_open(qn_output **out, const char *path); /* IO error */
const char *qn_output_temporary(const qn_output *output); /* for writers that open it by name */
QN_CHECKED qn_status qn_output_write(qn_output *output, const void *data, int64_t length);
/* Local. Goes on after what was written by name; *length: bytes so far. */
QN_CHECKED qn_status qn_output_continue(qn_output *output, int64_t *length);
QN_CHECKED qn_status qn_output_commit(qn_output *output); /* frees in any case */
void qn_output_discard(qn_output *output);                /* removes, frees; NULL is fine */

/* Collective. A file all ranks write together: each rank's bytes follow those of the ranks before
 * it, so the result does not depend on the number of ranks. Bytes are kept in memory up to a
 * bound, then in an unlinked scratch file, and copied to their place by commit. A pipe is written
 * by one rank only. */
typedef struct qn_shared_output qn_shared_output;
QN_CHECKED qn_status qn_shared_output_open(qn_shared_output **out, qn_comm *comm, const char *path);
QN_CHECKED qn_status qn_shared_output_write(qn_shared_output *output, const void *data,
                                            int64_t length);            /* Local */
QN_CHECKED qn_status qn_shared_output_commit(qn_shared_output *output); /* frees in any case */
void qn_shared_output_discard(qn_shared_output *output);                /* Local; NULL is fine */

#endif
