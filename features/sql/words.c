/* Words that Spark and DuckDB know and PostgreSQL's grammar does not: they are blanked before
 * parsing, so that all places stay, and remembered by the place of the word that they belong to.
 *
 *     a LEFT SEMI JOIN b      a      ANTI JOIN b      a ASOF LEFT JOIN b
 *     lag(x) IGNORE NULLS OVER w      first_value(x RESPECT NULLS) OVER w */
#include "features/sql/source.h"

#include "core/memory.h"

#include <string.h>
#include <strings.h>

typedef struct word_mark {
    const char *word;
    sql_mark_kind kind;
} word_mark;

static const word_mark join_words[] = {{"semi", QN_SQL_MARK_SEMI},
                                       {"anti", QN_SQL_MARK_ANTI},
                                       {"asof", QN_SQL_MARK_ASOF},
                                       {NULL, QN_SQL_MARK_SEMI}};
static const word_mark null_words[] = {{"ignore", QN_SQL_MARK_IGNORE_NULLS},
                                       {"respect", QN_SQL_MARK_RESPECT_NULLS},
                                       {NULL, QN_SQL_MARK_SEMI}};

static const PgQuery__ScanToken *token_at(const sql_source *source, int64_t i) {
    return i >= 0 && i < (int64_t)source->tokens->n_tokens ? source->tokens->tokens[i] : NULL;
}

static PgQuery__Token kind_at(const sql_source *source, int64_t i) {
    const PgQuery__ScanToken *token = token_at(source, i);
    return token == NULL ? PG_QUERY__TOKEN__NUL : token->token;
}

/* The entry of a list for a bare word; NULL if it is none of them. */
static const word_mark *find_word(const sql_source *source, int64_t i, const word_mark *list) {
    const PgQuery__ScanToken *token = token_at(source, i);
    if (token == NULL || token->token != PG_QUERY__TOKEN__IDENT)
        return NULL;
    size_t length = (size_t)(token->end - token->start);
    for (; list->word != NULL; list++)
        if (strlen(list->word) == length &&
            strncasecmp(source->sql + token->start, list->word, length) == 0)
            return list;
    return NULL;
}

qn_status qn_sql_mark(sql_source *source, sql_mark_kind kind, int32_t location) {
    QN_TRY(qn_mem_reserve(&source->marks, &source->mark_capacity, source->mark_count + 1,
                          sizeof *source->marks));
    source->marks[source->mark_count++] = (sql_mark){kind, location};
    return QN_OK;
}

static qn_status add_mark(sql_source *source, sql_mark_kind kind, int64_t token) {
    return qn_sql_mark(source, kind, token_at(source, token)->start);
}

static void blank(sql_source *source, int64_t token) {
    const PgQuery__ScanToken *word = token_at(source, token);
    memset(source->sql + word->start, ' ', (size_t)(word->end - word->start));
}

/* ---- Joins ----------------------------------------------------------------------------------- */

/* Whether a table can end with this token, so that a word behind it is not a table's name. */
static bool ends_table(const sql_source *source, int64_t i) {
    switch (kind_at(source, i)) {
    case PG_QUERY__TOKEN__NUL:
    case PG_QUERY__TOKEN__FROM:
    case PG_QUERY__TOKEN__JOIN:
    case PG_QUERY__TOKEN__AS:
    case PG_QUERY__TOKEN__ASCII_40:
    case PG_QUERY__TOKEN__ASCII_44:
    case PG_QUERY__TOKEN__ASCII_46:
        return false;
    default:
        return true;
    }
}

/* The JOIN that a word at i stands in front of, with LEFT [OUTER] between; -1: none. */
static int64_t join_behind(const sql_source *source, int64_t i) {
    i++;
    if (kind_at(source, i) == PG_QUERY__TOKEN__LEFT)
        i += kind_at(source, i + 1) == PG_QUERY__TOKEN__OUTER_P ? 2 : 1;
    return kind_at(source, i) == PG_QUERY__TOKEN__JOIN ? i : -1;
}

static qn_status rewrite_join(sql_source *source, int64_t i) {
    const word_mark *word = find_word(source, i, join_words);
    int64_t join = word == NULL ? -1 : join_behind(source, i);
    if (join < 0 || !ends_table(source, i - 1))
        return QN_OK;
    blank(source, i);
    return add_mark(source, word->kind, join);
}

/* ---- Nulls ----------------------------------------------------------------------------------- */

/* The parenthesis that was opened last before token i and is not closed there; -1: none. */
static int64_t opening_before(const sql_source *source, int64_t i) {
    for (int64_t depth = 0; --i >= 0;) {
        depth += kind_at(source, i) == PG_QUERY__TOKEN__ASCII_41;
        if (kind_at(source, i) == PG_QUERY__TOKEN__ASCII_40 && depth-- == 0)
            return i;
    }
    return -1;
}

/* The first word of the function whose arguments the parenthesis at `open` begins; FILTER (...)
 * may stand between. */
static int64_t function_of(const sql_source *source, int64_t open) {
    int64_t name = open - 1;
    if (kind_at(source, name) == PG_QUERY__TOKEN__FILTER &&
        kind_at(source, name - 1) == PG_QUERY__TOKEN__ASCII_41)
        name = opening_before(source, name - 1) - 1;
    while (name >= 2 && kind_at(source, name - 1) == PG_QUERY__TOKEN__ASCII_46)
        name -= 2;
    return name;
}

static qn_status rewrite_nulls(sql_source *source, int64_t i) {
    const word_mark *word = find_word(source, i, null_words);
    if (word == NULL || kind_at(source, i + 1) != PG_QUERY__TOKEN__NULLS_P)
        return QN_OK;
    int64_t open = -1;
    if (kind_at(source, i - 1) == PG_QUERY__TOKEN__ASCII_41)
        open = opening_before(source, i - 1);
    else if (kind_at(source, i + 2) == PG_QUERY__TOKEN__ASCII_41)
        open = opening_before(source, i);
    int64_t name = open < 0 ? -1 : function_of(source, open);
    if (name < 0)
        return QN_OK;
    blank(source, i);
    blank(source, i + 1);
    return add_mark(source, word->kind, name);
}

qn_status qn_sql_blank_words(sql_source *source) {
    for (int64_t i = 0; i < (int64_t)source->tokens->n_tokens; i++) {
        QN_TRY(rewrite_join(source, i));
        QN_TRY(rewrite_nulls(source, i));
    }
    return QN_OK;
}

bool qn_sql_has_mark(const sql_source *source, sql_mark_kind kind, int32_t location) {
    for (int64_t i = 0; i < source->mark_count; i++)
        if (source->marks[i].kind == kind && source->marks[i].location == location)
            return true;
    return false;
}
