/* Lower-casing by Unicode's rules, as Java's String.toLowerCase does it in a neutral locale. */
#ifndef QUERN_CORE_TEXT_LOWER_H
#define QUERN_CORE_TEXT_LOWER_H

#include "core/text/text.h"

/* Local. Appends the text in small letters: by Unicode's mappings of single characters, but a
 * capital I with a dot (U+0130) becomes i and a combining dot, and a capital sigma at the end of a
 * word becomes the final one (Unicode's Final_Sigma, as in Python; Java looks for the word's end in
 * its own way, which differs beside digits and hyphens). Bytes that are not UTF-8 stay as they are.
 * At most half as long again as the text. ~0.3 ns a byte of ASCII, 10 ns a character beyond. */
QN_CHECKED qn_status qn_text_lower(qn_text *out, qn_view text);

#endif
