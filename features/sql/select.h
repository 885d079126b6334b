/* The SELECT statement of a parse tree. Private to features/sql. */
#ifndef QUERN_FEATURES_SQL_SELECT_H
#define QUERN_FEATURES_SQL_SELECT_H

#include "features/sql/source.h"

/* Local. The only statement, if it is a SELECT. */
QN_CHECKED qn_status qn_sql_single_select(const sql_source *source,
                                          const PgQuery__SelectStmt **out);

/* The first clause that is not part of this version, and where it stands; NULL if there is none. */
const char *qn_sql_other_clause(const sql_source *source, const PgQuery__SelectStmt *select,
                                int32_t *location);

#endif
