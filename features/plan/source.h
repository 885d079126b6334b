/* Places in a piece of source text, for error messages. */
#ifndef QUERN_FEATURES_PLAN_SOURCE_H
#define QUERN_FEATURES_PLAN_SOURCE_H

#include "core/text/text.h"

/* Local. Gives the last error the location "query:LINE:COLUMN", the source line and a caret under
 * the word at byte `offset`; notes the offset for qn_source_error_position. Past the text: its
 * end. offset < 0: no place is known, nothing is added. */
void qn_source_locate(qn_view text, int64_t offset);

/* Local. The same for a text that is no query: "NAME:LINE:COLUMN". Notes nothing. */
void qn_source_locate_in(const char *name, qn_view text, int64_t offset);

/* The offset of the last qn_source_locate; -1 after qn_source_start. */
int64_t qn_source_error_position(void);
void qn_source_start(void);

#endif
