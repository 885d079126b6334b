/* Functions of text, regular expressions, hashes and lists: nanoseconds a row on a batch in cache,
 * without a dictionary (with one, each entry is computed once).
 *
 * Limits: what is bounded by bytes reads 40 of them a row, so 2 ns at 20 GB/s; a new string costs
 * 5 ns to build. PCRE2's machine code needs about 20 ns to start and stop, then 0.3 to 1 ns a byte
 * scanned. One digest of one block: md5 90 ns, sha256 60 ns with the SHA instructions. */
#include "core/expr/expr.h"
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
static qn_status measure(const char *sql, const qn_schema *schema, const qn_batch *batch) {
    qn_expr *expr = NULL;
    qn_status status;
    double best = 1e9;
    QN_TRY_GOTO(qn_sql_expression(&expr, qn_view_of(sql)), done);
    QN_TRY_GOTO(qn_expr_bind(expr, schema), done);
    for (int round = 0; round < 10; round++) {
        double start = now();
        for (int k = 0; k < 4; k++)
            QN_TRY_GOTO(run(expr, batch), done);
        double time = (now() - start) / 4 / (double)batch->length * 1e9;
        best = time < best ? time : best;
    }
    printf("%8.1f ns/row  %s\n", best, sql);
done:
    qn_expr_free(expr);
    return status;
}

/* "user4711@mail7.example.org GET /shop/item/123?lang=de" */
static qn_status make_text(qn_column **out) {
    static const char *const verbs[] = {"GET", "POST", "HEAD", "PUT"};
    static const char *const places[] = {"shop/item", "user", "search", "a/b/c"};
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    qn_status status = QN_OK;
    uint32_t state = 42;
    for (int i = 0; i < QN_BATCH_ROWS; i++) {
        char line[128];
        state = state * 1664525u + 1013904223u;
        uint32_t r = state >> 4;
        snprintf(line, sizeof line, "user%u@mail%u.example.org %s /%s/%u?lang=%s", r % 9973, r % 13,
                 verbs[r % 4], places[(r >> 2) % 4], r % 100003, r % 3 == 0 ? "de" : "en");
        QN_TRY_GOTO(qn_string_builder_add(&builder, qn_view_of(line)), done);
    }
    status = qn_string_builder_finish(&builder, out);
done:
    qn_string_builder_clear(&builder);
    return status;
}

static qn_status make_number(qn_column **out) {
    QN_TRY(qn_column_new(out, QN_INT64, QN_BATCH_ROWS, 0));
    for (int64_t i = 0; i < QN_BATCH_ROWS; i++)
        (*out)->i64[i] = i * 7919;
    return QN_OK;
}

static const char *const texts[] = {
    "lower(s)",
    "upper(s)",
    "length(s)",
    "s like '%item%'",
    "strpos(s, 'item')",
    "split_part(s, ' ', 2)",
    "substring_index(s, '/', 2)",
    "substring(s, 5, 10)",
    "left(s, 4)",
    "lpad(s, 60, '.')",
    "reverse(s)",
    "initcap(s)",
    "translate(s, '@/', '  ')",
    "concat_ws('-', s, n)",
    "levenshtein(s, 'user1@mail2.example.org')",
    "s ~ 'item'",
    "s ~ '^user[0-9]+@'",
    "s ~ '(GET|POST) /(shop|user)'",
    "s ~* 'LANG=DE$'",
    "regexp_count(s, '[0-9]+')",
    "regexp_extract(s, '@([a-z0-9.]+) ', 1)",
    "regexp_replace(s, '[0-9]+', '#')",
    "split(s, ' ')",
    "split(s, '[ /?]')",
    "(split(s, ' '))[2]",
    "size(split(s, '/'))",
    "array_sort(split(s, '/'))",
    "array_contains(split(s, ' '), 'GET')",
    "md5(s)",
    "sha2(s, 256)",
    "crc32(s)",
    "hash(s)",
    "xxhash64(s)",
    "hash(n)",
    "xxhash64(n)",
    "xxhash64(n, s)",
    "n & 255",
    "pmod(n, 10)",
};

int main(void) {
    qn_schema schema;
    qn_batch batch;
    qn_column *text = NULL, *number = NULL;
    qn_status status;
    qn_mem_keep_freed();
    qn_schema_init(&schema);
    qn_batch_init(&batch);
    batch.length = QN_BATCH_ROWS;
    QN_TRY_GOTO(make_text(&text), done);
    QN_TRY_GOTO(make_number(&number), done);
    QN_TRY_GOTO(qn_schema_add(&schema, "s", QN_STRING), done);
    QN_TRY_GOTO(qn_schema_add(&schema, "n", QN_INT64), done);
    QN_TRY_GOTO(qn_batch_append(&batch, text), done);
    QN_TRY_GOTO(qn_batch_append(&batch, number), done);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        QN_TRY_GOTO(measure(texts[i], &schema, &batch), done);
done:
    if (status != QN_OK)
        fprintf(stderr, "error: %s\n", qn_last_error().message);
    qn_batch_clear(&batch);
    qn_schema_clear(&schema);
    return status == QN_OK ? 0 : 1;
}
