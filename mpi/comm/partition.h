/* Which rank holds which rows of a distributed table: rank r holds [first[r], first[r + 1]). */
#ifndef QUERN_MPI_PARTITION_H
#define QUERN_MPI_PARTITION_H

#include "mpi/comm/comm.h"

typedef struct qn_partition {
    int size;       /* ranks */
    int64_t *first; /* size + 1; first[size] is the number of rows */
} qn_partition;

void qn_partition_init(qn_partition *partition);
void qn_partition_clear(qn_partition *partition);

/* Collective. From the number of rows that each rank holds. Cost: one allgather of 8 bytes. */
QN_CHECKED qn_status qn_partition_of_counts(qn_partition *out, qn_comm *comm, int64_t own);

/* Local. `rows` cut as evenly as possible between whole blocks of `block` rows (QN_BATCH_ROWS to
 * keep batches whole, 1 for single rows). */
QN_CHECKED qn_status qn_partition_even(qn_partition *out, int size, int64_t rows, int64_t block);

/* Local. The rank that holds this row, never one that holds none; -1 if nobody does. */
int qn_partition_find(const qn_partition *partition, int64_t row);

static inline int64_t qn_partition_rows(const qn_partition *partition) {
    return partition->first[partition->size];
}
static inline int64_t qn_partition_count(const qn_partition *partition, int rank) {
    return partition->first[rank + 1] - partition->first[rank];
}

#endif
