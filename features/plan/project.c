/* Projections: their outputs' names, stars, types. */
#include "core/memory.h"
#include "features/operator/operator.h"
#include "features/plan/node.h"
#include "features/plan/source.h"

void qn_plan_free_outputs(qn_plan_output *outputs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        qn_expr_free(outputs[i].expression);
        qn_mem_free(outputs[i].name);
    }
    qn_mem_free(outputs);
}

static qn_status copy_names(qn_plan_output *out, const qn_plan_output *outputs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        out[i].position = outputs[i].position;
        if (outputs[i].name != NULL)
            QN_TRY(qn_mem_copy_text(&out[i].name, outputs[i].name));
    }
    return QN_OK;
}

qn_status qn_plan_project(qn_plan **out, qn_plan *in, const qn_plan_output *outputs,
                          int32_t count) {
    qn_plan *plan = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_plan_new(&plan, PLAN_PROJECT, in), done);
    QN_TRY_GOTO(qn_mem_calloc(&plan->outputs, (size_t)count, sizeof *plan->outputs), done);
    plan->count = count;
    QN_TRY_GOTO(copy_names(plan->outputs, outputs, count), done);
    for (int32_t i = 0; i < count; i++)
        plan->outputs[i].expression = outputs[i].expression;
    *out = plan;
    return QN_OK;
done:
    qn_plan_free(plan);
    for (int32_t i = 0; i < count; i++)
        qn_expr_free(outputs[i].expression);
    return status;
}

/* ---- Stars ----------------------------------------------------------------------------------- */

static int32_t spread_count(const qn_plan *plan) {
    int32_t count = 0;
    for (int32_t i = 0; i < plan->count; i++)
        count += plan->outputs[i].expression == NULL ? plan->in->schema.count : 1;
    return count;
}

static qn_status spread_star(qn_plan_output *to, const qn_schema *schema, int32_t position) {
    for (int32_t i = 0; i < schema->count; i++) {
        const char *name = schema->fields[i].name;
        to[i].position = position;
        QN_TRY(qn_mem_copy_text(&to[i].name, name));
        QN_TRY(qn_expr_column(&to[i].expression, name, position));
    }
    return QN_OK;
}

/* Each '*' becomes the columns that it stands for. */
static qn_status spread_stars(qn_plan *plan) {
    int32_t count = spread_count(plan), at = 0;
    qn_plan_output *spread = NULL;
    QN_TRY(qn_mem_calloc(&spread, (size_t)count, sizeof *spread));
    for (int32_t i = 0; i < plan->count; i++) {
        qn_plan_output *output = &plan->outputs[i];
        if (output->expression != NULL) {
            spread[at++] = *output;
            *output = (qn_plan_output){0};
            continue;
        }
        qn_status status = spread_star(&spread[at], &plan->in->schema, output->position);
        if (status != QN_OK) {
            qn_plan_free_outputs(spread, count);
            return status;
        }
        at += plan->in->schema.count;
    }
    qn_plan_free_outputs(plan->outputs, plan->count);
    plan->outputs = spread;
    plan->count = count;
    return QN_OK;
}

/* ---- Binding --------------------------------------------------------------------------------- */

/* The text is taken before binding, which folds constants and puts in casts. */
static qn_status name_output(qn_plan_output *output, const qn_schema *in) {
    qn_text text;
    qn_status status = QN_OK;
    qn_text_init(&text);
    if (output->name == NULL)
        QN_TRY_GOTO(qn_expr_print(output->expression, &text), done);
    QN_TRY_GOTO(qn_expr_bind(output->expression, in), done);
    if (output->name != NULL)
        goto done;
    int32_t index = qn_expr_column_index(output->expression);
    QN_TRY_GOTO(qn_mem_copy_text(&output->name, index >= 0 ? in->fields[index].name : text.data),
                done);
done:
    qn_text_clear(&text);
    return status;
}

static qn_status add_field(qn_schema *schema, const qn_schema *in, const qn_plan_output *output) {
    if (qn_schema_find(schema, output->name) >= 0) {
        qn_status status = qn_fail(QN_JOB, "two outputs are named '%s'", output->name);
        qn_error_help("give one of them another name with AS");
        return status;
    }
    int32_t index = qn_expr_column_index(output->expression);
    if (index < 0)
        return qn_schema_add(schema, output->name, qn_expr_type(output->expression));
    qn_field field = in->fields[index];
    field.name = output->name;
    return qn_schema_add_field(schema, &field);
}

static qn_status locate(qn_view source, int32_t position, qn_status status) {
    if (status != QN_OK)
        qn_source_locate(source, position);
    return status;
}

qn_status qn_plan_bind_project(qn_plan *plan, qn_view source) {
    const qn_schema *in = &plan->in->schema;
    QN_TRY(spread_stars(plan));
    for (int32_t i = 0; i < plan->count; i++) {
        qn_plan_output *output = &plan->outputs[i];
        qn_status status = name_output(output, in);
        if (status != QN_OK) {
            int32_t position = qn_expr_error_position();
            return locate(source, position >= 0 ? position : output->position, status);
        }
        QN_TRY(locate(source, output->position, add_field(&plan->schema, in, output)));
    }
    return QN_OK;
}

/* ---- Opening --------------------------------------------------------------------------------- */

qn_status qn_plan_open_project(qn_stream **out, qn_plan *plan, qn_stream *in) {
    qn_expr **expressions = NULL;
    const char **names = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&expressions, (size_t)plan->count, sizeof *expressions), done);
    QN_TRY_GOTO(qn_mem_alloc(&names, (size_t)plan->count, sizeof *names), done);
    for (int32_t i = 0; i < plan->count; i++) {
        names[i] = plan->outputs[i].name;
        expressions[i] = plan->outputs[i].expression;
        plan->outputs[i].expression = NULL;
    }
    status = qn_project_open(out, in, expressions, names, plan->count);
    in = NULL;
done:
    qn_stream_free(in);
    qn_mem_free(expressions);
    qn_mem_free(names);
    return status;
}
