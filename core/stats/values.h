/* The values of a column as plain doubles, for statistics. */
#ifndef QUERN_CORE_STATS_VALUES_H
#define QUERN_CORE_STATS_VALUES_H

#include "core/column/column.h"

/* True for types that count as numbers here: numeric, bool (0, 1), date (days), timestamp (ns). */
bool qn_values_allowed(qn_type type);

/* Local. The values that are not null, one after the other; `out` has room for column->length.
 * Returns how many. int64 beyond 2^53 are rounded. */
int64_t qn_values_present(const qn_column *column, double *out);

#endif
