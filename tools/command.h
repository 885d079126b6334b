/* Commands of the program: each is one cmd_*.c that exports one row of the table. The same rows
 * parse the command line and print --help. */
#ifndef QUERN_TOOLS_COMMAND_H
#define QUERN_TOOLS_COMMAND_H

#include "core/options.h"
#include "mpi/comm/comm.h"

typedef struct qn_arguments {
    qn_options *options;
    char **operands; /* what is not an option, in order; borrowed from argv */
    int operand_count;
    qn_comm *comm;
} qn_arguments;

typedef struct qn_command {
    const char *name;
    const char *synopsis;     /* "run JOB.yaml [--set KEY=VALUE]..." */
    const char *help;         /* one line for the list of commands */
    const char *details;      /* paragraphs for --help; may be NULL */
    const qn_option *options; /* `--some-name VALUE` for some_name; TEXTS may be repeated */
    int least, most;          /* operands; most < 0: any number */
    bool parallel;            /* uses all ranks; else the first rank alone runs it */
    qn_status (*run)(const qn_arguments *arguments);
} qn_command;

extern const qn_command *const qn_commands[]; /* ends with NULL */

/* Options every command takes. */
#define QN_COMMON_OPTIONS                                                                          \
    {"help", QN_OPTION_BOOL, "false", NULL, "show this help"},                                     \
        {"quiet", QN_OPTION_BOOL, "false", NULL, "no progress and no warnings"},                   \
        {"verbose", QN_OPTION_BOOL, "false", NULL, "log steps and memory of every rank"}, {        \
        NULL, QN_OPTION_TEXT, NULL, NULL, NULL                                                     \
    }

/* Local. Parses argv[2..] for a command. USAGE errors that name the nearest option. */
QN_CHECKED qn_status qn_arguments_parse(qn_arguments *out, const qn_command *command, int argc,
                                        char **argv);
void qn_arguments_clear(qn_arguments *arguments);

/* Local. JOB and USAGE errors when the name is unknown. */
QN_CHECKED qn_status qn_command_find(const qn_command **out, const char *name);

void qn_command_print_help(const qn_command *command);
void qn_command_print_list(void);

#endif
