/* help, version: what the program knows about itself. */
#include "core/csv/csv.h"
#include "features/quality/quality.h"
#include "features/stage/registry.h"
#include "ml/registry.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/registries.h"

#include <stdio.h>
#include <string.h>

static void print_stages(const char *title, qn_registry stages) {
    printf("%s:\n", title);
    for (qn_registry at = stages; *at != NULL; at++)
        printf("  %-30s%c %s\n", (*at)->name, (*at)->kind == QN_STAGE_ESTIMATOR ? '*' : ' ',
               (*at)->help);
    printf("\n");
}

static void print_stage_list(void) {
    for (const qn_stage_family *family = qn_stage_families; family->name != NULL; family++)
        print_stages(family->name, family->stages);
    print_stages("estimators, which predict a label", qn_estimators);
    printf("* is fitted. 'quern help NAME' shows the options of one.\n");
}

static void print_rule_list(void) {
    qn_rule_kind kind;
    for (int of_table = 0; of_table < 2; of_table++) {
        printf("%s:\n", of_table ? "rules of the table" : "rules of rows");
        for (int32_t i = 0; qn_quality_kind(i, &kind); i++)
            if (kind.of_table == of_table)
                printf("  %-30s  %s\n", kind.name, kind.help);
        printf("\n");
    }
    printf("'quern help NAME' shows the options of one.\n");
}

static const char *type_word(const qn_option *option) {
    switch (option->type) {
    case QN_OPTION_BOOL:
        return "true|false";
    case QN_OPTION_INT:
        return "integer";
    case QN_OPTION_REAL:
        return "number";
    case QN_OPTION_CHOICE:
        return option->check;
    case QN_OPTION_TEXTS:
        return "list";
    default:
        return "text";
    }
}

static void print_options(const qn_option *table) {
    for (const qn_option *option = table; option->name != NULL; option++) {
        printf("  %s: %s", option->name, type_word(option));
        bool interval = option->type == QN_OPTION_INT || option->type == QN_OPTION_REAL;
        if (interval && option->check != NULL && option->check[0] != 'n')
            printf(" in %s", option->check);
        if (option->default_value != NULL && *option->default_value != '\0')
            printf(", default %s", option->default_value);
        printf("\n      %s\n", option->help);
    }
}

/* The generated option reference: docs/options.md. */
static void print_table(const char *name, const char *help, const qn_option *table) {
    printf("\n## %s\n\n%s.\n\n| option | value | default | meaning |\n|---|---|---|---|\n", name,
           help);
    for (const qn_option *option = table; option->name != NULL; option++) {
        bool interval = option->type == QN_OPTION_INT || option->type == QN_OPTION_REAL;
        bool limits = interval && option->check != NULL && option->check[0] != 'n';
        printf("| `%s` | ", option->name);
        for (const char *c = type_word(option); *c != '\0'; c++)
            printf("%s%c", *c == '|' ? "\\" : "", *c);
        printf("%s%s | %s | %s |\n", limits ? " in " : "", limits ? option->check : "",
               option->default_value == NULL ? "" : option->default_value, option->help);
    }
}

static void print_reference(void) {
    printf("# Options\n\nWritten by `quern help options`; do not edit.\n");
    print_table("CSV reader", "Under `input:` of a job file, or as `--read KEY=VALUE`",
                qn_csv_options);
    for (const qn_registry *registry = qn_all_stages; *registry != NULL; registry++)
        for (qn_registry at = *registry; *at != NULL; at++)
            print_table((*at)->name, (*at)->help, (*at)->options);
    qn_rule_kind kind;
    for (int32_t i = 0; qn_quality_kind(i, &kind); i++) {
        char title[64];
        snprintf(title, sizeof title, "Quality rule %s", kind.name);
        print_table(title, kind.help, kind.options);
    }
}

/* Of a stage, an estimator or a quality rule. */
static qn_status help_on_kind(const char *name) {
    qn_rule_kind kind;
    const qn_stage_class *class_ = NULL;
    for (int32_t i = 0; qn_quality_kind(i, &kind); i++)
        if (strcmp(kind.name, name) == 0) {
            printf("%s: %s\n\noptions:\n", kind.name, kind.help);
            print_options(kind.options);
            return QN_OK;
        }
    if (qn_stage_find(qn_all_stages, name, &class_) != QN_OK) {
        qn_status status =
            qn_fail(QN_USAGE, "no command, stage, estimator or rule is called '%s'", name);
        qn_error_help("see 'quern help', 'quern help stages' and 'quern help rules'");
        return status;
    }
    printf("%s: %s\n\noptions:\n", class_->name, class_->help);
    print_options(class_->options);
    return QN_OK;
}

static qn_status run_help(const qn_arguments *arguments) {
    if (arguments->operand_count == 0) {
        qn_command_print_list();
        return QN_OK;
    }
    const char *name = arguments->operands[0];
    if (strcmp(name, "stages") == 0) {
        print_stage_list();
        return QN_OK;
    }
    if (strcmp(name, "rules") == 0) {
        print_rule_list();
        return QN_OK;
    }
    if (strcmp(name, "options") == 0) {
        print_reference();
        return QN_OK;
    }
    if (strcmp(name, "csv") == 0) {
        printf(
            "Options of the CSV reader: under 'input:' of a job file, or as --read KEY=VALUE.\n\n");
        print_options(qn_csv_options);
        return QN_OK;
    }
    for (const qn_command *const *command = qn_commands; *command != NULL; command++)
        if (strcmp((*command)->name, name) == 0) {
            qn_command_print_help(*command);
            return QN_OK;
        }
    return help_on_kind(name);
}

static const qn_option help_options[] = {QN_COMMON_OPTIONS};

const qn_command qn_cmd_help = {.name = "help",
                                .synopsis = "help [COMMAND|STAGE|RULE|stages|rules|csv|options]",
                                .help = "explain a command, a stage, a rule or the CSV reader",
                                .options = help_options,
                                .most = 1,
                                .run = run_help};

static qn_status run_version(const qn_arguments *arguments) {
    (void)arguments;
    printf("quern %s\n", QUERN_VERSION);
    return QN_OK;
}

const qn_command qn_cmd_version = {.name = "version",
                                   .synopsis = "version",
                                   .help = "print the version",
                                   .options = help_options,
                                   .run = run_version};
