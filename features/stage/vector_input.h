/* The one vector column (option input_col) that a stage of the vector family is fitted on. */
#ifndef QUERN_FEATURES_STAGE_VECTOR_INPUT_H
#define QUERN_FEATURES_STAGE_VECTOR_INPUT_H

#include "mpi/stage.h"

/* Local. Where the column is that option `input_col` names; JOB error naming the nearest column, or
 * if it holds no vectors. */
QN_CHECKED qn_status qn_vector_input_find(const qn_stage *stage, const qn_schema *schema,
                                          int32_t *index);

/* Local. The rows of a vector column that are not null, the caller's; shared if all are. */
QN_CHECKED qn_status qn_vector_input_present(qn_column **out, const qn_column *column);

/* Local. DATA error "slot 's' of column 'c' WHAT at row R (counting from 0)". `what`: "is NaN". */
QN_CHECKED qn_status qn_vector_input_fail(const qn_field *field, const qn_batch *batch, int64_t row,
                                          int32_t slot, const char *what);

/* The name of a slot, or its number as text in `buffer`. */
const char *qn_vector_input_slot(const qn_field *field, int32_t slot, char buffer[16]);

/* Local. Makes the rows of `to` (new, dense or sparse) null that are null in `from`: zeros, or
 * empty.
 */
QN_CHECKED qn_status qn_vector_input_copy_nulls(qn_column *to, const qn_column *from);

/* A JSON array, null for what is not finite; the caller's reference. */
json_t *qn_vector_input_json(const double *values, int64_t count);

#endif
