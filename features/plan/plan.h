/* Logical plans: trees of nodes over tables, built by C calls or from SQL, improved by rules and
 * opened as streams.
 *
 *     qn_plan_scan -> qn_plan_filter -> qn_plan_project -> qn_plan_limit      build
 *     qn_plan_prepare   opens the tables, binds names and types, applies the rules
 *     qn_plan_open      the operators that do it
 *
 * The rules are described in docs/plans.md. */
#ifndef QUERN_FEATURES_PLAN_PLAN_H
#define QUERN_FEATURES_PLAN_PLAN_H

#include "core/expr/expr.h"
#include "core/stream.h"
#include "features/window/window.h"
#include "mpi/comm/comm.h"

typedef struct qn_plan qn_plan;

/* One output of a projection: an expression and its name (NULL: the column's own name, or the
 * expression's text), or all columns of the input, or those of one table in it. */
typedef struct qn_plan_output {
    qn_expr *expression; /* NULL: all columns of the input, or of the table that `name` names */
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
/* Gives the columns of `in` the qualifier `name` (FROM (SELECT ...) AS name, FROM table AS name)
 * and, if count > 0, new names, as many as there are columns. */
QN_CHECKED qn_status qn_plan_alias(qn_plan **out, qn_plan *in, const char *name,
                                   char *const *columns, int32_t count, int32_t position);

/* Rows written in the query: VALUES, and SELECT without FROM (one row, no columns: count 0). Each
 * row has `count` constant expressions; names are column1, column2, ... */
QN_CHECKED qn_status qn_plan_values(qn_plan **out, qn_expr *const *values, int32_t rows,
                                    int32_t count, int32_t position);

typedef struct qn_plan_order {
    qn_expr *expression;
    bool descending;
    bool nulls_last;
    int32_t position;
} qn_plan_order;

/* An aggregate function over expressions. Its output is column `name` (a hidden name, see below,
 * when SQL made it up). Constant parameters (a percentile's share, a separator) are arguments too:
 * the plan takes them out. */
typedef struct qn_plan_call {
    const char *function;
    const char *name;
    qn_expr *arguments[3];
    int32_t argument_count;
    bool distinct, ignore_nulls;
    qn_expr *filter;            /* NULL: none */
    const qn_plan_order *order; /* within the group */
    int32_t order_count;
    int32_t position;
} qn_plan_call;

/* Output: the keys, under their names, then the calls. No keys: one row. */
QN_CHECKED qn_status qn_plan_aggregate(qn_plan **out, qn_plan *in, const qn_plan_output *keys,
                                       int32_t key_count, const qn_plan_call *calls,
                                       int32_t call_count);

typedef enum qn_plan_join_kind {
    QN_PLAN_INNER,
    QN_PLAN_LEFT,
    QN_PLAN_RIGHT,
    QN_PLAN_FULL,
    QN_PLAN_SEMI,
    QN_PLAN_ANTI,
    QN_PLAN_CROSS,
    QN_PLAN_MARK,    /* adds the bool column `name`: whether the row has a match */
    QN_PLAN_ANTI_IN, /* NOT IN: a null on either side leaves the row out */
    QN_PLAN_MARK_IN, /* IN as a value: true, false or null */
    QN_PLAN_ASOF,    /* the last right row whose ordered column is at or before the left one */
    QN_PLAN_ASOF_LEFT
} qn_plan_join_kind;

typedef struct qn_plan_join_spec {
    qn_plan_join_kind kind;
    qn_expr *condition; /* over both sides; NULL: none. Equalities become keys, the rest a residual.
                           ASOF: equalities and one of >= > <= < between the sides */
    char *const *using_; /* columns of both sides that must be equal and come out once, first */
    int32_t using_count;
    bool natural;           /* USING all columns that both sides have */
    const char *name;       /* MARK: the column */
    double tolerance;       /* ASOF: < 0 none */
    bool tolerance_is_time; /* in nanoseconds, whatever the unit of the columns; of dates: whole
                               days */
    int32_t position;
} qn_plan_join_spec;

QN_CHECKED qn_status qn_plan_join(qn_plan **out, qn_plan *left, qn_plan *right,
                                  const qn_plan_join_spec *spec);

/* Stable. A limit above makes it a top-k. */
QN_CHECKED qn_status qn_plan_sort(qn_plan **out, qn_plan *in, const qn_plan_order *keys,
                                  int32_t count);

typedef struct qn_plan_window {
    const char *function;
    const char *name;
    qn_expr *arguments[3]; /* constants (ntile's n, lag's k and default) among them */
    int32_t argument_count;
    bool distinct, ignore_nulls;
    qn_expr *filter;
    qn_expr *const *partition;
    int32_t partition_count;
    const qn_plan_order *order;
    int32_t order_count;
    bool default_frame;
    qn_window_frame frame;
    int32_t position;
} qn_plan_window;

/* The input's columns, then one a call. Calls of one window are computed together. */
QN_CHECKED qn_status qn_plan_windows(qn_plan **out, qn_plan *in, const qn_plan_window *calls,
                                     int32_t count);

/* Columns by name (count 0: all): the first row of each distinct value, all columns. */
QN_CHECKED qn_status qn_plan_distinct(qn_plan **out, qn_plan *in, char *const *columns,
                                      int32_t count, int32_t position);

typedef enum qn_plan_set { QN_PLAN_UNION, QN_PLAN_INTERSECT, QN_PLAN_EXCEPT } qn_plan_set;

/* Columns pair up by place; types by the rules of CASE; names are the left side's. */
QN_CHECKED qn_status qn_plan_set_operation(qn_plan **out, qn_plan *left, qn_plan *right,
                                           qn_plan_set kind, bool all, int32_t position);

/* At most one row and exactly one column, renamed `name`: for scalar subqueries, which are cross
 * joins with this. */
QN_CHECKED qn_status qn_plan_single(qn_plan **out, qn_plan *in, const char *name, int32_t position);

/* A named part that several places read (WITH): qn_plan_reference takes the rows of the shared plan
 * `name` that qn_plan_with put around `in`. It is computed once and kept, if read more than once.
 */
QN_CHECKED qn_status qn_plan_with(qn_plan **out, qn_plan *in, const char *name, qn_plan *shared,
                                  int32_t position);
QN_CHECKED qn_status qn_plan_reference(qn_plan **out, const char *name, int32_t position);

/* Each row with probability `fraction`, by (seed, row). */
QN_CHECKED qn_status qn_plan_sample(qn_plan **out, qn_plan *in, double fraction, uint64_t seed,
                                    int32_t position);
/* One cell of a random split by weights. */
QN_CHECKED qn_status qn_plan_split(qn_plan **out, qn_plan *in, const double *weights, int32_t count,
                                   int32_t which, uint64_t seed);
/* Rows spread over ranks by hash of columns, by range of them, or evenly (count 0). */
QN_CHECKED qn_status qn_plan_repartition(qn_plan **out, qn_plan *in, char *const *columns,
                                         int32_t count, bool by_range);
/* Keeps the rows in memory after the first pass. */
QN_CHECKED qn_status qn_plan_cache(qn_plan **out, qn_plan *in);

/* Spark's na functions. Missing: null or NaN. columns: count 0 means all. Dropping keeps rows with
 * at least so many values there (0: all of them). Filling and replacing touch the columns that the
 * value fits: a number numbers, a text texts. */
QN_CHECKED qn_status qn_plan_drop_missing(qn_plan **out, qn_plan *in, char *const *columns,
                                          int32_t count, int32_t at_least);
QN_CHECKED qn_status qn_plan_fill_missing(qn_plan **out, qn_plan *in, char *const *columns,
                                          int32_t count, const qn_scalar *value);
QN_CHECKED qn_status qn_plan_replace(qn_plan **out, qn_plan *in, char *const *columns,
                                     int32_t count, const qn_scalar *from, const qn_scalar *to,
                                     int32_t pairs);

/* Columns whose names start with this are inner ones: '*' leaves them out, and so does the result.
 */
#define QN_PLAN_HIDDEN '$'

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
 * improves the plan, within the session of `execution`. JOB errors with a place: unknown table or
 * column, wrong types, two outputs of one name. Once only. */
QN_CHECKED qn_status qn_plan_prepare(qn_plan *plan, const qn_execution *execution,
                                     const qn_plan_table *tables, int64_t count);

/* Local. Before preparing: no rules, so that tests can compare rows. */
void qn_plan_leave_as_written(qn_plan *plan);

/* The output's columns; of a prepared plan. */
const qn_schema *qn_plan_schema(const qn_plan *plan);

/* Collective. The stream of a plan's rows, preparing it if that was not done. Once only; what
 * `execution` points to is borrowed until the stream is freed, the plan is not needed any more. */
QN_CHECKED qn_status qn_plan_open(qn_stream **out, qn_plan *plan, const qn_execution *execution,
                                  const qn_plan_table *tables, int64_t count);

/* Local. Binds the plan to the schema of its table, without data, within a session (NULL: the
 * default one): what qn_plan_schema gives can be asked then. JOB errors as preparing, and if it
 * reads tables of several names. A narrow plan, one of conditions and projections alone (and what
 * handles missing values), can be applied to batches of that schema then, any number of times; no
 * plan can be opened any more. Once only. */
bool qn_plan_is_narrow(const qn_plan *plan); /* asked before binding */
QN_CHECKED qn_status qn_plan_bind_schema(qn_plan *plan, const qn_schema *schema,
                                         const qn_session *session);

/* Asked before binding, too: may it be another query where its tables have fewer columns ('*',
 * NATURAL JOIN)? */
bool qn_plan_takes_all(const qn_plan *plan);
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
