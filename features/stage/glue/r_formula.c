/* r_formula: a vector of features, and a label, as one of R's model formulas says (Spark's
 * RFormula). "y ~ a + b:c": strings become 0/1 vectors without their last category, the reference;
 * interactions are products of all their categories.
 *
 * "- 1" or "+ 0" takes the intercept away: then the first string term keeps all its categories. The
 * vector itself never has a slot of ones. What the formula's dots stand for is settled in fit.
 *
 * A label that is a string, or is forced to, becomes an index; else it is cast to a number. A label
 * column that is there already stays as it is. Data without the label can be transformed. */
#include "core/memory.h"
#include "features/plan/source.h"
#include "features/stage/columns.h"
#include "features/stage/glue/r_formula_stages.h"
#include "features/stage/stages.h"

#include <stdio.h>
#include <string.h>

static const qn_option options[] = {
    {"formula", QN_OPTION_TEXT, NULL, NULL, "such as y ~ a + b:c; operators ~ + - : * ^ . ( ) 0 1"},
    {"features_col", QN_OPTION_TEXT, "features", NULL, "vector column to add"},
    {"label_col", QN_OPTION_TEXT, "label", NULL,
     "label column to add; one that exists and is numeric stays as it is"},
    {"force_index_label", QN_OPTION_BOOL, "false", NULL,
     "index the label as categories, also if it is numeric"},
    {"handle_invalid", QN_OPTION_CHOICE, "error", "error|skip|keep",
     "nulls, NaN and categories not seen in fit: stop, drop the row, or keep it"},
    {"string_indexer_order_type", QN_OPTION_CHOICE, "frequency_desc",
     "frequency_desc|frequency_asc|alphabet_desc|alphabet_asc",
     "order of the categories; the last is the reference"},
    {NULL, 0, NULL, NULL, NULL}};

typedef enum label_use { NO_LABEL, CAST_LABEL, INDEX_LABEL } label_use;

typedef struct r_formula {
    qn_stage base;
    qn_formula_stages stages;
    qn_stage *label; /* a string_indexer; NULL: the label is no category */
    int64_t term_count;
    char **terms; /* as texts */
    /* from the last bind */
    label_use use;
    int32_t label_index; /* of the label among the input's columns, if it is cast */
    qn_schema indexed;   /* the input behind the indexer */
    qn_schema vectors;   /* the input and the vector */
} r_formula;

static const char *option(const qn_stage *stage, const char *name) {
    return qn_options_text(stage->options, name);
}

static void drop_schemas(r_formula *self) {
    qn_schema_clear(&self->indexed);
    qn_schema_clear(&self->vectors);
}

static void drop_stages(r_formula *self) {
    qn_stage_free(self->stages.indexer);
    qn_stage_free(self->stages.encoder);
    qn_stage_free(self->label);
    self->stages = (qn_formula_stages){NULL, NULL, -1};
    self->label = NULL;
    qn_mem_free_all(self->terms, self->term_count);
    self->terms = NULL;
    self->term_count = 0;
}

/* ---- Binding -------------------------------------------------------------------------------- */

static qn_status fail_label(const qn_formula *formula, qn_status status) {
    qn_source_locate_in("formula", qn_view_of(formula->text), formula->label_offset);
    return status;
}

/* A label column that the input has already. */
static qn_status check_existing(const qn_stage *stage, const qn_field *field) {
    if (qn_options_bool(stage->options, "force_index_label"))
        return qn_fail(QN_JOB,
                       "label column '%s' exists already, so it cannot be the index that "
                       "force_index_label asks for; set another label_col",
                       field->name);
    if (!qn_type_is_numeric(field->type))
        return qn_columns_fail_type(field, "numeric to serve as the label; or set another "
                                           "label_col");
    return QN_OK;
}

static qn_status find_use(r_formula *self, const qn_formula *formula, const qn_schema *in) {
    const qn_stage *stage = &self->base;
    int32_t existing = qn_schema_find(in, option(stage, "label_col"));
    self->use = NO_LABEL;
    if (existing >= 0)
        return check_existing(stage, &in->fields[existing]);
    if (formula->label == NULL)
        return QN_OK;
    if (stage->fitted && qn_schema_find(in, formula->label) < 0)
        return QN_OK;
    qn_status status = qn_schema_require(in, formula->label, &self->label_index);
    if (status != QN_OK)
        return fail_label(formula, status);
    const qn_field *field = &in->fields[self->label_index];
    bool indexed = stage->fitted ? self->label != NULL
                                 : field->type == QN_STRING ||
                                       qn_options_bool(stage->options, "force_index_label");
    if (!indexed && !qn_type_is_numeric(field->type) && field->type != QN_BOOL)
        return fail_label(formula,
                          qn_columns_fail_type(field, stage->fitted ? "numeric or bool, as in fit"
                                                                    : "numeric, bool or string"));
    self->use = indexed ? INDEX_LABEL : CAST_LABEL;
    return QN_OK;
}

static qn_status list_terms(r_formula *self, const qn_formula *formula) {
    int64_t count = formula->terms.count;
    QN_TRY(qn_mem_calloc(&self->terms, (size_t)count, sizeof *self->terms));
    for (; self->term_count < count; self->term_count++)
        QN_TRY(qn_formula_print(&self->terms[self->term_count], formula,
                                &formula->terms.items[self->term_count]));
    return QN_OK;
}

static qn_status build(r_formula *self, qn_formula *formula, const qn_schema *in) {
    const qn_stage *stage = &self->base;
    qn_formula_options how = {option(stage, "features_col"), option(stage, "handle_invalid"),
                              option(stage, "string_indexer_order_type")};
    drop_stages(self);
    QN_TRY(qn_formula_resolve(formula, in));
    QN_TRY(qn_formula_build(&self->stages, formula, in, &how));
    QN_TRY(list_terms(self, formula));
    if (self->use == INDEX_LABEL)
        QN_TRY(qn_formula_build_label(&self->label, formula->label, option(stage, "label_col"),
                                      how.handle_invalid));
    return QN_OK;
}

/* A term with a reference. */
static bool is_term(const r_formula *self, const char *column) {
    for (int64_t i = 0; i < self->term_count; i++)
        if (i != self->stages.whole && strcmp(self->terms[i], column) == 0)
            return true;
    return false;
}

/* A string term of its own needs a category beside the reference. */
static qn_status check_categories(const r_formula *self, const qn_schema *in) {
    if (self->stages.indexer == NULL || !self->stages.indexer->fitted)
        return QN_OK;
    bool keep = qn_options_is(self->base.options, "handle_invalid", "keep");
    for (int32_t i = in->count; i < self->indexed.count; i++) {
        const qn_attributes *nominal = self->indexed.fields[i].attributes;
        if (nominal->count - keep < 1)
            return qn_fail(QN_DATA, "column '%s' has no category: there is no row, or only nulls",
                           nominal->source);
        if (nominal->count < 2 && is_term(self, nominal->source))
            return qn_fail(QN_DATA, "column '%s' has one category only, '%s'; a term needs two",
                           nominal->source, nominal->names[0]);
    }
    return QN_OK;
}

/* Binds the stages inside one after the other: `vectors` is the input and the vector. */
static qn_status bind_stages(r_formula *self, const qn_schema *in) {
    qn_schema encoded;
    qn_attributes *attributes = NULL;
    drop_schemas(self);
    if (self->stages.indexer != NULL)
        QN_TRY(qn_stage_bind(self->stages.indexer, in, &self->indexed));
    else
        QN_TRY(qn_schema_copy(&self->indexed, in));
    QN_TRY(check_categories(self, in));
    QN_TRY(qn_stage_bind(self->stages.encoder, &self->indexed, &encoded));
    const qn_field *vector = &encoded.fields[encoded.count - 1];
    qn_status status = qn_formula_rename(&attributes, vector->attributes, in);
    if (status == QN_OK)
        status = qn_schema_copy(&self->vectors, in);
    if (status == QN_OK)
        status = qn_columns_add(&self->vectors, vector->name, QN_VECTOR, vector->width, attributes);
    qn_attributes_release(attributes);
    qn_schema_clear(&encoded);
    return status;
}

static qn_status bind_label(r_formula *self, qn_schema *out) {
    if (self->use == INDEX_LABEL)
        return qn_stage_bind(self->label, &self->vectors, out);
    QN_TRY(qn_schema_copy(out, &self->vectors));
    if (self->use == NO_LABEL)
        return QN_OK;
    return qn_columns_add(out, option(&self->base, "label_col"), QN_FLOAT64, 0, NULL);
}

static qn_status bind_formula(r_formula *self, qn_formula *formula, const qn_schema *in,
                              qn_schema *out) {
    if (qn_schema_find(in, option(&self->base, "features_col")) >= 0)
        return qn_fail(QN_JOB, "output column '%s' exists already",
                       option(&self->base, "features_col"));
    QN_TRY(find_use(self, formula, in));
    if (!self->base.fitted)
        QN_TRY(build(self, formula, in));
    QN_TRY(bind_stages(self, in));
    return bind_label(self, out);
}

static qn_status bind(qn_stage *stage, const qn_schema *in, qn_schema *out) {
    qn_formula formula;
    if (!qn_options_is_set(stage->options, "formula"))
        return qn_fail(QN_JOB, "formula is not set");
    QN_TRY(qn_formula_parse(&formula, option(stage, "formula")));
    qn_status status = bind_formula((r_formula *)stage, &formula, in, out);
    qn_formula_clear(&formula);
    return status;
}

/* ---- Fitting -------------------------------------------------------------------------------- */

static bool skips(const r_formula *self) {
    return qn_options_is(self->base.options, "handle_invalid", "skip");
}

/* The stages of the encoder read nothing: what the indexer says is all they need. */
static qn_status fit_encoder(r_formula *self, const qn_schema *in, qn_comm *comm) {
    qn_stream *none = NULL;
    qn_status status = bind_stages(self, in);
    if (status == QN_OK)
        status = qn_stream_of_batches(&none, &self->indexed, NULL, 0);
    status = qn_comm_agree(comm, status);
    if (status == QN_OK)
        status = qn_stage_fit(self->stages.encoder, none, comm);
    qn_stream_free(none);
    return status;
}

/* A stream of the rows that are left once the features skipped theirs. */
static qn_status open_features(r_formula *self, qn_stream *in, qn_stream **out) {
    qn_stream *rows = NULL;
    QN_TRY(qn_stream_borrow(&rows, in));
    if (self->stages.indexer != NULL)
        QN_TRY(qn_stage_stream(&rows, self->stages.indexer, rows));
    return qn_stage_stream(out, self->stages.encoder, rows);
}

static qn_status fit_label_behind(r_formula *self, qn_stream *in, qn_comm *comm) {
    qn_stream *rows = NULL;
    qn_status status = qn_comm_agree(comm, open_features(self, in, &rows));
    if (status == QN_OK)
        status = qn_stage_fit(self->label, rows, comm);
    qn_stream_free(rows);
    return status;
}

static qn_status fit(qn_stage *stage, qn_stream *in, qn_comm *comm) {
    r_formula *self = (r_formula *)stage;
    qn_stage *scanned[2];
    int64_t count = 0;
    if (self->stages.indexer != NULL)
        scanned[count++] = self->stages.indexer;
    if (self->label != NULL && !skips(self))
        scanned[count++] = self->label;
    if (count > 0)
        QN_TRY(qn_stage_fit_together(scanned, count, in, comm));
    QN_TRY(fit_encoder(self, &in->schema, comm));
    return self->label != NULL && skips(self) ? fit_label_behind(self, in, comm) : QN_OK;
}

/* ---- Transform ------------------------------------------------------------------------------ */

/* The input's columns and the last one of `encoded`. */
static qn_status pick(const qn_batch *encoded, int32_t inputs, qn_batch *out) {
    QN_TRY(qn_batch_reserve(out, inputs + 1));
    out->length = encoded->length;
    out->first_row = encoded->first_row;
    out->row_ids = encoded->row_ids == NULL ? NULL : qn_column_retain(encoded->row_ids);
    for (int32_t i = 0; i < inputs; i++)
        out->columns[i] = qn_column_retain(encoded->columns[i]);
    out->columns[inputs] = qn_column_retain(encoded->columns[encoded->count - 1]);
    return QN_OK;
}

static qn_status make_vectors(const r_formula *self, const qn_schema *schema, const qn_batch *in,
                              qn_batch *out) {
    qn_batch indexed, encoded;
    qn_batch_init(&indexed);
    qn_batch_init(&encoded);
    qn_status status = self->stages.indexer == NULL
                           ? qn_batch_share(&indexed, in)
                           : qn_stage_transform(self->stages.indexer, schema, in, &indexed);
    if (status == QN_OK)
        status = qn_stage_transform(self->stages.encoder, &self->indexed, &indexed, &encoded);
    if (status == QN_OK)
        status = pick(&encoded, in->count, out);
    qn_batch_clear(&indexed);
    qn_batch_clear(&encoded);
    return status;
}

static qn_status cast_label(const r_formula *self, qn_batch *batch) {
    const qn_column *from = batch->columns[self->label_index];
    qn_column *label = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_column_new(&label, QN_FLOAT64, from->length, 0));
    qn_columns_reals(from, 0, from->length, label->f64);
    for (int64_t i = 0; from->null_count > 0 && i < from->length && status == QN_OK; i++) {
        if (!qn_column_is_null(from, i))
            continue;
        label->f64[i] = 0;
        status = qn_column_set_null(label, i);
    }
    if (status == QN_OK)
        return qn_batch_append(batch, label);
    qn_column_release(label);
    return status;
}

static qn_status transform(const qn_stage *stage, const qn_schema *schema, const qn_batch *in,
                           qn_batch *out) {
    const r_formula *self = (const r_formula *)stage;
    if (self->use != INDEX_LABEL) {
        QN_TRY(make_vectors(self, schema, in, out));
        return self->use == CAST_LABEL ? cast_label(self, out) : QN_OK;
    }
    qn_batch vectors;
    qn_batch_init(&vectors);
    qn_status status = make_vectors(self, schema, in, &vectors);
    if (status == QN_OK)
        status = qn_stage_transform(self->label, &self->vectors, &vectors, out);
    qn_batch_clear(&vectors);
    return status;
}

/* ---- State ---------------------------------------------------------------------------------- */

static qn_status persist_stage(r_formula *self, qn_archive *archive, const char *group,
                               qn_stage **stage) {
    bool exists = *stage != NULL;
    char has[32];
    snprintf(has, sizeof has, "has_%s", group);
    QN_TRY(qn_archive_bool(archive, has, &exists));
    if (!exists)
        return QN_OK;
    return qn_archive_writing(archive)
               ? qn_stage_save(*stage, archive, group)
               : qn_stage_load(stage, self->base.registries, archive, group);
}

static qn_status persist(qn_stage *stage, qn_archive *archive) {
    r_formula *self = (r_formula *)stage;
    QN_TRY(qn_archive_texts(archive, "terms", &self->terms, &self->term_count));
    QN_TRY(persist_stage(self, archive, "indexer", &self->stages.indexer));
    QN_TRY(persist_stage(self, archive, "encoder", &self->stages.encoder));
    QN_TRY(persist_stage(self, archive, "label", &self->label));
    if (self->stages.encoder == NULL)
        return qn_fail(QN_DATA, "the file's r_formula has no encoder");
    return QN_OK;
}

static qn_status describe_stage(const qn_stage *stage, const char *name, json_t *object) {
    json_t *description = NULL;
    if (stage == NULL)
        return QN_OK;
    QN_TRY(qn_stage_describe(stage, &description));
    return json_object_set_new(object, name, description) == 0
               ? QN_OK
               : qn_fail(QN_MEMORY, "out of memory");
}

static qn_status describe(const qn_stage *stage, json_t *object) {
    const r_formula *self = (const r_formula *)stage;
    json_t *terms = json_array();
    int failed = 0;
    for (int64_t i = 0; i < self->term_count; i++)
        failed |= json_array_append_new(terms, json_string(self->terms[i]));
    failed |= json_object_set_new(object, "terms", terms);
    if (failed)
        return qn_fail(QN_MEMORY, "out of memory");
    QN_TRY(describe_stage(self->stages.indexer, "indexer", object));
    QN_TRY(describe_stage(self->stages.encoder, "encoder", object));
    return describe_stage(self->label, "label", object);
}

static void clear(qn_stage *stage) {
    r_formula *self = (r_formula *)stage;
    drop_stages(self);
    drop_schemas(self);
    self->use = NO_LABEL;
}

const qn_stage_class qn_r_formula_class = {
    .name = "r_formula",
    .help = "features and label as a formula of R says",
    .kind = QN_STAGE_ESTIMATOR,
    .size = sizeof(r_formula),
    .options = options,
    .bind = bind,
    .fit = fit,
    .transform = transform,
    .persist = persist,
    .describe = describe,
    .clear = clear,
};
