/* How often each distinct value of a column occurs.
 *
 * Entries are numbered in the order in which they were first met, until qn_frequency_sort or a
 * reduction over ranks (qn_reduce_frequency, mpi/comm/reduce.h) puts them in order of their keys.
 * Keys are strings, or doubles for every other type (-0 is 0; all NaN are one value). Nulls are
 * counted apart. Hashing: XXH3. */
#ifndef QUERN_CORE_STATS_FREQUENCY_H
#define QUERN_CORE_STATS_FREQUENCY_H

#include "core/column/column.h"

typedef struct qn_frequency {
    bool text;
    int64_t count; /* distinct values */
    int64_t total; /* values, without nulls */
    int64_t nulls;
    int64_t capacity;
    int64_t *counts;  /* of each entry */
    uint64_t *hashes; /* of each entry's key */
    double *numbers;  /* keys, unless text */
    int64_t *offsets; /* text: capacity + 1, into chars */
    char *chars;
    int64_t chars_capacity;
    int64_t slot_count;    /* a power of two */
    int32_t *slots;        /* entry + 1; 0 is free */
    qn_column *dictionary; /* the last one met, and its codes' entries + 1 (0: not met yet) */
    int32_t *code_entries;
} qn_frequency;

/* Local. For a column of `type`: string, list<string> (each item counts), or any scalar type. */
QN_CHECKED qn_status qn_frequency_init(qn_frequency *frequency, qn_type type);
void qn_frequency_clear(qn_frequency *frequency);

/* Local. Adds all rows. Dictionary-encoded strings cost one lookup a code and one addition a row,
 * as long as batches share the dictionary. Errors: MEMORY. Cost: plain strings 10 to 30 ns a row,
 * codes 1 ns. */
QN_CHECKED qn_status qn_frequency_add(qn_frequency *frequency, const qn_column *column);

/* Local. One key `times` times. */
QN_CHECKED qn_status qn_frequency_add_text(qn_frequency *frequency, qn_view key, int64_t times);
QN_CHECKED qn_status qn_frequency_add_number(qn_frequency *frequency, double key, int64_t times);

QN_CHECKED qn_status qn_frequency_merge(qn_frequency *frequency, const qn_frequency *other);

/* Borrowed key of an entry. */
qn_view qn_frequency_text(const qn_frequency *frequency, int64_t entry);
static inline double qn_frequency_number(const qn_frequency *frequency, int64_t entry) {
    return frequency->numbers[entry];
}

/* Entry of a key, or -1. */
int64_t qn_frequency_find_text(const qn_frequency *frequency, qn_view key);
int64_t qn_frequency_find_number(const qn_frequency *frequency, double key);

/* Orders of entries; ties in counts by ascending key. Strings by unsigned bytes, NaN last. */
typedef enum qn_frequency_order {
    QN_FREQUENCY_KEY_ASC,
    QN_FREQUENCY_KEY_DESC,
    QN_FREQUENCY_COUNT_DESC,
    QN_FREQUENCY_COUNT_ASC
} qn_frequency_order;

/* Local. The entries' numbers in that order; the caller's. */
QN_CHECKED qn_status qn_frequency_rank(const qn_frequency *frequency, qn_frequency_order order,
                                       int64_t **out);

/* Local. Renumbers the entries by ascending key. */
QN_CHECKED qn_status qn_frequency_sort(qn_frequency *frequency);

/* Local. Appends the entries whose hash falls to `part` of `parts` (all of them for 0 of 1) as
 * bytes, and adds such bytes up again: for sending between ranks. */
QN_CHECKED qn_status qn_frequency_pack(const qn_frequency *frequency, int part, int parts,
                                       qn_text *out);
QN_CHECKED qn_status qn_frequency_unpack(qn_frequency *frequency, const char *bytes,
                                         int64_t length);

#endif
