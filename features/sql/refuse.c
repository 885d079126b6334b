/* Names and places of what a parse tree can hold and no expression can be made of. */
#include "features/sql/convert.h"

#define NODE(name) PG_QUERY__NODE__NODE_##name

int32_t qn_sql_location(const sql_node *node) {
    switch (node->node_case) {
    case NODE(COLUMN_REF):
        return node->column_ref->location;
    case NODE(A_CONST):
        return node->a_const->location;
    case NODE(A_EXPR): {
        /* the operator's place; an operation starts at its left side */
        const sql_node *left = node->a_expr->lexpr;
        return left != NULL ? qn_sql_location(left) : node->a_expr->location;
    }
    case NODE(BOOL_EXPR):
        return node->bool_expr->location;
    case NODE(FUNC_CALL):
        return node->func_call->location;
    case NODE(TYPE_CAST):
        return node->type_cast->location >= 0 ? node->type_cast->location
                                              : node->type_cast->type_name->location;
    case NODE(CASE_EXPR):
        return node->case_expr->location;
    case NODE(NULL_TEST):
        return node->null_test->location;
    case NODE(BOOLEAN_TEST):
        return node->boolean_test->location;
    case NODE(COALESCE_EXPR):
        return node->coalesce_expr->location;
    case NODE(MIN_MAX_EXPR):
        return node->min_max_expr->location;
    case NODE(SUB_LINK):
        return node->sub_link->location;
    case NODE(A_ARRAY_EXPR):
        return node->a_array_expr->location;
    case NODE(ROW_EXPR):
        return node->row_expr->location;
    case NODE(PARAM_REF):
        return node->param_ref->location;
    case NODE(COLLATE_CLAUSE):
        return node->collate_clause->location;
    case NODE(SQLVALUE_FUNCTION):
        return node->sqlvalue_function->location;
    case NODE(XML_EXPR):
        return node->xml_expr->location;
    case NODE(GROUPING_FUNC):
        return node->grouping_func->location;
    case NODE(NAMED_ARG_EXPR):
        return node->named_arg_expr->location;
    case NODE(SET_TO_DEFAULT):
        return node->set_to_default->location;
    case NODE(A_INDIRECTION):
        return qn_sql_location(node->a_indirection->arg);
    case NODE(LIST):
        return node->list->n_items > 0 ? qn_sql_location(node->list->items[0]) : -1;
    default:
        return -1;
    }
}

static const char *name_of(const sql_node *node) {
    switch (node->node_case) {
    case NODE(SUB_LINK):
        return "a subquery";
    case NODE(ROW_EXPR):
        return "a row (a, b)";
    case NODE(PARAM_REF):
        return "a parameter ($1)";
    case NODE(COLLATE_CLAUSE):
        return "COLLATE";
    case NODE(SQLVALUE_FUNCTION):
        return "a time of day (CURRENT_TIME) or a name of the session (CURRENT_USER)";
    case NODE(XML_EXPR):
        return "XML";
    case NODE(GROUPING_FUNC):
        return "GROUPING";
    case NODE(NAMED_ARG_EXPR):
        return "an argument by name";
    case NODE(SET_TO_DEFAULT):
        return "DEFAULT";
    case NODE(A_INDIRECTION):
        return "a field of a value or more than one subscript";
    default:
        return "this form of expression";
    }
}

qn_status qn_sql_refuse(const sql_scope *scope, const sql_node *node) {
    return qn_sql_unsupported(scope->source, qn_sql_location(node), name_of(node));
}
