#include "core/stats/frequency_private.h"

#include "core/memory.h"
#include "core/stats/hash.h"
#include "core/stats/values.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

qn_status qn_frequency_init(qn_frequency *frequency, qn_type type) {
    bool text = type == QN_STRING || type == QN_STRING_LIST;
    qn_frequency made = {.text = text, .slot_count = FIRST_SLOTS};
    QN_TRY(qn_mem_calloc(&made.slots, FIRST_SLOTS, sizeof *made.slots));
    if (text) {
        qn_status status = qn_mem_calloc(&made.offsets, 1, sizeof *made.offsets);
        if (status != QN_OK) {
            qn_mem_free(made.slots);
            return status;
        }
    }
    *frequency = made;
    return QN_OK;
}

void qn_frequency_clear(qn_frequency *frequency) {
    qn_mem_free(frequency->counts);
    qn_mem_free(frequency->hashes);
    qn_mem_free(frequency->numbers);
    qn_mem_free(frequency->offsets);
    qn_mem_free(frequency->chars);
    qn_mem_free(frequency->slots);
    qn_column_release(frequency->dictionary);
    qn_mem_free(frequency->code_entries);
    *frequency = (qn_frequency){0};
}

/* ---- The table ------------------------------------------------------------------------------ */

qn_view qn_frequency_text(const qn_frequency *frequency, int64_t entry) {
    int64_t first = frequency->offsets[entry];
    return (qn_view){frequency->chars + first, frequency->offsets[entry + 1] - first};
}

/* A key of either kind; numbers are canonical, so they can be compared by their bits. */
typedef struct key {
    uint64_t hash;
    qn_view text;
    double number;
} key;

static inline key text_key(qn_view text) {
    return (key){qn_hash_view(text), text, 0};
}

static key number_key(double number) {
    return (key){qn_hash_real(number), {0}, qn_canonical(number)};
}

/* Without a call for 8 to 16 bytes. */
static inline bool same_text(qn_view a, qn_view b) {
    if (a.length != b.length)
        return false;
    if (a.length < 8 || a.length > 16)
        return a.length == 0 || memcmp(a.data, b.data, (size_t)a.length) == 0;
    uint64_t head[2], tail[2];
    memcpy(&head[0], a.data, 8);
    memcpy(&head[1], b.data, 8);
    memcpy(&tail[0], a.data + a.length - 8, 8);
    memcpy(&tail[1], b.data + b.length - 8, 8);
    return ((head[0] ^ head[1]) | (tail[0] ^ tail[1])) == 0;
}

static bool equal_key(const qn_frequency *frequency, int64_t entry, const key *wanted) {
    if (frequency->hashes[entry] != wanted->hash)
        return false;
    if (frequency->text)
        return same_text(qn_frequency_text(frequency, entry), wanted->text);
    return memcmp(&frequency->numbers[entry], &wanted->number, sizeof wanted->number) == 0;
}

/* The slot that holds the key, or the free one where it belongs. */
static int64_t find_slot(const qn_frequency *frequency, const key *wanted) {
    int64_t mask = frequency->slot_count - 1;
    int64_t slot = (int64_t)wanted->hash & mask;
    while (frequency->slots[slot] != 0 && !equal_key(frequency, frequency->slots[slot] - 1, wanted))
        slot = (slot + 1) & mask;
    return slot;
}

void qn_frequency_place(qn_frequency *frequency) {
    int64_t mask = frequency->slot_count - 1;
    for (int64_t i = 0; i < frequency->count; i++) {
        int64_t slot = (int64_t)frequency->hashes[i] & mask;
        while (frequency->slots[slot] != 0)
            slot = (slot + 1) & mask;
        frequency->slots[slot] = (int32_t)i + 1;
    }
}

static qn_status grow_slots(qn_frequency *frequency) {
    int32_t *slots = NULL;
    QN_TRY(qn_mem_calloc(&slots, (size_t)frequency->slot_count * 2, sizeof *slots));
    qn_mem_free(frequency->slots);
    frequency->slots = slots;
    frequency->slot_count *= 2;
    qn_frequency_place(frequency);
    return QN_OK;
}

static qn_status reserve_entries(qn_frequency *frequency) {
    if (frequency->count < frequency->capacity)
        return QN_OK;
    if (frequency->count >= INT32_MAX - 1)
        return qn_fail(QN_MEMORY, "more than %d distinct values cannot be counted", INT32_MAX - 1);
    int64_t capacity = frequency->capacity == 0 ? FIRST_SLOTS : 2 * frequency->capacity;
    size_t n = (size_t)capacity;
    QN_TRY(qn_mem_resize(&frequency->counts, n, sizeof *frequency->counts));
    QN_TRY(qn_mem_resize(&frequency->hashes, n, sizeof *frequency->hashes));
    if (frequency->text)
        QN_TRY(qn_mem_resize(&frequency->offsets, n + 1, sizeof *frequency->offsets));
    else
        QN_TRY(qn_mem_resize(&frequency->numbers, n, sizeof *frequency->numbers));
    frequency->capacity = capacity;
    return QN_OK;
}

static qn_status append_entry(qn_frequency *frequency, const key *new_key) {
    int64_t entry = frequency->count;
    QN_TRY(reserve_entries(frequency));
    if (frequency->text) {
        int64_t first = frequency->offsets[entry], length = new_key->text.length;
        QN_TRY(
            qn_mem_reserve(&frequency->chars, &frequency->chars_capacity, first + length + 1, 1));
        if (length > 0)
            memcpy(frequency->chars + first, new_key->text.data, (size_t)length);
        frequency->offsets[entry + 1] = first + length;
    } else {
        frequency->numbers[entry] = new_key->number;
    }
    frequency->hashes[entry] = new_key->hash;
    frequency->counts[entry] = 0;
    frequency->count++;
    return QN_OK;
}

static qn_status find_or_add(qn_frequency *frequency, const key *wanted, int64_t *out) {
    int64_t slot = find_slot(frequency, wanted);
    if (frequency->slots[slot] == 0) {
        if (2 * (frequency->count + 1) > frequency->slot_count) {
            QN_TRY(grow_slots(frequency));
            slot = find_slot(frequency, wanted);
        }
        QN_TRY(append_entry(frequency, wanted));
        frequency->slots[slot] = (int32_t)frequency->count;
    }
    *out = frequency->slots[slot] - 1;
    return QN_OK;
}

static qn_status add_key(qn_frequency *frequency, const key *wanted, int64_t times) {
    int64_t entry;
    QN_TRY(find_or_add(frequency, wanted, &entry));
    frequency->counts[entry] += times;
    frequency->total += times;
    return QN_OK;
}

qn_status qn_frequency_add_text(qn_frequency *frequency, qn_view text, int64_t times) {
    key wanted = text_key(text);
    return add_key(frequency, &wanted, times);
}

qn_status qn_frequency_add_number(qn_frequency *frequency, double number, int64_t times) {
    key wanted = number_key(number);
    return add_key(frequency, &wanted, times);
}

int64_t qn_frequency_find_text(const qn_frequency *frequency, qn_view text) {
    key wanted = text_key(text);
    return (int64_t)frequency->slots[find_slot(frequency, &wanted)] - 1;
}

int64_t qn_frequency_find_number(const qn_frequency *frequency, double number) {
    key wanted = number_key(number);
    return (int64_t)frequency->slots[find_slot(frequency, &wanted)] - 1;
}

/* ---- Columns -------------------------------------------------------------------------------- */

static qn_status use_dictionary(qn_frequency *frequency, const qn_column *dictionary) {
    if (frequency->dictionary == dictionary)
        return QN_OK;
    int32_t *entries = NULL;
    QN_TRY(qn_mem_calloc(&entries, (size_t)dictionary->length, sizeof *entries));
    qn_mem_free(frequency->code_entries);
    qn_column_release(frequency->dictionary);
    frequency->code_entries = entries;
    frequency->dictionary = qn_column_retain(dictionary); /* keeps the address from being reused */
    return QN_OK;
}

static qn_status add_codes(qn_frequency *frequency, const qn_column *column) {
    QN_TRY(use_dictionary(frequency, column->dictionary));
    for (int64_t i = 0; i < column->length; i++) {
        int32_t code = column->codes[i];
        if (qn_column_is_null(column, i))
            continue;
        if (frequency->code_entries[code] == 0) {
            key wanted = text_key(qn_column_string(column->dictionary, code));
            int64_t entry;
            QN_TRY(find_or_add(frequency, &wanted, &entry));
            frequency->code_entries[code] = (int32_t)entry + 1;
        }
        frequency->counts[frequency->code_entries[code] - 1]++;
    }
    frequency->total += column->length - column->null_count;
    return QN_OK;
}

enum { AHEAD = 32 };

/* Counts a key that is there already. */
static inline bool count_known(qn_frequency *frequency, const key *wanted) {
    uint64_t mask = (uint64_t)frequency->slot_count - 1;
    for (uint64_t at = wanted->hash & mask;; at = (at + 1) & mask) {
        int32_t entry = frequency->slots[at] - 1;
        if (entry < 0)
            return false;
        if (frequency->hashes[entry] != wanted->hash ||
            !same_text(qn_frequency_text(frequency, entry), wanted->text))
            continue;
        frequency->counts[entry]++;
        return true;
    }
}

/* Hashes the keys of some rows and fetches their slots, then their entries. */
static void look_ahead(const qn_frequency *frequency, const qn_column *column, int64_t first,
                       int64_t count, key *keys) {
    const int32_t *offsets = column->offsets + first;
    const char *chars = column->chars != NULL ? column->chars : "";
    uint64_t mask = (uint64_t)frequency->slot_count - 1;
    for (int64_t i = 0; i < count; i++) {
        keys[i] = text_key((qn_view){chars + offsets[i], offsets[i + 1] - offsets[i]});
        __builtin_prefetch(&frequency->slots[keys[i].hash & mask]);
    }
    for (int64_t i = 0; i < count; i++) {
        int32_t entry = frequency->slots[keys[i].hash & mask] - 1;
        if (entry < 0)
            continue;
        __builtin_prefetch(&frequency->hashes[entry]);
        __builtin_prefetch(&frequency->offsets[entry]);
        __builtin_prefetch(&frequency->counts[entry], 1);
    }
}

static qn_status add_plain(qn_frequency *frequency, const qn_column *column) {
    key keys[AHEAD];
    for (int64_t first = 0; first < column->length; first += AHEAD) {
        int64_t count = column->length - first < AHEAD ? column->length - first : AHEAD;
        look_ahead(frequency, column, first, count, keys);
        for (int64_t i = 0; i < count; i++) {
            if (qn_column_is_null(column, first + i))
                continue;
            if (count_known(frequency, &keys[i]))
                frequency->total++;
            else
                QN_TRY(add_key(frequency, &keys[i], 1));
        }
    }
    return QN_OK;
}

static qn_status add_strings(qn_frequency *frequency, const qn_column *column) {
    return column->dictionary != NULL ? add_codes(frequency, column) : add_plain(frequency, column);
}

static qn_status add_numbers(qn_frequency *frequency, const qn_column *column) {
    double *values = NULL;
    QN_TRY(qn_mem_alloc(&values, (size_t)column->length, sizeof *values));
    int64_t count = qn_values_present(column, values);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK; i++)
        status = qn_frequency_add_number(frequency, values[i], 1);
    qn_mem_free(values);
    return status;
}

qn_status qn_frequency_add(qn_frequency *frequency, const qn_column *column) {
    frequency->nulls += column->null_count;
    if (column->type == QN_STRING_LIST) {
        frequency->nulls += column->items->null_count;
        return add_strings(frequency, column->items);
    }
    return frequency->text ? add_strings(frequency, column) : add_numbers(frequency, column);
}

qn_status qn_frequency_merge(qn_frequency *frequency, const qn_frequency *other) {
    frequency->nulls += other->nulls;
    for (int64_t i = 0; i < other->count; i++) {
        key wanted = {.hash = other->hashes[i]};
        if (other->text)
            wanted.text = qn_frequency_text(other, i);
        else
            wanted.number = other->numbers[i];
        QN_TRY(add_key(frequency, &wanted, other->counts[i]));
    }
    return QN_OK;
}
