#include "features/stage/labels.h"

#include "core/memory.h"
#include "core/text/short.h"

#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

typedef struct qn_label_slot {
    uint32_t tag;  /* high half of the hash */
    int32_t index; /* -1: free */
} qn_label_slot;

static uint64_t hash_of(qn_view text) {
    return XXH3_64bits(text.data, (size_t)text.length);
}

/* ---- Building ------------------------------------------------------------------------------- */

static qn_status pack(qn_labels *labels, const qn_view *texts) {
    QN_TRY(qn_mem_alloc(&labels->offsets, (size_t)labels->count + 1, sizeof *labels->offsets));
    labels->offsets[0] = 0;
    for (int64_t i = 0; i < labels->count; i++)
        labels->offsets[i + 1] = labels->offsets[i] + texts[i].length + 1;
    QN_TRY(qn_mem_alloc(&labels->chars, (size_t)labels->offsets[labels->count], 1));
    for (int64_t i = 0; i < labels->count; i++) {
        char *to = labels->chars + labels->offsets[i];
        qn_copy_short(to, texts[i].data, texts[i].length);
        to[texts[i].length] = '\0';
        if (texts[i].length > 0 && memchr(to, '\0', (size_t)texts[i].length) != NULL)
            return qn_fail(QN_DATA, "a category contains a zero byte: '%s'...", to);
    }
    return QN_OK;
}

static void fill_slots(qn_labels *labels) {
    for (int64_t i = 0; i < labels->count; i++) {
        uint64_t hash = hash_of(qn_labels_text(labels, i));
        uint64_t at = hash & labels->mask;
        while (labels->slots[at].index >= 0)
            at = (at + 1) & labels->mask;
        labels->slots[at] = (qn_label_slot){(uint32_t)(hash >> 32), (int32_t)i};
    }
}

qn_status qn_labels_build(qn_labels *out, const qn_view *texts, int64_t count) {
    qn_labels labels = {.count = count};
    uint64_t slots = 16;
    while (2 * slots < 3 * (uint64_t)count)
        slots *= 2;
    labels.mask = slots - 1;
    qn_status status = pack(&labels, texts);
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

void qn_labels_clear(qn_labels *labels) {
    qn_mem_free(labels->chars);
    qn_mem_free(labels->offsets);
    qn_mem_free(labels->slots);
    *labels = (qn_labels){0};
}

/* ---- Finding -------------------------------------------------------------------------------- */

/* memcmp, without the call for what is no longer than 16 bytes. */
static inline bool same_bytes(const char *a, const char *b, int64_t length) {
    if (length > 16)
        return memcmp(a, b, (size_t)length) == 0;
    if (length >= 8) {
        uint64_t x[2], y[2];
        memcpy(&x[0], a, 8);
        memcpy(&y[0], b, 8);
        memcpy(&x[1], a + length - 8, 8);
        memcpy(&y[1], b + length - 8, 8);
        return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
    }
    bool same = true;
    for (int64_t i = 0; i < length; i++)
        same &= a[i] == b[i];
    return same;
}

static inline int32_t find(const qn_labels *labels, qn_view text) {
    uint64_t hash = hash_of(text);
    uint32_t tag = (uint32_t)(hash >> 32);
    for (uint64_t at = hash & labels->mask;; at = (at + 1) & labels->mask) {
        qn_label_slot slot = labels->slots[at];
        if (slot.index < 0)
            return -1;
        if (slot.tag != tag)
            continue;
        int64_t first = labels->offsets[slot.index];
        if (labels->offsets[slot.index + 1] - first - 1 == text.length &&
            same_bytes(labels->chars + first, text.data, text.length))
            return slot.index;
    }
}

int32_t qn_labels_find(const qn_labels *labels, qn_view text) {
    return find(labels, text);
}

static void find_plain(const qn_labels *labels, const qn_column *column, int32_t *out) {
    const int32_t *offsets = column->offsets;
    const char *chars = column->chars != NULL ? column->chars : "";
    for (int64_t i = 0; i < column->length; i++)
        out[i] = find(labels, (qn_view){chars + offsets[i], offsets[i + 1] - offsets[i]});
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

static qn_status build_of_names(qn_labels *labels, char *const *names, int64_t count) {
    qn_view *texts = NULL;
    QN_TRY(qn_mem_alloc(&texts, (size_t)count, sizeof *texts));
    for (int64_t i = 0; i < count; i++)
        texts[i] = qn_view_of(names[i]);
    qn_status status = qn_labels_build(labels, texts, count);
    qn_mem_free(texts);
    return status;
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
    qn_status status =
        qn_comm_agree(qn_archive_comm(archive), build_of_names(labels, names, count));
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
