/* sql: one query over files. */
#include "features/sql/sql.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/query.h"
#include "tools/print/show.h"

static qn_status deliver(const qn_arguments *arguments, qn_stream *result) {
    if (!qn_options_has(arguments->options, "output"))
        return qn_show(result, arguments->comm, qn_options_text(arguments->options, "format"));
    return qn_write_output(arguments, result);
}

static qn_status run_sql(const qn_arguments *arguments) {
    qn_query query;
    qn_plan *plan = NULL;
    qn_stream *result = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_query_open(&query, arguments), done);
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(arguments->operands[0])), done);
    QN_TRY_GOTO(qn_plan_open(&result, plan, &query.execution, query.tables, query.count), done);
    QN_TRY_GOTO(deliver(arguments, result), done);
    status = qn_query_settle(&query);
done:
    qn_stream_free(result);
    qn_plan_free(plan);
    qn_query_clear(&query);
    return status;
}

static const qn_option options[] = {
    QN_TABLE_OPTION,
    {"output", QN_OPTION_TEXT, NULL, NULL, "file to write instead of standard output"},
    {"format", QN_OPTION_CHOICE, "table", "table|csv|json", "how to print"},
    QN_READ_OPTION,
    QN_EXECUTION_OPTIONS,
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
