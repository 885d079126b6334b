/* Windows as window_features writes them: "7d", "100 rows", "unbounded". */
#ifndef QUERN_FEATURES_STAGE_TIME_FRAMES_H
#define QUERN_FEATURES_STAGE_TIME_FRAMES_H

#include "core/column/schema.h"
#include "core/window/window.h"

/* Local. The frame of a window over rows ordered by `order`. Without `current` it holds the earlier
 * rows alone: of [t - window, t) or the so many rows before, but those of the same time. With it,
 * the row itself and all of its time too: (t - window, t] or so many rows up to it. Where no next
 * smaller value can be told (calendar months, floats) the window's start then belongs to it.
 * JOB error for a text that is no window, or none that fits the column. */
QN_CHECKED qn_status qn_frame_parse(qn_window_frame *out, const char *window, const qn_field *order,
                                    bool current);

/* Local. Moves a frame without the current row back by `delay`, written as a window:
 * [t - delay - window, t - delay), of floats with t - delay. JOB error for a delay that does not
 * fit the column, and for windows of so many rows. */
QN_CHECKED qn_status qn_frame_delay(qn_window_frame *frame, const char *delay,
                                    const qn_field *order);

#endif
