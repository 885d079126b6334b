#include "core/stats/order.h"

#include <string.h>

enum { RADIX = 256, PASSES = 8, FEW = 48 };

/* Bits that sort as unsigned integers the way the numbers do. */
static uint64_t key_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits ^ ((uint64_t)((int64_t)bits >> 63) | UINT64_C(1) << 63);
}

static void insert_few(double *values, int64_t count) {
    for (int64_t i = 1; i < count; i++) {
        double x = values[i];
        int64_t j = i;
        for (; j > 0 && key_of(values[j - 1]) > key_of(x); j--)
            values[j] = values[j - 1];
        values[j] = x;
    }
}

static void count_digits(const double *values, int64_t count, int64_t (*counts)[RADIX]) {
    for (int64_t i = 0; i < count; i++) {
        uint64_t key = key_of(values[i]);
        for (int pass = 0; pass < PASSES; pass++)
            counts[pass][key >> (8 * pass) & (RADIX - 1)]++;
    }
}

static void scatter(const double *from, double *to, int64_t count, int pass, int64_t *counts) {
    int64_t next = 0;
    for (int digit = 0; digit < RADIX; digit++) {
        int64_t here = counts[digit];
        counts[digit] = next;
        next += here;
    }
    for (int64_t i = 0; i < count; i++)
        to[counts[key_of(from[i]) >> (8 * pass) & (RADIX - 1)]++] = from[i];
}

void qn_order_reals(double *values, double *scratch, int64_t count) {
    int64_t counts[PASSES][RADIX] = {{0}};
    if (count <= FEW) {
        insert_few(values, count);
        return;
    }
    count_digits(values, count, counts);
    double *from = values, *to = scratch;
    for (int pass = 0; pass < PASSES; pass++) {
        if (counts[pass][key_of(from[0]) >> (8 * pass) & (RADIX - 1)] == count)
            continue; /* all the same in this digit */
        scatter(from, to, count, pass, counts[pass]);
        double *swap = from;
        from = to;
        to = swap;
    }
    if (from != values)
        memcpy(values, from, (size_t)count * sizeof *values);
}
