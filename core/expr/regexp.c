/* Regular expressions: does a text match, where, how often, which part. */
#include "core/expr/lists.h"
#include "core/expr/regex.h"
#include "core/expr/texts.h"

/* ---- Matching -------------------------------------------------------------------------------- */

static qn_status prepare_pattern(qn_expr *call) {
    return qn_regex_prepare(call, 1, false);
}

static qn_status prepare_folding(qn_expr *call) {
    return qn_regex_prepare(call, 1, true);
}

static qn_status match_row(const qn_call *call, int64_t row, qn_match *out) {
    qn_regex *regex = NULL;
    QN_TRY(qn_regex_of(call, 1, row, &regex));
    return qn_regex_match(regex, qn_text_at(&call->arguments[0], row), 0, out);
}

static qn_status run_like(const qn_call *call, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_BOOL, call->length, 0));
    for (int64_t i = 0; i < call->length; i++) {
        qn_match match = {0};
        qn_status status = qn_call_skips(call, i) ? QN_OK : match_row(call, i, &match);
        if (status != QN_OK) {
            qn_column_release(column);
            return status;
        }
        if (match.found)
            qn_bit_set(column->bits, i);
    }
    *out = column;
    return QN_OK;
}

/* ---- Numbers --------------------------------------------------------------------------------- */

typedef qn_status (*count_step)(qn_regex *regex, qn_view text, int32_t *out);

static qn_status count_rows(const qn_call *call, count_step step, qn_column **out) {
    qn_column *column = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_column_new(&column, QN_INT32, call->length, 0), done);
    for (int64_t i = 0; i < call->length; i++) {
        qn_regex *regex = NULL;
        if (qn_call_skips(call, i))
            continue;
        QN_TRY_GOTO(qn_regex_of(call, 1, i, &regex), done);
        QN_TRY_GOTO(step(regex, qn_text_at(&call->arguments[0], i), &column->i32[i]), done);
    }
    *out = column;
    column = NULL;
done:
    qn_column_release(column);
    return status;
}

static qn_status count_matches(qn_regex *regex, qn_view text, int32_t *out) {
    qn_match match = {0};
    int32_t count = 0;
    for (int64_t start = 0;; start = qn_regex_behind(match, text, start), count++) {
        QN_TRY(qn_regex_match(regex, text, start, &match));
        if (!match.found)
            break;
    }
    *out = count;
    return QN_OK;
}

/* Character from 1 where the first match starts; 0 if there is none. */
static qn_status find_match(qn_regex *regex, qn_view text, int32_t *out) {
    qn_match match = {0};
    QN_TRY(qn_regex_match(regex, text, 0, &match));
    if (match.found)
        *out = (int32_t)qn_character_count((qn_view){text.data, (int64_t)match.bounds[0]}) + 1;
    return QN_OK;
}

static qn_status run_count(const qn_call *call, qn_column **out) {
    return count_rows(call, count_matches, out);
}

static qn_status run_instr(const qn_call *call, qn_column **out) {
    return count_rows(call, find_match, out);
}

/* ---- Parts ----------------------------------------------------------------------------------- */

static qn_status step_substr(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    qn_match match = {0};
    QN_TRY(match_row(call, row, &match));
    if (match.found)
        *out = qn_match_group(match, 0, qn_text_at(&call->arguments[0], row));
    return QN_OK;
}

static qn_status run_substr(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_substr, out);
}

static int64_t group_at(const qn_call *call, int64_t row) {
    return call->count > 2 ? qn_whole_at(&call->arguments[2], row) : 1;
}

static bool has_group(const qn_regex *regex, int64_t group) {
    return group >= 0 && group <= qn_regex_groups(regex);
}

/* The regular expression of a row; NULL if the group asked for is none of its own. */
static qn_status regex_with_group(const qn_call *call, int64_t row, qn_regex **out) {
    QN_TRY(qn_regex_of(call, 1, row, out));
    int64_t group = group_at(call, row);
    if (has_group(*out, group))
        return QN_OK;
    int32_t groups = qn_regex_groups(*out);
    *out = NULL;
    return qn_call_note(call, row, "'%s' was asked for group %lld of a pattern that has %d",
                        call->node->function->name, (long long)group, groups);
}

/* The same for constants, before any row is seen. */
static qn_status prepare_extract(qn_expr *call) {
    QN_TRY(prepare_pattern(call));
    const qn_regex *regex = qn_regex_constant(call);
    const qn_expr *group = call->count > 2 ? call->arguments[2] : NULL;
    if (regex == NULL || (group != NULL && !qn_expr_is_literal(group)) ||
        (group != NULL && qn_expr_is_null_literal(group)))
        return QN_OK;
    int64_t wanted = group == NULL ? 1 : group->value->i64[0];
    if (has_group(regex, wanted))
        return QN_OK;
    qn_status status =
        qn_expr_fail((group != NULL ? group : call->arguments[1])->position,
                     "'%s' is asked for group %lld of a pattern that has %d", call->function->name,
                     (long long)wanted, qn_regex_groups(regex));
    if (group == NULL)
        qn_error_help("put the part you want in parentheses, or ask for group 0, the whole match");
    return status;
}

/* Spark's: an empty text where nothing matches. */
static qn_status step_extract(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out) {
    (void)scratch;
    qn_regex *regex = NULL;
    qn_match match = {0};
    qn_view text = qn_text_at(&call->arguments[0], row);
    QN_TRY(regex_with_group(call, row, &regex));
    if (regex == NULL)
        return QN_OK;
    QN_TRY(qn_regex_match(regex, text, 0, &match));
    *out =
        match.found ? qn_match_group(match, (int32_t)group_at(call, row), text) : (qn_view){"", 0};
    return QN_OK;
}

static qn_status step_extract_all(const qn_call *call, int64_t row, qn_list_builder *out,
                                  bool *null) {
    qn_regex *regex = NULL;
    qn_match match = {0};
    qn_view text = qn_text_at(&call->arguments[0], row);
    QN_TRY(regex_with_group(call, row, &regex));
    *null = regex == NULL;
    if (*null)
        return QN_OK;
    for (int64_t start = 0;; start = qn_regex_behind(match, text, start)) {
        QN_TRY(qn_regex_match(regex, text, start, &match));
        if (!match.found)
            return QN_OK;
        QN_TRY(qn_list_builder_add(out, qn_match_group(match, (int32_t)group_at(call, row), text)));
    }
}

static qn_status run_extract(const qn_call *call, qn_column **out) {
    return qn_text_rows(call, step_extract, out);
}

static qn_status run_extract_all(const qn_call *call, qn_column **out) {
    return qn_list_rows(call, step_extract_all, out);
}

#define MATCHES(name, result, run, prepare)                                                        \
    { name, 2, 2, {QN_TAKES_TEXT}, result, QN_NULLS_STRICT, run, prepare, qn_regex_set_free }
#define EXTRACTS(name, result, run)                                                                \
    {                                                                                              \
        name, 2, 3, {QN_TAKES_TEXT, QN_TAKES_TEXT, QN_TAKES_WHOLE}, result, QN_NULLS_STRICT, run,  \
            prepare_extract, qn_regex_set_free                                                     \
    }

const qn_function qn_functions_regexp[] = {
    MATCHES("regexp_like", QN_GIVES_BOOL, run_like, prepare_pattern),
    MATCHES("regexp_ilike", QN_GIVES_BOOL, run_like, prepare_folding),
    MATCHES("rlike", QN_GIVES_BOOL, run_like, prepare_pattern),
    MATCHES("regexp", QN_GIVES_BOOL, run_like, prepare_pattern),
    MATCHES("regexp_count", QN_GIVES_INT32, run_count, prepare_pattern),
    MATCHES("regexp_instr", QN_GIVES_INT32, run_instr, prepare_pattern),
    MATCHES("regexp_substr", QN_GIVES_STRING, run_substr, prepare_pattern),
    EXTRACTS("regexp_extract", QN_GIVES_STRING, run_extract),
    EXTRACTS("regexp_extract_all", QN_GIVES_LIST, run_extract_all),
    {NULL, 0, 0, {0}, 0, 0, NULL, NULL, NULL},
};
