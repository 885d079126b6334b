/* The CSV scan as a stream, and what it does with bad rows. Private to features/scan. */
#ifndef QUERN_FEATURES_SCAN_CSV_SCAN_H
#define QUERN_FEATURES_SCAN_CSV_SCAN_H

#include "features/scan/csv_layout.h"
#include "features/scan/scan.h"

/* The first batches of a rank, kept for the next pass: small files are parsed once. Only batches
 * without bad rows are kept. */
typedef struct qn_csv_cache {
    qn_batch *batches;
    int64_t count, capacity;
    int64_t bytes, budget;
    bool closed;         /* nothing more is kept */
    int64_t end_row;     /* behind the last batch */
    qn_csv_position end; /* of end_row */
} qn_csv_cache;

enum { QN_CSV_CACHE_BYTES = 128 << 20 };

/* Empties it; the next batch to keep starts at a row and position. */
void qn_csv_cache_reset(qn_csv_cache *cache, int64_t row, qn_csv_position position);
void qn_csv_cache_clear(qn_csv_cache *cache);
/* Local. Shares a batch if it is the next one and there is room; `rows` of the source end at
 * `end`. */
QN_CHECKED qn_status qn_csv_cache_add(qn_csv_cache *cache, const qn_batch *batch, int64_t rows,
                                      qn_csv_position end);
/* Drops the columns that are not wanted. */
void qn_csv_cache_narrow(qn_csv_cache *cache, const bool *wanted);

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
    qn_csv_cache cache;
    qn_csv_cursor cursor;
    int64_t cursor_row; /* where it stands; -1: nowhere */
    double row_bytes;   /* expected */

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

/* Local. See qn_scan_complete. */
QN_CHECKED qn_status qn_csv_scan_complete(qn_csv_scan *scan);

/* Local. The steps of reading a batch of `want` records, of which *got are there: parses more of
 * them (the block has some, the cursor's window still holds their bytes), ... */
QN_CHECKED qn_status qn_csv_scan_parse(qn_csv_scan *scan, int64_t want, int64_t got);
/* ... moves them from block and window to the parts, ... */
QN_CHECKED qn_status qn_csv_scan_keep(qn_csv_scan *scan, int64_t *got);
/* ... and makes the batch of the parts; or drops them. */
QN_CHECKED qn_status qn_csv_scan_finish(qn_csv_scan *scan, int64_t want, qn_batch *out);
void qn_csv_scan_drop(qn_csv_scan *scan);
/* Records of the batch at next_row; 0: there is none. */
int64_t qn_csv_scan_want(const qn_csv_scan *scan);
/* Local. Puts the cursor to next_row. */
QN_CHECKED qn_status qn_csv_scan_seek(qn_csv_scan *scan);

/* Local. A parser for `fields` that replaces the scan's. */
QN_CHECKED qn_status qn_csv_scan_set_parser(qn_csv_scan *scan);

/* Collective. Finds the types of all columns over all rows, at the speed of parsing: types are
 * guessed from a sample, this rank's batches are parsed with them (and kept, while there is room),
 * and only where a value does not fit the block is looked at again. The outcome is that of
 * qn_csv_schema_infer. */
QN_CHECKED qn_status qn_csv_probe(qn_csv_scan *scan, qn_comm *comm, const qn_csv_layout *layout);

/* Local. Takes note of the bad rows of the block just parsed from the cursor's window, whose first
 * record is number `offset` of the batch: fails, or counts them and keeps them for the
 * quarantine. */
QN_CHECKED qn_status qn_csv_bad_note(qn_csv_scan *scan, int64_t offset);

#endif
