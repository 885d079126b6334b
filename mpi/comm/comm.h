/* Communicator: ranks, agreement on errors, collectives with the waiting policy.
 *
 * A serial program is a communicator of size one (qn_comm_self), which needs no MPI at all.
 * All functions below that say "Collective" must be called by all ranks in the same order.
 *
 * Waiting: MPICH spins and never yields, so with more ranks than cores a blocking collective
 * takes milliseconds. Where a node has a core a rank, blocking calls are used; otherwise the
 * non-blocking ones with test-and-yield. Nothing outside mpi/comm*.c calls MPI's blocking
 * functions. */
#ifndef QUERN_MPI_COMM_H
#define QUERN_MPI_COMM_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct qn_comm qn_comm;

/* Local. A communicator of size one; no MPI is initialised. */
QN_CHECKED qn_status qn_comm_self(qn_comm **out);

/* Collective. Initialises MPI if needed and gives the world communicator. ENVIRONMENT error if
 * the launcher's variables speak of several ranks and MPI sees one (a foreign mpirun). If no
 * launcher started the process, this is qn_comm_self without MPI. */
QN_CHECKED qn_status qn_comm_world(qn_comm **out);

/* Collective. Frees; finalises MPI if qn_comm_world initialised it. NULL is fine. */
void qn_comm_free(qn_comm *comm);

/* Ends all ranks at once, for a failure on which ranks cannot agree. Does not return. */
void qn_comm_abort(qn_comm *comm, int exit_code);

int qn_comm_rank(const qn_comm *comm);
int qn_comm_size(const qn_comm *comm);

/* Local. How many ranks of the communicator run on this rank's node. */
int qn_comm_node_ranks(const qn_comm *comm);

/* Collective. All ranks return the same status; where several failed, the lowest such rank's
 * code and error text (qn_last_error) are everyone's. The call after every step that can fail on
 * one rank: QN_TRY(qn_comm_agree(comm, status)). Cost: one 8-byte allreduce, and one broadcast
 * when something failed. */
QN_CHECKED qn_status qn_comm_agree(qn_comm *comm, qn_status status);

/* Collective. qn_comm_agree, and the largest *value of all ranks in the same message. */
QN_CHECKED qn_status qn_comm_agree_max(qn_comm *comm, qn_status status, int64_t *value);

QN_CHECKED qn_status qn_comm_barrier(qn_comm *comm);

/* Collective. Counts may exceed 2^31: large transfers are cut into pieces. */
QN_CHECKED qn_status qn_comm_broadcast(qn_comm *comm, void *data, int64_t bytes, int root);
QN_CHECKED qn_status qn_comm_sum_i64(qn_comm *comm, int64_t *values, int64_t count);
QN_CHECKED qn_status qn_comm_min_i64(qn_comm *comm, int64_t *values, int64_t count);
QN_CHECKED qn_status qn_comm_max_i64(qn_comm *comm, int64_t *values, int64_t count);
QN_CHECKED qn_status qn_comm_or_u64(qn_comm *comm, uint64_t *values, int64_t count);
/* Min and max of doubles (order-free); NaN is ignored unless all are NaN. There is no sum of
 * doubles: use qn_sum and qn_comm_sum_i64, or qn_reduce.h. */
QN_CHECKED qn_status qn_comm_min_f64(qn_comm *comm, double *values, int64_t count);
QN_CHECKED qn_status qn_comm_max_f64(qn_comm *comm, double *values, int64_t count);

/* Collective. out[i] = sum of values[i] of the ranks before this one. */
QN_CHECKED qn_status qn_comm_exscan_i64(qn_comm *comm, const int64_t *values, int64_t *out,
                                        int64_t count);

/* Collective. `bytes` of every rank, in rank order: out holds size * bytes. */
QN_CHECKED qn_status qn_comm_allgather(qn_comm *comm, const void *data, int64_t bytes, void *out);

/* Collective. Byte strings of different lengths, in rank order, on every rank (allgatherv) or on
 * root only (gatherv; others get NULL). *out is the caller's (qn_mem_free); *offsets (size + 1)
 * too. */
QN_CHECKED qn_status qn_comm_allgatherv(qn_comm *comm, const void *data, int64_t bytes, void **out,
                                        int64_t **offsets);
QN_CHECKED qn_status qn_comm_gatherv(qn_comm *comm, const void *data, int64_t bytes, int root,
                                     void **out, int64_t **offsets);

/* Collective. data holds this rank's messages one after the other, data[send_offsets[r] ..
 * send_offsets[r + 1]) for rank r (size + 1 offsets, bytes). What arrives is laid out by source
 * rank the same way; *out and *offsets are the caller's. Cut into rounds, so any size works. */
QN_CHECKED qn_status qn_comm_alltoallv(qn_comm *comm, const void *data, const int64_t *send_offsets,
                                       void **out, int64_t **offsets);

/* Local. The rank and host whose error the last failed qn_comm_agree made everyone's; -1 and ""
 * before the first failure. */
int qn_comm_failed_rank(const qn_comm *comm);
const char *qn_comm_failed_host(const qn_comm *comm);

/* Local. Payload bytes that this rank sent so far: what it put into alltoallv, allgather(v),
 * gatherv and broadcast, once for each other rank that got it. Reductions are not counted. */
int64_t qn_comm_sent(const qn_comm *comm);

/* Which waiting policy is in use: true if ranks exceed cores on some node. The environment variable
 * QUERN_WAIT=block|yield overrides it. */
bool qn_comm_yields(const qn_comm *comm);

/* Local, the same on all ranks. Cuts every transfer at so many bytes (at least 8), so that tests
 * see with small data what happens to data beyond 2^31 bytes. */
void qn_comm_cut(qn_comm *comm, int64_t bytes);

#endif
