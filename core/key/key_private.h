/* Inside core/key: what groups know of their encoder. */
#ifndef QUERN_CORE_KEY_KEY_PRIVATE_H
#define QUERN_CORE_KEY_KEY_PRIVATE_H

#include "core/key/key.h"

/* Loops over plain arrays are compiled for AVX-512, AVX2 and the baseline, chosen at load time. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define QN_KEY_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QN_KEY_CLONES
#endif

struct qn_key {
    int32_t count;
    int32_t null_count; /* arrays of null words: (count + 63) / 64, at least 1 */
    qn_type *types;
    qn_interner **interners;  /* NULL for types of fixed width */
    qn_column **dictionaries; /* for qn_key_hash: the last one, retained, and */
    uint64_t **text_hashes;   /* the hashes of its strings */
    int64_t capacity;         /* rows that the arrays below have room for */
    qn_key_rows rows;
    qn_key_rows rows_out; /* of the last call: `rows`, with or without hashes */
    bool null_words_set;  /* not all zero */
    uint64_t *values;     /* what is hashed of one column */
    int32_t *ids;
};

/* Local. Hashes of keys [first, first + rows), given as words of the encoder; strings by their
 * text. null_words may be NULL. */
void qn_key_hash_words(const qn_key *key, uint64_t *const *words, uint64_t *const *null_words,
                       int64_t first, int64_t rows, uint64_t *hashes);

#endif
