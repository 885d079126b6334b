/* Patterns of letters, as in java.time.format.DateTimeFormatter and Spark. */
#include "core/memory.h"
#include "core/time/date.h"
#include "core/time/scan.h"

#include <string.h>
#include <strings.h>

typedef struct item {
    char letter; /* 0: the literal character */
    char literal;
    int8_t count;
} item;

struct qn_time_format {
    int64_t count;
    item items[];
};

/* What parsing has found so far. */
typedef struct fields {
    int32_t year, month, day, hour, minute, second, nanosecond, zone;
    bool half_day; /* the hour counts from 12, 1 .. 11 */
    int32_t noon;  /* 12 for pm */
} fields;

static const char *const month_names[12] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};

/* ---- Compiling ------------------------------------------------------------------------------ */

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_run_known(char letter, int64_t count) {
    static const struct {
        char letter;
        const char *counts; /* digits: allowed lengths of the run */
    } runs[] = {{'y', "24"},  {'M', "1234"},      {'d', "12"},  {'H', "12"},
                {'h', "12"},  {'m', "12"},        {'s', "12"},  {'a', "1"},
                {'X', "123"}, {'S', "123456789"}, {'x', "123"}, {'Z', "1"}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        if (runs[i].letter == letter)
            return count < 10 && strchr(runs[i].counts, (char)('0' + count)) != NULL;
    return false;
}

static qn_status refuse(const char *pattern, const char *at, int64_t count) {
    qn_status status =
        qn_fail(QN_JOB, "time pattern '%s': '%.*s' is not a known part", pattern, (int)count, at);
    qn_error_help("known are yyyy yy MMMM MMM MM M dd d HH H hh h mm m ss s S a X XXX x xxx Z, "
                  "'quoted text' and punctuation");
    return status;
}

/* Adds the literal text in quotes at `at`; '' is one quote, also inside. Returns where to go on,
 * NULL when the closing quote is missing. */
static const char *compile_quoted(qn_time_format *format, const char *at) {
    if (at[1] == '\'') {
        format->items[format->count++] = (item){.literal = '\''};
        return at + 2;
    }
    for (at++; *at != '\0'; at++) {
        if (*at == '\'' && *++at != '\'')
            return at;
        format->items[format->count++] = (item){.literal = *at};
    }
    return NULL;
}

static qn_status compile(qn_time_format *format, const char *pattern) {
    const char *at = pattern;
    while (*at != '\0') {
        if (*at == '\'') {
            at = compile_quoted(format, at);
            if (at == NULL)
                return qn_fail(QN_JOB, "time pattern '%s': a quote is not closed", pattern);
        } else if (is_letter(*at)) {
            int64_t count = 1;
            while (at[count] == *at)
                count++;
            if (!is_run_known(*at, count))
                return refuse(pattern, at, count);
            format->items[format->count++] = (item){.letter = *at, .count = (int8_t)count};
            at += count;
        } else if (strchr("[]{}#", *at) != NULL) {
            return refuse(pattern, at, 1);
        } else {
            format->items[format->count++] = (item){.literal = *at++};
        }
    }
    return QN_OK;
}

qn_status qn_time_format_new(qn_time_format **out, const char *pattern) {
    qn_status status = QN_OK;
    qn_time_format *format = NULL;
    if (pattern[0] == '\0')
        return qn_fail(QN_JOB, "a time pattern is empty");
    QN_TRY(qn_mem_alloc(&format, 1, sizeof *format + strlen(pattern) * sizeof(item)));
    format->count = 0;
    QN_TRY_GOTO(compile(format, pattern), done);
    *out = format;
    format = NULL;
done:
    qn_time_format_free(format);
    return status;
}

void qn_time_format_free(qn_time_format *format) {
    qn_mem_free(format);
}

/* ---- Parsing -------------------------------------------------------------------------------- */

static bool take_year(cursor *c, int count, int32_t *year) {
    if (!take_digits(c, count, count, year))
        return false;
    if (count == 2)
        *year += 2000;
    return true;
}

static bool take_month_name(cursor *c, int count, int32_t *month) {
    for (int32_t i = 0; i < 12; i++) {
        int64_t length = count == 3 ? 3 : (int64_t)strlen(month_names[i]);
        if (c->end - c->at >= length && strncasecmp(c->at, month_names[i], (size_t)length) == 0) {
            c->at += length;
            *month = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_noon(cursor *c, int32_t *noon) {
    if (c->end - c->at < 2 || (c->at[1] | 32) != 'm')
        return false;
    char half = (char)(c->at[0] | 32);
    c->at += 2;
    *noon = half == 'p' ? 12 : 0;
    return half == 'a' || half == 'p';
}

static bool take_item(cursor *c, item part, fields *f) {
    int least = part.count;
    switch (part.letter) {
    case 0:
        return take_char(c, part.literal);
    case 'y':
        return take_year(c, part.count, &f->year);
    case 'M':
        return part.count > 2 ? take_month_name(c, part.count, &f->month)
                              : take_digits(c, least, 2, &f->month);
    case 'd':
        return take_digits(c, least, 2, &f->day);
    case 'h':
        f->half_day = true;
        return take_digits(c, least, 2, &f->hour);
    case 'H':
        f->half_day = false;
        return take_digits(c, least, 2, &f->hour);
    case 'm':
        return take_digits(c, least, 2, &f->minute);
    case 's':
        return take_digits(c, least, 2, &f->second);
    case 'S':
        return take_fraction(c, part.count, &f->nanosecond);
    case 'a':
        return take_noon(c, &f->noon);
    default:
        return take_zone(c, &f->zone);
    }
}

/* Days and nanoseconds since that midnight, before the zone is taken off. */
static bool parse_fields(const qn_time_format *format, qn_view text, int32_t *days, int64_t *time,
                         int32_t *zone) {
    cursor c = {text.data, text.data + text.length};
    fields f = {.year = 1970, .month = 1, .day = 1};
    for (int64_t i = 0; i < format->count; i++)
        if (!take_item(&c, format->items[i], &f))
            return false;
    if (c.at < c.end || !qn_date_is_valid(f.year, f.month, f.day))
        return false;
    if (f.half_day) {
        if (f.hour < 1 || f.hour > 12)
            return false;
        f.hour = f.hour % 12 + f.noon;
    }
    if (f.hour > 23 || f.minute > 59 || f.second > 59)
        return false;
    *days = qn_days_from_civil(f.year, f.month, f.day);
    *time = (f.hour * 3600 + f.minute * 60 + f.second) * QN_NANOS_A_SECOND + f.nanosecond;
    *zone = f.zone;
    return true;
}

bool qn_time_format_parse(const qn_time_format *format, qn_view text, int64_t *nanoseconds) {
    int32_t days, zone;
    int64_t time;
    return parse_fields(format, text, &days, &time, &zone) &&
           qn_timestamp_of_days(days, time - zone * QN_NANOS_A_SECOND, nanoseconds);
}

bool qn_time_format_parse_date(const qn_time_format *format, qn_view text, int32_t *days) {
    int32_t parsed, zone;
    int64_t time;
    if (!parse_fields(format, text, &parsed, &time, &zone))
        return false;
    *days = parsed;
    return true;
}

/* ---- Printing ------------------------------------------------------------------------------- */

/* UTC: the offset is zero. */
static const char *zone_text(item part) {
    static const char *const plain[4] = {"", "+00", "+0000", "+00:00"};
    if (part.letter == 'X')
        return "Z";
    return part.letter == 'Z' ? "+0000" : plain[part.count];
}

static qn_status print_item(item part, const fields *f, qn_text *out) {
    int width = part.count;
    static const int32_t scale[10] = {1000000000, 100000000, 10000000, 1000000, 100000,
                                      10000,      1000,      100,      10,      1};
    switch (part.letter) {
    case 0:
        return qn_text_add_char(out, part.literal);
    case 'y':
        return qn_text_printf(out, "%0*d", width, width == 2 ? f->year % 100 : f->year);
    case 'M':
        if (part.count > 2)
            return qn_text_printf(out, "%.*s", part.count == 3 ? 3 : 9, month_names[f->month - 1]);
        return qn_text_printf(out, "%0*d", width, f->month);
    case 'd':
        return qn_text_printf(out, "%0*d", width, f->day);
    case 'h':
        return qn_text_printf(out, "%0*d", width, f->hour % 12 == 0 ? 12 : f->hour % 12);
    case 'H':
        return qn_text_printf(out, "%0*d", width, f->hour);
    case 'm':
        return qn_text_printf(out, "%0*d", width, f->minute);
    case 's':
        return qn_text_printf(out, "%0*d", width, f->second);
    case 'S':
        return qn_text_printf(out, "%0*d", width, f->nanosecond / scale[part.count]);
    case 'a':
        return qn_text_add(out, f->hour < 12 ? "AM" : "PM", 2);
    default:
        return qn_text_printf(out, "%s", zone_text(part));
    }
}

qn_status qn_time_format_print(const qn_time_format *format, int64_t nanoseconds, qn_text *out) {
    fields f = {0};
    int64_t time, before = out->length;
    int32_t days = qn_days_of_timestamp(nanoseconds, &time);
    int32_t seconds = (int32_t)(time / QN_NANOS_A_SECOND);
    qn_civil_from_days(days, &f.year, &f.month, &f.day);
    f.hour = seconds / 3600;
    f.minute = seconds / 60 % 60;
    f.second = seconds % 60;
    f.nanosecond = (int32_t)(time % QN_NANOS_A_SECOND);
    for (int64_t i = 0; i < format->count; i++) {
        qn_status status = print_item(format->items[i], &f, out);
        if (status != QN_OK) {
            qn_text_truncate(out, before);
            return status;
        }
    }
    return QN_OK;
}
