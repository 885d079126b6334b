/* Rules for the time past a zone's last listed transition: the TZ text at the end of a TZif file
 * (POSIX, as RFC 8536 extends it). */
#include "core/time/zone_private.h"

#include "core/time/date.h"
#include "core/time/scan.h"

#include <string.h>

/* ---- Reading --------------------------------------------------------------------------------- */

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* CET or <+03> */
static bool take_word(cursor *c, char out[QN_ZONE_WORD]) {
    bool quoted = take_char(c, '<');
    int64_t length = 0;
    while (c->at + length < c->end && (quoted ? c->at[length] != '>' : is_letter(c->at[length])))
        length++;
    if (length == 0 || length >= QN_ZONE_WORD)
        return false;
    memcpy(out, c->at, (size_t)length);
    out[length] = '\0';
    c->at += length;
    return !quoted || take_char(c, '>');
}

/* [+-]hhh[:mm[:ss]] */
static bool take_clock(cursor *c, int32_t *seconds) {
    int32_t hour = 0, minute = 0, second = 0, sign = take_char(c, '-') ? -1 : 1;
    if (sign > 0)
        (void)take_char(c, '+');
    if (!take_digits(c, 1, 3, &hour))
        return false;
    if (take_char(c, ':')) {
        if (!take_digits(c, 2, 2, &minute))
            return false;
        if (take_char(c, ':') && !take_digits(c, 2, 2, &second))
            return false;
    }
    *seconds = sign * (hour * 3600 + minute * 60 + second);
    return hour <= 167 && minute < 60 && second < 60;
}

/* ,Mm.w.d[/time] or Jn or n */
static bool take_change(cursor *c, qn_zone_change *out) {
    *out = (qn_zone_change){.form = 'D', .time = 7200};
    if (!take_char(c, ','))
        return false;
    if (take_char(c, 'M')) {
        out->form = 'M';
        if (!take_digits(c, 1, 2, &out->month) || !take_char(c, '.') ||
            !take_digits(c, 1, 1, &out->week) || !take_char(c, '.') ||
            !take_digits(c, 1, 1, &out->day))
            return false;
        if (out->month < 1 || out->month > 12 || out->week < 1 || out->week > 5 || out->day > 6)
            return false;
    } else {
        if (take_char(c, 'J'))
            out->form = 'J';
        if (!take_digits(c, 1, 3, &out->day) || out->day > 365 || (out->form == 'J' && !out->day))
            return false;
    }
    return !take_char(c, '/') || take_clock(c, &out->time);
}

bool qn_zone_parse_rule(const char *text, qn_zone_rule *out) {
    cursor c = {text, text + strlen(text)};
    qn_zone_rule rule = {.present = true};
    int32_t west;
    if (!take_word(&c, rule.standard.abbreviation) || !take_clock(&c, &west))
        return false;
    rule.standard.offset = -west;
    if (c.at < c.end) {
        rule.changes = true;
        rule.summer.offset = rule.standard.offset + 3600;
        if (!take_word(&c, rule.summer.abbreviation))
            return false;
        if (c.at < c.end && *c.at != ',') {
            if (!take_clock(&c, &west))
                return false;
            rule.summer.offset = -west;
        }
        if (!take_change(&c, &rule.start) || !take_change(&c, &rule.end))
            return false;
    }
    if (c.at < c.end)
        return false;
    *out = rule;
    return true;
}

/* ---- Applying -------------------------------------------------------------------------------- */

/* The day of a change in a year, in days since 1970. */
static int64_t day_of_change(const qn_zone_change *change, int32_t year) {
    bool leap = qn_days_in_month(year, 2) == 29;
    if (change->form != 'M') {
        int64_t skipped = change->form == 'J' ? (leap && change->day >= 60) - 1 : 0;
        return qn_days_from_civil(year, 1, 1) + change->day + skipped;
    }
    int64_t first = qn_days_from_civil(year, change->month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 0 is Sunday */
    int64_t day = (change->day - weekday + 7) % 7 + 7 * (change->week - 1);
    while (day >= qn_days_in_month(year, change->month))
        day -= 7;
    return first + day;
}

typedef struct event {
    int64_t at;
    const qn_zone_kind *kind; /* that starts then */
} event;

/* Both changes of a year, put in order of time behind those that are there. */
static void add_year(const qn_zone_rule *rule, int32_t year, event *events, int *count) {
    event two[] = {
        {day_of_change(&rule->start, year) * 86400 + rule->start.time - rule->standard.offset,
         &rule->summer},
        {day_of_change(&rule->end, year) * 86400 + rule->end.time - rule->summer.offset,
         &rule->standard}};
    for (int k = 0; k < 2; k++) {
        int i = (*count)++;
        for (; i > 0 && events[i - 1].at > two[k].at; i--)
            events[i] = events[i - 1];
        events[i] = two[k];
    }
}

qn_zone_span qn_zone_rule_span(const qn_zone_rule *rule, int64_t seconds) {
    qn_zone_span span = {INT64_MIN, INT64_MAX, rule->standard.offset, rule->standard.abbreviation};
    if (!rule->changes)
        return span;
    int32_t year, month, day;
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    qn_civil_from_days((int32_t)days, &year, &month, &day);
    event events[6];
    int count = 0, i = 0;
    for (int32_t y = year - 1; y <= year + 1; y++)
        add_year(rule, y, events, &count);
    while (i + 1 < count && events[i + 1].at <= seconds)
        i++;
    return (qn_zone_span){events[i].at, i + 1 < count ? events[i + 1].at : INT64_MAX,
                          events[i].kind->offset, events[i].kind->abbreviation};
}
