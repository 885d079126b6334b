/* Which rows of a CSV scan are whose: byte ranges, record counts, global row numbers. Private to
 * features/scan. */
#ifndef QUERN_FEATURES_SCAN_CSV_LAYOUT_H
#define QUERN_FEATURES_SCAN_CSV_LAYOUT_H

#include "features/scan/csv_source.h"

/* A stretch of one file, and what it holds if it starts outside [0] or inside [1] quotes. */
typedef struct qn_csv_piece {
    int64_t file, begin, end; /* whole files: end is INT64_MAX */
    int64_t records[2];
    int64_t first[2]; /* offset in the file of the first record's start; -1: none */
    int64_t lines;
    int64_t bytes; /* of text */
    bool odd_quotes;
} qn_csv_piece;

/* What the ranks tell each other of their pieces. */
typedef struct qn_csv_summary {
    int64_t pieces;     /* 0: nothing, state and line go through to the next rank */
    int64_t continues;  /* the first piece starts in the middle of a file */
    int64_t resets;     /* the last piece starts at a file's begin */
    int64_t records[2]; /* by the state at the first piece's start */
    int64_t odd_quotes; /* of the last piece */
    int64_t lines;      /* physical lines in the last piece, or before its end if it resets */
} qn_csv_summary;

/* State in front of a rank's first piece. */
typedef struct qn_csv_state {
    int64_t row;  /* global number of the first record that starts in it */
    int inside;   /* 1: inside quotes */
    int64_t line; /* physical lines of the file before it */
} qn_csv_state;

typedef struct qn_csv_layout {
    int64_t first_row;     /* global number of the first record that starts in this rank's range */
    int64_t rows;          /* records that start in this rank's range */
    int64_t total;         /* over all ranks */
    double row_bytes;      /* average */
    qn_csv_position first; /* of the first record, if rows > 0 */
} qn_csv_layout;

/* Where range `part` of `parts` begins; part == parts: the end. Anywhere but within a whole file.
 */
qn_csv_position qn_csv_layout_cut(const qn_csv_source *source, int64_t part, int64_t parts);

/* Local. Counts the records of the stretches from one cut to another; *out is the caller's. */
QN_CHECKED qn_status qn_csv_layout_tally(qn_csv_piece **out, int64_t *count,
                                         const qn_csv_source *source, qn_csv_position from,
                                         qn_csv_position to);
qn_csv_summary qn_csv_layout_summarize(const qn_csv_source *source, const qn_csv_piece *pieces,
                                       int64_t count);
/* The state behind a rank from the state in front of it. */
qn_csv_state qn_csv_layout_step(qn_csv_state state, const qn_csv_summary *summary);

/* Local. Finds the first record of a rank's pieces. */
QN_CHECKED qn_status qn_csv_layout_locate(qn_csv_layout *out, const qn_csv_source *source,
                                          const qn_csv_piece *pieces, int64_t count,
                                          qn_csv_state state);

/* Collective. Reads all bytes once: cut, tally, exchange, locate. */
QN_CHECKED qn_status qn_csv_layout_find(qn_csv_layout *out, qn_comm *comm,
                                        const qn_csv_source *source);

#endif
