/* Small results on one rank. */
#ifndef QUERN_MPI_GATHER_H
#define QUERN_MPI_GATHER_H

#include "core/stream.h"
#include "mpi/comm/comm.h"

/* Collective. Reads the stream and collects its rows in order on `root`; other ranks get a table
 * without rows. Everything must fit in memory there. */
QN_CHECKED qn_status qn_gather_table(qn_table *out, qn_stream *in, qn_comm *comm, int root);

#endif
