/* Inside core/window: one call's results on their way from the window's order to the table's. */
#ifndef QUERN_CORE_WINDOW_OUTPUT_H
#define QUERN_CORE_WINDOW_OUTPUT_H

#include "core/window/kernel.h"

typedef struct qn_window_output {
    const qn_window_info *info;
    const qn_table *table;
    int32_t argument, fallback; /* columns of the table; -1 */
    qn_type type;
    bool by_ref;         /* values of any length: which row's value it is, */
    qn_table made;       /* of the table, or, for other aggregates, of what was made; */
    qn_ref *refs;        /* by row of the table; */
    void **values;       /* else where the values of each batch go, */
    qn_column **columns; /* its column */
    int64_t *batch_starts;
} qn_window_output;

QN_CHECKED qn_status qn_window_output_start(qn_window_output *out, const qn_table *table,
                                            const qn_window_spec *spec, const qn_window_call *call);
void qn_window_output_clear(qn_window_output *output);

/* Result i belongs to row refs[i] of the table; only those from `from` on, before `to`, count. */
typedef struct qn_window_places {
    const qn_ref *refs;
    int32_t from, to;
} qn_window_places;

/* Local. `values`: what positions point at, in the window's order; `fallback` (or NULL) where there
 * is none. */
QN_CHECKED qn_status qn_window_output_write(qn_window_output *output,
                                            const qn_window_places *places,
                                            const qn_window_result *result,
                                            const qn_window_values *values,
                                            const qn_window_values *fallback);

/* Result i is row results[i] of what was made. */
void qn_window_output_place(qn_window_output *output, const qn_window_places *places,
                            const qn_ref *results);

/* Local. The column of batch b, whose first row is row `start` of the table. */
QN_CHECKED qn_status qn_window_output_finish(qn_window_output *output, int64_t b, int64_t start,
                                             qn_column **out);

#endif
