/* validate: data quality of a table by a file of rules. */
#include "core/log.h"
#include "core/memory.h"
#include "features/scan/scan.h"
#include "mpi/file/file.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"
#include "tools/job/job_parse.h"
#include "tools/job/job_quality.h"
#include "tools/print/quality_view.h"

#include <stdio.h>
#include <string.h>

typedef struct validation {
    const qn_arguments *arguments;
    qn_comm *comm;
    qn_job job; /* holds the rules */
    qn_session session;
    qn_execution execution;
    qn_stream *in;
} validation;

static const char *option_or_null(const qn_arguments *arguments, const char *name) {
    return qn_options_has(arguments->options, name) ? qn_options_text(arguments->options, name)
                                                    : NULL;
}

/* ---- Rules ---------------------------------------------------------------------------------- */

static qn_status show_faults(validation *self, qn_status status) {
    if (self->job.error_count > 0)
        status = qn_job_fail(&self->job, qn_comm_rank(self->comm) == 0);
    return qn_comm_agree(self->comm, status);
}

static qn_status parse_rules(qn_job *job, const char *path, const char *text, int64_t length,
                             const char *quarantine) {
    if ((int64_t)strlen(text) != length)
        return qn_fail_at(QN_JOB, path, "not a text file: it holds NUL bytes");
    QN_TRY(qn_job_read_yaml(job, path, text));
    QN_TRY(qn_job_parse_quality(job, job->yaml.root));
    if (quarantine == NULL || job->quality == NULL)
        return QN_OK;
    qn_mem_free(job->quality->quarantine);
    job->quality->quarantine = NULL;
    return qn_mem_copy_text(&job->quality->quarantine, quarantine);
}

static qn_status read_rules(validation *self) {
    const qn_arguments *arguments = self->arguments;
    const char *path = arguments->operands[arguments->operand_count - 1];
    char *text = NULL;
    int64_t length = 0;
    QN_TRY(qn_file_read_shared(self->comm, path, &text, &length));
    qn_status status =
        parse_rules(&self->job, path, text, length, option_or_null(arguments, "quarantine"));
    qn_mem_free(text);
    return show_faults(self, status);
}

/* Two results in one file: the second would replace the first. */
static qn_status check_apart(const qn_arguments *arguments, const qn_job_quality *quality) {
    const char *report = option_or_null(arguments, "report");
    const char *paths[] = {option_or_null(arguments, "output"), quality->quarantine,
                           report != NULL ? report : quality->report};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < i; k++)
            if (paths[i] != NULL && paths[k] != NULL && strcmp(paths[i], paths[k]) == 0)
                return qn_fail(QN_USAGE, "'%s' is named for two results", paths[i]);
    return QN_OK;
}

/* What would be found only after the work. */
static qn_status check_outputs(const qn_arguments *arguments) {
    static const char *const names[] = {"output", "quarantine"};
    for (int i = 0; i < 2; i++) {
        const char *path = option_or_null(arguments, names[i]);
        if (path != NULL && !qn_write_knows(path))
            return qn_fail(QN_USAGE, "--%s: a file that ends with .csv, .h5 or .h5ad, not '%s'",
                           names[i], path);
    }
    return QN_OK;
}

static qn_status open_all(validation *self) {
    const qn_arguments *arguments = self->arguments;
    QN_TRY(check_outputs(arguments));
    QN_TRY(qn_execution_options(&self->execution, &self->session, arguments));
    QN_TRY(read_rules(self));
    QN_TRY(check_apart(arguments, self->job.quality));
    QN_TRY(qn_open_paths(&self->in, arguments, arguments->operands, arguments->operand_count - 1));
    return show_faults(self, qn_job_bind_quality(&self->job, &self->in->schema, &self->execution));
}

/* ---- Results -------------------------------------------------------------------------------- */

static qn_status write_stream(validation *self, qn_stream *rows, const char *path) {
    int64_t count = 0;
    char text[32];
    QN_TRY(qn_write(rows, self->comm, path, &count));
    qn_info("wrote %s rows to %s", qn_grouped(count, text), path);
    return QN_OK;
}

typedef qn_status (*open_rows)(qn_stream **out, qn_stream *in, const qn_quality *quality);

static qn_status write_rows(validation *self, open_rows open, const char *path) {
    qn_stream *in = NULL, *rows = NULL;
    qn_status status = qn_stream_borrow(&in, self->in);
    if (status == QN_OK)
        status = open(&rows, in, self->job.quality->rules);
    status = qn_comm_agree(self->comm, status);
    if (status == QN_OK)
        status = write_stream(self, rows, path);
    qn_stream_free(rows);
    return status;
}

/* The quarantine and the report stand whatever the verdict; the output only if no rule failed. */
static qn_status write_all(validation *self) {
    const qn_job_quality *quality = self->job.quality;
    const char *output = option_or_null(self->arguments, "output");
    if (qn_quality_quarantines(quality->rules))
        QN_TRY(write_rows(self, qn_quality_rejected, quality->quarantine));
    QN_TRY(qn_comm_agree(self->comm, qn_quality_verdict(quality->rules)));
    return output == NULL ? QN_OK : write_rows(self, qn_quality_pass, output);
}

static qn_status deliver_report(validation *self, const json_t *report) {
    const qn_job_quality *quality = self->job.quality;
    const char *path = option_or_null(self->arguments, "report");
    qn_status status = QN_OK;
    if (path == NULL)
        path = quality->report;
    qn_job_tell_quality(quality, report);
    if (qn_comm_rank(self->comm) == 0) {
        status = qn_quality_show(report, qn_options_text(self->arguments->options, "format"));
        if (status == QN_OK && path != NULL)
            status = qn_quality_write(report, path);
    }
    return qn_comm_agree(self->comm, status);
}

static qn_status validate(validation *self) {
    json_t *report = NULL;
    QN_TRY(qn_quality_run(self->job.quality->rules, self->in));
    QN_TRY(qn_settle_operands(self->in, self->arguments));
    QN_TRY(qn_comm_agree(self->comm, qn_quality_report(self->job.quality->rules, &report)));
    qn_status status = deliver_report(self, report);
    json_decref(report);
    return status == QN_OK ? write_all(self) : status;
}

static qn_status run_validate(const qn_arguments *arguments) {
    validation self = {.arguments = arguments, .comm = arguments->comm};
    qn_job_init(&self.job);
    qn_status status = open_all(&self);
    if (status == QN_OK && qn_options_bool(arguments->options, "check")) {
        if (qn_comm_rank(self.comm) == 0)
            printf("%s: ok, %d rules over %d columns\n",
                   arguments->operands[arguments->operand_count - 1],
                   qn_quality_count(self.job.quality->rules), self.in->schema.count);
    } else if (status == QN_OK) {
        status = validate(&self);
    }
    qn_stream_free(self.in);
    qn_job_clear(&self.job);
    return status;
}

static const qn_option options[] = {
    {"output", QN_OPTION_TEXT, NULL, NULL, "file for the rows that pass"},
    {"quarantine", QN_OPTION_TEXT, NULL, NULL,
     "file for quarantined rows, in place of the one that the rules name"},
    {"report", QN_OPTION_TEXT, NULL, NULL, "file for the report: .json or .csv"},
    {"format", QN_OPTION_CHOICE, "table", "table|csv|json", "how to print the report"},
    {"check", QN_OPTION_BOOL, "false", NULL, "check the rules against the columns, no more"},
    QN_READ_OPTION,
    QN_EXECUTION_OPTIONS,
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_validate = {
    .name = "validate",
    .synopsis = "validate INPUT... RULES.yaml [-o OUT] [--report REPORT.json]",
    .help = "check the quality of a table by rules",
    .details =
        "  quern validate sales.csv rules.yaml -o clean.csv --report report.json\n\n"
        "Each rule says what a column, a row or the table must be like, and what happens where it\n"
        "is not: warn, drop the rows, quarantine them, or fail (exit code 68, no output). Kinds "
        "of\n"
        "rules: 'quern help rules'; docs/quality.md says it all.",
    .options = options,
    .least = 2,
    .most = -1,
    .parallel = true,
    .run = run_validate};
