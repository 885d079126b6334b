/* Plans as text: one node a line. */
#include "features/plan/print.h"
#include "features/plan/node.h"

/* ---- Parts ----------------------------------------------------------------------------------- */

static qn_status print_named(const qn_expr *expr, const char *name, qn_text *out) {
    qn_text text;
    qn_text_init(&text);
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_expr_print_as_written(expr, &text), done);
    QN_TRY_GOTO(qn_text_add(out, text.data, text.length), done);
    if (name != NULL && !qn_view_equal(qn_view_of(name), qn_view_of(text.data)))
        status = qn_text_printf(out, " AS %s", name);
done:
    qn_text_clear(&text);
    return status;
}

static qn_status print_outputs(const qn_plan_output *outputs, int32_t count, qn_text *out) {
    for (int32_t i = 0; i < count; i++) {
        if (i > 0)
            QN_TRY(qn_text_add(out, ", ", 2));
        if (outputs[i].expression != NULL)
            QN_TRY(print_named(outputs[i].expression, outputs[i].name, out));
        else
            QN_TRY(qn_text_printf(out, "%s%s*", outputs[i].name != NULL ? outputs[i].name : "",
                                  outputs[i].name != NULL ? "." : ""));
    }
    return QN_OK;
}

static qn_status print_order(const qn_plan_order *order, int32_t count, qn_text *out) {
    for (int32_t i = 0; i < count; i++) {
        if (i > 0)
            QN_TRY(qn_text_add(out, ", ", 2));
        QN_TRY(qn_expr_print_as_written(order[i].expression, out));
        if (order[i].descending)
            QN_TRY(qn_text_printf(out, " DESC"));
        if (order[i].nulls_last != order[i].descending)
            QN_TRY(qn_text_printf(out, " NULLS %s", order[i].nulls_last ? "LAST" : "FIRST"));
    }
    return QN_OK;
}

static qn_status print_window(const plan_call *call, qn_text *out) {
    QN_TRY(qn_text_printf(out, " OVER ("));
    for (int32_t i = 0; i < call->partition_count; i++) {
        QN_TRY(qn_text_printf(out, "%s", i == 0 ? "PARTITION BY " : ", "));
        QN_TRY(qn_expr_print_as_written(call->partition[i], out));
    }
    if (call->order_count > 0) {
        QN_TRY(qn_text_printf(out, "%sORDER BY ", call->partition_count > 0 ? " " : ""));
        QN_TRY(print_order(call->order, call->order_count, out));
    }
    return qn_text_add_char(out, ')');
}

static qn_status print_call(const plan_call *call, bool window, qn_text *out) {
    QN_TRY(qn_text_printf(out, "%s(%s", call->function, call->distinct ? "DISTINCT " : ""));
    for (int32_t i = 0; i < call->argument_count; i++) {
        if (i > 0)
            QN_TRY(qn_text_add(out, ", ", 2));
        QN_TRY(qn_expr_print_as_written(call->arguments[i], out));
    }
    if (call->argument_count == 0 && !window)
        QN_TRY(qn_text_add_char(out, '*'));
    if (!window && call->order_count > 0) {
        QN_TRY(qn_text_printf(out, " ORDER BY "));
        QN_TRY(print_order(call->order, call->order_count, out));
    }
    QN_TRY(qn_text_printf(out, ")%s", call->ignore_nulls ? " IGNORE NULLS" : ""));
    if (call->filter != NULL) {
        QN_TRY(qn_text_printf(out, " FILTER "));
        QN_TRY(qn_expr_print_as_written(call->filter, out));
    }
    if (window)
        QN_TRY(print_window(call, out));
    return qn_text_printf(out, " AS %s", call->name);
}

static qn_status print_calls(const qn_plan *plan, bool window, qn_text *out) {
    for (int32_t i = 0; i < plan->call_count; i++) {
        if (i > 0)
            QN_TRY(qn_text_add(out, ", ", 2));
        QN_TRY(print_call(&plan->calls[i], window, out));
    }
    return QN_OK;
}

static qn_status print_names(const qn_plan *plan, const char *before, qn_text *out) {
    for (int32_t i = 0; i < plan->name_count; i++)
        QN_TRY(qn_text_printf(out, "%s%s", i == 0 ? before : ", ", plan->names[i]));
    return QN_OK;
}

/* ---- Nodes ----------------------------------------------------------------------------------- */

static qn_status print_scan(const qn_plan *plan, qn_text *out) {
    QN_TRY(qn_text_printf(out, "Scan %s", plan->name));
    if (plan->schema.count == 0)
        return QN_OK;
    for (int32_t i = 0; i < plan->schema.count; i++)
        QN_TRY(qn_text_printf(out, "%s%s", i == 0 ? " [" : ", ", plan->schema.fields[i].name));
    QN_TRY(qn_text_printf(out, "] %d of %d columns", plan->schema.count, plan->column_count));
    if (plan->terms == NULL)
        return QN_OK;
    return qn_text_printf(out, ", %lld of %lld parts by %s", (long long)plan->parts_left,
                          (long long)plan->parts, plan->terms);
}

static qn_status print_limit(const qn_plan *plan, const char *word, qn_text *out) {
    QN_TRY(qn_text_printf(out, "%s", word));
    if (plan->limit >= 0)
        QN_TRY(qn_text_printf(out, " %lld", (long long)plan->limit));
    return plan->offset > 0 ? qn_text_printf(out, " offset %lld", (long long)plan->offset) : QN_OK;
}

static qn_status print_aggregate(const qn_plan *plan, qn_text *out) {
    QN_TRY(qn_text_printf(out, "Aggregate"));
    if (plan->count > 0) {
        QN_TRY(qn_text_printf(out, " by "));
        QN_TRY(print_outputs(plan->outputs, plan->count, out));
    }
    QN_TRY(qn_text_printf(out, "%s", plan->call_count == 0 ? "" : plan->count > 0 ? ": " : " "));
    return print_calls(plan, false, out);
}

const char *qn_plan_join_name(const qn_plan *plan) {
    static const char *const names[] = {"Inner join",     "Left join",  "Right join",
                                        "Full join",      "Semi join",  "Anti join",
                                        "Cross join",     "Mark join",  "Anti join (NOT IN)",
                                        "Mark join (IN)", "As-of join", "As-of left join"};
    return names[plan->join];
}

static qn_status print_join(const qn_plan *plan, qn_text *out) {
    QN_TRY(qn_text_printf(out, "%s%s", plan->natural ? "Natural " : "", qn_plan_join_name(plan)));
    if (plan->name != NULL)
        QN_TRY(qn_text_printf(out, " AS %s", plan->name));
    QN_TRY(print_names(plan, " using ", out));
    if (plan->condition == NULL)
        return QN_OK;
    QN_TRY(qn_text_printf(out, " on "));
    return qn_expr_print_as_written(plan->condition, out);
}

static qn_status print_sort(const qn_plan *plan, qn_text *out) {
    QN_TRY(qn_text_printf(out, plan->limit >= 0 ? "Top " : "Sort "));
    if (plan->limit >= 0)
        QN_TRY(qn_text_printf(out, "%lld ", (long long)plan->limit));
    if (plan->offset > 0)
        QN_TRY(qn_text_printf(out, "offset %lld ", (long long)plan->offset));
    if (plan->limit >= 0)
        QN_TRY(qn_text_printf(out, "by "));
    return print_order(plan->order, plan->order_count, out);
}

static qn_status print_top(const qn_plan *plan, qn_text *out) {
    QN_TRY(qn_text_printf(out, "Top %lld of each ", (long long)plan->limit));
    QN_TRY(print_outputs(plan->outputs, plan->count, out));
    QN_TRY(qn_text_printf(out, " by "));
    QN_TRY(print_order(plan->order, plan->order_count, out));
    return plan->name == NULL ? QN_OK : qn_text_printf(out, " AS %s", plan->name);
}

static qn_status print_set(const qn_plan *plan, qn_text *out) {
    static const char *const names[] = {"Union", "Intersect", "Except"};
    return qn_text_printf(out, "%s%s", names[plan->set], plan->all ? " all" : "");
}

static qn_status print_with_names(const qn_plan *plan, const char *word, const char *before,
                                  qn_text *out) {
    QN_TRY(qn_text_printf(out, "%s", word));
    return print_names(plan, before, out);
}

qn_status qn_plan_print_node(const qn_plan *plan, qn_text *out) {
    switch (plan->kind) {
    case PLAN_SCAN:
        return print_scan(plan, out);
    case PLAN_FILTER:
        QN_TRY(qn_text_printf(out, "Filter "));
        return plan->condition == NULL ? QN_OK : qn_expr_print_as_written(plan->condition, out);
    case PLAN_PROJECT:
        QN_TRY(qn_text_printf(out, "Project "));
        return print_outputs(plan->outputs, plan->count, out);
    case PLAN_LIMIT:
        return print_limit(plan, "Limit", out);
    case PLAN_ALIAS:
        QN_TRY(qn_text_printf(out, "Alias %s", plan->name));
        QN_TRY(print_names(plan, " (", out));
        return plan->name_count > 0 ? qn_text_add_char(out, ')') : QN_OK;
    case PLAN_VALUES:
        return qn_text_printf(out, "Values %lld row%s", (long long)plan->limit,
                              plan->limit == 1 ? "" : "s");
    case PLAN_EMPTY:
        return qn_text_printf(out, "Empty");
    case PLAN_AGGREGATE:
        return print_aggregate(plan, out);
    case PLAN_JOIN:
        return print_join(plan, out);
    case PLAN_SORT:
        return print_sort(plan, out);
    case PLAN_WINDOWS:
        QN_TRY(qn_text_printf(out, "Window "));
        return print_calls(plan, true, out);
    case PLAN_TOP:
        return print_top(plan, out);
    case PLAN_DISTINCT:
        return print_with_names(plan, "Distinct", " on ", out);
    case PLAN_SET:
        return print_set(plan, out);
    case PLAN_SINGLE:
        return qn_text_printf(out, "Single value %s", plan->name);
    case PLAN_WITH:
        return qn_text_printf(out, "With %s", plan->name);
    case PLAN_REFERENCE:
        return qn_text_printf(out, "Read %s", plan->name);
    case PLAN_SAMPLE:
        return qn_text_printf(out, "Sample %g, seed %llu", plan->fraction,
                              (unsigned long long)plan->seed);
    case PLAN_SPLIT:
        return qn_text_printf(out, "Split %d of %d, seed %llu", plan->which, plan->weight_count,
                              (unsigned long long)plan->seed);
    case PLAN_REPARTITION:
        return print_with_names(plan, plan->all ? "Repartition by range" : "Repartition", " by ",
                                out);
    case PLAN_CACHE:
        return qn_text_printf(out, "Cache");
    case PLAN_DROP_MISSING:
        return print_with_names(plan, "Drop missing", " in ", out);
    case PLAN_FILL_MISSING:
        return print_with_names(plan, "Fill missing", " in ", out);
    case PLAN_REPLACE:
        return print_with_names(plan, "Replace", " in ", out);
    default:
        return QN_OK;
    }
}

/* ---- Trees ----------------------------------------------------------------------------------- */

static qn_status print_tree(const qn_plan *plan, int32_t depth, qn_text *out) {
    QN_TRY(qn_text_printf(out, "%*s", 2 * depth, ""));
    QN_TRY(qn_plan_print_node(plan, out));
    QN_TRY(qn_text_add_char(out, '\n'));
    if (plan->in != NULL)
        QN_TRY(print_tree(plan->in, depth + 1, out));
    return plan->right != NULL ? print_tree(plan->right, depth + 1, out) : QN_OK;
}

qn_status qn_plan_print(const qn_plan *plan, qn_text *out) {
    return print_tree(plan->kind == PLAN_ROOT ? plan->in : plan, 0, out);
}
