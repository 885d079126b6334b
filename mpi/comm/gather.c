#include "mpi/comm/gather.h"

#include "core/memory.h"
#include "mpi/comm/exchange.h"

static qn_status send_to_root(qn_table *out, qn_table *table, qn_comm *comm, int root) {
    qn_table *sends = NULL;
    int size = qn_comm_size(comm);
    qn_status status = qn_mem_calloc(&sends, (size_t)size, sizeof *sends);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    sends[root] = *table;
    qn_table_init(table);
    status = qn_exchange_batches(comm, sends, out);
    for (int i = 0; i < size; i++)
        qn_table_clear(&sends[i]);
done:
    qn_mem_free(sends);
    return status;
}

qn_status qn_gather_table(qn_table *out, qn_stream *in, qn_comm *comm, int root) {
    qn_table local, gathered;
    qn_table_init(&local);
    qn_table_init(&gathered);
    qn_status status = qn_table_collect(&local, in);
    if (status == QN_OK)
        status = qn_schema_copy(&gathered.schema, &in->schema);
    status = qn_comm_agree(comm, status);
    if (status == QN_OK)
        status = send_to_root(&gathered, &local, comm, root);
    qn_table_clear(&local);
    if (status != QN_OK) {
        qn_table_clear(&gathered);
        return status;
    }
    *out = gathered;
    return QN_OK;
}
