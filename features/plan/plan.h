/* Logical plans: trees of nodes over tables, built by C calls or from SQL, improved by rules and
 * opened as streams.
 *
 *     qn_plan_scan -> qn_plan_filter -> qn_plan_project -> qn_plan_limit      build
 *     qn_plan_prepare   opens the tables, binds names and types, applies the rules
 *     qn_plan_open      the operators that do it
 *
 * Rules: constants are folded; a condition above a projection moves below it when it reads only
 * columns that the projection passes on unchanged; only the columns that some node reads are read
 * from the table. */
#ifndef QUERN_FEATURES_PLAN_PLAN_H
#define QUERN_FEATURES_PLAN_PLAN_H

#include "core/expr/expr.h"
#include "core/stream.h"
#include "mpi/comm/comm.h"

typedef struct qn_plan qn_plan;

/* One output of a projection: an expression and its name (NULL: the column's own name, or the
 * expression's text), or all columns of the input. */
typedef struct qn_plan_output {
    qn_expr *expression; /* NULL: all columns of the input */
    char *name;
    int32_t position;
} qn_plan_output;

/* Local. Constructors. A node takes over its input and its expressions, also on failure; names are
 * copied. Positions are byte offsets in the source text, -1: none. */
QN_CHECKED qn_status qn_plan_scan(qn_plan **out, const char *table, int32_t position);
QN_CHECKED qn_status qn_plan_filter(qn_plan **out, qn_plan *in, qn_expr *condition,
                                    int32_t position);
QN_CHECKED qn_status qn_plan_project(qn_plan **out, qn_plan *in, const qn_plan_output *outputs,
                                     int32_t count);
/* limit < 0: no limit. */
QN_CHECKED qn_status qn_plan_limit(qn_plan **out, qn_plan *in, int64_t limit, int64_t offset,
                                   int32_t position);
void qn_plan_free(qn_plan *plan); /* NULL is fine */

/* Local. The text that positions refer to, copied: errors then show place and line. */
QN_CHECKED qn_status qn_plan_set_source(qn_plan *plan, qn_view text);

/* A table that plans may name. `open` is collective and gives a new stream, the plan's. */
typedef struct qn_plan_table {
    const char *name;
    qn_status (*open)(void *context, qn_comm *comm, qn_stream **out);
    void *context;
} qn_plan_table;

/* A table over a stream in hand: the first plan that reads it takes it over (*stream becomes
 * NULL). */
qn_plan_table qn_plan_table_of(const char *name, qn_stream **stream);

/* Collective. Opens the tables that the plan names (their names match in any case), binds and
 * improves the plan. JOB errors with a place: unknown table or column, wrong types, two outputs of
 * one name. Once only. */
QN_CHECKED qn_status qn_plan_prepare(qn_plan *plan, qn_comm *comm, const qn_plan_table *tables,
                                     int64_t count);

/* The output's columns; of a prepared plan. */
const qn_schema *qn_plan_schema(const qn_plan *plan);

/* Collective. The stream of a plan's rows, preparing it if that was not done. Once only; `comm` is
 * borrowed until the stream is freed, the plan is not needed any more. */
QN_CHECKED qn_status qn_plan_open(qn_stream **out, qn_plan *plan, qn_comm *comm,
                                  const qn_plan_table *tables, int64_t count);

/* Local. For plans of conditions and projections alone: binds the plan to a table's schema, then
 * applies it to batches of it, any number of times. JOB error for a plan with a limit. The plan can
 * be bound once. */
QN_CHECKED qn_status qn_plan_bind_schema(qn_plan *plan, const qn_schema *schema);
QN_CHECKED qn_status qn_plan_apply(const qn_plan *plan, const qn_batch *in, qn_batch *out);

/* What a plan does without because the table lacks a column: the column, and the output that needs
 * it; no output (NULL): a term of a condition. */
typedef struct qn_plan_gap {
    char *column, *output;
} qn_plan_gap;

typedef struct qn_plan_gaps {
    int64_t count, capacity;
    qn_plan_gap *items;
} qn_plan_gaps;

void qn_plan_gaps_clear(qn_plan_gaps *gaps);

/* Local. To be called before qn_plan_bind_schema: takes out of the plan's first projection the
 * outputs, and of the conditions below it the terms (what AND joins at the top), that need a column
 * which `schema` lacks, and adds them to `gaps`. Changes nothing if no output would be left. */
QN_CHECKED qn_status qn_plan_leave_out(qn_plan *plan, const qn_schema *schema, qn_plan_gaps *gaps);

/* Local. One node a line, the root first, inputs indented; a prepared scan shows the columns that
 * it reads. To be called before opening, which moves the expressions into the operators. */
QN_CHECKED qn_status qn_plan_print(const qn_plan *plan, qn_text *out);

/* Local. Name of the n-th table that the plan reads, as it is written; NULL past the last. */
const char *qn_plan_table_name(const qn_plan *plan, int32_t n);

#endif
