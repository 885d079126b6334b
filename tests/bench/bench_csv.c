/* CSV from memory, one core. Limits: quote-aware separator scan 21 GB/s, numbers to columns
 * 1.72 GB/s (29 signed doubles of 10 bytes), mixed 1.5 to 1.8 GB/s without dictionaries.
 * Usage: bench_csv [megabytes [tally|infer|parse [numeric|long|mixed|events]]] */
#include "core/csv/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5 };

typedef struct data {
    const char *name;
    char *bytes;
    int64_t length;
    qn_schema schema;
} data;

static void must(qn_status status) {
    if (status != QN_OK) {
        fprintf(stderr, "%s\n", qn_last_error().message);
        exit(1);
    }
}

/* Processor time: other programs on the core do not count. */
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t next_bits(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void add_columns(qn_schema *schema, const qn_type *types, int count) {
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        must(qn_schema_add(schema, name, types[i]));
    }
}

static data start(const char *name, int64_t bytes) {
    data d = {.name = name, .bytes = malloc((size_t)bytes + 4096)};
    qn_schema_init(&d.schema);
    return d;
}

/* 29 signed doubles of about ten bytes. */
static data make_numeric(int64_t bytes) {
    data d = start("numeric (29 doubles)", bytes);
    uint64_t state = 1;
    qn_type types[29];
    for (int i = 0; i < 29; i++)
        types[i] = QN_FLOAT64;
    add_columns(&d.schema, types, 29);
    while (d.length < bytes)
        for (int i = 0; i < 29; i++) {
            double value = (double)(int64_t)next_bits(&state) / 9.3e18;
            d.length += sprintf(d.bytes + d.length, "%.7f%c", value * (i % 3 ? 1 : 30),
                                i < 28 ? ',' : '\n');
        }
    return d;
}

/* As pandas and R write doubles: 17 digits. */
static data make_long_numeric(int64_t bytes) {
    data d = start("long numeric (10 doubles)", bytes);
    uint64_t state = 1;
    qn_type types[10];
    for (int i = 0; i < 10; i++)
        types[i] = QN_FLOAT64;
    add_columns(&d.schema, types, 10);
    while (d.length < bytes)
        for (int i = 0; i < 10; i++)
            d.length += sprintf(d.bytes + d.length, "%.17g%c",
                                (double)(int64_t)next_bits(&state) / 9.3e18, i < 9 ? ',' : '\n');
    return d;
}

/* The groupby file of the db-benchmarks: three strings, five integers, one double; and a date. */
static data make_mixed(int64_t bytes, const char *name, const char *quote) {
    static const qn_type types[10] = {QN_STRING, QN_STRING, QN_STRING, QN_INT64,   QN_INT64,
                                      QN_INT64,  QN_INT64,  QN_INT64,  QN_FLOAT64, QN_DATE};
    data d = start(name, bytes);
    uint64_t state = 1;
    add_columns(&d.schema, types, 10);
    while (d.length < bytes) {
        uint64_t r = next_bits(&state), s = next_bits(&state);
        d.length += sprintf(
            d.bytes + d.length,
            "%sid%03d%s,%sid%03d%s,%sid%010d%s,%d,%d,%d,%d,%d,%.6f,2024-%02d-%02d\n", quote,
            (int)(r % 100), quote, quote, (int)(r >> 8) % 100 & 127, quote, quote,
            (int)(r >> 16 & 0xffff), quote, (int)(r >> 32) % 100 & 127, (int)(s % 100),
            (int)(s >> 8 & 0xffff), (int)(s >> 24 & 3) + 1, (int)(s >> 26 & 15) + 1,
            (double)(s >> 32) / 42949673.0, (int)(r >> 40) % 12 + 1, (int)(r >> 50) % 28 + 1);
    }
    return d;
}

/* A log: key, time, flag, amount that may be missing. */
static data make_events(int64_t bytes) {
    static const qn_type types[5] = {QN_STRING, QN_TIMESTAMP, QN_BOOL, QN_FLOAT64, QN_INT64};
    data d = start("events (with nulls)", bytes);
    uint64_t state = 1;
    add_columns(&d.schema, types, 5);
    while (d.length < bytes) {
        uint64_t r = next_bits(&state), s = next_bits(&state);
        d.length += sprintf(d.bytes + d.length, "user_%d,2024-%02d-%02d %02d:%02d:%02d,%s,",
                            (int)(r % 5000), (int)(r >> 16 & 7) + 1, (int)(r >> 24 & 15) + 1,
                            (int)(r >> 32 & 15), (int)(r >> 40 & 31), (int)(r >> 48 & 31),
                            r >> 63 ? "true" : "false");
        d.length += s % 10 == 0 ? sprintf(d.bytes + d.length, ",%d\n", (int)(s >> 40 & 1023))
                                : sprintf(d.bytes + d.length, "%.2f,%d\n", (double)(s >> 48) / 100,
                                          (int)(s >> 40 & 255));
    }
    return d;
}

static double tally(const data *d, const qn_csv_dialect *dialect, int64_t *records) {
    double begin = now();
    qn_csv_tally t;
    qn_csv_tally_init(&t, dialect, "", 0);
    qn_csv_tally_add(&t, dialect, d->bytes, d->length);
    *records = t.records[0];
    return now() - begin;
}

static double infer(const data *d, const qn_csv_dialect *dialect, int64_t *records) {
    qn_csv_guess guesses[32];
    int64_t consumed;
    for (int32_t i = 0; i < d->schema.count; i++)
        qn_csv_guess_init(&guesses[i]);
    double begin = now();
    must(qn_csv_infer(guesses, d->schema.count, dialect, d->bytes, d->length, true, INT64_MAX,
                      records, &consumed));
    for (int32_t i = 0; i < d->schema.count; i++)
        if (qn_csv_guess_type(&guesses[i]) != d->schema.fields[i].type)
            printf("column %d is wrongly inferred\n", i);
    return now() - begin;
}

static double parse(const data *d, const qn_csv_dialect *dialect, int64_t *records) {
    qn_csv_parser *parser = NULL;
    int64_t at = 0;
    *records = 0;
    must(qn_csv_parser_new(&parser, dialect, &d->schema, NULL));
    double begin = now();
    while (at < d->length) {
        qn_csv_block block;
        qn_csv_block_init(&block);
        must(qn_csv_parse(parser, d->bytes + at, d->length - at, true, QN_BATCH_ROWS, &block));
        at += block.consumed;
        *records += block.batch.length;
        qn_csv_block_clear(&block);
    }
    double seconds = now() - begin;
    qn_csv_parser_free(parser);
    return seconds;
}

static const char *only_what = "", *only_data = "";

static void report(const data *d, const qn_csv_dialect *dialect, const char *what,
                   double (*run)(const data *, const qn_csv_dialect *, int64_t *)) {
    if (strstr(what, only_what) == NULL || strstr(d->name, only_data) != d->name)
        return;
    double best = INFINITY;
    int64_t records = 0;
    for (int i = 0; i < ROUNDS; i++)
        best = fmin(best, run(d, dialect, &records));
    printf("%-26s %-6s %7.3f GB/s  %6.2f ns/field  %9.0f rows/s\n", d->name, what,
           (double)d->length / best * 1e-9, best * 1e9 / (double)(records * d->schema.count),
           (double)records / best);
}

int main(int argc, char **argv) {
    int64_t bytes = (argc > 1 ? atoll(argv[1]) : 64) << 20;
    only_what = argc > 2 ? argv[2] : "";
    only_data = argc > 3 ? argv[3] : "";
    qn_csv_dialect dialect = {.delimiter = ',', .quote = '"', .decimal = '.'};
    data all[] = {make_numeric(bytes), make_long_numeric(bytes), make_mixed(bytes, "mixed", ""),
                  make_mixed(bytes, "mixed, quoted strings", "\""), make_events(bytes)};
    static const char *const codes[] = {"best code for this processor", "portable code", "AVX2"};
    for (int code = 0; code < 3; code++) {
        dialect.code = (qn_csv_code)code;
        printf("%s\n", codes[code]);
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            report(&all[i], &dialect, "tally", tally);
            report(&all[i], &dialect, "infer", infer);
            report(&all[i], &dialect, "parse", parse);
        }
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        qn_schema_clear(&all[i].schema);
        free(all[i].bytes);
    }
    return 0;
}
