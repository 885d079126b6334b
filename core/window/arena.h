/* Inside core/window: short-lived arrays, all freed at once and their memory kept for the next
 * round. */
#ifndef QUERN_CORE_WINDOW_ARENA_H
#define QUERN_CORE_WINDOW_ARENA_H

#include "core/status.h"

#include <stdint.h>

typedef struct qn_arena {
    char **blocks;
    int64_t *sizes;
    int64_t count, capacity, size_capacity;
    int64_t used; /* of the last block */
} qn_arena;

void qn_arena_init(qn_arena *arena);
void qn_arena_clear(qn_arena *arena);

/* Local. Room for `count` objects of `size` bytes, not cleared, aligned to 64 bytes; holds until
 * the arena is emptied. `pointer_out` is the address of the pointer. MEMORY error. */
QN_CHECKED qn_status qn_arena_take(qn_arena *arena, void *pointer_out, int64_t count, size_t size);

/* Forgets the arrays, but not the memory. */
void qn_arena_empty(qn_arena *arena);

#endif
