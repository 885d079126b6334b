/* The columns a stage reads and writes: Spark's inputCol/outputCol or inputCols/outputCols, never
 * both, and the values in them. Stages whose option table begins with QN_COLUMNS_OPTIONS use these
 * functions. */
#ifndef QUERN_FEATURES_STAGE_COLUMNS_H
#define QUERN_FEATURES_STAGE_COLUMNS_H

#include "mpi/stage.h"

#define QN_COLUMNS_OPTIONS                                                                         \
    {"input_col", QN_OPTION_TEXT, NULL, NULL, "column to read"},                                   \
        {"output_col", QN_OPTION_TEXT, NULL, NULL, "column to add"},                               \
        {"input_cols", QN_OPTION_TEXTS, NULL, NULL, "columns to read, instead of input_col"}, {    \
        "output_cols", QN_OPTION_TEXTS, NULL, NULL,                                                \
            "columns to add, as many as input_cols, instead of output_col"                         \
    }

/* Local. How many columns a stage reads and, of the same number, writes. JOB errors: both forms or
 * none set, lists of different lengths, an empty list. */
QN_CHECKED qn_status qn_columns_count(const qn_stage *stage, int32_t *out);

/* Local. DATA error if a fitted stage has another number of columns than its options say: a model
 * file that does not fit itself. */
QN_CHECKED qn_status qn_columns_check_fitted(const qn_stage *stage, int32_t count, int64_t fitted);

/* The i-th name, once qn_columns_count has passed; borrowed. */
const char *qn_columns_input(const qn_stage *stage, int32_t i);
const char *qn_columns_output(const qn_stage *stage, int32_t i);

/* Local. Where the i-th input is in `schema`; JOB error naming the nearest column. */
QN_CHECKED qn_status qn_columns_find(const qn_stage *stage, const qn_schema *schema, int32_t i,
                                     int32_t *out);

/* Local. Adds an output field; JOB error if the name is taken. `attributes` is retained. */
QN_CHECKED qn_status qn_columns_add(qn_schema *schema, const char *name, qn_type type,
                                    int32_t width, qn_attributes *attributes);

/* Local. JOB error "column 'c' is TYPE, but must be WANTED". */
QN_CHECKED qn_status qn_columns_fail_type(const qn_field *field, const char *wanted);

/* Collective. For persist: saves or loads the number of fitted columns. DATA error if the file's
 * cannot be one. */
QN_CHECKED qn_status qn_columns_persist_count(qn_archive *archive, int64_t *count);

/* Local. For describe: adds an object `name` that has what `describe_column` makes of each of the
 * first `count` columns (a new reference, NULL without memory), under the input's name. */
QN_CHECKED qn_status qn_columns_describe(const qn_stage *stage, json_t *object, const char *name,
                                         int64_t count,
                                         json_t *(*describe_column)(const qn_stage *stage,
                                                                    int32_t i));

/* Local. Rows [first, first + count) of a numeric, bool, date or timestamp column as doubles, NaN
 * for nulls. */
void qn_columns_reals(const qn_column *column, int64_t first, int64_t count, double *out);

/* Local. A bitmap of `length` ones (bits past the length are 0), the caller's. */
QN_CHECKED qn_status qn_columns_all_rows(uint64_t **out, int64_t length);

#endif
