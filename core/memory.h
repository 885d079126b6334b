/* Counted memory: every allocation of the library goes through here, so that leaks show, peaks are
 * known and tests can make any allocation fail. Blocks are aligned to 64 bytes. */
#ifndef QUERN_CORE_MEMORY_H
#define QUERN_CORE_MEMORY_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Local. Allocates `count` objects of `size` bytes; `pointer_out` is the address of the pointer:
 *     double *x = NULL;
 *     QN_TRY(qn_mem_alloc(&x, n, sizeof *x));
 * The new block is the caller's, freed with qn_mem_free. A count of zero gives a valid pointer.
 * calloc clears the block, alloc does not. Errors: MEMORY. */
QN_CHECKED qn_status qn_mem_alloc(void *pointer_out, size_t count, size_t size);
QN_CHECKED qn_status qn_mem_calloc(void *pointer_out, size_t count, size_t size);

/* Local. Changes a block's length, keeping its content; *pointer may be NULL. On failure the old
 * block stands. */
QN_CHECKED qn_status qn_mem_resize(void *pointer, size_t count, size_t size);

/* Local. Makes room for `needed` objects, at least doubling: for arrays that grow. *capacity is
 * in objects. */
QN_CHECKED qn_status qn_mem_reserve(void *pointer, int64_t *capacity, int64_t needed, size_t size);

QN_CHECKED qn_status qn_mem_copy(void *pointer_out, const void *source, size_t count, size_t size);
QN_CHECKED qn_status qn_mem_copy_text(char **out, const char *text);

void qn_mem_free(void *block); /* NULL is fine */

/* Frees `count` blocks and the array that holds them. */
void qn_mem_free_all(void *array_of_pointers, int64_t count);

int64_t qn_mem_in_use(void); /* bytes */
int64_t qn_mem_peak(void);   /* bytes, since start */
/* For measuring a piece of a run: restart gives the peak so far and starts anew from what is in
 * use; raise puts a former peak back where it was higher. */
int64_t qn_mem_restart_peak(void);
void qn_mem_raise_peak(int64_t peak);
int64_t qn_mem_blocks(void); /* live blocks: 0 when nothing leaks */

/* Local. Lets freed memory (256 MiB of small blocks and 512 MiB of large ones at most) stay with
 * the process, where the next batch or query finds it without page faults. For programs to call at
 * their start: it changes malloc for the whole process. */
void qn_mem_keep_freed(void);

/* Fault injection: after `successes` more allocations, the next one fails (once). Negative: off. */
void qn_mem_fail_after(int64_t successes);

#endif
