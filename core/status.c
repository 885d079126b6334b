#include "core/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LOCATION_SIZE = 512, MESSAGE_SIZE = 3072, EXCERPT_SIZE = 1024, HELP_SIZE = 1024 };

/* The one mutable global of this file: the last error of this process. */
static struct {
    qn_status code;
    char location[LOCATION_SIZE];
    char message[MESSAGE_SIZE];
    char excerpt[EXCERPT_SIZE];
    char help[HELP_SIZE];
} last;

_Static_assert(sizeof last <= QN_ERROR_PACKED_SIZE, "an error fits its packed form");

/* Cuts a text that filled its buffer back to a whole UTF-8 character. */
static void cut_at_character(char *text, size_t size) {
    size_t length = strlen(text);
    if (length + 1 < size)
        return;
    while (length > 0 && ((unsigned char)text[length - 1] & 0xC0) == 0x80)
        length--;
    if (length > 0 && (unsigned char)text[length - 1] >= 0xC0)
        length--;
    text[length] = '\0';
}

static void print_into(char *out, size_t size, const char *format, va_list arguments) {
    vsnprintf(out, size, format, arguments);
    cut_at_character(out, size);
}

static void start(qn_status code, const char *location) {
    qn_error_clear();
    last.code = code;
    snprintf(last.location, sizeof last.location, "%s", location);
}

qn_status qn_fail(qn_status code, const char *format, ...) {
    char message[MESSAGE_SIZE]; /* arguments may point into the last error */
    va_list arguments;
    va_start(arguments, format);
    print_into(message, sizeof message, format, arguments);
    va_end(arguments);
    start(code, "");
    memcpy(last.message, message, sizeof message);
    return code;
}

qn_status qn_fail_at(qn_status code, const char *location, const char *format, ...) {
    char message[MESSAGE_SIZE], place[LOCATION_SIZE];
    snprintf(place, sizeof place, "%s", location);
    va_list arguments;
    va_start(arguments, format);
    print_into(message, sizeof message, format, arguments);
    va_end(arguments);
    start(code, place);
    memcpy(last.message, message, sizeof message);
    return code;
}

qn_status qn_fail_errno(qn_status code, const char *format, ...) {
    int number = errno;
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    print_into(message, sizeof message, format, arguments);
    va_end(arguments);
    start(code, "");
    snprintf(last.message, sizeof last.message, "%.*s: %s", MESSAGE_SIZE - 128, message,
             strerror(number));
    return code;
}

void qn_error_locate(const char *format, ...) {
    if (last.location[0] != '\0')
        return;
    va_list arguments;
    va_start(arguments, format);
    print_into(last.location, sizeof last.location, format, arguments);
    va_end(arguments);
}

/* Longer lines are shown from a little before the column on. */
enum { EXCERPT_WIDTH = 160, EXCERPT_LEAD = 60 };

void qn_error_excerpt(const char *line, int column, int width) {
    if (last.excerpt[0] != '\0')
        return;
    int length = (int)strcspn(line, "\r\n");
    if (column < 1 || column > length + 1)
        column = 1;
    if (length > EXCERPT_WIDTH && column > EXCERPT_LEAD) {
        int skipped = column - EXCERPT_LEAD;
        while (skipped < column - 1 && ((unsigned char)line[skipped] & 0xC0) == 0x80)
            skipped++;
        line += skipped;
        length -= skipped;
        column -= skipped;
    }
    length = length > EXCERPT_WIDTH ? EXCERPT_WIDTH : length;
    if (width < 1 || width > length - column + 1)
        width = 1;
    char marks[EXCERPT_WIDTH + 4];
    memset(marks, ' ', sizeof marks);
    for (int i = 0; i < column - 1; i++)
        if (line[i] == '\t')
            marks[i] = '\t';
    marks[column - 1] = '^';
    memset(marks + column, '~', (size_t)width - 1);
    marks[column - 1 + width] = '\0';
    snprintf(last.excerpt, sizeof last.excerpt, "  %.*s\n  %s", length, line, marks);
}

void qn_error_help(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_into(last.help, sizeof last.help, format, arguments);
    va_end(arguments);
}

void qn_error_prefix(const char *format, ...) {
    char prefix[LOCATION_SIZE], message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    print_into(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    snprintf(message, sizeof message, "%s%.*s", prefix, MESSAGE_SIZE - LOCATION_SIZE, last.message);
    memcpy(last.message, message, sizeof message);
}

qn_error qn_last_error(void) {
    return (qn_error){.code = last.code,
                      .location = last.location,
                      .message = last.message,
                      .excerpt = last.excerpt,
                      .help = last.help};
}

void qn_error_clear(void) {
    memset(&last, 0, sizeof last);
}

void qn_error_pack(char packed[QN_ERROR_PACKED_SIZE]) {
    memset(packed, 0, QN_ERROR_PACKED_SIZE);
    memcpy(packed, &last, sizeof last);
}

void qn_error_unpack(const char packed[QN_ERROR_PACKED_SIZE]) {
    memcpy(&last, packed, sizeof last);
}

static const struct {
    const char *name;
    const char *text;
    int exit_code;
} statuses[] = {
#define X(name, value, exit_code, text) [value] = {#name, text, exit_code},
    QN_STATUS_LIST(X)
#undef X
};

const char *qn_status_name(qn_status status) {
    return statuses[status].name;
}

const char *qn_status_text(qn_status status) {
    return statuses[status].text;
}

int qn_status_exit_code(qn_status status) {
    return statuses[status].exit_code;
}
