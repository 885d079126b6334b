/* Constructors of nodes without calls. */
#include "core/memory.h"
#include "features/plan/node.h"

/* A node with a copy of a name (may be NULL). */
static qn_status new_named(qn_plan **out, plan_kind kind, qn_plan *in, qn_plan *right,
                           const char *name, int32_t position) {
    qn_plan *plan = NULL;
    QN_TRY(qn_plan_new(&plan, kind, in, right, position));
    qn_status status = name == NULL ? QN_OK : qn_mem_copy_text(&plan->name, name);
    if (status != QN_OK) {
        qn_plan_free(plan);
        return status;
    }
    *out = plan;
    return QN_OK;
}

/* A node with a copy of a list of columns. */
static qn_status new_listed(qn_plan **out, plan_kind kind, qn_plan *in, char *const *columns,
                            int32_t count, int32_t position) {
    qn_plan *plan = NULL;
    QN_TRY(qn_plan_new(&plan, kind, in, NULL, position));
    qn_status status = qn_plan_copy_names(&plan->names, columns, count);
    if (status != QN_OK) {
        qn_plan_free(plan);
        return status;
    }
    plan->name_count = count;
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_scan(qn_plan **out, const char *table, int32_t position) {
    return new_named(out, PLAN_SCAN, NULL, NULL, table, position);
}

qn_status qn_plan_filter(qn_plan **out, qn_plan *in, qn_expr *condition, int32_t position) {
    qn_plan *plan = NULL;
    qn_status status = qn_plan_new(&plan, PLAN_FILTER, in, NULL, position);
    if (status != QN_OK) {
        qn_expr_free(condition);
        return status;
    }
    plan->condition = condition;
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_limit(qn_plan **out, qn_plan *in, int64_t limit, int64_t offset,
                        int32_t position) {
    qn_plan *plan = NULL;
    QN_TRY(qn_plan_new(&plan, PLAN_LIMIT, in, NULL, position));
    plan->limit = limit;
    plan->offset = offset;
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_alias(qn_plan **out, qn_plan *in, const char *name, char *const *columns,
                        int32_t count, int32_t position) {
    qn_plan *plan = NULL;
    QN_TRY(new_listed(&plan, PLAN_ALIAS, in, columns, count, position));
    qn_status status = qn_mem_copy_text(&plan->name, name);
    if (status != QN_OK) {
        qn_plan_free(plan);
        return status;
    }
    *out = plan;
    return QN_OK;
}

static void free_order(const qn_plan_order *keys, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        qn_expr_free(keys[i].expression);
}

qn_status qn_plan_sort(qn_plan **out, qn_plan *in, const qn_plan_order *keys, int32_t count) {
    qn_plan *plan = NULL;
    qn_status status = qn_plan_new(&plan, PLAN_SORT, in, NULL, count > 0 ? keys[0].position : -1);
    if (status == QN_OK)
        status = qn_mem_copy(&plan->order, keys, (size_t)count, sizeof *keys);
    if (status != QN_OK) {
        free_order(keys, count);
        qn_plan_free(plan);
        return status;
    }
    plan->order_count = count;
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_distinct(qn_plan **out, qn_plan *in, char *const *columns, int32_t count,
                           int32_t position) {
    return new_listed(out, PLAN_DISTINCT, in, columns, count, position);
}

qn_status qn_plan_set_operation(qn_plan **out, qn_plan *left, qn_plan *right, qn_plan_set kind,
                                bool all, int32_t position) {
    qn_plan *plan = NULL;
    QN_TRY(qn_plan_new(&plan, PLAN_SET, left, right, position));
    plan->set = kind;
    plan->all = all;
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_single(qn_plan **out, qn_plan *in, const char *name, int32_t position) {
    return new_named(out, PLAN_SINGLE, in, NULL, name, position);
}

qn_status qn_plan_with(qn_plan **out, qn_plan *in, const char *name, qn_plan *shared,
                       int32_t position) {
    return new_named(out, PLAN_WITH, in, shared, name, position);
}

qn_status qn_plan_reference(qn_plan **out, const char *name, int32_t position) {
    return new_named(out, PLAN_REFERENCE, NULL, NULL, name, position);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

qn_status qn_plan_sample(qn_plan **out, qn_plan *in, double fraction, uint64_t seed,
                         int32_t position) {
    qn_plan *plan = NULL;
    QN_TRY(qn_plan_new(&plan, PLAN_SAMPLE, in, NULL, position));
    plan->fraction = fraction;
    plan->seed = seed;
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_split(qn_plan **out, qn_plan *in, const double *weights, int32_t count,
                        int32_t which, uint64_t seed) {
    qn_plan *plan = NULL;
    QN_TRY(qn_plan_new(&plan, PLAN_SPLIT, in, NULL, -1));
    qn_status status = qn_mem_copy(&plan->weights, weights, (size_t)count, sizeof *weights);
    if (status != QN_OK) {
        qn_plan_free(plan);
        return status;
    }
    plan->weight_count = count;
    plan->which = which;
    plan->seed = seed;
    *out = plan;
    return QN_OK;
}

qn_status qn_plan_repartition(qn_plan **out, qn_plan *in, char *const *columns, int32_t count,
                              bool by_range) {
    QN_TRY(new_listed(out, PLAN_REPARTITION, in, columns, count, -1));
    (*out)->all = by_range;
    return QN_OK;
}

qn_status qn_plan_cache(qn_plan **out, qn_plan *in) {
    return qn_plan_new(out, PLAN_CACHE, in, NULL, -1);
}

/* ---- Missing values -------------------------------------------------------------------------- */

qn_status qn_plan_drop_missing(qn_plan **out, qn_plan *in, char *const *columns, int32_t count,
                               int32_t at_least) {
    QN_TRY(new_listed(out, PLAN_DROP_MISSING, in, columns, count, -1));
    (*out)->limit = at_least;
    return QN_OK;
}

static qn_status copy_value(qn_scalar *out, const qn_scalar *value) {
    char *text = NULL;
    qn_scalar copy = *value;
    if (value->type == QN_STRING && !value->null) {
        QN_TRY(qn_mem_copy(&text, value->text.data != NULL ? value->text.data : "",
                           (size_t)value->text.length, 1));
        copy.text.data = text;
    }
    *out = copy;
    return QN_OK;
}

/* Takes over nothing; the plan frees what was copied so far. */
static qn_status add_values(qn_plan *plan, const qn_scalar *values, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        QN_TRY(copy_value(&plan->values[plan->value_count], &values[i]));
        plan->value_count++;
    }
    return QN_OK;
}

qn_status qn_plan_fill_missing(qn_plan **out, qn_plan *in, char *const *columns, int32_t count,
                               const qn_scalar *value) {
    qn_plan *plan = NULL;
    qn_status status = QN_OK;
    QN_TRY(new_listed(&plan, PLAN_FILL_MISSING, in, columns, count, -1));
    QN_TRY_GOTO(qn_mem_calloc(&plan->values, 1, sizeof *plan->values), done);
    QN_TRY_GOTO(add_values(plan, value, 1), done);
    *out = plan;
    return QN_OK;
done:
    qn_plan_free(plan);
    return status;
}

qn_status qn_plan_replace(qn_plan **out, qn_plan *in, char *const *columns, int32_t count,
                          const qn_scalar *from, const qn_scalar *to, int32_t pairs) {
    qn_plan *plan = NULL;
    qn_status status = QN_OK;
    QN_TRY(new_listed(&plan, PLAN_REPLACE, in, columns, count, -1));
    QN_TRY_GOTO(qn_mem_calloc(&plan->values, 2 * (size_t)pairs, sizeof *plan->values), done);
    QN_TRY_GOTO(add_values(plan, from, pairs), done);
    QN_TRY_GOTO(add_values(plan, to, pairs), done);
    *out = plan;
    return QN_OK;
done:
    qn_plan_free(plan);
    return status;
}
