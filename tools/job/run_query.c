#include "tools/job/run_query.h"

#include "core/memory.h"
#include "features/plan/plan.h"
#include "features/scan/scan.h"
#include "features/sql/sql.h"
#include "tools/cmd/inputs.h"

/* A table of the job as the plan opens it. */
typedef struct job_table {
    const qn_job_table *table;
    int64_t cache;
    qn_stream **scan;
} job_table;

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    job_table *self = context;
    const qn_job_table *table = self->table;
    QN_TRY(
        qn_scan_open(out, comm, (const char *const *)table->paths, table->path_count, table->read));
    qn_scan_keep(*out, self->cache);
    *self->scan = *out;
    return QN_OK;
}

static qn_status open_plan(qn_run *run, job_table *contexts, qn_plan_table *tables) {
    const qn_job *job = &run->job;
    qn_execution execution = qn_execution_of(run->comm);
    qn_plan *plan = NULL;
    qn_status status;
    for (int64_t i = 0; i < job->table_count; i++) {
        contexts[i] = (job_table){&job->tables[i], job->cache / job->table_count, &run->scans[i]};
        tables[i] = (qn_plan_table){job->tables[i].name, open_table, &contexts[i]};
    }
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(job->query)), done);
    QN_TRY_GOTO(qn_plan_open(&run->input, plan, &execution, tables, job->table_count), done);
done:
    qn_plan_free(plan);
    return status;
}

qn_status qn_run_open_query(qn_run *run) {
    qn_job *job = &run->job;
    job_table *contexts = NULL;
    qn_plan_table *tables = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&contexts, (size_t)job->table_count, sizeof *contexts), done);
    QN_TRY_GOTO(qn_mem_calloc(&tables, (size_t)job->table_count, sizeof *tables), done);
    QN_TRY_GOTO(qn_mem_calloc(&run->scans, (size_t)job->table_count, sizeof *run->scans), done);
    QN_TRY_GOTO(open_plan(run, contexts, tables), done);
done:
    if (status == QN_JOB && qn_sql_error_position() >= 0)
        status = qn_job_locate_sql(job, qn_yaml_get(qn_yaml_get(job->yaml.root, "input"), "query"),
                                   status);
    qn_mem_free(contexts);
    qn_mem_free(tables);
    return status;
}

qn_status qn_run_settle_query(qn_run *run) {
    for (int64_t i = 0; i < run->job.table_count; i++) {
        int64_t bad = 0;
        if (run->scans[i] != NULL)
            QN_TRY(qn_settle_bad_records(run->scans[i], run->comm, run->job.tables[i].read, &bad));
        run->bad_rows += bad;
    }
    return QN_OK;
}
