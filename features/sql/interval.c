#include "features/sql/interval.h"

#include <string.h>

/* Bits of the grammar's mask of fields (PostgreSQL's utils/datetime.h), from the smallest. */
static const struct {
    int bit;
    qn_interval_field field;
} fields[] = {{12, QN_INTERVAL_SECOND}, {11, QN_INTERVAL_MINUTE}, {10, QN_INTERVAL_HOUR},
              {3, QN_INTERVAL_DAY},     {1, QN_INTERVAL_MONTH},   {2, QN_INTERVAL_YEAR}};

enum { ALL_FIELDS = 0x7fff };

static bool is_minus(const sql_node *node) {
    if (node->node_case != PG_QUERY__NODE__NODE_A_EXPR || node->a_expr->lexpr != NULL ||
        node->a_expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP || node->a_expr->n_name != 1)
        return false;
    return strcmp(qn_sql_string(node->a_expr->name[0]), "-") == 0;
}

static bool is_interval_type(const PgQuery__TypeName *type) {
    return type->n_names > 0 && type->n_array_bounds == 0 &&
           strcmp(qn_sql_string(type->names[type->n_names - 1]), "interval") == 0;
}

bool qn_sql_is_interval(const sql_node *node) {
    if (node == NULL)
        return false;
    if (is_minus(node))
        return qn_sql_is_interval(node->a_expr->rexpr);
    return node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST &&
           is_interval_type(node->type_cast->type_name);
}

static qn_interval_field last_field(const PgQuery__TypeName *type) {
    int mask = type->n_typmods > 0 ? type->typmods[0]->a_const->ival->ival : ALL_FIELDS;
    if (mask != ALL_FIELDS)
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            if ((mask >> fields[i].bit & 1) != 0)
                return fields[i].field;
    return QN_INTERVAL_NONE;
}

qn_status qn_sql_interval(const sql_source *source, const sql_node *node, qn_interval *out) {
    qn_interval interval = {0};
    bool minus = false;
    for (; is_minus(node); node = node->a_expr->rexpr)
        minus = !minus;
    const PgQuery__TypeCast *cast = node->type_cast;
    const PgQuery__AConst *text =
        cast->arg->node_case == PG_QUERY__NODE__NODE_A_CONST ? cast->arg->a_const : NULL;
    if (text == NULL || text->isnull || text->val_case != PG_QUERY__A__CONST__VAL_SVAL) {
        qn_status status = qn_sql_fail(source, qn_sql_location(node),
                                       "an interval must be a constant: INTERVAL '7 days'");
        qn_error_help("date_add(date, n) adds days that are computed, add_months(date, n) months");
        return status;
    }
    if (!qn_parse_interval(qn_view_of(text->sval->sval), last_field(cast->type_name), &interval) ||
        (minus && !qn_interval_negate(&interval))) {
        qn_status status =
            qn_sql_fail(source, text->location, "'%s' is not an interval", text->sval->sval);
        qn_error_help("intervals are written INTERVAL '7 days', INTERVAL '1 month 2 hours', "
                      "INTERVAL '7' DAY");
        return status;
    }
    *out = interval;
    return QN_OK;
}
