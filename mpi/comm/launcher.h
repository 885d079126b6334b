/* What the launcher says: how many processes it started and which of them this one is. Known from
 * environment variables, so before (and without) initialising MPI. */
#ifndef QUERN_MPI_LAUNCHER_H
#define QUERN_MPI_LAUNCHER_H

/* Local. 0 and 1 if no launcher started this process. After a failed qn_comm_world under a foreign
 * launcher, only the process whose qn_launcher_rank is 0 should print the error. */
int qn_launcher_rank(void);
int qn_launcher_size(void);

/* Local. "Slurm's srun", "Open MPI's mpirun" ...; "" if no launcher started this process. */
const char *qn_launcher_name(void);

#endif
