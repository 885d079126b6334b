/* R's model formulas, read as Spark's RFormula reads them: "y ~ a + b:c" as a label and terms, each
 * a product of columns. */
#ifndef QUERN_FEATURES_STAGE_GLUE_R_FORMULA_TERMS_H
#define QUERN_FEATURES_STAGE_GLUE_R_FORMULA_TERMS_H

#include "core/column/schema.h"

enum {
    QN_FORMULA_LENGTH = 16384,   /* bytes of a formula */
    QN_FORMULA_DEPTH = 100,      /* nested parentheses */
    QN_FORMULA_TERMS = 2000,     /* terms, also in between */
    QN_FORMULA_PRODUCTS = 60000, /* interactions that one operator makes, before equal ones go */
    QN_FORMULA_FACTORS = 16,     /* columns of one interaction */
    QN_FORMULA_DOT = 0           /* the name that stands for all columns but the label */
};

/* A product of names, or a 0 or 1 that says whether there is an intercept; `deleted`: behind a
 * minus. */
typedef struct qn_formula_term {
    bool deleted, constant, one;
    int32_t count;
    uint64_t set;                        /* of factors, modulo 64 */
    int32_t factors[QN_FORMULA_FACTORS]; /* indices of names */
} qn_formula_term;

typedef struct qn_formula_terms {
    int64_t count, capacity;
    qn_formula_term *items;
} qn_formula_terms;

/* names[QN_FORMULA_DOT] is ".". offsets: where in the text each name is first, -1 for those that
 * only a dot stands for. */
typedef struct qn_formula {
    const char *text; /* borrowed */
    char *label;      /* NULL: none */
    int64_t label_offset;
    int64_t name_count, name_capacity, offset_capacity;
    char **names;
    int64_t *offsets;
    bool intercept;
    qn_formula_terms terms;
} qn_formula;

/* Local. `text` must outlive the formula. JOB error at formula:LINE:COLUMN. Grammar, loosest first:
 *     formula = [name] "~" sum
 *     sum     = ["+" | "-"] cross { ("+" | "-") cross }
 *     cross   = product { "*" product }        a*b is a + b + a:b
 *     product = power { ":" power }
 *     power   = primary [ "^" integer ]        (a + b)^2 is (a + b)*(a + b)
 *     primary = "(" sum ")" | "." | "0" | "1" | name
 * Names: letters, digits, '_' and '.', not beginning with a digit; or any text in backticks. */
QN_CHECKED qn_status qn_formula_parse(qn_formula *out, const char *text);
void qn_formula_clear(qn_formula *formula);

/* Local. Says which columns of `schema` the dots are (numeric, bool, string and vector ones but the
 * label), carries out deletions and drops what is there twice: `terms` are then distinct products
 * to be added, in order. JOB error for a name that `schema` does not have. */
QN_CHECKED qn_status qn_formula_resolve(qn_formula *formula, const qn_schema *schema);

#endif
