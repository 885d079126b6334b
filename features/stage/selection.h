/* What stages that choose slots of a vector by the data have in common: after fitting, which slots
 * they keep, and how everything about it is bound, applied, saved and shown. Option tables begin
 * with QN_VECTORS_OPTIONS. */
#ifndef QUERN_FEATURES_STAGE_SELECTION_H
#define QUERN_FEATURES_STAGE_SELECTION_H

#include "features/stage/vectors.h"

typedef struct qn_selection {
    int64_t width;  /* slots seen while fitting */
    char **names;   /* of them */
    int32_t *slots; /* the chosen ones, ascending */
    int64_t count;
} qn_selection;

/* A number a slot that a selection was made by, for describe. */
typedef struct qn_selection_score {
    const char *name;
    const double *values;
} qn_selection_score;

/* Local. For bind: the output has the chosen slots, with their names and categories. */
QN_CHECKED qn_status qn_selection_bind(const qn_selection *selection, const qn_stage *stage,
                                       const qn_schema *in, qn_schema *out);

/* Local. Once, at the begin of a fit: notes width and names of the slots of a column. */
QN_CHECKED qn_status qn_selection_begin(qn_selection *selection, const qn_field *field);

/* Local. Chooses the slots where `keep` is true. */
QN_CHECKED qn_status qn_selection_keep(qn_selection *selection, const bool *keep);

QN_CHECKED qn_status qn_selection_transform(const qn_selection *selection, const qn_stage *stage,
                                            const qn_schema *schema, const qn_batch *in,
                                            qn_batch *out);

/* Collective. */
QN_CHECKED qn_status qn_selection_persist(qn_selection *selection, qn_archive *archive);

/* Local. Adds "features", an object for each slot with its name, scores and whether it was
 * selected. Scores that are not finite are null, but for infinities, which are texts. */
QN_CHECKED qn_status qn_selection_describe(const qn_selection *selection,
                                           const qn_selection_score *scores, int count,
                                           json_t *object);

void qn_selection_clear(qn_selection *selection);

#endif
