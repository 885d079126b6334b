/* Running a job: from input to model, predictions and a committed feature version. */
#ifndef QUERN_TOOLS_RUN_H
#define QUERN_TOOLS_RUN_H

#include "core/expr/session.h"
#include "core/stream.h"
#include "features/plan/plan.h"
#include "features/wide/wide.h"
#include "ml/evaluate.h"
#include "mpi/comm/comm.h"
#include "tools/job/job.h"

typedef struct qn_run {
    qn_comm *comm;
    qn_job job;
    qn_stream *source; /* of a job with rules: the scan, or the query's rows; else NULL */
    qn_stream *input;  /* what passes the rules; without rules: the scan, or the query's rows */
    qn_stream *rows;   /* the input as stages [0, ahead) give it, or the input itself */
    int64_t ahead;     /* stages that work on all rows, before these are split */
    qn_execution execution;
    qn_session session;
    struct qn_run_table *opened; /* of a query: what its tables were opened as */
    qn_plan_table *tables;       /* of a query, as the plan sees them */
    qn_stage *pipeline;          /* owns the job's stages once it is made */
    double started;              /* seconds */

    json_t *quality; /* the report of the rules; NULL: none */

    /* for the summary; the same on all ranks */
    int64_t bad_rows, version, feature_rows;
    int64_t peak; /* bytes of memory, on the rank that needed most */
    qn_metrics train, test;
} qn_run;

/* With the default budget and session, which may be set before the input is opened. */
void qn_run_init(qn_run *run, qn_comm *comm);
void qn_run_clear(qn_run *run);

/* Collective. Reads and parses the job file. */
QN_CHECKED qn_status qn_run_read_job(qn_run *run, const char *path, char *const *settings,
                                     int64_t count);

/* Collective. Opens the input and binds the job's stages to it. */
QN_CHECKED qn_status qn_run_open(qn_run *run);

/* Collective. Everything else; keeps status.json in the run directory true. */
QN_CHECKED qn_status qn_run_execute(qn_run *run);

/* Local. A path that `save` or `quality` names, as it can be opened; the caller's. */
QN_CHECKED qn_status qn_run_output_path(const qn_run *run, const char *name, char **out);

/* Local. The summary a person wants to read, on standard output. */
QN_CHECKED qn_status qn_run_print(const qn_run *run);

#endif
