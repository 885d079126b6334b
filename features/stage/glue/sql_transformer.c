/* sql_transformer: a SELECT over the rows that pass through: Spark ML's SQLTransformer.
 *
 * Outputs and WHERE work a batch at a time; what needs other rows (GROUP BY, windows, ORDER BY,
 * joins with itself ...) works on a stream. */
#include "core/memory.h"
#include "features/operator/keep.h"
#include "features/sql/sql.h"
#include "features/stage/stages.h"

#include <string.h>

typedef struct sql_transformer {
    qn_stage base;
    qn_plan *plan;     /* bound to the schema of the last bind */
    qn_plan_gaps gaps; /* what it does without */
} sql_transformer;

static const qn_option options[] = {
    {"statement", QN_OPTION_TEXT, NULL, NULL, "a SELECT over __THIS__, the input"},
    {"missing_columns", QN_OPTION_CHOICE, NULL, "error|drop",
     "outputs and conditions that need a column which the input lacks: an error (also if not "
     "set), or leave them out"},
    {NULL, QN_OPTION_BOOL, NULL, NULL, NULL}};

/* No default in the table: model files hold defaults, and theirs are the same bytes without. */
static bool drops(const qn_stage *stage) {
    return qn_options_has(stage->options, "missing_columns") &&
           qn_options_is(stage->options, "missing_columns", "drop");
}

/* Later stages that ask for an output which was left out are told why it is not there. */
static qn_status explain_gap(qn_schema *out, const qn_schema *in, const qn_plan_gap *gap) {
    char *reason = NULL;
    const char *earlier = qn_schema_absence(in, gap->column);
    if (earlier != NULL)
        return qn_schema_add_absence(out, gap->output, earlier);
    if (strcmp(gap->column, gap->output) == 0)
        QN_TRY(qn_format(&reason, "the input lacks column '%s', which the SQL step needs",
                         gap->column));
    else
        QN_TRY(qn_format(&reason, "the input lacks column '%s', which the SQL step needs for '%s'",
                         gap->column, gap->output));
    qn_status status = qn_schema_add_absence(out, gap->output, reason);
    qn_mem_free(reason);
    return status;
}

static qn_status give_schema(qn_schema *out, const qn_schema *in, const qn_plan *plan,
                             const qn_plan_gaps *gaps) {
    QN_TRY(qn_schema_copy(out, qn_plan_schema(plan)));
    for (int64_t i = 0; i < gaps->count; i++)
        if (gaps->items[i].output != NULL)
            QN_TRY(explain_gap(out, in, &gaps->items[i]));
    return QN_OK;
}

static qn_status parse(const qn_stage *stage, qn_plan **out) {
    if (!qn_options_has(stage->options, "statement"))
        return qn_fail(QN_JOB, "option 'statement' must be given: SELECT ... FROM __THIS__");
    return qn_sql_query(out, qn_view_of(qn_options_text(stage->options, "statement")));
}

static const qn_session *session_of(const qn_stage *stage) {
    return stage->execution != NULL ? stage->execution->session : NULL;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    sql_transformer *self = (sql_transformer *)stage;
    qn_plan *plan = NULL;
    qn_plan_gaps gaps = {0};
    qn_status status = QN_OK;
    QN_TRY_GOTO(parse(stage, &plan), done);
    stage->wide = !qn_plan_is_narrow(plan);
    stage->takes_all = qn_plan_takes_all(plan);
    if (drops(stage) && !stage->wide)
        QN_TRY_GOTO(qn_plan_leave_out(plan, in, &gaps), done);
    QN_TRY_GOTO(qn_plan_bind_schema(plan, in, session_of(stage)), done);
    QN_TRY_GOTO(give_schema(out, in, plan, &gaps), done);
    stage->class_->clear(stage);
    self->plan = plan;
    self->gaps = gaps;
    return QN_OK;
done:
    qn_plan_free(plan);
    qn_plan_gaps_clear(&gaps);
    return status;
}

const qn_plan_gaps *qn_sql_transformer_gaps(const qn_stage *stage) {
    return &((const sql_transformer *)stage)->gaps;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    (void)schema;
    return qn_plan_apply(((const sql_transformer *)stage)->plan, in, out);
}

/* ---- All rows at once ------------------------------------------------------------------------ */

static qn_status open_kept(void *context, qn_comm *comm, qn_stream **out) {
    return qn_comm_agree(comm, qn_keep_open(out, context));
}

/* A statement that reads its input several times reads it once, for several readers. Owns `in`,
 * also on failure. */
static qn_status open_often(qn_plan *plan, qn_stream *in, const qn_execution *execution,
                            qn_stream **out) {
    qn_keep *keep = NULL;
    qn_status status = qn_comm_agree(execution->comm,
                                     qn_keep_new(&keep, in, execution->memory, execution->scratch));
    qn_plan_table table = {qn_plan_table_name(plan, 0), open_kept, keep};
    if (status == QN_OK)
        status = qn_plan_open(out, plan, execution, &table, 1);
    qn_keep_release(keep);
    return status;
}

static qn_status open_once(qn_plan *plan, qn_stream *in, const qn_execution *execution,
                           qn_stream **out) {
    qn_plan_table table = qn_plan_table_of(qn_plan_table_name(plan, 0), &in);
    qn_status status = qn_plan_open(out, plan, execution, &table, 1);
    qn_stream_free(in);
    return status;
}

static qn_status open(const qn_stage *stage, qn_stream *in, const qn_execution *execution,
                      qn_stream **out) {
    qn_plan *plan = NULL;
    qn_status status = qn_comm_agree(execution->comm, parse(stage, &plan));
    if (status != QN_OK)
        qn_stream_free(in);
    else if (qn_plan_table_name(plan, 1) != NULL)
        status = open_often(plan, in, execution, out);
    else
        status = open_once(plan, in, execution, out);
    qn_plan_free(plan);
    return status;
}

static void clear(qn_stage *stage) {
    sql_transformer *self = (sql_transformer *)stage;
    qn_plan_free(self->plan);
    self->plan = NULL;
    qn_plan_gaps_clear(&self->gaps);
}

const qn_stage_class qn_sql_transformer_class = {
    .name = "sql_transformer",
    .help = "a SELECT statement over the input",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(sql_transformer),
    .options = options,
    .bind = bind,
    .transform = transform,
    .open = open,
    .clear = clear,
};
