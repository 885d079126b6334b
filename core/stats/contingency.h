/* How often each value of some features occurs together with each label: contingency tables, one a
 * feature, for tests of independence. Over ranks: qn_reduce_contingency (mpi/comm/reduce.h).
 *
 * A feature or a label with more than QN_CODES_MOST values is not categorical: its counts are
 * dropped and it is marked. */
#ifndef QUERN_CORE_STATS_CONTINGENCY_H
#define QUERN_CORE_STATS_CONTINGENCY_H

#include "core/stats/codes.h"
#include "core/stats/hypothesis.h"

typedef struct qn_contingency_feature {
    qn_codes values;
    int64_t capacity;  /* rows of `counts`, of `stride` each */
    int64_t *counts;   /* by value, then label */
    int32_t small[64]; /* code + 1 of the values 0, 1, 2 ...; 0: not met */
    bool overfull;
} qn_contingency_feature;

typedef struct qn_contingency {
    int32_t width;
    qn_codes labels;
    bool overfull;       /* the labels are */
    int64_t stride;      /* room for labels */
    int64_t *label_rows; /* stride */
    bool zeros;          /* vectors: rows that are not counted have the value 0 */
    qn_contingency_feature *features;
} qn_contingency;

QN_CHECKED qn_status qn_contingency_init(qn_contingency *tables, int32_t width, bool zeros);
void qn_contingency_clear(qn_contingency *tables);

/* Local. Counts labels, and gives each row's code in `codes` (-1 for all rows once there are too
 * many labels). To be called before the values of these rows are added. */
QN_CHECKED qn_status qn_contingency_add_labels(qn_contingency *tables, const uint64_t *keys,
                                               int64_t rows, int32_t *codes);

/* Local. All rows of a vector column without nulls, `zeros` set. About 3 ns a stored value. */
QN_CHECKED qn_status qn_contingency_add_vectors(qn_contingency *tables, const qn_column *vectors,
                                                const int32_t *codes);

/* Local. Values of one feature. */
QN_CHECKED qn_status qn_contingency_add(qn_contingency *tables, int32_t feature,
                                        const uint64_t *keys, const int32_t *codes, int64_t rows);

/* Local. The test of a feature against the label: a chi-squared test of the table, whose rows and
 * columns are ordered by key. */
QN_CHECKED qn_status qn_contingency_test(qn_contingency *tables, int32_t feature,
                                         qn_test_result *out);

/* For sending between ranks: a count of a feature, or of a label (feature -1). */
typedef struct qn_contingency_entry {
    int64_t feature;
    uint64_t value, label;
    int64_t count;
} qn_contingency_entry;

/* Local. Appends the labels' entries; or those of the features that are `part` modulo `parts`. */
QN_CHECKED qn_status qn_contingency_pack_labels(const qn_contingency *tables, qn_text *out);
QN_CHECKED qn_status qn_contingency_pack(const qn_contingency *tables, int part, int parts,
                                         qn_text *out);

/* Local. Adds such entries up. */
QN_CHECKED qn_status qn_contingency_unpack(qn_contingency *tables,
                                           const qn_contingency_entry *entries, int64_t count);

/* Local. Marks the labels (feature -1) or a feature as having too many values. */
void qn_contingency_drop(qn_contingency *tables, int32_t feature);

#endif
