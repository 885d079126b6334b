/* Options that are lists of numbers, thresholds, splits, bounds; and numbers in descriptions. */
#ifndef QUERN_FEATURES_STAGE_NUMBERS_H
#define QUERN_FEATURES_STAGE_NUMBERS_H

#include "mpi/stage.h"

/* Local. One number: NaN is refused, infinities are fine ("inf", "-inf"). JOB error naming the
 * option. */
QN_CHECKED qn_status qn_numbers_one(const char *option, qn_view text, double *out);

/* Local. The numbers of a list option (QN_OPTION_TEXTS) that is set, the caller's. JOB error naming
 * the entry that is no number. */
QN_CHECKED qn_status qn_numbers_list(const qn_stage *stage, const char *option, double **out,
                                     int64_t *count);

/* Local. The same of one text: numbers with blanks or ';' between them. */
QN_CHECKED qn_status qn_numbers_text(const char *option, const char *text, double **out,
                                     int64_t *count);

/* Local. One number a column: the option's list has one for all or one for each of `columns`. */
QN_CHECKED qn_status qn_numbers_each(const qn_stage *stage, const char *option, int32_t columns,
                                     double **out);

/* The number, or null if it is not finite; the caller's reference. */
json_t *qn_numbers_json(double value);

#endif
