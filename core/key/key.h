/* Keys of grouping and joining as 64-bit words: equal values become equal words (NaN = NaN,
 * -0.0 = 0.0, null = null); strings and lists become numbers of an interner. */
#ifndef QUERN_CORE_KEY_KEY_H
#define QUERN_CORE_KEY_KEY_H

#include "core/key/interner.h"

/* The key of up to QN_BATCH_ROWS rows. */
typedef struct qn_key_rows {
    int64_t rows;
    uint64_t **words;      /* words[k][i]: column k of row i; 0 under a null */
    uint64_t **null_words; /* null_words[k / 64][i]: bit k % 64 set where column k is null */
    bool has_nulls;        /* of these rows; else null_words are all 0 */
    bool has_unknown;      /* without insert: some string was never met; its word is UINT64_MAX */
    uint64_t *hashes;      /* of the whole key: a function of the values alone, on every rank; NULL
                              from qn_key_words */
} qn_key_rows;

typedef struct qn_key qn_key;

/* Local. An encoder for keys of these column types (any type but vectors: JOB error). */
QN_CHECKED qn_status qn_key_new(qn_key **out, const qn_type *types, int32_t count);
void qn_key_free(qn_key *key); /* NULL is fine */
int32_t qn_key_count(const qn_key *key);

/* Local. Encodes columns of equal length; *out is the encoder's own and holds until the next call.
 * insert == false: strings never met get UINT64_MAX (probing a join's other side). */
QN_CHECKED qn_status qn_key_encode(qn_key *key, qn_column *const *columns, int64_t rows,
                                   bool insert, const qn_key_rows **out);

/* Local. The same without hashes: qn_groups_find works out those that it needs, which are few while
 * keys are of a small range. */
QN_CHECKED qn_status qn_key_words(qn_key *key, qn_column *const *columns, int64_t rows, bool insert,
                                  const qn_key_rows **out);

/* Local. The hashes alone, without interning (for sending rows to ranks): the same values as those
 * of qn_key_encode. hashes has room for `rows`. */
QN_CHECKED qn_status qn_key_hash(qn_key *key, qn_column *const *columns, int64_t rows,
                                 uint64_t *hashes);

/* Local. Words of column k back to values of its type; `nulls` (NULL: none) has a bit a row, 1 for
 * null. Strings share one dictionary. */
QN_CHECKED qn_status qn_key_values(const qn_key *key, int32_t k, const uint64_t *words,
                                   const uint64_t *nulls, int64_t rows, qn_column **out);

int64_t qn_key_bytes(const qn_key *key); /* memory held */

/* Partitions of the canonical order: the top bits of the hash. */
enum { QN_KEY_PARTITIONS = 1024 };
static inline int32_t qn_key_partition(uint64_t hash) {
    return (int32_t)(hash >> 54);
}
/* The rank that partition belongs to: contiguous ranges. */
static inline int qn_key_rank(int32_t partition, int ranks) {
    return (int)(((int64_t)partition * ranks) / QN_KEY_PARTITIONS);
}

/* ---- Groups: distinct keys, numbered in the order in which they were first met ----------------
 */

typedef struct qn_groups qn_groups;

/* Local. The encoder stays the caller's and must outlive the groups. */
QN_CHECKED qn_status qn_groups_new(qn_groups **out, qn_key *key);
void qn_groups_free(qn_groups *groups); /* NULL is fine */

/* Local. ids[i] = group of row i. New keys get the next number; insert == false: UINT32_MAX.
 * Cost (64-bit keys): 1 ns a row where the key's range is small (an array instead of a hash
 * table), 3 ns up to the second-level cache, 10 to 15 ns beyond it (prefetched). */
QN_CHECKED qn_status qn_groups_find(qn_groups *groups, const qn_key_rows *rows, bool insert,
                                    uint32_t *ids);
int64_t qn_groups_count(const qn_groups *groups);

/* Local. The hash of each group; worked out here where they were not needed before. Borrowed until
 * the next insert. */
QN_CHECKED qn_status qn_groups_hashes(qn_groups *groups, const uint64_t **out);

/* Local. Key column k of groups ids[0..count) (NULL: all, in order), in the column's own type;
 * strings share one dictionary. */
QN_CHECKED qn_status qn_groups_column(const qn_groups *groups, int32_t k, const uint32_t *ids,
                                      int64_t count, qn_column **out);
int64_t qn_groups_bytes(const qn_groups *groups); /* memory held, without the encoder */

#endif
