#include "core/time/zone.h"

#include "core/memory.h"
#include "core/time/scan.h"
#include "core/time/zone_private.h"

#include <string.h>

/* No zone was ever farther from Greenwich, by RFC 8536. */
enum { FARTHEST = 26 * 3600 };

qn_zone *qn_zone_retain(qn_zone *zone) {
    if (zone != NULL)
        zone->references++;
    return zone;
}

void qn_zone_release(qn_zone *zone) {
    if (zone == NULL || --zone->references > 0)
        return;
    qn_mem_free(zone->name);
    qn_mem_free(zone->at);
    qn_mem_free(zone->kind);
    qn_mem_free(zone->kinds);
    qn_mem_free(zone->spans);
    qn_mem_free(zone->first);
    qn_mem_free(zone);
}

const char *qn_zone_name(const qn_zone *zone) {
    return zone == NULL ? "UTC" : zone->name;
}

/* ---- TZif files ------------------------------------------------------------------------------ */

typedef struct header {
    char version;
    int64_t utc_flags, standard_flags, leaps, transitions, kinds, characters;
} header;

static int64_t big_endian(const uint8_t *bytes, int size) {
    uint64_t value = size == 8 || bytes[0] < 0x80 ? 0 : ~UINT64_C(0);
    for (int i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return (int64_t)value;
}

enum { HEADER = 44 };

static bool read_header(const uint8_t *bytes, size_t size, header *out) {
    if (size < HEADER || memcmp(bytes, "TZif", 4) != 0)
        return false;
    int64_t *counts[] = {&out->utc_flags,   &out->standard_flags, &out->leaps,
                         &out->transitions, &out->kinds,          &out->characters};
    out->version = (char)bytes[4];
    for (int i = 0; i < 6; i++) {
        *counts[i] = big_endian(bytes + 20 + 4 * i, 4);
        if (*counts[i] < 0 || *counts[i] > 100000)
            return false;
    }
    return out->kinds > 0 && out->kinds <= 256;
}

/* Bytes of a data block whose times have `width` bytes. */
static size_t block_size(const header *h, int width) {
    return (size_t)(h->transitions * (width + 1) + h->kinds * 6 + h->characters +
                    h->leaps * (width + 4) + h->standard_flags + h->utc_flags);
}

static bool read_kinds(qn_zone *zone, const header *h, const uint8_t *kinds) {
    const uint8_t *characters = kinds + 6 * h->kinds;
    for (int64_t i = 0; i < h->kinds; i++) {
        int64_t offset = big_endian(kinds + 6 * i, 4), word = kinds[6 * i + 5];
        if (offset <= -FARTHEST || offset >= FARTHEST || word >= h->characters)
            return false;
        zone->kinds[i].offset = (int32_t)offset;
        int64_t most = h->characters - word < QN_ZONE_WORD ? h->characters - word : QN_ZONE_WORD;
        const uint8_t *end = memchr(characters + word, 0, (size_t)most);
        if (end == NULL)
            return false;
        strcpy(zone->kinds[i].abbreviation, (const char *)characters + word);
    }
    return true;
}

static bool read_block(qn_zone *zone, const header *h, const uint8_t *block, int width) {
    const uint8_t *kind = block + h->transitions * width;
    zone->count = h->transitions;
    zone->kind[0] = 0;
    for (int64_t i = 0; i < h->transitions; i++) {
        zone->at[i] = big_endian(block + i * width, width);
        zone->kind[i + 1] = kind[i];
        if (kind[i] >= h->kinds || (i > 0 && zone->at[i] <= zone->at[i - 1]))
            return false;
    }
    return read_kinds(zone, h, kind + h->transitions);
}

/* The line behind the last block; none or an empty one: the last offset goes on. */
static bool read_footer(qn_zone *zone, const uint8_t *bytes, size_t size) {
    char line[256];
    if (size < 2 || bytes[0] != '\n')
        return false;
    const uint8_t *end = memchr(bytes + 1, '\n', size - 1);
    size_t length = end == NULL ? 0 : (size_t)(end - bytes - 1);
    if (end == NULL || length >= sizeof line)
        return false;
    memcpy(line, bytes + 1, length);
    line[length] = '\0';
    return length == 0 || qn_zone_parse_rule(line, &zone->rule);
}

static qn_status new_zone(qn_zone **out, const char *name, int64_t transitions, int64_t kinds) {
    qn_zone *zone = NULL;
    qn_status status;
    QN_TRY(qn_mem_calloc(&zone, 1, sizeof *zone));
    zone->references = 1;
    QN_TRY_GOTO(qn_mem_copy_text(&zone->name, name), done);
    QN_TRY_GOTO(qn_mem_calloc(&zone->at, (size_t)transitions, sizeof *zone->at), done);
    QN_TRY_GOTO(qn_mem_calloc(&zone->kind, (size_t)transitions + 1, 1), done);
    QN_TRY_GOTO(qn_mem_calloc(&zone->kinds, (size_t)kinds, sizeof *zone->kinds), done);
    *out = zone;
    return QN_OK;
done:
    qn_zone_release(zone);
    return status;
}

/* ---- Spans ----------------------------------------------------------------------------------- */

/* From the transitions and the rule. */
static qn_zone_span search_span(const qn_zone *zone, int64_t seconds) {
    int64_t low = 0, high = zone->count; /* the first transition after `seconds` */
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (zone->at[middle] <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->rule.present) {
        qn_zone_span span = qn_zone_rule_span(&zone->rule, seconds);
        if (zone->count > 0 && span.from < zone->at[zone->count - 1])
            span.from = zone->at[zone->count - 1];
        return span;
    }
    const qn_zone_kind *kind = &zone->kinds[zone->kind[low]];
    return (qn_zone_span){low > 0 ? zone->at[low - 1] : INT64_MIN,
                          low < zone->count ? zone->at[low] : INT64_MAX, kind->offset,
                          kind->abbreviation};
}

static qn_status list_steps(qn_zone *zone) {
    int64_t steps = (2 * QN_ZONE_REACH >> QN_ZONE_STEP_BITS) + 1, span = 0;
    QN_TRY(qn_mem_alloc(&zone->first, (size_t)steps, sizeof *zone->first));
    for (int64_t i = 0; i < steps; i++) {
        while (zone->spans[span].until <= (i << QN_ZONE_STEP_BITS) - QN_ZONE_REACH)
            span++;
        zone->first[i] = (uint16_t)span;
    }
    return QN_OK;
}

/* All spans, once: to work one out by the rule takes some 80 ns, to find it in the list 5. A zone
 * with more of them than a step can name, which is none of the database's, has no list. */
static qn_status list_spans(qn_zone *zone) {
    qn_zone_span *spans = NULL;
    int64_t count = 0, capacity = 0;
    for (int64_t at = -QN_ZONE_REACH; at <= QN_ZONE_REACH; at = spans[count++].until) {
        qn_status status = qn_mem_reserve(&spans, &capacity, count + 1, sizeof *spans);
        if (status != QN_OK || count == UINT16_MAX) {
            qn_mem_free(spans);
            return status;
        }
        spans[count] = search_span(zone, at);
    }
    zone->spans = spans;
    zone->span_count = count;
    return list_steps(zone);
}

qn_status qn_zone_read(qn_zone **out, const char *name, const void *bytes, size_t size) {
    const uint8_t *at = bytes, *end = at + size;
    header h = {0};
    qn_zone *zone = NULL;
    int width = 4;
    bool good = read_header(at, size, &h);
    if (good && h.version >= '2') { /* the first block is for old readers */
        width = 8;
        at += (size_t)(end - at) < HEADER + block_size(&h, 4) ? size : HEADER + block_size(&h, 4);
        good = read_header(at, (size_t)(end - at), &h);
    }
    at += HEADER;
    if (good && h.leaps == 0 && (size_t)(end - at) >= block_size(&h, width)) {
        QN_TRY(new_zone(&zone, name, h.transitions, h.kinds));
        size_t block = block_size(&h, width);
        if (read_block(zone, &h, at, width) &&
            (width == 4 || read_footer(zone, at + block, (size_t)(end - at) - block))) {
            qn_status status = list_spans(zone);
            if (status == QN_OK)
                *out = zone;
            else
                qn_zone_release(zone);
            return status;
        }
    }
    qn_zone_release(zone);
    return qn_fail(QN_ENVIRONMENT, "the file of time zone '%s' is damaged or counts leap seconds",
                   name);
}

/* ---- Offsets --------------------------------------------------------------------------------- */

bool qn_parse_offset(qn_view text, int32_t *seconds) {
    cursor c = {text.data, text.data + text.length};
    int32_t part[3] = {0};
    for (int i = 0; i < 3; i++) { /* names of Greenwich time, longest first */
        static const char *const names[] = {"UTC", "GMT", "UT"};
        int64_t length = (int64_t)strlen(names[i]);
        if (text.length >= length && memcmp(text.data, names[i], (size_t)length) == 0) {
            c.at += length;
            break;
        }
    }
    bool named = c.at > text.data;
    *seconds = 0;
    if (c.at == c.end || (!named && text.length == 1 && *c.at == 'Z'))
        return named || text.length == 1;
    bool west = *c.at == '-';
    if (*c.at != '-' && *c.at != '+')
        return false;
    c.at++;
    if (!take_digits(&c, 1, 2, &part[0]))
        return false;
    for (int i = 1; i < 3 && c.at < c.end; i++) {
        (void)take_char(&c, ':');
        if (!take_digits(&c, 2, 2, &part[i]))
            return false;
    }
    int32_t value = part[0] * 3600 + part[1] * 60 + part[2];
    *seconds = west ? -value : value;
    return c.at == c.end && part[1] < 60 && part[2] < 60 && value <= 18 * 3600;
}

/* ---- Looking up ------------------------------------------------------------------------------ */

/* Times are found in the list of spans, starting where their step of 24 days does. */
qn_zone_span qn_zone_span_at(const qn_zone *zone, int64_t seconds) {
    if (zone->spans == NULL || seconds < -QN_ZONE_REACH || seconds > QN_ZONE_REACH)
        return search_span(zone, seconds);
    const qn_zone_span *span =
        zone->spans + zone->first[(seconds + QN_ZONE_REACH) >> QN_ZONE_STEP_BITS];
    while (seconds >= span->until)
        span++;
    return *span;
}

/* The span that a local time lies in, the earlier of two; false if clocks skipped it, and then
 * the span before the gap. */
static bool find_local(const qn_zone *zone, int64_t local, qn_zone_span *out) {
    qn_zone_span span = qn_zone_span_at(zone, local - FARTHEST);
    for (;;) {
        int64_t utc = local - span.offset;
        *out = span;
        if (utc < span.until)
            return true;
        span = qn_zone_span_at(zone, span.until);
        if (local - span.offset < span.from)
            return false;
    }
}

int64_t qn_zone_to_utc(const qn_zone *zone, int64_t local, int32_t preferred, qn_zone_span *span) {
    int64_t utc = local - span->offset;
    if (utc >= span->until || utc - FARTHEST < span->from || span->from == span->until) {
        (void)find_local(zone, local, span);
        utc = local - span->offset;
    }
    if (preferred == INT32_MIN || preferred == span->offset)
        return utc;
    return qn_zone_span_at(zone, local - preferred).offset == preferred ? local - preferred : utc;
}

int64_t qn_zone_day_start(const qn_zone *zone, int64_t day, qn_zone_span *span) {
    int64_t local = day * 86400, utc = local - span->offset;
    if (utc < span->until && utc - FARTHEST >= span->from)
        return utc;
    return find_local(zone, local, span) ? local - span->offset : span->until;
}
