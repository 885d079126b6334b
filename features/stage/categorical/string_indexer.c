/* string_indexer: categories as indices 0, 1, 2 ... in float64, by frequency or alphabet.
 *
 * A column that is missing is an error at transform, too, where Spark passes the data on without
 * the index: it is then the next stage that complains, and of the wrong column.
 *
 * Ties in frequency go by string, ascending, in both directions; strings compare by UTF-16 code
 * units. Both are Spark's rules. */
#include "core/memory.h"
#include "features/stage/as_text.h"
#include "features/stage/categorical/counts.h"
#include "features/stage/categorical/encode.h"
#include "features/stage/columns.h"
#include "features/stage/stages.h"

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
    qn_category_counts counts; /* while fitting */
    int64_t column_count;      /* once fitted */
    qn_labels *labels;
    qn_attributes **attributes; /* of the labels, from the last bind; or NULL */
} string_indexer;

/* ---- Binding -------------------------------------------------------------------------------- */

static bool handles_invalid(const qn_stage *stage, const char *how) {
    return qn_options_is(stage->options, "handle_invalid", how);
}

/* The labels as attributes: made once, as long as options and names stay as they are. */
static qn_status find_attributes(string_indexer *self, int32_t i, const char *source) {
    const char *more = handles_invalid(&self->base, "keep") ? "__unknown" : NULL;
    const qn_attributes *known = self->attributes[i];
    if (known != NULL && known->count == self->labels[i].count + (more != NULL) &&
        strcmp(known->source, source) == 0)
        return QN_OK;
    qn_attributes_release(self->attributes[i]);
    self->attributes[i] = NULL;
    return qn_labels_attributes(&self->labels[i], more, source, &self->attributes[i]);
}

static qn_status bind_column(string_indexer *self, const qn_schema *in, int32_t i, qn_schema *out) {
    const qn_stage *stage = &self->base;
    int32_t index;
    QN_TRY(qn_columns_find(stage, in, i, &index));
    if (!qn_as_text_allowed(in->fields[index].type))
        return qn_columns_fail_type(&in->fields[index], "string, numeric, bool or date");
    if (stage->fitted)
        QN_TRY(find_attributes(self, i, in->fields[index].name));
    return qn_columns_add(out, qn_columns_output(stage, i), QN_FLOAT64, 0,
                          stage->fitted ? self->attributes[i] : NULL);
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    string_indexer *self = (string_indexer *)stage;
    int32_t count;
    QN_TRY(qn_columns_count(stage, &count));
    QN_TRY(qn_columns_check_fitted(stage, count, self->column_count));
    QN_TRY(qn_schema_copy(out, in));
    for (int32_t i = 0; i < count; i++)
        QN_TRY(bind_column(self, in, i, out));
    return QN_OK;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    return qn_category_counts_add(&((string_indexer *)stage)->counts, stage, schema, batch);
}

/* The entries of a reduced frequency, which are in order of their bytes, in another order. */
typedef struct ordering {
    const qn_frequency *counts;
    bool bytes; /* UTF-16 and bytes give the same order: there is no character above U+DFFF */
    bool by_count, descending;
    int32_t *entries;
} ordering;

static int compare_texts(const ordering *by, int32_t a, int32_t b) {
    if (by->bytes)
        return (a > b) - (a < b);
    return qn_labels_compare(qn_frequency_text(by->counts, a), qn_frequency_text(by->counts, b));
}

static int compare(const void *left, const void *right, void *context) {
    const ordering *by = context;
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    int64_t x = by->counts->counts[a], y = by->counts->counts[b];
    if (by->by_count && x != y)
        return (x > y) == by->descending ? -1 : 1;
    int texts = compare_texts(by, a, b);
    return by->descending && !by->by_count ? -texts : texts;
}

static bool in_byte_order(const qn_frequency *counts) {
    unsigned char highest = 0;
    for (int64_t i = 0; i < counts->offsets[counts->count]; i++) {
        unsigned char byte = (unsigned char)counts->chars[i];
        highest = byte > highest ? byte : highest;
    }
    return highest < 0xee; /* the lead byte of U+E000 */
}

static qn_view text_at(const void *context, int64_t i) {
    const ordering *by = context;
    return qn_frequency_text(by->counts, by->entries[i]);
}

static qn_status make_labels(const qn_stage *stage, const qn_frequency *counts, qn_labels *out) {
    const char *order = qn_options_text(stage->options, "string_order_type");
    ordering by = {.counts = counts,
                   .bytes = in_byte_order(counts),
                   .by_count = strncmp(order, "frequency", strlen("frequency")) == 0,
                   .descending = strstr(order, "_desc") != NULL};
    QN_TRY(qn_mem_alloc(&by.entries, (size_t)counts->count, sizeof *by.entries));
    for (int64_t i = 0; i < counts->count; i++)
        by.entries[i] = (int32_t)i;
    qsort_r(by.entries, (size_t)counts->count, sizeof *by.entries, compare, &by);
    qn_status status = qn_labels_build_from(out, text_at, &by, counts->count);
    qn_mem_free(by.entries);
    return status;
}

static qn_status reserve_columns(string_indexer *self, int64_t count) {
    QN_TRY(qn_mem_calloc(&self->attributes, (size_t)count, sizeof *self->attributes));
    QN_TRY(qn_mem_calloc(&self->labels, (size_t)count, sizeof *self->labels));
    self->column_count = count;
    return QN_OK;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    string_indexer *self = (string_indexer *)stage;
    QN_TRY(qn_category_counts_reduce(&self->counts, comm));
    QN_TRY(reserve_columns(self, self->counts.count));
    for (int64_t i = 0; i < self->column_count; i++) {
        QN_TRY(make_labels(stage, &self->counts.columns[i], &self->labels[i]));
        qn_frequency_clear(&self->counts.columns[i]);
    }
    qn_category_counts_clear(&self->counts);
    return QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

/* Positions as doubles. Rows not found get the last index; with skip they lose their bit. */
static int64_t settle(const qn_map_step *step, const qn_column *texts, const int32_t *positions,
                      qn_column *out) {
    double unknown = (double)((const string_indexer *)step->stage)->labels[step->i].count;
    int32_t lowest = 0;
    (void)texts;
    for (int64_t i = 0; i < out->length; i++) {
        out->f64[i] = positions[i] >= 0 ? positions[i] : unknown;
        lowest = positions[i] < lowest ? positions[i] : lowest;
    }
    if (lowest >= 0 || handles_invalid(step->stage, "keep"))
        return -1;
    for (int64_t i = 0; i < out->length; i++) {
        if (positions[i] >= 0)
            continue;
        if (step->keep == NULL)
            return i;
        qn_bit_reset(step->keep, i);
    }
    return -1;
}

static qn_status index_column(const qn_map_step *step, qn_column **out) {
    const qn_labels *labels = &((const string_indexer *)step->stage)->labels[step->i];
    return qn_encode_step(step, labels, settle, "handle_invalid to skip or keep", out);
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const qn_map map = {.drops = handles_invalid(stage, "skip"), .make = index_column};
    return qn_map_columns(stage, &map, schema, in, out);
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    string_indexer *self = (string_indexer *)stage;
    int64_t count = self->column_count;
    QN_TRY(qn_columns_persist_count(archive, &count));
    if (!qn_archive_writing(archive))
        QN_TRY(qn_comm_agree(qn_archive_comm(archive), reserve_columns(self, count)));
    for (int64_t i = 0; i < count; i++)
        QN_TRY(qn_labels_persist(&self->labels[i], archive, i));
    return QN_OK;
}

static json_t *labels_json(const qn_stage *stage, int32_t i) {
    return qn_labels_json(&((const string_indexer *)stage)->labels[i]);
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    int64_t count = ((const string_indexer *)stage)->column_count;
    return qn_columns_describe(stage, object, "labels", count, labels_json);
}

static void clear(qn_stage *stage) {
    string_indexer *self = (string_indexer *)stage;
    qn_category_counts_clear(&self->counts);
    for (int64_t i = 0; i < self->column_count; i++) {
        qn_labels_clear(&self->labels[i]);
        qn_attributes_release(self->attributes[i]);
    }
    qn_mem_free(self->labels);
    qn_mem_free(self->attributes);
    self->labels = NULL;
    self->attributes = NULL;
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
