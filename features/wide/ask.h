/* Rows that are decided on elsewhere: sent to the rank that knows, and only the answers come back.
 */
#ifndef QUERN_FEATURES_WIDE_ASK_H
#define QUERN_FEATURES_WIDE_ASK_H

#include "features/wide/wide.h"

/* Answers all rows that arrived, which are in order of the asking rank, then of its rows: those of
 * rank s are rows starts[s] .. starts[s + 1] of the table. Local. */
typedef qn_status (*qn_answer)(void *context, const qn_table *arrived, const int64_t *starts,
                               int64_t *answers);

/* Collective; the same status on all ranks. Sends row i of `questions` (left empty) to the rank
 * that its hash's partition belongs to, and gives its answer in answers[i]. Cost: each question
 * moves once, 8 bytes come back. */
QN_CHECKED qn_status qn_ask(qn_comm *comm, qn_table *questions, const uint64_t *hashes,
                            qn_answer answer, void *context, int64_t *answers);

#endif
