#include "core/window/arena.h"

#include "core/memory.h"

#include <string.h>

enum { ALIGNMENT = 64, SMALLEST_BLOCK = 1 << 20 };

void qn_arena_init(qn_arena *arena) {
    *arena = (qn_arena){0};
}

static void keep_blocks(qn_arena *arena, int64_t from) {
    for (int64_t i = 0; i < from; i++)
        qn_mem_free(arena->blocks[i]);
    for (int64_t i = from; i < arena->count; i++) {
        arena->blocks[i - from] = arena->blocks[i];
        arena->sizes[i - from] = arena->sizes[i];
    }
    arena->count -= from;
    arena->used = 0;
}

void qn_arena_clear(qn_arena *arena) {
    keep_blocks(arena, arena->count);
    qn_mem_free(arena->blocks);
    qn_mem_free(arena->sizes);
    qn_arena_init(arena);
}

/* At least twice the last one: soon one block holds everything. */
static qn_status add_block(qn_arena *arena, int64_t needed) {
    int64_t size = arena->count > 0 ? 2 * arena->sizes[arena->count - 1] : SMALLEST_BLOCK;
    char *block = NULL;
    QN_TRY(
        qn_mem_reserve(&arena->blocks, &arena->capacity, arena->count + 1, sizeof *arena->blocks));
    QN_TRY(qn_mem_reserve(&arena->sizes, &arena->size_capacity, arena->count + 1,
                          sizeof *arena->sizes));
    if (size < needed)
        size = needed;
    QN_TRY(qn_mem_alloc(&block, (size_t)size, 1));
    arena->blocks[arena->count] = block;
    arena->sizes[arena->count++] = size;
    arena->used = 0;
    return QN_OK;
}

qn_status qn_arena_take(qn_arena *arena, void *pointer_out, int64_t count, size_t size) {
    int64_t needed = (count * (int64_t)size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (arena->count == 0 || arena->sizes[arena->count - 1] - arena->used < needed)
        QN_TRY(add_block(arena, needed));
    *(void **)pointer_out = arena->blocks[arena->count - 1] + arena->used;
    arena->used += needed;
    return QN_OK;
}

void qn_arena_empty(qn_arena *arena) {
    if (arena->count > 0)
        keep_blocks(arena, arena->count - 1);
}
