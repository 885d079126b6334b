/* Private to features/store: where a stream is cut into parts. A part holds rows of one block of
 * source rows and, in a partitioned group, of one partition; what is cut depends on the rows
 * alone. Parts are named by their first block (partitioned: by their first row) and ascend. */
#ifndef QUERN_FEATURES_STORE_CUT_H
#define QUERN_FEATURES_STORE_CUT_H

#include "core/key/key.h"
#include "features/store/store.h"

enum { STORE_MOST_PARTITIONS = 10000 };

typedef struct store_cut {
    int64_t part_rows; /* source rows a block */
    int32_t column_count;
    int32_t *columns; /* partition columns; the stream comes sorted by them */
    qn_key *key;
    bool begun;
    int64_t first_row; /* of this rank */
    int64_t part;      /* the latest one's name; -1 while it may have begun on an earlier rank */
    int64_t changes;   /* of the partition, on this rank */
    uint64_t first_hash, last_hash;
} store_cut;

/* Rows [first, end) of a batch, which belong to one part. */
typedef struct store_run {
    int64_t first, end;
    int64_t part; /* its name; this rank's first one's may change, see store_cut_settle */
} store_run;

/* Local. JOB errors: a missing partition column, or of a type without exact values. */
QN_CHECKED qn_status store_cut_init(store_cut *cut, const qn_schema *schema,
                                    const qn_store_options *options);
void store_cut_clear(store_cut *cut);

/* Local. The runs of the next batch of a stream; the caller's. DATA error past
 * STORE_MOST_PARTITIONS partitions. */
QN_CHECKED qn_status store_cut_batch(store_cut *cut, const qn_batch *batch, store_run **out,
                                     int64_t *count);

/* Collective. The name of this rank's first part, once all is read: where the part began on an
 * earlier rank it is that rank's. Partitioned groups only. DATA error on all ranks if these have
 * more than STORE_MOST_PARTITIONS partitions together. */
QN_CHECKED qn_status store_cut_settle(const store_cut *cut, qn_comm *comm, int64_t *first_part);

#endif
