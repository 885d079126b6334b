/* Groups are found in one of three ways. As long as the columns' ranges, side by side, fit in 64
 * bits, a key is packed into one word: an index into an array of cells if the range is small for
 * the number of groups, else the key of a hash table. Ranges grow with the data, to the next power
 * of two, and the table is then made anew from the groups' words. Wider keys are looked up by
 * their hash and compared word by word. */
#include "core/key/layout.h"

#include "core/memory.h"

#include <string.h>

enum {
    BLOCK = 2048,     /* rows at a time: what is worked out for them stays in the first cache */
    FIRST_SLOTS = 64, /* of a hash table */
    AHEAD = 24,       /* rows between a prefetch and its use */
    CACHED_BYTES = 1 << 18,
    DENSE_BITS = 22
};
static const uint32_t FREE = UINT32_MAX;

typedef enum mode { DENSE, PACKED, WIDE } mode;

typedef struct packed_slot {
    uint64_t key;
    uint32_t id; /* FREE */
} packed_slot;

typedef struct wide_slot {
    uint32_t tag; /* upper half of the hash */
    uint32_t id;
} wide_slot;

struct qn_groups {
    qn_key *key;
    int64_t count, capacity;
    uint64_t **words;
    uint64_t **null_words; /* once a null was met */
    bool has_nulls;
    uint64_t *hashes; /* of the first `hashed` groups */
    int64_t hashed, hash_capacity;
    qn_key_layout *columns;
    mode mode;
    int32_t bits;
    uint32_t *cells; /* DENSE: 1 << bits */
    packed_slot *packed;
    wide_slot *wide;
    int64_t slot_count; /* of packed or wide, a power of two */
};

/* A block of rows on its way. */
typedef struct block {
    const qn_key_rows *rows;
    int64_t first, count;
    bool insert, careful; /* careful: some rows are outside of the layout */
    uint64_t keys[BLOCK], hashes[BLOCK];
    bool outside[BLOCK];
    int32_t fresh[BLOCK]; /* rows that begin a group not stored yet */
    int64_t fresh_count;
} block;

/* ---- Life ----------------------------------------------------------------------------------- */

static qn_status new_cells(qn_groups *groups, int32_t bits) {
    qn_mem_free(groups->cells);
    groups->cells = NULL;
    QN_TRY(qn_mem_alloc(&groups->cells, (size_t)1 << bits, sizeof *groups->cells));
    memset(groups->cells, 0xff, sizeof *groups->cells << bits);
    groups->bits = bits;
    return QN_OK;
}

static qn_status init(qn_groups *groups) {
    size_t count = (size_t)groups->key->count;
    QN_TRY(qn_mem_calloc(&groups->words, count, sizeof *groups->words));
    QN_TRY(qn_mem_calloc(&groups->null_words, (size_t)groups->key->null_count,
                         sizeof *groups->null_words));
    QN_TRY(qn_mem_calloc(&groups->columns, count, sizeof *groups->columns));
    for (size_t k = 0; k < count; k++)
        groups->columns[k] = qn_key_layout_empty();
    return new_cells(groups, 0);
}

qn_status qn_groups_new(qn_groups **out, qn_key *key) {
    qn_groups *groups = NULL;
    QN_TRY(qn_mem_calloc(&groups, 1, sizeof *groups));
    groups->key = key;
    qn_status status = init(groups);
    if (status != QN_OK) {
        qn_groups_free(groups);
        return status;
    }
    *out = groups;
    return QN_OK;
}

void qn_groups_free(qn_groups *groups) {
    if (groups == NULL)
        return;
    qn_mem_free_all(groups->words, groups->words != NULL ? groups->key->count : 0);
    qn_mem_free_all(groups->null_words, groups->null_words != NULL ? groups->key->null_count : 0);
    qn_mem_free(groups->hashes);
    qn_mem_free(groups->columns);
    qn_mem_free(groups->cells);
    qn_mem_free(groups->packed);
    qn_mem_free(groups->wide);
    qn_mem_free(groups);
}

int64_t qn_groups_count(const qn_groups *groups) {
    return groups->count;
}

int64_t qn_groups_bytes(const qn_groups *groups) {
    int64_t null_count = groups->has_nulls ? groups->key->null_count : 0;
    int64_t slot = groups->mode == PACKED ? sizeof(packed_slot) : sizeof(wide_slot);
    return groups->capacity * 8 * (groups->key->count + null_count) + groups->hash_capacity * 8 +
           (groups->mode == DENSE ? INT64_C(4) << groups->bits : groups->slot_count * slot);
}

/* ---- Storing groups ------------------------------------------------------------------------- */

static int64_t more(int64_t capacity, int64_t needed) {
    int64_t grown = capacity + capacity / 2;
    grown = grown < 64 ? 64 : grown;
    return grown < needed ? needed : grown;
}

static qn_status start_nulls(qn_groups *groups) {
    if (groups->has_nulls)
        return QN_OK;
    for (int32_t k = 0; k < groups->key->null_count; k++) {
        qn_mem_free(groups->null_words[k]);
        groups->null_words[k] = NULL;
        QN_TRY(qn_mem_calloc(&groups->null_words[k], (size_t)groups->capacity, sizeof(uint64_t)));
    }
    groups->has_nulls = true;
    return QN_OK;
}

static qn_status reserve(qn_groups *groups, int64_t needed) {
    if (needed > (int64_t)FREE)
        return qn_fail(QN_DATA, "more than %u groups on one rank", FREE);
    if (needed <= groups->capacity)
        return QN_OK;
    int64_t capacity = more(groups->capacity, needed);
    for (int32_t k = 0; k < groups->key->count; k++)
        QN_TRY(qn_mem_resize(&groups->words[k], (size_t)capacity, sizeof(uint64_t)));
    for (int32_t k = 0; k < groups->key->null_count && groups->has_nulls; k++) {
        QN_TRY(qn_mem_resize(&groups->null_words[k], (size_t)capacity, sizeof(uint64_t)));
        memset(groups->null_words[k] + groups->capacity, 0,
               (size_t)(capacity - groups->capacity) * sizeof(uint64_t));
    }
    groups->capacity = capacity;
    return QN_OK;
}

/* Appends the block's new groups. */
static qn_status store_fresh(qn_groups *groups, block *rows) {
    if (rows->fresh_count == 0)
        return QN_OK;
    QN_TRY(reserve(groups, groups->count + rows->fresh_count));
    if (rows->rows->has_nulls)
        QN_TRY(start_nulls(groups));
    for (int32_t k = 0; k < groups->key->count; k++) {
        const uint64_t *from = rows->rows->words[k] + rows->first;
        uint64_t *to = groups->words[k] + groups->count;
        for (int64_t j = 0; j < rows->fresh_count; j++)
            to[j] = from[rows->fresh[j]];
    }
    for (int32_t k = 0; k < groups->key->null_count && rows->rows->has_nulls; k++) {
        const uint64_t *from = rows->rows->null_words[k] + rows->first;
        uint64_t *to = groups->null_words[k] + groups->count;
        for (int64_t j = 0; j < rows->fresh_count; j++)
            to[j] = from[rows->fresh[j]];
    }
    groups->count += rows->fresh_count;
    rows->fresh_count = 0;
    return QN_OK;
}

static qn_status reserve_hashes(qn_groups *groups, int64_t needed) {
    if (needed <= groups->hash_capacity)
        return QN_OK;
    int64_t capacity = more(groups->hash_capacity, needed);
    QN_TRY(qn_mem_resize(&groups->hashes, (size_t)capacity, sizeof *groups->hashes));
    groups->hash_capacity = capacity;
    return QN_OK;
}

qn_status qn_groups_hashes(qn_groups *groups, const uint64_t **out) {
    if (groups->hashed < groups->count) {
        QN_TRY(reserve_hashes(groups, groups->count));
        qn_key_hash_words(groups->key, groups->words, groups->has_nulls ? groups->null_words : NULL,
                          groups->hashed, groups->count - groups->hashed,
                          groups->hashes + groups->hashed);
        groups->hashed = groups->count;
    }
    *out = groups->hashes;
    return QN_OK;
}

/* ---- Layout of packed keys ------------------------------------------------------------------ */

static bool block_range(const qn_groups *groups, const block *rows, int32_t k, int64_t *low,
                        int64_t *high) {
    const qn_key_rows *from = rows->rows;
    const uint64_t *words = from->words[k] + rows->first;
    const uint64_t *nulls = from->has_nulls ? from->null_words[k / 64] + rows->first : NULL;
    const qn_interner *interner = groups->key->interners[k];
    if (interner == NULL || nulls != NULL)
        return qn_key_range(words, nulls, k % 64, rows->count, low, high);
    *low = 0;
    *high = qn_interner_count(interner) - 1;
    return false;
}

/* Widens the layout for the block's rows; returns whether it changed. */
static bool widen(qn_groups *groups, const block *rows) {
    bool changed = false;
    for (int32_t k = 0; k < groups->key->count; k++) {
        int64_t low, high;
        bool some_null = block_range(groups, rows, k, &low, &high);
        changed |= qn_key_layout_widen(&groups->columns[k], low, high, some_null);
    }
    return changed;
}

/* ---- Making tables anew --------------------------------------------------------------------- */

static inline uint64_t mix(uint64_t key) {
    key ^= key >> 32;
    key *= UINT64_C(0xD6E8FEB86659FD93);
    key ^= key >> 29;
    return key * UINT64_C(0x9E3779B97F4A7C15);
}

QN_KEY_CLONES static void mix_keys(const uint64_t *restrict keys, uint64_t *restrict hashes,
                                   int64_t count) {
    for (int64_t i = 0; i < count; i++)
        hashes[i] = mix(keys[i]);
}

static inline int64_t place_packed(packed_slot *slots, int64_t slot_count, uint64_t key,
                                   uint32_t id) {
    int64_t mask = slot_count - 1;
    int64_t s = (int64_t)(mix(key) >> (64 - __builtin_ctzll((uint64_t)slot_count)));
    while (slots[s].id != FREE)
        s = (s + 1) & mask;
    slots[s] = (packed_slot){key, id};
    return s;
}

static qn_status new_packed(packed_slot **out, int64_t count) {
    QN_TRY(qn_mem_alloc(out, (size_t)count, sizeof **out));
    for (int64_t s = 0; s < count; s++)
        (*out)[s] = (packed_slot){0, FREE};
    return QN_OK;
}

static qn_status new_wide(wide_slot **out, int64_t count) {
    QN_TRY(qn_mem_alloc(out, (size_t)count, sizeof **out));
    memset(*out, 0xff, (size_t)count * sizeof **out);
    return QN_OK;
}

static int64_t slots_for(int64_t groups) {
    int64_t count = FIRST_SLOTS;
    while (count < 2 * groups)
        count *= 2;
    return count;
}

static qn_status grow_packed(qn_groups *groups) {
    int64_t count = 2 * groups->slot_count;
    packed_slot *slots = NULL;
    QN_TRY(new_packed(&slots, count));
    for (int64_t s = 0; s < groups->slot_count; s++)
        if (groups->packed[s].id != FREE)
            place_packed(slots, count, groups->packed[s].key, groups->packed[s].id);
    qn_mem_free(groups->packed);
    groups->packed = slots;
    groups->slot_count = count;
    return QN_OK;
}

static void place_wide(qn_groups *groups, uint64_t hash, uint32_t id) {
    int64_t mask = groups->slot_count - 1, s = (int64_t)hash & mask;
    while (groups->wide[s].id != FREE)
        s = (s + 1) & mask;
    groups->wide[s] = (wide_slot){(uint32_t)(hash >> 32), id};
}

static qn_status make_wide(qn_groups *groups, int64_t slot_count) {
    const uint64_t *hashes = NULL;
    QN_TRY(qn_groups_hashes(groups, &hashes));
    qn_mem_free(groups->wide);
    groups->wide = NULL;
    QN_TRY(new_wide(&groups->wide, slot_count));
    groups->slot_count = slot_count;
    for (int64_t g = 0; g < groups->count; g++)
        place_wide(groups, hashes[g], (uint32_t)g);
    return QN_OK;
}

static void refill(qn_groups *groups) {
    uint64_t keys[BLOCK];
    for (int64_t first = 0; first < groups->count; first += BLOCK) {
        int64_t count = groups->count - first < BLOCK ? groups->count - first : BLOCK;
        qn_key_pack(groups->columns, groups->key->count, groups->words,
                    groups->has_nulls ? groups->null_words : NULL, first, count, keys);
        for (int64_t i = 0; i < count; i++) {
            uint32_t id = (uint32_t)(first + i);
            if (groups->mode == DENSE)
                groups->cells[keys[i]] = id;
            else
                place_packed(groups->packed, groups->slot_count, keys[i], id);
        }
    }
}

/* An array is worth its memory if it is small for the number of groups that may come. */
static bool is_dense(const qn_groups *groups, int32_t bits, int64_t rows) {
    if (bits <= DENSE_BITS && INT64_C(1) << bits <= 64 * (groups->count + rows))
        return true;
    return bits <= 32 && INT64_C(1) << bits <= 8 * groups->count;
}

static qn_status rebuild(qn_groups *groups, int64_t rows) {
    int32_t bits = qn_key_layout_arrange(groups->columns, groups->key->count);
    qn_mem_free(groups->cells);
    qn_mem_free(groups->packed);
    groups->cells = NULL;
    groups->packed = NULL;
    groups->bits = bits;
    groups->mode = bits > 64 ? WIDE : is_dense(groups, bits, rows) ? DENSE : PACKED;
    groups->slot_count = slots_for(groups->count);
    if (groups->mode == WIDE)
        return make_wide(groups, groups->slot_count);
    if (groups->mode == DENSE)
        QN_TRY(new_cells(groups, bits));
    else
        QN_TRY(new_packed(&groups->packed, groups->slot_count));
    refill(groups);
    return QN_OK;
}

/* ---- Finding -------------------------------------------------------------------------------- */

static void find_dense(qn_groups *groups, block *rows, uint32_t *ids) {
    uint32_t most = 0, *cells = groups->cells, next = (uint32_t)groups->count;
    for (int64_t i = 0; i < rows->count; i++) {
        ids[i] = cells[rows->keys[i]];
        most = ids[i] > most ? ids[i] : most;
    }
    if (most != FREE || !rows->insert)
        return;
    for (int64_t i = 0; i < rows->count; i++) {
        uint32_t *cell = &cells[rows->keys[i]];
        if (*cell == FREE) {
            *cell = next++;
            rows->fresh[rows->fresh_count++] = (int32_t)i;
        }
        ids[i] = *cell;
    }
}

/* From row i on, as far as the table has room; returns the row to go on with. */
static inline __attribute__((always_inline)) int64_t
probe_packed(const qn_groups *groups, block *rows, int64_t i, bool prefetch, uint32_t *ids) {
    packed_slot *slots = groups->packed;
    int64_t mask = groups->slot_count - 1;
    int32_t shift = 64 - __builtin_ctzll((uint64_t)groups->slot_count);
    for (; i < rows->count; i++) {
        if (prefetch && i + AHEAD < rows->count)
            __builtin_prefetch(&slots[rows->hashes[i + AHEAD] >> shift]);
        int64_t s = (int64_t)(rows->hashes[i] >> shift);
        while (slots[s].key != rows->keys[i] && slots[s].id != FREE)
            s = (s + 1) & mask;
        if (slots[s].id == FREE && rows->insert) {
            if (2 * (groups->count + rows->fresh_count + 1) > groups->slot_count)
                return i;
            slots[s] = (packed_slot){rows->keys[i], (uint32_t)(groups->count + rows->fresh_count)};
            rows->fresh[rows->fresh_count++] = (int32_t)i;
        }
        ids[i] = slots[s].id;
    }
    return i;
}

static qn_status find_packed(qn_groups *groups, block *rows, uint32_t *ids) {
    mix_keys(rows->keys, rows->hashes, rows->count);
    for (int64_t i = 0;;) {
        bool prefetch = groups->slot_count * (int64_t)sizeof(packed_slot) > CACHED_BYTES;
        i = prefetch ? probe_packed(groups, rows, i, true, ids)
                     : probe_packed(groups, rows, i, false, ids);
        if (i == rows->count)
            return QN_OK;
        QN_TRY(grow_packed(groups));
    }
}

static bool same_key(const qn_groups *groups, uint32_t id, const qn_key_rows *rows, int64_t row) {
    for (int32_t k = 0; k < groups->key->count; k++)
        if (groups->words[k][id] != rows->words[k][row])
            return false;
    for (int32_t k = 0; k < groups->key->null_count && (groups->has_nulls || rows->has_nulls); k++)
        if ((groups->has_nulls ? groups->null_words[k][id] : 0) != rows->null_words[k][row])
            return false;
    return true;
}

static qn_status insert_wide(qn_groups *groups, block *rows, int64_t i, uint32_t *id) {
    if (2 * (groups->count + 1) > groups->slot_count)
        QN_TRY(make_wide(groups, 2 * groups->slot_count));
    QN_TRY(reserve_hashes(groups, groups->count + 1));
    *id = (uint32_t)groups->count;
    rows->fresh[0] = (int32_t)i;
    rows->fresh_count = 1;
    groups->hashes[*id] = rows->hashes[i];
    QN_TRY(store_fresh(groups, rows));
    groups->hashed = groups->count;
    place_wide(groups, rows->hashes[i], *id);
    return QN_OK;
}

static qn_status find_wide(qn_groups *groups, block *rows, uint32_t *ids) {
    const qn_key_rows *from = rows->rows;
    if (from->hashes != NULL)
        memcpy(rows->hashes, from->hashes + rows->first, (size_t)rows->count * sizeof(uint64_t));
    else
        qn_key_hash_words(groups->key, from->words, from->has_nulls ? from->null_words : NULL,
                          rows->first, rows->count, rows->hashes);
    for (int64_t i = 0; i < rows->count; i++) {
        int64_t mask = groups->slot_count - 1;
        if (i + AHEAD < rows->count)
            __builtin_prefetch(&groups->wide[(int64_t)rows->hashes[i + AHEAD] & mask]);
        uint32_t tag = (uint32_t)(rows->hashes[i] >> 32);
        int64_t s = (int64_t)rows->hashes[i] & mask;
        wide_slot slot = groups->wide[s];
        while (slot.id != FREE &&
               (slot.tag != tag || !same_key(groups, slot.id, from, rows->first + i))) {
            s = (s + 1) & mask;
            slot = groups->wide[s];
        }
        if (slot.id == FREE && rows->insert)
            QN_TRY(insert_wide(groups, rows, i, &slot.id));
        ids[i] = slot.id;
    }
    return QN_OK;
}

static qn_status find_block(qn_groups *groups, block *rows, uint32_t *ids) {
    const qn_key_rows *from = rows->rows;
    if (groups->mode == WIDE)
        return find_wide(groups, rows, ids);
    if (rows->insert && widen(groups, rows))
        QN_TRY(rebuild(groups, from->rows));
    if (groups->mode == PACKED && is_dense(groups, groups->bits, 0))
        QN_TRY(rebuild(groups, 0));
    if (groups->mode == WIDE)
        return find_wide(groups, rows, ids);
    int32_t count = groups->key->count;
    qn_key_pack(groups->columns, count, from->words, from->has_nulls ? from->null_words : NULL,
                rows->first, rows->count, rows->keys);
    if (!rows->insert) {
        qn_key_outside(groups->columns, count, from, rows->first, rows->count, rows->outside);
        for (int64_t i = 0; i < rows->count; i++)
            rows->keys[i] = rows->outside[i] ? 0 : rows->keys[i];
    }
    if (groups->mode == DENSE)
        find_dense(groups, rows, ids);
    else
        QN_TRY(find_packed(groups, rows, ids));
    for (int64_t i = 0; i < rows->count && !rows->insert; i++)
        ids[i] = rows->outside[i] ? FREE : ids[i];
    return store_fresh(groups, rows);
}

qn_status qn_groups_find(qn_groups *groups, const qn_key_rows *rows, bool insert, uint32_t *ids) {
    block part = {.rows = rows, .insert = insert};
    for (int64_t first = 0; first < rows->rows; first += BLOCK) {
        part.first = first;
        part.count = rows->rows - first < BLOCK ? rows->rows - first : BLOCK;
        QN_TRY(find_block(groups, &part, ids + first));
    }
    return QN_OK;
}

/* ---- Keys back to columns ------------------------------------------------------------------- */

static void gather(const uint64_t *words, const uint32_t *ids, int64_t count, uint64_t *out) {
    for (int64_t i = 0; i < count; i++)
        out[i] = words[ids[i]];
}

qn_status qn_groups_column(const qn_groups *groups, int32_t k, const uint32_t *ids, int64_t count,
                           qn_column **out) {
    uint64_t *words = NULL, *nulls = NULL;
    qn_status status = QN_OK;
    if (ids != NULL) {
        QN_TRY_GOTO(qn_mem_alloc(&words, (size_t)count, sizeof *words), done);
        gather(groups->words[k], ids, count, words);
    }
    if (groups->has_nulls) {
        QN_TRY_GOTO(qn_mem_calloc(&nulls, (size_t)qn_bit_words(count), sizeof *nulls), done);
        const uint64_t *from = groups->null_words[k / 64];
        for (int64_t i = 0; i < count; i++)
            if (from[ids != NULL ? ids[i] : (uint32_t)i] >> (k % 64) & 1)
                qn_bit_set(nulls, i);
    }
    QN_TRY_GOTO(
        qn_key_values(groups->key, k, ids != NULL ? words : groups->words[k], nulls, count, out),
        done);
done:
    qn_mem_free(words);
    qn_mem_free(nulls);
    return status;
}
