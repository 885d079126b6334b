/* Joins and set operations: keys and residuals out of conditions, common types by casts. */
#include "core/memory.h"
#include "features/join/join.h"
#include "features/plan/open.h"
#include "features/plan/scope.h"

#include <string.h>

/* One side of a join. */
typedef struct join_side {
    const qn_schema *schema;
    plan_inputs inputs;
    qn_expr_list keys; /* bound to `schema`; the inputs borrow them */
    int32_t *columns;  /* of the keys */
} join_side;

typedef struct lowered_join {
    join_side left, right;
    bool *null_safe;
    int64_t key_count;
    qn_expr_list rest; /* terms that are no keys */
    qn_schema both;
    qn_schema out;
} lowered_join;

/* ---- Sides ----------------------------------------------------------------------------------- */

/* Whether the expression reads only columns of a schema, at least one. */
static bool reads_only(const qn_expr *expr, const qn_schema *schema) {
    qn_reference reference;
    int32_t n = 0;
    for (; qn_expr_reference(expr, n, &reference); n++)
        if (qn_schema_find(schema, reference.name) < 0)
            return false;
    return n > 0;
}

/* A copy, cast to the type in which the comparison meets, bound to the side. */
static qn_status add_key(join_side *side, const qn_expr *expr, qn_type type,
                         const plan_context *context) {
    qn_expr *key = NULL, *cast = NULL;
    QN_TRY(qn_expr_copy(&key, expr));
    if (qn_expr_type(expr) != type) {
        QN_TRY(qn_expr_cast(&cast, key, type, qn_expr_position(expr)));
        key = cast;
    }
    QN_TRY(qn_expr_list_add(&side->keys, key));
    return qn_expr_bind_in(key, side->schema, context->session);
}

static bool is_function(const qn_expr *expr, const char *name) {
    const char *function = qn_expr_function(expr);
    return function != NULL && strcmp(function, name) == 0;
}

/* The two sides of a comparison between the sides of the join, in their order. */
typedef struct comparison {
    const qn_expr *left, *right;
    qn_type type; /* in which they meet */
    bool turned;  /* as written, the right side stands first */
} comparison;

static bool compares_sides(const lowered_join *self, const qn_expr *term, comparison *out) {
    const qn_expr *a = qn_expr_argument(term, 0), *b = qn_expr_argument(term, 1);
    bool straight = reads_only(a, self->left.schema) && reads_only(b, self->right.schema);
    bool turned = reads_only(a, self->right.schema) && reads_only(b, self->left.schema);
    if (!straight && !turned)
        return false;
    *out = (comparison){turned ? b : a, turned ? a : b, qn_expr_argument_type(term, 0), turned};
    return out->type < QN_STRING_LIST;
}

static qn_status add_pair(lowered_join *self, const comparison *pair, const plan_context *context) {
    QN_TRY(add_key(&self->left, pair->left, pair->type, context));
    return add_key(&self->right, pair->right, pair->type, context);
}

/* Equalities become keys; other terms stay. Takes over the term. */
static qn_status sort_term(lowered_join *self, qn_expr *term, const plan_context *context) {
    bool safe = is_function(term, "<=>");
    comparison pair;
    if ((!safe && !is_function(term, "=")) || !compares_sides(self, term, &pair))
        return qn_expr_list_add(&self->rest, term);
    qn_status status = add_pair(self, &pair, context);
    self->null_safe[self->key_count++] = safe;
    qn_expr_free(term);
    return status;
}

/* ---- The condition --------------------------------------------------------------------------- */

/* NOT IN (SELECT ... correlated): the first term is IN's comparison, which, where it is unknown,
 * counts as a match; the others stay as they are. */
static qn_status count_unknown(qn_expr **term) {
    qn_expr *arguments[2] = {*term, NULL};
    const qn_scalar yes = {.type = QN_BOOL, .boolean = true};
    *term = NULL;
    qn_status status = qn_expr_literal(&arguments[1], yes, -1);
    if (status != QN_OK) {
        qn_expr_free(arguments[0]);
        return status;
    }
    return qn_expr_call(term, "coalesce", arguments, 2, -1);
}

static qn_status split_condition(lowered_join *self, qn_plan *plan, const plan_context *context) {
    qn_expr_list terms = {0};
    qn_expr *condition = plan->condition;
    plan->condition = NULL;
    qn_status status = qn_expr_split_and(&terms, condition);
    if (status == QN_OK)
        status = qn_mem_calloc(&self->null_safe, (size_t)terms.count, sizeof *self->null_safe);
    if (status == QN_OK && plan->join == QN_PLAN_ANTI_IN && terms.count > 1) {
        status = count_unknown(&terms.items[0]);
        plan->join = QN_PLAN_ANTI;
    }
    for (int64_t i = 0; i < terms.count && status == QN_OK; i++) {
        qn_expr *term = terms.items[i];
        terms.items[i] = NULL;
        status = sort_term(self, term, context);
    }
    qn_expr_list_clear(&terms);
    return status;
}

static qn_status lower_side(join_side *side) {
    QN_TRY(qn_plan_inputs_init(&side->inputs, side->schema, true));
    QN_TRY(qn_mem_calloc(&side->columns, (size_t)side->keys.count, sizeof *side->columns));
    for (int64_t i = 0; i < side->keys.count; i++)
        QN_TRY(qn_plan_inputs_add(&side->inputs, side->keys.items[i], &side->columns[i]));
    return QN_OK;
}

/* ---- Output ---------------------------------------------------------------------------------- */

/* Left columns, then right ones; what was computed on the right may need another name. */
static qn_status make_both(lowered_join *self) {
    const qn_schema *right = &self->right.inputs.schema;
    QN_TRY(qn_schema_copy(&self->both, &self->left.inputs.schema));
    for (int32_t i = 0; i < right->count; i++) {
        qn_field field = right->fields[i];
        char *name = NULL;
        QN_TRY(qn_plan_free_name(&name, field.name, &self->both, NULL));
        field.name = name;
        qn_status status = qn_schema_add_field(&self->both, &field);
        qn_mem_free(name);
        QN_TRY(status);
    }
    return QN_OK;
}

static bool is_mark(const qn_plan *plan) {
    return plan->join == QN_PLAN_MARK || plan->join == QN_PLAN_MARK_IN;
}

static bool is_left_only(const qn_plan *plan) {
    return plan->join == QN_PLAN_SEMI || plan->join == QN_PLAN_ANTI ||
           plan->join == QN_PLAN_ANTI_IN;
}

static qn_status make_out(lowered_join *self, const qn_plan *plan) {
    if (!is_mark(plan) && !is_left_only(plan))
        return qn_schema_copy(&self->out, &self->both);
    QN_TRY(qn_schema_copy(&self->out, &self->left.inputs.schema));
    return is_mark(plan) ? qn_schema_add(&self->out, plan->name, QN_BOOL) : QN_OK;
}

static qn_join_kind kind_of(const qn_plan *plan) {
    switch (plan->join) {
    case QN_PLAN_LEFT:
        return QN_JOIN_LEFT;
    case QN_PLAN_RIGHT:
        return QN_JOIN_RIGHT;
    case QN_PLAN_FULL:
        return QN_JOIN_FULL;
    case QN_PLAN_SEMI:
        return QN_JOIN_SEMI;
    case QN_PLAN_ANTI:
    case QN_PLAN_ANTI_IN:
        return QN_JOIN_ANTI;
    case QN_PLAN_MARK:
    case QN_PLAN_MARK_IN:
        return QN_JOIN_MARK;
    case QN_PLAN_CROSS:
        return QN_JOIN_CROSS;
    default:
        return QN_JOIN_INNER;
    }
}

static qn_status make_residual(lowered_join *self, const plan_context *context, qn_expr **out) {
    qn_expr *residual = NULL;
    QN_TRY(qn_expr_join_and(&residual, &self->rest));
    if (residual == NULL)
        return QN_OK;
    qn_status status = qn_expr_bind_in(residual, &self->both, context->session);
    if (status != QN_OK) {
        qn_expr_free(residual);
        return status;
    }
    *out = residual;
    return QN_OK;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static void clear_side(join_side *side) {
    qn_plan_inputs_clear(&side->inputs);
    qn_expr_list_clear(&side->keys);
    qn_mem_free(side->columns);
}

static void clear_join(lowered_join *self) {
    clear_side(&self->left);
    clear_side(&self->right);
    qn_mem_free(self->null_safe);
    qn_expr_list_clear(&self->rest);
    qn_schema_clear(&self->both);
    qn_schema_clear(&self->out);
}

static qn_status lower_join(lowered_join *self, qn_plan *plan, const plan_context *context) {
    self->left.schema = &plan->in->schema;
    self->right.schema = &plan->right->schema;
    qn_schema_init(&self->both);
    qn_schema_init(&self->out);
    QN_TRY(split_condition(self, plan, context));
    QN_TRY(lower_side(&self->left));
    QN_TRY(lower_side(&self->right));
    QN_TRY(make_both(self));
    return make_out(self, plan);
}

static qn_stream *take(opened *io) {
    qn_stream *stream = io->stream;
    io->stream = NULL;
    return stream;
}

static qn_status open_equal(opening *self, qn_plan *plan, lowered_join *lowered, opened *left,
                            opened *right, qn_stream **out) {
    qn_join_spec spec = {.kind = kind_of(plan),
                         .left_keys = lowered->left.columns,
                         .right_keys = lowered->right.columns,
                         .null_safe = lowered->null_safe,
                         .key_count = (int32_t)lowered->key_count,
                         .null_aware =
                             plan->join == QN_PLAN_ANTI_IN || plan->join == QN_PLAN_MARK_IN,
                         .schema = &lowered->out};
    QN_TRY(make_residual(lowered, self->context, &spec.residual));
    if (spec.kind == QN_JOIN_INNER && spec.key_count == 0 && spec.residual == NULL)
        spec.kind = QN_JOIN_CROSS;
    return qn_join_open(out, take(left), take(right), self->execution, &spec);
}

/* ---- As-of joins ----------------------------------------------------------------------------- */

typedef struct ordering {
    bool strict, forward;
} ordering;

/* left >= right looks back; left <= right looks ahead. */
static bool read_ordering(const qn_expr *term, bool turned, ordering *out) {
    bool above = is_function(term, ">=") || is_function(term, ">");
    bool below = is_function(term, "<=") || is_function(term, "<");
    if (!above && !below)
        return false;
    *out = (ordering){is_function(term, ">") || is_function(term, "<"), turned ? above : below};
    return true;
}

/* The ordered columns are the last of the keys. */
static qn_status lower_ordering(lowered_join *self, const plan_context *context, ordering *out) {
    comparison pair;
    if (self->rest.count != 1 || qn_expr_count(self->rest.items[0]) != 2 ||
        !compares_sides(self, self->rest.items[0], &pair) ||
        !read_ordering(self->rest.items[0], pair.turned, out))
        return qn_fail(QN_JOB, "an as-of join takes equalities and one of >= > <= < between a "
                               "column of each side");
    return add_pair(self, &pair, context);
}

/* An interval is nanoseconds; dates count days. */
static qn_status tolerance_of(const qn_plan *plan, qn_type type, double *out) {
    *out = plan->tolerance;
    if (!plan->tolerance_is_time || type == QN_TIMESTAMP)
        return QN_OK;
    if (type != QN_DATE)
        return qn_fail(QN_JOB,
                       "the tolerance of the as-of join is an INTERVAL, but its columns are of "
                       "type %s",
                       qn_type_name(type));
    *out = plan->tolerance / 86400e9;
    return QN_OK;
}

static qn_status open_asof(opening *self, qn_plan *plan, lowered_join *lowered,
                           const ordering *order, opened *left, opened *right, qn_stream **out) {
    int32_t keys = (int32_t)lowered->key_count;
    double tolerance = -1;
    qn_type type = left->stream->schema.fields[lowered->left.columns[keys]].type;
    QN_TRY(qn_plan_locate(self->context, plan->position, -1, tolerance_of(plan, type, &tolerance)));
    const qn_asof_spec spec = {.left_keys = lowered->left.columns,
                               .right_keys = lowered->right.columns,
                               .key_count = keys,
                               .left_on = lowered->left.columns[keys],
                               .right_on = lowered->right.columns[keys],
                               .strict = order->strict,
                               .forward = order->forward,
                               .tolerance = tolerance,
                               .inner = plan->join == QN_PLAN_ASOF,
                               .schema = &lowered->out};
    return qn_asof_open(out, take(left), take(right), self->execution, &spec);
}

static bool is_asof(const qn_plan *plan) {
    return plan->join == QN_PLAN_ASOF || plan->join == QN_PLAN_ASOF_LEFT;
}

static qn_status lower_asof(lowered_join *self, qn_plan *plan, const plan_context *context,
                            ordering *order) {
    self->left.schema = &plan->in->schema;
    self->right.schema = &plan->right->schema;
    qn_schema_init(&self->both);
    qn_schema_init(&self->out);
    QN_TRY(split_condition(self, plan, context));
    QN_TRY(qn_plan_locate(context, plan->position, -1, lower_ordering(self, context, order)));
    QN_TRY(lower_side(&self->left));
    QN_TRY(lower_side(&self->right));
    QN_TRY(make_both(self));
    return make_out(self, plan);
}

/* ---- The node -------------------------------------------------------------------------------- */

static qn_status open_sides(opening *self, qn_plan *plan, opened *left, opened *right) {
    QN_TRY(qn_plan_open_node(self, plan->in, left));
    QN_TRY(qn_plan_open_node(self, plan->right, right));
    QN_TRY(qn_plan_open_schema(left, &plan->in->schema));
    return qn_plan_open_schema(right, &plan->right->schema);
}

static qn_status open_join(opening *self, qn_plan *plan, lowered_join *lowered, opened *left,
                           opened *right) {
    qn_stream *stream = NULL;
    ordering order = {false, false};
    char *label = NULL;
    bool asof = is_asof(plan);
    QN_TRY(open_sides(self, plan, left, right));
    QN_TRY(qn_plan_label(self, plan, &label));
    qn_status status = asof ? lower_asof(lowered, plan, self->context, &order)
                            : lower_join(lowered, plan, self->context);
    if (status == QN_OK)
        status = qn_plan_open_inputs(self, left, &lowered->left.inputs);
    if (status == QN_OK)
        status = qn_plan_open_inputs(self, right, &lowered->right.inputs);
    if (status == QN_OK)
        status = asof ? open_asof(self, plan, lowered, &order, left, right, &stream)
                      : open_equal(self, plan, lowered, left, right, &stream);
    if (status != QN_OK) {
        qn_mem_free(label);
        return qn_plan_locate(self->context, plan->position, -1, status);
    }
    QN_TRY(qn_plan_add_operator(self, left, right, stream, label, plan->rows));
    if (self->explained) {
        qn_physical *node = left->node;
        node->joins = asof ? qn_asof_describe(stream, &node->choice, self->metered)
                           : qn_join_describe(stream, &node->choice, self->metered);
    }
    return qn_plan_open_schema(left, &plan->schema);
}

qn_status qn_plan_open_join(opening *self, qn_plan *plan, opened *out) {
    lowered_join lowered = {0};
    opened right = {NULL, NULL};
    qn_status status = open_join(self, plan, &lowered, out, &right);
    clear_join(&lowered);
    qn_plan_opened_clear(&right);
    return status;
}
