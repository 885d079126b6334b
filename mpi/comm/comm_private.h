/* Inside mpi/comm*.c only. */
#ifndef QUERN_MPI_COMM_PRIVATE_H
#define QUERN_MPI_COMM_PRIVATE_H

#include "mpi/comm/comm.h"

#include <mpi.h>

enum {
    QN_HOST_SIZE = 256,
    /* Largest piece of a reduction or broadcast: MPICH allocates a buffer of this size on each
     * call, and beyond some MB pays for fresh pages every time. */
    QN_REDUCE_PIECE = 1 << 20,
    QN_BROADCAST_PIECE = 4 << 20,
    /* Largest message from rank to rank, and largest total that goes to MPI in one call. */
    QN_MESSAGE_PIECE = 64 << 20,
    QN_WHOLE_LIMIT = 1 << 30
};

struct qn_comm {
    MPI_Comm mpi; /* MPI_COMM_NULL: one rank, no MPI */
    int rank, size;
    int node_ranks; /* on this rank's node; 0: not counted, one */
    bool yields;
    bool finalise;
    MPI_Request request; /* of the collective that is under way */
    int64_t limit;       /* cuts every transfer at so many bytes */
    int64_t sent;        /* payload bytes that this rank gave to others */
    int failed_rank;
    char failed_host[QN_HOST_SIZE];
};

/* Every collective of MPI is called through this: blocking, or started and polled. */
#define QN_COLLECTIVE(comm, blocking, starting, ...)                                               \
    qn_comm_complete(                                                                              \
        (comm), (comm)->yields ? starting(__VA_ARGS__, &(comm)->request) : blocking(__VA_ARGS__),  \
        #blocking)

/* Collective. Judges the code of a call and waits for its request where one was started. */
QN_CHECKED qn_status qn_comm_complete(qn_comm *comm, int code, const char *call);

/* Local. Waits for sends and receives by the waiting policy. */
QN_CHECKED qn_status qn_comm_wait_all(qn_comm *comm, MPI_Request *requests, int count);

/* Local. An MPI error code as a status. */
QN_CHECKED qn_status qn_comm_check(int code, const char *call);

/* Local. Smaller of a built-in piece and the communicator's limit. */
static inline int64_t qn_comm_piece(const qn_comm *comm, int64_t piece) {
    return comm->limit < piece ? comm->limit : piece;
}

/* Collective. qn_comm_broadcast without counting its bytes. */
QN_CHECKED qn_status qn_comm_spread(qn_comm *comm, void *data, int64_t bytes, int root);

/* Collective. Whether some node has more ranks than cores that they may use. */
QN_CHECKED qn_status qn_comm_is_crowded(qn_comm *comm, bool *out);

#endif
