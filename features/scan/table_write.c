#include "features/scan/scan.h"

#include "core/memory.h"
#include "mpi/file/file.h"
#include "mpi/hdf5/part.h"

#include <string.h>

/* Rank 0's temporary name, on every rank. */
static qn_status share_name(qn_comm *comm, const qn_output *output, char **out) {
    char *name = NULL;
    int64_t length = output == NULL ? 0 : (int64_t)strlen(qn_output_temporary(output)) + 1;
    QN_TRY(qn_comm_broadcast(comm, &length, sizeof length, 0));
    QN_TRY(qn_comm_agree(comm, qn_mem_alloc(&name, (size_t)length, 1)));
    if (output != NULL)
        memcpy(name, qn_output_temporary(output), (size_t)length);
    qn_status status = qn_comm_broadcast(comm, name, length, 0);
    if (status != QN_OK) {
        qn_mem_free(name);
        return status;
    }
    *out = name;
    return QN_OK;
}

static qn_status write_table(const qn_table *table, qn_comm *comm, const char *path,
                             int64_t *rows) {
    bool root = qn_comm_rank(comm) == 0;
    const qn_part_options options = {.replace = true};
    qn_output *output = NULL;
    char *name = NULL;
    qn_part_info info;
    qn_part_info_init(&info);
    qn_status status = root ? qn_output_open(&output, path) : QN_OK;
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(share_name(comm, output, &name), done);
    QN_TRY_GOTO(qn_part_write(comm, name, table, &options, &info), done);
    if (root) {
        status = qn_output_commit(output);
        output = NULL;
    }
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    if (rows != NULL)
        *rows = info.rows;
done:
    qn_output_discard(output);
    qn_part_info_clear(&info);
    qn_mem_free(name);
    return status;
}

qn_status qn_table_write(qn_stream *in, qn_comm *comm, const char *path, int64_t *rows) {
    qn_table table;
    qn_table_init(&table);
    qn_status status = qn_comm_agree(comm, qn_table_collect(&table, in));
    if (status == QN_OK)
        status = write_table(&table, comm, path, rows);
    qn_table_clear(&table);
    return status;
}
