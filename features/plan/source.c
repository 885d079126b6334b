#include "features/plan/source.h"

#include <ctype.h>
#include <string.h>

enum { LINE_SHOWN = 400 };

/* Belongs to the last error's text, and lives as long. */
static int64_t error_position = -1;

int64_t qn_source_error_position(void) {
    return error_position;
}

void qn_source_start(void) {
    error_position = -1;
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '.' || (unsigned char)c >= 0x80;
}

/* Bytes of the word, quoted text or sign at `offset`. */
static int64_t word_width(qn_view text, int64_t offset) {
    int64_t end = offset;
    char first = offset < text.length ? text.data[offset] : '\0';
    if (first == '\'' || first == '"') {
        const char *close =
            memchr(text.data + offset + 1, first, (size_t)(text.length - offset - 1));
        return close == NULL ? 1 : close - (text.data + offset) + 1;
    }
    while (end < text.length && is_word(text.data[end]))
        end++;
    return end > offset ? end - offset : 1;
}

static int64_t count_characters(const char *from, const char *to) {
    int64_t count = 0;
    for (const char *p = from; p < to; p++)
        count += ((unsigned char)*p & 0xC0) != 0x80;
    return count;
}

/* Long lines are shown from shortly before the place on. */
static void show_line(qn_view text, int64_t line_start, int64_t offset) {
    char line[LINE_SHOWN + 1];
    int64_t from = offset - line_start < LINE_SHOWN / 2 ? line_start : offset - LINE_SHOWN / 4;
    while (from < offset && ((unsigned char)text.data[from] & 0xC0) == 0x80)
        from++;
    int64_t length = text.length - from < LINE_SHOWN ? text.length - from : LINE_SHOWN;
    const char *end = memchr(text.data + from, '\n', (size_t)length);
    if (end != NULL)
        length = end - (text.data + from);
    memcpy(line, text.data + from, (size_t)length);
    line[length] = '\0';
    /* a terminal shows characters, so the caret's place is counted in them */
    const char *place = text.data + offset;
    int64_t column = count_characters(text.data + from, place) + 1;
    int64_t bytes = offset < text.length ? word_width(text, offset) : 0;
    int64_t width = bytes > 0 ? count_characters(place, place + bytes) : 1;
    qn_error_excerpt(line, (int)column, (int)width);
}

void qn_source_locate_in(const char *name, qn_view text, int64_t offset) {
    if (offset < 0)
        return;
    if (offset > text.length)
        offset = text.length;
    int64_t line = 1, line_start = 0;
    for (int64_t i = 0; i < offset; i++) {
        if (text.data[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    int64_t column = count_characters(text.data + line_start, text.data + offset) + 1;
    qn_error_locate("%s:%lld:%lld", name, (long long)line, (long long)column);
    show_line(text, line_start, offset);
}

void qn_source_locate(qn_view text, int64_t offset) {
    if (offset < 0)
        return;
    error_position = offset < text.length ? offset : text.length;
    qn_source_locate_in("query", text, offset);
}
