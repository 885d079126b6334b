/* A column: values of one type in Arrow's memory layout. Immutable once built and shared by
 * reference count, so a projection costs nothing.
 *
 *   validity   bitmap, least significant bit first, 1 = present; NULL when nothing is null
 *   values     fixed-width types: `length` values (bool: bitmap); under a null: zero
 *   offsets    strings: length + 1, into chars; lists: into items; sparse vectors: into
 *              indices/values
 *   dictionary strings only, may be NULL: `codes` index it (a code under a null is 0)
 *   vectors    dense: length * width values in row order (a null row is zeros);
 *              sparse: `indices` not NULL, strictly increasing in a row
 *
 * Buffers are padded to 64 bytes; bits past the length are 0. */
#ifndef QUERN_CORE_COLUMN_COLUMN_H
#define QUERN_CORE_COLUMN_COLUMN_H

#include "core/column/schema.h"

typedef struct qn_column qn_column;
struct qn_column {
    int32_t references;
    qn_type type;
    int32_t width; /* vectors: slots */
    int64_t length;
    int64_t null_count;
    uint64_t *validity;
    union {
        void *values;
        uint64_t *bits; /* bool */
        int32_t *i32;   /* int32, date */
        int64_t *i64;   /* int64, timestamp */
        float *f32;
        double *f64;    /* float64, vector */
        int32_t *codes; /* dictionary-encoded string */
    };
    int32_t *offsets;
    char *chars;
    int32_t *indices;
    qn_column *dictionary; /* string column without nulls */
    qn_column *items;      /* string lists: the flattened items */
};

/* Local. A column of `length` values with its buffers for fixed-width types and dense vectors
 * (`width` slots) cleared; strings, lists and sparse vectors get offsets only (all 0), their other
 * buffers are set by the caller. No validity. The caller's, released with qn_column_release. */
QN_CHECKED qn_status qn_column_new(qn_column **out, qn_type type, int64_t length, int32_t width);

/* Local. The same for fixed-width types but bool, and dense vectors, with values not cleared: for
 * kernels that write them all. */
QN_CHECKED qn_status qn_column_new_raw(qn_column **out, qn_type type, int64_t length,
                                       int32_t width);

/* Local. A sparse vector column with room for `stored` entries (indices and values not cleared);
 * offsets are all 0. */
QN_CHECKED qn_status qn_column_new_sparse(qn_column **out, int64_t length, int32_t width,
                                          int64_t stored);

/* Local. A column of `length` nulls. */
QN_CHECKED qn_status qn_column_new_null(qn_column **out, qn_type type, int64_t length,
                                        int32_t width);

qn_column *qn_column_retain(const qn_column *column); /* shares it; drops const: still immutable */
void qn_column_release(qn_column *column);            /* NULL is fine */

/* While building: allocates validity (all present) at the first null and clears bit `row`;
 * null_count is kept. */
QN_CHECKED qn_status qn_column_set_null(qn_column *column, int64_t row);

/* While building: takes over `validity` (may be NULL), counts nulls, drops it if there are none. */
void qn_column_set_validity(qn_column *column, uint64_t *validity);

static inline bool qn_bit(const uint64_t *bits, int64_t i) {
    return (bits[i >> 6] >> (i & 63)) & 1;
}
static inline void qn_bit_set(uint64_t *bits, int64_t i) {
    bits[i >> 6] |= UINT64_C(1) << (i & 63);
}
static inline void qn_bit_reset(uint64_t *bits, int64_t i) {
    bits[i >> 6] &= ~(UINT64_C(1) << (i & 63));
}
static inline int64_t qn_bit_words(int64_t bits) {
    return (bits + 63) >> 6;
}
int64_t qn_bits_count(const uint64_t *bits, int64_t length); /* ones */

static inline bool qn_column_is_null(const qn_column *column, int64_t row) {
    return column->validity != NULL && !qn_bit(column->validity, row);
}

/* The string at `row`, dictionary-encoded or not; borrowed. Empty for a null. */
qn_view qn_column_string(const qn_column *column, int64_t row);

/* A numeric, bool, date or timestamp value as a double; NaN for a null. */
double qn_column_real(const qn_column *column, int64_t row);

/* Local. Rows `rows[0..count)` in that order; shares a dictionary. */
QN_CHECKED qn_status qn_column_take(qn_column **out, const qn_column *column, const int64_t *rows,
                                    int64_t count);

/* Local. Rows [first, first + count). */
QN_CHECKED qn_status qn_column_slice(qn_column **out, const qn_column *column, int64_t first,
                                     int64_t count);

/* Local. Columns of one type (and width) one after the other; dictionaries are merged. */
QN_CHECKED qn_status qn_column_concat(qn_column **out, const qn_column *const *columns,
                                      int64_t count);

/* Local. The same string column without a dictionary (shared if it has none). */
QN_CHECKED qn_status qn_column_decode(qn_column **out, const qn_column *column);

/* Local. The same vector column, dense (shared if it is). */
QN_CHECKED qn_status qn_column_densify(qn_column **out, const qn_column *column);

/* Local. Bytes of all buffers, dictionary included. */
int64_t qn_column_bytes(const qn_column *column);

/* Builds a string column value by value. */
typedef struct qn_string_builder {
    int64_t length, null_count, capacity, chars_capacity;
    int32_t *offsets;
    char *chars;
    uint64_t *validity; /* NULL while nothing is null */
} qn_string_builder;

void qn_string_builder_init(qn_string_builder *builder);
void qn_string_builder_clear(qn_string_builder *builder);
QN_CHECKED qn_status qn_string_builder_add(qn_string_builder *builder, qn_view value);
QN_CHECKED qn_status qn_string_builder_add_null(qn_string_builder *builder);

/* For writers that put the bytes themselves: room for so many more rows and bytes (and 64 bytes to
 * write past them). Then the bytes go behind chars[offsets[length]], the end of each row into
 * offsets[length + 1] and on, and `took` says how many rows were written. DATA error past 2 GiB of
 * text. */
QN_CHECKED qn_status qn_string_builder_reserve(qn_string_builder *builder, int64_t rows,
                                               int64_t chars);
void qn_string_builder_took(qn_string_builder *builder, int64_t rows);

/* Hands the column out and leaves the builder empty. DATA error past 2 GiB of text. */
QN_CHECKED qn_status qn_string_builder_finish(qn_string_builder *builder, qn_column **out);

#endif
