#include "tools/job/run_quality.h"

#include "core/memory.h"
#include "features/scan/scan.h"
#include "tools/job/job_quality.h"
#include "tools/print/quality_view.h"

qn_status qn_run_bind_quality(qn_run *run) {
    if (run->job.quality == NULL)
        return QN_OK;
    return qn_job_bind_quality(&run->job, &run->input->schema, &run->execution);
}

void qn_run_quality_needs(const qn_run *run, bool *needed) {
    if (run->job.quality == NULL)
        return;
    qn_quality_mark_columns(run->job.quality->rules, needed);
    if (qn_quality_quarantines(run->job.quality->rules))
        for (int32_t i = 0; i < run->input->schema.count; i++)
            needed[i] = true;
}

qn_status qn_run_open_gate(qn_run *run) {
    if (run->job.quality == NULL)
        return QN_OK;
    run->source = run->input;
    run->input = NULL;
    qn_stream_hold(run->source);
    return qn_quality_pass(&run->input, run->source, run->job.quality->rules);
}

/* ---- The step ------------------------------------------------------------------------------- */

static qn_status write_quarantine(qn_run *run) {
    const qn_job_quality *quality = run->job.quality;
    qn_stream *in = NULL, *rows = NULL;
    char *path = NULL;
    qn_status status = qn_run_output_path(run, quality->quarantine, &path);
    if (status == QN_OK)
        status = qn_stream_borrow(&in, run->source);
    if (status == QN_OK)
        status = qn_quality_rejected(&rows, in, quality->rules);
    status = qn_comm_agree(run->comm, status);
    if (status == QN_OK)
        status = qn_write(rows, run->comm, path, NULL);
    qn_stream_free(rows);
    qn_mem_free(path);
    return status;
}

static qn_status write_report(const qn_run *run) {
    const char *name = run->job.quality->report;
    char *path = NULL;
    if (qn_comm_rank(run->comm) != 0)
        return QN_OK;
    QN_TRY(qn_run_output_path(run, name == NULL ? "quality.json" : name, &path));
    qn_status status = qn_quality_write(run->quality, path);
    qn_mem_free(path);
    return status;
}

qn_status qn_run_judge(qn_run *run) {
    const qn_job_quality *quality = run->job.quality;
    QN_TRY(qn_quality_run(quality->rules, run->source));
    QN_TRY(qn_comm_agree(run->comm, qn_quality_report(quality->rules, &run->quality)));
    qn_job_tell_quality(quality, run->quality);
    QN_TRY(qn_comm_agree(run->comm, write_report(run)));
    if (qn_quality_quarantines(quality->rules))
        QN_TRY(write_quarantine(run));
    return qn_comm_agree(run->comm, qn_quality_verdict(quality->rules));
}

/* ---- For the store -------------------------------------------------------------------------- */

/* Totals, then the rules: counts, but no rows of the data. */
json_t *qn_run_quality_record(const qn_run *run) {
    static const char *const counted[] = {"rows", "passed", "dropped", "quarantined"};
    size_t i;
    json_t *rule;
    if (run->quality == NULL)
        return NULL;
    json_t *record = json_array();
    json_t *totals = json_object();
    for (i = 0; i < sizeof counted / sizeof *counted; i++)
        (void)json_object_set(totals, counted[i], json_object_get(run->quality, counted[i]));
    (void)json_array_append_new(record, totals);
    json_array_foreach(json_object_get(run->quality, "rules"), i, rule) {
        json_t *copy = json_copy(rule);
        (void)json_object_del(copy, "examples");
        if (json_array_append_new(record, copy) != 0)
            break;
    }
    return record;
}
