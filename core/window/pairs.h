/* Inside core/window: sorting numbers that carry a row. */
#ifndef QUERN_CORE_WINDOW_PAIRS_H
#define QUERN_CORE_WINDOW_PAIRS_H

#include <stdint.h>

/* Local. Stable; the spare arrays have room for as many. Nothing to do where they are in order
 * already; few are merged in cache, many sorted by radix. */
void qn_pairs_sort(uint64_t *keys, uint32_t *rows, uint64_t *spare_keys, uint32_t *spare_rows,
                   int64_t count);

#endif
