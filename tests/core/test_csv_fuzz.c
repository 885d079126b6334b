/* The CSV parser against a slow one that reads a byte at a time, on random text: all kernels, all
 * ways to cut the buffer. */
#include "core/csv/csv.h"
#include "core/memory.h"
#include "core/text/number.h"
#include "core/text/utf8.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PADDING = 64, MOST = 4096, MOST_FIELDS = 8, CODES = 3 };

/* SplitMix64 (Steele, Lea, Flood 2014): any generator will do here. */
static uint64_t next_bits(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int64_t below(uint64_t *state, int64_t bound) {
    return (int64_t)(next_bits(state) % (uint64_t)bound);
}

/* ---- The slow parser ------------------------------------------------------------------------ */

typedef struct slow {
    const qn_csv_dialect *dialect;
    const qn_type *types;
    int32_t fields;
    const char *bytes;
    int64_t length;
    int64_t records, good;
    qn_text rows, bad;
} slow;

static bool slow_is_null(const slow *s, const char *text, int64_t length) {
    if (length == 0)
        return true;
    for (int64_t i = 0; i < s->dialect->null_count; i++)
        if ((int64_t)strlen(s->dialect->nulls[i]) == length &&
            memcmp(s->dialect->nulls[i], text, (size_t)length) == 0)
            return true;
    return false;
}

static void slow_trim(const char **from, const char **to) {
    while (*from < *to && (**from == ' ' || **from == '\t'))
        ++*from;
    while (*from < *to && ((*to)[-1] == ' ' || (*to)[-1] == '\t'))
        --*to;
}

/* 'v' with the text in `out`, '0' for null, 'q' for bad quotes. */
static char slow_text(const slow *s, const char *from, const char *to, bool is_string, char *out,
                      int64_t *length) {
    const qn_csv_dialect *d = s->dialect;
    const char *raw_from = from, *raw_to = to;
    if (d->trim || !is_string)
        slow_trim(&from, &to);
    bool quoted = from < to && d->quote && *from == d->quote;
    char *end = out;
    bool open = false, closed = false, escaped = false;
    for (const char *at = from; at < to; at++) {
        bool is_quote = d->quote && *at == d->quote && !escaped;
        bool was_escaped = escaped;
        escaped = d->escape && *at == d->escape && !escaped;
        if (!quoted && is_quote)
            return slow_is_null(s, raw_from, raw_to - raw_from) ? '0' : 'q';
        if (quoted && is_quote) {
            if (open && at + 1 < to && at[1] == d->quote) {
                *end++ = *at++;
            } else if (open) {
                open = false;
                closed = true;
            } else if (closed) {
                return 'q';
            } else {
                open = true;
            }
            continue;
        }
        if (closed)
            return 'q';
        if (quoted && was_escaped && (*at == d->quote || *at == d->escape))
            end--; /* the escape in front is no text */
        *end++ = *at;
    }
    if (quoted && !closed)
        return 'q';
    *length = end - out;
    if (quoted && is_string)
        return 'v';
    if (quoted) {
        const char *a = out, *b = end;
        slow_trim(&a, &b);
        memmove(out, a, (size_t)(b - a));
        *length = b - a;
        return slow_is_null(s, out, *length) ? '0' : 'v';
    }
    if (d->trim)
        return slow_is_null(s, from, to - from) ? '0' : 'v';
    return slow_is_null(s, raw_from, raw_to - raw_from) ? '0' : 'v';
}

static bool dump_real(qn_text *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return qn_text_printf(out, "%016llx,", (unsigned long long)bits) == QN_OK;
}

static bool dump_int(qn_text *out, int64_t value) {
    return qn_text_printf(out, "%lld,", (long long)value) == QN_OK;
}

/* Dumps the value; false if the text is none of that type. */
static bool slow_value(const slow *s, qn_type type, qn_view text, qn_text *out) {
    int64_t wide;
    int32_t narrow;
    double real;
    float real32;
    bool truth = text.length == 4 && strncasecmp(text.data, "true", 4) == 0;
    switch (type) {
    case QN_BOOL:
        return (truth || (text.length == 5 && strncasecmp(text.data, "false", 5) == 0)) &&
               dump_int(out, truth);
    case QN_INT32:
        return qn_parse_int32(text, &narrow) && dump_int(out, narrow);
    case QN_INT64:
        return qn_parse_int64(text, &wide) && dump_int(out, wide);
    case QN_FLOAT32:
        return qn_parse_real32_with(text, s->dialect->decimal, &real32) &&
               dump_real(out, (double)real32);
    case QN_FLOAT64:
        return qn_parse_real_with(text, s->dialect->decimal, &real) && dump_real(out, real);
    case QN_DATE:
        return qn_parse_date(text, &narrow) && dump_int(out, narrow);
    case QN_TIMESTAMP:
        return qn_parse_timestamp(text, &wide) && dump_int(out, wide);
    default:
        return qn_utf8_is_valid(text) &&
               qn_text_printf(out, "%lld:", (long long)text.length) == QN_OK &&
               qn_text_add(out, text.data, text.length) == QN_OK &&
               qn_text_add_char(out, ',') == QN_OK;
    }
}

static void slow_bad(slow *s, int64_t begin, int64_t end, int32_t field, int64_t place) {
    int64_t lines = 0, column = 1;
    for (int64_t i = 0; i < place; i++) {
        bool newline = s->bytes[i] == '\n';
        lines += newline;
        column = newline ? 1 : column + (((unsigned char)s->bytes[i] & 0xc0) != 0x80);
    }
    QN_TEST_OK(qn_text_printf(&s->bad, "record %lld at %lld+%lld line %lld field %d column %lld\n",
                              (long long)s->records, (long long)begin, (long long)(end - begin),
                              (long long)lines, field, (long long)column));
}

static void slow_record(slow *s, int64_t begin, int64_t end, bool closed) {
    int64_t starts[MOST + 2], n = 0;
    bool inside = false, escaped = false;
    starts[n++] = begin;
    for (int64_t i = begin; i < end; i++) {
        if (s->dialect->quote && s->bytes[i] == s->dialect->quote && !escaped)
            inside = !inside;
        escaped = s->dialect->escape && s->bytes[i] == s->dialect->escape && !escaped;
        if (s->bytes[i] == s->dialect->delimiter && !inside)
            starts[n++] = i + 1;
    }
    starts[n] = end + 1;
    if (!closed || n != s->fields) {
        slow_bad(s, begin, end, -1, begin);
        s->records++;
        return;
    }
    int64_t before = s->rows.length;
    char scratch[MOST + PADDING];
    for (int32_t i = 0; i < s->fields; i++) {
        int64_t length = 0;
        char kind = slow_text(s, s->bytes + starts[i], s->bytes + starts[i + 1] - 1,
                              s->types[i] == QN_STRING, scratch, &length);
        if (kind == '0') {
            QN_TEST_OK(qn_text_add(&s->rows, "null,", 5));
        } else if (kind == 'q' ||
                   !slow_value(s, s->types[i], (qn_view){scratch, length}, &s->rows)) {
            qn_text_truncate(&s->rows, before);
            slow_bad(s, begin, end, i, starts[i]);
            s->records++;
            return;
        }
    }
    QN_TEST_OK(qn_text_add_char(&s->rows, '\n'));
    s->records++;
    s->good++;
}

static void slow_parse(slow *s) {
    int64_t i = 0;
    while (i < s->length) {
        if (s->bytes[i] == '\n' || s->bytes[i] == '\r') {
            i++;
            continue;
        }
        int64_t begin = i;
        bool inside = false, escaped = false;
        for (; i < s->length && (inside || s->bytes[i] != '\n'); i++) {
            if (s->dialect->quote && s->bytes[i] == s->dialect->quote && !escaped)
                inside = !inside;
            escaped = s->dialect->escape && s->bytes[i] == s->dialect->escape && !escaped;
        }
        slow_record(s, begin, i > begin && s->bytes[i - 1] == '\r' ? i - 1 : i, !inside);
        i++;
    }
}

/* ---- Ours, dumped the same way -------------------------------------------------------------- */

typedef struct ours {
    qn_text rows, bad;
    int64_t records, consumed, lines;
} ours;

static void ours_clear(ours *o) {
    qn_text_clear(&o->rows);
    qn_text_clear(&o->bad);
}

static void dump_cell(qn_text *out, const qn_column *column, int64_t row) {
    bool good = true;
    if (qn_column_is_null(column, row)) {
        QN_TEST_OK(qn_text_add(out, "null,", 5));
        return;
    }
    switch (column->type) {
    case QN_STRING: {
        qn_view text = qn_column_string(column, row);
        good = qn_text_printf(out, "%lld:", (long long)text.length) == QN_OK &&
               qn_text_add(out, text.data, text.length) == QN_OK &&
               qn_text_add_char(out, ',') == QN_OK;
        break;
    }
    case QN_FLOAT64:
        good = dump_real(out, column->f64[row]);
        break;
    case QN_FLOAT32:
        good = dump_real(out, (double)column->f32[row]);
        break;
    case QN_INT64:
    case QN_TIMESTAMP:
        good = dump_int(out, column->i64[row]);
        break;
    case QN_BOOL:
        good = dump_int(out, qn_bit(column->bits, row));
        break;
    default:
        good = dump_int(out, column->i32[row]);
        break;
    }
    CU_ASSERT(good);
}

static void check_nulls(const qn_column *column) {
    int64_t nulls = 0;
    for (int64_t i = 0; i < column->length; i++)
        nulls += qn_column_is_null(column, i);
    CU_ASSERT_EQUAL(nulls, column->null_count);
}

static void dump_block(ours *o, const qn_csv_block *block) {
    for (int32_t i = 0; i < block->batch.count; i++) {
        CU_ASSERT_EQUAL(block->batch.columns[i]->length, block->batch.length);
        check_nulls(block->batch.columns[i]);
    }
    for (int64_t row = 0; row < block->batch.length; row++) {
        for (int32_t i = 0; i < block->batch.count; i++)
            dump_cell(&o->rows, block->batch.columns[i], row);
        QN_TEST_OK(qn_text_add_char(&o->rows, '\n'));
    }
    for (int64_t i = 0; i < block->bad_count; i++) {
        const qn_csv_bad *bad = &block->bad[i];
        QN_TEST_OK(
            qn_text_printf(&o->bad, "record %lld at %lld+%lld line %lld field %d column %lld\n",
                           (long long)(o->records + bad->record),
                           (long long)(o->consumed + bad->offset), (long long)bad->length,
                           (long long)(o->lines + bad->line), bad->field, (long long)bad->column));
        CU_ASSERT(bad->reason[0] != '\0');
    }
    CU_ASSERT_EQUAL(block->batch.length + block->bad_count, block->records);
    o->records += block->records;
    o->consumed += block->consumed;
    o->lines += block->lines;
}

/* Parses in pieces: `first` bytes at first (all if negative), at most `records` a call. */
static void parse_all(qn_csv_parser *parser, const char *bytes, int64_t length, int64_t first,
                      int64_t records, ours *o) {
    bool final = first < 0 || first >= length;
    int64_t end = final ? length : first;
    for (;;) {
        qn_csv_block block;
        qn_csv_block_init(&block);
        QN_TEST_OK(
            qn_csv_parse(parser, bytes + o->consumed, end - o->consumed, final, records, &block));
        dump_block(o, &block);
        bool done = block.records < records;
        qn_csv_block_clear(&block);
        if (done && final)
            break;
        if (done) {
            final = true;
            end = length;
        }
    }
}

/* ---- Random text ---------------------------------------------------------------------------- */

typedef struct sample {
    char *bytes; /* exactly sized, so that the sanitizer sees every read past the padding */
    int64_t length;
    qn_csv_dialect dialect;
    qn_schema schema;
    qn_type types[MOST_FIELDS];
} sample;

static char *const nulls[] = {(char *)"NA", (char *)"-", (char *)"1"};

static void random_dialect(uint64_t *state, qn_csv_dialect *d) {
    *d = (qn_csv_dialect){.delimiter = ',', .quote = '"', .decimal = '.'};
    switch (below(state, 6)) {
    case 0:
        d->quote = 0;
        break;
    case 1:
        d->escape = '\\';
        break;
    case 2:
        d->trim = true;
        break;
    case 3:
        d->delimiter = ';';
        d->decimal = ',';
        break;
    case 4:
        d->nulls = (char **)(uintptr_t)nulls;
        d->null_count = 3;
        break;
    default:
        break;
    }
}

static int64_t put(char *out, const char *text) {
    memcpy(out, text, strlen(text));
    return (int64_t)strlen(text);
}

/* A field that mostly fits its type. */
static int64_t put_field(uint64_t *state, const qn_csv_dialect *d, qn_type type, char *out) {
    static const char *const odd[] = {"",
                                      " ",
                                      "NA",
                                      "-",
                                      "\"\"",
                                      "\"a,b\"",
                                      "\"x\ny\"",
                                      "x\"y",
                                      "\r",
                                      "  7 ",
                                      "\"12\"",
                                      "nan",
                                      "\xc3\xa4",
                                      "\xff",
                                      "007",
                                      "1e5",
                                      "123456789012345678901234567890",
                                      "\"a\"\"b\"",
                                      "\"NA\"",
                                      "\\\"",
                                      "\"q\\\"r\"",
                                      "-0",
                                      "+5",
                                      ".5",
                                      "-.5e-3",
                                      "0.1234567890123456789",
                                      "999999999999999",
                                      "\\"};
    char text[64];
    int64_t n = 0;
    if (below(state, 12) == 0)
        return put(out, odd[below(state, sizeof odd / sizeof odd[0])]);
    switch (type) {
    case QN_BOOL:
        return put(out, below(state, 2) ? "true" : "FALSE");
    case QN_INT32:
        return sprintf(out, "%d", (int)below(state, 2000000) - 1000000);
    case QN_INT64:
        return sprintf(out, "%lld", (long long)next_bits(state) >> below(state, 64));
    case QN_FLOAT32:
    case QN_FLOAT64:
        n = snprintf(text, sizeof text, "%.*f", (int)below(state, 9),
                     (double)(int64_t)next_bits(state) * 1e-17 * (double)(below(state, 1000)));
        for (int64_t i = 0; i < n; i++)
            out[i] = text[i] == '.' ? d->decimal : text[i];
        return n;
    case QN_DATE:
        return qn_print_date((int32_t)below(state, 30000), out);
    case QN_TIMESTAMP:
        return qn_print_timestamp((int64_t)(next_bits(state) >> 3), out);
    default:
        for (int64_t i = 0, count = below(state, 24); i < count; i++)
            out[n++] = (char)('a' + below(state, 3));
        return n;
    }
}

/* Records that mostly fit the schema. */
static int64_t put_records(uint64_t *state, const sample *s, char *out) {
    int64_t n = 0, limit = below(state, 1200);
    const char *newline = below(state, 3) == 0 ? "\r\n" : "\n";
    while (n < limit) {
        int64_t fields = s->schema.count + (below(state, 40) == 0 ? below(state, 3) - 1 : 0);
        for (int64_t i = 0; i < fields; i++) {
            if (i > 0)
                out[n++] = s->dialect.delimiter;
            n += put_field(state, &s->dialect, s->types[i % s->schema.count], out + n);
        }
        n += put(out + n, newline);
        if (below(state, 30) == 0)
            n += put(out + n, below(state, 2) ? "\n" : "\r\n");
    }
    return n > 0 && below(state, 3) == 0 ? n - 1 : n;
}

/* Bytes that matter, in any order. */
static int64_t put_noise(uint64_t *state, const sample *s, char *out) {
    const char alphabet[] = {s->dialect.delimiter, '"', '\n', '\r', '\\', 'a', '1', ' ', '.', ','};
    int64_t length = below(state, 300);
    bool quiet = below(state, 2) == 0; /* fewer quotes */
    for (int64_t i = 0; i < length; i++) {
        out[i] = alphabet[below(state, (int64_t)sizeof alphabet)];
        if (quiet && out[i] == '"' && below(state, 5) > 0)
            out[i] = 'b';
    }
    return length;
}

static void random_sample(uint64_t *state, sample *s) {
    static const qn_type types[] = {QN_STRING, QN_INT64, QN_FLOAT64, QN_BOOL,
                                    QN_DATE,   QN_INT32, QN_FLOAT32, QN_TIMESTAMP};
    char text[MOST];
    random_dialect(state, &s->dialect);
    qn_schema_init(&s->schema);
    bool noise = below(state, 2) == 0;
    int64_t fields = 1 + below(state, noise ? 3 : MOST_FIELDS);
    for (int64_t i = 0; i < fields; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", (int)i);
        s->types[i] = types[below(state, noise ? 3 : 8)];
        QN_TEST_OK(qn_schema_add(&s->schema, name, s->types[i]));
    }
    s->length = noise ? put_noise(state, s, text) : put_records(state, s, text);
    s->bytes = malloc((size_t)s->length + PADDING);
    memcpy(s->bytes, text, (size_t)s->length);
    memset(s->bytes + s->length, '"', PADDING); /* must not be looked at */
}

static void clear_sample(sample *s) {
    qn_schema_clear(&s->schema);
    free(s->bytes);
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static bool same_text(const qn_text *a, const qn_text *b) {
    return a->length == b->length &&
           (a->length == 0 || memcmp(a->data, b->data, (size_t)a->length) == 0);
}

static bool compare(const sample *s, const slow *expected, int64_t first, int64_t records,
                    qn_csv_code code) {
    qn_csv_dialect dialect = s->dialect;
    dialect.code = code;
    qn_csv_parser *parser = NULL;
    ours o = {0};
    QN_TEST_OK(qn_csv_parser_new(&parser, &dialect, &s->schema, NULL));
    parse_all(parser, s->bytes, s->length, first, records, &o);
    bool good = same_text(&o.rows, &expected->rows) && same_text(&o.bad, &expected->bad) &&
                o.records == expected->records && o.consumed == s->length;
    int64_t lines = 0;
    for (int64_t i = 0; i < s->length; i++)
        lines += s->bytes[i] == '\n';
    good = good && o.lines == lines;
    if (!good)
        printf("---- first %lld, %lld a call, code %d\n%.*s\n---- expected\n%s%s---- got\n%s%s"
               "consumed %lld of %lld, lines %lld of %lld\n",
               (long long)first, (long long)records, code, (int)s->length, s->bytes,
               expected->rows.data ? expected->rows.data : "",
               expected->bad.data ? expected->bad.data : "", o.rows.data ? o.rows.data : "",
               o.bad.data ? o.bad.data : "", (long long)o.consumed, (long long)s->length,
               (long long)o.lines, (long long)lines);
    ours_clear(&o);
    qn_csv_parser_free(parser);
    return good;
}

static void test_parse(void) {
    uint64_t state = 1;
    int64_t wrong = 0;
    for (int round = 0; round < 4000 && wrong == 0; round++) {
        sample s;
        random_sample(&state, &s);
        slow expected = {.dialect = &s.dialect,
                         .types = s.types,
                         .fields = s.schema.count,
                         .bytes = s.bytes,
                         .length = s.length};
        slow_parse(&expected);
        for (int code = 0; code < CODES; code++) {
            int64_t cut = below(&state, s.length + 1), records = 1 + below(&state, 9);
            wrong += !compare(&s, &expected, -1, QN_BATCH_ROWS, (qn_csv_code)code);
            wrong += !compare(&s, &expected, cut, records, (qn_csv_code)code);
        }
        qn_text_clear(&expected.rows);
        qn_text_clear(&expected.bad);
        clear_sample(&s);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_every_cut(void) {
    uint64_t state = 2;
    int64_t wrong = 0;
    for (int round = 0; round < 60 && wrong == 0; round++) {
        sample s;
        random_sample(&state, &s);
        slow expected = {.dialect = &s.dialect,
                         .types = s.types,
                         .fields = s.schema.count,
                         .bytes = s.bytes,
                         .length = s.length};
        slow_parse(&expected);
        for (int64_t cut = 0; cut <= s.length && wrong == 0; cut++)
            wrong += !compare(&s, &expected, cut, QN_BATCH_ROWS, (qn_csv_code)(round % CODES));
        qn_text_clear(&expected.rows);
        qn_text_clear(&expected.bad);
        clear_sample(&s);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Two ranks, cut anywhere: what the second says under the parity of the first. */
static bool tally_agrees(const sample *s, const slow *expected, int64_t cut) {
    const char *bytes = s->bytes;
    qn_csv_tally a, b;
    qn_csv_tally_init(&a, &s->dialect, bytes, 0);
    qn_csv_tally_add(&a, &s->dialect, bytes, cut / 2);
    qn_csv_tally_add(&a, &s->dialect, bytes + cut / 2, cut - cut / 2);
    int64_t previous = cut < 64 ? cut : 64;
    qn_csv_tally_init(&b, &s->dialect, bytes + cut - previous, previous);
    qn_csv_tally_add(&b, &s->dialect, bytes + cut, s->length - cut);
    int h = a.odd_quotes;
    bool good = a.records[0] + b.records[h] == expected->records;
    if (b.first_start[h] >= 0) {
        /* That start is where skipping the first one's records ends, but for blank bytes. */
        int64_t skipped, lines;
        int64_t at =
            qn_csv_skip(&s->dialect, bytes, s->length, true, a.records[0], &skipped, &lines);
        while (at < s->length && (bytes[at] == '\n' || bytes[at] == '\r'))
            at++;
        good = good && skipped == a.records[0] && at == cut + b.first_start[h];
    }
    return good && (b.first_start[h] >= 0) == (b.records[h] > 0);
}

static void test_tally(void) {
    uint64_t state = 3;
    int64_t wrong = 0;
    for (int round = 0; round < 600 && wrong == 0; round++) {
        sample s;
        random_sample(&state, &s);
        s.dialect.code = (qn_csv_code)(round % CODES);
        slow expected = {.dialect = &s.dialect,
                         .types = s.types,
                         .fields = s.schema.count,
                         .bytes = s.bytes,
                         .length = s.length};
        slow_parse(&expected);
        for (int64_t cut = 0; cut <= s.length && wrong == 0; cut++) {
            if (!tally_agrees(&s, &expected, cut)) {
                printf("cut %lld of\n%.*s\n", (long long)cut, (int)s.length, s.bytes);
                wrong++;
            }
        }
        qn_text_clear(&expected.rows);
        qn_text_clear(&expected.bad);
        clear_sample(&s);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Skipping a prefix and going on equals skipping at once; lines are those before the offset. */
static bool skip_agrees(const sample *s, int64_t cut, int64_t records) {
    int64_t n, lines, m, more, at, rest, newlines = 0;
    int64_t whole = qn_csv_skip(&s->dialect, s->bytes, s->length, true, records, &n, &lines);
    at = qn_csv_skip(&s->dialect, s->bytes, cut, false, records, &m, &more);
    for (int64_t i = 0; i < at; i++)
        newlines += s->bytes[i] == '\n';
    if (newlines != more || at > cut || m > records)
        return false;
    if (m < records) {
        int64_t k, lines_on;
        rest = qn_csv_skip(&s->dialect, s->bytes + at, s->length - at, true, records - m, &k,
                           &lines_on);
        at += rest;
        m += k;
        more += lines_on;
    }
    return at == whole && m == n && more == lines;
}

static void test_skip(void) {
    uint64_t state = 4;
    int64_t wrong = 0;
    for (int round = 0; round < 300 && wrong == 0; round++) {
        sample s;
        random_sample(&state, &s);
        s.dialect.code = (qn_csv_code)(round % CODES);
        for (int64_t cut = 0; cut <= s.length && wrong == 0; cut++) {
            if (!skip_agrees(&s, cut, 1 + below(&state, 12))) {
                printf("cut %lld of\n%.*s\n", (long long)cut, (int)s.length, s.bytes);
                wrong++;
            }
        }
        clear_sample(&s);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static bool infer_agrees(const sample *s, int64_t cut) {
    qn_csv_guess once[MOST_FIELDS], a[MOST_FIELDS], b[MOST_FIELDS];
    int64_t records, consumed, first, at, second, end;
    int32_t count = s->schema.count;
    for (int32_t i = 0; i < count; i++) {
        qn_csv_guess_init(&once[i]);
        qn_csv_guess_init(&a[i]);
        qn_csv_guess_init(&b[i]);
    }
    qn_csv_dialect portable = s->dialect;
    portable.code = QN_CSV_PORTABLE;
    QN_TEST_OK(qn_csv_infer(once, count, &portable, s->bytes, s->length, true, INT64_MAX, &records,
                            &consumed));
    qn_csv_dialect vector = s->dialect;
    vector.code = cut % 2 ? QN_CSV_AVX2 : QN_CSV_BEST;
    QN_TEST_OK(qn_csv_infer(a, count, &vector, s->bytes, cut, false, INT64_MAX, &first, &at));
    QN_TEST_OK(qn_csv_infer(b, count, &vector, s->bytes + at, s->length - at, true, INT64_MAX,
                            &second, &end));
    bool good = first + second == records && at + end == consumed && consumed == s->length;
    for (int32_t i = 0; i < count; i++) {
        qn_csv_guess_merge(&a[i], &b[i]);
        good = good && qn_csv_guess_type(&a[i]) == qn_csv_guess_type(&once[i]);
    }
    return good;
}

/* A parser made from the inferred types finds no bad value, only bad records and bad quotes. */
static bool inferred_types_fit(const sample *s) {
    qn_csv_guess guesses[MOST_FIELDS];
    int64_t records, consumed;
    qn_schema schema;
    qn_schema_init(&schema);
    for (int32_t i = 0; i < s->schema.count; i++)
        qn_csv_guess_init(&guesses[i]);
    QN_TEST_OK(qn_csv_infer(guesses, s->schema.count, &s->dialect, s->bytes, s->length, true,
                            INT64_MAX, &records, &consumed));
    for (int32_t i = 0; i < s->schema.count; i++)
        QN_TEST_OK(
            qn_schema_add(&schema, s->schema.fields[i].name, qn_csv_guess_type(&guesses[i])));
    qn_csv_parser *parser = NULL;
    qn_csv_block block;
    qn_csv_block_init(&block);
    QN_TEST_OK(qn_csv_parser_new(&parser, &s->dialect, &schema, NULL));
    QN_TEST_OK(qn_csv_parse(parser, s->bytes, s->length, true, QN_BATCH_ROWS, &block));
    bool good = block.records == records;
    for (int64_t i = 0; i < block.bad_count; i++)
        good = good && strstr(block.bad[i].reason, "' is not a") == NULL &&
               strstr(block.bad[i].reason, "range") == NULL;
    if (!good)
        for (int64_t i = 0; i < block.bad_count; i++)
            printf("%s\n", block.bad[i].reason);
    qn_csv_block_clear(&block);
    qn_csv_parser_free(parser);
    qn_schema_clear(&schema);
    return good;
}

static void test_infer(void) {
    uint64_t state = 5;
    int64_t wrong = 0;
    for (int round = 0; round < 2000 && wrong == 0; round++) {
        sample s;
        random_sample(&state, &s);
        for (int i = 0; i < 4; i++)
            wrong += !infer_agrees(&s, below(&state, s.length + 1));
        wrong += !inferred_types_fit(&s);
        if (wrong)
            printf("---- %.*s\n", (int)s.length, s.bytes);
        clear_sample(&s);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_allocation_failures(void) {
    uint64_t state = 6;
    for (int round = 0; round < 12; round++) {
        sample s;
        random_sample(&state, &s);
        for (int64_t successes = 0;; successes++) {
            qn_csv_parser *parser = NULL;
            qn_csv_block block;
            qn_csv_block_init(&block);
            qn_mem_fail_after(successes);
            qn_status status = qn_csv_parser_new(&parser, &s.dialect, &s.schema, NULL);
            for (int i = 0; i < 2 && status == QN_OK; i++)
                status = qn_csv_parse(parser, s.bytes, s.length, true, QN_BATCH_ROWS, &block);
            qn_mem_fail_after(-1);
            qn_csv_block_clear(&block);
            qn_csv_parser_free(parser);
            CU_ASSERT(status == QN_OK || status == QN_MEMORY);
            if (status == QN_OK)
                break;
        }
        clear_sample(&s);
    }
}

static const qn_test_case cases[] = {
    {"random text parses as by the slow parser, in any pieces", test_parse},
    {"text cut at every byte parses the same", test_every_cut},
    {"tallies of two ranks agree with the whole, cut at every byte", test_tally},
    {"skipping in pieces equals skipping at once", test_skip},
    {"inference does not depend on the pieces, and its types fit", test_infer},
    {"every allocation may fail", test_allocation_failures},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("csv_fuzz", cases);
}
