/* A way around a mistake of PCRE2. */
#ifndef QUERN_CORE_EXPR_REGEX_MEND_H
#define QUERN_CORE_EXPR_REGEX_MEND_H

#include "core/text/text.h"

/* Local. Appends the pattern with \W, \S and \D outside of classes written as [^\w], [^\s] and
 * [^\d]. They mean the same, but up to PCRE2 10.42 the former match no character beyond ASCII when
 * a pattern is compiled to machine code for texts that may not be UTF-8 (PCRE2's issue 224). */
QN_CHECKED qn_status qn_regex_mend(qn_view pattern, qn_text *out);

#endif
