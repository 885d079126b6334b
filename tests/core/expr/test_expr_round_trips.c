/* Properties of casts and dates over many random values: text reads back as what was printed, a
 * function and its inverse meet, zones agree with themselves. */
#include "core/expr/session.h"
#include "core/memory.h"
#include "features/sql/sql.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 4096 };

/* SplitMix64 (Steele, Lea, Flood 2014): any generator will do here. */
static uint64_t next_bits(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Small and large numbers alike. */
static int64_t next_whole(uint64_t *state) {
    int64_t value = (int64_t)next_bits(state);
    return value >> (next_bits(state) % 64);
}

static double next_real(uint64_t *state) {
    uint64_t bits = next_bits(state);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (next_bits(state) % 2 == 0)
        value = (double)next_whole(state) / 1000;
    return isfinite(value) ? value : 0.5;
}

/* i int32, l int64, x float64, f float32, b bool, t timestamp, d date (years 0 to 9999). */
static void make_batch(qn_schema *schema, qn_batch *batch, uint64_t seed) {
    static const struct {
        const char *name;
        qn_type type;
    } columns[] = {{"i", QN_INT32}, {"l", QN_INT64},     {"x", QN_FLOAT64}, {"f", QN_FLOAT32},
                   {"b", QN_BOOL},  {"t", QN_TIMESTAMP}, {"d", QN_DATE}};
    qn_schema_init(schema);
    qn_batch_init(batch);
    batch->length = ROWS;
    for (int k = 0; k < 7; k++) {
        qn_column *column = NULL;
        QN_TEST_OK(qn_schema_add(schema, columns[k].name, columns[k].type));
        QN_TEST_OK(qn_column_new(&column, columns[k].type, ROWS, 0));
        QN_TEST_OK(qn_batch_append(batch, column));
    }
    for (int64_t row = 0; row < ROWS; row++) {
        qn_column **c = batch->columns;
        c[0]->i32[row] = (int32_t)next_whole(&seed);
        c[1]->i64[row] = next_whole(&seed);
        c[2]->f64[row] = next_real(&seed);
        c[3]->f32[row] = (float)next_real(&seed);
        if (!isfinite(c[3]->f32[row]))
            c[3]->f32[row] = 1;
        if (next_bits(&seed) % 2 == 0)
            qn_bit_set(c[4]->bits, row);
        c[5]->i64[row] = next_whole(&seed) / 16 * 15; /* zones must not lead past the ends */
        c[6]->i32[row] = (int32_t)(next_bits(&seed) % 3652059) - 719528;
    }
}

/* The condition holds in every row; a null does not. */
static void check_always(const char *zone, const char *sql) {
    for (uint64_t seed = 1; seed <= 4; seed++) {
        qn_schema schema;
        qn_batch batch;
        qn_expr *expr = NULL;
        uint64_t *keep = NULL;
        qn_session session = {.time_zone = zone};
        make_batch(&schema, &batch, seed);
        QN_TEST_OK(qn_sql_expression(&expr, qn_view_of(sql)));
        qn_status status = expr == NULL ? QN_INTERNAL : qn_expr_bind_in(expr, &schema, &session);
        if (status == QN_OK)
            status = qn_expr_filter(expr, &batch, &keep);
        QN_TEST_OK(status);
        if (status == QN_OK && qn_bits_count(keep, ROWS) != ROWS) {
            int64_t row = 0;
            while (qn_bit(keep, row))
                row++;
            qn_column **c = batch.columns;
            fprintf(stderr, "%s: not of i %d l %lld x %.17g f %.9g t %lld d %d\n", sql,
                    c[0]->i32[row], (long long)c[1]->i64[row], c[2]->f64[row],
                    (double)c[3]->f32[row], (long long)c[5]->i64[row], c[6]->i32[row]);
        }
        CU_ASSERT(status == QN_OK && qn_bits_count(keep, ROWS) == ROWS);
        qn_mem_free(keep);
        qn_expr_free(expr);
        qn_batch_clear(&batch);
        qn_schema_clear(&schema);
    }
}

static void check_list(const char *zone, const char *const *conditions) {
    for (; *conditions != NULL; conditions++)
        check_always(zone, *conditions);
}

static void test_texts(void) {
    static const char *const conditions[] = {
        "cast(cast(i as string) as int) = i",
        "cast(cast(l as string) as bigint) = l",
        "cast(cast(x as string) as double) = x",
        "cast(cast(f as string) as float) = f",
        "cast(cast(b as string) as boolean) = b",
        "cast(cast(d as string) as date) = d",
        "cast(cast(l as string) as int) is null or cast(cast(l as string) as int) = l",
        "try_cast(l as int) is null = (l > 2147483647 or l < -2147483648)",
        "try_cast(x as bigint) is null = not (x >= -9223372036854775808.0 and "
        "x < 9223372036854775808.0)",
        "cast(cast(i as double) as int) = i",
        "to_date(date_format(d, 'dd.MM.yyyy'), 'dd.MM.yyyy') = d or year(d) < 1678 or year(d) > "
        "2261",
        "cast(' ' || cast(x as string) || ' ' as double) = x",
        NULL};
    check_list(NULL, conditions);
}

static void test_dates(void) {
    static const char *const conditions[] = {
        "make_date(year(d), month(d), day(d)) = d",
        "date_add(trunc(d, 'year'), dayofyear(d) - 1) = d",
        "date_sub(date_add(d, i % 100000), i % 100000) = d",
        "datediff(date_add(d, i % 100000), d) = i % 100000",
        "last_day(d) = date_sub(add_months(trunc(d, 'month'), 1), 1)",
        "trunc(d, 'week') = date_sub(d, weekday(d))",
        "dayofweek(d) = (weekday(d) + 1) % 7 + 1",
        "date_part('isodow', d) = weekday(d) + 1",
        "next_day(d, 'mon') = date_add(trunc(d, 'week'), 7)",
        "date_part('year', d) = year(d) and date_part('quarter', d) = quarter(d)",
        "date_part('week', d) = weekofyear(d) and date_part('doy', d) = dayofyear(d)",
        "quarter(d) = quarter(trunc(d, 'quarter')) and day(trunc(d, 'quarter')) = 1",
        "months_between(add_months(trunc(d, 'month'), i % 500), trunc(d, 'month')) = i % 500",
        "timestampdiff(month, trunc(d, 'month'), add_months(trunc(d, 'month'), i % 500)) = i % 500",
        "date_from_unix_date(unix_date(d)) = d",
        "d + interval '1 month 3 days' = date_add(add_months(d, 1), 3)",
        "d - interval '1 year' = add_months(d, -12)",
        "timestampdiff(day, d, date_add(d, i % 1000)) = i % 1000",
        "timestampdiff(week, d, date_add(d, 15)) = 2",
        "date_part('epoch', d) = unix_date(d) * 86400.0",
        NULL};
    check_list(NULL, conditions);
}

static void test_times(void) {
    static const char *const zones[] = {NULL,           "Europe/Berlin",       "America/New_York",
                                        "+05:45",       "Australia/Lord_Howe", "Pacific/Apia",
                                        "Asia/Kolkata", "America/Sao_Paulo",   "Africa/Monrovia"};
    static const char *const conditions[] = {
        /* of a time that clocks show twice the earlier is read */
        "cast(cast(t as string) as timestamp) = t or "
        "cast(cast(cast(t as string) as timestamp) as string) = cast(t as string)",
        "to_timestamp(date_format(t, 'yyyy-MM-dd HH:mm:ss.SSSSSSSSSXXX'), "
        "'yyyy-MM-dd HH:mm:ss.SSSSSSSSSXXX') = t or extract(year from t) < 1973",
        "from_unixtime(unix_timestamp(t), 'yyyy-MM-dd HH:mm:ss') = "
        "date_format(t, 'yyyy-MM-dd HH:mm:ss')",
        "date_trunc('day', t) <= t and date_trunc('month', t) <= date_trunc('day', t)",
        "cast(date_trunc('day', t) as date) = cast(t as date)",
        "date_trunc('day', date_trunc('day', t)) = date_trunc('day', t)",
        "date_trunc('week', t) = cast(trunc(cast(t as date), 'week') as timestamp)",
        "cast(cast(cast(t as date) as timestamp) as date) = cast(t as date)",
        "timestamp_micros(unix_micros(t)) = date_trunc('microsecond', t)",
        "t + interval '3 hours' - interval '3 hours' = t",
        "timestampdiff(second, t, t + interval '0 days') = 0",
        "hour(t) = extract(hour from t) and minute(t) = date_part('minute', t)",
        "make_timestamp(year(t), month(t), day(t), hour(t), minute(t), extract(second from t)) = t "
        "or cast(make_timestamp(year(t), month(t), day(t), hour(t), minute(t), second(t)) as "
        "string)"
        " = date_format(t, 'yyyy-MM-dd HH:mm:ss')",
        "to_utc_timestamp(from_utc_timestamp(t, 'Asia/Tokyo'), 'Asia/Tokyo') = t "
        "or year(t) < 1952",
        NULL};
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
        check_list(zones[i], conditions);
}

static const qn_test_case cases[] = {
    {"text reads back", test_texts},
    {"dates come apart and together", test_dates},
    {"times come apart and together in every zone", test_times},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("expr_round_trips", cases);
}
