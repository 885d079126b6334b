/* Inside core/window: columns of a table as arrays in the order of a window. */
#ifndef QUERN_CORE_WINDOW_GATHER_H
#define QUERN_CORE_WINDOW_GATHER_H

#include "core/window/kernel.h"

/* Local. `column` at refs[0 .. count). Lists and vectors get `valid` alone; so does everything if
 * `values` is false. */
QN_CHECKED qn_status qn_window_gather(qn_window_values *out, const qn_table *table, int32_t column,
                                      const qn_ref *refs, int32_t count, bool values,
                                      qn_arena *arena);

/* Local. Rows where the boolean column is not true become null. */
QN_CHECKED qn_status qn_window_filter(qn_window_values *values, const qn_table *table,
                                      int32_t column, const qn_ref *refs, int32_t count,
                                      qn_arena *arena);

/* Local. Ordered numbers (core/window/order.h) back to values. */
QN_CHECKED qn_status qn_window_decode(qn_window_values *out, qn_type type, bool descending,
                                      const uint64_t *keys, int32_t count, qn_arena *arena);

#endif
