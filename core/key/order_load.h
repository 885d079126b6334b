/* The values of a sort key as unsigned numbers that are ordered as the values are. */
#ifndef QUERN_CORE_KEY_ORDER_LOAD_H
#define QUERN_CORE_KEY_ORDER_LOAD_H

#include "core/key/order.h"

enum { QN_ORDER_CHUNK = 1024 }; /* rows that are looked at together, in the first-level cache */

/* One batch's piece of a key's column. */
typedef struct qn_order_piece {
    const void *values; /* numbers; strings with `ranks`: codes, or NULL if ranks go by row */
    const uint64_t *validity;
    const uint32_t *ranks; /* strings: place among the distinct ones, by code or by row */
} qn_order_piece;

typedef struct qn_order_source {
    qn_type type;
    bool has_nulls;
    qn_order_piece *pieces; /* by batch */
    uint32_t *ranks;        /* that the pieces point into */
} qn_order_source;

/* Local. Makes a column ready; ranks its strings, of which only those in refs need be right. */
QN_CHECKED qn_status qn_order_source_init(qn_order_source *out, const qn_table *table,
                                          int32_t column, const qn_ref *refs, int64_t rows);
void qn_order_source_clear(qn_order_source *source);

/* Values of up to QN_ORDER_CHUNK rows; nulls[i] = 1 under a null (whose value is anything), written
 * only if has_nulls. */
void qn_order_load(const qn_order_source *source, const qn_ref *refs, int64_t count,
                   uint64_t *values, uint8_t *nulls);

/* The same for rows that follow one another in a batch; of any type but strings. */
void qn_order_load_run(qn_type type, const void *values, int64_t first, int64_t count,
                       uint64_t *out);

/* Local. Sorts strings stably: order[i] = number of the i-th one; starts[i] = 1 where it differs
 * from the one before it (i > 0). Radix sort on seven bytes at a time. */
QN_CHECKED qn_status qn_order_sort_texts(const qn_view *texts, int64_t count, uint32_t *order,
                                         uint8_t *starts);

/* Local. qn_order_sort by one key, a string column without dictionaries. On failure refs are in
 * disorder. */
QN_CHECKED qn_status qn_order_sort_strings(const qn_table *table, const qn_sort_key *key,
                                           qn_ref *refs, int64_t rows);

/* Local. ranks[i] = number of distinct strings that are less than texts[i]. */
QN_CHECKED qn_status qn_order_rank_texts(const qn_view *texts, int64_t count, uint32_t *ranks);

/* Doubles and floats: NaN above all, -0.0 as 0.0. */
static inline uint64_t qn_order_f64(double x) {
    union {
        double real;
        uint64_t bits;
    } u = {.real = x == 0 ? 0.0 : x};
    uint64_t ordered = u.bits >> 63 ? ~u.bits : u.bits | UINT64_C(1) << 63;
    return x != x ? UINT64_MAX : ordered;
}
static inline uint64_t qn_order_f32(float x) {
    union {
        float real;
        uint32_t bits;
    } u = {.real = x == 0 ? 0.0F : x};
    uint32_t ordered = u.bits >> 31 ? ~u.bits : u.bits | UINT32_C(1) << 31;
    return x != x ? UINT32_MAX : ordered;
}

#endif
