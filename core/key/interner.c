#include "core/key/key_private.h"

#include "core/memory.h"
#include "core/stats/hash.h"

enum { FIRST_SLOTS = 64, MAPS = 4, BLOCK = 256, PADDING = 64 };
enum { UNKNOWN = -1, MISSING = -2 }; /* of a map: not looked up yet; looked up, not there */

typedef struct slot {
    uint32_t tag; /* upper half of the hash */
    int32_t id;   /* -1: free */
} slot;

/* What the codes of a dictionary are here. */
typedef struct map {
    qn_column *dictionary; /* retained, so that the pointer names it */
    int32_t *ids;
    int32_t known; /* strings here when entries were last set */
    bool missing;  /* some entry is MISSING */
} map;

struct qn_interner {
    int32_t count, capacity;
    uint64_t *hashes;
    int32_t *offsets; /* capacity + 1 */
    char *chars;
    int64_t chars_capacity;
    slot *slots;
    int64_t slot_count; /* a power of two */
    map maps[MAPS];
    int32_t next_map;
    qn_column *column; /* of all strings, made on demand */
    int32_t column_count;
    int64_t map_bytes;
};

static qn_status new_slots(slot **out, int64_t count) {
    QN_TRY(qn_mem_alloc(out, (size_t)count, sizeof **out));
    memset(*out, 0xff, (size_t)count * sizeof **out);
    return QN_OK;
}

qn_status qn_interner_new(qn_interner **out) {
    qn_interner *interner = NULL;
    QN_TRY(qn_mem_calloc(&interner, 1, sizeof *interner));
    interner->slot_count = FIRST_SLOTS;
    qn_status status;
    QN_TRY_GOTO(new_slots(&interner->slots, FIRST_SLOTS), failed);
    QN_TRY_GOTO(qn_mem_calloc(&interner->offsets, 1, sizeof *interner->offsets), failed);
    *out = interner;
    return QN_OK;
failed:
    qn_interner_free(interner);
    return status;
}

static void drop_map(qn_interner *interner, map *codes) {
    if (codes->dictionary != NULL)
        interner->map_bytes -= codes->dictionary->length * 4 + qn_column_bytes(codes->dictionary);
    qn_column_release(codes->dictionary);
    qn_mem_free(codes->ids);
    *codes = (map){0};
}

void qn_interner_free(qn_interner *interner) {
    if (interner == NULL)
        return;
    for (int i = 0; i < MAPS; i++)
        drop_map(interner, &interner->maps[i]);
    qn_column_release(interner->column);
    qn_mem_free(interner->hashes);
    qn_mem_free(interner->offsets);
    qn_mem_free(interner->chars);
    qn_mem_free(interner->slots);
    qn_mem_free(interner);
}

int32_t qn_interner_count(const qn_interner *interner) {
    return interner->count;
}

qn_view qn_interner_text(const qn_interner *interner, int32_t id) {
    int32_t start = interner->offsets[id], end = interner->offsets[id + 1];
    return start == end ? (qn_view){"", 0} : (qn_view){interner->chars + start, end - start};
}

const uint64_t *qn_interner_hashes(const qn_interner *interner) {
    return interner->hashes;
}

int64_t qn_interner_bytes(const qn_interner *interner) {
    return interner->slot_count * (int64_t)sizeof(slot) + interner->capacity * INT64_C(12) +
           interner->chars_capacity + interner->map_bytes +
           (interner->column != NULL ? qn_column_bytes(interner->column) : 0);
}

/* ---- The table ------------------------------------------------------------------------------ */

static qn_status grow_slots(qn_interner *interner) {
    int64_t count = 2 * interner->slot_count;
    slot *slots = NULL;
    QN_TRY(new_slots(&slots, count));
    for (int32_t id = 0; id < interner->count; id++) {
        uint64_t hash = interner->hashes[id];
        int64_t s = (int64_t)hash & (count - 1);
        while (slots[s].id >= 0)
            s = (s + 1) & (count - 1);
        slots[s] = (slot){(uint32_t)(hash >> 32), id};
    }
    qn_mem_free(interner->slots);
    interner->slots = slots;
    interner->slot_count = count;
    return QN_OK;
}

static qn_status reserve_entry(qn_interner *interner, int64_t length) {
    if (2 * ((int64_t)interner->count + 1) > interner->slot_count)
        QN_TRY(grow_slots(interner));
    if (interner->count == interner->capacity) {
        if (interner->count > INT32_MAX / 4)
            return qn_fail(QN_DATA, "more than %d distinct strings in one key column",
                           interner->count);
        int32_t capacity = interner->capacity == 0 ? 32 : interner->capacity * 2;
        QN_TRY(qn_mem_resize(&interner->hashes, (size_t)capacity, sizeof *interner->hashes));
        QN_TRY(qn_mem_resize(&interner->offsets, (size_t)capacity + 1, sizeof *interner->offsets));
        interner->capacity = capacity;
    }
    int64_t end = interner->offsets[interner->count] + length;
    if (end > INT32_MAX)
        return qn_fail(QN_DATA, "more than 2 GiB of distinct text in one key column");
    return qn_mem_reserve(&interner->chars, &interner->chars_capacity, end + PADDING, 1);
}

static inline bool same_bytes(const char *a, const char *b, int64_t length) {
    if (length >= 8 && length <= 16) {
        uint64_t heads[2], tails[2];
        memcpy(&heads[0], a, 8);
        memcpy(&heads[1], b, 8);
        memcpy(&tails[0], a + length - 8, 8);
        memcpy(&tails[1], b + length - 8, 8);
        return ((heads[0] ^ heads[1]) | (tails[0] ^ tails[1])) == 0;
    }
    if (length >= 4 && length < 8) {
        uint32_t heads[2], tails[2];
        memcpy(&heads[0], a, 4);
        memcpy(&heads[1], b, 4);
        memcpy(&tails[0], a + length - 4, 4);
        memcpy(&tails[1], b + length - 4, 4);
        return ((heads[0] ^ heads[1]) | (tails[0] ^ tails[1])) == 0;
    }
    return length == 0 || memcmp(a, b, (size_t)length) == 0;
}

static inline bool is_text(const qn_interner *interner, int32_t id, uint64_t hash, qn_view text) {
    int32_t start = interner->offsets[id];
    return interner->hashes[id] == hash && interner->offsets[id + 1] - start == text.length &&
           same_bytes(interner->chars + start, text.data, text.length);
}

/* The string's number, -1 if it is not there. */
static inline int32_t look_up(const qn_interner *interner, uint64_t hash, qn_view text) {
    int64_t mask = interner->slot_count - 1;
    uint32_t tag = (uint32_t)(hash >> 32);
    for (int64_t s = (int64_t)hash & mask;; s = (s + 1) & mask) {
        slot entry = interner->slots[s];
        if (entry.id < 0)
            return UNKNOWN;
        if (entry.tag == tag && is_text(interner, entry.id, hash, text))
            return entry.id;
    }
}

static qn_status insert_text(qn_interner *interner, uint64_t hash, qn_view text, int32_t *id) {
    QN_TRY(reserve_entry(interner, text.length));
    int64_t mask = interner->slot_count - 1, s = (int64_t)hash & mask;
    while (interner->slots[s].id >= 0)
        s = (s + 1) & mask;
    int32_t start = interner->offsets[interner->count];
    if (text.length > 0)
        memcpy(interner->chars + start, text.data, (size_t)text.length);
    interner->hashes[interner->count] = hash;
    interner->offsets[interner->count + 1] = start + (int32_t)text.length;
    interner->slots[s] = (slot){(uint32_t)(hash >> 32), interner->count};
    *id = interner->count++;
    return QN_OK;
}

/* ---- Plain strings -------------------------------------------------------------------------- */

typedef struct block {
    uint64_t hashes[BLOCK];
    int32_t candidates[BLOCK];
} block;

static inline qn_view plain_text(const qn_column *column, int64_t row) {
    int32_t start = column->offsets[row], end = column->offsets[row + 1];
    return start == end ? (qn_view){"", 0} : (qn_view){column->chars + start, end - start};
}

/* Hashes of all rows, then the likely number of each: so cache misses overlap. */
static void find_candidates(const qn_interner *interner, const qn_column *column, int64_t first,
                            int64_t count, block *rows) {
    int64_t mask = interner->slot_count - 1;
    for (int64_t i = 0; i < count; i++) {
        rows->hashes[i] = qn_hash_view(plain_text(column, first + i));
        __builtin_prefetch(&interner->slots[(int64_t)rows->hashes[i] & mask]);
    }
    for (int64_t i = 0; i < count; i++) {
        uint32_t tag = (uint32_t)(rows->hashes[i] >> 32);
        int64_t s = (int64_t)rows->hashes[i] & mask;
        while (interner->slots[s].id >= 0 && interner->slots[s].tag != tag)
            s = (s + 1) & mask;
        int32_t id = interner->slots[s].id;
        rows->candidates[i] = id;
        if (id >= 0) {
            __builtin_prefetch(&interner->hashes[id]);
            __builtin_prefetch(&interner->offsets[id]);
        }
    }
}

static qn_status encode_block(qn_interner *interner, const qn_column *column, int64_t first,
                              int64_t count, bool insert, int32_t *ids) {
    block rows;
    find_candidates(interner, column, first, count, &rows);
    for (int64_t i = 0; i < count; i++) {
        if (qn_column_is_null(column, first + i)) {
            ids[i] = 0;
            continue;
        }
        qn_view text = plain_text(column, first + i);
        int32_t id = rows.candidates[i];
        if (id < 0 || !is_text(interner, id, rows.hashes[i], text))
            id = look_up(interner, rows.hashes[i], text);
        if (id < 0 && insert)
            QN_TRY(insert_text(interner, rows.hashes[i], text, &id));
        ids[i] = id;
    }
    return QN_OK;
}

/* ---- Codes ---------------------------------------------------------------------------------- */

static qn_status find_map(qn_interner *interner, qn_column *dictionary, map **out) {
    for (int i = 0; i < MAPS; i++)
        if (interner->maps[i].dictionary == dictionary) {
            *out = &interner->maps[i];
            return QN_OK;
        }
    map *codes = &interner->maps[interner->next_map];
    int32_t *ids = NULL;
    QN_TRY(qn_mem_alloc(&ids, (size_t)dictionary->length, sizeof *ids));
    for (int64_t i = 0; i < dictionary->length; i++)
        ids[i] = UNKNOWN;
    drop_map(interner, codes);
    *codes = (map){.dictionary = qn_column_retain(dictionary), .ids = ids};
    interner->map_bytes += dictionary->length * 4 + qn_column_bytes(dictionary);
    interner->next_map = (interner->next_map + 1) % MAPS;
    *out = codes;
    return QN_OK;
}

static qn_status look_up_code(qn_interner *interner, map *codes, int32_t code, bool insert) {
    qn_view text = qn_column_string(codes->dictionary, code);
    uint64_t hash = qn_hash_view(text);
    int32_t id = look_up(interner, hash, text);
    if (id < 0 && insert)
        QN_TRY(insert_text(interner, hash, text, &id));
    codes->missing = codes->missing || id < 0;
    codes->ids[code] = id < 0 ? MISSING : id;
    return QN_OK;
}

/* Strings that were not there may have come since. */
static void forget_missing(const qn_interner *interner, map *codes, bool insert) {
    if (codes->missing && (insert || codes->known != interner->count)) {
        for (int64_t i = 0; i < codes->dictionary->length; i++)
            codes->ids[i] = codes->ids[i] == MISSING ? UNKNOWN : codes->ids[i];
        codes->missing = false;
    }
    codes->known = interner->count;
}

/* Returns the least. */
QN_KEY_CLONES static int32_t map_codes(const int32_t *restrict map_ids,
                                       const int32_t *restrict codes, int64_t count,
                                       int32_t *restrict ids) {
    int32_t lowest = 0;
    for (int64_t i = 0; i < count; i++) {
        ids[i] = map_ids[codes[i]];
        lowest = ids[i] < lowest ? ids[i] : lowest;
    }
    return lowest;
}

static qn_status encode_codes(qn_interner *interner, const qn_column *column, bool insert,
                              int32_t *ids) {
    map *codes = NULL;
    QN_TRY(find_map(interner, column->dictionary, &codes));
    forget_missing(interner, codes, insert);
    int32_t lowest = 0;
    if (column->dictionary->length == 0)
        memset(ids, 0, (size_t)column->length * sizeof *ids); /* all null */
    else
        lowest = map_codes(codes->ids, column->codes, column->length, ids);
    for (int64_t i = 0; i < column->length && lowest < 0; i++) {
        if (qn_column_is_null(column, i)) {
            ids[i] = 0;
            continue;
        }
        if (codes->ids[column->codes[i]] == UNKNOWN)
            QN_TRY(look_up_code(interner, codes, column->codes[i], insert));
        int32_t id = codes->ids[column->codes[i]];
        ids[i] = id < 0 ? -1 : id;
    }
    for (int64_t i = 0; i < column->length && column->null_count > 0; i++)
        ids[i] = qn_column_is_null(column, i) ? 0 : ids[i];
    return QN_OK;
}

qn_status qn_interner_encode(qn_interner *interner, const qn_column *column, bool insert,
                             int32_t *ids) {
    if (column->dictionary != NULL)
        return encode_codes(interner, column, insert, ids);
    for (int64_t i = 0; i < column->length; i += BLOCK) {
        int64_t count = column->length - i < BLOCK ? column->length - i : BLOCK;
        QN_TRY(encode_block(interner, column, i, count, insert, ids + i));
    }
    return QN_OK;
}

/* ---- All strings ---------------------------------------------------------------------------- */

static qn_status make_column(const qn_interner *interner, qn_column **out) {
    qn_column *column = NULL;
    QN_TRY(qn_column_new(&column, QN_STRING, interner->count, 0));
    int64_t bytes = interner->offsets[interner->count];
    qn_status status = qn_mem_alloc(&column->chars, (size_t)bytes + PADDING, 1);
    if (status != QN_OK) {
        qn_column_release(column);
        return status;
    }
    memcpy(column->offsets, interner->offsets,
           ((size_t)interner->count + 1) * sizeof *column->offsets);
    if (bytes > 0)
        memcpy(column->chars, interner->chars, (size_t)bytes);
    memset(column->chars + bytes, 0, PADDING);
    *out = column;
    return QN_OK;
}

qn_status qn_interner_column(qn_interner *interner, qn_column **out) {
    if (interner->column == NULL || interner->column_count != interner->count) {
        qn_column *column = NULL;
        QN_TRY(make_column(interner, &column));
        qn_column_release(interner->column);
        interner->column = column;
        interner->column_count = interner->count;
    }
    *out = qn_column_retain(interner->column);
    return QN_OK;
}
