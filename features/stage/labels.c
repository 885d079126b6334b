#include "features/stage/labels.h"

#include "core/memory.h"
#include "core/text/short.h"

#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Texts of up to 16 bytes are compared here, without a look at `chars`: `head` and `tail` are all
 * of their bytes. Of longer ones `head` is a hash. */
typedef struct qn_label_slot {
    uint64_t head, tail;
    int32_t length;
    int32_t index; /* -1: free */
} qn_label_slot;

typedef struct label_key {
    uint64_t head, tail;
    int64_t length;
} label_key;

/* ---- Keys ----------------------------------------------------------------------------------- */

static inline uint64_t load_8(const char *from) {
    uint64_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static inline uint64_t load_4(const char *from) {
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static inline label_key key_of(qn_view text) {
    int64_t n = text.length;
    const char *data = text.data;
    if (n > 16)
        return (label_key){XXH3_64bits(data, (size_t)n), load_8(data + n - 8), n};
    if (n >= 8)
        return (label_key){load_8(data), load_8(data + n - 8), n};
    if (n >= 4)
        return (label_key){load_4(data) | load_4(data + n - 4) << 32, 0, n};
    uint64_t word = 0;
    for (int64_t i = 0; i < n; i++)
        word = word << 8 | (unsigned char)data[i];
    return (label_key){word, 0, n};
}

__extension__ typedef unsigned __int128 wide;

/* The product of both halves, folded (as in wyhash). */
static inline uint64_t hash_of(const label_key *key) {
    wide product = (wide)(key->head ^ UINT64_C(0x2d358dccaa6c78a5)) *
                   (key->tail ^ (uint64_t)key->length ^ UINT64_C(0x8bb84b93962eacc9));
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
    return folded ^ folded >> 29;
}

/* ---- Building ------------------------------------------------------------------------------- */

static qn_status pack(qn_labels *labels, qn_labels_source text, const void *context) {
    QN_TRY(qn_mem_alloc(&labels->offsets, (size_t)labels->count + 1, sizeof *labels->offsets));
    labels->offsets[0] = 0;
    for (int64_t i = 0; i < labels->count; i++)
        labels->offsets[i + 1] = labels->offsets[i] + text(context, i).length + 1;
    QN_TRY(qn_mem_alloc(&labels->chars, (size_t)labels->offsets[labels->count], 1));
    for (int64_t i = 0; i < labels->count; i++) {
        char *to = labels->chars + labels->offsets[i];
        qn_view from = text(context, i);
        qn_copy_short(to, from.data, from.length);
        to[from.length] = '\0';
        if (from.length > 0 && memchr(to, '\0', (size_t)from.length) != NULL)
            return qn_fail(QN_DATA, "a category contains a zero byte: '%s'...", to);
    }
    return QN_OK;
}

static void fill_slots(qn_labels *labels) {
    for (int64_t i = 0; i < labels->count; i++) {
        label_key key = key_of(qn_labels_text(labels, i));
        uint64_t at = hash_of(&key) & labels->mask;
        while (labels->slots[at].index >= 0)
            at = (at + 1) & labels->mask;
        labels->slots[at] = (qn_label_slot){key.head, key.tail, (int32_t)key.length, (int32_t)i};
    }
}

enum { FEW = 1 << 14 };

qn_status qn_labels_build_from(qn_labels *out, qn_labels_source text, const void *context,
                               int64_t count) {
    qn_labels labels = {.count = count};
    uint64_t slots = 16;
    uint64_t room = count <= FEW ? 6 : 3; /* halves: misses cost more than memory */
    while (2 * slots < room * (uint64_t)count)
        slots *= 2;
    labels.mask = slots - 1;
    qn_status status = pack(&labels, text, context);
    if (status == QN_OK)
        status = qn_mem_alloc(&labels.slots, slots, sizeof *labels.slots);
    if (status != QN_OK) {
        qn_labels_clear(&labels);
        return status;
    }
    memset(labels.slots, 0xff, slots * sizeof *labels.slots);
    fill_slots(&labels);
    *out = labels;
    return QN_OK;
}

static qn_view view_at(const void *context, int64_t i) {
    return ((const qn_view *)context)[i];
}

qn_status qn_labels_build(qn_labels *out, const qn_view *texts, int64_t count) {
    return qn_labels_build_from(out, view_at, texts, count);
}

void qn_labels_clear(qn_labels *labels) {
    qn_mem_free(labels->chars);
    qn_mem_free(labels->offsets);
    qn_mem_free(labels->slots);
    *labels = (qn_labels){0};
}

/* ---- Finding -------------------------------------------------------------------------------- */

static inline bool same_text(const qn_labels *labels, const qn_label_slot *slot,
                             const label_key *key, const char *data) {
    if (slot->head != key->head || slot->tail != key->tail || slot->length != key->length)
        return false;
    return key->length <= 16 ||
           memcmp(labels->chars + labels->offsets[slot->index], data, (size_t)key->length) == 0;
}

static inline int32_t find(const qn_labels *labels, const label_key *key, uint64_t at,
                           const char *data) {
    for (at &= labels->mask;; at = (at + 1) & labels->mask) {
        const qn_label_slot *slot = &labels->slots[at];
        if (slot->index < 0 || same_text(labels, slot, key, data))
            return slot->index;
    }
}

int32_t qn_labels_find(const qn_labels *labels, qn_view text) {
    label_key key = key_of(text);
    return find(labels, &key, hash_of(&key), text.data);
}

enum { AHEAD = 32 };

/* The slots of some rows are fetched together, before the first is looked at. */
static void find_plain(const qn_labels *labels, const qn_column *column, int32_t *out) {
    const int32_t *offsets = column->offsets;
    const char *chars = column->chars != NULL ? column->chars : "";
    label_key keys[AHEAD];
    uint64_t hashes[AHEAD];
    for (int64_t first = 0; first < column->length; first += AHEAD) {
        int64_t count = column->length - first < AHEAD ? column->length - first : AHEAD;
        for (int64_t i = 0; i < count; i++) {
            int32_t begin = offsets[first + i];
            keys[i] = key_of((qn_view){chars + begin, offsets[first + i + 1] - begin});
            hashes[i] = hash_of(&keys[i]);
            __builtin_prefetch(&labels->slots[hashes[i] & labels->mask]);
        }
        for (int64_t i = 0; i < count; i++)
            out[first + i] = find(labels, &keys[i], hashes[i], chars + offsets[first + i]);
    }
}

static qn_status find_by_dictionary(const qn_labels *labels, const qn_column *column,
                                    int32_t *out) {
    const qn_column *dictionary = column->dictionary;
    int32_t *positions = NULL;
    QN_TRY(qn_mem_alloc(&positions, (size_t)dictionary->length + 1, sizeof *positions));
    positions[0] = -1; /* the code under a null, even if the dictionary is empty */
    for (int64_t i = 0; i < dictionary->length; i++)
        positions[i] = qn_labels_find(labels, qn_column_string(dictionary, i));
    for (int64_t i = 0; i < column->length; i++)
        out[i] = positions[column->codes[i]];
    qn_mem_free(positions);
    return QN_OK;
}

qn_status qn_labels_find_all(const qn_labels *labels, const qn_column *column, int32_t *out) {
    if (column->dictionary != NULL && column->dictionary->length <= column->length)
        QN_TRY(find_by_dictionary(labels, column, out));
    else if (column->dictionary == NULL)
        find_plain(labels, column, out);
    else
        for (int64_t i = 0; i < column->length; i++)
            out[i] = qn_labels_find(labels, qn_column_string(column, i));
    for (int64_t i = 0; column->null_count > 0 && i < column->length; i++)
        if (qn_column_is_null(column, i))
            out[i] = -1;
    return QN_OK;
}

/* ---- Order ---------------------------------------------------------------------------------- */

/* Where texts first differ in a lead byte, characters above U+FFFF (lead bytes 0xF0 on) are
 * surrogates 0xD800.. in UTF-16, before U+E000 (lead bytes 0xEE and 0xEF). */
static int utf16_rank(unsigned char byte) {
    if (byte >= 0xf0)
        return byte - 2;
    return byte >= 0xee ? byte + 16 : byte;
}

int qn_labels_compare(qn_view a, qn_view b) {
    int64_t shorter = a.length < b.length ? a.length : b.length;
    for (int64_t i = 0; i < shorter; i++) {
        if (a.data[i] != b.data[i])
            return utf16_rank((unsigned char)a.data[i]) - utf16_rank((unsigned char)b.data[i]);
    }
    return (a.length > b.length) - (a.length < b.length);
}

/* ---- Messages ------------------------------------------------------------------------------- */

enum { SUGGEST_AMONG = 10000 };

/* An unseen category may be a slip: names the nearest that was seen. */
static void suggest(const qn_labels *labels, qn_view text) {
    char word[64];
    const char **names = NULL;
    if (labels->count > SUGGEST_AMONG || text.length >= (int64_t)sizeof word)
        return;
    memcpy(word, text.data, (size_t)text.length);
    word[text.length] = '\0';
    if (qn_mem_alloc(&names, (size_t)labels->count, sizeof *names) != QN_OK)
        return;
    for (int64_t i = 0; i < labels->count; i++)
        names[i] = qn_labels_name(labels, i);
    const char *nearest = qn_nearest(word, names, labels->count);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
    qn_mem_free(names);
}

qn_status qn_labels_fail_row(const qn_labels *labels, const qn_field *field, const qn_column *texts,
                             const qn_batch *batch, int64_t row, const char *advice) {
    long long number = (long long)qn_batch_row(batch, row);
    if (qn_column_is_null(texts, row))
        return qn_fail(QN_DATA, "column '%s' is null at row %lld (counting from 0); set %s",
                       field->name, number, advice);
    qn_view text = qn_column_string(texts, row);
    qn_status status = qn_fail(
        QN_DATA,
        "column '%s' has unseen category '%.*s' at row %lld (counting from 0); "
        "set %s",
        field->name, (int)(text.length < 200 ? text.length : 200), text.data, number, advice);
    suggest(labels, text);
    return status;
}

/* ---- Names and state ------------------------------------------------------------------------ */

/* The labels as texts that end with NUL, borrowed from them, and room for one more. */
static qn_status list_names(const qn_labels *labels, const char ***out) {
    const char **names = NULL;
    QN_TRY(qn_mem_alloc(&names, (size_t)labels->count + 1, sizeof *names));
    for (int64_t i = 0; i < labels->count; i++)
        names[i] = qn_labels_name(labels, i);
    *out = names;
    return QN_OK;
}

qn_status qn_labels_attributes(const qn_labels *labels, const char *more, const char *source,
                               qn_attributes **out) {
    const char **names = NULL;
    qn_attributes *attributes = NULL;
    QN_TRY(list_names(labels, &names));
    names[labels->count] = more;
    qn_status status;
    QN_TRY_GOTO(qn_attributes_new(&attributes, QN_ATTRIBUTE_NOMINAL, names,
                                  (int32_t)(labels->count + (more != NULL))),
                done);
    QN_TRY_GOTO(qn_attributes_set_source(attributes, source), done);
    *out = attributes;
    attributes = NULL;
done:
    qn_attributes_release(attributes);
    qn_mem_free(names);
    return status;
}

static qn_view name_at(const void *context, int64_t i) {
    return qn_view_of(((char *const *)context)[i]);
}

static qn_status write_labels(const qn_labels *labels, qn_archive *archive, const char *name) {
    const char **names = NULL;
    int64_t count = labels->count;
    QN_TRY(qn_comm_agree(qn_archive_comm(archive), list_names(labels, &names)));
    qn_status status = qn_archive_texts(archive, name, (char ***)&names, &count);
    qn_mem_free(names);
    return status;
}

qn_status qn_labels_persist(qn_labels *labels, qn_archive *archive, int64_t i) {
    char name[32], **names = NULL;
    int64_t count = 0;
    snprintf(name, sizeof name, "labels_%lld", (long long)i);
    if (qn_archive_writing(archive))
        return write_labels(labels, archive, name);
    QN_TRY(qn_archive_texts(archive, name, &names, &count));
    qn_status status = qn_comm_agree(qn_archive_comm(archive),
                                     qn_labels_build_from(labels, name_at, names, count));
    qn_mem_free_all(names, count);
    return status;
}

json_t *qn_labels_json(const qn_labels *labels) {
    json_t *array = json_array();
    for (int64_t i = 0; i < labels->count; i++)
        if (json_array_append_new(array, json_string(qn_labels_name(labels, i))) != 0)
            break;
    return array;
}
