/* The rows of a column that a bitmap keeps. */
#ifndef QUERN_CORE_COLUMN_COMPRESS_H
#define QUERN_CORE_COLUMN_COMPRESS_H

#include "core/column/column.h"

/* Local. Rows whose bit is 1 in `keep`; `rows` lists the same rows,
 * `kept` of them. Values of 4 and 8 bytes without nulls, and dictionary codes, are compressed by
 * AVX-512 where there is one: memory speed instead of 1 ns a row; all else is qn_column_take. */
QN_CHECKED qn_status qn_column_compress(qn_column **out, const qn_column *column,
                                        const uint64_t *keep, const int64_t *rows, int64_t kept);

#endif
