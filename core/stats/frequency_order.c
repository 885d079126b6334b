/* Orders of counted values, and their form as bytes. */
#include "core/stats/frequency_private.h"

#include "core/memory.h"
#include "core/text/short.h"

#include <stdlib.h>
#include <string.h>

typedef struct ranking {
    const qn_frequency *frequency;
    qn_frequency_order order;
} ranking;

static int compare_keys(const qn_frequency *frequency, int64_t a, int64_t b) {
    if (frequency->text)
        return qn_view_compare(qn_frequency_text(frequency, a), qn_frequency_text(frequency, b));
    double x = frequency->numbers[a], y = frequency->numbers[b];
    bool x_nan = x != x, y_nan = y != y;
    if (x_nan || y_nan)
        return (int)x_nan - (int)y_nan;
    return (x > y) - (x < y);
}

static int compare_entries(const void *left, const void *right, void *context) {
    const ranking *by = context;
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    int64_t count_a = by->frequency->counts[a], count_b = by->frequency->counts[b];
    int counts = (count_a > count_b) - (count_a < count_b);
    if (by->order == QN_FREQUENCY_COUNT_DESC && counts != 0)
        return -counts;
    if (by->order == QN_FREQUENCY_COUNT_ASC && counts != 0)
        return counts;
    int keys = compare_keys(by->frequency, a, b);
    return by->order == QN_FREQUENCY_KEY_DESC ? -keys : keys;
}

qn_status qn_frequency_rank(const qn_frequency *frequency, qn_frequency_order order,
                            int64_t **out) {
    int64_t *entries = NULL;
    QN_TRY(qn_mem_alloc(&entries, (size_t)frequency->count, sizeof *entries));
    for (int64_t i = 0; i < frequency->count; i++)
        entries[i] = i;
    ranking by = {frequency, order};
    qsort_r(entries, (size_t)frequency->count, sizeof *entries, compare_entries, &by);
    *out = entries;
    return QN_OK;
}

/* ---- Texts in order of their bytes ------------------------------------------------------------
 */

/* The 8 bytes behind what all texts begin with, as a number of the same order; ties are rare. */
typedef struct prefixed {
    uint64_t prefix;
    int64_t entry;
} prefixed;

/* How many bytes all texts have in common at their beginning. */
static int64_t common_length(const qn_frequency *frequency) {
    qn_view first = qn_frequency_text(frequency, 0);
    int64_t common = first.length;
    for (int64_t i = 1; i < frequency->count && common > 0; i++) {
        qn_view text = qn_frequency_text(frequency, i);
        int64_t length = text.length < common ? text.length : common, same = 0;
        while (same < length && text.data[same] == first.data[same])
            same++;
        common = same;
    }
    return common;
}

static uint64_t prefix_of(qn_view text, int64_t from) {
    uint64_t prefix = 0;
    int64_t length = text.length - from < 8 ? text.length - from : 8;
    for (int64_t i = 0; i < length; i++)
        prefix |= (uint64_t)(unsigned char)text.data[from + i] << (56 - 8 * i);
    return prefix;
}

static int compare_prefixed(const void *left, const void *right, void *context) {
    const prefixed *a = left, *b = right;
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    return compare_keys(context, a->entry, b->entry);
}

static qn_status rank_texts(const qn_frequency *frequency, int64_t **out) {
    int64_t *entries = NULL, count = frequency->count;
    prefixed *items = NULL;
    QN_TRY(qn_mem_alloc(&items, (size_t)count, sizeof *items));
    int64_t common = count > 0 ? common_length(frequency) : 0;
    for (int64_t i = 0; i < count; i++)
        items[i] = (prefixed){prefix_of(qn_frequency_text(frequency, i), common), i};
    qsort_r(items, (size_t)count, sizeof *items, compare_prefixed, (void *)(uintptr_t)frequency);
    qn_status status = qn_mem_alloc(&entries, (size_t)count, sizeof *entries);
    for (int64_t i = 0; i < count && status == QN_OK; i++)
        entries[i] = items[i].entry;
    qn_mem_free(items);
    if (status == QN_OK)
        *out = entries;
    return status;
}

/* ---- Sorting -------------------------------------------------------------------------------- */

/* The texts of `from`'s entries in that order. */
static qn_status copy_texts(qn_frequency *to, const qn_frequency *from, const int64_t *entries) {
    int64_t bytes = from->offsets[from->count];
    QN_TRY(qn_mem_alloc(&to->offsets, (size_t)from->count + 1, sizeof *to->offsets));
    QN_TRY(qn_mem_alloc(&to->chars, (size_t)bytes + 1, 1));
    to->chars_capacity = bytes + 1;
    to->offsets[0] = 0;
    for (int64_t i = 0; i < from->count; i++) {
        qn_view text = qn_frequency_text(from, entries[i]);
        qn_copy_short(to->chars + to->offsets[i], text.data, text.length);
        to->offsets[i + 1] = to->offsets[i] + text.length;
    }
    return QN_OK;
}

static qn_status copy_numbers(qn_frequency *to, const qn_frequency *from, const int64_t *entries) {
    QN_TRY(qn_mem_alloc(&to->numbers, (size_t)from->count, sizeof *to->numbers));
    for (int64_t i = 0; i < from->count; i++)
        to->numbers[i] = from->numbers[entries[i]];
    return QN_OK;
}

static qn_status copy_entries(qn_frequency *to, const qn_frequency *from, const int64_t *entries) {
    QN_TRY(qn_mem_alloc(&to->counts, (size_t)from->count, sizeof *to->counts));
    QN_TRY(qn_mem_alloc(&to->hashes, (size_t)from->count, sizeof *to->hashes));
    for (int64_t i = 0; i < from->count; i++) {
        to->counts[i] = from->counts[entries[i]];
        to->hashes[i] = from->hashes[entries[i]];
    }
    return from->text ? copy_texts(to, from, entries) : copy_numbers(to, from, entries);
}

/* The table keeps its slots, so that they are in memory once. */
qn_status qn_frequency_sort(qn_frequency *frequency) {
    qn_frequency sorted = {.text = frequency->text,
                           .count = frequency->count,
                           .total = frequency->total,
                           .nulls = frequency->nulls,
                           .capacity = frequency->count,
                           .slot_count = frequency->slot_count};
    int64_t *entries = NULL;
    qn_status status;
    QN_TRY_GOTO(frequency->text ? rank_texts(frequency, &entries)
                                : qn_frequency_rank(frequency, QN_FREQUENCY_KEY_ASC, &entries),
                done);
    QN_TRY_GOTO(copy_entries(&sorted, frequency, entries), done);
    sorted.slots = frequency->slots;
    frequency->slots = NULL;
    memset(sorted.slots, 0, (size_t)sorted.slot_count * sizeof *sorted.slots);
    qn_frequency_clear(frequency);
    qn_frequency_place(&sorted);
    *frequency = sorted;
    sorted = (qn_frequency){0};
done:
    qn_frequency_clear(&sorted);
    qn_mem_free(entries);
    return status;
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

/* An entry as bytes: count, length of the key, key. */
static qn_status pack_entry(const qn_frequency *frequency, int64_t entry, qn_text *out) {
    qn_view bytes = {(const char *)&frequency->numbers[entry], sizeof(double)};
    if (frequency->text)
        bytes = qn_frequency_text(frequency, entry);
    QN_TRY(qn_text_add(out, (const char *)&frequency->counts[entry], sizeof(int64_t)));
    QN_TRY(qn_text_add(out, (const char *)&bytes.length, sizeof bytes.length));
    return qn_text_add(out, bytes.data, bytes.length);
}

qn_status qn_frequency_pack(const qn_frequency *frequency, int part, int parts, qn_text *out) {
    for (int64_t i = 0; i < frequency->count; i++)
        if ((frequency->hashes[i] >> 32) % (uint64_t)parts == (uint64_t)part)
            QN_TRY(pack_entry(frequency, i, out));
    return QN_OK;
}

qn_status qn_frequency_unpack(qn_frequency *frequency, const char *bytes, int64_t length) {
    const char *end = bytes + length;
    while (bytes < end) {
        int64_t header[2];
        memcpy(header, bytes, sizeof header);
        bytes += sizeof header;
        qn_view key = {bytes, header[1]};
        bytes += key.length;
        double number;
        if (frequency->text) {
            QN_TRY(qn_frequency_add_text(frequency, key, header[0]));
            continue;
        }
        memcpy(&number, key.data, sizeof number);
        QN_TRY(qn_frequency_add_number(frequency, number, header[0]));
    }
    return QN_OK;
}
