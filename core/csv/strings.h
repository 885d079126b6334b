/* Private to core/csv: a batch's string column, as codes into the distinct values so far while
 * values repeat, else value behind value. */
#ifndef QUERN_CORE_CSV_STRINGS_H
#define QUERN_CORE_CSV_STRINGS_H

#include "core/column/batch.h"

typedef struct qn_csv_slot {
    uint64_t head, tail; /* up to 16 bytes: with the length the whole text; else a hash, 8 bytes */
    int32_t length;
    int32_t code; /* -1: free */
} qn_csv_slot;

typedef struct qn_csv_strings {
    qn_column *column; /* of codes, or of offsets without chars yet */
    bool encoded;
    int64_t length; /* rows so far */
    int64_t values; /* rows that are not null */
    int64_t row_capacity;
    int64_t count;    /* distinct values, or rows */
    int32_t *offsets; /* of them, count + 1 */
    char *chars;
    int64_t chars_capacity;
    qn_csv_slot *slots;
    int64_t slot_count; /* a power of two */
} qn_csv_strings;

void qn_csv_strings_clear(qn_csv_strings *strings);

/* Local. Begins a batch of at most `rows` rows. */
QN_CHECKED qn_status qn_csv_strings_start(qn_csv_strings *strings, int64_t rows);

/* Local. Makes room for values of so many bytes in all. */
QN_CHECKED qn_status qn_csv_strings_reserve(qn_csv_strings *strings, int64_t bytes);

/* Local. Adds a row; 8 bytes behind the value must be readable. The batch is looked at after a
 * fixed number of rows: so the encoding is a function of the batch alone. */
QN_CHECKED qn_status qn_csv_strings_add(qn_csv_strings *strings, qn_view value);
QN_CHECKED qn_status qn_csv_strings_add_null(qn_csv_strings *strings);

/* Local. The column of the rows so far. */
QN_CHECKED qn_status qn_csv_strings_finish(qn_csv_strings *strings, qn_column **out);

#endif
