/* Aggregation and DISTINCT: golden values from DuckDB 1.x over the same formulas (skewness from
 * numpy, population moments as in Spark), and the same bytes on any number of ranks and with little
 * memory.
 * Ranks: 1 2 3 */
#include "core/memory.h"
#include "features/aggregate/aggregate.h"
#include "features/digest.h"
#include "mpi/comm/gather.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- A table of formulas -------------------------------------------------------------------- */

enum { G, S, X, I, B, W, F, ID, COLUMNS };
static const qn_type column_types[COLUMNS] = {QN_INT32, QN_STRING, QN_FLOAT64, QN_INT64,
                                              QN_BOOL,  QN_STRING, QN_BOOL,    QN_INT64};

typedef struct table_spec {
    int64_t rows, cut; /* rows a batch holds: batches are sparse where it is small */
    int64_t groups;    /* 5: the golden table */
    bool wild;         /* reals of all sizes */
} table_spec;

static double real_of(const table_spec *spec, int64_t r) {
    double value = (double)(r * 37 % 101 - 50) / 8;
    if (!spec->wild)
        return value;
    return r % 1009 == 7       ? (double)NAN
           : r % 997 == 3      ? HUGE_VAL
           : spec->groups == 7 ? ldexp(value + 0.1, (int)(r * 31 % 1200) - 600)
                               : (double)(r * 7919 % 1000003) / 1e4;
}

static bool is_null(int column, int64_t r) {
    return (column == G && r % 11 == 0) || (column == X && r % 13 == 0) ||
           (column == B && r % 5 == 0) || (column == W && r % 4 == 1);
}

static qn_column *strings(int column, const int64_t *rows, int64_t count) {
    qn_string_builder builder;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < count; i++) {
        char text[24];
        int64_t r = rows[i];
        snprintf(text, sizeof text, column == S ? "v%d" : "w%d",
                 (int)(column == S ? r * 5 % 7 : r * r % 9));
        QN_TEST_OK(is_null(column, r) ? qn_string_builder_add_null(&builder)
                                      : qn_string_builder_add(&builder, qn_view_of(text)));
    }
    qn_column *made = NULL;
    QN_TEST_OK(qn_string_builder_finish(&builder, &made));
    return made;
}

static void set_value(const table_spec *spec, qn_column *column, int c, int64_t i, int64_t r) {
    switch (c) {
    case G:
        column->i32[i] = (int32_t)(r * 7 % spec->groups);
        break;
    case X:
        column->f64[i] = real_of(spec, r);
        break;
    case B:
    case F:
        if (c == B ? r % 3 == 0 : r % 3 != 1)
            qn_bit_set(column->bits, i);
        break;
    default:
        column->i64[i] = c == I ? r * r % 17 : r;
    }
}

static qn_column *column_of(const table_spec *spec, int c, const int64_t *rows, int64_t count) {
    if (c == S || c == W)
        return strings(c, rows, count);
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, column_types[c], count, 0));
    for (int64_t i = 0; i < count; i++)
        if (is_null(c, rows[i]))
            QN_TEST_OK(qn_column_set_null(column, i));
        else
            set_value(spec, column, c, i, rows[i]);
    return column;
}

/* This rank's share of the table: batch b has source rows from b * QN_BATCH_ROWS on. */
static qn_stream *open_table(const table_spec *spec) {
    static const char *const names[COLUMNS] = {"kg", "ks", "kx", "ki", "kb", "kw", "kf", "id"};
    int64_t batches = (spec->rows + spec->cut - 1) / spec->cut;
    int rank = qn_comm_rank(qn_test_comm()), size = qn_comm_size(qn_test_comm());
    qn_table table;
    qn_table_init(&table);
    for (int c = 0; c < COLUMNS; c++)
        QN_TEST_OK(qn_schema_add(&table.schema, names[c], column_types[c]));
    for (int64_t b = batches * rank / size; b < batches * (rank + 1) / size; b++) {
        int64_t first = b * spec->cut, rows[QN_BATCH_ROWS];
        int64_t count = spec->rows - first < spec->cut ? spec->rows - first : spec->cut;
        qn_batch batch = {.length = count, .first_row = b * QN_BATCH_ROWS};
        for (int64_t i = 0; i < count; i++)
            rows[i] = first + i;
        for (int c = 0; c < COLUMNS; c++)
            QN_TEST_OK(qn_batch_append(&batch, column_of(spec, c, rows, count)));
        QN_TEST_OK(qn_table_add(&table, &batch));
    }
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_table_stream(&stream, &table));
    qn_table_clear(&table);
    return stream;
}

static const table_spec golden = {.rows = 2000, .cut = 170, .groups = 5};

/* ---- Running and printing ------------------------------------------------------------------- */

static void print_value(const qn_column *column, int64_t row, qn_text *out) {
    if (qn_column_is_null(column, row)) {
        QN_TEST_OK(qn_text_printf(out, "null"));
    } else if (column->type == QN_STRING) {
        qn_view view = qn_column_string(column, row);
        QN_TEST_OK(qn_text_add(out, view.data, view.length));
    } else if (column->type == QN_STRING_LIST) {
        for (int32_t k = column->offsets[row]; k < column->offsets[row + 1]; k++) {
            qn_view view = qn_column_string(column->items, k);
            QN_TEST_OK(qn_text_printf(out, "%s%.*s", k > column->offsets[row] ? "," : "",
                                      (int)view.length, view.data));
        }
    } else if (column->type == QN_BOOL) {
        QN_TEST_OK(qn_text_printf(out, "%s", qn_bit(column->bits, row) ? "true" : "false"));
    } else if (column->type == QN_INT64) {
        QN_TEST_OK(qn_text_printf(out, "%lld", (long long)column->i64[row]));
    } else {
        QN_TEST_OK(qn_text_printf(out, "%.8g", qn_column_real(column, row)));
    }
}

/* All rows as text, on rank 0; frees the stream. */
static void check_text(qn_stream *stream, const char *expected) {
    qn_table table;
    qn_text text;
    qn_table_init(&table);
    qn_text_init(&text);
    QN_TEST_OK(qn_gather_table(&table, stream, qn_test_comm(), 0));
    for (int64_t b = 0; b < table.batch_count; b++)
        for (int64_t i = 0; i < table.batches[b].length; i++)
            for (int32_t c = 0; c < table.batches[b].count; c++) {
                print_value(table.batches[b].columns[c], i, &text);
                QN_TEST_OK(qn_text_add_char(&text, c + 1 < table.batches[b].count ? '|' : '\n'));
            }
    if (qn_comm_rank(qn_test_comm()) == 0) {
        bool same = strcmp(text.data != NULL ? text.data : "", expected) == 0;
        CU_ASSERT(same);
        if (!same)
            fprintf(stderr, "got:\n%s\nexpected:\n%s\n", text.data, expected);
    }
    qn_text_clear(&text);
    qn_table_clear(&table);
    qn_stream_free(stream);
}

static qn_execution execution_with(int64_t memory) {
    return (qn_execution){.comm = qn_test_comm(), .memory = memory};
}
enum { PLENTY = 1 << 30 };

static qn_stream *aggregate(const table_spec *spec, int key, const qn_aggregate_call *calls,
                            int count, int64_t memory) {
    qn_execution execution = execution_with(memory);
    qn_stream *stream = NULL;
    int32_t keys[] = {key};
    QN_TEST_OK(qn_aggregate_open(&stream, open_table(spec), &execution, keys, key >= 0 ? 1 : 0,
                                 calls, count));
    return stream;
}

#define CALL0(function_)                                                                           \
    { .function = function_, .name = function_, .filter = -1 }
#define CALL(function_, label, column)                                                             \
    {                                                                                              \
        .function = function_, .name = label, .arguments = {column}, .argument_count = 1,          \
        .filter = -1                                                                               \
    }
#define CALL2(function_, label, a, b)                                                              \
    { .function = function_, .name = label, .arguments = {a, b}, .argument_count = 2, .filter = -1 }
#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

static void check(int key, const qn_aggregate_call *calls, int count, const char *expected) {
    check_text(aggregate(&golden, key, calls, count, PLENTY), expected);
    check_text(aggregate(&golden, key, calls, count, 60000), expected);
}

static void test_sums_and_extremes(void) {
    static const qn_aggregate_call calls[] = {
        CALL0("count"),       CALL("count", "n", X), CALL("sum", "si", I), CALL("avg", "ai", I),
        CALL("sum", "sx", X), CALL("mean", "ax", X), CALL("min", "lo", X), CALL("max", "hi", X),
        CALL("min", "lw", W), CALL("max", "hw", W)};
    check(G, calls, COUNT_OF(calls),
          "null|182|168|1454|7.989011|-38.75|-0.23065476|-6.25|6.25|w0|w7\n"
          "2|363|335|2909|8.0137741|29.25|0.087313433|-6.25|6.25|w0|w7\n"
          "4|364|336|2911|7.9972527|-3.625|-0.01078869|-6.25|6.25|w0|w7\n"
          "1|364|336|2919|8.0192308|7.625|0.022693452|-6.25|6.25|w0|w7\n"
          "3|364|336|2920|8.021978|-11.125|-0.033110119|-6.25|6.25|w0|w7\n"
          "0|363|335|2895|7.9752066|23.125|0.069029851|-6.25|6.25|w0|w7\n");
}

static void test_moments(void) {
    static const qn_aggregate_call calls[] = {CALL("stddev", "a", X),
                                              CALL("stddev_pop", "b", X),
                                              CALL("variance", "c", X),
                                              CALL("var_pop", "d", X),
                                              CALL2("corr", "e", X, I),
                                              CALL2("covar_samp", "f", X, I),
                                              CALL2("covar_pop", "g", X, I),
                                              CALL2("regr_slope", "h", X, I),
                                              CALL2("regr_intercept", "i", X, I),
                                              CALL2("regr_r2", "j", X, I)};
    check(G, calls, COUNT_OF(calls),
          "null|3.6714831|3.6605398|13.479788|13.399551|0.16974759|3.5290669|3.5080605|0.11006023|"
          "-1.1203083|0.028814243\n"
          "2|3.6314762|3.626052|13.187619|13.148253|0.048438484|0.99669765|0.99372243|0.031044455|"
          "-0.15955949|0.0023462867\n"
          "4|3.6227315|3.6173365|13.124184|13.085124|-0.0052266928|-0.10746824|-0.10714839|"
          "-0.0033361542|0.016128911|2.7318318e-05\n"
          "1|3.6551176|3.6496744|13.359885|13.320123|0.012004577|0.24911936|0.24837793|0.007728389|"
          "-0.039432674|0.00014410988\n"
          "3|3.6522166|3.6467777|13.338686|13.298987|0.019485019|0.4024809|0.40128304|0.012582572|"
          "-0.13414518|0.00037966597\n"
          "0|3.6736287|3.6681416|13.495548|13.455263|0.018748679|0.38939472|0.38823235|0.012182651|"
          "-0.027413105|0.00035151295\n");
}

static void test_shapes_and_percentiles(void) {
    static const qn_aggregate_call calls[] = {
        CALL("skewness", "a", X),
        CALL("kurtosis", "b", X),
        CALL("median", "c", X),
        {"percentile_cont", "d", {X}, 1, -1, false, false, 0.3, 0, NULL, NULL, 0},
        {"percentile_disc", "e", {X}, 1, -1, false, false, 0.3, 0, NULL, NULL, 0},
        {"percentile_disc", "f", {W}, 1, -1, false, false, 0.5, 0, NULL, NULL, 0},
        CALL("mode", "g", W)};
    check(G, calls, COUNT_OF(calls),
          "null|0.11776842|-1.2118624|-0.5|-2.8625|-2.875|w1|w0\n"
          "2|-0.023718562|-1.1928213|0.125|-2.375|-2.375|w1|w0\n"
          "4|-0.011813667|-1.1753148|0|-2.4375|-2.5|w1|w0\n"
          "1|0.0012117048|-1.2024347|0|-2.5|-2.5|w1|w0\n"
          "3|0.0061455816|-1.1963593|-0.0625|-2.5|-2.5|w1|w0\n"
          "0|-0.020607664|-1.2146098|0.125|-2.5|-2.5|w1|w0\n");
}

static void test_truth_bits_and_distinct(void) {
    qn_aggregate_call calls[] = {
        CALL("bool_and", "a", B), CALL("bool_or", "b", B),   CALL("bit_and", "c", I),
        CALL("bit_or", "d", I),   CALL("bit_xor", "e", I),   CALL("count_if", "f", B),
        CALL("count", "g", I),    CALL("count", "h", W),     CALL("sum", "i", I),
        CALL("avg", "j", X),      CALL2("count", "k", W, I), CALL("approx_count_distinct", "l", W)};
    for (int c = 6; c < 11; c++)
        calls[c].distinct = true;
    check(G, calls, COUNT_OF(calls) - 2,
          "null|false|true|0|31|20|48|9|4|68|-0.02625\n"
          "2|false|true|0|31|29|121|9|4|68|0\n"
          "4|false|true|0|31|1|121|9|4|68|0\n"
          "1|false|true|0|31|1|122|9|4|68|0\n"
          "3|false|true|0|31|22|121|9|4|68|0\n"
          "0|null|null|0|31|9|0|9|4|68|0\n");
    check(-1, calls + 10, 2, "36|4\n");
}

static void test_chosen_values(void) {
    qn_aggregate_call calls[] = {CALL2("min_by", "a", S, X), CALL2("max_by", "b", S, X),
                                 CALL("first", "c", X),      CALL("last", "d", X),
                                 CALL("first", "e", W),      CALL("last", "f", W)};
    calls[4].ignore_nulls = calls[5].ignore_nulls = true;
    static const char expected[] = "null|v4|v3|null|-1.5|w0|w4\n"
                                   "2|v1|v4|-1.625|-3.625|w0|w4\n"
                                   "4|v2|v5|3|1|w4|w0\n"
                                   "1|v3|v6|-5|5.625|w0|w0\n"
                                   "3|v4|v0|-0.375|-2.375|w7|w1\n"
                                   "0|v5|v3|4.25|4.375|w1|w0\n";
    check(G, calls, COUNT_OF(calls), expected);
    static const qn_sort_key up = {ID, false, false}, down = {ID, true, false};
    for (int c = 2; c < 6; c++) { /* the same, asked for by an order */
        calls[c].order = c % 2 == 0 ? &up : &down;
        calls[c].order_count = 1;
        calls[c].function = "first";
    }
    check(G, calls, COUNT_OF(calls), expected);
}

static void test_lists_and_filters(void) {
    static const qn_sort_key down = {ID, true, false};
    qn_aggregate_call calls[] = {CALL("sum", "a", I), CALL0("count"), CALL("string_agg", "c", W),
                                 CALL("collect_list", "d", W), CALL("collect_set", "e", W)};
    calls[0].filter = F;
    check(S, calls, 2,
          "v0|1519|286\nv5|1505|286\nv3|1550|286\nv1|1514|286\nv6|1519|286\nv4|1528|285\n"
          "v2|1522|285\n");
    table_spec few = {.rows = 60, .cut = 9, .groups = 5};
    calls[2].text = ",";
    check_text(aggregate(&few, S, calls + 2, 1, PLENTY),
               "v0|w0,w4,w7,w1,w1,w0,w4\nv5|w1,w0,w7,w0,w4,w7\nv3|w4,w4,w7,w0,w1,w0,w7\n"
               "v1|w0,w1,w0,w7,w4,w4,w7\nv6|w7,w4,w0,w7,w0,w1\nv4|w0,w1,w1,w7,w4,w0\n"
               "v2|w0,w4,w0,w4,w0,w1\n");
    calls[2].order = &down;
    calls[2].order_count = 1;
    check_text(aggregate(&few, S, calls + 2, 3, 30000),
               "v0|w4,w0,w1,w1,w7,w4,w0|w0,w4,w7,w1,w1,w0,w4|w0,w4,w7,w1\n"
               "v5|w7,w4,w0,w7,w0,w1|w1,w0,w7,w0,w4,w7|w1,w0,w7,w4\n"
               "v3|w7,w0,w1,w0,w7,w4,w4|w4,w4,w7,w0,w1,w0,w7|w4,w7,w0,w1\n"
               "v1|w7,w4,w4,w7,w0,w1,w0|w0,w1,w0,w7,w4,w4,w7|w0,w1,w7,w4\n"
               "v6|w1,w0,w7,w0,w4,w7|w7,w4,w0,w7,w0,w1|w7,w4,w0,w1\n"
               "v4|w0,w4,w7,w1,w1,w0|w0,w1,w1,w7,w4,w0|w0,w1,w7,w4\n"
               "v2|w1,w0,w4,w0,w4,w0|w0,w4,w0,w4,w0,w1|w0,w4,w1\n");
}

static void test_everything_is_one_group(void) {
    qn_aggregate_call calls[] = {
        CALL0("count"),         CALL("count", "n", X),   CALL("sum", "si", I),
        CALL("avg", "ai", I),   CALL("sum", "sx", X),    CALL("avg", "ax", X),
        CALL("min", "lo", X),   CALL("max", "hi", X),    CALL("min", "lw", W),
        CALL("max", "hw", W),   CALL("stddev", "sd", X), CALL2("corr", "c", X, I),
        CALL("median", "m", X), CALL("count", "dw", W)};
    calls[13].distinct = true;
    check(-1, calls, 12,
          "2000|1846|16008|8.004|6.5|0.0035211268|-6.25|6.25|w0|w7|3.6453609|0.032261386\n");
    check(-1, calls, 14,
          "2000|1846|16008|8.004|6.5|0.0035211268|-6.25|6.25|w0|w7|3.6453609|0.032261386|0|4\n");
    static const qn_aggregate_call regression[] = {
        CALL2("regr_avgx", "a", X, I), CALL2("regr_avgy", "b", X, I),
        CALL2("regr_sxx", "c", X, I),  CALL2("regr_syy", "d", X, I),
        CALL2("regr_sxy", "e", X, I),  CALL2("regr_count", "f", X, I)};
    check(-1, regression, 6, "8.0086674|0.0035211268|59065.861|24517.571|1227.6937|1846\n");
    table_spec none = {.rows = 0, .cut = 10, .groups = 5};
    check_text(aggregate(&none, -1, calls, 12, PLENTY),
               "0|0|null|null|null|null|null|null|null|null|null|null\n");
    check_text(aggregate(&none, -1, calls, 14, PLENTY),
               "0|0|null|null|null|null|null|null|null|null|null|null|null|0\n");
    check_text(aggregate(&none, G, calls, 14, PLENTY), "");
}

/* ---- The same bytes everywhere --------------------------------------------------------------- */

static const qn_aggregate_call many[] = {
    CALL0("count"),         CALL("sum", "a", X),         CALL("avg", "b", X),
    CALL("sum", "c", I),    CALL("stddev", "d", X),      CALL("min", "e", X),
    CALL("max", "f", W),    CALL2("corr", "g", X, I),    CALL("first", "h", W),
    CALL("last", "i", X),   CALL2("max_by", "j", S, X),  CALL("skewness", "k", X),
    CALL("median", "l", X), CALL("collect_set", "m", W), CALL("mode", "n", I),
};

static void check_digest(const table_spec *spec, int count, int64_t memory, const char *expected) {
    char digest[QN_DIGEST_TEXT] = "";
    qn_stream *stream = aggregate(spec, G, many, count, memory);
    for (int pass = 0; pass < 2; pass++) {
        QN_TEST_OK(qn_stream_rewind(stream));
        QN_TEST_OK(qn_digest_stream(stream, qn_test_comm(), digest));
        CU_ASSERT_STRING_EQUAL(digest, expected);
        if (strcmp(digest, expected) != 0)
            fprintf(stderr, "digest %s, expected %s\n", digest, expected);
    }
    qn_stream_free(stream);
}

/* Digests as written by one rank. */
static void test_bytes_do_not_depend_on_ranks_or_memory(void) {
    static const table_spec small = {.rows = 30000, .cut = 1000, .groups = 101, .wild = true};
    static const table_spec wide = {.rows = 9000, .cut = 700, .groups = 7, .wild = true};
    static const table_spec large = {.rows = 60000, .cut = 5000, .groups = 20011, .wild = true};
    static const table_spec own = {.rows = 150000, .cut = 16000, .groups = 1000003, .wild = true};
    static const int64_t memories[] = {PLENTY, 3000000, 400000};
#ifdef __SANITIZE_ADDRESS__
    int step = 2; /* all in memory, and least of all: sanitizers are slow */
#else
    int step = 1;
#endif
    for (int m = 0; m < 3; m += step) {
        check_digest(&own, 12, m < 2 ? memories[m] : 12000000, "02094a83cc23f1983771e068a2de6a9b");
        check_digest(&small, 12, memories[m], "77db3ce0717e4b03e411c563b1d33c5d");
        check_digest(&small, 15, memories[m], "0d2dd03713d090edac81ccfc51aded42");
        check_digest(&wide, 12, memories[m], "e6606b1ef4881c5de74c55f571118fbd");
        check_digest(&large, 12, memories[m], "ee9b1888f77e972700c9abaf4e0306f6");
        check_digest(&large, 15, memories[m], "39312b58f363a4cee54452c4520f5c9d");
    }
}

/* ---- DISTINCT ---------------------------------------------------------------------------------
 */

static qn_stream *distinct(const table_spec *spec, const int32_t *keys, int count, int64_t memory) {
    qn_execution execution = execution_with(memory);
    qn_stream *stream = NULL;
    QN_TEST_OK(qn_distinct_open(&stream, open_table(spec), &execution, keys, count));
    return stream;
}

/* First rows by counting: value k of r * 7 % groups is first met at a row below `groups`. */
static void test_distinct_keeps_the_first_rows(void) {
    static const int32_t keys[] = {G, B, F}, id[] = {ID};
    static const int64_t memories[] = {PLENTY, 200000, 20000};
    for (int m = 0; m < 3; m++) {
        check_text(distinct(&golden, keys, 1, memories[m]),
                   "null|v0|null|0|null|w0|true|0\n2|v5|-1.625|1|false|null|false|1\n"
                   "4|v3|3|4|false|w4|true|2\n1|v1|-5|9|true|w0|true|3\n"
                   "3|v6|-0.375|16|false|w7|false|4\n0|v4|4.25|8|null|null|true|5\n");
        char digest[QN_DIGEST_TEXT];
        table_spec large = {.rows = 30000, .cut = 900, .groups = 2003};
        qn_stream *stream = distinct(&large, keys, 3, memories[m]);
        QN_TEST_OK(qn_digest_stream(stream, qn_test_comm(), digest));
        CU_ASSERT_STRING_EQUAL(digest, "4d291abe39c00a7673bd02e605521155");
        if (strcmp(digest, "4d291abe39c00a7673bd02e605521155") != 0)
            fprintf(stderr, "digest %s\n", digest);
        qn_stream_free(stream);
        stream = distinct(&large, id, 1, memories[m]);
        QN_TEST_OK(qn_digest_stream(stream, qn_test_comm(), digest));
        CU_ASSERT_STRING_EQUAL(digest, "6a2a94a9d0b202998bd656c40af46dd5");
        if (strcmp(digest, "6a2a94a9d0b202998bd656c40af46dd5") != 0)
            fprintf(stderr, "digest %s\n", digest);
        qn_stream_free(stream);
    }
}

/* ---- Errors --------------------------------------------------------------------------------- */

static void test_errors_name_the_function(void) {
    static const struct {
        const char *function;
        int column, count;
        const char *text;
    } wrong[] = {{"sum", W, 1, "sum takes a number, not string"},
                 {"summ", X, 1, "no aggregate function 'summ'"},
                 {"sum", X, 2, "sum takes 1 argument, not 2"},
                 {"corr", X, 1, "corr takes 2 arguments, not 1"},
                 {"bool_and", X, 1, "bool_and takes a bool, not float64"},
                 {"collect_list", X, 1, "CAST"},
                 {"median", W, 1, "median takes a number"}};
    qn_execution execution = execution_with(PLENTY);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int32_t key = G;
        qn_stream *stream = NULL;
        qn_aggregate_call call = {.function = wrong[i].function,
                                  .name = "a",
                                  .arguments = {wrong[i].column, I},
                                  .argument_count = wrong[i].count,
                                  .filter = -1};
        QN_TEST_FAILS(
            qn_aggregate_open(&stream, open_table(&golden), &execution, &key, 1, &call, 1), QN_JOB,
            wrong[i].text);
    }
    qn_aggregate_call share = CALL("percentile_cont", "p", X);
    share.number = 1.5;
    int32_t key = G;
    qn_stream *stream = NULL;
    QN_TEST_FAILS(qn_aggregate_open(&stream, open_table(&golden), &execution, &key, 1, &share, 1),
                  QN_JOB, "share from 0 to 1");
    CU_ASSERT(qn_aggregate_exists("kurtosis") && !qn_aggregate_exists("kurt"));
    CU_ASSERT_STRING_EQUAL(qn_aggregate_name(0), "count");
}

/* A failed allocation on one rank ends the run on all of them. */
static void test_failed_allocations(void) {
    static const table_spec spec = {.rows = 900, .cut = 150, .groups = 50};
    static const int32_t keys[] = {G, B};
    for (int variant = 0; variant < 6; variant++) {
        qn_status status = QN_MEMORY;
        for (int64_t k = 0; status != QN_OK; k += k < 60 ? 7 : k / 9) {
            int64_t memory = variant % 2 == 0 ? PLENTY : 40000;
            qn_stream *stream = variant < 4
                                    ? aggregate(&spec, G, many, variant < 2 ? 12 : 15, memory)
                                    : distinct(&spec, keys, 2, memory);
            char digest[QN_DIGEST_TEXT];
            if (qn_comm_rank(qn_test_comm()) == qn_comm_size(qn_test_comm()) - 1)
                qn_mem_fail_after(k);
            status = qn_digest_stream(stream, qn_test_comm(), digest);
            qn_mem_fail_after(-1);
            CU_ASSERT(status == QN_OK || status == QN_MEMORY);
            qn_stream_free(stream);
        }
    }
}

static const qn_test_case cases[] = {
    {"sums and extremes", test_sums_and_extremes},
    {"moments", test_moments},
    {"shapes and percentiles", test_shapes_and_percentiles},
    {"truth, bits and distinct", test_truth_bits_and_distinct},
    {"chosen values", test_chosen_values},
    {"lists and filters", test_lists_and_filters},
    {"everything is one group", test_everything_is_one_group},
    {"bytes do not depend on ranks or memory", test_bytes_do_not_depend_on_ranks_or_memory},
    {"distinct keeps the first rows", test_distinct_keeps_the_first_rows},
    {"errors name the function", test_errors_name_the_function},
    {"failed allocations", test_failed_allocations},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("aggregate", cases);
}
