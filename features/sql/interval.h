/* Dates and times in forms of SQL's own. INTERVAL constants are not values by themselves, but what
 * is added to dates and times and what frames reach back. Private to features/sql. */
#ifndef QUERN_FEATURES_SQL_INTERVAL_H
#define QUERN_FEATURES_SQL_INTERVAL_H

#include "core/time/interval.h"
#include "features/sql/convert.h"

/* Whether a node is INTERVAL '...' (or -INTERVAL '...', CAST('...' AS interval)). */
bool qn_sql_is_interval(const sql_node *node);

/* Local. Its value. JOB error with its place for a text that is none. */
QN_CHECKED qn_status qn_sql_interval(const sql_source *source, const sql_node *node,
                                     qn_interval *out);

/* An operator with an interval on one side or both. */
bool qn_sql_has_interval(const PgQuery__AExpr *node);
QN_CHECKED qn_status qn_sql_interval_operator(sql_scope *scope, const PgQuery__AExpr *node,
                                              const char *name, qn_expr **out);

/* Local. Forms of the grammar. */
QN_CHECKED qn_status qn_sql_extract(sql_scope *scope, const PgQuery__FuncCall *node, qn_expr **out);
QN_CHECKED qn_status qn_sql_at_time_zone(sql_scope *scope, const PgQuery__FuncCall *node,
                                         qn_expr **out);

/* Functions whose first argument is a unit, as a text or a bare word: TIMESTAMPDIFF(DAY, a, b).
 * *name becomes the function that is meant. */
bool qn_sql_takes_unit(const PgQuery__FuncCall *node, const char **name);
QN_CHECKED qn_status qn_sql_unit_call(sql_scope *scope, const PgQuery__FuncCall *node,
                                      const char *name, qn_expr **out);

#endif
