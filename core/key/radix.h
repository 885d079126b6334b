/* Least-significant-digit radix sorts of unsigned numbers, stable, by the lowest `bits` bits that
 * matter; digits that are the same everywhere cost one look. */
#ifndef QUERN_CORE_KEY_RADIX_H
#define QUERN_CORE_KEY_RADIX_H

#include <stdint.h>

/* Local. Sorts words by bits [low, high); those above must be 0. `spare` has room for as many. The
 * result is in `words`. */
void qn_radix_sort(uint64_t *words, uint64_t *spare, int64_t count, int low, int high);

/* Local. The same for words that each carry a number along. */
void qn_radix_sort_pairs(uint64_t *words, uint32_t *carried, uint64_t *spare_words,
                         uint32_t *spare_carried, int64_t count, int low, int high);

#endif
