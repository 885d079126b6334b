/* Being asked to stop: SIGTERM, SIGINT and SIGUSR1 (what schedulers send before time runs out) set
 * a flag; ranks agree at a safe place, save what they have and leave with exit code 75. A second
 * SIGINT ends the process at once, as people expect of ^C. SIGUSR2 is left alone: it kills hydra.
 */
#ifndef QUERN_MPI_SIGNAL_H
#define QUERN_MPI_SIGNAL_H

#include "mpi/comm/comm.h"

/* Local. Call after qn_comm_world: MPI libraries install handlers of their own. */
QN_CHECKED qn_status qn_signal_install(void);

/* Local. Puts back the default actions and forgets a signal that came. */
void qn_signal_restore(void);

/* Local. The signal that came, or 0. */
int qn_signal_received(void);

/* Local. STOPPED if a signal came: for loops over batches, between two agreements. */
QN_CHECKED qn_status qn_signal_check(void);

/* Collective. STOPPED on all ranks if any of them got a signal; else OK. Cost: one 8-byte
 * allreduce; call it once an iteration or every some hundred milliseconds, not for every batch. */
QN_CHECKED qn_status qn_signal_agree(qn_comm *comm);

#endif
