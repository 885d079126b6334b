/* The first rows of each group in an order of keys, kept in bounded heaps. */
#ifndef QUERN_FEATURES_SORT_GROUP_HEAPS_H
#define QUERN_FEATURES_SORT_GROUP_HEAPS_H

#include "core/key/key.h"
#include "core/key/order.h"

/* Columns of the rows that the heaps look at. */
typedef struct qn_group_top_spec {
    int32_t *partition;
    int32_t partition_count;
    qn_sort_key *keys;
    int32_t key_count;
    int64_t limit; /* rows of a group; 1 or more */
} qn_group_top_spec;

typedef struct qn_group_heaps qn_group_heaps;

/* Local. The spec is borrowed. JOB error for a partition by vectors. */
QN_CHECKED qn_status qn_group_heaps_new(qn_group_heaps **out, const qn_group_top_spec *spec,
                                        const qn_schema *schema);
void qn_group_heaps_free(qn_group_heaps *heaps); /* NULL is fine */

/* Local. Looks at the rows of a batch; those that may be among the first are copied. Cost: finding
 * the group, and a comparison with the last row of its heap. */
QN_CHECKED qn_status qn_group_heaps_add(qn_group_heaps *heaps, const qn_batch *batch);

/* Local. Do the rows that are among the first fit in so many bytes? If in doubt, those that are not
 * any more are dropped. */
QN_CHECKED qn_status qn_group_heaps_fit(qn_group_heaps *heaps, int64_t bytes, bool *fit);

/* Local. The rows that are among the first, in the order in which they came; the heaps' own. Last
 * call before they are freed. */
QN_CHECKED qn_status qn_group_heaps_finish(qn_group_heaps *heaps, qn_table **out);

/* Local. numbers[i] = place of row i of the table among those of its group, from 1; 0 past the
 * limit. */
QN_CHECKED qn_status qn_group_numbers(const qn_group_top_spec *spec, const qn_table *table,
                                      int64_t *numbers);

#endif
