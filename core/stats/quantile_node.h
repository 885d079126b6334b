/* Inside core/stats: nodes of the quantile tree. */
#ifndef QUERN_CORE_STATS_QUANTILE_NODE_H
#define QUERN_CORE_STATS_QUANTILE_NODE_H

#include "core/stats/quantile.h"

void qn_quantile_node_clear(qn_quantile_node *node);

/* Local. Moves all numbers of `from`, which is left empty, into `node`. */
QN_CHECKED qn_status qn_quantile_node_merge(qn_quantile_node *node, qn_quantile_node *from);

/* Local. Drops numbers until at most `capacity` are left. */
QN_CHECKED qn_status qn_quantile_node_compact(qn_quantile_node *node, int64_t capacity);

#endif
