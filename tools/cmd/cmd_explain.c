/* explain: what a query or a job would do, and with --analyze what it did. */
#include "features/plan/explain.h"
#include "features/sql/sql.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/query.h"
#include "tools/job/run.h"

#include <stdio.h>
#include <string.h>

/* The texts of a plan's three forms. */
typedef struct explanation {
    qn_text written, improved, operators;
} explanation;

static void clear_explanation(explanation *self) {
    qn_text_clear(&self->written);
    qn_text_clear(&self->improved);
    qn_text_clear(&self->operators);
}

/* ---- Printing -------------------------------------------------------------------------------- */

static void print_part(const char *title, const qn_text *text) {
    printf("%s\n", title);
    for (const char *line = text->data; line != NULL && *line != '\0';) {
        int width = (int)strcspn(line, "\n");
        printf("  %.*s\n", width, line);
        line += width + (line[width] == '\n');
    }
}

static void print_text(const explanation *self, bool analyzed) {
    print_part("As written", &self->written);
    printf("\n");
    print_part("Improved", &self->improved);
    if (self->operators.data == NULL)
        return;
    printf("\n");
    print_part(analyzed ? "Operators, as they ran" : "Operators", &self->operators);
}

static void print_json_lines(const char *key, const qn_text *text) {
    printf("  \"%s\": [", key);
    for (const char *line = text->data; line != NULL && *line != '\0';) {
        int width = (int)strcspn(line, "\n");
        printf("%s\n    \"", line == text->data ? "" : ",");
        for (int i = 0; i < width; i++)
            printf(line[i] == '"' || line[i] == '\\' ? "\\%c" : "%c", line[i]);
        printf("\"");
        line += width + (line[width] == '\n');
    }
    printf("\n  ],\n");
}

static void print_json(const explanation *self) {
    printf("{\n");
    print_json_lines("written", &self->written);
    print_json_lines("improved", &self->improved);
    printf("  \"operators\": %s\n}\n",
           self->operators.data != NULL ? self->operators.data : "null");
}

static void print(const qn_arguments *arguments, const explanation *self) {
    if (qn_comm_rank(arguments->comm) > 0)
        return;
    if (qn_options_is(arguments->options, "format", "json"))
        print_json(self);
    else
        print_text(self, qn_options_bool(arguments->options, "analyze"));
}

/* ---- Queries --------------------------------------------------------------------------------- */

static qn_status read_to_end(qn_stream *stream) {
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(stream, &batch));
        bool ended = batch.count == 0;
        qn_batch_clear(&batch);
        if (ended)
            return QN_OK;
    }
}

static qn_status run_through(qn_stream *stream, qn_physical *tree, qn_comm *comm) {
    QN_TRY(qn_comm_agree(comm, read_to_end(stream)));
    return qn_physical_gather(tree, comm);
}

static qn_status explain_operators(const qn_arguments *arguments, qn_query *query, qn_plan *plan,
                                   qn_text *out) {
    bool analyze = qn_options_bool(arguments->options, "analyze");
    qn_physical *tree = NULL;
    qn_stream *stream = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_plan_analyze(&stream, &tree, plan, &query->execution, query->tables,
                                query->count, analyze),
                done);
    if (analyze)
        QN_TRY_GOTO(run_through(stream, tree, arguments->comm), done);
    if (qn_options_is(arguments->options, "format", "json"))
        status = qn_physical_print_json(tree, analyze, out);
    else
        status = qn_physical_print(tree, analyze, out);
done:
    qn_stream_free(stream);
    qn_physical_free(tree);
    return status;
}

static qn_status explain_query(const qn_arguments *arguments, qn_query *query, explanation *out) {
    qn_plan *plan = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(arguments->operands[0])), done);
    QN_TRY_GOTO(qn_plan_print(plan, &out->written), done);
    QN_TRY_GOTO(qn_plan_prepare(plan, &query->execution, query->tables, query->count), done);
    QN_TRY_GOTO(qn_plan_print(plan, &out->improved), done);
    status = explain_operators(arguments, query, plan, &out->operators);
done:
    qn_plan_free(plan);
    return status;
}

static qn_status run_query(const qn_arguments *arguments) {
    qn_query query;
    explanation texts = {0};
    qn_status status = qn_query_open(&query, arguments);
    if (status == QN_OK)
        status = explain_query(arguments, &query, &texts);
    if (status == QN_OK)
        print(arguments, &texts);
    clear_explanation(&texts);
    qn_query_clear(&query);
    return status;
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

/* Stages and the model, the last one first, each indented below what it gives its rows to. */
static qn_status print_stages(const qn_run *run, int64_t first, qn_text *out, int *depth) {
    for (int64_t i = run->job.stage_count; i-- > first;) {
        QN_TRY(
            qn_text_printf(out, "%*sStage %s\n", 2 * *depth, "", run->job.stages[i]->class_->name));
        (*depth)++;
    }
    return QN_OK;
}

static qn_status print_below(const qn_text *plan, int depth, qn_text *out) {
    for (const char *line = plan->data; line != NULL && *line != '\0';) {
        int width = (int)strcspn(line, "\n");
        QN_TRY(qn_text_printf(out, "%*s%.*s\n", 2 * depth, "", width, line));
        line += width + (line[width] == '\n');
    }
    return QN_OK;
}

static qn_status print_plan(const qn_run *run, qn_plan *plan, explanation *out) {
    qn_text text;
    int depth = 0;
    qn_text_init(&text);
    qn_status status;
    QN_TRY_GOTO(print_stages(run, 1, &out->written, &depth), done);
    QN_TRY_GOTO(qn_text_add(&out->improved, out->written.data != NULL ? out->written.data : "",
                            out->written.length),
                done);
    QN_TRY_GOTO(qn_plan_print(plan, &text), done);
    QN_TRY_GOTO(print_below(&text, depth, &out->written), done);
    QN_TRY_GOTO(qn_plan_bind_schema(plan, &run->input->schema), done);
    qn_text_truncate(&text, 0);
    QN_TRY_GOTO(qn_plan_print(plan, &text), done);
    status = print_below(&text, depth, &out->improved);
done:
    qn_text_clear(&text);
    return status;
}

static qn_status explain_job(const qn_run *run, explanation *out) {
    qn_plan *plan = NULL;
    qn_status status;
    if (run->job.has_sql)
        QN_TRY(qn_sql_query(&plan,
                            qn_view_of(qn_options_text(run->job.stages[0]->options, "statement"))));
    else
        QN_TRY(qn_plan_scan(&plan, "input", -1));
    status = print_plan(run, plan, out);
    qn_plan_free(plan);
    return status;
}

static qn_status run_job(const qn_arguments *arguments) {
    qn_run run;
    explanation texts = {0};
    if (qn_options_bool(arguments->options, "analyze"))
        return qn_fail(QN_USAGE, "--analyze is for queries; 'quern run' reports what a job did");
    qn_run_init(&run, arguments->comm);
    qn_status status = qn_run_read_job(&run, arguments->operands[0], NULL, 0);
    if (status == QN_OK)
        status = qn_run_open(&run);
    if (status == QN_OK)
        status = explain_job(&run, &texts);
    if (status == QN_OK)
        print(arguments, &texts);
    clear_explanation(&texts);
    qn_run_clear(&run);
    return status;
}

static bool is_job(const char *operand) {
    size_t length = strlen(operand);
    return (length > 5 && strcmp(operand + length - 5, ".yaml") == 0) ||
           (length > 4 && strcmp(operand + length - 4, ".yml") == 0);
}

static qn_status run_explain(const qn_arguments *arguments) {
    return is_job(arguments->operands[0]) ? run_job(arguments) : run_query(arguments);
}

static const qn_option options[] = {
    QN_TABLE_OPTION,
    {"analyze", QN_OPTION_BOOL, "false", NULL,
     "run the query and show rows, seconds, bytes, memory and imbalance beside each operator"},
    {"format", QN_OPTION_CHOICE, "text", "text|json", "how to print"},
    QN_READ_OPTION,
    QN_EXECUTION_OPTIONS,
    QN_COMMON_OPTIONS};

const qn_command qn_cmd_explain = {
    .name = "explain",
    .synopsis = "explain QUERY|JOB.yaml [--table NAME=PATH]... [--analyze] [--format text|json]",
    .help = "show the plan of a query or a job",
    .details =
        "Prints the plan as it is written, as the rules improve it, and the operators that run\n"
        "it: see docs/plans.md.",
    .options = options,
    .least = 1,
    .most = 1,
    .parallel = true,
    .run = run_explain};
