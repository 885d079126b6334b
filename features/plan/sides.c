/* How many rows nodes give, as far as tables tell, and which side of a join is held. */
#include "features/plan/rules.h"

#include "core/memory.h"
#include "features/plan/resolve.h"

/* ---- Numbers of rows ------------------------------------------------------------------------- */

static int64_t least(int64_t a, int64_t b) {
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* Conditions keep a third, keys make a tenth: guesses, good enough to tell large from small. */
static int64_t share(int64_t rows, int64_t of) {
    return rows < 0 ? -1 : rows / of + (rows % of > 0);
}

static int64_t join_rows(const qn_plan *plan) {
    int64_t a = plan->in->rows, b = plan->right->rows;
    switch (plan->join) {
    case QN_PLAN_CROSS:
        return a < 0 || b < 0 || (b > 0 && a > INT64_MAX / b) ? -1 : a * b;
    case QN_PLAN_SEMI:
    case QN_PLAN_ANTI:
    case QN_PLAN_ANTI_IN:
        return share(a, 2);
    case QN_PLAN_MARK:
    case QN_PLAN_MARK_IN:
    case QN_PLAN_ASOF:
    case QN_PLAN_ASOF_LEFT:
    case QN_PLAN_LEFT:
        return a;
    case QN_PLAN_RIGHT:
        return b;
    default:
        return a < 0 || b < 0 ? -1 : a > b ? a : b;
    }
}

static int64_t set_rows(const qn_plan *plan) {
    int64_t a = plan->in->rows, b = plan->right->rows;
    if (plan->set == QN_PLAN_UNION)
        return a < 0 || b < 0 ? -1 : a + b;
    return plan->set == QN_PLAN_INTERSECT ? least(a, b) : a;
}

static int64_t limited_rows(const qn_plan *plan) {
    int64_t rows = plan->in->rows;
    if (rows >= 0)
        rows = rows > plan->offset ? rows - plan->offset : 0;
    return least(rows, plan->limit);
}

static void estimate(qn_plan *plan) {
    if (plan->right != NULL)
        estimate(plan->right);
    if (plan->in != NULL)
        estimate(plan->in);
    switch (plan->kind) {
    case PLAN_SCAN: /* told by the table */
    case PLAN_EMPTY:
        break;
    case PLAN_VALUES:
        plan->rows = plan->limit;
        break;
    case PLAN_REFERENCE:
        plan->rows = plan->shared->right->rows;
        break;
    case PLAN_FILTER:
        plan->rows = share(plan->in->rows, 3);
        break;
    case PLAN_AGGREGATE:
        plan->rows = plan->count == 0 ? 1 : share(plan->in->rows, 10);
        break;
    case PLAN_SINGLE:
        plan->rows = 1;
        break;
    case PLAN_JOIN:
        plan->rows = join_rows(plan);
        break;
    case PLAN_SET:
        plan->rows = set_rows(plan);
        break;
    case PLAN_LIMIT:
    case PLAN_SORT:
        plan->rows = limited_rows(plan);
        break;
    case PLAN_SAMPLE:
        plan->rows = plan->in->rows < 0 ? -1 : (int64_t)((double)plan->in->rows * plan->fraction);
        break;
    default:
        plan->rows = plan->in->rows;
        break;
    }
}

void qn_plan_estimate(qn_plan *plan) {
    estimate(plan);
}

/* ---- Sides of joins -------------------------------------------------------------------------- */

static int64_t row_bytes(const qn_schema *schema) {
    enum { TEXT = 24 };
    int64_t bytes = 0;
    for (int32_t i = 0; i < schema->count; i++) {
        int size = qn_type_size(schema->fields[i].type);
        bytes += size > 0 ? size : schema->fields[i].width > 0 ? 8 * schema->fields[i].width : TEXT;
    }
    return bytes > 0 ? bytes : 1;
}

/* The left side is known to be clearly smaller: the right one would be the one that is held. */
static bool should_swap(const qn_plan *plan) {
    if (plan->kind != PLAN_JOIN || plan->join != QN_PLAN_INNER || plan->in->rows < 0 ||
        plan->right->rows < 0)
        return false;
    double left = (double)plan->in->rows * (double)row_bytes(&plan->in->schema);
    double right = (double)plan->right->rows * (double)row_bytes(&plan->right->schema);
    return 2 * left < right;
}

/* The columns keep their order by a projection above. */
static qn_status swap(qn_plan **slot, const plan_context *context, bool *changed) {
    qn_plan *plan = *slot;
    if (!should_swap(plan))
        return QN_OK;
    QN_TRY(qn_plan_project_above(slot, plan->schema.count));
    for (int32_t i = 0; i < plan->schema.count; i++)
        QN_TRY(qn_plan_column_output(&(*slot)->outputs[i], plan->schema.fields[i].name,
                                     plan->schema.fields[i].name));
    qn_plan *left = plan->in;
    plan->in = plan->right;
    plan->right = left;
    *changed = true;
    (*slot)->rows = plan->rows;
    QN_TRY(qn_plan_type_node(plan, context));
    return qn_plan_type_node(*slot, context);
}

qn_status qn_plan_choose_sides(qn_plan **plan, const plan_context *context, bool *changed) {
    estimate(*plan);
    return qn_plan_rewrite(plan, swap, context, changed);
}
