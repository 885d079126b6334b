#include "features/stage/glue/r_formula_stages.h"

#include "core/memory.h"
#include "features/pipeline.h"
#include "features/stage/registry.h"

#include <string.h>

/* What the columns in between are called: a column's name, or a term, and one of these. */
#define INDEX   " (index)"
#define ONE_HOT " (one-hot)"
#define PRODUCT " (product)"

/* ---- Lists of names ------------------------------------------------------------------------- */

typedef struct names {
    int64_t count, capacity;
    char **items;
} names;

static void names_clear(names *list) {
    qn_mem_free_all(list->items, list->count);
    *list = (names){0};
}

static qn_status names_add(names *list, const char *name) {
    char *copy = NULL;
    QN_TRY(qn_mem_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items));
    QN_TRY(qn_mem_copy_text(&copy, name));
    list->items[list->count++] = copy;
    return QN_OK;
}

static int64_t names_find(const names *list, const char *name) {
    for (int64_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0)
            return i;
    return -1;
}

/* ---- Making stages -------------------------------------------------------------------------- */

static qn_status make_stage(qn_stage **out, const char *class_name) {
    const qn_registry registries[] = {qn_feature_stages, NULL};
    const qn_stage_class *class_ = NULL;
    QN_TRY(qn_stage_find(registries, class_name, &class_));
    return qn_stage_new(out, class_);
}

static qn_status set_names(qn_stage *stage, const char *option, const names *list) {
    return qn_stage_set_list(stage, option, (const char *const *)list->items, list->count);
}

/* A stage of several columns with an option; takes nothing over. */
static qn_status make_columns(qn_stage **out, const char *class_name, const names *inputs,
                              const names *outputs) {
    qn_stage *stage = NULL;
    QN_TRY(make_stage(&stage, class_name));
    qn_status status = set_names(stage, "input_cols", inputs);
    if (status == QN_OK)
        status = set_names(stage, "output_cols", outputs);
    if (status == QN_OK)
        *out = stage;
    else
        qn_stage_free(stage);
    return status;
}

/* A stage of several columns that makes one. */
static qn_status make_joining(qn_stage **out, const char *class_name, const names *inputs,
                              const char *output) {
    qn_stage *stage = NULL;
    QN_TRY(make_stage(&stage, class_name));
    qn_status status = set_names(stage, "input_cols", inputs);
    if (status == QN_OK)
        status = qn_stage_set(stage, "output_col", output);
    if (status == QN_OK)
        *out = stage;
    else
        qn_stage_free(stage);
    return status;
}

qn_status qn_formula_build_label(qn_stage **out, const char *label, const char *label_col,
                                 const char *handle_invalid) {
    qn_stage *stage = NULL;
    QN_TRY(make_stage(&stage, "string_indexer"));
    qn_status status = qn_stage_set(stage, "input_col", label);
    if (status == QN_OK)
        status = qn_stage_set(stage, "output_col", label_col);
    if (status == QN_OK)
        status = qn_stage_set(stage, "handle_invalid", handle_invalid);
    if (status == QN_OK)
        *out = stage;
    else
        qn_stage_free(stage);
    return status;
}

/* ---- Building ------------------------------------------------------------------------------- */

typedef struct builder {
    const qn_formula *formula;
    const qn_schema *schema;
    const qn_formula_options *options;
    qn_stage *encoder;
    names texts, indices;     /* string columns and their indices */
    names encoded, one_hot;   /* indices and their 0/1 vectors, the last category left out */
    names terms;              /* the column of each term */
    int64_t whole;            /* as in qn_formula_stages */
    bool reference_left_open; /* without intercept, until one string term kept all categories */
} builder;

/* A name that no column has, "base" or "base 2" ... with `mark` behind it. */
static qn_status free_name(const builder *self, const char *base, const char *mark, char **out) {
    for (int64_t i = 1;; i++) {
        char *name = NULL;
        QN_TRY(i == 1 ? qn_format(&name, "%s%s", base, mark)
                      : qn_format(&name, "%s %lld%s", base, (long long)i, mark));
        if (qn_schema_find(self->schema, name) < 0 &&
            strcmp(name, self->options->features_col) != 0) {
            *out = name;
            return QN_OK;
        }
        qn_mem_free(name);
    }
}

static qn_status add_free_name(const builder *self, const char *base, const char *mark,
                               names *list) {
    char *name = NULL;
    QN_TRY(free_name(self, base, mark, &name));
    qn_status status = names_add(list, name);
    qn_mem_free(name);
    return status;
}

static bool is_text(const builder *self, const char *column) {
    return self->schema->fields[qn_schema_find(self->schema, column)].type == QN_STRING;
}

static qn_status index_texts(builder *self) {
    const qn_formula *formula = self->formula;
    for (int64_t t = 0; t < formula->terms.count; t++) {
        const qn_formula_term *term = &formula->terms.items[t];
        for (int32_t i = 0; i < term->count; i++) {
            const char *column = formula->names[term->factors[i]];
            if (!is_text(self, column) || names_find(&self->texts, column) >= 0)
                continue;
            QN_TRY(names_add(&self->texts, column));
            QN_TRY(add_free_name(self, column, INDEX, &self->indices));
        }
    }
    return QN_OK;
}

/* The column itself, or its index. */
static const char *number_of(const builder *self, const char *column) {
    int64_t text = names_find(&self->texts, column);
    return text < 0 ? column : self->indices.items[text];
}

/* A string term of its own. The one whose categories all stay has an encoder of its own. */
static qn_status add_text_term(builder *self, const char *column) {
    QN_TRY(add_free_name(self, column, ONE_HOT, &self->terms));
    const char *output = self->terms.items[self->terms.count - 1];
    const char *input = number_of(self, column);
    if (!self->reference_left_open) {
        QN_TRY(names_add(&self->encoded, input));
        return names_add(&self->one_hot, output);
    }
    self->reference_left_open = false;
    self->whole = self->terms.count - 1;
    qn_stage *stage = NULL;
    QN_TRY(make_stage(&stage, "one_hot_encoder"));
    qn_status status = qn_stage_set(stage, "input_col", input);
    if (status == QN_OK)
        status = qn_stage_set(stage, "output_col", output);
    if (status == QN_OK)
        status = qn_stage_set(stage, "drop_last", "false");
    if (status == QN_OK)
        return qn_pipeline_add(self->encoder, stage);
    qn_stage_free(stage);
    return status;
}

static qn_status add_interaction(builder *self, const qn_formula_term *term) {
    names inputs = {0};
    char *text = NULL;
    qn_stage *stage = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_formula_print(&text, self->formula, term), done);
    QN_TRY_GOTO(add_free_name(self, text, PRODUCT, &self->terms), done);
    for (int32_t i = 0; i < term->count; i++)
        QN_TRY_GOTO(names_add(&inputs, number_of(self, self->formula->names[term->factors[i]])),
                    done);
    QN_TRY_GOTO(
        make_joining(&stage, "interaction", &inputs, self->terms.items[self->terms.count - 1]),
        done);
    status = qn_pipeline_add(self->encoder, stage);
done:
    names_clear(&inputs);
    qn_mem_free(text);
    return status;
}

static qn_status add_term(builder *self, const qn_formula_term *term) {
    const char *column = self->formula->names[term->factors[0]];
    if (term->count > 1)
        return add_interaction(self, term);
    return is_text(self, column) ? add_text_term(self, column) : names_add(&self->terms, column);
}

/* The encoder of all other string terms, and the assembler. */
static qn_status add_last_stages(builder *self) {
    qn_stage *stage = NULL;
    if (self->encoded.count > 0) {
        QN_TRY(make_columns(&stage, "one_hot_encoder", &self->encoded, &self->one_hot));
        QN_TRY(qn_pipeline_add(self->encoder, stage));
    }
    QN_TRY(make_joining(&stage, "vector_assembler", &self->terms, self->options->features_col));
    qn_status status = qn_stage_set(stage, "handle_invalid", self->options->handle_invalid);
    if (status == QN_OK)
        return qn_pipeline_add(self->encoder, stage);
    qn_stage_free(stage);
    return status;
}

static qn_status make_indexer(const builder *self, qn_stage **out) {
    qn_stage *stage = NULL;
    if (self->texts.count == 0)
        return QN_OK;
    QN_TRY(make_columns(&stage, "string_indexer", &self->texts, &self->indices));
    qn_status status = qn_stage_set(stage, "string_order_type", self->options->order);
    if (status == QN_OK)
        status = qn_stage_set(stage, "handle_invalid", self->options->handle_invalid);
    if (status == QN_OK)
        *out = stage;
    else
        qn_stage_free(stage);
    return status;
}

qn_status qn_formula_build(qn_formula_stages *out, const qn_formula *formula,
                           const qn_schema *schema, const qn_formula_options *options) {
    builder self = {.formula = formula, .schema = schema, .options = options};
    self.reference_left_open = !formula->intercept;
    self.whole = -1;
    qn_stage *indexer = NULL;
    qn_status status;
    if (formula->terms.count == 0)
        return qn_fail(QN_JOB, "the formula has no terms");
    QN_TRY_GOTO(qn_pipeline_new(&self.encoder, NULL, 0), done);
    QN_TRY_GOTO(index_texts(&self), done);
    for (int64_t i = 0; i < formula->terms.count; i++)
        QN_TRY_GOTO(add_term(&self, &formula->terms.items[i]), done);
    QN_TRY_GOTO(add_last_stages(&self), done);
    QN_TRY_GOTO(make_indexer(&self, &indexer), done);
    *out = (qn_formula_stages){indexer, self.encoder, self.whole};
    self.encoder = NULL;
done:
    qn_stage_free(self.encoder);
    names_clear(&self.texts);
    names_clear(&self.indices);
    names_clear(&self.encoded);
    names_clear(&self.one_hot);
    names_clear(&self.terms);
    return status;
}

/* ---- Names ---------------------------------------------------------------------------------- */

qn_status qn_formula_print(char **out, const qn_formula *formula, const qn_formula_term *term) {
    qn_text text;
    qn_text_init(&text);
    for (int32_t i = 0; i < term->count; i++) {
        qn_status status =
            qn_text_printf(&text, "%s%s", i > 0 ? ":" : "", formula->names[term->factors[i]]);
        if (status != QN_OK) {
            qn_text_clear(&text);
            return status;
        }
    }
    *out = text.data;
    return QN_OK;
}

/* Behind "TERM (product)_", unless that begins the name of a column of the input. */
static const char *own_name(const char *name, const qn_schema *schema) {
    const char *mark = strstr(name, PRODUCT "_");
    for (int32_t i = 0; mark != NULL && i < schema->count; i++)
        if (strncmp(schema->fields[i].name, name, strlen(schema->fields[i].name)) == 0 &&
            strstr(schema->fields[i].name, PRODUCT) != NULL)
            return name;
    return mark == NULL ? name : mark + strlen(PRODUCT "_");
}

static qn_status copy_slots(qn_attributes *to, const qn_attributes *from) {
    for (int32_t i = 0; from->slots != NULL && i < from->count; i++)
        if (from->slots[i] != NULL)
            QN_TRY(qn_attributes_set_slot(to, i, from->slots[i]));
    return QN_OK;
}

qn_status qn_formula_rename(qn_attributes **out, const qn_attributes *of, const qn_schema *schema) {
    const char **slots = NULL;
    qn_attributes *attributes = NULL;
    qn_status status;
    *out = NULL;
    if (of == NULL || of->names == NULL)
        return QN_OK;
    QN_TRY_GOTO(qn_mem_alloc(&slots, (size_t)of->count, sizeof *slots), done);
    for (int32_t i = 0; i < of->count; i++)
        slots[i] = own_name(of->names[i], schema);
    QN_TRY_GOTO(qn_attributes_new(&attributes, of->kind, slots, of->count), done);
    QN_TRY_GOTO(copy_slots(attributes, of), done);
    *out = attributes;
    attributes = NULL;
done:
    qn_attributes_release(attributes);
    qn_mem_free(slots);
    return status;
}
