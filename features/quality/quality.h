/* Data quality: rules that a table must keep, what becomes of rows that break them, and the report.
 *
 *     qn_quality_add     rules, configured by options
 *     qn_quality_bind    columns and types are checked, without data
 *     qn_quality_run     the data is read: every rule is judged
 *     qn_quality_pass    the rows that are left; qn_quality_rejected: the quarantined ones
 *
 * Row rules (not_null, range, allowed, matches, unique, references, outliers, predicate) say of
 * each row whether it breaks them; those that need no other rows are all evaluated in one pass.
 * Table rules (row_count, freshness, drift, query) judge the table as a whole. docs/quality.md
 * defines each.
 *
 * Of each row one bit is kept for "leaves the output" and one for "goes to quarantine", in pages
 * that exist only where such a row is; rules that compare rows (unique, references) keep one bit a
 * row more. */
#ifndef QUERN_FEATURES_QUALITY_QUALITY_H
#define QUERN_FEATURES_QUALITY_QUALITY_H

#include "core/options.h"
#include "core/stream.h"
#include "features/wide/wide.h"

#include <jansson.h>

typedef struct qn_quality qn_quality;
typedef struct qn_rule qn_rule;

/* Tables that rules name. `open` is collective and gives a new stream, the caller's. */
typedef struct qn_quality_tables {
    qn_status (*open)(void *context, qn_comm *comm, const char *name, qn_stream **out);
    void *context;
} qn_quality_tables;

/* A kind of rule, for help and documentation. */
typedef struct qn_rule_kind {
    const char *name;
    const char *help;
    bool of_table; /* judges the table, not its rows */
    const qn_option *options;
} qn_rule_kind;

/* The index-th kind; false past the last. */
bool qn_quality_kind(int32_t index, qn_rule_kind *out);

/* Columns that quarantined rows get beside their own. */
#define QN_QUALITY_ROW   "source_row"
#define QN_QUALITY_RULES "broken_rules"

QN_CHECKED qn_status qn_quality_new(qn_quality **out);
void qn_quality_free(qn_quality *quality); /* NULL is fine */

/* Local. A rule of a kind ("range"), borrowed. JOB error with the nearest name. */
QN_CHECKED qn_status qn_quality_add(qn_quality *quality, const char *kind, qn_rule **out);

/* The options of a rule, to be set before binding; borrowed. */
qn_options *qn_rule_options(const qn_rule *rule);

/* Local. How many example rows a rule shows (5 if not called). */
void qn_quality_set_examples(qn_quality *quality, int32_t count);

int32_t qn_quality_count(const qn_quality *quality); /* rules */

/* Whether a rule sends rows to quarantine; of bound rules. */
bool qn_quality_quarantines(const qn_quality *quality);

/* Collective. Checks the index-th rule against the table's columns, opening the other table that it
 * names; the execution and what it points to are borrowed. JOB errors, the same on all ranks. */
QN_CHECKED qn_status qn_quality_bind(qn_quality *quality, int32_t index, const qn_schema *schema,
                                     const qn_quality_tables *tables,
                                     const qn_execution *execution);

/* Local. Sets needed[i] for each column of the bound schema that a rule reads. */
void qn_quality_mark_columns(const qn_quality *quality, bool *needed);

/* Collective. Judges the bound rules over a stream, which is rewound and read as often as needed
 * (once for all rules that need no other rows; once more for each of unique, references, drift and
 * query, and once for all outliers). Rules that are broken are no error: see qn_quality_verdict.
 * INTERNAL error if passed, dropped and quarantined rows do not add up to those read. */
QN_CHECKED qn_status qn_quality_run(qn_quality *quality, qn_stream *in);

/* Over all ranks. */
typedef struct qn_quality_counts {
    int64_t rows, passed, dropped, quarantined;
    int32_t failed, warned; /* rules */
} qn_quality_counts;

qn_quality_counts qn_quality_counts_of(const qn_quality *quality);

/* QN_OK, or a QUALITY error that names the rules whose action is `fail` and which were broken. */
QN_CHECKED qn_status qn_quality_verdict(const qn_quality *quality);

/* Local. The rows of `in`, the stream that was judged or another of the same rows, that stay. Takes
 * over `in`, also on failure; borrows `quality`. INTERNAL error at its end if they are not as many
 * as were counted. */
QN_CHECKED qn_status qn_quality_pass(qn_stream **out, qn_stream *in, const qn_quality *quality);

/* Local. The same for the quarantined rows: the columns of `in`, then source_row (int64) and
 * broken_rules (string: names of all row rules that the row breaks, joined by ", "). */
QN_CHECKED qn_status qn_quality_rejected(qn_stream **out, qn_stream *in, const qn_quality *quality);

/* Local, once judged. {"rows", "passed", "dropped", "quarantined", "failed", "warned", "rules":
 * [{"rule", "type", "columns", "action", "outcome", "checked", "violations", "share", "detail",
 * "examples": [{"row", "values": {..}}]}]}; the caller's reference. */
QN_CHECKED qn_status qn_quality_report(const qn_quality *quality, json_t **out);

#endif
