/* The rows an estimator sees: features, label and weight of a batch, checked. */
#ifndef QUERN_ML_OBSERVATIONS_H
#define QUERN_ML_OBSERVATIONS_H

#include "core/column/batch.h"

/* Where columns are in a schema; -1: not used. */
typedef struct qn_roles {
    int32_t features, label, weight;
} qn_roles;

/* Local. JOB errors naming the nearest column, or the type that is wanted. */
QN_CHECKED qn_status qn_roles_find_vector(const qn_schema *schema, const char *name, int32_t *out);
QN_CHECKED qn_status qn_roles_find_number(const qn_schema *schema, const char *name, int32_t *out);

typedef struct qn_observations {
    const qn_column *features; /* borrowed from the batch; NULL without that role */
    double *label;             /* NULL without that role */
    double *weights;           /* NULL: all 1 */
    int64_t count;
    int64_t capacity; /* of label and weights */
} qn_observations;

void qn_observations_init(qn_observations *observations);
void qn_observations_clear(qn_observations *observations);

/* Local. Valid until the batch is cleared or the next read. DATA errors naming column and row: a
 * null anywhere, a label or weight that is not finite, a weight below 0. */
QN_CHECKED qn_status qn_observations_read(qn_observations *observations, const qn_schema *schema,
                                          const qn_batch *batch, qn_roles roles);

/* Local. Values of one number column, NaN allowed, nulls a DATA error. */
QN_CHECKED qn_status qn_observations_numbers(const qn_field *field, const qn_batch *batch,
                                             const qn_column *column, double *out);

/* Local. The error for a feature value that a fit could not use. */
QN_CHECKED qn_status qn_observations_fail_feature(const qn_schema *schema, const qn_batch *batch,
                                                  int32_t features);

#endif
