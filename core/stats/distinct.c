#include "core/stats/distinct.h"

#include "core/memory.h"
#include "core/stats/hash.h"
#include "core/stats/values.h"

#include <math.h>

enum { FIRST_SLOTS = 64, PRECISION = 14, RANKS = 64 - PRECISION };

qn_status qn_distinct_init(qn_distinct *distinct) {
    qn_distinct made = {.slot_count = FIRST_SLOTS};
    QN_TRY(qn_mem_calloc(&made.slots, FIRST_SLOTS, sizeof *made.slots));
    *distinct = made;
    return QN_OK;
}

void qn_distinct_clear(qn_distinct *distinct) {
    qn_mem_free(distinct->slots);
    qn_mem_free(distinct->registers);
    *distinct = (qn_distinct){0};
}

/* ---- Registers and the exact set ------------------------------------------------------------ */

/* A register holds the longest run of leading zeros, plus one, among the hashes that fall to it. */
static void add_to_register(uint8_t *registers, uint64_t hash) {
    uint64_t rest = hash << PRECISION;
    int zeros = rest == 0 ? RANKS : __builtin_clzll(rest);
    uint8_t *rank = &registers[hash >> RANKS];
    if (zeros + 1 > *rank)
        *rank = (uint8_t)(zeros + 1);
}

qn_status qn_distinct_estimate(qn_distinct *distinct) {
    uint8_t *registers = NULL;
    if (distinct->registers != NULL)
        return QN_OK;
    QN_TRY(qn_mem_calloc(&registers, QN_DISTINCT_REGISTERS, 1));
    for (int64_t i = 0; i < distinct->slot_count; i++)
        if (distinct->slots[i] != 0)
            add_to_register(registers, distinct->slots[i]);
    qn_mem_free(distinct->slots);
    distinct->slots = NULL;
    distinct->registers = registers;
    return QN_OK;
}

static uint64_t *find_slot(const qn_distinct *distinct, uint64_t hash) {
    int64_t mask = distinct->slot_count - 1, slot = (int64_t)hash & mask;
    while (distinct->slots[slot] != 0 && distinct->slots[slot] != hash)
        slot = (slot + 1) & mask;
    return &distinct->slots[slot];
}

static qn_status grow(qn_distinct *distinct) {
    qn_distinct larger = {.slot_count = 2 * distinct->slot_count};
    QN_TRY(qn_mem_calloc(&larger.slots, (size_t)larger.slot_count, sizeof *larger.slots));
    for (int64_t i = 0; i < distinct->slot_count; i++)
        if (distinct->slots[i] != 0)
            *find_slot(&larger, distinct->slots[i]) = distinct->slots[i];
    qn_mem_free(distinct->slots);
    distinct->slots = larger.slots;
    distinct->slot_count = larger.slot_count;
    return QN_OK;
}

static qn_status add_to_set(qn_distinct *distinct, uint64_t hash) {
    uint64_t *slot = find_slot(distinct, hash);
    if (*slot != 0)
        return QN_OK;
    if (distinct->count == QN_DISTINCT_EXACT) {
        QN_TRY(qn_distinct_estimate(distinct));
        add_to_register(distinct->registers, hash);
        return QN_OK;
    }
    if (2 * (distinct->count + 1) > distinct->slot_count) {
        QN_TRY(grow(distinct));
        slot = find_slot(distinct, hash);
    }
    *slot = hash;
    distinct->count++;
    return QN_OK;
}

qn_status qn_distinct_add_hash(qn_distinct *distinct, uint64_t hash) {
    hash = hash == 0 ? 1 : hash; /* 0 marks free slots */
    if (distinct->registers == NULL)
        return add_to_set(distinct, hash);
    add_to_register(distinct->registers, hash);
    return QN_OK;
}

qn_status qn_distinct_merge(qn_distinct *distinct, const qn_distinct *other) {
    if (other->registers == NULL) {
        for (int64_t i = 0; i < other->slot_count; i++)
            if (other->slots[i] != 0)
                QN_TRY(qn_distinct_add_hash(distinct, other->slots[i]));
        return QN_OK;
    }
    QN_TRY(qn_distinct_estimate(distinct));
    for (int i = 0; i < QN_DISTINCT_REGISTERS; i++)
        if (other->registers[i] > distinct->registers[i])
            distinct->registers[i] = other->registers[i];
    return QN_OK;
}

/* ---- The estimate --------------------------------------------------------------------------- */

static double sigma(double x) {
    double y = 1, z = x, before;
    if (x == 1)
        return HUGE_VAL;
    do {
        before = z;
        x *= x;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x) {
    double y = 1, z = 1 - x, before;
    if (x == 0 || x == 1)
        return 0;
    do {
        before = z;
        x = sqrt(x);
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

int64_t qn_distinct_result(const qn_distinct *distinct) {
    const double m = QN_DISTINCT_REGISTERS;
    int64_t counts[RANKS + 2] = {0};
    if (distinct->registers == NULL)
        return distinct->count;
    for (int i = 0; i < QN_DISTINCT_REGISTERS; i++)
        counts[distinct->registers[i]]++;
    double z = m * tau(1 - (double)counts[RANKS + 1] / m);
    for (int k = RANKS; k >= 1; k--)
        z = 0.5 * (z + (double)counts[k]);
    z += m * sigma((double)counts[0] / m);
    return llround(m / (2 * M_LN2) * m / z);
}

/* ---- Columns -------------------------------------------------------------------------------- */

static qn_status add_used(qn_distinct *distinct, const qn_column *dictionary, int64_t word,
                          uint64_t used) {
    for (; used != 0; used &= used - 1) {
        int64_t code = 64 * word + __builtin_ctzll(used);
        QN_TRY(qn_distinct_add_hash(distinct, qn_hash_view(qn_column_string(dictionary, code))));
    }
    return QN_OK;
}

/* Each code once; a batch has few of a large dictionary's. */
static qn_status add_codes(qn_distinct *distinct, const qn_column *column) {
    uint64_t *used = NULL;
    int64_t words = qn_bit_words(column->dictionary->length);
    qn_status status = QN_OK;
    QN_TRY(qn_mem_calloc(&used, (size_t)words + 1, sizeof *used));
    for (int64_t i = 0; i < column->length; i++)
        if (!qn_column_is_null(column, i))
            qn_bit_set(used, column->codes[i]);
    for (int64_t word = 0; word < words && status == QN_OK; word++)
        status = add_used(distinct, column->dictionary, word, used[word]);
    qn_mem_free(used);
    return status;
}

static qn_status add_strings(qn_distinct *distinct, const qn_column *column) {
    if (column->dictionary != NULL)
        return add_codes(distinct, column);
    for (int64_t i = 0; i < column->length; i++)
        if (!qn_column_is_null(column, i))
            QN_TRY(qn_distinct_add_hash(distinct, qn_hash_view(qn_column_string(column, i))));
    return QN_OK;
}

static uint64_t hash_number(const qn_column *column, int64_t i) {
    if (column->type == QN_INT64 || column->type == QN_TIMESTAMP)
        return qn_hash_bytes(&column->i64[i], sizeof *column->i64);
    return qn_hash_real(qn_column_real(column, i));
}

qn_status qn_distinct_add(qn_distinct *distinct, const qn_column *column) {
    if (column->type == QN_STRING_LIST)
        return add_strings(distinct, column->items);
    if (column->type == QN_STRING)
        return add_strings(distinct, column);
    for (int64_t i = 0; i < column->length; i++)
        if (!qn_column_is_null(column, i))
            QN_TRY(qn_distinct_add_hash(distinct, hash_number(column, i)));
    return QN_OK;
}
