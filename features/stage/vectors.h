/* Stages that read a vector column and add another: finding the input, choosing slots, what every
 * one of them does with nulls, fitted arrays and names. Their option tables begin with
 * QN_VECTORS_OPTIONS. */
#ifndef QUERN_FEATURES_STAGE_VECTORS_H
#define QUERN_FEATURES_STAGE_VECTORS_H

#include "mpi/stage.h"

#define QN_VECTORS_OPTIONS                                                                         \
    {"input_col", QN_OPTION_TEXT, "features", NULL, "vector column to read"}, {                    \
        "output_col", QN_OPTION_TEXT, NULL, NULL, "vector column to add"                           \
    }

/* Local. Where input_col is in `schema`. JOB errors: missing, not a vector. */
QN_CHECKED qn_status qn_vectors_find(const qn_stage *stage, const qn_schema *schema, int32_t *out);

/* Local. JOB error if a fitted stage saw another number of slots than `field` has. */
QN_CHECKED qn_status qn_vectors_check_fitted(const qn_stage *stage, const qn_field *field,
                                             int64_t fitted);

/* Local. For bind: `out` becomes `in` and the vector column output_col. `attributes` is retained,
 * may be NULL; width 0: not known yet. JOB errors: output_col not set, name taken. */
QN_CHECKED qn_status qn_vectors_bind(const qn_stage *stage, const qn_schema *in, int32_t width,
                                     qn_attributes *attributes, qn_schema *out);

/* Local. The same for an output with a number for each slot of `field`: its names stay, but the
 * slots hold no category indices any more. */
QN_CHECKED qn_status qn_vectors_bind_numbers(const qn_stage *stage, const qn_schema *in,
                                             const qn_field *field, qn_schema *out);

/* Local. The same for a stage that was fitted on input_col with `fitted` slots: finds and checks
 * it first. */
QN_CHECKED qn_status qn_vectors_bind_fitted(const qn_stage *stage, const qn_schema *in,
                                            int64_t fitted, qn_schema *out);

/* Local. For finish: DATA error if no row of input_col, over all ranks, was there to fit. */
QN_CHECKED qn_status qn_vectors_check_rows(const qn_stage *stage, int64_t rows);

/* Local. For transform: `out` becomes `in` and `added`, which is taken over, also on failure. */
QN_CHECKED qn_status qn_vectors_append(const qn_batch *in, qn_column *added, qn_batch *out);

/* Local. While building `to` (without nulls so far, as long as `from`): makes the same rows null.
 * Null rows of a dense column are cleared; those of a sparse one must be empty already. */
QN_CHECKED qn_status qn_vectors_copy_nulls(qn_column *to, const qn_column *from);

/* Local. How a slot is called when it leaves its column, the caller's: "column_name",
 * "column_7" without a name; a name with '=' ("cut=Ideal") says all and stays. For plain columns
 * their name. */
QN_CHECKED qn_status qn_vectors_slot_name(char **out, const qn_field *field, int32_t slot);

/* The name of a slot within its column, or its number as text in `buffer`. */
const char *qn_vectors_name(const qn_field *field, int32_t slot, char buffer[16]);

/* Local. The rows of a vector column that are not null, the caller's; shared if all are. */
QN_CHECKED qn_status qn_vectors_present(qn_column **out, const qn_column *column);

/* Local. DATA error "slot 's' of column 'c' WHAT at row R (counting from 0)"; what: "is NaN". */
QN_CHECKED qn_status qn_vectors_fail_value(const qn_field *field, const qn_batch *batch,
                                           int64_t row, int32_t slot, const char *what);

/* ---- Choosing slots ------------------------------------------------------------------------- */

/* Local. A column of `count` of the slots of a dense or sparse vector column, in any order, each
 * at most once and within its width (not checked here). Dense stays dense, sparse stays sparse,
 * null rows stay null; all slots in their order share the column. Cost: dense 0.5 ns a
 * chosen value; sparse 1 ns a stored value, 3 ns where the order changes. */
QN_CHECKED qn_status qn_vectors_select(qn_column **out, const qn_column *column,
                                       const int32_t *slots, int64_t count);

/* Local. The attributes of that column: names and categories of the chosen slots; NULL if nothing
 * is known of `field`'s. The caller's reference. */
QN_CHECKED qn_status qn_vectors_select_attributes(qn_attributes **out, const qn_field *field,
                                                  const int32_t *slots, int32_t count);

/* ---- Fitted arrays -------------------------------------------------------------------------- */

typedef struct qn_vectors_array {
    const char *name;
    double **values;
} qn_vectors_array;

/* Collective. For persist: saves or loads `count` arrays of a value a slot. *width is their
 * length. DATA error if their lengths differ in the file. */
QN_CHECKED qn_status qn_vectors_persist(qn_archive *archive, const qn_vectors_array *arrays,
                                        int count, int64_t *width);

/* Local. For describe: adds them as JSON arrays, null for what is not finite. */
QN_CHECKED qn_status qn_vectors_describe(json_t *object, const qn_vectors_array *arrays, int count,
                                         int64_t width);

/* A JSON array of numbers, null for what is not finite; the caller's reference. */
json_t *qn_vectors_json(const double *values, int64_t count);

/* Local. For clear: frees them and sets *width to 0. */
void qn_vectors_clear(const qn_vectors_array *arrays, int count, int64_t *width);

#endif
