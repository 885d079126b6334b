#include "features/stage/text/terms.h"

#include "core/memory.h"
#include "core/stats/hash.h"
#include "core/text/short.h"

#include <string.h>

enum { FIRST_SLOTS = 64, BLOCK = 64 };

/* A term as two words. Up to 15 bytes: the bytes, and their number in the last one. Longer: a hash,
 * and a mark with the length. */
typedef struct term_key {
    uint64_t low, high;
} term_key;

static const uint64_t LONG_MARK = UINT64_C(0xff) << 56;

typedef struct qn_term_slot {
    term_key key;
    int32_t id; /* -1: free */
} qn_term_slot;

__extension__ typedef unsigned __int128 product128;

static inline uint64_t hash_key(term_key key) {
    product128 product = (product128)(key.low ^ UINT64_C(0x9e3779b97f4a7c15)) *
                         (key.high ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* `readable` bytes may be read from `text` on, at least `length` of them. */
static inline term_key make_key(const char *text, int64_t length, int64_t readable) {
    if (length > QN_LOAD_SHORT)
        return (term_key){qn_hash_bytes(text, length), LONG_MARK | (uint64_t)length};
    uint64_t words[2];
    qn_load_short(text, length, readable, words);
    return (term_key){words[0], words[1] | (uint64_t)length << 56};
}

/* ---- The table ------------------------------------------------------------------------------ */

static qn_status new_slots(qn_term_slot **out, int64_t count) {
    QN_TRY(qn_mem_alloc(out, (size_t)count, sizeof **out));
    memset(*out, 0xff, (size_t)count * sizeof **out);
    return QN_OK;
}

qn_status qn_terms_init(qn_terms *terms) {
    qn_terms made = {.slot_count = FIRST_SLOTS};
    QN_TRY(new_slots(&made.slots, FIRST_SLOTS));
    qn_status status = qn_mem_calloc(&made.offsets, 1, sizeof *made.offsets);
    if (status != QN_OK) {
        qn_terms_clear(&made);
        return status;
    }
    *terms = made;
    return QN_OK;
}

void qn_terms_clear(qn_terms *terms) {
    qn_mem_free(terms->offsets);
    qn_mem_free(terms->chars);
    qn_mem_free(terms->slots);
    *terms = (qn_terms){0};
}

static void put_slot(qn_term_slot *slots, int64_t mask, qn_term_slot slot) {
    int64_t at = (int64_t)hash_key(slot.key) & mask;
    while (slots[at].id >= 0)
        at = (at + 1) & mask;
    slots[at] = slot;
}

static qn_status grow_slots(qn_terms *terms) {
    int64_t count = 2 * terms->slot_count;
    qn_term_slot *slots = NULL;
    QN_TRY(new_slots(&slots, count));
    for (int64_t i = 0; i < terms->slot_count; i++)
        if (terms->slots[i].id >= 0)
            put_slot(slots, count - 1, terms->slots[i]);
    qn_mem_free(terms->slots);
    terms->slots = slots;
    terms->slot_count = count;
    return QN_OK;
}

static qn_status reserve_term(qn_terms *terms, int64_t length) {
    if (2 * ((int64_t)terms->count + 1) >= terms->slot_count)
        QN_TRY(grow_slots(terms));
    if (terms->count == terms->capacity) {
        if (terms->count > INT32_MAX / 2)
            return qn_fail(QN_MEMORY, "more than %d distinct terms cannot be counted",
                           terms->count);
        int32_t capacity = terms->capacity == 0 ? FIRST_SLOTS : 2 * terms->capacity;
        QN_TRY(qn_mem_resize(&terms->offsets, (size_t)capacity + 1, sizeof *terms->offsets));
        terms->capacity = capacity;
    }
    return qn_mem_reserve(&terms->chars, &terms->chars_capacity,
                          terms->offsets[terms->count] + length + 1, 1);
}

static inline bool is_term(const qn_terms *terms, const qn_term_slot *slot, term_key key,
                           const char *text) {
    if (slot->key.low != key.low || slot->key.high != key.high)
        return false;
    if (key.high < LONG_MARK)
        return true;
    int64_t length = (int64_t)(key.high ^ LONG_MARK);
    return memcmp(terms->chars + terms->offsets[slot->id], text, (size_t)length) == 0;
}

/* The term's number, -1 if it is not there. */
static inline int32_t find_key(const qn_terms *terms, term_key key, uint64_t hash,
                               const char *text) {
    int64_t mask = terms->slot_count - 1;
    for (int64_t at = (int64_t)hash & mask;; at = (at + 1) & mask) {
        const qn_term_slot *slot = &terms->slots[at];
        if (slot->id < 0 || is_term(terms, slot, key, text))
            return slot->id;
    }
}

static qn_status insert_key(qn_terms *terms, term_key key, qn_view term, int32_t *id) {
    QN_TRY(reserve_term(terms, term.length));
    int64_t first = terms->offsets[terms->count];
    if (term.length > 0)
        memcpy(terms->chars + first, term.data, (size_t)term.length);
    terms->offsets[terms->count + 1] = first + term.length;
    put_slot(terms->slots, terms->slot_count - 1, (qn_term_slot){key, terms->count});
    *id = terms->count++;
    return QN_OK;
}

qn_status qn_terms_add(qn_terms *terms, qn_view term, int32_t *id) {
    term_key key = make_key(term.data, term.length, term.length);
    int32_t found = find_key(terms, key, hash_key(key), term.data);
    if (found < 0)
        return insert_key(terms, key, term, id);
    *id = found;
    return QN_OK;
}

int32_t qn_terms_find(const qn_terms *terms, qn_view term) {
    term_key key = make_key(term.data, term.length, term.length);
    return find_key(terms, key, hash_key(key), term.data);
}

/* ---- Rows ---------------------------------------------------------------------------------- */

typedef struct block {
    term_key keys[BLOCK];
    uint64_t hashes[BLOCK];
} block;

/* All keys first, so that the cache misses of their slots overlap. */
static inline void make_keys(const qn_terms *terms, const qn_column *column, int64_t first,
                             int64_t count, block *rows) {
    const int32_t *offsets = column->offsets + first;
    const char *chars = column->chars != NULL ? column->chars : "";
    int64_t mask = terms->slot_count - 1, end = column->offsets[column->length];
    for (int64_t i = 0; i < count; i++) {
        rows->keys[i] = make_key(chars + offsets[i], offsets[i + 1] - offsets[i], end - offsets[i]);
        rows->hashes[i] = hash_key(rows->keys[i]);
        __builtin_prefetch(&terms->slots[(int64_t)rows->hashes[i] & mask]);
    }
}

static inline qn_view plain_text(const qn_column *column, int64_t row) {
    int32_t start = column->offsets[row];
    return (qn_view){column->chars != NULL ? column->chars + start : "",
                     column->offsets[row + 1] - start};
}

static inline void find_block(const qn_terms *terms, const qn_column *column, int64_t first,
                              int64_t count, block *rows, int32_t *ids) {
    make_keys(terms, column, first, count, rows);
    for (int64_t i = 0; i < count; i++)
        ids[i] =
            find_key(terms, rows->keys[i], rows->hashes[i], plain_text(column, first + i).data);
}

static inline int64_t block_of(int64_t left) {
    return left < BLOCK ? left : BLOCK;
}

void qn_terms_find_rows(const qn_terms *terms, const qn_column *column, int64_t first,
                        int64_t count, int32_t *ids) {
    block rows;
    for (int64_t i = 0; i < count; i += BLOCK)
        find_block(terms, column, first + i, block_of(count - i), &rows, ids + i);
}

/* What is new in a block may be there already when its turn comes: qn_terms_add looks again. */
qn_status qn_terms_add_rows(qn_terms *terms, const qn_column *column, int64_t first, int64_t count,
                            int32_t *ids) {
    block rows;
    for (int64_t i = 0; i < count; i++) {
        if (i % BLOCK == 0)
            find_block(terms, column, first + i, block_of(count - i), &rows, ids + i);
        if (ids[i] < 0 && !qn_column_is_null(column, first + i))
            QN_TRY(qn_terms_add(terms, plain_text(column, first + i), &ids[i]));
    }
    return QN_OK;
}
