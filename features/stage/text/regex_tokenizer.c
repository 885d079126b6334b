/* regex_tokenizer: a text cut where a regular expression matches, or the matches themselves.
 *
 * Cut as by Java's split: a match of no characters at the front cuts nothing, empty tokens at the
 * end are dropped, and a text without a match is one token. */
#include "core/expr/regex.h"
#include "core/expr/texts.h"
#include "core/text/lower.h"
#include "features/stage/stages.h"
#include "features/stage/text/tokens.h"

#include <string.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"pattern", QN_OPTION_TEXT, "\\s+", NULL, "regular expression (PCRE2)"},
    {"gaps", QN_OPTION_BOOL, "true", NULL,
     "the pattern matches what is between tokens; else the tokens"},
    {"min_token_length", QN_OPTION_INT, "1", "[0,inf)", "tokens of fewer characters are dropped"},
    {"to_lowercase", QN_OPTION_BOOL, "true", NULL, "make the letters small first"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct regex_tokenizer {
    qn_stage base;
    qn_regex_set *pattern; /* of the last bind */
} regex_tokenizer;

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    regex_tokenizer *self = (regex_tokenizer *)stage;
    qn_regex_set *pattern = NULL;
    QN_TRY(qn_tokens_bind(stage, in, QN_STRING, out));
    QN_TRY(
        qn_regex_set_new(&pattern, qn_view_of(qn_options_text(stage->options, "pattern")), false));
    qn_regex_set_free(self->pattern);
    self->pattern = pattern;
    return QN_OK;
}

/* ---- Tokens ---------------------------------------------------------------------------------- */

typedef struct tokenizing {
    qn_regex *regex;
    bool gaps, lower;
    int64_t min_length;
    qn_text lowered;
    qn_list_builder lists;
} tokenizing;

static qn_status add_token(tokenizing *work, qn_view token) {
    if (token.length < work->min_length || /* bytes are enough to tell most */
        (work->min_length > 1 && qn_character_count(token) < work->min_length))
        return QN_OK;
    return qn_list_builder_add(&work->lists, token);
}

static qn_status add_matches(tokenizing *work, qn_view text) {
    for (int64_t start = 0;;) {
        qn_match match;
        QN_TRY(qn_regex_match(work->regex, text, start, &match));
        if (!match.found)
            return QN_OK;
        QN_TRY(add_token(work, qn_match_group(match, 0, text)));
        start = qn_regex_behind(match, text, start);
    }
}

/* Empty tokens wait until one follows that is not. */
typedef struct gap_state {
    int64_t begin, empty;
    bool any;
} gap_state;

static qn_status end_token(tokenizing *work, gap_state *state, qn_view token) {
    if (token.length == 0) {
        state->empty++;
        return QN_OK;
    }
    for (; state->empty > 0; state->empty--)
        QN_TRY(add_token(work, (qn_view){"", 0}));
    return add_token(work, token);
}

static qn_status add_between(tokenizing *work, qn_view text) {
    gap_state state = {0};
    for (int64_t start = 0;;) {
        qn_match match;
        QN_TRY(qn_regex_match(work->regex, text, start, &match));
        if (!match.found)
            break;
        int64_t from = (int64_t)match.bounds[0], to = (int64_t)match.bounds[1];
        start = qn_regex_behind(match, text, start);
        if (to == 0 || to < from || from < state.begin)
            continue;
        QN_TRY(end_token(work, &state, (qn_view){text.data + state.begin, from - state.begin}));
        state.begin = to;
        state.any = true;
    }
    if (!state.any)
        return add_token(work, text);
    return end_token(work, &state, (qn_view){text.data + state.begin, text.length - state.begin});
}

static qn_status add_text(tokenizing *work, qn_view text) {
    if (work->lower) {
        qn_text_truncate(&work->lowered, 0);
        QN_TRY(qn_text_lower(&work->lowered, text));
        text = qn_text_view(&work->lowered);
    }
    QN_TRY(work->gaps ? add_between(work, text) : add_matches(work, text));
    return qn_list_builder_end(&work->lists);
}

static qn_status add_texts(tokenizing *work, const qn_column *in) {
    for (int64_t i = 0; i < in->length; i++)
        QN_TRY(qn_column_is_null(in, i) ? qn_list_builder_end_null(&work->lists)
                                        : add_text(work, qn_column_string(in, i)));
    return QN_OK;
}

/* The default pattern needs no PCRE2. */
static bool splits_at_blanks(const qn_stage *stage) {
    const char *pattern = qn_options_text(stage->options, "pattern");
    return (strcmp(pattern, "\\s+") == 0 || strcmp(pattern, "\\s") == 0) &&
           qn_options_bool(stage->options, "gaps") &&
           qn_options_int(stage->options, "min_token_length") == 1;
}

static qn_status tokenize(const qn_stage *stage, const qn_column *in, qn_column **out) {
    const regex_tokenizer *self = (const regex_tokenizer *)stage;
    tokenizing work = {.regex = qn_regex_only(self->pattern),
                       .gaps = qn_options_bool(stage->options, "gaps"),
                       .lower = qn_options_bool(stage->options, "to_lowercase"),
                       .min_length = qn_options_int(stage->options, "min_token_length")};
    if (splits_at_blanks(stage))
        return qn_tokens_split(in, QN_SPLIT_NO_EMPTY | (work.lower ? QN_SPLIT_LOWER : 0), out);
    qn_text_init(&work.lowered);
    qn_list_builder_init(&work.lists);
    qn_status status = add_texts(&work, in);
    if (status == QN_OK)
        status = qn_list_builder_finish(&work.lists, out);
    qn_list_builder_clear(&work.lists);
    qn_text_clear(&work.lowered);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    return qn_tokens_transform(stage, schema, in, tokenize, out);
}

static void clear(qn_stage *stage) {
    regex_tokenizer *self = (regex_tokenizer *)stage;
    qn_regex_set_free(self->pattern);
    self->pattern = NULL;
}

const qn_stage_class qn_regex_tokenizer_class = {
    .name = "regex_tokenizer",
    .help = "split texts where a regular expression matches, or into its matches",
    .kind = QN_STAGE_TRANSFORMER,
    .size = sizeof(regex_tokenizer),
    .options = options,
    .bind = bind,
    .transform = transform,
    .clear = clear,
};
