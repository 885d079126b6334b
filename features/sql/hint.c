/* What to write instead of words of other dialects that PostgreSQL's grammar stumbles over. */
#include "features/sql/source.h"

#include <string.h>
#include <strings.h>

typedef struct dialect_word {
    const char *word, *help;
    PgQuery__Token behind; /* only behind this token; 0: anywhere */
} dialect_word;

static const dialect_word words[] = {
    {"qualify", "compute the window function in a subquery and choose in the WHERE around it",
     PG_QUERY__TOKEN__NUL},
    {"rlike", "write x ~ 'pattern' or regexp_like(x, 'pattern')", PG_QUERY__TOKEN__NUL},
    {"regexp", "write x ~ 'pattern' or regexp_like(x, 'pattern')", PG_QUERY__TOKEN__NUL},
    {"div", "write floor(x / y)", PG_QUERY__TOKEN__NUL},
    {"sort", "write ORDER BY", PG_QUERY__TOKEN__NUL},
    {"cluster", "rows are spread over ranks by the planner: leave it out", PG_QUERY__TOKEN__NUL},
    {"distribute", "rows are spread over ranks by the planner: leave it out", PG_QUERY__TOKEN__NUL},
    {"lateral", "LATERAL is not part of this version", PG_QUERY__TOKEN__NUL},
    {"pivot", "write max(x) FILTER (WHERE key = 'a') AS a for each column", PG_QUERY__TOKEN__NUL},
    {"unpivot", "join one SELECT for each column by UNION ALL", PG_QUERY__TOKEN__NUL},
    {"except", "'*' EXCEPT is not part of this version: name the columns",
     PG_QUERY__TOKEN__ASCII_42},
    {"exclude", "'*' EXCLUDE is not part of this version: name the columns",
     PG_QUERY__TOKEN__ASCII_42},
    {"semi", "write a LEFT SEMI JOIN b ON condition", PG_QUERY__TOKEN__NUL},
    {"anti", "write a LEFT ANTI JOIN b ON condition", PG_QUERY__TOKEN__NUL},
    {"asof", "write a ASOF JOIN b ON a.key = b.key AND a.time >= b.time", PG_QUERY__TOKEN__NUL},
    {"all", "GROUP BY ALL is not part of this version: name the keys", PG_QUERY__TOKEN__BY},
    {"minus", "write EXCEPT", PG_QUERY__TOKEN__NUL},
    {"top", "write LIMIT n at the end", PG_QUERY__TOKEN__NUL},
    {"ignore", "IGNORE NULLS stands behind the arguments: lag(x) IGNORE NULLS OVER (...)",
     PG_QUERY__TOKEN__NUL}};

static const char *find(const sql_source *source, size_t i) {
    const PgQuery__ScanToken *token = source->tokens->tokens[i];
    PgQuery__Token before = i > 0 ? source->tokens->tokens[i - 1]->token : PG_QUERY__TOKEN__NUL;
    size_t length = (size_t)(token->end - token->start);
    const char *text = source->sql + token->start;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strlen(words[k].word) == length && strncasecmp(words[k].word, text, length) == 0 &&
            (words[k].behind == PG_QUERY__TOKEN__NUL || words[k].behind == before))
            return words[k].help;
    return *text == '`' ? "names with odd letters stand in double quotes: \"Name\"" : NULL;
}

/* The token at the place, or one of those before it, which the parser took for an alias. */
void qn_sql_hint(const sql_source *source, int32_t location) {
    size_t count = source->tokens == NULL ? 0 : source->tokens->n_tokens, next = 0;
    while (next < count && source->tokens->tokens[next]->start <= location)
        next++;
    for (size_t i = next; i > 0 && i + 4 > next; i--) {
        const char *help = find(source, i - 1);
        if (help != NULL) {
            qn_error_help("%s", help);
            return;
        }
    }
}
