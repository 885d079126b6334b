/* status.json: what a run is doing, or how it ended, for people and schedulers that come later. */
#ifndef QUERN_TOOLS_STATUS_FILE_H
#define QUERN_TOOLS_STATUS_FILE_H

#include "mpi/comm/comm.h"

/* Local, rank 0 only (others return at once). Writes FOLDER/status.json whole, by rename. `state`
 * is running, done, failed or stopped; a failure's code, message, rank and host come from the last
 * error and the communicator. */
QN_CHECKED qn_status qn_status_file_write(qn_comm *comm, const char *folder, const char *state,
                                          const char *step);

#endif
