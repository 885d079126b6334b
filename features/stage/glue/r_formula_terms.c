/* Terms: the algebra of formulas, and what they mean for a schema. */
#include "features/stage/glue/r_formula_private.h"

#include "core/memory.h"
#include "features/plan/source.h"

#include <string.h>

/* ---- Products ------------------------------------------------------------------------------- */

static bool has_factor(const qn_formula_term *term, int32_t factor) {
    for (int32_t i = 0; i < term->count; i++)
        if (term->factors[i] == factor)
            return true;
    return false;
}

qn_formula_term qn_formula_term_of(int32_t factor) {
    return (qn_formula_term){.count = 1, .set = UINT64_C(1) << (factor & 63), .factors = {factor}};
}

/* The same set of factors; dots count as often as they stand there. */
static bool same_product(const qn_formula_term *a, const qn_formula_term *b) {
    if (a->set != b->set || a->constant || b->constant || a->count != b->count)
        return false;
    int32_t dots = 0;
    for (int32_t i = 0; i < a->count; i++) {
        if (!has_factor(b, a->factors[i]))
            return false;
        dots += (a->factors[i] == QN_FORMULA_DOT) - (b->factors[i] == QN_FORMULA_DOT);
    }
    return dots == 0;
}

/* a:a is a; but .:. is all pairs of columns. */
static bool add_factor(qn_formula_term *term, int32_t factor) {
    if (factor != QN_FORMULA_DOT && has_factor(term, factor))
        return true;
    if (term->count == QN_FORMULA_FACTORS)
        return false;
    term->factors[term->count++] = factor;
    term->set |= UINT64_C(1) << (factor & 63);
    return true;
}

/* ---- Lists ---------------------------------------------------------------------------------- */

qn_status qn_formula_terms_add(qn_formula_terms *terms, const qn_formula_term *term) {
    if (terms->count >= QN_FORMULA_TERMS)
        return qn_fail(QN_JOB, "the formula has more than %d terms", QN_FORMULA_TERMS);
    QN_TRY(qn_mem_reserve(&terms->items, &terms->capacity, terms->count + 1, sizeof *terms->items));
    terms->items[terms->count++] = *term;
    return QN_OK;
}

void qn_formula_terms_clear(qn_formula_terms *terms) {
    qn_mem_free(terms->items);
    *terms = (qn_formula_terms){0};
}

static int64_t find_product(const qn_formula_terms *terms, const qn_formula_term *term) {
    for (int64_t i = 0; i < terms->count; i++)
        if (same_product(&terms->items[i], term))
            return i;
    return -1;
}

static bool is_plain(const qn_formula_terms *terms) {
    for (int64_t i = 0; i < terms->count; i++)
        if (terms->items[i].deleted || terms->items[i].constant)
            return false;
    return true;
}

qn_status qn_formula_terms_append(qn_formula_terms *terms, const qn_formula_terms *more) {
    for (int64_t i = 0; i < more->count; i++)
        QN_TRY(qn_formula_terms_add(terms, &more->items[i]));
    return QN_OK;
}

qn_status qn_formula_terms_delete(qn_formula_terms *terms, const qn_formula_terms *more) {
    for (int64_t i = 0; i < more->count; i++) {
        qn_formula_term term = more->items[i];
        term.deleted = true; /* a deletion within a deletion stays one, as in Spark */
        QN_TRY(qn_formula_terms_add(terms, &term));
    }
    return QN_OK;
}

static qn_status multiply(const qn_formula_term *a, const qn_formula_term *b,
                          qn_formula_term *out) {
    qn_formula_term product = *a;
    product.deleted = a->deleted || b->deleted;
    for (int32_t i = 0; i < b->count; i++)
        if (!add_factor(&product, b->factors[i]))
            return qn_fail(QN_JOB, "an interaction has more than %d columns", QN_FORMULA_FACTORS);
    *out = product;
    return QN_OK;
}

/* Every term of one with every term of the other; those with 0 or 1 come to nothing, as in Spark.
 * What is there twice is left out, unless deletions make the order matter. */
qn_status qn_formula_terms_multiply(const qn_formula_terms *a, const qn_formula_terms *b,
                                    qn_formula_terms *out) {
    bool distinct = is_plain(a) && is_plain(b) && is_plain(out);
    if (a->count * b->count > QN_FORMULA_PRODUCTS)
        return qn_fail(QN_JOB, "%lld terms interact with %lld, which is too many",
                       (long long)a->count, (long long)b->count);
    for (int64_t i = 0; i < a->count; i++) {
        for (int64_t k = 0; k < b->count; k++) {
            qn_formula_term product;
            if (a->items[i].constant || b->items[k].constant)
                continue;
            QN_TRY(multiply(&a->items[i], &b->items[k], &product));
            if (!distinct || find_product(out, &product) < 0)
                QN_TRY(qn_formula_terms_add(out, &product));
        }
    }
    return QN_OK;
}

/* a + b + a:b, in a. */
qn_status qn_formula_terms_cross(qn_formula_terms *a, const qn_formula_terms *b) {
    qn_formula_terms crossed = {0};
    bool distinct = is_plain(a) && is_plain(b);
    qn_status status;
    QN_TRY_GOTO(qn_formula_terms_append(&crossed, a), done);
    for (int64_t i = 0; i < b->count; i++)
        if (!distinct || find_product(&crossed, &b->items[i]) < 0)
            QN_TRY_GOTO(qn_formula_terms_add(&crossed, &b->items[i]), done);
    QN_TRY_GOTO(qn_formula_terms_multiply(a, b, &crossed), done);
    qn_formula_terms former = *a;
    *a = crossed;
    crossed = former;
done:
    qn_formula_terms_clear(&crossed);
    return status;
}

/* ---- Names ---------------------------------------------------------------------------------- */

qn_status qn_formula_name(qn_formula *formula, const char *name, int64_t length, int64_t offset,
                          int32_t *out) {
    for (int64_t i = 0; i < formula->name_count; i++) {
        if (i != QN_FORMULA_DOT && strncmp(formula->names[i], name, (size_t)length) == 0 &&
            formula->names[i][length] == '\0') {
            *out = (int32_t)i;
            return QN_OK;
        }
    }
    int64_t count = formula->name_count;
    char *copy = NULL;
    QN_TRY(qn_mem_reserve(&formula->names, &formula->name_capacity, count + 1,
                          sizeof *formula->names));
    QN_TRY(qn_mem_reserve(&formula->offsets, &formula->offset_capacity, count + 1,
                          sizeof *formula->offsets));
    QN_TRY(qn_format(&copy, "%.*s", (int)length, name));
    formula->names[count] = copy;
    formula->offsets[count] = offset;
    formula->name_count++;
    *out = (int32_t)count;
    return QN_OK;
}

void qn_formula_clear(qn_formula *formula) {
    qn_mem_free_all(formula->names, formula->name_count);
    qn_mem_free(formula->offsets);
    qn_mem_free(formula->label);
    qn_formula_terms_clear(&formula->terms);
    *formula = (qn_formula){0};
}

/* ---- Meaning -------------------------------------------------------------------------------- */

static bool stands_for(const qn_formula *formula, const qn_field *field) {
    bool type = qn_type_is_numeric(field->type) || field->type == QN_BOOL ||
                field->type == QN_STRING || field->type == QN_VECTOR;
    return type && (formula->label == NULL || strcmp(formula->label, field->name) != 0);
}

/* Each column that a dot stands for, as a term. */
static qn_status expand_dot(qn_formula *formula, const qn_schema *schema, qn_formula_terms *out) {
    for (int32_t i = 0; i < schema->count; i++) {
        const char *name = schema->fields[i].name;
        int32_t factor;
        if (!stands_for(formula, &schema->fields[i]))
            continue;
        QN_TRY(qn_formula_name(formula, name, (int64_t)strlen(name), -1, &factor));
        qn_formula_term term = qn_formula_term_of(factor);
        QN_TRY(qn_formula_terms_add(out, &term));
    }
    return QN_OK;
}

/* In place: those with fewer factors first, else in their order. */
static void sort_by_factors(qn_formula_terms *terms) {
    for (int64_t i = 1; i < terms->count; i++) {
        qn_formula_term term = terms->items[i];
        int64_t at = i;
        for (; at > 0 && terms->items[at - 1].count > term.count; at--)
            terms->items[at] = terms->items[at - 1];
        terms->items[at] = term;
    }
}

/* The products that the factors of `term` from `first` on stand for: more than one where there are
 * dots. In Spark's order: from the last factor on, shorter ones first at every step. */
static qn_status expand_product(const qn_formula_term *term, const qn_formula_terms *dot,
                                qn_formula_terms *out) {
    qn_formula_terms rest = {0}, next = {0};
    qn_formula_term empty = {.count = 0};
    qn_status status = qn_formula_terms_add(&rest, &empty);
    for (int32_t i = term->count - 1; i >= 0 && status == QN_OK; i--) {
        qn_formula_term one = qn_formula_term_of(term->factors[i]);
        qn_formula_terms single = {1, 1, &one};
        status = qn_formula_terms_multiply(one.factors[0] == QN_FORMULA_DOT ? dot : &single, &rest,
                                           &next);
        sort_by_factors(&next);
        qn_formula_terms_clear(&rest);
        rest = next;
        next = (qn_formula_terms){0};
    }
    if (status == QN_OK)
        *out = rest;
    else
        qn_formula_terms_clear(&rest);
    return status;
}

static void remove_product(qn_formula_terms *terms, const qn_formula_term *term) {
    int64_t at = find_product(terms, term);
    if (at < 0)
        return;
    memmove(&terms->items[at], &terms->items[at + 1],
            (size_t)(terms->count - at - 1) * sizeof *terms->items);
    terms->count--;
}

/* Adds to, or deletes from, what is resolved so far. */
static qn_status resolve_term(const qn_formula_term *term, const qn_formula_terms *dot,
                              qn_formula_terms *resolved) {
    qn_formula_terms products = {0};
    QN_TRY(expand_product(term, dot, &products));
    qn_status status = QN_OK;
    for (int64_t i = 0; i < products.count && status == QN_OK; i++) {
        if (term->deleted)
            remove_product(resolved, &products.items[i]);
        else if (find_product(resolved, &products.items[i]) < 0)
            status = qn_formula_terms_add(resolved, &products.items[i]);
    }
    qn_formula_terms_clear(&products);
    return status;
}

static qn_status check_names(const qn_formula *formula, const qn_schema *schema) {
    for (int64_t i = QN_FORMULA_DOT + 1; i < formula->name_count; i++) {
        int32_t index;
        qn_status status = qn_schema_require(schema, formula->names[i], &index);
        if (status == QN_OK)
            continue;
        qn_source_locate_in("formula", qn_view_of(formula->text), formula->offsets[i]);
        return status;
    }
    return QN_OK;
}

qn_status qn_formula_resolve(qn_formula *formula, const qn_schema *schema) {
    qn_formula_terms dot = {0}, resolved = {0};
    qn_status status;
    QN_TRY_GOTO(check_names(formula, schema), done);
    QN_TRY_GOTO(expand_dot(formula, schema, &dot), done);
    for (int64_t i = 0; i < formula->terms.count; i++)
        if (!formula->terms.items[i].constant)
            QN_TRY_GOTO(resolve_term(&formula->terms.items[i], &dot, &resolved), done);
    qn_formula_terms former = formula->terms;
    formula->terms = resolved;
    resolved = former;
done:
    qn_formula_terms_clear(&dot);
    qn_formula_terms_clear(&resolved);
    return status;
}
