#include "core/text/text.h"

#include "core/memory.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void qn_text_init(qn_text *text) {
    *text = (qn_text){0};
}

void qn_text_clear(qn_text *text) {
    qn_mem_free(text->data);
    qn_text_init(text);
}

void qn_text_truncate(qn_text *text, int64_t length) {
    if (length >= text->length)
        return;
    text->length = length;
    text->data[length] = '\0';
}

qn_status qn_text_reserve(qn_text *text, int64_t more) {
    return qn_mem_reserve(&text->data, &text->capacity, text->length + more + 1, 1);
}

qn_status qn_text_add(qn_text *text, const char *data, int64_t length) {
    QN_TRY(qn_text_reserve(text, length));
    if (length > 0)
        memcpy(text->data + text->length, data, (size_t)length);
    text->length += length;
    text->data[text->length] = '\0';
    return QN_OK;
}

qn_status qn_text_add_char(qn_text *text, char c) {
    return qn_text_add(text, &c, 1);
}

static qn_status text_vprintf(qn_text *text, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return qn_fail(QN_INTERNAL, "cannot print '%s'", format);
    QN_TRY(qn_text_reserve(text, length));
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    text->length += length;
    return QN_OK;
}

qn_status qn_text_printf(qn_text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    qn_status status = text_vprintf(text, format, arguments);
    va_end(arguments);
    return status;
}

qn_status qn_format(char **out, const char *format, ...) {
    qn_text text;
    qn_text_init(&text);
    va_list arguments;
    va_start(arguments, format);
    qn_status status = text_vprintf(&text, format, arguments);
    va_end(arguments);
    if (status == QN_OK)
        *out = text.data;
    else
        qn_text_clear(&text);
    return status;
}

qn_view qn_view_of(const char *text) {
    return (qn_view){text, (int64_t)strlen(text)};
}

bool qn_view_equal(qn_view a, qn_view b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, (size_t)a.length) == 0);
}

int qn_view_compare(qn_view a, qn_view b) {
    int64_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, (size_t)shorter);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

enum { LONGEST_WORD = 64 };

static int least(int a, int b, int c) {
    int smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Edit distance with neighbouring letters swapped as one edit (optimal string alignment). */
static int edit_distance(const char *a, int a_length, const char *b, int b_length) {
    int rows[3][LONGEST_WORD + 1];
    for (int j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (int i = 1; i <= a_length; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= b_length; j++) {
            int same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            row[j] = least(row[j - 1] + 1, above[j] + 1, above[j - 1] + !same);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[a_length % 3][b_length];
}

const char *qn_nearest(const char *word, const char *const *candidates, int64_t count) {
    size_t length = strlen(word);
    if (length == 0 || length > LONGEST_WORD)
        return NULL;
    int best = length <= 3 ? 1 : 1 + (int)length / 3;
    const char *found = NULL;
    for (int64_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        if (other > LONGEST_WORD)
            continue;
        int distance = edit_distance(word, (int)length, candidates[i], (int)other);
        if (distance < best || (distance == best && found == NULL)) {
            best = distance;
            found = candidates[i];
        }
    }
    return found;
}
