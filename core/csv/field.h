/* Private to core/csv: one field at a time, with every rule; the kernels treat the plain cases. */
#ifndef QUERN_CORE_CSV_FIELD_H
#define QUERN_CORE_CSV_FIELD_H

#include "core/csv/csv.h"

typedef enum qn_csv_verdict {
    QN_CSV_VALUE,
    QN_CSV_NULL,
    QN_CSV_BAD_QUOTE,
    QN_CSV_BAD_UTF8,
    QN_CSV_BAD_VALUE,
    QN_CSV_BAD_RANGE
} qn_csv_verdict;

typedef union qn_csv_value {
    bool truth;
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
} qn_csv_value;

/* Local. The text that the field stands for: without quotes and escapes (then in `scratch`, as long
 * as the field), without blanks where they are no part of it. Says VALUE, NULL or BAD_QUOTE. */
qn_csv_verdict qn_csv_field_text(const qn_csv_dialect *dialect, qn_view field, bool is_string,
                                 char *scratch, qn_view *out);

/* Local. The value of a text in a column that is no string column; a zero value unless VALUE. */
qn_csv_verdict qn_csv_field_value(const qn_csv_dialect *dialect, qn_view text, qn_type type,
                                  qn_csv_value *out);

/* True if the text is empty or one of the null strings. */
bool qn_csv_is_null(const qn_csv_dialect *dialect, qn_view text);

/* True if a null string reads as a number, such as -999: then kernels cannot tell it from one. */
bool qn_csv_has_numeric_nulls(const qn_csv_dialect *dialect);

/* Local. "'12x' is not an int64" and its like, for a person; `text` is the raw field. */
void qn_csv_field_explain(qn_csv_verdict verdict, qn_view text, qn_type type, char *out,
                          size_t out_size);

#endif
