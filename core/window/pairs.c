#include "core/window/pairs.h"

#include <stdbool.h>
#include <string.h>

enum { INSERTION = 12, RADIX_FROM = 512, DIGITS = 8 };

static void insert(uint64_t *keys, uint32_t *rows, int64_t count) {
    for (int64_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        uint32_t row = rows[i];
        int64_t k = i;
        for (; k > 0 && keys[k - 1] > key; k--) {
            keys[k] = keys[k - 1];
            rows[k] = rows[k - 1];
        }
        keys[k] = key;
        rows[k] = row;
    }
}

/* Merges [from, middle) and [middle, to); which side a pair comes from is not guessed. */
static void merge(const uint64_t *keys, const uint32_t *rows, int64_t from, int64_t middle,
                  int64_t to, uint64_t *out_keys, uint32_t *out_rows) {
    int64_t a = from, b = middle, out = from;
    while (a < middle && b < to) {
        bool second = keys[b] < keys[a];
        int64_t taken = second ? b : a;
        out_keys[out] = keys[taken];
        out_rows[out++] = rows[taken];
        b += second;
        a += !second;
    }
    int64_t rest = a < middle ? a : b, count = to - out;
    memcpy(out_keys + out, keys + rest, (size_t)count * sizeof *keys);
    memcpy(out_rows + out, rows + rest, (size_t)count * sizeof *rows);
}

static void merge_sort(uint64_t *keys, uint32_t *rows, uint64_t *spare_keys, uint32_t *spare_rows,
                       int64_t count) {
    uint64_t *from_keys = keys, *to_keys = spare_keys;
    uint32_t *from_rows = rows, *to_rows = spare_rows;
    for (int64_t i = 0; i < count; i += INSERTION)
        insert(keys + i, rows + i, count - i < INSERTION ? count - i : INSERTION);
    for (int64_t width = INSERTION; width < count; width *= 2) {
        for (int64_t i = 0; i < count; i += 2 * width) {
            int64_t middle = i + width < count ? i + width : count;
            int64_t to = middle + width < count ? middle + width : count;
            merge(from_keys, from_rows, i, middle, to, to_keys, to_rows);
        }
        uint64_t *other_keys = from_keys;
        uint32_t *other_rows = from_rows;
        from_keys = to_keys;
        from_rows = to_rows;
        to_keys = other_keys;
        to_rows = other_rows;
    }
    if (from_keys != keys) {
        memcpy(keys, from_keys, (size_t)count * sizeof *keys);
        memcpy(rows, from_rows, (size_t)count * sizeof *rows);
    }
}

static void radix_sort(uint64_t *keys, uint32_t *rows, uint64_t *spare_keys, uint32_t *spare_rows,
                       int64_t count) {
    uint64_t *from_keys = keys, *to_keys = spare_keys;
    uint32_t *from_rows = rows, *to_rows = spare_rows;
    int64_t places[DIGITS][256];
    memset(places, 0, sizeof places);
    for (int64_t i = 0; i < count; i++)
        for (int d = 0; d < DIGITS; d++)
            places[d][keys[i] >> 8 * d & 255]++;
    for (int d = 0; d < DIGITS; d++) {
        if (places[d][from_keys[0] >> 8 * d & 255] == count)
            continue; /* one digit for all */
        int64_t sum = 0;
        for (int b = 0; b < 256; b++) {
            int64_t size = places[d][b];
            places[d][b] = sum;
            sum += size;
        }
        for (int64_t i = 0; i < count; i++) {
            int64_t place = places[d][from_keys[i] >> 8 * d & 255]++;
            to_keys[place] = from_keys[i];
            to_rows[place] = from_rows[i];
        }
        uint64_t *other_keys = from_keys;
        uint32_t *other_rows = from_rows;
        from_keys = to_keys;
        from_rows = to_rows;
        to_keys = other_keys;
        to_rows = other_rows;
    }
    if (from_keys != keys) {
        memcpy(keys, from_keys, (size_t)count * sizeof *keys);
        memcpy(rows, from_rows, (size_t)count * sizeof *rows);
    }
}

void qn_pairs_sort(uint64_t *keys, uint32_t *rows, uint64_t *spare_keys, uint32_t *spare_rows,
                   int64_t count) {
    bool sorted = true;
    for (int64_t i = 1; i < count; i++)
        sorted &= keys[i - 1] <= keys[i];
    if (sorted)
        return;
    if (count <= INSERTION)
        insert(keys, rows, count);
    else if (count < RADIX_FROM)
        merge_sort(keys, rows, spare_keys, spare_rows, count);
    else
        radix_sort(keys, rows, spare_keys, spare_rows, count);
}
