/* Joins. */
#ifndef QUERN_FEATURES_JOIN_JOIN_H
#define QUERN_FEATURES_JOIN_JOIN_H

#include "core/expr/expr.h"
#include "features/wide/wide.h"

typedef enum qn_join_kind {
    QN_JOIN_INNER,
    QN_JOIN_LEFT,
    QN_JOIN_RIGHT,
    QN_JOIN_FULL,
    QN_JOIN_SEMI, /* left rows with a match; left columns only */
    QN_JOIN_ANTI, /* left rows without */
    QN_JOIN_MARK, /* all left rows, and whether they have a match (bool, the last column): for IN
                     outside of WHERE; null as IN's rules say */
    QN_JOIN_CROSS
} qn_join_kind;

const char *qn_join_kind_name(qn_join_kind kind);

typedef enum qn_join_form { QN_JOIN_AUTO, QN_JOIN_BROADCAST, QN_JOIN_SHUFFLE } qn_join_form;

typedef struct qn_join_spec {
    qn_join_kind kind;
    qn_join_form form;        /* AUTO: by the measured size of the right side */
    const int32_t *left_keys; /* columns of equal type, pair by pair */
    const int32_t *right_keys;
    const bool *null_safe; /* a pair: null matches null (<=>); NULL: none does */
    int32_t key_count;
    bool null_aware;         /* ANTI and MARK by NOT IN / IN: a null of the first key on either side
                                makes the answer unknown, if all else matches */
    qn_expr *residual;       /* NULL, or a further condition, bound to the columns of the left side
                                followed by those of the right one; taken over */
    const qn_schema *schema; /* of the output: left columns, then right ones (SEMI, ANTI: left
                                only; MARK: left and one bool), with names that are unique */
} qn_join_spec;

/* Local (see wide.h). Takes over the inputs and the residual. NaN matches NaN, -0.0 matches 0.0,
 * null matches nothing unless null_safe.
 *
 * Broadcast: the right side is sent to all ranks, left rows stay where they are; output in order of
 * the left row, then of the right row. RIGHT and FULL add the right rows without a match at the
 * end, in their order. A broadcast join that gives each left row at most once (SEMI, ANTI, MARK;
 * INNER and LEFT where no right key is there twice) passes the left batches on as a filter does:
 * nothing of the left side is kept, and rows keep their numbers.
 *
 * Shuffle: both sides are spread by the key's hash; output in order of the hash's partition, then
 * of the left row, then of the right row; RIGHT and FULL add the right rows without a match at the
 * end of each partition. A partition that is too heavy for a rank is split between ranks by left
 * row, and its right rows go to each of them.
 *
 * Whether to broadcast is decided by the right side's number of rows and its columns' types alone
 * (up to 32 MiB), the same on any number of ranks; always without keys, and for a null-aware join
 * with a residual or more than one key.
 *
 * Cost: broadcast: the right side sent to each rank once; shuffle: each row sent at most once
 * (right rows of a split partition once to each rank that has it), 12 bytes a row kept beside them.
 * Past the budget both sides go to scratch and partitions are joined one after the other; what must
 * fit in memory is the right side of a broadcast join, and the rows of one partition (1/1024 of the
 * keys) that a rank has. */
QN_CHECKED qn_status qn_join_open(qn_stream **out, qn_stream *left, qn_stream *right,
                                  const qn_execution *execution, const qn_join_spec *spec);

/* How a join goes about it. */
typedef struct qn_join_choice {
    int64_t broadcast_rows; /* a right side of at most so many rows goes to all ranks; INT64_MAX:
                               any, -1: none */
    qn_join_form form;      /* AUTO: the right side was not read yet */
    int64_t right_rows;     /* over all ranks, once it was read */
    int64_t right_bytes;    /* as they were weighed: by the columns' types */
} qn_join_choice;

/* Local. Fills `choice` with what is known. follow: the join fills in the rest when it has read its
 * right side; `choice` must be there until then. False for streams that are no joins. */
bool qn_join_describe(qn_stream *stream, qn_join_choice *choice, bool follow);
bool qn_asof_describe(qn_stream *stream, qn_join_choice *choice, bool follow);

typedef struct qn_asof_spec {
    qn_join_form form;                     /* AUTO: by the measured size of the right side */
    const int32_t *left_keys, *right_keys; /* equality, pair by pair; may be none */
    int32_t key_count;
    int32_t left_on, right_on; /* the ordered columns: number, date or timestamp of one type */
    bool strict;               /* last right row before, not at, the left one */
    bool forward;              /* first row at or after instead */
    double tolerance;          /* < 0: none; in units of the column (days, nanoseconds) */
    bool inner;                /* left rows without a match are dropped, not filled with nulls */
    const qn_schema *schema;   /* left columns, then right ones */
} qn_asof_spec;

/* Local; the first qn_stream_next is collective. Takes over the inputs. For each left row the last
 * right row at or before it in its group (pandas merge_asof, DuckDB ASOF JOIN); among equal ones
 * the last in input order. Forward: the first at or after it, among equal ones the first. A null on
 * either side matches nothing; NaN is above every number. Neither side need be sorted. Output in
 * left order.
 *
 * Broadcast (right sides up to 32 MiB, and always without keys): right rows go to all ranks, left
 * batches pass through as through a filter; a left row costs a search near the last answer in its
 * group. Shuffle: right rows and the left rows' keys meet by the keys' hash, and what each left row
 * found goes back to it; rows are numbered anew, and both sides must fit in memory. */
QN_CHECKED qn_status qn_asof_open(qn_stream **out, qn_stream *left, qn_stream *right,
                                  const qn_execution *execution, const qn_asof_spec *spec);

#endif
