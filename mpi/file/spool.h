/* Standard input as a file that can be read more than once. */
#ifndef QUERN_MPI_SPOOL_H
#define QUERN_MPI_SPOOL_H

#include "core/status.h"

enum { QN_SPOOL_PATH_SIZE = 48 };

/* Local (call it on rank 0 only: launchers connect no other rank's input). Copies standard input
 * to a file without a name under $TMPDIR (or /tmp), so nothing is left behind whatever happens.
 * *out is a descriptor, closed by the caller. IO error. */
QN_CHECKED qn_status qn_spool_stdin(int *out);

/* A name under which the file can be opened while the descriptor is open. */
void qn_spool_path(int descriptor, char out[QN_SPOOL_PATH_SIZE]);

#endif
