/* count_vectorizer: how often each term of a vocabulary occurs in a list of terms. The fit takes
 * the most frequent terms as vocabulary, in order of their counts; ties, which Spark leaves open,
 * go by term, ascending. Nulls in a list are no terms: neither counted nor part of min_tf's share.
 */
#include "core/memory.h"
#include "features/stage/stages.h"
#include "features/stage/text/bags.h"
#include "features/stage/text/term_counts.h"

#include <string.h>

static const qn_option options[] = {
    QN_BAGS_OPTIONS,
    {"vocab_size", QN_OPTION_INT, "262144", "[1,2147483647]", "terms to keep, the most frequent"},
    {"min_df", QN_OPTION_REAL, "1", "[0,inf)",
     "documents a term must be in; below 1, a share of them"},
    {"max_df", QN_OPTION_REAL, "9223372036854775807", "[0,inf)",
     "documents a term may be in at most; below 1, a share of them"},
    {"min_tf", QN_OPTION_REAL, "1", "[0,inf)",
     "how often a term must be in a document to count; below 1, a share of its terms"},
    {"binary", QN_OPTION_BOOL, "false", NULL, "1 for each term that occurs, however often"},
    {NULL, 0, NULL, NULL, NULL}};

typedef struct count_vectorizer {
    qn_stage base;
    bool counting;
    qn_term_counts counts; /* while fitting */
    qn_terms vocabulary;
    int64_t documents; /* that it was fitted on */
    /* Names of the slots, made when first bound and shared from then on. */
    qn_attributes *attributes;
    char *named_after; /* the input column in them */
} count_vectorizer;

/* ---- Binding -------------------------------------------------------------------------------- */

static void drop_names(count_vectorizer *self) {
    qn_attributes_release(self->attributes);
    qn_mem_free(self->named_after);
    self->attributes = NULL;
    self->named_after = NULL;
}

/* "column=term" for each term, in one block. */
static qn_status write_names(const qn_terms *terms, const char *column, char **block,
                             const char **names) {
    size_t prefix = strlen(column) + 1;
    size_t size = (size_t)terms->count * (prefix + 1) + (size_t)terms->offsets[terms->count];
    QN_TRY(qn_mem_alloc(block, size, 1));
    char *to = *block;
    for (int32_t i = 0; i < terms->count; i++) {
        qn_view term = qn_terms_text(terms, i);
        names[i] = to;
        memcpy(to, column, prefix - 1);
        to[prefix - 1] = '=';
        memcpy(to + prefix, term.data, (size_t)term.length);
        to += prefix + (size_t)term.length;
        *to++ = '\0';
    }
    return QN_OK;
}

static qn_status name_slots(count_vectorizer *self, const char *column) {
    if (self->named_after != NULL && strcmp(self->named_after, column) == 0)
        return QN_OK;
    drop_names(self);
    const char **names = NULL;
    char *block = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&names, (size_t)self->vocabulary.count, sizeof *names), done);
    QN_TRY_GOTO(write_names(&self->vocabulary, column, &block, names), done);
    QN_TRY_GOTO(qn_mem_copy_text(&self->named_after, column), done);
    status =
        qn_attributes_new(&self->attributes, QN_ATTRIBUTE_VECTOR, names, self->vocabulary.count);
    if (status != QN_OK)
        drop_names(self);
done:
    qn_mem_free(names);
    qn_mem_free(block);
    return status;
}

static qn_status check_bounds(const qn_options *values) {
    double least = qn_options_real(values, "min_df"), most = qn_options_real(values, "max_df");
    if ((least < 1) == (most < 1) && most < least)
        return qn_fail(QN_JOB, "max_df is %g, less than min_df, %g", most, least);
    return QN_OK;
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    count_vectorizer *self = (count_vectorizer *)stage;
    int32_t index;
    QN_TRY(check_bounds(stage->options));
    QN_TRY(qn_bags_find(stage, in, &index));
    if (stage->fitted)
        QN_TRY(name_slots(self, in->fields[index].name));
    return qn_bags_bind(stage, in, self->vocabulary.count, self->attributes, out);
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static qn_status add(qn_stage *stage, const qn_schema *schema, const qn_batch *batch) {
    count_vectorizer *self = (count_vectorizer *)stage;
    int32_t index;
    QN_TRY(qn_bags_find(stage, schema, &index));
    if (!self->counting)
        QN_TRY(qn_term_counts_init(&self->counts));
    self->counting = true;
    return qn_term_counts_add(&self->counts, batch->columns[index]);
}

static void end_counting(count_vectorizer *self) {
    if (self->counting)
        qn_term_counts_clear(&self->counts);
    self->counting = false;
}

/* Names and model files hold terms as C strings. */
static qn_status check_terms(const qn_terms *terms) {
    if (terms->count == 0)
        return QN_OK;
    const char *zero = memchr(terms->chars, '\0', (size_t)terms->offsets[terms->count]);
    if (zero == NULL)
        return QN_OK;
    int32_t id = 0;
    while (terms->chars + terms->offsets[id + 1] <= zero)
        id++;
    qn_view term = qn_terms_text(terms, id);
    return qn_fail(QN_DATA, "a term contains a zero byte: '%.*s'...", (int)term.length, term.data);
}

static qn_status check_vocabulary(const qn_stage *stage, const qn_terms *terms, int64_t documents) {
    if (terms->count > 0)
        return check_terms(terms);
    qn_status status = qn_fail(
        QN_DATA, "the vocabulary is empty: no term of the %lld documents in column '%s' passes",
        (long long)documents, qn_options_text(stage->options, "input_col"));
    qn_error_help("lower min_df, which is %g, or raise max_df",
                  qn_options_real(stage->options, "min_df"));
    return status;
}

static qn_status finish(qn_stage *stage, qn_comm *comm) {
    count_vectorizer *self = (count_vectorizer *)stage;
    qn_term_choice choice = {qn_options_real(stage->options, "min_df"),
                             qn_options_real(stage->options, "max_df"),
                             qn_options_int(stage->options, "vocab_size")};
    QN_TRY(
        qn_term_counts_choose(comm, &self->counts, &choice, &self->vocabulary, &self->documents));
    end_counting(self);
    return check_vocabulary(stage, &self->vocabulary, self->documents);
}

/* ---- Transform ------------------------------------------------------------------------------ */

static qn_status number_term(void *context, qn_view term, int32_t *id) {
    *id = qn_terms_find(context, term);
    return QN_OK;
}

static qn_status number_rows(void *context, const qn_column *column, int64_t first, int64_t count,
                             int32_t *ids) {
    qn_terms_find_rows(context, column, first, count, ids);
    return QN_OK;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const count_vectorizer *self = (const count_vectorizer *)stage;
    qn_bag_rule rule = {.width = self->vocabulary.count,
                        .binary = qn_options_bool(stage->options, "binary"),
                        .min_count = qn_options_real(stage->options, "min_tf")};
    qn_bag_numbering numbering = {(void *)(uintptr_t)&self->vocabulary, number_term, number_rows,
                                  -1};
    int32_t index;
    qn_column *bags = NULL;
    QN_TRY(qn_bags_find(stage, schema, &index));
    QN_TRY(qn_batch_share(out, in));
    QN_TRY(qn_bags_build(&bags, in->columns[index], &numbering, &rule));
    return qn_batch_append(out, bags);
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status copy_texts(const qn_terms *terms, char ***out) {
    char **texts = NULL;
    QN_TRY(qn_mem_calloc(&texts, (size_t)terms->count, sizeof *texts));
    for (int32_t i = 0; i < terms->count; i++) {
        qn_view term = qn_terms_text(terms, i);
        qn_status status = qn_mem_alloc(&texts[i], (size_t)term.length + 1, 1);
        if (status != QN_OK) {
            qn_mem_free_all(texts, terms->count);
            return status;
        }
        memcpy(texts[i], term.data, (size_t)term.length);
        texts[i][term.length] = '\0';
    }
    *out = texts;
    return QN_OK;
}

static qn_status take_texts(char *const *texts, int64_t count, qn_terms *terms) {
    QN_TRY(qn_terms_init(terms));
    for (int64_t i = 0; i < count; i++) {
        int32_t id;
        QN_TRY(qn_terms_add(terms, qn_view_of(texts[i]), &id));
        if (id != i)
            return qn_fail(QN_DATA, "the file's vocabulary has '%s' twice", texts[i]);
    }
    return QN_OK;
}

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    count_vectorizer *self = (count_vectorizer *)stage;
    bool writing = qn_archive_writing(archive);
    char **texts = NULL;
    int64_t count = self->vocabulary.count;
    QN_TRY(qn_archive_int(archive, "num_docs", &self->documents));
    qn_status status = writing ? copy_texts(&self->vocabulary, &texts) : QN_OK;
    QN_TRY(qn_comm_agree(qn_archive_comm(archive), status));
    status = qn_archive_texts(archive, "vocabulary", &texts, &count);
    if (status == QN_OK && !writing)
        status = take_texts(texts, count, &self->vocabulary);
    qn_mem_free_all(texts, count);
    return status;
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const count_vectorizer *self = (const count_vectorizer *)stage;
    json_t *array = json_array();
    int failed = json_object_set_new(object, "num_docs", json_integer(self->documents));
    for (int32_t i = 0; i < self->vocabulary.count && !failed; i++) {
        qn_view term = qn_terms_text(&self->vocabulary, i);
        failed = json_array_append_new(array, json_stringn(term.data, (size_t)term.length));
    }
    failed |= json_object_set_new(object, "vocabulary", array);
    return failed ? qn_fail(QN_MEMORY, "out of memory") : QN_OK;
}

static void clear(qn_stage *stage) {
    count_vectorizer *self = (count_vectorizer *)stage;
    end_counting(self);
    qn_terms_clear(&self->vocabulary);
    drop_names(self);
    self->documents = 0;
}

const qn_stage_class qn_count_vectorizer_class = {
    .name = "count_vectorizer",
    .help = "count the terms of a list that are in a vocabulary, the most frequent of the fit",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(count_vectorizer),
    .options = options,
    .bind = bind,
    .add = add,
    .finish = finish,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
