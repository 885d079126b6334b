#include "core/key/radix.h"

#include <stdbool.h>
#include <string.h>

enum {
    DIGIT_BITS = 8,
    BUCKETS = 1 << DIGIT_BITS,
    DIGITS = (64 + DIGIT_BITS - 1) / DIGIT_BITS,
    FEW = 48
};

/* How often each value of each digit occurs; one pass for all digits. */
typedef struct histogram {
    int64_t counts[DIGITS][BUCKETS];
    int digits;
} histogram;

static inline unsigned digit_of(uint64_t word, int shift) {
    return (unsigned)(word >> shift) & (BUCKETS - 1);
}

static void count_digits(histogram *self, const uint64_t *words, int64_t count, int low, int high) {
    self->digits = (high - low + DIGIT_BITS - 1) / DIGIT_BITS;
    memset(self->counts, 0, (size_t)self->digits * sizeof self->counts[0]);
    for (int64_t i = 0; i < count; i++)
        for (int d = 0; d < self->digits; d++)
            self->counts[d][digit_of(words[i], low + d * DIGIT_BITS)]++;
}

/* Places of the digit's buckets; false if all words have the same digit. */
static bool start_buckets(const histogram *self, int digit, int64_t count, uint64_t first_word,
                          int shift, int64_t starts[BUCKETS]) {
    if (self->counts[digit][digit_of(first_word, shift)] == count)
        return false;
    int64_t start = 0;
    for (int b = 0; b < BUCKETS; b++) {
        starts[b] = start;
        start += self->counts[digit][b];
    }
    return true;
}

/* Bits above `high` must not decide: a mask for comparing. */
static uint64_t mask_of(int low, int high) {
    uint64_t below_high = high >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << high) - 1;
    return below_high & ~((UINT64_C(1) << low) - 1);
}

static void sort_few(uint64_t *words, int64_t count, uint64_t mask) {
    for (int64_t i = 1; i < count; i++) {
        uint64_t word = words[i];
        int64_t at = i;
        for (; at > 0 && (words[at - 1] & mask) > (word & mask); at--)
            words[at] = words[at - 1];
        words[at] = word;
    }
}

static void sort_few_pairs(uint64_t *words, uint32_t *carried, int64_t count, uint64_t mask) {
    for (int64_t i = 1; i < count; i++) {
        uint64_t word = words[i];
        uint32_t number = carried[i];
        int64_t at = i;
        for (; at > 0 && (words[at - 1] & mask) > (word & mask); at--) {
            words[at] = words[at - 1];
            carried[at] = carried[at - 1];
        }
        words[at] = word;
        carried[at] = number;
    }
}

void qn_radix_sort(uint64_t *words, uint64_t *spare, int64_t count, int low, int high) {
    if (low >= high)
        return;
    if (count <= FEW) {
        sort_few(words, count, mask_of(low, high));
        return;
    }
    histogram found;
    int64_t starts[BUCKETS];
    uint64_t *from = words, *to = spare;
    count_digits(&found, words, count, low, high);
    for (int d = 0; d < found.digits; d++) {
        int shift = low + d * DIGIT_BITS;
        if (!start_buckets(&found, d, count, from[0], shift, starts))
            continue;
        for (int64_t i = 0; i < count; i++)
            to[starts[digit_of(from[i], shift)]++] = from[i];
        uint64_t *swapped = from;
        from = to;
        to = swapped;
    }
    if (from != words)
        memcpy(words, from, (size_t)count * sizeof *words);
}

void qn_radix_sort_pairs(uint64_t *words, uint32_t *carried, uint64_t *spare_words,
                         uint32_t *spare_carried, int64_t count, int low, int high) {
    if (low >= high)
        return;
    if (count <= FEW) {
        sort_few_pairs(words, carried, count, mask_of(low, high));
        return;
    }
    histogram found;
    int64_t starts[BUCKETS];
    uint64_t *from = words, *to = spare_words;
    uint32_t *from_carried = carried, *to_carried = spare_carried;
    count_digits(&found, words, count, low, high);
    for (int d = 0; d < found.digits; d++) {
        int shift = low + d * DIGIT_BITS;
        if (!start_buckets(&found, d, count, from[0], shift, starts))
            continue;
        for (int64_t i = 0; i < count; i++) {
            int64_t at = starts[digit_of(from[i], shift)]++;
            to[at] = from[i];
            to_carried[at] = from_carried[i];
        }
        uint64_t *swapped = from;
        uint32_t *swapped_carried = from_carried;
        from = to;
        to = swapped;
        from_carried = to_carried;
        to_carried = swapped_carried;
    }
    if (from != words) {
        memcpy(words, from, (size_t)count * sizeof *words);
        memcpy(carried, from_carried, (size_t)count * sizeof *carried);
    }
}
