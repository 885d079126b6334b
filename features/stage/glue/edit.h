/* Stages that change the list of columns instead of adding to it.
 *
 * They are estimators without anything to fit: before the fit all their columns must be there, so
 * that slips are found; a fitted one goes on without those that are missing, for what nobody asks
 * for later (a label, at prediction) need not be there to be dropped or renamed. */
#ifndef QUERN_FEATURES_STAGE_GLUE_EDIT_H
#define QUERN_FEATURES_STAGE_GLUE_EDIT_H

#include "mpi/stage.h"

/* Local. The names in a list option, borrowed. JOB errors: not set, empty, a name given twice. */
QN_CHECKED qn_status qn_edit_names(const qn_stage *stage, const char *option, char *const **out,
                                   int64_t *count);

/* Local. out[i] is the place of names[i] in `schema`, -1 for one that a fitted stage goes on
 * without; the caller's. JOB error for one that is missing before the fit. */
QN_CHECKED qn_status qn_edit_find(const qn_stage *stage, const qn_schema *schema,
                                  char *const *names, int64_t count, int32_t **out);

/* Which of the names has column `index`; -1: none. */
int64_t qn_edit_position(const int32_t *places, int64_t count, int32_t index);

/* Local. Says of a column that could not be made why. */
QN_CHECKED qn_status qn_edit_note_absence(qn_schema *out, const qn_schema *in, const char *source,
                                          const char *made, const char *verb);

/* Local. Copies the absences of `in`. */
QN_CHECKED qn_status qn_edit_copy_absences(qn_schema *out, const qn_schema *in);

/* The fit of such a stage: nothing to do. */
QN_CHECKED qn_status qn_edit_fit(qn_stage *stage, qn_stream *in, qn_comm *comm);

#endif
