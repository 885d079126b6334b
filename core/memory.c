#include "core/memory.h"
#include "core/memory_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* In front of each block: what malloc gave and the size, so that free and resize know both. */
typedef struct prefix {
    void *base;
    size_t size;
} prefix;

enum { ALIGNMENT = 64, OVERHEAD = ALIGNMENT + sizeof(prefix) };

/* The allocation counter: with the log level and the last error, all of the house's state. */
static struct {
    int64_t in_use, peak, blocks;
    int64_t fail_after; /* successes left before one failure; negative: off */
} counter = {.fail_after = -1};

static bool must_fail(void) {
    if (counter.fail_after < 0)
        return false;
    return counter.fail_after-- == 0;
}

static prefix *prefix_of(void *block) {
    return (prefix *)((char *)block - sizeof(prefix));
}

static void count_block(size_t size) {
    counter.blocks++;
    counter.in_use += (int64_t)size;
    if (counter.in_use > counter.peak)
        counter.peak = counter.in_use;
}

static void uncount_block(size_t size) {
    counter.blocks--;
    counter.in_use -= (int64_t)size;
}

static void *place(void *base, size_t size) {
    uintptr_t start = ((uintptr_t)base + OVERHEAD) & ~(uintptr_t)(ALIGNMENT - 1);
    void *block = (char *)base + (start - (uintptr_t)base);
    *prefix_of(block) = (prefix){base, size};
    return block;
}

/* Asks for huge pages inside a large block: fresh pages of 4 KiB cost more than what is done with
 * them (messages between ranks ran eight times slower), and hash tables miss the TLB less. */
static void use_huge_pages(char *block, size_t bytes) {
    size_t skip = (size_t)(-(uintptr_t)block & (QN_HUGE_PAGE - 1));
    (void)madvise(block + skip, (bytes - skip) & ~(size_t)(QN_HUGE_PAGE - 1), MADV_HUGEPAGE);
}

static void *take_block(size_t bytes, bool clear) {
    void *base = bytes >= QN_LARGE_BLOCK ? qn_mem_kept_take(bytes) : NULL;
    if (base == NULL)
        return clear ? calloc(1, bytes) : malloc(bytes);
    if (clear)
        memset(base, 0, bytes);
    return base;
}

static qn_status allocate(void *pointer_out, size_t count, size_t size, bool clear) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        return qn_fail(QN_MEMORY, "cannot allocate %zu objects of %zu bytes", count, size);
    void *base = NULL;
    if (!must_fail())
        base = take_block(bytes + OVERHEAD, clear);
    if (base == NULL)
        return qn_fail(QN_MEMORY, "out of memory: cannot allocate %zu bytes (%lld in use)", bytes,
                       (long long)counter.in_use);
    void *block = place(base, bytes);
    if (bytes >= QN_LARGE_BLOCK)
        use_huge_pages(block, bytes);
    count_block(bytes);
    memcpy(pointer_out, &block, sizeof block);
    return QN_OK;
}

qn_status qn_mem_alloc(void *pointer_out, size_t count, size_t size) {
    return allocate(pointer_out, count, size, false);
}

qn_status qn_mem_calloc(void *pointer_out, size_t count, size_t size) {
    return allocate(pointer_out, count, size, true);
}

qn_status qn_mem_resize(void *pointer, size_t count, size_t size) {
    void *old, *new = NULL;
    memcpy(&old, pointer, sizeof old);
    QN_TRY(allocate(&new, count, size, false));
    if (old != NULL) {
        size_t kept = prefix_of(old)->size;
        memcpy(new, old, kept < count * size ? kept : count * size);
        qn_mem_free(old);
    }
    memcpy(pointer, &new, sizeof new);
    return QN_OK;
}

qn_status qn_mem_reserve(void *pointer, int64_t *capacity, int64_t needed, size_t size) {
    if (needed <= *capacity)
        return QN_OK;
    int64_t grown = *capacity * 2 > needed ? *capacity * 2 : needed;
    if (grown < 8)
        grown = 8;
    QN_TRY(qn_mem_resize(pointer, (size_t)grown, size));
    *capacity = grown;
    return QN_OK;
}

qn_status qn_mem_copy(void *pointer_out, const void *source, size_t count, size_t size) {
    void *copy = NULL;
    QN_TRY(qn_mem_alloc(&copy, count, size));
    if (count * size > 0)
        memcpy(copy, source, count * size);
    memcpy(pointer_out, &copy, sizeof copy);
    return QN_OK;
}

qn_status qn_mem_copy_text(char **out, const char *text) {
    return qn_mem_copy(out, text, strlen(text) + 1, 1);
}

void qn_mem_free(void *block) {
    if (block == NULL)
        return;
    prefix head = *prefix_of(block);
    uncount_block(head.size);
    if (head.size < QN_LARGE_BLOCK || !qn_mem_kept_put(head.base))
        free(head.base);
}

void qn_mem_free_all(void *array_of_pointers, int64_t count) {
    char *blocks = array_of_pointers;
    if (blocks == NULL)
        return;
    for (int64_t i = 0; i < count; i++) {
        void *block;
        memcpy(&block, blocks + (size_t)i * sizeof block, sizeof block);
        qn_mem_free(block);
    }
    qn_mem_free(blocks);
}

int64_t qn_mem_in_use(void) {
    return counter.in_use;
}

int64_t qn_mem_peak(void) {
    return counter.peak;
}

int64_t qn_mem_restart_peak(void) {
    int64_t peak = counter.peak;
    counter.peak = counter.in_use;
    return peak;
}

void qn_mem_raise_peak(int64_t peak) {
    if (peak > counter.peak)
        counter.peak = peak;
}

int64_t qn_mem_blocks(void) {
    return counter.blocks;
}

void qn_mem_fail_after(int64_t successes) {
    counter.fail_after = successes;
}
