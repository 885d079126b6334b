/* Numbers to and from text. */
#ifndef QUERN_CORE_TEXT_NUMBER_H
#define QUERN_CORE_TEXT_NUMBER_H

#include "core/text/text.h"

/* Local. True if the whole text is a number of that type (sign, digits; reals: decimal point,
 * exponent, nan, inf, infinity, any case); correctly rounded, so equal to strtod's to the last
 * bit: up to 19 digits in 64- and 128-bit integers, the rest by strtod in the C locale. Past the
 * range of a double: infinite or zero. No blanks allowed. */
bool qn_parse_int64(qn_view text, int64_t *out);
bool qn_parse_int32(qn_view text, int32_t *out);
bool qn_parse_real(qn_view text, double *out);
bool qn_parse_real32(qn_view text, float *out); /* rounded once, as strtof does */

/* Local. As qn_parse_real, and infinities and NaN as YAML writes them: .inf, -.inf, .nan. */
bool qn_parse_option_real(qn_view text, double *out);

/* True if the text is an integer, but none that fits 64 bits. */
bool qn_is_int_too_long(qn_view text);

/* Local. The same for a text whose decimal point is `decimal`. */
bool qn_parse_real_with(qn_view text, char decimal, double *out);
bool qn_parse_real32_with(qn_view text, char decimal, float *out);

/* Local. digits * 10^exponent, correctly rounded; false where that takes more than 128 bits (an
 * exponent beyond 19, or beyond 22 for up to 53 bits of digits). */
bool qn_real_of_decimal(uint64_t digits, int64_t exponent, double *out);

/* Local. The shortest text that reads back as the same double ("0.1", "1e+300", "nan", "-inf");
 * integral values below 1e15 without a point ("3"). Returns the length; `out` needs 32 bytes. */
int qn_print_real(double value, char *out);
int qn_print_int64(int64_t value, char *out);

#endif
