/* Inside features/wide/window*.c. */
#ifndef QUERN_FEATURES_WINDOW_WINDOW_PRIVATE_H
#define QUERN_FEATURES_WINDOW_WINDOW_PRIVATE_H

#include "core/key/key.h"
#include "features/window/window.h"
#include "mpi/file/scratch.h"

/* Past the budget a rank's partitions are computed lane by lane: at most so many; fewer if the
 * budget is small, as each holds back the rows of a block. */
enum { QN_WINDOW_LANES = 64 };

/* The lane, of `lanes`, that a target belongs to. */
static inline int32_t qn_window_lane(int32_t target, int32_t lanes) {
    return target % QN_WINDOW_LANES * lanes / QN_WINDOW_LANES;
}

/* A spec of its own, over the columns that the functions read. */
typedef struct window_spec {
    qn_window_spec spec;
    int32_t *columns; /* of the input: column k of what is sent */
    int32_t column_count;
    qn_schema results; /* one field a call */
} window_spec;

QN_CHECKED qn_status qn_window_spec_init(window_spec *out, const qn_window_spec *spec,
                                         const qn_schema *in);
void qn_window_spec_clear(window_spec *spec);

/* ---- Where rows go --------------------------------------------------------------------------- */

/* Which rank and lane have a row's partition. */
typedef struct window_router {
    qn_key *key; /* NULL: no PARTITION BY; all rows go to rank 0 */
    int size;
    int32_t *columns; /* keys' columns of the batches */
    int32_t column_count;
    qn_column **parts;
    uint64_t *hashes;
} window_router;

/* Local. Keys are `columns` of batches with this schema. */
QN_CHECKED qn_status qn_window_router_init(window_router *out, const qn_schema *schema,
                                           const int32_t *columns, int32_t count, int size);
void qn_window_router_clear(window_router *router);

/* Local. targets[i] = rank * QN_WINDOW_LANES + lane. */
QN_CHECKED qn_status qn_window_route(window_router *router, const qn_batch *batch,
                                     int32_t *targets);

/* ---- Rows of this rank's partitions ---------------------------------------------------------- */

typedef struct window_rows {
    int size;
    const qn_execution *execution;
    const window_spec *spec;
    qn_schema schema; /* of what is sent */
    window_router router;
    int32_t *targets; /* of a batch */
    int64_t budget, bytes;
    qn_table *memory;    /* by source; */
    qn_scratch *scratch; /* or lane source * lanes + l */
    int32_t lanes;       /* once spilled */
    int64_t *sent;       /* rows of this rank, by target */
} window_rows;

/* Local. */
QN_CHECKED qn_status qn_window_rows_init(window_rows *out, const window_spec *spec,
                                         const qn_schema *in, const qn_execution *execution);
void qn_window_rows_clear(window_rows *rows);

/* Collective; the same status on all ranks. Reads `in` (the needed columns) to its end. */
QN_CHECKED qn_status qn_window_rows_read(window_rows *rows, qn_stream *in);

int32_t qn_window_rows_lanes(const window_rows *rows); /* 1 unless spilled */

/* Local. Rows of a lane, which are given up, in order of their source; counts[s]: rows of source s.
 */
QN_CHECKED qn_status qn_window_rows_lane(window_rows *rows, int32_t lane, qn_table *out,
                                         int64_t *counts);

/* ---- Results on the ranks of their rows ------------------------------------------------------ */

/* Results for rows of one target, in the rows' order. */
typedef struct window_sequence {
    qn_table memory;
    qn_stream *stream; /* over the memory or the scratch's lane */
    qn_batch current;
    int64_t used; /* rows of `current` */
} window_sequence;

typedef struct window_results {
    int size;
    const qn_execution *execution;
    const window_spec *spec;
    int32_t *lanes; /* of each rank */
    int64_t budget, bytes;
    window_sequence *sequences; /* rank * QN_WINDOW_LANES + lane */
    qn_scratch *scratch;        /* lane: sequence; NULL: all in memory */
    bool own;                   /* the first sequence has the results of this rank's rows */
} window_results;

QN_CHECKED qn_status qn_window_results_init(window_results *out, const window_spec *spec,
                                            const qn_execution *execution);
void qn_window_results_clear(window_results *results);

/* Collective; the same status on all ranks. Computes the rows' lanes and sends results home. */
QN_CHECKED qn_status qn_window_results_build(window_results *results, window_rows *rows);

/* Local. Adds a batch of results to a sequence; takes it over, also on failure. */
QN_CHECKED qn_status qn_window_results_keep(window_results *results, int32_t sequence,
                                            qn_batch *batch);

/* Collective; the same status on all ranks. All results were kept: they can be read now. `own`:
 * each rank has kept those of its own rows, in their order, as its first sequence. */
QN_CHECKED qn_status qn_window_results_start(window_results *results, bool own);

/* Collective; the same status on all ranks. Reads `in` (the needed columns) to its end and computes
 * its rows where they are, if that is possible; else *done is false and nothing is kept. */
QN_CHECKED qn_status qn_window_in_place(window_results *results, const window_spec *spec,
                                        qn_stream *in, bool *done);

QN_CHECKED qn_status qn_window_results_rewind(window_results *results);

/* Local. The columns of the next `length` rows, whose targets these are (NULL: the first sequence),
 * appended to `out`. */
QN_CHECKED qn_status qn_window_results_next(window_results *results, const int32_t *targets,
                                            int64_t length, qn_batch *out);

#endif
