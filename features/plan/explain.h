/* What a plan becomes when it is opened: the tree of operators, and what each of them did. */
#ifndef QUERN_FEATURES_PLAN_EXPLAIN_H
#define QUERN_FEATURES_PLAN_EXPLAIN_H

#include "features/join/join.h"
#include "features/plan/plan.h"

/* What passed through an operator on this rank; after qn_physical_gather, on all of them. */
typedef struct qn_meter {
    int64_t rows, batches;
    int64_t sent;        /* bytes to other ranks, inputs included */
    double seconds;      /* inputs included; gathered: of the slowest rank */
    double mean_seconds; /* gathered: over ranks */
    int64_t peak;        /* bytes held at most while it ran, inputs included; gathered: the most
                            of a rank */
    int64_t ranks;       /* gathered: how many */
    int64_t most_rows;   /* gathered: of a rank */
} qn_meter;

/* An operator. */
typedef struct qn_physical qn_physical;
struct qn_physical {
    char *text;       /* "Sort by price DESC" */
    int64_t expected; /* rows, estimated; -1: unknown */
    bool known;       /* `expected` was counted */
    bool joins;       /* a join: `choice` tells how, once it has run if it is metered */
    qn_join_choice choice;
    int64_t count, capacity;
    qn_physical **inputs;
    qn_meter meter;
};

void qn_physical_free(qn_physical *tree); /* NULL is fine */

/* Collective. qn_plan_open that also gives the tree of operators. metered: operators count what
 * passes, which costs some 130 ns a batch and operator; the tree must then outlive the stream. */
QN_CHECKED qn_status qn_plan_analyze(qn_stream **out, qn_physical **tree, qn_plan *plan,
                                     const qn_execution *execution, const qn_plan_table *tables,
                                     int64_t count, bool metered);

/* Collective. Sums up the meters of all ranks on all ranks. */
QN_CHECKED qn_status qn_physical_gather(qn_physical *tree, qn_comm *comm);

/* Local. One operator a line, the last one first, inputs below on branches. metered: with rows,
 * seconds (of the operator by itself), bytes sent, memory and imbalance (most rows and seconds of a
 * rank over the mean). */
QN_CHECKED qn_status qn_physical_print(const qn_physical *tree, bool metered, qn_text *out);

/* Local. The same as a JSON object: {"operator": ..., "inputs": [...]}. */
QN_CHECKED qn_status qn_physical_print_json(const qn_physical *tree, bool metered, qn_text *out);

#endif
