#include "core/expr/regex_mend.h"

#include <string.h>

/* Where the text `end` ends behind `from`; the pattern's end if it does not come. */
static int64_t behind(qn_view pattern, int64_t from, const char *end) {
    size_t length = strlen(end);
    const char *found = from < pattern.length ? memmem(pattern.data + from,
                                                       (size_t)(pattern.length - from), end, length)
                                              : NULL;
    return found == NULL ? pattern.length : found - pattern.data + (int64_t)length;
}

static bool starts(qn_view pattern, int64_t at, const char *text) {
    int64_t length = (int64_t)strlen(text);
    return pattern.length - at >= length && memcmp(pattern.data + at, text, (size_t)length) == 0;
}

/* The end of an escape: two characters, but \Q quotes up to \E and \c takes one more. */
static int64_t behind_escape(qn_view pattern, int64_t at) {
    if (starts(pattern, at, "\\Q"))
        return behind(pattern, at + 2, "\\E");
    int64_t end = at + (starts(pattern, at, "\\c") ? 3 : 2);
    return end < pattern.length ? end : pattern.length;
}

/* The end of a [:name:] in a class; of its bracket if it is none. */
static int64_t behind_name(qn_view pattern, int64_t at) {
    int64_t end = behind(pattern, at + 2, ":]");
    bool closed = memchr(pattern.data + at, ']', (size_t)(end - at - 1)) == NULL;
    return closed ? end : at + 1;
}

/* The end of a class, which begins at `at`. */
static int64_t behind_class(qn_view pattern, int64_t at) {
    at += starts(pattern, at, "[^") ? 2 : 1;
    at += starts(pattern, at, "]"); /* the first one stands for itself */
    while (at < pattern.length && pattern.data[at] != ']') {
        if (pattern.data[at] == '\\')
            at = behind_escape(pattern, at);
        else if (starts(pattern, at, "[:"))
            at = behind_name(pattern, at);
        else
            at++;
    }
    return at < pattern.length ? at + 1 : at;
}

/* The end of what stands at `at`. */
static int64_t behind_part(qn_view pattern, int64_t at) {
    if (pattern.data[at] == '\\')
        return behind_escape(pattern, at);
    if (pattern.data[at] == '[')
        return behind_class(pattern, at);
    return starts(pattern, at, "(?#") ? behind(pattern, at, ")") : at + 1;
}

qn_status qn_regex_mend(qn_view pattern, qn_text *out) {
    for (int64_t at = 0; at < pattern.length;) {
        int64_t end = behind_part(pattern, at);
        if (starts(pattern, at, "\\W"))
            QN_TRY(qn_text_add(out, "[^\\w]", 5));
        else if (starts(pattern, at, "\\S"))
            QN_TRY(qn_text_add(out, "[^\\s]", 5));
        else if (starts(pattern, at, "\\D"))
            QN_TRY(qn_text_add(out, "[^\\d]", 5));
        else
            QN_TRY(qn_text_add(out, pattern.data + at, end - at));
        at = end;
    }
    return QN_OK;
}
