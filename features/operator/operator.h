/* Narrow operators: streams over streams, a batch at a time, in bounded memory.
 *
 * Each takes over what it is given (input, expressions) at the call, also when it fails. Output
 * batches keep the cut and the row numbers of their source, so results do not depend on the number
 * of ranks. */
#ifndef QUERN_FEATURES_OPERATOR_OPERATOR_H
#define QUERN_FEATURES_OPERATOR_OPERATOR_H

#include "core/expr/session.h"
#include "core/stream.h"
#include "mpi/comm/comm.h"

/* Local. The rows where `predicate` is true (neither false nor null). Binds it to the input's
 * schema: JOB error if it is not boolean. */
QN_CHECKED qn_status qn_filter_open(qn_stream **out, qn_stream *in, qn_expr *predicate);

/* Local. One column an expression, named names[i] (copied). A bare column reference shares the
 * column and keeps its attributes. Binds the expressions; frees them, not their array. JOB error
 * for two equal names or no expression at all. */
QN_CHECKED qn_status qn_project_open(qn_stream **out, qn_stream *in, qn_expr *const *expressions,
                                     const char *const *names, int32_t count);

/* Local. The same with expressions bound within a session (NULL: the default one). */
QN_CHECKED qn_status qn_filter_open_in(qn_stream **out, qn_stream *in, qn_expr *predicate,
                                       const qn_session *session);
QN_CHECKED qn_status qn_project_open_in(qn_stream **out, qn_stream *in, qn_expr *const *expressions,
                                        const char *const *names, int32_t count,
                                        const qn_session *session);

/* Local. What both do to a batch, with expressions bound to its schema. */
QN_CHECKED qn_status qn_filter_batch(qn_batch *out, const qn_batch *in, const qn_expr *predicate);
QN_CHECKED qn_status qn_project_batch(qn_batch *out, const qn_batch *in,
                                      qn_expr *const *expressions, int32_t count);

/* Local. The columns of `in` at these indices, in this order. */
QN_CHECKED qn_status qn_select_open(qn_stream **out, qn_stream *in, const int32_t *columns,
                                    int32_t count);

/* Local; the first qn_stream_next is collective. Rows [offset, offset + limit) of the global
 * order; limit < 0: all from offset on. With several ranks each one first counts its rows, up to
 * offset + limit of them, keeping what it read in memory up to 64 MiB and reading the rest again.
 * `comm` is borrowed until the stream is freed. */
QN_CHECKED qn_status qn_limit_open(qn_stream **out, qn_stream *in, qn_comm *comm, int64_t limit,
                                   int64_t offset);

/* Local. Cell `which` of a random split by `count` weights (positive; scaled to sum 1): a row is
 * kept when the uniform number of (seed, stream "split", its source row number) falls into the
 * cell. The cells of one seed are disjoint and cover the input, on any number of ranks. JOB error
 * for a weight that is not positive and finite. */
QN_CHECKED qn_status qn_split_open(qn_stream **out, qn_stream *in, const double *weights,
                                   int32_t count, int32_t which, uint64_t seed);

/* Local. The input with a string column that says in which cell of that split each row is:
 * names[cell] (borrowed while this call runs). JOB error if the column exists, or for weights as
 * above. */
QN_CHECKED qn_status qn_split_label_open(qn_stream **out, qn_stream *in, const double *weights,
                                         const char *const *names, int32_t count, uint64_t seed,
                                         const char *column);

/* Local. The same batches, kept in memory from the first pass on, up to `budget` bytes, so that
 * later passes read the input again only from where the budget ended (it is rewound and the kept
 * batches are skipped). Makes fits of several passes cheap while memory stays bounded. */
QN_CHECKED qn_status qn_cache_open(qn_stream **out, qn_stream *in, int64_t budget);

/* Of a stream made by qn_cache_open. complete: a pass reached the end and every batch was kept. */
typedef struct qn_cache_report {
    bool complete;
    int64_t batches, bytes; /* kept */
} qn_cache_report;
qn_cache_report qn_cache_report_of(const qn_stream *cache);

#endif
