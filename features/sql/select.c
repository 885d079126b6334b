#include "features/sql/select.h"

#include "features/sql/convert.h"

#include <ctype.h>

/* The statement's first words as the message names it: "INSERT", "CREATE TABLE". */
static qn_status not_select(const sql_source *source) {
    const PgQuery__ScanToken *first = NULL;
    for (size_t i = 0; i < source->tokens->n_tokens && first == NULL; i++)
        if (source->tokens->tokens[i]->token >= PG_QUERY__TOKEN__ABORT_P)
            first = source->tokens->tokens[i];
    if (first == NULL)
        return qn_sql_fail(source, 0, "a query must be a SELECT");
    char word[32] = "";
    for (int32_t i = 0; i < first->end - first->start && i < 31; i++)
        word[i] = (char)toupper((unsigned char)source->sql[first->start + i]);
    return qn_sql_fail(source, first->start, "a query must be a SELECT; %s is not supported", word);
}

qn_status qn_sql_single_select(const sql_source *source, const PgQuery__SelectStmt **out) {
    const PgQuery__ParseResult *tree = source->tree;
    if (tree->n_stmts == 0)
        return qn_sql_fail(source, source->prefix, "the query is empty");
    if (tree->n_stmts > 1) {
        int32_t location = tree->stmts[1]->stmt_location;
        while (isspace((unsigned char)source->sql[location]))
            location++;
        return qn_sql_fail(source, location, "one statement is wanted; a second one starts here");
    }
    if (tree->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return not_select(source);
    *out = tree->stmts[0]->stmt->select_stmt;
    return QN_OK;
}

/* A clause that is there or not, and the word that it starts with. */
typedef struct clause {
    bool present;
    const char *name;
    PgQuery__Token token;
} clause;

static const char *set_operation(PgQuery__SetOperation op, PgQuery__Token *token) {
    switch (op) {
    case PG_QUERY__SET_OPERATION__SETOP_UNION:
        *token = PG_QUERY__TOKEN__UNION;
        return "UNION";
    case PG_QUERY__SET_OPERATION__SETOP_INTERSECT:
        *token = PG_QUERY__TOKEN__INTERSECT;
        return "INTERSECT";
    default:
        *token = PG_QUERY__TOKEN__EXCEPT;
        return "EXCEPT";
    }
}

const char *qn_sql_other_clause(const sql_source *source, const PgQuery__SelectStmt *select,
                                int32_t *location) {
    bool is_set = select->op != PG_QUERY__SET_OPERATION__SETOP_NONE;
    PgQuery__Token set_token = PG_QUERY__TOKEN__NUL;
    const char *set_name = set_operation(select->op, &set_token);
    const clause clauses[] = {
        {select->with_clause != NULL, "WITH", PG_QUERY__TOKEN__WITH},
        {is_set, set_name, set_token},
        {select->n_values_lists > 0, "VALUES", PG_QUERY__TOKEN__VALUES},
        {select->n_distinct_clause > 0, "DISTINCT", PG_QUERY__TOKEN__DISTINCT},
        {select->into_clause != NULL, "INTO", PG_QUERY__TOKEN__INTO},
        {select->n_group_clause > 0, "GROUP BY", PG_QUERY__TOKEN__GROUP_P},
        {select->having_clause != NULL, "HAVING", PG_QUERY__TOKEN__HAVING},
        {select->n_window_clause > 0, "WINDOW", PG_QUERY__TOKEN__WINDOW},
        {select->n_sort_clause > 0, "ORDER BY", PG_QUERY__TOKEN__ORDER},
        {select->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES, "WITH TIES",
         PG_QUERY__TOKEN__TIES},
        {select->n_locking_clause > 0, "FOR UPDATE or FOR SHARE", PG_QUERY__TOKEN__FOR}};
    for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++) {
        if (!clauses[i].present)
            continue;
        *location = qn_sql_find_token(source, clauses[i].token);
        return clauses[i].name;
    }
    return NULL;
}
