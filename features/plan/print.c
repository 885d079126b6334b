#include "features/plan/node.h"

static qn_status print_scan(const qn_plan *plan, qn_text *out) {
    QN_TRY(qn_text_printf(out, "Scan %s", plan->table));
    if (plan->schema.count == 0)
        return QN_OK;
    for (int32_t i = 0; i < plan->schema.count; i++)
        QN_TRY(qn_text_printf(out, "%s%s", i == 0 ? " [" : ", ", plan->schema.fields[i].name));
    return qn_text_printf(out, "] %d of %d columns", plan->schema.count, plan->column_count);
}

static qn_status print_output(const qn_plan_output *output, qn_text *out) {
    qn_text text;
    qn_text_init(&text);
    qn_status status = QN_OK;
    if (output->expression == NULL)
        return qn_text_add(out, "*", 1);
    QN_TRY_GOTO(qn_expr_print(output->expression, &text), done);
    QN_TRY_GOTO(qn_text_add(out, text.data, text.length), done);
    if (output->name != NULL && !qn_view_equal(qn_view_of(output->name), qn_view_of(text.data)))
        status = qn_text_printf(out, " AS %s", output->name);
done:
    qn_text_clear(&text);
    return status;
}

static qn_status print_project(const qn_plan *plan, qn_text *out) {
    for (int32_t i = 0; i < plan->count; i++) {
        QN_TRY(qn_text_add(out, i == 0 ? "Project " : ", ", i == 0 ? 8 : 2));
        QN_TRY(print_output(&plan->outputs[i], out));
    }
    return QN_OK;
}

static qn_status print_limit(const qn_plan *plan, qn_text *out) {
    QN_TRY(qn_text_printf(out, "Limit"));
    if (plan->limit >= 0)
        QN_TRY(qn_text_printf(out, " %lld", (long long)plan->limit));
    return plan->offset > 0 ? qn_text_printf(out, " offset %lld", (long long)plan->offset) : QN_OK;
}

static qn_status print_node(const qn_plan *plan, qn_text *out) {
    switch (plan->kind) {
    case PLAN_SCAN:
        return print_scan(plan, out);
    case PLAN_FILTER:
        QN_TRY(qn_text_printf(out, "Filter "));
        return qn_expr_print(plan->condition, out);
    case PLAN_PROJECT:
        return print_project(plan, out);
    default:
        return print_limit(plan, out);
    }
}

qn_status qn_plan_print(const qn_plan *plan, qn_text *out) {
    for (int32_t depth = 0; plan != NULL; plan = plan->in, depth++) {
        QN_TRY(qn_text_printf(out, "%*s", 2 * depth, ""));
        QN_TRY(print_node(plan, out));
        QN_TRY(qn_text_add_char(out, '\n'));
    }
    return QN_OK;
}
