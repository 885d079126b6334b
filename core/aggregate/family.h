/* Inside core/aggregate: what a family of functions consists of, and what they share. */
#ifndef QUERN_CORE_AGGREGATE_FAMILY_H
#define QUERN_CORE_AGGREGATE_FAMILY_H

#include "core/aggregate/aggregate.h"
#include "core/key/key.h"

#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define QN_AGGREGATE_CLONES                                                                        \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QN_AGGREGATE_CLONES
#endif

/* An array that grows with the groups. */
typedef struct qn_slots {
    void *data;
    int64_t count, capacity;
} qn_slots;

/* Local. Makes it `count` items of `size` bytes, new ones with all bytes `fill`. */
QN_CHECKED qn_status qn_slots_grow(qn_slots *slots, int64_t count, size_t size, int fill);
void qn_slots_clear(qn_slots *slots);

/* How many values each group has. As long as every row counts, that is the caller's count. */
typedef struct qn_presence {
    int64_t *const *shared; /* NULL: there is none */
    bool own;
    qn_slots counts; /* int64_t */
} qn_presence;

static inline int64_t qn_presence_of(const qn_presence *presence, uint32_t group) {
    return presence->own ? ((const int64_t *)presence->counts.data)[group]
                         : (*presence->shared)[group];
}

typedef struct qn_aggregate_class qn_aggregate_class;

/* A function of a family. */
typedef struct qn_aggregate_function {
    const char *name;
    const qn_aggregate_class *class_;
    int32_t variant;     /* the family's */
    int32_t least, most; /* arguments */
} qn_aggregate_function;

/* A family's struct begins with this one. */
struct qn_aggregator {
    const qn_aggregate_class *class_;
    const qn_aggregate_function *function;
    qn_type types[2]; /* of the arguments */
    int32_t argument_count;
    qn_type result;
    qn_aggregate_options options; /* text and order: copies */
    int64_t groups;
    int32_t state_count; /* columns, besides the count of values; -1: not mergeable */
    bool even_states;    /* see qn_aggregator_even_states */
    qn_presence presence;
    struct qn_distinct_rows *distinct; /* NULL: all rows count */
};

struct qn_aggregate_class {
    size_t size;         /* of the family's struct */
    int32_t state_count; /* see above; init may change it */
    bool keeps_nulls;    /* wants to see rows with a null argument */
    bool counts;         /* presence is kept, and is part of the states */
    bool distinct_matters;
    bool wants_rows; /* row numbers */
    /* The result's type for argument types; sets *fits = false if they do not suit. */
    qn_type (*type)(const qn_aggregate_function *function, const qn_type *types, int32_t count,
                    bool *fits);
    const char *wants; /* argument types, for errors: "a number" */
    qn_status (*init)(qn_aggregator *self, const qn_type *types, int32_t order_count);
    qn_status (*grow)(qn_aggregator *self, int64_t groups);
    qn_status (*update)(qn_aggregator *self, const qn_aggregate_rows *rows);
    qn_status (*states)(qn_aggregator *self, const uint32_t *ids, int64_t count, qn_batch *out);
    qn_status (*merge)(qn_aggregator *self, const uint32_t *ids, int64_t count,
                       qn_column *const *states);
    qn_status (*finish)(qn_aggregator *self, const uint32_t *ids, int64_t count, qn_column **out);
    int64_t (*bytes)(const qn_aggregator *self);
    void (*clear)(qn_aggregator *self);
};

extern const qn_aggregate_class qn_aggregate_count, qn_aggregate_count_if, qn_aggregate_sum,
    qn_aggregate_extreme, qn_aggregate_bits, qn_aggregate_moments, qn_aggregate_shape,
    qn_aggregate_pick, qn_aggregate_extreme_by, qn_aggregate_percentile, qn_aggregate_mode,
    qn_aggregate_list;

/* Local. A numeric column's values as doubles; `buffer` (column->length) is used if they are not
 * that already. */
const double *qn_aggregate_reals(const qn_column *column, double *buffer);

/* ---- Values as integers in their order (core/aggregate/ordered.c) -----------------------------
 */

/* NaN above all, -0.0 = 0.0; strings are numbers of an interner and have no order by themselves. */
typedef struct qn_ordered {
    qn_type type;
    qn_interner *texts; /* strings only */
    int32_t *ids;       /* buffer of QN_BATCH_ROWS */
} qn_ordered;

/* True for types with an order. */
bool qn_ordered_allows(qn_type type);

QN_CHECKED qn_status qn_ordered_init(qn_ordered *ordered, qn_type type);
void qn_ordered_clear(qn_ordered *ordered);
int64_t qn_ordered_bytes(const qn_ordered *ordered);

/* Local. keys[i] for each row; anything for a null. */
QN_CHECKED qn_status qn_ordered_encode(qn_ordered *ordered, const qn_column *column, int64_t *keys);
/* Local. Back to a column; nulls (a bitmap, 1 = null) may be NULL. */
QN_CHECKED qn_status qn_ordered_decode(qn_ordered *ordered, const int64_t *keys,
                                       const uint64_t *nulls, int64_t count, qn_column **out);
/* <0, 0, >0 */
int qn_ordered_compare(const qn_ordered *ordered, int64_t a, int64_t b);

/* Local. For strings: places[id] among all strings so far, in their order (the caller's,
 * qn_mem_free). */
QN_CHECKED qn_status qn_ordered_places(const qn_ordered *ordered, int64_t **places);

#endif
