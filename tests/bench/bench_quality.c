/* Quality rules on a table in memory, in ns a row: each kind by itself, then all rules of rows that
 * need no others together. The limit of a rule of one column is reading the column: stated beside
 * it, as the time of qn_bits_count and a sum over it would be too small to tell. */
#include "core/memory.h"
#include "features/quality/quality.h"
#include "tests/bench/bench.h"

enum { BATCHES = 128, WORDS = 1000 };
static const int64_t ROWS = (int64_t)BATCHES * QN_BATCH_ROWS;

/* ---- Data ----------------------------------------------------------------------------------- */

static qn_column *text_column(int64_t first, int64_t rows, int64_t words) {
    qn_string_builder builder;
    qn_column *column = NULL;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < rows; i++) {
        char word[24];
        int64_t number = words == rows ? i : random_of(first + i) % words;
        int length = snprintf(word, sizeof word, "C%04lld", (long long)number);
        need(qn_string_builder_add(&builder, (qn_view){word, length}));
    }
    need(qn_string_builder_finish(&builder, &column));
    return column;
}

static void fill(qn_batch *batch, const qn_column *dictionary) {
    need(qn_batch_reserve(batch, 4));
    need(qn_column_new(&batch->columns[0], QN_FLOAT64, QN_BATCH_ROWS, 0));
    need(qn_column_new(&batch->columns[1], QN_INT64, QN_BATCH_ROWS, 0));
    need(qn_column_new(&batch->columns[2], QN_INT32, QN_BATCH_ROWS, 0));
    qn_column *coded = batch->columns[2];
    coded->type = QN_STRING;
    coded->dictionary = qn_column_retain(dictionary);
    for (int64_t i = 0; i < QN_BATCH_ROWS; i++) {
        int64_t row = batch->first_row + i;
        batch->columns[0]->f64[i] = random_of(row) % 100000 * 0.01;
        batch->columns[1]->i64[i] = row % 50 == 7 ? row - 7 : row;
        coded->codes[i] = (int32_t)(random_of(row) % WORDS);
    }
    batch->columns[3] = text_column(batch->first_row, QN_BATCH_ROWS, WORDS);
}

static void make_table(qn_table *table) {
    qn_column *dictionary = text_column(0, WORDS, WORDS);
    qn_table_init(table);
    need(qn_schema_add(&table->schema, "x", QN_FLOAT64));
    need(qn_schema_add(&table->schema, "id", QN_INT64));
    need(qn_schema_add(&table->schema, "coded", QN_STRING));
    need(qn_schema_add(&table->schema, "text", QN_STRING));
    for (int64_t b = 0; b < BATCHES; b++) {
        qn_batch batch = {.length = QN_BATCH_ROWS, .first_row = b * QN_BATCH_ROWS};
        fill(&batch, dictionary);
        need(qn_table_add(table, &batch));
    }
    qn_column_release(dictionary);
}

/* ---- Rules ---------------------------------------------------------------------------------- */

static const char *const rules[] = {
    "not_null|columns=x",
    "range|column=x|min=10|max=990",
    "range|column=id|min=0|max=100000000",
    "allowed|column=coded|values=C0001,C0002,C0003,C0004,C0005",
    "allowed|column=text|values=C0001,C0002,C0003,C0004,C0005",
    "matches|column=coded|pattern=^C[0-4]\\d+$",
    "matches|column=text|pattern=^C[0-4]\\d+$",
    "predicate|predicate=x > 5 and (x < 900 or id > 1000)",
    "outliers|column=x",
    "unique|columns=id",
};
enum { RULES = sizeof rules / sizeof *rules, TOGETHER = 8 };

static void add_rule(qn_quality *quality, const char *text) {
    char copy[256];
    snprintf(copy, sizeof copy, "%s", text);
    char *rest = copy, *kind = strsep(&rest, "|"), *word;
    qn_rule *rule = NULL;
    need(qn_quality_add(quality, kind, &rule));
    need(qn_options_set(qn_rule_options(rule), "action", "warn"));
    while ((word = strsep(&rest, "|")) != NULL) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        need(qn_options_set(qn_rule_options(rule), word, value));
    }
}

static double time_rules(const qn_table *table, qn_comm *comm, int first, int end) {
    qn_execution execution = qn_execution_of(comm);
    qn_quality *quality = NULL;
    qn_stream *in = NULL;
    double best = 1e9;
    need(qn_quality_new(&quality));
    for (int i = first; i < end; i++)
        add_rule(quality, rules[i]);
    for (int32_t i = 0; i < qn_quality_count(quality); i++)
        need(qn_quality_bind(quality, i, &table->schema, NULL, &execution));
    for (int run = 0; run < 3; run++) {
        need(qn_table_stream(&in, table));
        double start = seconds();
        need(qn_quality_run(quality, in));
        double took = seconds() - start;
        best = took < best ? took : best;
        qn_stream_free(in);
    }
    qn_quality_free(quality);
    return 1e9 * best / (double)ROWS;
}

int main(void) {
    qn_comm *comm = NULL;
    qn_table table;
    need(qn_comm_self(&comm));
    make_table(&table);
    printf("%-60s %8s\n", "rule", "ns/row");
    for (int i = 0; i < RULES; i++)
        printf("%-60s %8.2f\n", rules[i], time_rules(&table, comm, i, i + 1));
    printf("%-60s %8.2f\n", "the first eight together", time_rules(&table, comm, 0, TOGETHER));
    qn_table_clear(&table);
    qn_comm_free(comm);
    return 0;
}
