/* The program: finds the command, runs it on all ranks, and is the one place that exits. */
#include "core/log.h"
#include "core/memory.h"
#include "mpi/comm/launcher.h"
#include "tools/command.h"
#include "tools/print/report_error.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_log_level(const qn_arguments *arguments, int rank) {
    qn_log_level level = QN_LOG_INFO;
    if (qn_options_bool(arguments->options, "quiet"))
        level = QN_LOG_QUIET;
    if (qn_options_bool(arguments->options, "verbose"))
        level = QN_LOG_DEBUG;
    qn_log_set(level, rank);
}

static qn_status flush_results(void) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return QN_OK;
    return qn_fail_errno(QN_IO, "cannot write to standard output");
}

/* Runs a parsed command; the communicator is freed on the way out. */
static qn_status run_command(const qn_command *command, qn_arguments *arguments) {
    if (qn_options_bool(arguments->options, "help")) {
        if (qn_launcher_rank() == 0)
            qn_command_print_help(command);
        return flush_results();
    }
    if (!command->parallel && qn_launcher_rank() > 0)
        return QN_OK;
    QN_TRY(command->parallel ? qn_comm_world(&arguments->comm) : qn_comm_self(&arguments->comm));
    set_log_level(arguments, qn_comm_rank(arguments->comm));
    qn_debug("%s on rank %d of %d, waiting by %s", command->name, qn_comm_rank(arguments->comm),
             qn_comm_size(arguments->comm),
             qn_comm_yields(arguments->comm) ? "yielding" : "blocking");
    qn_status status = command->run(arguments);
    qn_debug("%s: %s, %.1f MiB of memory at most", command->name, qn_status_text(status),
             (double)qn_mem_peak() / (1 << 20));
    if (status == QN_OK && qn_comm_rank(arguments->comm) == 0)
        status = flush_results();
    return status;
}

static qn_status run_program(int argc, char **argv) {
    const char *name = argc < 2 ? "help" : argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    const qn_command *command = NULL;
    qn_arguments arguments = {0};
    qn_status status = qn_command_find(&command, name);
    if (status == QN_OK)
        status = qn_arguments_parse(&arguments, command, argc, argv);
    if (status == QN_OK)
        status = run_command(command, &arguments);
    if (status != QN_OK && qn_launcher_rank() == 0)
        qn_report_error();
    qn_comm_free(arguments.comm);
    qn_arguments_clear(&arguments);
    return status;
}

int main(int argc, char **argv) {
    setlocale(LC_ALL, "C");
    signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error of write, not an end */
    qn_mem_keep_freed();
    qn_status status = run_program(argc, argv);
    if (qn_mem_blocks() != 0 && getenv("QUERN_CHECK_LEAKS") != NULL) {
        fprintf(stderr, "quern: %lld blocks leaked\n", (long long)qn_mem_blocks());
        return qn_status_exit_code(QN_INTERNAL);
    }
    return qn_status_exit_code(status);
}
