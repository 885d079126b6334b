#include "mpi/comm/partition.h"

#include "core/memory.h"

void qn_partition_init(qn_partition *partition) {
    *partition = (qn_partition){0};
}

void qn_partition_clear(qn_partition *partition) {
    qn_mem_free(partition->first);
    qn_partition_init(partition);
}

qn_status qn_partition_of_counts(qn_partition *out, qn_comm *comm, int64_t own) {
    int size = qn_comm_size(comm);
    int64_t *first = NULL;
    qn_status status = qn_mem_alloc(&first, (size_t)size + 1, sizeof *first);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgather(comm, &own, sizeof own, first + 1), done);
    first[0] = 0;
    for (int i = 0; i < size; i++)
        first[i + 1] += first[i];
    *out = (qn_partition){size, first};
done:
    if (status != QN_OK)
        qn_mem_free(first);
    return status;
}

qn_status qn_partition_even(qn_partition *out, int size, int64_t rows, int64_t block) {
    int64_t *first = NULL;
    QN_TRY(qn_mem_alloc(&first, (size_t)size + 1, sizeof *first));
    int64_t blocks = rows / block + (rows % block != 0), share = blocks / size,
            rest = blocks % size;
    for (int64_t i = 0; i <= size; i++) {
        int64_t start = share * i + (i < rest ? i : rest); /* blocks before rank i */
        first[i] = start == blocks ? rows : start * block;
    }
    *out = (qn_partition){size, first};
    return QN_OK;
}

int qn_partition_find(const qn_partition *partition, int64_t row) {
    if (row < 0 || row >= qn_partition_rows(partition))
        return -1;
    int low = 0, high = partition->size; /* first[low] <= row < first[high] */
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (partition->first[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}
