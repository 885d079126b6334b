/* What is refused before the text reaches the parser: it would cut long names silently, stop at a
 * NUL, and unpacking its tree overflows the stack on chains of thousands of operators. */
#include "features/sql/source.h"
#include "features/sql/sql.h"

#include <string.h>

/* Bytes of the well-formed UTF-8 sequence at p (RFC 3629), 0 if there is none. */
static int sequence_length(const unsigned char *p, int64_t left) {
    if (p[0] < 0x80)
        return 1;
    int length = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < length)
        return 0;
    for (int i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool outside = (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F);
    return overlong || outside ? 0 : length;
}

qn_status qn_sql_check_text(const sql_source *source) {
    qn_view text = source->text;
    if (text.length > QN_SQL_TEXT_LIMIT)
        return qn_fail(QN_JOB, "the SQL text is %lld bytes long; at most %d are allowed",
                       (long long)text.length, QN_SQL_TEXT_LIMIT);
    for (int64_t i = 0; i < text.length;) {
        int length = sequence_length((const unsigned char *)text.data + i, text.length - i);
        if (length == 0)
            return qn_fail(QN_JOB, "the SQL text is not valid UTF-8: byte 0x%02X at offset %lld",
                           (unsigned char)text.data[i], (long long)i);
        if (text.data[i] == '\0')
            return qn_fail(QN_JOB, "the SQL text holds a NUL byte at offset %lld", (long long)i);
        i += length;
    }
    return QN_OK;
}

static bool is_one_of(PgQuery__Token token, const PgQuery__Token *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (list[i] == token)
            return true;
    return false;
}

/* Tokens that can put one node of the tree below another. */
static bool nests(const PgQuery__ScanToken *token) {
    static const PgQuery__Token flat[] = {
        PG_QUERY__TOKEN__ASCII_41, PG_QUERY__TOKEN__ASCII_44, PG_QUERY__TOKEN__ASCII_46,
        PG_QUERY__TOKEN__ASCII_59, PG_QUERY__TOKEN__ASCII_93, PG_QUERY__TOKEN__IDENT,
        PG_QUERY__TOKEN__UIDENT,   PG_QUERY__TOKEN__FCONST,   PG_QUERY__TOKEN__SCONST,
        PG_QUERY__TOKEN__USCONST,  PG_QUERY__TOKEN__BCONST,   PG_QUERY__TOKEN__XCONST,
        PG_QUERY__TOKEN__ICONST,   PG_QUERY__TOKEN__PARAM,    PG_QUERY__TOKEN__SQL_COMMENT,
        PG_QUERY__TOKEN__C_COMMENT};
    static const PgQuery__Token words[] = {
        PG_QUERY__TOKEN__AND,     PG_QUERY__TOKEN__OR,      PG_QUERY__TOKEN__NOT,
        PG_QUERY__TOKEN__NOT_LA,  PG_QUERY__TOKEN__IS,      PG_QUERY__TOKEN__ISNULL,
        PG_QUERY__TOKEN__NOTNULL, PG_QUERY__TOKEN__IN_P,    PG_QUERY__TOKEN__LIKE,
        PG_QUERY__TOKEN__ILIKE,   PG_QUERY__TOKEN__SIMILAR, PG_QUERY__TOKEN__BETWEEN,
        PG_QUERY__TOKEN__CASE,    PG_QUERY__TOKEN__COLLATE, PG_QUERY__TOKEN__AT,
        PG_QUERY__TOKEN__JOIN,    PG_QUERY__TOKEN__OPERATOR};
    if (token->token >= PG_QUERY__TOKEN__ABORT_P)
        return is_one_of(token->token, words, sizeof words / sizeof *words);
    return !is_one_of(token->token, flat, sizeof flat / sizeof *flat);
}

static PgQuery__Token kind_at(const sql_source *source, size_t i) {
    return i < source->tokens->n_tokens ? source->tokens->tokens[i]->token : PG_QUERY__TOKEN__NUL;
}

/* The token before, comments left out. */
static PgQuery__Token kind_before(const sql_source *source, size_t i) {
    while (i > 0) {
        PgQuery__Token kind = kind_at(source, --i);
        if (kind != PG_QUERY__TOKEN__SQL_COMMENT && kind != PG_QUERY__TOKEN__C_COMMENT)
            return kind;
    }
    return PG_QUERY__TOKEN__NUL;
}

/* Words and signs behind which a part of a SELECT starts that does not lie below the one before:
 * not the FROM of IS DISTINCT FROM, nor the GROUP of WITHIN GROUP. */
static bool separates(const sql_source *source, size_t i) {
    static const PgQuery__Token tokens[] = {PG_QUERY__TOKEN__ASCII_44, PG_QUERY__TOKEN__SELECT,
                                            PG_QUERY__TOKEN__WHERE,    PG_QUERY__TOKEN__HAVING,
                                            PG_QUERY__TOKEN__WINDOW,   PG_QUERY__TOKEN__ORDER,
                                            PG_QUERY__TOKEN__LIMIT};
    PgQuery__Token kind = kind_at(source, i);
    if (kind == PG_QUERY__TOKEN__FROM)
        return kind_before(source, i) != PG_QUERY__TOKEN__DISTINCT;
    if (kind == PG_QUERY__TOKEN__GROUP_P)
        return kind_before(source, i) != PG_QUERY__TOKEN__WITHIN;
    return is_one_of(kind, tokens, sizeof tokens / sizeof *tokens);
}

/* A name's length as the parser sees it: without quotes, doubled ones counting once. */
static int32_t name_length(const char *text, const PgQuery__ScanToken *token) {
    const char *from = text + token->start, *to = text + token->end;
    const char *quote = memchr(from, '"', (size_t)(to - from));
    if (quote == NULL)
        return (int32_t)(to - from);
    int32_t length = 0;
    for (const char *p = quote + 1; p < to - 1; p++, length++)
        p += p[0] == '"';
    return length;
}

static qn_status check_name(const sql_source *source, const PgQuery__ScanToken *token) {
    if (token->token != PG_QUERY__TOKEN__IDENT && token->token != PG_QUERY__TOKEN__UIDENT)
        return QN_OK;
    int32_t length = name_length(source->sql, token);
    if (length <= QN_SQL_NAME_LIMIT)
        return QN_OK;
    return qn_sql_fail(source, token->start,
                       "a name in SQL can have at most %d bytes; this one has %d",
                       QN_SQL_NAME_LIMIT, length);
}

/* ---- Depth ----------------------------------------------------------------------------------- */

/* How deep the tree can be at most of what stands between two parentheses, or CASE and END: in
 * each part the operators pile up, and of what parentheses hold the deepest lies below them. Terms
 * of AND and OR lie beside each other. SELECTs and set operations pile up over all parts. */
typedef struct nesting {
    bool is_case;
    int32_t betweens;  /* whose AND is still to come */
    int32_t base;      /* SELECTs, set operations, AND, OR */
    bool logic;        /* AND and OR are counted */
    int32_t deepest;   /* of the parts that ended */
    int32_t operators; /* of this part */
    int32_t inside;    /* the deepest of its parentheses */
} nesting;

enum { SELECT_DEPTH = 3, LOGIC_DEPTH = 2 /* in operators */ };

static int32_t depth_of(const nesting *level) {
    int32_t here = level->operators + level->inside;
    return level->base + (here > level->deepest ? here : level->deepest);
}

static void end_part(nesting *level) {
    int32_t here = level->operators + level->inside;
    level->deepest = here > level->deepest ? here : level->deepest;
    level->operators = level->inside = 0;
}

static void close_level(nesting *levels, int32_t *depth) {
    if (*depth == 0)
        return;
    int32_t inside = depth_of(&levels[*depth]);
    nesting *around = &levels[--*depth];
    around->inside = inside > around->inside ? inside : around->inside;
}

/* BETWEEN's AND is none of these. */
static bool is_logic(PgQuery__Token kind, nesting *level) {
    if (kind == PG_QUERY__TOKEN__AND && level->betweens > 0) {
        level->betweens--;
        return false;
    }
    return kind == PG_QUERY__TOKEN__AND || kind == PG_QUERY__TOKEN__OR;
}

static void count_token(const sql_source *source, size_t i, nesting *level) {
    PgQuery__Token kind = kind_at(source, i);
    bool logic = is_logic(kind, level);
    if (logic || separates(source, i))
        end_part(level);
    if (logic && !level->logic) {
        level->logic = true;
        level->base += LOGIC_DEPTH;
    }
    if (kind == PG_QUERY__TOKEN__SELECT)
        level->base += SELECT_DEPTH;
    level->base += kind == PG_QUERY__TOKEN__UNION || kind == PG_QUERY__TOKEN__INTERSECT ||
                   kind == PG_QUERY__TOKEN__EXCEPT;
    level->betweens += kind == PG_QUERY__TOKEN__BETWEEN;
    level->operators += !logic && nests(source->tokens->tokens[i]);
}

static bool opens(PgQuery__Token kind) {
    return kind == PG_QUERY__TOKEN__ASCII_40 || kind == PG_QUERY__TOKEN__ASCII_91 ||
           kind == PG_QUERY__TOKEN__CASE;
}

/* END is the end of a CASE where one is open, and not a name. */
static bool closes(const sql_source *source, size_t i, const nesting *level) {
    PgQuery__Token kind = kind_at(source, i), before = kind_before(source, i);
    if (kind == PG_QUERY__TOKEN__END_P)
        return level->is_case && before != PG_QUERY__TOKEN__ASCII_46 &&
               before != PG_QUERY__TOKEN__AS;
    return (kind == PG_QUERY__TOKEN__ASCII_41 || kind == PG_QUERY__TOKEN__ASCII_93) &&
           !level->is_case;
}

static qn_status too_deep(const sql_source *source, size_t i) {
    return qn_sql_fail(source, source->tokens->tokens[i]->start,
                       "the expression has more than %d operators and parentheses in each other",
                       QN_SQL_OPERATOR_LIMIT);
}

qn_status qn_sql_check_tokens(const sql_source *source) {
    nesting levels[QN_SQL_OPERATOR_LIMIT + 2] = {{.base = -SELECT_DEPTH}};
    int32_t depth = 0;
    for (size_t i = 0; i < source->tokens->n_tokens; i++) {
        PgQuery__Token kind = kind_at(source, i);
        QN_TRY(check_name(source, source->tokens->tokens[i]));
        if (closes(source, i, &levels[depth]))
            close_level(levels, &depth);
        count_token(source, i, &levels[depth]);
        if (depth_of(&levels[depth]) > QN_SQL_OPERATOR_LIMIT ||
            (opens(kind) && depth >= QN_SQL_OPERATOR_LIMIT))
            return too_deep(source, i);
        if (opens(kind))
            levels[++depth] = (nesting){.is_case = kind == PG_QUERY__TOKEN__CASE};
    }
    return QN_OK;
}
