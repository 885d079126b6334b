/* run, check: job files. */
#include "core/log.h"
#include "mpi/comm/signal.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"
#include "tools/job/run.h"

#include <stdio.h>

static qn_status read_and_open(qn_run *run, const qn_arguments *arguments) {
    char *const *settings = NULL;
    int64_t count = qn_options_list(arguments->options, "set", &settings);
    QN_TRY(qn_execution_options(&run->execution, &run->session, arguments));
    QN_TRY(qn_run_read_job(run, arguments->operands[0], settings, count));
    return qn_run_open(run);
}

static qn_status run_run(const qn_arguments *arguments) {
    qn_run run;
    qn_run_init(&run, arguments->comm);
    /* From the start: opening a large input takes a while. */
    qn_status status = qn_comm_agree(arguments->comm, qn_signal_install());
    if (status == QN_OK)
        status = read_and_open(&run, arguments);
    if (status == QN_OK)
        status = qn_run_execute(&run);
    if (status == QN_OK && qn_comm_rank(arguments->comm) == 0)
        status = qn_run_print(&run);
    qn_run_clear(&run);
    return status;
}

static qn_status run_check(const qn_arguments *arguments) {
    qn_run run;
    qn_run_init(&run, arguments->comm);
    qn_status status = read_and_open(&run, arguments);
    if (status == QN_OK)
        printf("%s: ok, %lld stages over %d columns\n", arguments->operands[0],
               (long long)run.job.stage_count, run.input->schema.count);
    qn_run_clear(&run);
    return status;
}

static const qn_option options[] = {
    {"set", QN_OPTION_TEXTS, "", "repeated", "a key of the job file, as model.reg_param=0.1"},
    QN_EXECUTION_OPTIONS,
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_run = {
    .name = "run",
    .synopsis = "run JOB.yaml [--set KEY=VALUE]...",
    .help = "run a job file",
    .details =
        "Input paths are relative to the job file; the run directory ('output', NAME-out if not\n"
        "given) is relative to the working directory, and what 'save' names to the run\n"
        "directory. status.json there says what the run is doing or how it ended.",
    .options = options,
    .least = 1,
    .most = 1,
    .parallel = true,
    .run = run_run};

const qn_command qn_cmd_check = {
    .name = "check",
    .synopsis = "check JOB.yaml [--set KEY=VALUE]...",
    .help = "validate everything that can be validated without running",
    .details = "Reads the job file and the input's columns and types; reports every fault found.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run_check};
