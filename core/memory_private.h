/* Between core/memory.c and core/memory_keep.c. */
#ifndef QUERN_CORE_MEMORY_PRIVATE_H
#define QUERN_CORE_MEMORY_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

enum { QN_HUGE_PAGE = 2 << 20, QN_LARGE_BLOCK = 2 * QN_HUGE_PAGE };

/* A large block that malloc gave and qn_mem_kept_put took, of at least `bytes`; NULL: there is none
 * that fits. */
void *qn_mem_kept_take(size_t bytes);

/* Keeps a large block for later; false: the caller frees it. */
bool qn_mem_kept_put(void *base);

#endif
