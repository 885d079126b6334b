/* JSON as people read it: indented, numbers as short as they can be. */
#ifndef QUERN_TOOLS_JSON_PRINT_H
#define QUERN_TOOLS_JSON_PRINT_H

#include "core/text/text.h"

#include <jansson.h>

/* Local. Appends the value, two blanks a level; arrays of plain values stand on one line. */
QN_CHECKED qn_status qn_json_print(const json_t *value, int indent, qn_text *out);

/* Local. Appends a JSON string literal. */
QN_CHECKED qn_status qn_json_print_string(qn_view text, qn_text *out);

#endif
