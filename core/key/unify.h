/* One dictionary for a table's batches. */
#ifndef QUERN_CORE_KEY_UNIFY_H
#define QUERN_CORE_KEY_UNIFY_H

#include "core/stream.h"

/* Local. String columns whose batches all have dictionaries, but different ones, get a common one,
 * so that rows gathered from several batches keep it. Columns whose dictionaries have more entries
 * in all than the table has rows are left alone. Cost: each dictionary is looked up once, 1 ns a
 * row. */
QN_CHECKED qn_status qn_table_unify(qn_table *table);

#endif
