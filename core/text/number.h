/* Numbers to and from text. */
#ifndef QUERN_CORE_TEXT_NUMBER_H
#define QUERN_CORE_TEXT_NUMBER_H

#include "core/text/text.h"

/* Local. True if the whole text is a number of that type (sign, digits; reals: decimal point,
 * exponent, nan, inf, infinity, any case); correctly rounded (short decimals exactly by one
 * multiplication or division, the rest by strtod in the C locale). No blanks allowed. */
bool qn_parse_int64(qn_view text, int64_t *out);
bool qn_parse_int32(qn_view text, int32_t *out);
bool qn_parse_real(qn_view text, double *out);

/* Local. The shortest text that reads back as the same double ("0.1", "1e+300", "nan", "inf");
 * integral values below 1e15 as "3.0"? no: as "3". Returns the length; `out` needs 32 bytes. */
int qn_print_real(double value, char *out);
int qn_print_int64(int64_t value, char *out);

#endif
