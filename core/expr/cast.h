/* Text to values as Spark's casts read it (not ANSI: what does not fit is null). Blanks around
 * the text do not count. Private to core/expr. */
#ifndef QUERN_CORE_EXPR_CAST_H
#define QUERN_CORE_EXPR_CAST_H

#include "core/time/clock.h"

bool qn_cast_text_bool(qn_view text, bool *out);     /* t true y yes 1, f false n no 0 */
bool qn_cast_text_int64(qn_view text, int64_t *out); /* "1.23" is 1, "1e3" is nothing */
bool qn_cast_text_real(qn_view text, double *out);   /* also nan, inf, a trailing d or f */
bool qn_cast_text_float(qn_view text, float *out);   /* the same, rounded once */
bool qn_cast_text_date(qn_view text, int32_t *out);  /* yyyy[-[m]m[-[d]d[( |T)...]]] */
/* The same and [h]h:[m]m[:[s]s[.fraction]][offset], else in the clock's zone. */
bool qn_cast_text_timestamp(qn_view text, qn_clock *clock, int64_t *out);

#endif
