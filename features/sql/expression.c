#include "features/sql/convert.h"
#include "features/sql/select.h"
#include "features/sql/sql.h"

static qn_status single_target(const sql_source *source, const PgQuery__ResTarget **out) {
    const PgQuery__SelectStmt *select = NULL;
    const char *clause = NULL;
    int32_t location = -1;
    if (source->tree->n_stmts == 0)
        return qn_sql_fail(source, source->prefix, "the expression is empty");
    QN_TRY(qn_sql_single_select(source, &select));
    clause = qn_sql_other_clause(source, select, &location);
    if (clause == NULL && select->n_from_clause > 0) {
        clause = "FROM";
        location = qn_sql_find_token(source, PG_QUERY__TOKEN__FROM);
    }
    if (clause == NULL && select->where_clause != NULL) {
        clause = "WHERE";
        location = qn_sql_find_token(source, PG_QUERY__TOKEN__WHERE);
    }
    if (clause == NULL && (select->limit_count != NULL || select->limit_offset != NULL)) {
        clause = "LIMIT or OFFSET";
        location = qn_sql_location(select->limit_count != NULL ? select->limit_count
                                                               : select->limit_offset);
    }
    if (clause != NULL)
        return qn_sql_fail(source, location, "an expression by itself cannot have %s", clause);
    if (select->n_target_list == 0)
        return qn_sql_fail(source, source->prefix, "the expression is empty");
    if (select->n_target_list > 1)
        return qn_sql_fail(source, select->target_list[1]->res_target->location,
                           "one expression is wanted, not a list of %zu", select->n_target_list);
    *out = select->target_list[0]->res_target;
    if ((*out)->name[0] != '\0')
        return qn_sql_fail(source, (*out)->location,
                           "an expression by itself takes no name: "
                           "leave out 'AS %s'",
                           (*out)->name);
    return QN_OK;
}

qn_status qn_sql_expression(qn_expr **out, qn_view text) {
    sql_source source = {0};
    const PgQuery__ResTarget *target = NULL;
    qn_status status = QN_OK;
    QN_TRY_GOTO(qn_sql_source_open(&source, text, "SELECT "), done);
    QN_TRY_GOTO(single_target(&source, &target), done);
    sql_scope scope = {&source, NULL, QN_SQL_NODE_BUDGET};
    QN_TRY_GOTO(qn_sql_convert(&scope, target->val, out), done);
done:
    qn_sql_source_close(&source);
    return status;
}
