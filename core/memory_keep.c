#include "core/memory.h"
#include "core/memory_private.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

enum { MIB = 1 << 20, KEPT_BLOCKS = 32 };

/* Large blocks that were freed, oldest first: a part of the allocator's state. */
static struct {
    void *bases[KEPT_BLOCKS];
    size_t sizes[KEPT_BLOCKS];
    int count;
    size_t bytes, limit;
} kept;

/* A batch's buffers are just over malloc's limits for mapping and for trimming, so each batch
 * would be mapped and faulted in anew: filters ran four times slower for it. Beyond those limits,
 * tables of wide operators come and go with every query; fresh pages took a third of their time. */
void qn_mem_keep_freed(void) {
    (void)mallopt(M_MMAP_THRESHOLD, 32 * MIB);
    (void)mallopt(M_TRIM_THRESHOLD, 256 * MIB);
    (void)mallopt(M_TOP_PAD, 16 * MIB);
    kept.limit = (size_t)512 * MIB;
}

static void *remove_block(int at) {
    void *base = kept.bases[at];
    kept.bytes -= kept.sizes[at];
    kept.count--;
    for (int i = at; i < kept.count; i++) {
        kept.bases[i] = kept.bases[i + 1];
        kept.sizes[i] = kept.sizes[i + 1];
    }
    return base;
}

void *qn_mem_kept_take(size_t bytes) {
    int best = -1;
    for (int i = 0; i < kept.count; i++) {
        bool fits = kept.sizes[i] >= bytes && kept.sizes[i] / 2 <= bytes;
        if (fits && (best < 0 || kept.sizes[i] < kept.sizes[best]))
            best = i;
    }
    return best < 0 ? NULL : remove_block(best);
}

bool qn_mem_kept_put(void *base) {
    size_t size = malloc_usable_size(base);
    if (size > kept.limit)
        return false;
    while (kept.count > 0 && (kept.count == KEPT_BLOCKS || kept.bytes + size > kept.limit))
        free(remove_block(0));
    kept.bases[kept.count] = base;
    kept.sizes[kept.count++] = size;
    kept.bytes += size;
    return true;
}
