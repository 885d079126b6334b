/* How often terms occur in documents, and in how many of them: a mergeable summary. A document is a
 * row of a list<string> column; null rows are none, and null terms are not counted. */
#ifndef QUERN_FEATURES_STAGE_TEXT_TERM_COUNTS_H
#define QUERN_FEATURES_STAGE_TEXT_TERM_COUNTS_H

#include "features/stage/text/terms.h"
#include "mpi/comm/comm.h"

typedef struct qn_term_count {
    int64_t total;     /* occurrences */
    int64_t documents; /* that have the term */
    int64_t last;      /* document + 1 that had it last */
} qn_term_count;

typedef struct qn_term_counts {
    qn_terms terms;
    qn_term_count *counts; /* of the first `count` terms: all, between calls */
    int64_t count, capacity;
    int64_t documents;
} qn_term_counts;

QN_CHECKED qn_status qn_term_counts_init(qn_term_counts *counts);
void qn_term_counts_clear(qn_term_counts *counts);

/* Local. Adds all rows of a list<string> column. Cost: about 10 ns a term. */
QN_CHECKED qn_status qn_term_counts_add(qn_term_counts *counts, const qn_column *documents);

/* Which terms of all ranks to keep: those in min_documents to max_documents documents, both
 * included (a bound below 1 is a share of all documents), of these the `limit` most frequent. */
typedef struct qn_term_choice {
    double min_documents, max_documents;
    int64_t limit;
} qn_term_choice;

/* Collective. The chosen terms of all ranks on every rank, by descending total count, ties by
 * ascending term (unsigned bytes); *documents: how many all ranks have. JOB error if the bounds
 * exclude everything. Each distinct term of a rank is sent once to the rank its hash falls to; only
 * chosen ones go from there to all. `out` is the caller's. */
QN_CHECKED qn_status qn_term_counts_choose(qn_comm *comm, const qn_term_counts *counts,
                                           const qn_term_choice *choice, qn_terms *out,
                                           int64_t *documents);

#endif
