/* Inside features/wide/join*.c only: a join in parts, of which one is in memory at a time. Usually
 * there is one. */
#ifndef QUERN_FEATURES_JOIN_JOIN_PARTS_H
#define QUERN_FEATURES_JOIN_JOIN_PARTS_H

#include "features/join/join_spread.h"

typedef struct qn_join_part {
    int64_t row, rows; /* of the output */
    int64_t right_rows;
    uint64_t *matched; /* RIGHT and FULL: right rows of the part that have a match */
    int64_t owned;     /* of the right rows, those in front of this come out here unmatched */
} qn_join_part;

typedef struct qn_join_parts {
    const qn_join_plan *plan;
    qn_join_facts facts;
    bool broadcast;
    /* shuffle: lanes of both sides are the parts */
    qn_join_arrival left, right;
    qn_join_layout layout;
    /* broadcast: the right side is in all parts, the left one in the first or in lanes */
    qn_join_side whole;
    qn_table left_table;
    qn_scratch *left_rest;
    qn_join_part *parts;
    int32_t count;
    int32_t loaded; /* the part that `local` has; -1: none */
    qn_join_local local;
    int64_t rows;
} qn_join_parts;

void qn_join_parts_clear(qn_join_parts *self);

/* Collective. Takes the right side of a broadcast join from `whole`, reads the left one and matches
 * all rows. */
QN_CHECKED qn_status qn_join_parts_broadcast(qn_join_parts *self, qn_stream *left,
                                             const qn_execution *execution);

/* Collective. Spreads both sides, giving up `right`, and matches all rows. */
QN_CHECKED qn_status qn_join_parts_shuffle(qn_join_parts *self, qn_stream *left,
                                           qn_join_input *right, const qn_execution *execution);

/* Collective. Shuffle: right rows of slots that several ranks have are matched if they are on one
 * of them; the last of these ranks gives those that are not. */
QN_CHECKED qn_status qn_join_share_matched(qn_join_parts *parts, qn_comm *comm);

QN_CHECKED qn_status qn_join_parts_produce(qn_join_parts *self, int64_t first, int64_t count,
                                           qn_batch *out);

#endif
