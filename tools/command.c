#include "tools/command.h"

#include "core/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_NAME = 64 };

static const qn_option *find_option(const qn_option *table, const char *name) {
    for (const qn_option *option = table; option->name != NULL; option++)
        if (strcmp(option->name, name) == 0)
            return option;
    return NULL;
}

static void dashes_to_underscores(char *out, const char *name, size_t length) {
    if (length >= LONGEST_NAME)
        length = LONGEST_NAME - 1;
    for (size_t i = 0; i < length; i++)
        out[i] = name[i] == '-' ? '_' : name[i];
    out[length] = '\0';
}

static qn_status unknown_option(const qn_command *command, const char *argument) {
    const char *names[LONGEST_NAME];
    char name[LONGEST_NAME];
    int64_t count = 0;
    for (const qn_option *option = command->options; option->name != NULL; option++)
        names[count++] = option->name;
    dashes_to_underscores(name, argument + strspn(argument, "-"),
                          strcspn(argument + strspn(argument, "-"), "="));
    qn_status status = qn_fail(QN_USAGE, "unknown option '%s'", argument);
    const char *nearest = qn_nearest(name, names, count);
    if (nearest != NULL)
        qn_error_help("did you mean '--%s'? see 'quern %s --help'", nearest, command->name);
    else
        qn_error_help("see 'quern %s --help'", command->name);
    return status;
}

static const char *short_name(char letter) {
    switch (letter) {
    case 'o':
        return "output";
    case 'h':
        return "help";
    case 'q':
        return "quiet";
    case 'v':
        return "verbose";
    default:
        return "";
    }
}

/* One more value of a list option: values given before are kept. */
static qn_status append_value(qn_options *options, const char *name, const char *value) {
    char *const *old = NULL;
    int64_t count = qn_options_has(options, name) ? qn_options_list(options, name, &old) : 0;
    const char **all = NULL;
    QN_TRY(qn_mem_alloc(&all, (size_t)count + 1, sizeof *all));
    for (int64_t i = 0; i < count; i++)
        all[i] = old[i];
    all[count] = value;
    qn_status status = qn_options_set_list(options, name, all, count + 1);
    qn_mem_free(all);
    return status;
}

/* Options whose values are KEY=VALUE or NAME=PATH are repeated, not split at commas. */
static bool is_repeated(const qn_option *option) {
    return option->check != NULL && strcmp(option->check, "repeated") == 0;
}

static qn_status set_option(qn_arguments *arguments, const qn_option *option, const char *value) {
    qn_status status = option->type == QN_OPTION_TEXTS && is_repeated(option)
                           ? append_value(arguments->options, option->name, value)
                           : qn_options_set(arguments->options, option->name, value);
    if (status != QN_OK && status != QN_MEMORY) {
        qn_error error = qn_last_error();
        char help[512];
        snprintf(help, sizeof help, "%s", error.help);
        status = qn_fail(QN_USAGE, "%s", error.message);
        if (*help != '\0')
            qn_error_help("%s", help);
    }
    return status;
}

/* An option at argv[*at]; steps over its value. */
static qn_status parse_option(qn_arguments *arguments, const qn_command *command, int argc,
                              char **argv, int *at) {
    const char *argument = argv[*at], *value = NULL;
    char name[LONGEST_NAME];
    if (argument[1] == '-') {
        size_t length = strcspn(argument + 2, "=");
        dashes_to_underscores(name, argument + 2, length);
        if (argument[2 + length] == '=')
            value = argument + 2 + length + 1;
    } else {
        snprintf(name, sizeof name, "%s", argument[2] == '\0' ? short_name(argument[1]) : "");
    }
    const qn_option *option = find_option(command->options, name);
    if (option == NULL)
        return unknown_option(command, argument);
    if (value == NULL && option->type == QN_OPTION_BOOL)
        value = "true";
    if (value == NULL && ++*at >= argc) {
        qn_status status = qn_fail(QN_USAGE, "option '%s' needs a value", argument);
        qn_error_help("see 'quern %s --help'", command->name);
        return status;
    }
    return set_option(arguments, option, value != NULL ? value : argv[*at]);
}

static qn_status check_operands(const qn_arguments *arguments, const qn_command *command) {
    if (qn_options_bool(arguments->options, "help"))
        return QN_OK;
    qn_status status = QN_OK;
    if (arguments->operand_count < command->least)
        status =
            qn_fail(QN_USAGE, "'quern %s' needs more: quern %s", command->name, command->synopsis);
    else if (command->most >= 0 && arguments->operand_count > command->most)
        status = qn_fail(QN_USAGE, "'quern %s' does not take '%s'", command->name,
                         arguments->operands[command->most]);
    if (status != QN_OK)
        qn_error_help("see 'quern %s --help'", command->name);
    return status;
}

/* "-- text" is a comment at the start of a query, not an option. */
static bool is_option(const char *argument) {
    if (argument[0] != '-' || argument[1] == '\0')
        return false;
    return argument[1] != '-' || !isspace((unsigned char)argument[2]);
}

static qn_status parse_all(qn_arguments *arguments, const qn_command *command, int argc,
                           char **argv) {
    bool options_end = false;
    for (int at = 2; at < argc; at++) {
        const char *argument = argv[at];
        if (!options_end && strcmp(argument, "--") == 0)
            options_end = true;
        else if (!options_end && is_option(argument))
            QN_TRY(parse_option(arguments, command, argc, argv, &at));
        else
            arguments->operands[arguments->operand_count++] = argv[at];
    }
    return check_operands(arguments, command);
}

qn_status qn_arguments_parse(qn_arguments *out, const qn_command *command, int argc, char **argv) {
    qn_arguments arguments = {0};
    qn_status status = qn_options_new(&arguments.options, command->options);
    if (status == QN_OK)
        status = qn_mem_calloc(&arguments.operands, (size_t)argc, sizeof *arguments.operands);
    if (status == QN_OK)
        status = parse_all(&arguments, command, argc, argv);
    if (status != QN_OK) {
        qn_arguments_clear(&arguments);
        return status;
    }
    *out = arguments;
    return QN_OK;
}

void qn_arguments_clear(qn_arguments *arguments) {
    qn_options_free(arguments->options);
    qn_mem_free(arguments->operands);
    *arguments = (qn_arguments){0};
}

qn_status qn_command_find(const qn_command **out, const char *name) {
    const char *names[LONGEST_NAME];
    int64_t count = 0;
    for (const qn_command *const *command = qn_commands; *command != NULL; command++) {
        if (strcmp((*command)->name, name) == 0) {
            *out = *command;
            return QN_OK;
        }
        names[count++] = (*command)->name;
    }
    qn_status status = qn_fail(QN_USAGE, "unknown command '%s'", name);
    const char *nearest = qn_nearest(name, names, count);
    if (nearest != NULL)
        qn_error_help("did you mean 'quern %s'?", nearest);
    else
        qn_error_help("see 'quern help'");
    return status;
}

static const char *value_word(const qn_option *option) {
    if (option->type == QN_OPTION_CHOICE)
        return option->check;
    if (option->type == QN_OPTION_INT || option->type == QN_OPTION_REAL)
        return "NUMBER";
    if (option->type == QN_OPTION_TEXTS && is_repeated(option))
        return "KEY=VALUE";
    return option->type == QN_OPTION_TEXTS ? "A,B,..." : "TEXT";
}

static void print_option(const qn_option *option) {
    char name[LONGEST_NAME], left[2 * LONGEST_NAME];
    snprintf(name, sizeof name, "%s", option->name);
    for (char *c = name; *c != '\0'; c++)
        if (*c == '_')
            *c = '-';
    const char *brief = strcmp(name, "output") == 0    ? "-o, "
                        : strcmp(name, "help") == 0    ? "-h, "
                        : strcmp(name, "quiet") == 0   ? "-q, "
                        : strcmp(name, "verbose") == 0 ? "-v, "
                                                       : "";
    if (option->type == QN_OPTION_BOOL)
        snprintf(left, sizeof left, "%s--%s", brief, name);
    else
        snprintf(left, sizeof left, "%s--%s %s", brief, name, value_word(option));
    printf("  %-32s %s", left, option->help);
    bool shown = option->default_value != NULL && *option->default_value != '\0' &&
                 option->type != QN_OPTION_BOOL;
    if (shown)
        printf(" (default %s)", option->default_value);
    putchar('\n');
}

void qn_command_print_help(const qn_command *command) {
    printf("usage: quern %s\n\n%s\n", command->synopsis, command->help);
    if (command->details != NULL)
        printf("\n%s\n", command->details);
    printf("\noptions:\n");
    for (const qn_option *option = command->options; option->name != NULL; option++)
        print_option(option);
}

void qn_command_print_list(void) {
    printf("usage: quern COMMAND [ARGUMENT]...\n\n"
           "Dataframes, feature pipelines and models. Under mpiexec or srun all ranks work\n"
           "together; started plainly it is one rank.\n\n"
           "commands:\n");
    for (const qn_command *const *command = qn_commands; *command != NULL; command++)
        printf("  %-10s %s\n", (*command)->name, (*command)->help);
    printf("\n'quern COMMAND --help' explains one; 'quern help stages' lists stages and\n"
           "estimators, 'quern help NAME' shows the options of one.\n\n"
           "exit codes: 0 done; 1 internal error; 2 usage; 65 bad job, SQL or options; 66 input\n"
           "missing or unreadable; 67 data broke its contract; 68 quality gate failed; 69\n"
           "environment; 70 numeric failure; 71 out of memory; 74 input/output error; 75 stopped\n"
           "by a signal\n");
}
