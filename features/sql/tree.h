/* Walks over parse trees that know nothing of the kinds of nodes, by protobuf's own descriptions of
 * them. Private to features/sql. */
#ifndef QUERN_FEATURES_SQL_TREE_H
#define QUERN_FEATURES_SQL_TREE_H

#include "core/text/text.h"

#include <pg_query/pg_query.pb-c.h>

/* Called for each message, before those in it; false: not into this one. */
typedef bool (*sql_visit)(void *context, const ProtobufCMessage *message);

/* Local. Visits a node (NULL is fine) and everything below it. */
void qn_sql_walk(const void *node, sql_visit visit, void *context);

/* Local. Whether two nodes say the same, wherever they stand. loose: a column with a table in front
 * is the same as one without. */
bool qn_sql_same(const void *a, const void *b, bool loose);

/* Local. Where the first word of a node stands that the tree tells the place of; -1: nowhere. */
int32_t qn_sql_first_location(const void *node);

#endif
