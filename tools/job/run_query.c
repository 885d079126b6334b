#include "tools/job/run_query.h"

#include "core/memory.h"
#include "features/scan/scan.h"
#include "features/sql/sql.h"
#include "tools/cmd/inputs.h"

/* A table of the job as the plan opens it. */
typedef struct qn_run_table {
    const qn_job_table *table;
    int64_t cache;
    qn_stream *scan; /* held; NULL: not opened */
} qn_run_table;

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    qn_run_table *self = context;
    const qn_job_table *table = self->table;
    QN_TRY(qn_open_tables(out, comm, table->paths, table->path_count, table->read));
    qn_scan_keep(*out, self->cache);
    qn_stream_free(self->scan);
    self->scan = *out;
    qn_stream_hold(self->scan);
    return QN_OK;
}

qn_status qn_run_list_tables(qn_run *run) {
    const qn_job *job = &run->job;
    QN_TRY(qn_mem_calloc(&run->opened, (size_t)job->table_count, sizeof *run->opened));
    QN_TRY(qn_mem_calloc(&run->tables, (size_t)job->table_count, sizeof *run->tables));
    for (int64_t i = 0; i < job->table_count; i++) {
        run->opened[i] = (qn_run_table){&job->tables[i], job->cache / job->table_count, NULL};
        run->tables[i] = (qn_plan_table){job->tables[i].name, open_table, &run->opened[i]};
    }
    return QN_OK;
}

void qn_run_free_tables(qn_run *run) {
    for (int64_t i = 0; run->opened != NULL && i < run->job.table_count; i++)
        qn_stream_free(run->opened[i].scan);
    qn_mem_free(run->opened);
    qn_mem_free(run->tables);
}

static qn_status open_plan(qn_run *run) {
    const qn_job *job = &run->job;
    qn_plan *plan = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_run_list_tables(run), done);
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(job->query)), done);
    QN_TRY_GOTO(qn_plan_open(&run->input, plan, &run->execution, run->tables, job->table_count),
                done);
done:
    qn_plan_free(plan);
    return status;
}

qn_status qn_run_open_query(qn_run *run) {
    qn_job *job = &run->job;
    qn_status status = open_plan(run);
    if (status == QN_JOB && qn_sql_error_position() >= 0)
        status = qn_job_locate_sql(job, qn_yaml_get(qn_yaml_get(job->yaml.root, "input"), "query"),
                                   status);
    return status;
}

qn_status qn_run_settle_query(qn_run *run) {
    for (int64_t i = 0; i < run->job.table_count; i++) {
        int64_t bad = 0;
        if (run->opened[i].scan != NULL)
            QN_TRY(qn_settle_bad_records(run->opened[i].scan, run->comm, run->job.tables[i].read,
                                         &bad));
        run->bad_rows += bad;
    }
    return QN_OK;
}
