/* Inside core/key/order*.c only: how keys are laid out in words, and the words after sorting. */
#ifndef QUERN_CORE_KEY_ORDER_KEPT_H
#define QUERN_CORE_KEY_ORDER_KEPT_H

#include "core/key/order.h"

/* What a key takes of a word. A key whose values fill 64 bits has its nulls in a field of their
 * own. */
typedef struct qn_order_field {
    int32_t key;
    int bits;
    bool null_field; /* 1 bit: whether it is null */
} qn_order_field;

typedef struct qn_order_range {
    uint64_t least, extent; /* values are least .. least + extent */
    bool has_nulls, any;
} qn_order_range;

struct qn_order_kept {
    uint64_t *words; /* by sorted row */
    int words_shift; /* the keys' bits begin there */
    qn_sort_key *keys;
    qn_type *types;
    qn_order_range *ranges;
    int *shifts; /* by key: where its field begins; -1: the key is constant */
    int *bits;
    int32_t count;
};

#endif
