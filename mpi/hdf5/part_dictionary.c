#include "mpi/hdf5/part_dictionary.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FIRST_TABLE = 256 };

void part_dictionary_init(part_dictionary *dictionary) {
    *dictionary = (part_dictionary){0};
}

void part_dictionary_clear(part_dictionary *dictionary) {
    qn_mem_free(dictionary->offsets);
    qn_mem_free(dictionary->chars);
    qn_mem_free(dictionary->table);
    part_dictionary_init(dictionary);
}

qn_view part_dictionary_entry(const part_dictionary *dictionary, int32_t code) {
    int64_t first = dictionary->offsets[code];
    return (qn_view){dictionary->chars + first, dictionary->offsets[code + 1] - first};
}

/* The slot that holds the text, or the empty one where it belongs. */
static int32_t probe(const part_dictionary *dictionary, qn_view text) {
    int32_t mask = dictionary->table_size - 1;
    int32_t slot = (int32_t)XXH3_64bits(text.data, (size_t)text.length) & mask;
    while (dictionary->table[slot] >= 0 &&
           !qn_view_equal(part_dictionary_entry(dictionary, dictionary->table[slot]), text))
        slot = (slot + 1) & mask;
    return slot;
}

static qn_status rehash(part_dictionary *dictionary, int32_t size) {
    int32_t *table = NULL;
    QN_TRY(qn_mem_alloc(&table, (size_t)size, sizeof *table));
    memset(table, -1, (size_t)size * sizeof *table);
    qn_mem_free(dictionary->table);
    dictionary->table = table;
    dictionary->table_size = size;
    for (int32_t code = 0; code < dictionary->count; code++)
        table[probe(dictionary, part_dictionary_entry(dictionary, code))] = code;
    return QN_OK;
}

static qn_status append(part_dictionary *dictionary, qn_view text) {
    QN_TRY(qn_mem_reserve(&dictionary->offsets, &dictionary->entry_capacity, dictionary->count + 2,
                          sizeof *dictionary->offsets));
    QN_TRY(qn_mem_reserve(&dictionary->chars, &dictionary->chars_capacity,
                          dictionary->chars_length + text.length + 1, 1));
    if (text.length > 0)
        memcpy(dictionary->chars + dictionary->chars_length, text.data, (size_t)text.length);
    dictionary->offsets[dictionary->count] = dictionary->chars_length;
    dictionary->chars_length += text.length;
    dictionary->offsets[++dictionary->count] = dictionary->chars_length;
    return QN_OK;
}

qn_status part_dictionary_add(part_dictionary *dictionary, qn_view text) {
    if (dictionary->overflow)
        return QN_OK;
    if (2 * dictionary->count >= dictionary->table_size)
        QN_TRY(rehash(dictionary,
                      dictionary->table_size > 0 ? 2 * dictionary->table_size : FIRST_TABLE));
    int32_t slot = probe(dictionary, text);
    if (dictionary->table[slot] >= 0)
        return QN_OK;
    if (dictionary->count == PART_DICTIONARY_LIMIT) {
        part_dictionary_clear(dictionary);
        dictionary->overflow = true;
        return QN_OK;
    }
    QN_TRY(append(dictionary, text));
    dictionary->table[slot] = dictionary->count - 1;
    return QN_OK;
}

int32_t part_dictionary_find(const part_dictionary *dictionary, qn_view text) {
    return dictionary->count == 0 ? -1 : dictionary->table[probe(dictionary, text)];
}

static int compare_views(const void *a, const void *b) {
    return qn_view_compare(*(const qn_view *)a, *(const qn_view *)b);
}

static qn_status rebuild(part_dictionary *dictionary, const qn_view *entries) {
    part_dictionary sorted;
    part_dictionary_init(&sorted);
    for (int32_t code = 0; code < dictionary->count; code++) {
        qn_status status = part_dictionary_add(&sorted, entries[code]);
        if (status != QN_OK) {
            part_dictionary_clear(&sorted);
            return status;
        }
    }
    part_dictionary_clear(dictionary);
    *dictionary = sorted;
    return QN_OK;
}

qn_status part_dictionary_sort(part_dictionary *dictionary) {
    if (dictionary->count == 0)
        return QN_OK;
    qn_view *entries = NULL;
    QN_TRY(qn_mem_alloc(&entries, (size_t)dictionary->count, sizeof *entries));
    for (int32_t code = 0; code < dictionary->count; code++)
        entries[code] = part_dictionary_entry(dictionary, code);
    qsort(entries, (size_t)dictionary->count, sizeof *entries, compare_views);
    qn_status status = rebuild(dictionary, entries);
    qn_mem_free(entries);
    return status;
}

qn_status part_dictionary_pack(const part_dictionary *dictionary, qn_text *out) {
    for (int32_t code = 0; code < dictionary->count; code++) {
        qn_view text = part_dictionary_entry(dictionary, code);
        QN_TRY(qn_text_add(out, (const char *)&text.length, sizeof text.length));
        QN_TRY(qn_text_add(out, text.data, text.length));
    }
    return QN_OK;
}

qn_status part_dictionary_unpack(part_dictionary *dictionary, const char *data, int64_t length) {
    for (int64_t at = 0; at < length;) {
        qn_view text;
        memcpy(&text.length, data + at, sizeof text.length);
        at += (int64_t)sizeof text.length;
        text.data = data + at;
        at += text.length;
        QN_TRY(part_dictionary_add(dictionary, text));
    }
    return QN_OK;
}
