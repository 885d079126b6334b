/* sql: one query over files. */
#include "core/memory.h"
#include "features/plan/plan.h"
#include "features/sql/sql.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/inputs.h"
#include "tools/print/show.h"

#include <string.h>

/* A --table NAME=PATH, opened when the query names it. */
typedef struct file_table {
    const qn_arguments *arguments;
    char *name, *path;
    qn_stream *scan; /* the plan's, once it is open */
} file_table;

static qn_status open_table(void *context, qn_comm *comm, qn_stream **out) {
    (void)comm;
    file_table *table = context;
    QN_TRY(qn_open_paths(out, table->arguments, &table->path, 1));
    table->scan = *out;
    return QN_OK;
}

static void free_tables(file_table *files, int64_t count) {
    for (int64_t i = 0; files != NULL && i < count; i++) {
        qn_mem_free(files[i].name);
        qn_mem_free(files[i].path);
    }
    qn_mem_free(files);
}

static qn_status settle(const file_table *files, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (files[i].scan != NULL)
            QN_TRY(qn_settle_operands(files[i].scan, files[i].arguments));
    return QN_OK;
}

static qn_status list_tables(const qn_arguments *arguments, file_table *files,
                             qn_plan_table *tables) {
    char *const *settings = NULL;
    int64_t count = qn_options_list(arguments->options, "table", &settings);
    for (int64_t i = 0; i < count; i++) {
        files[i].arguments = arguments;
        if (strchr(settings[i], '=') == NULL)
            return qn_fail(QN_USAGE, "--table takes NAME=PATH, not '%s'", settings[i]);
        QN_TRY(qn_split_setting(settings[i], "table", &files[i].name, &files[i].path));
        for (int64_t k = 0; k < i; k++)
            if (strcmp(files[k].name, files[i].name) == 0)
                return qn_fail(QN_USAGE, "table '%s' is given twice", files[i].name);
        tables[i] = (qn_plan_table){files[i].name, open_table, &files[i]};
    }
    return QN_OK;
}

static qn_status deliver(const qn_arguments *arguments, qn_stream *result) {
    if (!qn_options_has(arguments->options, "output"))
        return qn_show(result, arguments->comm, qn_options_text(arguments->options, "format"));
    return qn_write_output(arguments, result);
}

static qn_status run_sql(const qn_arguments *arguments) {
    char *const *settings = NULL;
    int64_t count = qn_options_list(arguments->options, "table", &settings);
    file_table *files = NULL;
    qn_plan_table *tables = NULL;
    qn_plan *plan = NULL;
    qn_stream *result = NULL;
    qn_execution execution = qn_execution_of(arguments->comm);
    qn_status status;
    QN_TRY_GOTO(qn_mem_calloc(&files, (size_t)count, sizeof *files), done);
    QN_TRY_GOTO(qn_mem_calloc(&tables, (size_t)count, sizeof *tables), done);
    QN_TRY_GOTO(list_tables(arguments, files, tables), done);
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(arguments->operands[0])), done);
    QN_TRY_GOTO(qn_plan_open(&result, plan, &execution, tables, count), done);
    QN_TRY_GOTO(deliver(arguments, result), done);
    status = settle(files, count);
done:
    qn_stream_free(result);
    qn_plan_free(plan);
    qn_mem_free(tables);
    free_tables(files, count);
    return status;
}

static const qn_option options[] = {
    {"table", QN_OPTION_TEXTS, "", "repeated", "a table of the query, as NAME=PATH"},
    {"output", QN_OPTION_TEXT, NULL, NULL, "file to write instead of standard output"},
    {"format", QN_OPTION_CHOICE, "table", "table|csv|json", "how to print"},
    QN_READ_OPTION,
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_sql = {
    .name = "sql",
    .synopsis = "sql QUERY --table NAME=PATH [-o OUT] [--format table|csv|json]",
    .help = "run a query over files",
    .details = "  quern sql \"SELECT cut, price FROM d WHERE carat > 3\" --table d=diamonds.csv\n\n"
               "PostgreSQL's grammar, Spark's meaning: see docs/sql.md.",
    .options = options,
    .least = 1,
    .most = 1,
    .parallel = true,
    .run = run_sql};
