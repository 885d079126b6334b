/* Columns as text, for stages that work on categories. */
#ifndef QUERN_FEATURES_STAGE_AS_TEXT_H
#define QUERN_FEATURES_STAGE_AS_TEXT_H

#include "core/column/column.h"

/* True for strings and every type that can be cast to them: numeric, bool, date, timestamp. */
bool qn_as_text_allowed(qn_type type);

/* Local. A string column of the values as Spark casts them (1.0 gives "1.0", 100 gives "100");
 * NaN becomes null. A string column is shared, any other comes back dictionary-encoded: only its
 * distinct values are cast. */
QN_CHECKED qn_status qn_as_text(qn_column **out, const qn_column *column);

#endif
