/* What PostgreSQL's grammar does not know and Spark's does: written over before parsing by text of
 * the same length, so that every place stays where it was.
 *
 *   TRY_CAST(x AS t)      "    CAST(x AS t)", the place remembered
 *   INTERVAL 7 DAY        "INTERVAL'7'DAY"
 *   current_date()        "current_date  " */
#include "features/sql/source.h"

#include <string.h>
#include <strings.h>

static bool is_word(const sql_source *source, const PgQuery__ScanToken *token, const char *word) {
    return token->end - token->start == (int32_t)strlen(word) &&
           strncasecmp(source->sql + token->start, word, strlen(word)) == 0;
}

/* INTERVAL 7 DAY: the number wants quotes, and there must be a blank for each. */
static void quote_number(sql_source *source, const PgQuery__ScanToken *number,
                         const PgQuery__ScanToken *next) {
    char *before = source->sql + number->start - 1, *behind = source->sql + number->end;
    if (next == NULL || next->start <= number->end || *before != ' ' || *behind != ' ')
        return;
    *before = '\'';
    *behind = '\'';
}

qn_status qn_sql_rewrite(sql_source *source) {
    size_t count = source->tokens->n_tokens;
    PgQuery__ScanToken *const *tokens = source->tokens->tokens;
    for (size_t i = 0; i + 1 < count; i++) {
        const PgQuery__ScanToken *token = tokens[i], *next = tokens[i + 1];
        const PgQuery__ScanToken *third = i + 2 < count ? tokens[i + 2] : NULL;
        bool opens = next->token == PG_QUERY__TOKEN__ASCII_40;
        if (opens && token->token == PG_QUERY__TOKEN__IDENT && is_word(source, token, "try_cast")) {
            memcpy(source->sql + token->start, "    CAST", 8);
            QN_TRY(qn_sql_mark(source, QN_SQL_MARK_TRY_CAST, token->start + 4));
        } else if (opens && third != NULL && third->token == PG_QUERY__TOKEN__ASCII_41 &&
                   (token->token == PG_QUERY__TOKEN__CURRENT_DATE ||
                    token->token == PG_QUERY__TOKEN__CURRENT_TIMESTAMP)) {
            source->sql[next->start] = ' ';
            source->sql[third->start] = ' ';
        } else if (token->token == PG_QUERY__TOKEN__INTERVAL &&
                   (next->token == PG_QUERY__TOKEN__ICONST ||
                    next->token == PG_QUERY__TOKEN__FCONST)) {
            quote_number(source, next, third);
        }
    }
    return QN_OK;
}
