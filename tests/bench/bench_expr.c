/* Expressions and generators: nanoseconds a row on batches in cache.
 *
 * Limits: a kernel reads its arguments and writes its result once, so about 0.1 ns a row for
 * float64 in the second-level cache; a comparison of float64 about 0.06 ns. Text is bounded by
 * its bytes, unless it is dictionary-encoded: then by a gather of 4 bytes, 0.2 ns a row.
 * Ratings should come at 5 M rows/s a core or more. */
#include "core/expr/expr.h"
#include "core/memory.h"
#include "features/generate/generate.h"
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
static qn_status measure(const char *sql, const qn_schema *schema, const qn_batch *batch) {
    qn_expr *expr = NULL;
    qn_status status;
    double best = 1e9;
    QN_TRY_GOTO(qn_sql_expression(&expr, qn_view_of(sql)), done);
    QN_TRY_GOTO(qn_expr_bind(expr, schema), done);
    for (int round = 0; round < 10; round++) {
        double start = now();
        for (int k = 0; k < 20; k++)
            QN_TRY_GOTO(run(expr, batch), done);
        double time = (now() - start) / 20 / (double)batch->length * 1e9;
        best = time < best ? time : best;
    }
    printf("%8.3f ns/row  %s\n", best, sql);
done:
    qn_expr_free(expr);
    return status;
}

static qn_status first_batch(const char *kind, const char *rows, qn_schema *schema,
                             qn_batch *batch) {
    const qn_generator *found = NULL;
    qn_options *options = NULL;
    qn_stream *stream = NULL;
    qn_comm *comm = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_generator_find(kind, &found), done);
    QN_TRY_GOTO(qn_options_new(&options, found->options), done);
    QN_TRY_GOTO(qn_options_set(options, "rows", rows), done);
    QN_TRY_GOTO(qn_comm_self(&comm), done);
    QN_TRY_GOTO(qn_generate_open(&stream, comm, kind, options), done);
    QN_TRY_GOTO(qn_schema_copy(schema, &stream->schema), done);
    double start = now();
    int64_t count = 0;
    do {
        qn_batch_clear(batch);
        qn_batch_init(batch);
        QN_TRY_GOTO(qn_stream_next(stream, batch), done);
        count += batch->length;
    } while (count < 20 * QN_BATCH_ROWS && batch->length > 0);
    printf("%8.3f M rows/s  generate %s\n", (double)count / (now() - start) / 1e6, kind);
done:
    qn_stream_free(stream);
    qn_options_free(options);
    qn_comm_free(comm);
    return status;
}

static qn_status run_all(const char *kind, const char *const *texts) {
    qn_schema schema;
    qn_batch batch;
    qn_schema_init(&schema);
    qn_batch_init(&batch);
    qn_status status = first_batch(kind, "1000000", &schema, &batch);
    for (; status == QN_OK && *texts != NULL; texts++)
        status = measure(*texts, &schema, &batch);
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
    return status;
}

static const char *const of_regression[] = {"x1 + x2",
                                            "x1 * 2",
                                            "x1 / x2",
                                            "x1 < x2",
                                            "x1 < 0.5 and x2 > 0 and x3 between -1 and 1",
                                            "sqrt(abs(x1))",
                                            "exp(x1)",
                                            "ln(x1)",
                                            "round(x1, 2)",
                                            "cast(x1 as int)",
                                            "case when x1 > 0 then x1 else -x1 end",
                                            "case when x1 > 1 then 'high' else 'low' end",
                                            "coalesce(x1, 0)",
                                            "greatest(x1, x2)",
                                            "cast(x1 as string)",
                                            NULL};
static const char *const of_transactions[] = {"upper(category)",
                                              "category = 'travel'",
                                              "category in ('travel', 'books', 'toys')",
                                              "category like '%o%'",
                                              "category || '-' || device_type",
                                              "coalesce(amount, 0)",
                                              "amount > 100",
                                              "year(transaction_date)",
                                              "dayofweek(transaction_date)",
                                              "datediff(date '2025-01-01', transaction_date)",
                                              "date_trunc('month', transaction_date)",
                                              "user_id % 10",
                                              "cast(user_id as string)",
                                              "log1p(amount)",
                                              NULL};
static const char *const of_ratings[] = {"rating * 2", "item = 17", "hour(timestamp)", NULL};

int main(void) {
    qn_mem_keep_freed();
    if (run_all("regression", of_regression) != QN_OK ||
        run_all("transactions", of_transactions) != QN_OK ||
        run_all("ratings", of_ratings) != QN_OK) {
        fprintf(stderr, "%s\n", qn_last_error().message);
        return 1;
    }
    return 0;
}
