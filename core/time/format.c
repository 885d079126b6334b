/* Compiling patterns of letters. */
#include "core/memory.h"
#include "core/time/format_private.h"

#include <string.h>

const char *const qn_month_names[12] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
const char *const qn_weekday_names[7] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                         "Friday", "Saturday", "Sunday"};

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_run_known(char letter, int64_t count) {
    static const struct {
        char letter;
        const char *counts; /* digits: allowed lengths of the run */
    } runs[] = {{'y', "12345"}, {'u', "12345"},     {'M', "1234"}, {'L', "1234"}, {'d', "12"},
                {'D', "123"},   {'E', "1234"},      {'Q', "1234"}, {'q', "1234"}, {'w', "12"},
                {'G', "123"},   {'H', "12"},        {'h', "12"},   {'K', "12"},   {'k', "12"},
                {'m', "12"},    {'s', "12"},        {'a', "1"},    {'X', "123"},  {'x', "123"},
                {'Z', "12345"}, {'S', "123456789"}, {'z', "123"},  {'V', "2"},    {'O', "14"}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        if (runs[i].letter == letter)
            return count < 10 && strchr(runs[i].counts, (char)('0' + count)) != NULL;
    return false;
}

static qn_status refuse(const char *pattern, const char *at, int64_t count) {
    qn_status status =
        qn_fail(QN_JOB, "time pattern '%s': '%.*s' is not a known part", pattern, (int)count, at);
    if (strchr("YWec", *at) != NULL)
        qn_error_help("Spark 3 has no weeks in patterns either: weekofyear(x), dayofweek(x) and "
                      "EXTRACT(isoyear FROM x) give them");
    else
        qn_error_help("known are the letters y u M L d D E Q q w G H h K k m s S a X x Z O z VV, "
                      "'quoted text', punctuation and [optional sections]");
    return status;
}

/* Adds the literal text in quotes at `at`; '' is one quote, also inside. Returns where to go on,
 * NULL when the closing quote is missing. */
static const char *compile_quoted(qn_time_format *format, const char *at) {
    if (at[1] == '\'') {
        format->items[format->count++] = (qn_time_item){.literal = '\''};
        return at + 2;
    }
    for (at++; *at != '\0'; at++) {
        if (*at == '\'' && *++at != '\'')
            return at;
        format->items[format->count++] = (qn_time_item){.literal = *at};
    }
    return NULL;
}

static qn_status compile_run(qn_time_format *format, const char *pattern, const char **at) {
    char letter = **at;
    int64_t count = 1;
    while ((*at)[count] == letter)
        count++;
    if (!is_run_known(letter, count))
        return refuse(pattern, *at, count);
    if (strchr("QqwGzV", letter) != NULL)
        format->print_only = letter;
    letter = letter == 'u' ? 'y' : letter == 'L' ? 'M' : letter == 'q' ? 'Q' : letter;
    format->items[format->count++] = (qn_time_item){.letter = letter, .count = (int8_t)count};
    *at += count;
    return QN_OK;
}

/* '[' or ']'; sections do not nest. */
static qn_status compile_section(qn_time_format *format, const char *pattern, const char *at,
                                 int32_t *open) {
    if ((*at == '[') == (*open >= 0))
        return qn_fail(QN_JOB, "time pattern '%s': '%c' without its partner, or inside another",
                       pattern, *at);
    if (*at == ']')
        format->items[*open].jump = format->count;
    *open = *at == '[' ? format->count : -1;
    format->items[format->count++] = (qn_time_item){.letter = *at};
    return QN_OK;
}

static qn_status compile(qn_time_format *format, const char *pattern) {
    int32_t open = -1;
    for (const char *at = pattern; *at != '\0';) {
        if (*at == '\'') {
            at = compile_quoted(format, at);
            if (at == NULL)
                return qn_fail(QN_JOB, "time pattern '%s': a quote is not closed", pattern);
        } else if (is_letter(*at)) {
            QN_TRY(compile_run(format, pattern, &at));
        } else if (*at == '[' || *at == ']') {
            QN_TRY(compile_section(format, pattern, at++, &open));
        } else if (strchr("{}#", *at) != NULL) {
            return refuse(pattern, at, 1);
        } else {
            format->items[format->count++] = (qn_time_item){.literal = *at++};
        }
    }
    if (open >= 0)
        return qn_fail(QN_JOB, "time pattern '%s': '[' is not closed", pattern);
    return QN_OK;
}

static bool has_letter(const qn_time_format *format, char letter) {
    for (int32_t i = 0; i < format->count; i++)
        if (format->items[i].letter == letter)
            return true;
    return false;
}

/* A month and the day of the year, but no day: dd was meant. */
static qn_status check_days(const qn_time_format *format, const char *pattern) {
    if (!has_letter(format, 'D') || !has_letter(format, 'M') || has_letter(format, 'd'))
        return QN_OK;
    qn_status status =
        qn_fail(QN_JOB, "time pattern '%s': D is the day of the year, next to a month", pattern);
    qn_error_help("write dd for the day of the month");
    return status;
}

/* yyyyMMdd: the numbers behind a year have fixed widths, the year gets what is left. */
static void reserve_digits(qn_time_format *format) {
    for (int32_t i = 0; i < format->count; i++) {
        int32_t digits = 0;
        for (int32_t k = i + 1; k < format->count && format->items[k].count == 2 &&
                                strchr("MdHhKkms", format->items[k].letter) != NULL;
             k++)
            digits += 2;
        format->items[i].reserved = (int8_t)(digits < 100 ? digits : 100);
    }
}

qn_status qn_time_format_new(qn_time_format **out, const char *pattern) {
    qn_status status = QN_OK;
    qn_time_format *format = NULL;
    if (pattern[0] == '\0')
        return qn_fail(QN_JOB, "a time pattern is empty");
    QN_TRY(qn_mem_alloc(&format, 1, sizeof *format + strlen(pattern) * sizeof *format->items));
    format->count = 0;
    format->print_only = 0;
    QN_TRY_GOTO(compile(format, pattern), done);
    QN_TRY_GOTO(check_days(format, pattern), done);
    reserve_digits(format);
    *out = format;
    format = NULL;
done:
    qn_time_format_free(format);
    return status;
}

void qn_time_format_free(qn_time_format *format) {
    qn_mem_free(format);
}

char qn_time_format_print_only(const qn_time_format *format) {
    return format->print_only;
}
