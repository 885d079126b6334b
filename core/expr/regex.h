/* Regular expressions by PCRE2: compiled for UTF-8 and, where the machine allows it, to machine
 * code. Stages use qn_regex_set_new and qn_regex_match; the rest is private to core/expr. */
#ifndef QUERN_CORE_EXPR_REGEX_H
#define QUERN_CORE_EXPR_REGEX_H

#include "core/expr/node.h"

/* A pattern that is compiled. */
typedef struct qn_regex qn_regex;

/* Where a pattern matched: group g is [bounds[2 g], bounds[2 g + 1]), group 0 the whole match;
 * (size_t)-1 for a group that took no part. Overwritten by the next match. */
typedef struct qn_match {
    bool found;
    const size_t *bounds;
} qn_match;

/* The patterns of one call: the constant one, or those met last. */
typedef struct qn_regex_set qn_regex_set;

/* Local. For a call's `prepare`: makes the set, and compiles argument `index` if it is a constant
 * (JOB error with the pattern, the offset in it and what is wrong there). `fold`: letters match in
 * any case. The state is released by qn_regex_set_free. */
QN_CHECKED qn_status qn_regex_prepare(qn_expr *call, int32_t index, bool fold);
void qn_regex_set_free(void *set); /* NULL is fine */

/* Local. A set of one pattern, for users that are no expressions. JOB error with the pattern, the
 * offset in it and what is wrong there. The caller's (qn_regex_set_free). */
QN_CHECKED qn_status qn_regex_set_new(qn_regex_set **out, qn_view pattern, bool fold);
qn_regex *qn_regex_only(qn_regex_set *set); /* its pattern, borrowed */

/* Local. The pattern of a row: argument `index` of a call that was prepared. Borrowed, until the
 * next such call. A bad pattern that is no constant is a DATA error. */
QN_CHECKED qn_status qn_regex_of(const qn_call *call, int32_t index, int64_t row, qn_regex **out);

/* The constant pattern of a prepared call; NULL if it is no constant. */
const qn_regex *qn_regex_constant(const qn_expr *call);

/* Local. The first match at or behind byte `start`. DATA error where the limit of steps is
 * exceeded. */
QN_CHECKED qn_status qn_regex_match(qn_regex *regex, qn_view subject, int64_t start, qn_match *out);

/* Where to look for the match behind this one, which was looked for from `start`: one character on
 * from an empty one. May be past the subject's end: there is none then. */
int64_t qn_regex_behind(qn_match match, qn_view subject, int64_t start);

int32_t qn_regex_groups(const qn_regex *regex);                    /* besides the whole match */
int32_t qn_regex_group_named(const qn_regex *regex, qn_view name); /* -1: there is none */
bool qn_regex_is_empty(const qn_regex *regex); /* the pattern has no characters */

static inline qn_view qn_match_group(qn_match match, int32_t group, qn_view subject) {
    size_t from = match.bounds[2 * group], to = match.bounds[2 * group + 1];
    if (from == (size_t)-1 || to < from)
        return (qn_view){"", 0};
    return (qn_view){subject.data + from, (int64_t)(to - from)};
}

#endif
