/* Ranks of values over all rows of a distributed table. */
#ifndef QUERN_MPI_RANKS_H
#define QUERN_MPI_RANKS_H

#include "mpi/comm/comm.h"

/* Collective. Replaces the values of `count` columns, of which each rank has its `rows` rows, by
 * their places 1, 2, 3 ... in ascending order, equal ones by the mean of theirs (average ranks, as
 * Spearman's correlation needs). What is NaN is left out and stays. Each column is sorted on one
 * rank, as many columns at a time as there are ranks: memory there is 48 bytes a row of a column.
 * DATA error for more than 2^32 - 1 rows. Cost: two exchanges of the values, 30 ns a value. */
QN_CHECKED qn_status qn_rank_columns(qn_comm *comm, double *const *columns, int64_t count,
                                     int64_t rows);

#endif
