/* Stages that make one output column of each of their input columns (features/stage/columns.h). */
#ifndef QUERN_FEATURES_STAGE_MAP_H
#define QUERN_FEATURES_STAGE_MAP_H

#include "mpi/stage.h"

/* Loops over plain arrays, compiled for AVX-512, AVX2 and the baseline, chosen at load time. The
 * sanitizers' start-up code does not bear load-time choices. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define QN_MAP_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QN_MAP_CLONES
#endif

/* One column of a batch on its way through a stage. */
typedef struct qn_map_step {
    const qn_stage *stage;
    int32_t i;             /* of the stage's columns */
    const qn_field *field; /* the input's */
    const qn_column *column;
    const qn_batch *batch;
    uint64_t *keep; /* rows that are dropped lose their bit; NULL: none may be */
} qn_map_step;

typedef struct qn_map {
    bool drops; /* rows may be dropped */
    /* If `drops`: called for all columns before the first `make`, to clear the bits of rows whose
     * values do not count any more. May be NULL. */
    qn_status (*mark)(const qn_map_step *step);
    qn_status (*make)(const qn_map_step *step, qn_column **out);
} qn_map;

/* Local. A stage's transform: what comes in passes, one column is added for each input. */
QN_CHECKED qn_status qn_map_columns(const qn_stage *stage, const qn_map *map,
                                    const qn_schema *schema, const qn_batch *in, qn_batch *out);

/* True if the row was dropped already. */
static inline bool qn_map_dropped(const qn_map_step *step, int64_t row) {
    return step->keep != NULL && !qn_bit(step->keep, row);
}

/* Local. Clears the bits of rows that are null or NaN, for a numeric column: a `mark`. */
QN_CHECKED qn_status qn_map_mark_missing(const qn_map_step *step);

/* Local. The column's values as doubles, NaN for nulls. *values points into the column where it can
 * (then *owned is NULL), else to *owned, which the caller frees. */
QN_CHECKED qn_status qn_map_reals(const qn_column *column, const double **values, double **owned);

/* Local. While building: gives `out` the nulls of `from`; its values there must be 0 already. */
QN_CHECKED qn_status qn_map_copy_nulls(qn_column *out, const qn_column *from);

bool qn_map_any_nan(const double *values, int64_t count);

/* Without its fraction, or the nearer end of the range. */
int64_t qn_map_to_integer(double value, int64_t lowest, int64_t highest);

/* Sets values to 0 where a column that is being built is null: doubles. */
void qn_map_clear_nulls(qn_column *column);

#endif
