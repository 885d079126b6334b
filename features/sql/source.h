/* SQL text on its way through libpg_query: checked, cut into tokens, parsed. Private to
 * features/sql. */
#ifndef QUERN_FEATURES_SQL_SOURCE_H
#define QUERN_FEATURES_SQL_SOURCE_H

#include "core/text/text.h"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

/* What a word meant that was blanked before parsing (words.c). */
typedef enum sql_mark_kind {
    QN_SQL_MARK_SEMI, /* of a join, at its word JOIN */
    QN_SQL_MARK_ANTI,
    QN_SQL_MARK_ASOF,
    QN_SQL_MARK_IGNORE_NULLS, /* of a call, at the function's name */
    QN_SQL_MARK_RESPECT_NULLS,
    QN_SQL_MARK_TRY_CAST /* at the word CAST that TRY_CAST became (rewrite.c) */
} sql_mark_kind;

typedef struct sql_mark {
    sql_mark_kind kind;
    int32_t location;
} sql_mark;

typedef struct sql_source {
    qn_view text;   /* as given; borrowed */
    int32_t prefix; /* bytes that `sql` has in front of it */
    char *sql;      /* what the parser sees */
    int64_t mark_count, mark_capacity;
    sql_mark *marks;
    PgQuery__ScanResult *tokens; /* of the text before words were blanked */
    PgQuery__ParseResult *tree;
} sql_source;

/* Local. Parses prefix + text. JOB errors with their place in the text. */
QN_CHECKED qn_status qn_sql_source_open(sql_source *out, qn_view text, const char *prefix);
void qn_sql_source_close(sql_source *source);

/* A JOB error at a byte of what the parser saw (its nodes' locations; < 0: unknown). */
QN_CHECKED qn_status qn_sql_fail(const sql_source *source, int32_t location, const char *format,
                                 ...) QN_PRINTF(3, 4);

/* Adds the place to an error that was set elsewhere, and returns it. */
QN_CHECKED qn_status qn_sql_locate(const sql_source *source, int32_t location, qn_status status);

/* Where the first token of this kind starts outside any parentheses; -1: nowhere. */
int32_t qn_sql_find_token(const sql_source *source, PgQuery__Token token);

/* The token that starts at a location; NULL if none does. */
const PgQuery__ScanToken *qn_sql_token_at(const sql_source *source, int32_t location);

/* Checks before parsing, on the raw text and on its tokens. */
QN_CHECKED qn_status qn_sql_check_text(const sql_source *source);
QN_CHECKED qn_status qn_sql_check_tokens(const sql_source *source);

/* Local. Adds help to a syntax error at a place of what the parser saw, if it can be guessed. */
void qn_sql_hint(const sql_source *source, int32_t location);

/* Local. Writes over what PostgreSQL's grammar does not know. */
QN_CHECKED qn_status qn_sql_rewrite(sql_source *source);

/* Local. Blanks the words of joins and calls that it does not know, and marks what they meant. */
QN_CHECKED qn_status qn_sql_blank_words(sql_source *source);
QN_CHECKED qn_status qn_sql_mark(sql_source *source, sql_mark_kind kind, int32_t location);
bool qn_sql_has_mark(const sql_source *source, sql_mark_kind kind, int32_t location);

#endif
