/* explain: what a query or a job would do, and with --analyze what it did. */
#include "features/plan/explain.h"
#include "features/sql/sql.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/query.h"
#include "tools/job/run.h"
#include "tools/job/run_query.h"

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

/* A query and what it runs over. */
typedef struct subject {
    const char *text;
    const qn_execution *execution;
    const qn_plan_table *tables;
    int64_t count;
} subject;

static qn_status explain_operators(const qn_arguments *arguments, const subject *query,
                                   qn_plan *plan, qn_text *out) {
    bool analyze = qn_options_bool(arguments->options, "analyze");
    qn_physical *tree = NULL;
    qn_stream *stream = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_plan_analyze(&stream, &tree, plan, query->execution, query->tables, query->count,
                                analyze),
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

static qn_status explain_query(const qn_arguments *arguments, const subject *query,
                               explanation *out) {
    qn_plan *plan = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(query->text)), done);
    QN_TRY_GOTO(qn_plan_print(plan, &out->written), done);
    QN_TRY_GOTO(qn_plan_prepare(plan, query->execution, query->tables, query->count), done);
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
    if (status == QN_OK) {
        subject all = {arguments->operands[0], &query.execution, query.tables, query.count};
        status = explain_query(arguments, &all, &texts);
    }
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

/* The texts of what is below the stages, moved below them. */
static qn_status put_stages_above(const qn_run *run, int64_t first, explanation *texts) {
    qn_text *forms[] = {&texts->written, &texts->improved};
    for (int i = 0; i < 2; i++) {
        qn_text whole;
        int depth = 0;
        qn_text_init(&whole);
        qn_status status = print_stages(run, first, &whole, &depth);
        if (status == QN_OK)
            status = print_below(forms[i], depth, &whole);
        if (status != QN_OK) {
            qn_text_clear(&whole);
            return status;
        }
        qn_text_clear(forms[i]);
        *forms[i] = whole;
    }
    return QN_OK;
}

/* A job over files: its row-wise SQL. */
static qn_status explain_rows(const qn_run *run, explanation *out) {
    qn_plan *plan = NULL;
    qn_status status;
    if (run->job.has_sql)
        QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(qn_options_text(run->job.stages[0]->options,
                                                                   "statement"))),
                    done);
    else
        QN_TRY_GOTO(qn_plan_scan(&plan, "input", -1), done);
    QN_TRY_GOTO(qn_plan_print(plan, &out->written), done);
    QN_TRY_GOTO(qn_plan_bind_schema(plan, &run->input->schema, run->execution.session), done);
    QN_TRY_GOTO(qn_plan_print(plan, &out->improved), done);
done:
    qn_plan_free(plan);
    return status;
}

static qn_status explain_job(const qn_arguments *arguments, qn_run *run, explanation *out) {
    const qn_job *job = &run->job;
    if (job->query == NULL) {
        if (qn_options_bool(arguments->options, "analyze"))
            return qn_fail(QN_USAGE, "--analyze is for queries; 'quern run' reports what a job "
                                     "over files did");
        QN_TRY(qn_run_open(run));
        QN_TRY(explain_rows(run, out));
        return put_stages_above(run, job->has_sql, out);
    }
    QN_TRY(qn_comm_agree(arguments->comm, qn_run_list_tables(run)));
    const subject query = {job->query, &run->execution, run->tables, job->table_count};
    QN_TRY(explain_query(arguments, &query, out));
    return put_stages_above(run, 0, out);
}

static qn_status run_job(const qn_arguments *arguments) {
    qn_run run;
    explanation texts = {0};
    qn_run_init(&run, arguments->comm);
    qn_status status = qn_execution_options(&run.execution, &run.session, arguments);
    if (status == QN_OK)
        status = qn_run_read_job(&run, arguments->operands[0], NULL, 0);
    if (status == QN_OK)
        status = explain_job(arguments, &run, &texts);
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
        "it: see docs/plans.md. Of a job, the query of its input (--analyze runs no more than\n"
        "that) or its row-wise SQL, below the stages.",
    .options = options,
    .least = 1,
    .most = 1,
    .parallel = true,
    .run = run_explain};
