/* sql_transformer: a SELECT over the rows that pass through.
 *
 * Spark ML's SQLTransformer, narrowed to what needs no other rows: outputs and WHERE. */
#include "core/memory.h"
#include "features/sql/sql.h"
#include "features/stage/stages.h"

typedef struct sql_transformer {
    qn_stage base;
    qn_plan *plan; /* bound to the schema of the last bind */
} sql_transformer;

static const qn_option options[] = {
    {"statement", QN_OPTION_TEXT, NULL, NULL,
     "SELECT outputs FROM __THIS__ [WHERE condition]; __THIS__ is the input"},
    {NULL, QN_OPTION_BOOL, NULL, NULL, NULL}};

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    sql_transformer *self = (sql_transformer *)stage;
    qn_plan *plan = NULL;
    qn_status status = QN_OK;
    if (!qn_options_has(stage->options, "statement"))
        return qn_fail(QN_JOB, "option 'statement' must be given: SELECT ... FROM __THIS__");
    QN_TRY_GOTO(qn_sql_query(&plan, qn_view_of(qn_options_text(stage->options, "statement"))),
                done);
    QN_TRY_GOTO(qn_plan_bind_schema(plan, in), done);
    QN_TRY_GOTO(qn_schema_copy(out, qn_plan_schema(plan)), done);
    qn_plan_free(self->plan);
    self->plan = plan;
    plan = NULL;
done:
    qn_plan_free(plan);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    (void)schema;
    return qn_plan_apply(((const sql_transformer *)stage)->plan, in, out);
}

static void clear(qn_stage *stage) {
    sql_transformer *self = (sql_transformer *)stage;
    qn_plan_free(self->plan);
    self->plan = NULL;
}

const qn_stage_class qn_sql_transformer_class = {
    .name = "sql_transformer",
    .help = "outputs and WHERE of a SELECT statement over the input",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(sql_transformer),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};
