/* Categories of text columns as numbers: what a step of string_indexer and of frequency_encoder
 * have in common. */
#ifndef QUERN_FEATURES_STAGE_CATEGORICAL_ENCODE_H
#define QUERN_FEATURES_STAGE_CATEGORICAL_ENCODE_H

#include "features/stage/labels.h"
#include "features/stage/map.h"

/* Local. Sets the values of `out`, doubles, from the rows' positions among the labels, -1 for what
 * is null or not one of them. Returns the first row that is an error, or -1. */
typedef int64_t (*qn_encode_put)(const qn_map_step *step, const qn_column *texts,
                                 const int32_t *positions, qn_column *out);

/* Local. The column that `put` makes of the step's, the caller's. Errors: MEMORY; DATA for the row
 * that `put` refuses, with `advice` what to set ("handle_invalid to keep"). */
QN_CHECKED qn_status qn_encode_step(const qn_map_step *step, const qn_labels *labels,
                                    qn_encode_put put, const char *advice, qn_column **out);

#endif
