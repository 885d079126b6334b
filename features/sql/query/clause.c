/* Clauses that no SELECT can have here. */
#include "features/sql/query/query.h"
#include "features/sql/tree.h"

/* Where the first token of a kind stands from a place on; -1: nowhere. */
static int32_t token_from(const sql_source *source, int32_t from, PgQuery__Token kind) {
    for (size_t i = 0; i < source->tokens->n_tokens; i++) {
        const PgQuery__ScanToken *token = source->tokens->tokens[i];
        if (token->start >= from && token->token == kind)
            return token->start;
    }
    return -1;
}

static int32_t locking_place(const sql_source *source, const PgQuery__SelectStmt *select) {
    static const PgQuery__Token words[] = {PG_QUERY__TOKEN__UPDATE, PG_QUERY__TOKEN__SHARE,
                                           PG_QUERY__TOKEN__NO, PG_QUERY__TOKEN__KEY};
    int32_t from = qn_sql_first_location(select);
    for (size_t i = 0; i + 1 < source->tokens->n_tokens; i++) {
        const PgQuery__ScanToken *token = source->tokens->tokens[i];
        if (token->start < from || token->token != PG_QUERY__TOKEN__FOR)
            continue;
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            if (source->tokens->tokens[i + 1]->token == words[k])
                return token->start;
    }
    return -1;
}

qn_status qn_sql_check_clauses(const sql_source *source, const PgQuery__SelectStmt *select) {
    if (select->into_clause != NULL)
        return qn_sql_unsupported(source, select->into_clause->rel->location, "INTO");
    if (select->n_locking_clause > 0)
        return qn_sql_unsupported(source, locking_place(source, select), "FOR UPDATE or FOR SHARE");
    if (select->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES) {
        int32_t from = qn_sql_first_location(select);
        qn_status status = qn_sql_unsupported(
            source, token_from(source, from, PG_QUERY__TOKEN__TIES), "WITH TIES");
        qn_error_help("rank() OVER (ORDER BY ...) <= n in a subquery keeps ties");
        return status;
    }
    return QN_OK;
}
