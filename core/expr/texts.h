/* Loops over rows of text, for kernels. Private to core/expr. */
#ifndef QUERN_CORE_EXPR_TEXTS_H
#define QUERN_CORE_EXPR_TEXTS_H

#include "core/expr/node.h"

/* One row's text: a view of an argument, or of `scratch` (which is empty before). A NULL data
 * pointer makes the row null. */
typedef qn_status (*qn_text_step)(const qn_call *call, int64_t row, qn_text *scratch, qn_view *out);
QN_CHECKED qn_status qn_text_rows(const qn_call *call, qn_text_step step, qn_column **out);

int64_t qn_character_count(qn_view text);
/* Byte offset of a character; the text's length past its end. */
int64_t qn_character_offset(qn_view text, int64_t character);

/* Spark's substring: from 1, from the end for a negative position, 0 as 1; what lies outside the
 * text still counts for the length. */
qn_view qn_text_part(qn_view text, int64_t position, int64_t wanted);

/* The first mention of a part; NULL if there is none. An empty part is found at the start. */
const char *qn_text_find(qn_view text, qn_view part);

/* Only bytes below 128? */
bool qn_text_is_ascii(const char *text, int64_t length);

/* Case mapping character by character. */
typedef enum qn_case { QN_LOWER, QN_UPPER } qn_case;
QN_CHECKED qn_status qn_text_map_case(qn_view text, qn_case to, qn_text *out); /* appends */

static inline qn_view qn_text_view(const qn_text *text) {
    return (qn_view){text->data != NULL ? text->data : "", text->length};
}

static inline bool qn_is_continuation(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes of the character that starts at data[0]; at least 1, within `length`. */
static inline int64_t qn_character_length(const char *data, int64_t length) {
    int64_t n = 1;
    while (n < length && qn_is_continuation(data[n]))
        n++;
    return n;
}

#endif
