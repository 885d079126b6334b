/* Moments of the slots of vectors, apart for each label: what the analysis of variance needs. Over
 * ranks: qn_reduce_anova (mpi/comm/reduce.h). */
#ifndef QUERN_CORE_STATS_ANOVA_H
#define QUERN_CORE_STATS_ANOVA_H

#include "core/stats/codes.h"
#include "core/stats/hypothesis.h"
#include "core/stats/moments.h"

typedef struct qn_anova {
    int32_t width;
    qn_codes labels;
    bool overfull; /* more than QN_CODES_MOST labels: everything was dropped */
    int64_t capacity;
    qn_moments *classes; /* one a label, in the order of its codes */
} qn_anova;

void qn_anova_init(qn_anova *anova, int32_t width);
void qn_anova_clear(qn_anova *anova);

/* Local. All rows of a vector or plain number column without nulls, finite, of which `keys` are the
 * labels. The sums of a batch are rounded as by qn_moments_add_rounded. Cost: 1 to 2 ns a value. */
QN_CHECKED qn_status qn_anova_add(qn_anova *anova, const qn_column *column, const uint64_t *keys);

/* Local. Makes the labels these, in this order; those that are not met have no rows. `keys` hold
 * all that are met. */
QN_CHECKED qn_status qn_anova_arrange(qn_anova *anova, const uint64_t *keys, int32_t count);

/* Local. The test of a slot. */
QN_CHECKED qn_status qn_anova_test(const qn_anova *anova, int32_t slot, qn_test_result *out);

#endif
