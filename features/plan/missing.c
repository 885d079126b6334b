/* Plans over tables that lack some of their columns. */
#include "core/memory.h"
#include "features/plan/node.h"

void qn_plan_gaps_clear(qn_plan_gaps *gaps) {
    for (int64_t i = 0; i < gaps->count; i++) {
        qn_mem_free(gaps->items[i].column);
        qn_mem_free(gaps->items[i].output);
    }
    qn_mem_free(gaps->items);
    *gaps = (qn_plan_gaps){0};
}

/* output may be NULL. */
static qn_status add_gap(qn_plan_gaps *gaps, const char *column, const char *output) {
    qn_plan_gap gap = {0};
    QN_TRY(qn_mem_reserve(&gaps->items, &gaps->capacity, gaps->count + 1, sizeof *gaps->items));
    QN_TRY(qn_mem_copy_text(&gap.column, column));
    qn_status status = output == NULL ? QN_OK : qn_mem_copy_text(&gap.output, output);
    if (status != QN_OK) {
        qn_mem_free(gap.column);
        return status;
    }
    gaps->items[gaps->count++] = gap;
    return QN_OK;
}

/* All missing columns that the expression mentions. */
static qn_status add_gaps(qn_plan_gaps *gaps, qn_expr *expression, const qn_schema *schema,
                          const char *output) {
    const char *column;
    for (int32_t n = 0; (column = qn_expr_missing_column(expression, schema, n)) != NULL; n++)
        QN_TRY(add_gap(gaps, column, output));
    return QN_OK;
}

static bool lacks(const qn_plan_output *output, const qn_schema *schema) {
    return output->expression != NULL &&
           qn_expr_missing_column(output->expression, schema, 0) != NULL;
}

/* An output without a name is called as its column or by its text, which are the same here. */
static qn_status note_output(const qn_plan_output *output, const qn_schema *schema,
                             qn_plan_gaps *gaps) {
    qn_text text;
    qn_status status = QN_OK;
    qn_text_init(&text);
    if (output->name == NULL)
        QN_TRY_GOTO(qn_expr_print(output->expression, &text), done);
    status =
        add_gaps(gaps, output->expression, schema, output->name != NULL ? output->name : text.data);
done:
    qn_text_clear(&text);
    return status;
}

static qn_status leave_out_outputs(qn_plan *project, const qn_schema *schema, qn_plan_gaps *gaps) {
    int32_t kept = 0;
    for (int32_t i = 0; i < project->count; i++)
        if (lacks(&project->outputs[i], schema))
            QN_TRY(note_output(&project->outputs[i], schema, gaps));
    for (int32_t i = 0; i < project->count; i++) {
        qn_plan_output output = project->outputs[i];
        project->outputs[i] = (qn_plan_output){0};
        if (!lacks(&output, schema)) {
            project->outputs[kept++] = output;
            continue;
        }
        qn_expr_free(output.expression);
        qn_mem_free(output.name);
    }
    project->count = kept;
    return QN_OK;
}

static bool lacks_all(const qn_plan *project, const qn_schema *schema) {
    for (int32_t i = 0; i < project->count; i++)
        if (!lacks(&project->outputs[i], schema))
            return false;
    return true;
}

/* What lies above the first projection reads that one's outputs, not the table. */
static qn_plan *lowest_project(qn_plan *plan) {
    qn_plan *lowest = NULL;
    for (; plan != NULL; plan = plan->in)
        if (plan->kind == PLAN_PROJECT)
            lowest = plan;
    return lowest;
}

qn_status qn_plan_leave_out(qn_plan *plan, const qn_schema *schema, qn_plan_gaps *gaps) {
    qn_plan *project = lowest_project(plan);
    if (project != NULL && lacks_all(project, schema))
        return QN_OK;
    if (project != NULL)
        QN_TRY(leave_out_outputs(project, schema, gaps));
    for (qn_plan *node = project != NULL ? project : plan; node != NULL; node = node->in) {
        if (node->kind != PLAN_FILTER)
            continue;
        QN_TRY(add_gaps(gaps, node->condition, schema, NULL));
        QN_TRY(qn_expr_waive_missing(node->condition, schema));
    }
    return QN_OK;
}
