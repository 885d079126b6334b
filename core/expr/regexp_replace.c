/* regexp_replace and split. */
#include "core/expr/lists.h"
#include "core/expr/regex.h"
#include "core/expr/texts.h"

#include <string.h>

/* ---- Replacements ---------------------------------------------------------------------------- */

/* A piece of a replacement: text as it stands, or a group. */
typedef struct piece {
    qn_view text;
    int32_t group; /* -1: the text */
} piece;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The digits behind $ or a backslash: as many as make a group there is, as Java reads them. */
static int64_t read_number(const qn_regex *regex, qn_view rest, int32_t *group) {
    int64_t used = 0;
    int32_t number = 0;
    while (used < rest.length && is_digit(rest.data[used])) {
        int32_t longer = number * 10 + (rest.data[used] - '0');
        if (used > 0 && longer > qn_regex_groups(regex))
            break;
        number = longer;
        used++;
    }
    *group = used > 0 && number <= qn_regex_groups(regex) ? number : -1;
    return used;
}

/* What follows a $: a number, or {a name}; 0 bytes if neither. */
static int64_t read_reference(const qn_regex *regex, qn_view rest, int32_t *group) {
    if (rest.length == 0 || rest.data[0] != '{')
        return read_number(regex, rest, group);
    const char *end = memchr(rest.data, '}', (size_t)rest.length);
    if (end == NULL)
        return 0;
    *group = qn_regex_group_named(regex, (qn_view){rest.data + 1, end - rest.data - 1});
    return end + 1 - rest.data;
}

static qn_status no_such_group(const qn_expr *node, qn_view replacement, int64_t offset) {
    return qn_fail(QN_DATA,
                   "'%s': '%.*s' at offset %lld of the replacement is no group of the pattern; "
                   "write \\$ for a dollar sign",
                   node->function->name,
                   (int)(replacement.length - offset > 20 ? 20 : replacement.length - offset),
                   replacement.data + offset, (long long)offset);
}

/* The piece at *offset, which moves on. $n, ${name} and \n are groups, \& the match; a backslash
 * takes any other character as it is. */
static qn_status next_piece(const qn_expr *node, const qn_regex *regex, qn_view replacement,
                            int64_t *offset, piece *out) {
    const char *at = replacement.data + *offset;
    qn_view rest = {at + 1, replacement.length - *offset - 1};
    *out = (piece){{at, 1}, -1};
    if (*at == '$' || (*at == '\\' && rest.length > 0 && is_digit(*rest.data))) {
        int64_t used = read_reference(regex, rest, &out->group);
        if (used == 0 || out->group < 0)
            return no_such_group(node, replacement, *offset);
        *offset += 1 + used;
    } else if (*at == '\\' && rest.length > 0) {
        if (*rest.data == '&')
            out->group = 0;
        out->text = (qn_view){rest.data, 1};
        *offset += 2;
    } else {
        int64_t length = 1;
        while (length <= rest.length && at[length] != '$' && at[length] != '\\')
            length++;
        length = length > rest.length + 1 ? rest.length + 1 : length;
        out->text.length = length;
        *offset += length;
    }
    return QN_OK;
}

/* Appends the replacement of one match. */
static qn_status expand(const qn_expr *node, const qn_regex *regex, qn_view replacement,
                        qn_match match, qn_view text, qn_text *out) {
    for (int64_t offset = 0; offset < replacement.length;) {
        piece next;
        QN_TRY(next_piece(node, regex, replacement, &offset, &next));
        if (next.group >= 0)
            next.text = qn_match_group(match, next.group, text);
        QN_TRY(qn_text_add(out, next.text.data, next.text.length));
    }
    return QN_OK;
}

/* ---- regexp_replace -------------------------------------------------------------------------- */

/* A constant replacement of a constant pattern is checked before any row is seen. */
static qn_status prepare_replace(qn_expr *call) {
    QN_TRY(qn_regex_prepare(call, 1, false));
    const qn_regex *regex = qn_regex_constant(call);
    const qn_expr *argument = call->arguments[2];
    if (regex == NULL || !qn_expr_is_literal(argument) || qn_expr_is_null_literal(argument))
        return QN_OK;
    qn_view replacement = qn_text_at(&(qn_operand){argument->value, true}, 0);
    for (int64_t offset = 0; offset < replacement.length;) {
        piece next;
        int64_t start = offset;
        if (next_piece(call, regex, replacement, &offset, &next) != QN_OK)
            return qn_expr_fail(argument->position,
                                "'%s': what stands at offset %lld of the replacement is no group "
                                "of the pattern, which has %d; write \\$ for a dollar sign",
                                call->function->name, (long long)start, qn_regex_groups(regex));
    }
    return QN_OK;
}

/* Spark's: every match at or behind a position (from 1). */
static qn_status step_replace(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    qn_regex *regex = NULL;
    qn_match match = {0};
    qn_view text = qn_text_at(&call->arguments[0], row);
    qn_view replacement = qn_text_at(&call->arguments[2], row);
    int64_t position = call->count > 3 ? qn_whole_at(&call->arguments[3], row) : 1;
    if (position < 1)
        return qn_call_note(call, row, "'%s' was asked to start at position %lld: the first is 1",
                            call->node->function->name, (long long)position);
    QN_TRY(qn_regex_of(call, 1, row, &regex));
    int64_t start = qn_character_offset(text, position - 1), copied = 0;
    for (;; start = qn_regex_behind(match, text, start)) {
        QN_TRY(qn_regex_match(regex, text, start, &match));
        if (!match.found || (int64_t)match.bounds[0] < copied)
            break;
        QN_TRY(qn_text_add(scratch, text.data + copied, (int64_t)match.bounds[0] - copied));
        QN_TRY(expand(call->node, regex, replacement, match, text, scratch));
        copied = (int64_t)(match.bounds[1] > match.bounds[0] ? match.bounds[1] : match.bounds[0]);
    }
    QN_TRY(qn_text_add(scratch, text.data + copied, text.length - copied));
    *out = qn_text_view(scratch);
    return QN_OK;
}

static qn_status run_replace(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_replace, out);
}

/* ---- split ----------------------------------------------------------------------------------- */

static qn_status prepare_split(qn_expr *call) {
    return qn_regex_prepare(call, 1, false);
}

/* Java's String.split with all parts kept: an empty match at the start makes no part. An empty
 * pattern gives the characters. */
static qn_status step_split(const qn_call *call, int64_t row, qn_list_builder *out, bool *null) {
    (void)null;
    qn_regex *regex = NULL;
    qn_match match = {0};
    qn_view text = qn_text_at(&call->arguments[0], row);
    int64_t limit = call->count > 2 ? qn_whole_at(&call->arguments[2], row) : -1;
    int64_t parts = 1, part = 0;
    QN_TRY(qn_regex_of(call, 1, row, &regex));
    for (int64_t start = 0; limit <= 0 || parts < limit;
         start = qn_regex_behind(match, text, start)) {
        QN_TRY(qn_regex_match(regex, text, start, &match));
        if (!match.found)
            break;
        int64_t from = (int64_t)match.bounds[0], to = (int64_t)match.bounds[1];
        bool empty = from >= to;
        if (from < part || (empty && from == 0) ||
            (empty && from == text.length && qn_regex_is_empty(regex)))
            continue;
        QN_TRY(qn_list_builder_add(out, (qn_view){text.data + part, from - part}));
        part = empty ? from : to;
        parts++;
    }
    return qn_list_builder_add(out, (qn_view){text.data + part, text.length - part});
}

static qn_status run_split(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_split, out);
}

const qn_function qn_functions_regexp_replace[] = {
    {"regexp_replace",
     3,
     4,
     {QN_TAKES_TEXT, QN_TAKES_TEXT, QN_TAKES_TEXT, QN_TAKES_WHOLE},
     QN_GIVES_STRING,
     QN_NULLS_STRICT,
     run_replace,
     prepare_replace,
     qn_regex_set_free},
    {"split",
     2,
     3,
     {QN_TAKES_TEXT, QN_TAKES_TEXT, QN_TAKES_WHOLE},
     QN_GIVES_LIST,
     QN_NULLS_STRICT,
     run_split,
     prepare_split,
     qn_regex_set_free},
    {"regexp_split_to_array",
     2,
     2,
     {QN_TAKES_TEXT},
     QN_GIVES_LIST,
     QN_NULLS_STRICT,
     run_split,
     prepare_split,
     qn_regex_set_free},
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
