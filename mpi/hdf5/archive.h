/* An archive: named values in an HDF5 file, written and read by the same calls. Used for models.
 *
 * The calls below are symmetric: while writing they store what the pointer holds, while reading
 * they fill it in (arrays and texts are then the caller's, qn_mem_free). So a stage has one
 * `persist` function instead of save and load. All ranks call them; rank 0 alone touches the
 * file (reading: the file's bytes are broadcast once at open). The file appears whole or not at
 * all: it is written under a temporary name in the target's folder, fsynced and renamed by
 * qn_archive_close. Same values give the same bytes. Plain HDF5 groups, datasets and attributes:
 * h5py reads it unaided. Scalars are attributes of the current group, arrays are datasets. */
#ifndef QUERN_MPI_ARCHIVE_H
#define QUERN_MPI_ARCHIVE_H

#include "core/options.h"
#include "mpi/comm/comm.h"

typedef struct qn_archive qn_archive;

/* Collective. `kind` (for example "model") is written as root attribute `quern_kind`, and the
 * format version as `quern_format`; open checks both (NULL: any kind will do). INPUT errors for
 * files that are missing, not HDF5 or not quern's; IO errors for writing. */
QN_CHECKED qn_status qn_archive_create(qn_archive **out, qn_comm *comm, const char *path,
                                       const char *kind);
QN_CHECKED qn_status qn_archive_open(qn_archive **out, qn_comm *comm, const char *path,
                                     const char *kind);

/* Collective. Writing: makes the file visible. Frees the archive in any case. */
QN_CHECKED qn_status qn_archive_close(qn_archive *archive);

/* Frees without making anything visible; NULL is fine. The way out on errors. */
void qn_archive_discard(qn_archive *archive);

bool qn_archive_writing(const qn_archive *archive);
const char *qn_archive_kind(const qn_archive *archive); /* borrowed */
qn_comm *qn_archive_comm(const qn_archive *archive);    /* borrowed */

/* Collective. Steps into (creating while writing) and out of a group. */
QN_CHECKED qn_status qn_archive_enter(qn_archive *archive, const char *group);
QN_CHECKED qn_status qn_archive_leave(qn_archive *archive);

/* Collective, all of them. Reading a name that is not there is a DATA error, unless
 * qn_archive_has says so first. */
bool qn_archive_has(const qn_archive *archive, const char *name); /* reading only */
QN_CHECKED qn_status qn_archive_bool(qn_archive *archive, const char *name, bool *value);
QN_CHECKED qn_status qn_archive_int(qn_archive *archive, const char *name, int64_t *value);
QN_CHECKED qn_status qn_archive_real(qn_archive *archive, const char *name, double *value);
QN_CHECKED qn_status qn_archive_text(qn_archive *archive, const char *name, char **value);
QN_CHECKED qn_status qn_archive_reals(qn_archive *archive, const char *name, double **values,
                                      int64_t *count);
QN_CHECKED qn_status qn_archive_ints(qn_archive *archive, const char *name, int64_t **values,
                                     int64_t *count);
/* UTF-8; the array and each text are separate blocks (qn_mem_free_all). */
QN_CHECKED qn_status qn_archive_texts(qn_archive *archive, const char *name, char ***values,
                                      int64_t *count);
/* A row-major rows x columns matrix. */
QN_CHECKED qn_status qn_archive_matrix(qn_archive *archive, const char *name, double **values,
                                       int64_t *rows, int64_t *columns);
/* All options of a table, in a group `options`; reading sets those that were set. */
QN_CHECKED qn_status qn_archive_options(qn_archive *archive, qn_options *options);

#endif
