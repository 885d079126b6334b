/* Well-formed UTF-8 (Unicode 15, table 3-7). */
#ifndef QUERN_CORE_TEXT_UTF8_H
#define QUERN_CORE_TEXT_UTF8_H

#include "core/text/text.h"

/* Bytes of the character at the front of `text`, 0 if there is no well-formed one. */
int qn_utf8_length(qn_view text);

bool qn_utf8_is_valid(qn_view text);

#endif
