/* Dates, times and zones: nanoseconds a row on a batch in cache, times of thirty years in random
 * order (the worst for zones: each row may lie in another span).
 *
 * Limits: splitting a day into year, month and day costs 0.8 ns where it vectorises and 3 ns where
 * it does not; a 64-bit division by a constant 1.5 ns; a search among a zone's 200 transitions
 * 10 ns. A text of 19 bytes is read at 2 ns a field, printed at 5. Peers: see docs/expressions.md.
 */
#include "core/expr/session.h"
#include "core/memory.h"
#include "features/sql/sql.h"

#include <stdio.h>
#include <time.h>

/* Of this process: others on the machine do not count. */
static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static qn_status run(const qn_expr *expr, const qn_batch *batch) {
    qn_column *column = NULL;
    QN_TRY(qn_expr_eval(expr, batch, &column));
    qn_column_release(column);
    return QN_OK;
}

/* The best of several rounds. */
static qn_status measure(const char *sql, const qn_schema *schema, const qn_batch *batch,
                         const char *zone) {
    qn_expr *expr = NULL;
    qn_status status;
    double best = 1e9;
    qn_session session = {.now = 1, .time_zone = zone};
    QN_TRY_GOTO(qn_sql_expression(&expr, qn_view_of(sql)), done);
    QN_TRY_GOTO(qn_expr_bind_in(expr, schema, &session), done);
    for (int round = 0; round < 10; round++) {
        double start = now();
        for (int k = 0; k < 4; k++)
            QN_TRY_GOTO(run(expr, batch), done);
        double time = (now() - start) / 4 / (double)batch->length * 1e9;
        best = time < best ? time : best;
    }
    printf("%8.1f", best);
done:
    qn_expr_free(expr);
    return status;
}

/* Seconds of 1994 to 2024. */
static int64_t second_of(int64_t row) {
    return 757382400 + (int64_t)((uint64_t)row * UINT64_C(2862933555777941757) >> 34) % 946684800;
}

static qn_status make_times(qn_batch *batch) {
    qn_column *t = NULL, *d = NULL, *u = NULL;
    QN_TRY(qn_column_new(&t, QN_TIMESTAMP, QN_BATCH_ROWS, 0));
    QN_TRY(qn_batch_append(batch, t));
    QN_TRY(qn_column_new(&d, QN_DATE, QN_BATCH_ROWS, 0));
    QN_TRY(qn_batch_append(batch, d));
    QN_TRY(qn_column_new(&u, QN_TIMESTAMP, QN_BATCH_ROWS, 0));
    QN_TRY(qn_batch_append(batch, u));
    for (int64_t i = 0; i < QN_BATCH_ROWS; i++) {
        t->i64[i] = second_of(i) * 1000000000 + i * 1000;
        d->i32[i] = (int32_t)(second_of(i) / 86400);
        u->i64[i] = second_of(i + 7) * 1000000000;
    }
    return QN_OK;
}

static qn_status make_text(qn_batch *batch, const char *pattern) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_status status = QN_OK;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < QN_BATCH_ROWS; i++) {
        char text[40];
        struct tm parts;
        time_t time = second_of(i);
        gmtime_r(&time, &parts);
        size_t length = strftime(text, sizeof text, pattern, &parts);
        QN_TRY_GOTO(qn_string_builder_add(&builder, (qn_view){text, (int64_t)length}), done);
    }
    QN_TRY_GOTO(qn_string_builder_finish(&builder, &column), done);
    status = qn_batch_append(batch, column);
done:
    qn_string_builder_clear(&builder);
    return status;
}

static const char *const expressions[] = {
    "year(d)",
    "extract(month from d)",
    "weekofyear(d)",
    "year(t)",
    "hour(t)",
    "date_part('minute', t)",
    "date_part('epoch', t)",
    "date_trunc('hour', t)",
    "date_trunc('day', t)",
    "date_trunc('week', t)",
    "date_trunc('month', t)",
    "trunc(d, 'month')",
    "cast(t as date)",
    "cast(d as timestamp)",
    "date_add(d, 7)",
    "add_months(d, 1)",
    "t + interval '1 day 2 hours'",
    "t + interval '1 month'",
    "datediff(t, u)",
    "timestampdiff(month, t, u)",
    "months_between(t, u)",
    "from_utc_timestamp(t, 'America/New_York')",
    "unix_timestamp(t)",
    "to_date(s)",
    "to_date(g, 'dd.MM.yyyy')",
    "to_timestamp(s)",
    "to_timestamp(s, 'yyyy-MM-dd HH:mm:ss')",
    "cast(d as string)",
    "cast(t as string)",
    "date_format(t, 'yyyy-MM-dd HH:mm')",
};

static qn_status run_all(const qn_schema *schema, qn_batch *batch) {
    batch->length = QN_BATCH_ROWS;
    QN_TRY(make_times(batch));
    QN_TRY(make_text(batch, "%Y-%m-%d %H:%M:%S"));
    QN_TRY(make_text(batch, "%d.%m.%Y"));
    printf("ns/row: in UTC, in Europe/Berlin\n");
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        QN_TRY(measure(expressions[i], schema, batch, NULL));
        QN_TRY(measure(expressions[i], schema, batch, "Europe/Berlin"));
        printf("  %s\n", expressions[i]);
    }
    return QN_OK;
}

static qn_status name_columns(qn_schema *schema) {
    QN_TRY(qn_schema_add(schema, "t", QN_TIMESTAMP));
    QN_TRY(qn_schema_add(schema, "d", QN_DATE));
    QN_TRY(qn_schema_add(schema, "u", QN_TIMESTAMP));
    QN_TRY(qn_schema_add(schema, "s", QN_STRING));
    return qn_schema_add(schema, "g", QN_STRING);
}

int main(void) {
    qn_schema schema;
    qn_batch batch;
    qn_schema_init(&schema);
    qn_batch_init(&batch);
    qn_status status = name_columns(&schema);
    if (status == QN_OK)
        status = run_all(&schema, &batch);
    if (status != QN_OK)
        fprintf(stderr, "%s\n", qn_last_error().message);
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
    return status == QN_OK ? 0 : 1;
}
