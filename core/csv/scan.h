/* Private to core/csv: where quotes, delimiters and line ends are, 64 bytes at a time, and the
 * kernels that come in one version for each kind of processor. */
#ifndef QUERN_CORE_CSV_SCAN_H
#define QUERN_CORE_CSV_SCAN_H

#include "core/csv/csv.h"

/* Bit i tells of byte i of 64. */
typedef struct masks {
    uint64_t quote, delimiter, newline, carriage, escape, beyond;
} masks;

/* The field ends of a stretch of bytes that begins at a record start. Positions are relative to
 * `base`. Entry 0 of `ends` is a mark in front of the first byte, so that every field begins one
 * behind the entry before its end. */
typedef struct qn_csv_index {
    const char *base;
    uint32_t *ends; /* delimiters and record ends */
    int64_t end_count, end_capacity;
    uint32_t *lines; /* indices into `ends` of the record ends */
    int64_t line_count, line_capacity;
    int64_t offset;      /* bytes done so far */
    int64_t newlines;    /* LFs in them, inside quotes too */
    uint64_t inside;     /* all ones inside quotes */
    uint64_t escaped;    /* 1: the next byte is */
    bool quotes, beyond; /* seen: a quote or an escape; a byte that is not ASCII */
} qn_csv_index;

/* Where a field is; the end is behind it. */
typedef struct qn_csv_span {
    uint32_t begin, end;
} qn_csv_span;

/* One column's fields in the rows of a tile. */
typedef struct qn_csv_spans {
    const char *base;
    int64_t count;
    const qn_csv_span *at;
    char decimal;
} qn_csv_spans;

typedef struct qn_csv_kernels {
    void (*tally)(qn_csv_tally *tally, const qn_csv_dialect *dialect, const char *bytes,
                  int64_t length);
    int64_t (*skip)(const qn_csv_dialect *dialect, const char *bytes, int64_t length, bool final,
                    int64_t records, int64_t *records_skipped, int64_t *lines_skipped);
    /* Goes on from index->offset to `to`; there is room for the entries. */
    void (*index)(qn_csv_index *index, const qn_csv_dialect *dialect, int64_t to);
    /* Parse the fields that are plain short numbers; the others' numbers go to `rest` (room for
     * all), whose length is returned. */
    int64_t (*float64)(const qn_csv_spans *spans, double *out, uint32_t *rest);
    int64_t (*int64)(const qn_csv_spans *spans, int64_t *out, uint32_t *rest);
} qn_csv_kernels;

extern const qn_csv_kernels qn_csv_kernels_portable;
extern const qn_csv_kernels qn_csv_kernels_avx2;
extern const qn_csv_kernels qn_csv_kernels_avx512;

/* The best ones for this processor. */
const qn_csv_kernels *qn_csv_kernels_of(const qn_csv_dialect *dialect);

/* ---- Index ---------------------------------------------------------------------------------- */

void qn_csv_index_clear(qn_csv_index *index);
void qn_csv_index_start(qn_csv_index *index, const char *base);

/* Local. Goes on to byte `to` of index->base. */
QN_CHECKED qn_status qn_csv_index_extend(qn_csv_index *index, const qn_csv_dialect *dialect,
                                         int64_t to);

/* Local. The records of an index whose fields are right in number, and the others. */
typedef struct qn_csv_row {
    uint32_t first;  /* index into `ends` of the end of the row's first field */
    uint32_t record; /* number in the tile */
} qn_csv_row;

typedef struct qn_csv_ragged {
    uint32_t record, begin, end;
    uint32_t fields; /* 0: a quote is not closed */
} qn_csv_ragged;

typedef struct qn_csv_rows {
    qn_csv_row *rows;
    int64_t count, capacity;
    qn_csv_ragged *ragged;
    int64_t ragged_count, ragged_capacity;
    int64_t records;
    uint32_t consumed; /* bytes of the index */
} qn_csv_rows;

void qn_csv_rows_clear(qn_csv_rows *rows);

/* Local. Takes up to max_records records of `fields` fields out of an index. If `final`, the end
 * of the index ends its last record. */
QN_CHECKED qn_status qn_csv_rows_take(qn_csv_rows *rows, qn_csv_index *index, int32_t fields,
                                      int64_t max_records, bool final);

/* Local. Indexes `bytes` from a record start and takes records out of them: at least one if there
 * is one, so it looks as far as a record is long. rows->records is 0 when no whole record is left;
 * rows->consumed then tells what blank lines there are. */
QN_CHECKED qn_status qn_csv_tile(qn_csv_rows *rows, qn_csv_index *index,
                                 const qn_csv_dialect *dialect, qn_view bytes, bool final,
                                 int32_t fields, int64_t max_records);

/* Local. Where field `field` of each row is, into an array with room for rows->count. */
void qn_csv_spans_of(const qn_csv_rows *rows, const qn_csv_index *index, int32_t field,
                     bool is_last, qn_csv_span *out);

#endif
