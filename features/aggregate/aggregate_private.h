/* Inside features/wide: what the parts of aggregation share. */
#ifndef QUERN_FEATURES_AGGREGATE_AGGREGATE_PRIVATE_H
#define QUERN_FEATURES_AGGREGATE_AGGREGATE_PRIVATE_H

#include "core/aggregate/aggregate.h"
#include "core/key/key.h"
#include "features/aggregate/aggregate.h"
#include "features/wide/output.h"

/* What is to be computed from columns of the input. */
typedef struct qn_aggregate_plan {
    const qn_schema *in;
    int32_t *keys;
    int32_t key_count;
    qn_aggregate_call *calls; /* copies */
    int32_t call_count;
    bool mergeable, wants_rows;
    int32_t *needed; /* columns of the input that rows must bring along, each once */
    int32_t needed_count;
    int32_t *places; /* of each column of the input among them, or -1 */
} qn_aggregate_plan;

QN_CHECKED qn_status qn_aggregate_plan_init(qn_aggregate_plan *plan, const qn_schema *in,
                                            const int32_t *keys, int32_t key_count,
                                            const qn_aggregate_call *calls, int32_t call_count);
void qn_aggregate_plan_clear(qn_aggregate_plan *plan);

/* Groups and their states. */
typedef struct qn_grouping {
    const qn_aggregate_plan *plan;
    qn_key *key;
    qn_groups *groups;
    int64_t count;
    int64_t *row_counts; /* of each group; local groupings only */
    int64_t *first_rows;
    int64_t row_capacity, first_capacity;
    int64_t rows; /* added so far */
    bool local;
    qn_aggregator **aggregators;
    uint32_t *ids; /* of a batch */
    int64_t *numbers;
} qn_grouping;

/* Local. local: rows are added, and no states. */
QN_CHECKED qn_status qn_grouping_init(qn_grouping *grouping, const qn_aggregate_plan *plan,
                                      bool local);
void qn_grouping_clear(qn_grouping *grouping);
/* Local. Without groups again, with the same encoder. */
QN_CHECKED qn_status qn_grouping_restart(qn_grouping *grouping);
int64_t qn_grouping_bytes(const qn_grouping *grouping);

/* Local. Adds the rows of a batch; `places` says where the input's columns are in it (NULL: all, in
 * their order). Row numbers are the batch's, or, if `row_column` is not negative, in that column.
 */
QN_CHECKED qn_status qn_grouping_add(qn_grouping *grouping, const qn_batch *batch,
                                     const int32_t *places, int32_t row_column);

/* Local. At least one group: that of all rows, where there are no keys. */
QN_CHECKED qn_status qn_grouping_ensure_one(qn_grouping *grouping);

/* Local. All groups in order of the partitions of their hashes, then of their first rows if they
 * came in order of rows (the caller's, qn_mem_free). starts (QN_KEY_PARTITIONS + 1): where each
 * partition begins. */
QN_CHECKED qn_status qn_grouping_order(qn_grouping *grouping, uint32_t **ids, int64_t *starts);

/* Local. Groups as a batch: keys, first row, states. */
QN_CHECKED qn_status qn_grouping_states(qn_grouping *grouping, const uint32_t *ids, int64_t count,
                                        qn_batch *out);
/* Local. Adds such a batch. */
QN_CHECKED qn_status qn_grouping_merge(qn_grouping *grouping, const qn_batch *states);

/* Local. Groups' results as a batch: keys, then one column a call. */
QN_CHECKED qn_status qn_grouping_finish(qn_grouping *grouping, const uint32_t *ids, int64_t count,
                                        qn_batch *out);

/* ---- The operator --------------------------------------------------------------------------- */

enum { QN_AGGREGATION_LANES = 64 }; /* of each rank, in scratch space */

typedef struct qn_aggregation {
    qn_result base;
    qn_stream *in;
    qn_aggregate_plan plan;
    qn_output output;
    bool has_output;
    int64_t first_rows[QN_BATCH_ROWS]; /* of the output, as long as it is no more */
} qn_aggregation;

/* The first partition of a rank's range; all of them for `rank` = `ranks`. */
int32_t qn_aggregation_partition(int rank, int ranks);
/* The lane of a partition, of QN_AGGREGATION_LANES a rank. */
int32_t qn_aggregation_lane(int32_t partition, int ranks);

/* Local. All groups to the output; in_order: they are in order of partitions already. */
QN_CHECKED qn_status qn_aggregation_output(qn_aggregation *self, qn_grouping *grouping,
                                           bool in_order);

/* Collective. Groups where rows are, and merges the states of groups. *too_many: nothing was done
 * but a look at the first batches, since nearly every row is a group of its own. */
QN_CHECKED qn_status qn_aggregation_run_states(qn_aggregation *self, const qn_execution *execution,
                                               bool *too_many);

/* Collective. Brings rows together by group. */
QN_CHECKED qn_status qn_aggregation_run_rows(qn_aggregation *self, const qn_execution *execution);

#endif
