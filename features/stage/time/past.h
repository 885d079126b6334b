/* Windows over the past of each row: what window_features and lag_features share.
 *
 * Rows are ordered within their partition by one column, ties by their place in the input. A row
 * whose order is null comes after all others, so that it is in no row's past, and its own results
 * are null. */
#ifndef QUERN_FEATURES_STAGE_TIME_PAST_H
#define QUERN_FEATURES_STAGE_TIME_PAST_H

#include "features/stage/stages.h"
#include "features/window/window.h"
#include "mpi/stage.h"

#define QN_PAST_OPTIONS                                                                            \
    {"partition_cols", QN_OPTION_TEXTS, NULL, NULL,                                                \
     "columns that a row shares with its past, as the customer; if not given, all rows have one "  \
     "past"},                                                                                      \
    {                                                                                              \
        "order_col", QN_OPTION_TEXT, NULL, NULL,                                                   \
            "column that says when: date, timestamp or number"                                     \
    }

typedef struct qn_past {
    int32_t *partition;
    int32_t partition_count;
    qn_sort_key order;
    qn_window_call *calls; /* names are owned */
    int64_t count, capacity;
} qn_past;

/* Local. Finds the columns that the options above name. JOB errors for missing ones and wrong
 * types. */
QN_CHECKED qn_status qn_past_init(qn_past *out, const qn_stage *stage, const qn_schema *schema);
void qn_past_clear(qn_past *past);

/* Local. Takes over call->name, also on failure. */
QN_CHECKED qn_status qn_past_add(qn_past *past, const qn_window_call *call);

/* Local. Checks the calls and adds their columns to `out`. JOB error for a name that is taken. */
QN_CHECKED qn_status qn_past_add_fields(const qn_past *past, const qn_schema *in, qn_schema *out);

/* Local; the first batch is collective. The input's rows and one column a call. Owns `in`, also on
 * failure. */
QN_CHECKED qn_status qn_past_open(qn_stream **out, qn_stream *in, const qn_execution *execution,
                                  const qn_past *past);

/* Local. Whether a stage of the class puts what the current row holds in `column` into the row's
 * features. */
bool qn_window_features_leak(const qn_stage *stage, const char *column);
bool qn_lag_features_leak(const qn_stage *stage, const char *column);

#endif
