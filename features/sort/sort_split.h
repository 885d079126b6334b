/* Which rank sorts which rows: splitters taken from samples of all ranks. */
#ifndef QUERN_FEATURES_SORT_SORT_SPLIT_H
#define QUERN_FEATURES_SORT_SORT_SPLIT_H

#include "core/key/order.h"
#include "features/wide/wide.h"

/* Rows are told apart by their keys, then by their place in the input (rank and number there): so
 * equal keys spread over ranks, and no two rows are equal. */
typedef struct qn_split {
    qn_comm *comm;
    const qn_sort_key *keys; /* borrowed */
    int32_t key_count;
    qn_sort_key *own_keys; /* of a batch that has the key columns alone, and the place */
    qn_table samples;      /* of this rank: key columns, place */
    qn_batch splitters;    /* the same columns; row i is the first one of rank i + 1 */
    uint64_t *prefixes;    /* of the splitters */
    bool exact;
    int64_t next;           /* number of the next row to be routed */
    uint64_t *row_prefixes; /* of a batch */
    qn_column **views;      /* of a batch: its key columns */
} qn_split;

/* Local. Cleared with qn_split_clear, also after failure. */
QN_CHECKED qn_status qn_split_init(qn_split *out, qn_comm *comm, const qn_schema *schema,
                                   const qn_sort_key *keys, int32_t count);
void qn_split_clear(qn_split *split);

/* Local. Samples one of each `step` rows; the table's first row is number `first` here. */
QN_CHECKED qn_status qn_split_sample(qn_split *split, const qn_table *table, int64_t first,
                                     int64_t step);

/* Collective. Splitters from all ranks' samples. Sends key columns of the samples to all ranks. */
QN_CHECKED qn_status qn_split_choose(qn_split *split);

/* A qn_route. Rows come in their order here, numbered from 0; or by their row_ids if there are
 * some. */
qn_status qn_split_route(void *split, const qn_batch *batch, int32_t *ranks);

#endif
