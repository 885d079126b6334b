/* A growing piece of text, and small helpers on strings. */
#ifndef QUERN_CORE_TEXT_TEXT_H
#define QUERN_CORE_TEXT_TEXT_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes that are not NUL-terminated; borrowed. */
typedef struct qn_view {
    const char *data;
    int64_t length;
} qn_view;

typedef struct qn_text {
    char *data; /* NUL-terminated once something was added, else NULL */
    int64_t length;
    int64_t capacity;
} qn_text;

void qn_text_init(qn_text *text);
void qn_text_clear(qn_text *text);
void qn_text_truncate(qn_text *text, int64_t length);
QN_CHECKED qn_status qn_text_reserve(qn_text *text, int64_t more); /* room for `more` bytes */
QN_CHECKED qn_status qn_text_add(qn_text *text, const char *data, int64_t length);
QN_CHECKED qn_status qn_text_add_char(qn_text *text, char c);
QN_CHECKED qn_status qn_text_printf(qn_text *text, const char *format, ...) QN_PRINTF(2, 3);

/* A new NUL-terminated string, the caller's (qn_mem_free). */
QN_CHECKED qn_status qn_format(char **out, const char *format, ...) QN_PRINTF(2, 3);

qn_view qn_view_of(const char *text);
bool qn_view_equal(qn_view a, qn_view b);
int qn_view_compare(qn_view a, qn_view b); /* by unsigned bytes: the order of UTF-8 */

/* The candidate nearest to `word` by edit distance (case-insensitive), or NULL when none is near
 * enough to be what was meant. For "did you mean". */
const char *qn_nearest(const char *word, const char *const *candidates, int64_t count);

#endif
