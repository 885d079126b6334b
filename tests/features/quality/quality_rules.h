/* Rules written as text, for tests: "range column=n min=0 action=drop". Values hold no blanks; '_'
 * in SQL stands for one where a text needs it ('~'). */
#ifndef QUERN_TESTS_QUALITY_RULES_H
#define QUERN_TESTS_QUALITY_RULES_H

#include "features/quality/quality.h"
#include "tests/features/sql_table.h"

enum { MOST_RULES = 16 };

enum { LONG_ROWS = 40000 };

/* Formulas of the long table: the baseline's distribution is another one. */
static inline double long_v(int64_t i, bool baseline) {
    int64_t u = i * 7919 % 50021;
    return baseline ? (double)u / 100 : (double)u * (double)u / 4e6;
}

static inline bool long_null(int64_t i, bool baseline) {
    return i % 101 == 3 && !baseline;
}

static inline qn_status long_batch(qn_batch *out, int64_t first, bool baseline) {
    int64_t rows = LONG_ROWS - first < QN_BATCH_ROWS ? LONG_ROWS - first : QN_BATCH_ROWS;
    QN_TRY(qn_batch_reserve(out, 2));
    out->length = rows;
    out->first_row = first;
    QN_TRY(qn_column_new(&out->columns[0], QN_FLOAT64, rows, 0));
    QN_TRY(qn_column_new(&out->columns[1], QN_INT64, rows, 0));
    for (int64_t i = 0; i < rows; i++) {
        out->columns[0]->f64[i] = long_v(first + i, baseline);
        out->columns[1]->i64[i] = (first + i) % (baseline ? 10 : 9);
        if (long_null(first + i, baseline))
            QN_TRY(qn_column_set_null(out->columns[0], i));
    }
    return QN_OK;
}

/* This rank's part of LONG_ROWS rows "v" (float64), "k" (int64), in whole batches: some ranks may
 * have none. */
static inline qn_status long_table_open(qn_stream **out, qn_comm *comm, bool baseline) {
    int64_t batches = (LONG_ROWS + QN_BATCH_ROWS - 1) / QN_BATCH_ROWS;
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    qn_table table;
    qn_table_init(&table);
    qn_status status = qn_schema_add(&table.schema, "v", QN_FLOAT64);
    if (status == QN_OK)
        status = qn_schema_add(&table.schema, "k", QN_INT64);
    for (int64_t b = batches * rank / size; status == QN_OK && b < batches * (rank + 1) / size;
         b++) {
        qn_batch batch;
        qn_batch_init(&batch);
        status = long_batch(&batch, b * QN_BATCH_ROWS, baseline);
        if (status == QN_OK)
            status = qn_table_add(&table, &batch);
        else
            qn_batch_clear(&batch);
    }
    if (status == QN_OK)
        status = qn_table_stream(out, &table);
    qn_table_clear(&table);
    return status;
}

/* "long": that one, as the baseline; else the table of sql_table.h under any name, but "none",
 * which is missing. */
static inline qn_status rules_open_table(void *context, qn_comm *comm, const char *name,
                                         qn_stream **out) {
    (void)context;
    if (strcmp(name, "none") == 0)
        return qn_comm_agree(comm, qn_fail(QN_INPUT, "'none' is missing"));
    qn_stream *table = NULL;
    qn_status status = strcmp(name, "long") == 0 ? long_table_open(&table, comm, true)
                                                 : sql_table_open(&table, comm);
    status = qn_comm_agree(comm, status);
    if (status == QN_OK)
        *out = table;
    else
        qn_stream_free(table);
    return status;
}

static const qn_quality_tables rules_tables = {rules_open_table, NULL};

static inline qn_status rules_add(qn_quality *quality, const char *text) {
    char copy[512];
    snprintf(copy, sizeof copy, "%s", text);
    char *rest = copy, *kind = strsep(&rest, " "), *word;
    qn_rule *rule = NULL;
    QN_TRY(qn_quality_add(quality, kind, &rule));
    while ((word = strsep(&rest, " ")) != NULL) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        for (char *c = value; *c != '\0'; c++)
            *c = *c == '~' ? ' ' : *c;
        QN_TRY(qn_options_set(qn_rule_options(rule), word, value));
    }
    return QN_OK;
}

/* Collective. Adds and binds; the rules are the caller's, also on failure. */
static inline qn_status rules_bind(qn_quality **out, const char *const *texts,
                                   const qn_schema *schema, const qn_execution *execution) {
    qn_quality *quality = NULL;
    qn_status status = qn_quality_new(&quality);
    for (int i = 0; status == QN_OK && texts[i] != NULL; i++)
        status = rules_add(quality, texts[i]);
    status = qn_comm_agree(execution->comm, status);
    for (int32_t i = 0; status == QN_OK && i < qn_quality_count(quality); i++)
        status = qn_quality_bind(quality, i, schema, &rules_tables, execution);
    *out = quality;
    return status;
}

#endif
