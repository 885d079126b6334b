/* Inside r_formula: lists of terms, for the parser and the resolution of formulas. */
#ifndef QUERN_FEATURES_STAGE_GLUE_R_FORMULA_PRIVATE_H
#define QUERN_FEATURES_STAGE_GLUE_R_FORMULA_PRIVATE_H

#include "features/stage/glue/r_formula_terms.h"

qn_formula_term qn_formula_term_of(int32_t factor);

/* Local. JOB errors: too many terms, too many factors. `out` and `a` are added to. */
QN_CHECKED qn_status qn_formula_terms_add(qn_formula_terms *terms, const qn_formula_term *term);
QN_CHECKED qn_status qn_formula_terms_append(qn_formula_terms *terms, const qn_formula_terms *more);
QN_CHECKED qn_status qn_formula_terms_delete(qn_formula_terms *terms, const qn_formula_terms *more);
QN_CHECKED qn_status qn_formula_terms_multiply(const qn_formula_terms *a, const qn_formula_terms *b,
                                               qn_formula_terms *out);
QN_CHECKED qn_status qn_formula_terms_cross(qn_formula_terms *a, const qn_formula_terms *b);
void qn_formula_terms_clear(qn_formula_terms *terms);

/* Local. The index of a name, which is added if it is new. */
QN_CHECKED qn_status qn_formula_name(qn_formula *formula, const char *name, int64_t length,
                                     int64_t offset, int32_t *out);

#endif
