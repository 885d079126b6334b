/* INTERVAL constants of SQL: not values by themselves, but what is added to dates and times and
 * what frames reach back. Private to features/sql. */
#ifndef QUERN_FEATURES_SQL_INTERVAL_H
#define QUERN_FEATURES_SQL_INTERVAL_H

#include "core/time/interval.h"
#include "features/sql/convert.h"

/* Whether a node is INTERVAL '...' (or -INTERVAL '...', CAST('...' AS interval)). */
bool qn_sql_is_interval(const sql_node *node);

/* Local. Its value. JOB error with its place for a text that is none. */
QN_CHECKED qn_status qn_sql_interval(const sql_source *source, const sql_node *node,
                                     qn_interval *out);

#endif
