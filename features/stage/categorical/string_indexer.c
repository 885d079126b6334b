/* string_indexer: categories as indices 0, 1, 2 ... in float64, by frequency or alphabet.
 *
 * A column that is missing is an error at transform, too, where Spark passes the data on without
 * the index: it is then the next stage that complains, and of the wrong column.
 *
 * Ties in frequency go by string, ascending, in both directions; strings compare by UTF-16 code
 * units. Both are Spark's rules. */
#include "core/memory.h"
#include "core/stats/frequency.h"
#include "features/stage/as_text.h"
#include "features/stage/columns.h"
#include "features/stage/labels.h"
#include "features/stage/stages.h"
#include "mpi/comm/reduce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const qn_option options[] = {
    QN_COLUMNS_OPTIONS,
    {"string_order_type", QN_OPTION_CHOICE, "frequency_desc",
     "frequency_desc|frequency_asc|alphabet_desc|alphabet_asc", "order of the indices"},
    {"handle_invalid", QN_OPTION_CHOICE, "error", "error|skip|keep",
     "nulls and categories not seen in fit: stop, drop the row, or index them last"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct string_indexer {
    qn_stage base;
    int64_t counting; /* number of `counts` begun, while fitting */
    qn_frequency *counts;
    int64_t column_count; /* once fitted */
    qn_labels *labels;
} string_indexer;

/* ---- Binding -------------------------------------------------------------------------------- */

static bool handles_invalid(const qn_stage *stage, const char *how) {
    return qn_options_is(stage->options, "handle_invalid", how);
}

static qn_status make_attributes(const qn_stage *stage, const qn_labels *labels, const char *source,
                                 qn_attributes **out) {
    int64_t count = labels->count + handles_invalid(stage, "keep");
    const char **names = NULL;
    qn_attributes *attributes = NULL;
    QN_TRY(qn_mem_alloc(&names, (size_t)labels->count + 1, sizeof *names));
    for (int64_t i = 0; i < labels->count; i++)
        names[i] = labels->names[i];
    names[labels->count] = "__unknown";
    qn_status status;
    QN_TRY_GOTO(qn_attributes_new(&attributes, QN_ATTRIBUTE_NOMINAL, names, (int32_t)count), done);
    QN_TRY_GOTO(qn_attributes_set_source(attributes, source), done);
    *out = attributes;
    attributes = NULL;
done:
    qn_attributes_release(attributes);
    qn_mem_free(names);
    return status;
}

static qn_status bind_column(const string_indexer *self, const qn_schema *in, int32_t i,
                             qn_schema *out) {
    const qn_stage *stage = &self->base;
    int32_t index;
    qn_attributes *attributes = NULL;
    QN_TRY(qn_columns_find(stage, in, i, &index));
    if (!qn_as_text_allowed(in->fields[index].type))
        return qn_columns_fail_type(&in->fields[index], "string, numeric, bool or date");
    if (stage->fitted)
        QN_TRY(make_attributes(stage, &self->labels[i], in->fields[index].name, &attributes));
    qn_status status = qn_columns_add(out, qn_columns_output(stage, i), QN_FLOAT64, 0, attributes);
    qn_attributes_release(attributes);
    return status;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    const string_indexer *self = (string_indexer *)stage;
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, self->column_count));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++)
        QN_TRY(bind_column(self, in, i, out));
    return QN_OK;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status begin_counting(string_indexer *self) {
    int32_t count;
    QN_TRY(qn_columns_count(&self->base, &count));
    QN_TRY(qn_mem_calloc(&self->counts, (size_t)count, sizeof *self->counts));
    while (self->counting < count) {
        QN_TRY(qn_frequency_init(&self->counts[self->counting], QN_STRING));
        self->counting++;
    }
    return QN_OK;
}

static void end_counting(string_indexer *self) {
    for (int64_t i = 0; i < self->counting; i++)
        qn_frequency_clear(&self->counts[i]);
    qn_mem_free(self->counts);
    self->counts = NULL;
    self->counting = 0;
}

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    string_indexer *self = (string_indexer *)stage;
    if (self->counts == NULL)
        QN_TRY(begin_counting(self));
    for (int32_t i = 0; i < self->counting; i++) {
        int32_t index;
        qn_column *texts = NULL;
        QN_TRY(qn_columns_find(stage, schema, i, &index));
        QN_TRY(qn_as_text(&texts, batch->columns[index]));
        qn_status status = qn_frequency_add(&self->counts[i], texts);
        qn_column_release(texts);
        QN_TRY(status);
    }
    return QN_OK;
}

typedef struct category {
    qn_view text;
    int64_t count;
} category;

static int by_text(const void *a, const void *b) {
    return qn_labels_compare(((const category *)a)->text, ((const category *)b)->text);
}

static int by_text_desc(const void *a, const void *b) {
    return -by_text(a, b);
}

static int by_count(const void *a, const void *b) {
    int64_t x = ((const category *)a)->count, y = ((const category *)b)->count;
    return x != y ? (x > y) - (x < y) : by_text(a, b);
}

static int by_count_desc(const void *a, const void *b) {
    int64_t x = ((const category *)a)->count, y = ((const category *)b)->count;
    return x != y ? (x < y) - (x > y) : by_text(a, b);
}

static void sort_categories(const qn_stage *stage, category *categories, int64_t count) {
    static const struct {
        const char *word;
        int (*compare)(const void *, const void *);
    } orders[] = {{"frequency_desc", by_count_desc},
                  {"frequency_asc", by_count},
                  {"alphabet_desc", by_text_desc},
                  {"alphabet_asc", by_text}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (qn_options_is(stage->options, "string_order_type", orders[i].word))
            qsort(categories, (size_t)count, sizeof *categories, orders[i].compare);
}

static qn_status copy_name(qn_view text, char **out) {
    if (memchr(text.data, '\0', (size_t)text.length) != NULL)
        return qn_fail(QN_DATA, "a category contains a zero byte: '%.*s'...", (int)text.length,
                       text.data);
    char *copy = NULL;
    QN_TRY(qn_mem_alloc(&copy, (size_t)text.length + 1, 1));
    memcpy(copy, text.data, (size_t)text.length);
    copy[text.length] = '\0';
    *out = copy;
    return QN_OK;
}

static qn_status copy_names(const category *categories, int64_t count, char ***out) {
    char **names = NULL;
    QN_TRY(qn_mem_calloc(&names, (size_t)count, sizeof *names));
    for (int64_t i = 0; i < count; i++) {
        qn_status status = copy_name(categories[i].text, &names[i]);
        if (status != QN_OK) {
            qn_mem_free_all(names, count);
            return status;
        }
    }
    *out = names;
    return QN_OK;
}

static qn_status make_labels(const qn_stage *stage, const qn_frequency *counts, qn_labels *out) {
    category *categories = NULL;
    char **names = NULL;
    QN_TRY(qn_mem_alloc(&categories, (size_t)counts->count, sizeof *categories));
    for (int64_t i = 0; i < counts->count; i++)
        categories[i] = (category){qn_frequency_text(counts, i), counts->counts[i]};
    sort_categories(stage, categories, counts->count);
    qn_status status = copy_names(categories, counts->count, &names);
    if (status == QN_OK)
        status = qn_labels_build(out, names, counts->count);
    qn_mem_free(categories);
    return status;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    string_indexer *self = (string_indexer *)stage;
    for (int64_t i = 0; i < self->counting; i++)
        QN_TRY(qn_reduce_frequency(comm, &self->counts[i]));
    QN_TRY(qn_mem_calloc(&self->labels, (size_t)self->counting, sizeof *self->labels));
    self->column_count = self->counting;
    for (int64_t i = 0; i < self->counting; i++)
        QN_TRY(make_labels(stage, &self->counts[i], &self->labels[i]));
    end_counting(self);
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

enum { SUGGEST_AMONG = 10000 };

/* An unseen category may be a slip: names the nearest that was seen. */
static void suggest(const qn_labels *labels, qn_view text) {
    char word[64];
    if (labels->count > SUGGEST_AMONG || text.length >= (int64_t)sizeof word)
        return;
    memcpy(word, text.data, (size_t)text.length);
    word[text.length] = '\0';
    const char *nearest = qn_nearest(word, (const char *const *)labels->names, labels->count);
    if (nearest != NULL)
        qn_error_help("did you mean '%s'?", nearest);
}

static qn_status fail_row(const qn_labels *labels, const qn_field *field, const qn_column *texts,
                          const qn_batch *batch, int64_t row) {
    long long number = (long long)qn_batch_row(batch, row);
    if (qn_column_is_null(texts, row))
        return qn_fail(QN_DATA,
                       "column '%s' is null at row %lld (counting from 0); "
                       "set handle_invalid to skip or keep",
                       field->name, number);
    qn_view text = qn_column_string(texts, row);
    qn_status status =
        qn_fail(QN_DATA,
                "column '%s' has unseen category '%.*s' at row %lld (counting from 0); "
                "set handle_invalid to skip or keep",
                field->name, (int)(text.length < 200 ? text.length : 200), text.data, number);
    suggest(labels, text);
    return status;
}

/* Positions as doubles. Rows not found get the last index; with skip they lose their bit in `keep`.
 * Returns the first row that is an error, or -1. */
static int64_t settle(const qn_stage *stage, const int32_t *positions, qn_column *out,
                      double unknown, uint64_t *keep) {
    int32_t lowest = 0;
    for (int64_t i = 0; i < out->length; i++) {
        out->f64[i] = positions[i] >= 0 ? positions[i] : unknown;
        lowest = positions[i] < lowest ? positions[i] : lowest;
    }
    if (lowest >= 0 || handles_invalid(stage, "keep"))
        return -1;
    for (int64_t i = 0; i < out->length; i++) {
        if (positions[i] >= 0)
            continue;
        if (keep == NULL)
            return i;
        qn_bit_reset(keep, i);
    }
    return -1;
}

static qn_status index_column(const string_indexer *self, int32_t i, const qn_field *field,
                              const qn_batch *batch, const qn_column *column, uint64_t *keep,
                              qn_column **out) {
    const qn_labels *labels = &self->labels[i];
    qn_column *texts = NULL, *indices = NULL;
    int32_t *positions = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_as_text(&texts, column), done);
    QN_TRY_GOTO(qn_mem_alloc(&positions, (size_t)column->length, sizeof *positions), done);
    QN_TRY_GOTO(qn_column_new_raw(&indices, QN_FLOAT64, column->length, 0), done);
    QN_TRY_GOTO(qn_labels_find_all(labels, texts, positions), done);
    int64_t bad_row = settle(&self->base, positions, indices, (double)labels->count, keep);
    if (bad_row >= 0)
        status = fail_row(labels, field, texts, batch, bad_row);
    if (status == QN_OK) {
        *out = indices;
        indices = NULL;
    }
done:
    qn_column_release(indices);
    qn_column_release(texts);
    qn_mem_free(positions);
    return status;
}

/* `in` and the index columns; rows to be dropped lose their bit in `keep`. */
static qn_status index_all(const string_indexer *self, const qn_schema *schema, const qn_batch *in,
                           uint64_t *keep, qn_batch *out) {
    QN_TRY(qn_batch_share(out, in));
    for (int32_t i = 0; i < self->column_count; i++) {
        int32_t index;
        qn_column *indices = NULL;
        QN_TRY(qn_columns_find(&self->base, schema, i, &index));
        QN_TRY(
            index_column(self, i, &schema->fields[index], in, in->columns[index], keep, &indices));
        QN_TRY(qn_batch_append(out, indices));
    }
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const string_indexer *self = (const string_indexer *)stage;
    if (!handles_invalid(stage, "skip"))
        return index_all(self, schema, in, NULL, out);
    uint64_t *keep = NULL;
    qn_batch all;
    qn_batch_init(&all);
    QN_TRY(qn_columns_all_rows(&keep, in->length));
    qn_status status = index_all(self, schema, in, keep, &all);
    if (status == QN_OK)
        status = qn_batch_filter(out, &all, keep);
    qn_batch_clear(&all);
    qn_mem_free(keep);
    return status;
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist_labels(qn_archive *archive, int64_t i, qn_labels *labels) {
    char name[32];
    snprintf(name, sizeof name, "labels_%lld", (long long)i);
    char **names = labels->names;
    int64_t count = labels->count;
    QN_TRY(qn_archive_texts(archive, name, &names, &count));
    return qn_archive_writing(archive) ? QN_OK : qn_labels_build(labels, names, count);
}

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    string_indexer *self = (string_indexer *)stage;
    int64_t count = self->column_count;
    QN_TRY(qn_archive_int(archive, "column_count", &count));
    if (!qn_archive_writing(archive)) {
        if (count < 0 || count > INT32_MAX)
            return qn_fail(QN_DATA, "the file says %lld columns", (long long)count);
        QN_TRY(qn_mem_calloc(&self->labels, (size_t)count, sizeof *self->labels));
        self->column_count = count;
    }
    for (int64_t i = 0; i < count; i++)
        QN_TRY(persist_labels(archive, i, &self->labels[i]));
    return QN_OK;
}

static json_t *labels_json(const qn_labels *labels) {
    json_t *array = json_array();
    for (int64_t i = 0; i < labels->count; i++)
        if (json_array_append_new(array, json_string(labels->names[i])) != 0)
            break;
    return array;
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const string_indexer *self = (const string_indexer *)stage;
    json_t *all = json_object();
    int failed = 0;
    for (int32_t i = 0; i < self->column_count; i++)
        failed |=
            json_object_set_new(all, qn_columns_input(stage, i), labels_json(&self->labels[i]));
    failed |= json_object_set_new(object, "labels", all);
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

static void clear(qn_stage *stage) {
    string_indexer *self = (string_indexer *)stage;
    end_counting(self);
    for (int64_t i = 0; i < self->column_count; i++)
        qn_labels_clear(&self->labels[i]);
    qn_mem_free(self->labels);
    self->labels = NULL;
    self->column_count = 0;
}

const qn_stage_class qn_string_indexer_class = {
    .name = "string_indexer",
    .help = "turn categories into indices, the most frequent first",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(string_indexer),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
