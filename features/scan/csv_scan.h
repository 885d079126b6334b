/* The CSV scan as a stream, and what it does with bad rows. Private to features/scan. */
#ifndef QUERN_FEATURES_SCAN_CSV_SCAN_H
#define QUERN_FEATURES_SCAN_CSV_SCAN_H

#include "features/scan/csv_layout.h"
#include "features/scan/scan.h"

typedef enum qn_csv_mode { QN_CSV_FAIL, QN_CSV_DROP, QN_CSV_QUARANTINE } qn_csv_mode;

typedef struct qn_csv_scan {
    qn_stream base;
    qn_csv_source source;
    qn_csv_mode mode;
    int64_t sample;   /* types were inferred from that many records; 0: all, or given */
    qn_schema fields; /* of a record, in file order */
    bool *wanted;     /* by field */
    qn_csv_parser *parser;

    int64_t first_row, end_row; /* rows this rank delivers: whole batches */
    qn_csv_position start;      /* of first_row */
    int64_t next_row;
    qn_csv_cursor cursor;
    double row_bytes; /* expected */

    qn_csv_block block;
    qn_batch *parts; /* of the batch under construction: one a window or file */
    int64_t part_count, part_capacity;
    int64_t *bad_rows; /* in the batch under construction, counted from its first row */
    int64_t bad_count, bad_capacity;

    bool counting; /* the first pass: bad rows are counted and kept */
    qn_scan_report report;
    qn_text quarantine; /* lines of the quarantine file */
    int64_t quarantined;
} qn_csv_scan;

/* Collective. As qn_csv_scan_open, with plain names instead of patterns. */
QN_CHECKED qn_status qn_csv_scan_open_files(qn_stream **out, qn_comm *comm,
                                            const char *const *paths, int64_t count,
                                            const qn_options *options);

/* The scan behind a stream, or NULL if it is none of CSV files. */
qn_csv_scan *qn_csv_scan_of(const qn_stream *stream);

/* Local. See qn_scan_select. */
bool qn_csv_scan_select(qn_csv_scan *scan, const bool *wanted);

/* Local. Takes note of the bad rows of the block just parsed from the cursor's window, whose first
 * record is number `offset` of the batch: fails, or counts them and keeps them for the
 * quarantine. */
QN_CHECKED qn_status qn_csv_bad_note(qn_csv_scan *scan, int64_t offset);

#endif
