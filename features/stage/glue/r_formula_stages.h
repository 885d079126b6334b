/* Inside r_formula: the stages that compute a formula's terms. */
#ifndef QUERN_FEATURES_STAGE_GLUE_R_FORMULA_STAGES_H
#define QUERN_FEATURES_STAGE_GLUE_R_FORMULA_STAGES_H

#include "features/stage/glue/r_formula_terms.h"
#include "mpi/stage.h"

typedef struct qn_formula_stages {
    qn_stage *indexer; /* of the string columns; NULL: there are none */
    qn_stage *encoder; /* a pipeline: 0/1 vectors, interactions, and all of it as one vector */
    int64_t whole;     /* the string term that keeps all its categories; -1: none */
} qn_formula_stages;

typedef struct qn_formula_options {
    const char *features_col, *handle_invalid, *order;
} qn_formula_options;

/* Local. For a resolved formula on columns of `schema`. Columns in between get names that `schema`
 * does not have. */
QN_CHECKED qn_status qn_formula_build(qn_formula_stages *out, const qn_formula *formula,
                                      const qn_schema *schema, const qn_formula_options *options);

/* Local. A string_indexer of the label. */
QN_CHECKED qn_status qn_formula_build_label(qn_stage **out, const char *label,
                                            const char *label_col, const char *handle_invalid);

/* Local. `of`, the attributes of the encoder's vector, with slots named after the formula's columns
 * where they are named after columns in between, which `schema` does not have. NULL gives NULL. */
QN_CHECKED qn_status qn_formula_rename(qn_attributes **out, const qn_attributes *of,
                                       const qn_schema *schema);

/* Local. A term as text: "a", "b:c". The caller's. */
QN_CHECKED qn_status qn_formula_print(char **out, const qn_formula *formula,
                                      const qn_formula_term *term);

#endif
