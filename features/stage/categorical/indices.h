/* Columns of category indices 0, 1, 2 ..., for stages that read them. */
#ifndef QUERN_FEATURES_STAGE_CATEGORICAL_INDICES_H
#define QUERN_FEATURES_STAGE_CATEGORICAL_INDICES_H

#include "core/column/batch.h"

#include <math.h>

/* An index beyond this is an identifier, not a category. */
enum { QN_MOST_CATEGORIES = 1 << 24 };

static inline bool qn_indices_valid(double value) {
    return value >= 0 && value < INT32_MAX && value == floor(value);
}

bool qn_indices_nominal(const qn_field *field); /* its attributes say the categories */

/* Local. JOB error for a column that is not numeric. */
QN_CHECKED qn_status qn_indices_check_type(const qn_field *field);

/* Local. While fitting: DATA error if `value`, at `row` of the batch, is not a category index or
 * too large. */
QN_CHECKED qn_status qn_indices_check(const qn_field *field, const qn_batch *batch, int64_t row,
                                      double value);

/* Local. The DATA error of a value that is not a category index, or was not seen in fit. */
QN_CHECKED qn_status qn_indices_fail_unseen(const qn_field *field, const qn_batch *batch,
                                            int64_t row, double value);

#endif
