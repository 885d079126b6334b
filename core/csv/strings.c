#include "core/csv/strings.h"

#include "core/memory.h"

#include <string.h>

enum {
    FIRST_SLOTS = 1024,
    LOOK_AT = 2048, /* rows after which a batch whose values do not repeat turns plain */
    SLACK = 64      /* copies write whole vectors */
};

__extension__ typedef unsigned __int128 wide_int;

void qn_csv_strings_clear(qn_csv_strings *strings) {
    qn_column_release(strings->column);
    qn_mem_free(strings->offsets);
    qn_mem_free(strings->chars);
    qn_mem_free(strings->slots);
    *strings = (qn_csv_strings){0};
}

static void clear_batch(qn_csv_strings *strings) {
    qn_column_release(strings->column);
    strings->column = NULL;
    strings->length = strings->values = strings->count = 0;
    strings->encoded = true;
}

static qn_status new_slots(qn_csv_strings *strings, int64_t count) {
    qn_csv_slot *slots = NULL;
    QN_TRY(qn_mem_alloc(&slots, (size_t)count, sizeof *slots));
    qn_mem_free(strings->slots);
    strings->slots = slots;
    strings->slot_count = count;
    return QN_OK;
}

qn_status qn_csv_strings_start(qn_csv_strings *strings, int64_t rows) {
    clear_batch(strings);
    if (strings->slots == NULL)
        QN_TRY(new_slots(strings, FIRST_SLOTS));
    memset(strings->slots, 0xff, (size_t)strings->slot_count * sizeof *strings->slots);
    QN_TRY(qn_mem_reserve(&strings->offsets, &strings->row_capacity, rows + 17,
                          sizeof *strings->offsets));
    strings->offsets[0] = 0;
    QN_TRY(qn_column_new_raw(&strings->column, QN_INT32, rows, 0));
    strings->column->type = QN_STRING;
    return QN_OK;
}

qn_status qn_csv_strings_reserve(qn_csv_strings *strings, int64_t bytes) {
    int64_t needed = strings->offsets[strings->count] + bytes;
    if (needed > INT32_MAX)
        return qn_fail(QN_DATA, "more than 2 GiB of text in one column of a batch");
    return qn_mem_reserve(&strings->chars, &strings->chars_capacity, needed + SLACK, 1);
}

static void append(qn_csv_strings *strings, qn_view value) {
    int32_t start = strings->offsets[strings->count];
    memcpy(strings->chars + start, value.data, (size_t)value.length);
    strings->offsets[++strings->count] = start + (int32_t)value.length;
}

/* ---- The distinct values -------------------------------------------------------------------- */

static inline uint64_t load(const char *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint64_t mix(uint64_t a, uint64_t b) {
    wide_int product =
        (wide_int)(a ^ UINT64_C(0xa0761d6478bd642f)) * (b ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline qn_csv_slot key_of(qn_view value) {
    const char *at = value.data;
    int64_t length = value.length;
    if (length < 8) {
        uint64_t mask = (UINT64_C(1) << (8 * length)) - 1;
        return (qn_csv_slot){load(at) & mask, 0, (int32_t)length, 0};
    }
    uint64_t head = load(at), tail = load(at + length - 8);
    for (int64_t i = 8; i < length - 8; i += 8)
        head = mix(head, load(at + i)); /* only texts longer than 16 */
    return (qn_csv_slot){head, tail, (int32_t)length, 0};
}

static inline bool is_same(const qn_csv_strings *strings, const qn_csv_slot *slot, qn_csv_slot key,
                           qn_view value) {
    if (slot->head != key.head || slot->tail != key.tail || slot->length != key.length)
        return false;
    return key.length <= 16 || memcmp(strings->chars + strings->offsets[slot->code], value.data,
                                      (size_t)value.length) == 0;
}

static inline int64_t hash_of(qn_csv_slot key) {
    return (int64_t)(mix(key.head ^ (uint64_t)key.length, key.tail) >> 1);
}

static qn_status grow(qn_csv_strings *strings) {
    qn_csv_slot *old = strings->slots;
    int64_t old_count = strings->slot_count;
    strings->slots = NULL;
    qn_status status = new_slots(strings, old_count * 4);
    if (status != QN_OK) {
        strings->slots = old;
        return status;
    }
    int64_t mask = strings->slot_count - 1;
    memset(strings->slots, 0xff, (size_t)strings->slot_count * sizeof *old);
    for (int64_t i = 0; i < old_count; i++) {
        if (old[i].code < 0)
            continue;
        int64_t at = hash_of(old[i]) & mask;
        while (strings->slots[at].code >= 0)
            at = (at + 1) & mask;
        strings->slots[at] = old[i];
    }
    qn_mem_free(old);
    return QN_OK;
}

static inline qn_status find_code(qn_csv_strings *strings, qn_view value, int32_t *out) {
    qn_csv_slot key = key_of(value);
    int64_t mask = strings->slot_count - 1;
    int64_t at = hash_of(key) & mask;
    for (; strings->slots[at].code >= 0; at = (at + 1) & mask) {
        if (is_same(strings, &strings->slots[at], key, value)) {
            *out = strings->slots[at].code;
            return QN_OK;
        }
    }
    key.code = (int32_t)strings->count;
    strings->slots[at] = key;
    append(strings, value);
    *out = key.code;
    return strings->count * 2 > strings->slot_count ? grow(strings) : QN_OK;
}

/* ---- From codes to plain -------------------------------------------------------------------- */

/* Turns the rows so far into values one behind the other. */
static qn_status decode(qn_csv_strings *strings) {
    const int32_t *codes = strings->column->codes;
    int64_t total = 0, capacity = strings->row_capacity, chars_capacity = 0;
    for (int64_t i = 0; i < strings->length; i++)
        if (!qn_column_is_null(strings->column, i))
            total += strings->offsets[codes[i] + 1] - strings->offsets[codes[i]];
    if (total > INT32_MAX)
        return qn_fail(QN_DATA, "more than 2 GiB of text in one column of a batch");
    int32_t *offsets = NULL;
    char *chars = NULL;
    QN_TRY(qn_mem_alloc(&offsets, (size_t)capacity, sizeof *offsets));
    qn_status status =
        qn_mem_reserve(&chars, &chars_capacity, total + strings->chars_capacity + SLACK, 1);
    if (status != QN_OK) {
        qn_mem_free(offsets);
        return status;
    }
    offsets[0] = 0;
    for (int64_t i = 0; i < strings->length; i++) {
        int32_t length = 0;
        if (!qn_column_is_null(strings->column, i)) {
            int32_t start = strings->offsets[codes[i]];
            length = strings->offsets[codes[i] + 1] - start;
            memcpy(chars + offsets[i], strings->chars + start, (size_t)length);
        }
        offsets[i + 1] = offsets[i] + length;
    }
    qn_mem_free(strings->offsets);
    qn_mem_free(strings->chars);
    strings->offsets = offsets;
    strings->chars = chars;
    strings->chars_capacity = chars_capacity;
    strings->count = strings->length;
    strings->encoded = false;
    return QN_OK;
}

static bool repeats(const qn_csv_strings *strings) {
    return strings->count > 0 && strings->count * 2 <= strings->values;
}

/* ---- Adding --------------------------------------------------------------------------------- */

static inline qn_status end_row(qn_csv_strings *strings) {
    strings->length++;
    if (strings->length == LOOK_AT && strings->encoded && !repeats(strings) && strings->values > 0)
        return decode(strings);
    return QN_OK;
}

qn_status qn_csv_strings_add(qn_csv_strings *strings, qn_view value) {
    if (strings->encoded)
        QN_TRY(find_code(strings, value, &strings->column->codes[strings->length]));
    else
        append(strings, value);
    strings->values++;
    return end_row(strings);
}

qn_status qn_csv_strings_add_null(qn_csv_strings *strings) {
    QN_TRY(qn_column_set_null(strings->column, strings->length));
    if (strings->encoded)
        strings->column->codes[strings->length] = 0;
    else
        append(strings, (qn_view){"", 0});
    return end_row(strings);
}

/* ---- The result ----------------------------------------------------------------------------- */

static qn_status finish_encoded(qn_csv_strings *strings) {
    qn_column *dictionary = NULL;
    int64_t count = strings->count, bytes = strings->offsets[count];
    QN_TRY(qn_column_new(&dictionary, QN_STRING, count, 0));
    qn_status status = qn_mem_alloc(&dictionary->chars, (size_t)bytes + SLACK, 1);
    if (status != QN_OK) {
        qn_column_release(dictionary);
        return status;
    }
    memcpy(dictionary->offsets, strings->offsets, (size_t)(count + 1) * sizeof *strings->offsets);
    memcpy(dictionary->chars, strings->chars, (size_t)bytes);
    strings->column->dictionary = dictionary;
    return QN_OK;
}

/* Hands offsets and chars over to the column; the next batch makes new ones. */
static void finish_plain(qn_csv_strings *strings) {
    qn_column *column = strings->column;
    qn_mem_free(column->values);
    column->values = NULL;
    column->offsets = strings->offsets;
    column->chars = strings->chars;
    strings->offsets = NULL;
    strings->chars = NULL;
    strings->row_capacity = strings->chars_capacity = 0;
}

static void cut_validity(qn_column *column, int64_t length) {
    column->length = length;
    if (column->validity != NULL && (length & 63) != 0)
        column->validity[length >> 6] &= (UINT64_C(1) << (length & 63)) - 1;
}

qn_status qn_csv_strings_finish(qn_csv_strings *strings, qn_column **out) {
    if (strings->encoded && !repeats(strings))
        QN_TRY(decode(strings));
    if (strings->encoded)
        QN_TRY(finish_encoded(strings));
    else
        finish_plain(strings);
    cut_validity(strings->column, strings->length);
    *out = strings->column;
    strings->column = NULL;
    return QN_OK;
}
