/* CSV text to columns, from a byte buffer: record boundaries, type inference, parsing.
 *
 * A quote character anywhere opens or closes a quoted stretch (RFC 4180; a doubled quote inside is
 * one quote), so the state at any byte follows from the parity of quotes before it, and ranks can
 * find record boundaries in their own byte range. A quote in the middle of an unquoted field makes
 * the record bad. With an escape character, a quote behind an odd run of escapes is text.
 *
 * Records end with LF or CRLF outside quotes, or with the file. Blank lines are no records; CRs in
 * front of a record's first byte are dropped. A field is null if it is unquoted and empty or one of
 * the dialect's null strings; in columns other than strings quoted ones are null too, and blanks
 * around a value are no part of it. A byte order mark is not text: skip it. */
#ifndef QUERN_CORE_CSV_CSV_H
#define QUERN_CORE_CSV_CSV_H

#include "core/column/batch.h"
#include "core/options.h"
#include "core/time/date.h"

/* Which kernels work: the best ones for this processor, or others. */
typedef enum qn_csv_code { QN_CSV_BEST, QN_CSV_PORTABLE, QN_CSV_AVX2 } qn_csv_code;

typedef struct qn_csv_dialect {
    char delimiter;
    char quote;  /* 0: none */
    char escape; /* 0 or equal to quote: doubled quotes; else e.g. a backslash inside quotes */
    char decimal;
    bool header;
    bool trim;                        /* blanks around unquoted fields */
    qn_csv_code code;                 /* BEST but in tests: all give the same results */
    char **nulls;                     /* null strings beside the empty one */
    int64_t null_count;               /* of them */
    qn_time_format *date_format;      /* NULL: ISO 8601 yyyy-MM-dd */
    qn_time_format *timestamp_format; /* NULL: ISO 8601, blank or T, optional fraction and zone */
} qn_csv_dialect;

/* The options every CSV reader takes: delimiter, quote, escape, decimal, header, trim,
 * null_values, date_format, timestamp_format, schema ("name type, name type": explicit),
 * infer (all | number of rows), mode (fail | drop | quarantine), quarantine_path, compression. */
extern const qn_option qn_csv_options[];

QN_CHECKED qn_status qn_csv_dialect_init(qn_csv_dialect *out, const qn_options *options);
void qn_csv_dialect_clear(qn_csv_dialect *dialect);

/* ---- Record boundaries ---------------------------------------------------------------------- */

/* What one stretch of bytes says about records, under both hypotheses on the state at its start:
 * [0] outside quotes, [1] inside. A record is counted where it starts. Stretches are added in
 * order; a rank adds the blocks of its byte range, then combines with the parity of ranks before
 * it. Nothing needs to be known of the bytes behind the range: a record is counted at its first
 * byte that is no CR or LF. */
typedef struct qn_csv_tally {
    int64_t records[2];     /* non-blank records that start in the bytes so far */
    int64_t first_start[2]; /* offset of the first such start, -1: none yet */
    int64_t newlines[2];    /* record-ending LFs: physical lines for messages */
    int64_t lines;          /* LFs of any kind */
    bool odd_quotes;        /* state at the end = state at the start XOR this */
    int64_t offset;         /* bytes added so far */
    uint64_t carry[4];      /* private */
} qn_csv_tally;

/* Local. `previous` are the bytes in front of the range, up to 64 of them (none at the file's
 * start, or right behind the header): they tell whether the range begins at a record start, or
 * behind an escape. */
void qn_csv_tally_init(qn_csv_tally *tally, const qn_csv_dialect *dialect, const char *previous,
                       int64_t previous_length);
/* Local. Adds the next `length` bytes. AVX-512/AVX2/SSE by what the processor has; ~20 GB/s. */
void qn_csv_tally_add(qn_csv_tally *tally, const qn_csv_dialect *dialect, const char *bytes,
                      int64_t length);
/* Local. From a record start (or blank lines before it) at bytes[0]: the offset behind the line end
 * of the first `records` non-blank records, or of as many as end in the bytes: *records_skipped
 * tells (and where it is less, more bytes are needed, to go on from the offset). `final`: the end
 * of bytes ends the last record, closed or not. *lines_skipped: LFs before the offset. */
int64_t qn_csv_skip(const qn_csv_dialect *dialect, const char *bytes, int64_t length, bool final,
                    int64_t records, int64_t *records_skipped, int64_t *lines_skipped);

/* Local. Splits one record at bytes[0] into unquoted, unescaped texts (the header, or a bad row
 * for a message); blank lines before it are skipped, *count is 0 if there is nothing else. The
 * texts are the caller's (qn_mem_free_all). Bytes consumed incl. line end in *consumed. DATA error
 * when a quote is not closed. */
QN_CHECKED qn_status qn_csv_split(const qn_csv_dialect *dialect, const char *bytes, int64_t length,
                                  char ***fields, int64_t *count, int64_t *consumed);

/* ---- Inference ------------------------------------------------------------------------------ */

/* Which types all values so far would fit: merging is bitwise and. bool (true/false) < int64 <
 * float64 < string; date < timestamp < string; all null: string. */
typedef struct qn_csv_guess {
    uint32_t possible; /* private bits */
    uint32_t seen;     /* private bits: some non-null value ... (or-merged) */
} qn_csv_guess;

void qn_csv_guess_init(qn_csv_guess *guess);
void qn_csv_guess_merge(qn_csv_guess *guess, const qn_csv_guess *other);
qn_type qn_csv_guess_type(const qn_csv_guess *guess);
/* True if the type is string and no further value can change that. */
bool qn_csv_guess_is_settled(const qn_csv_guess *guess);

/* Local. Looks at up to max_records whole records of `count` fields; *consumed bytes and *records
 * as for qn_csv_parse, as is what must be readable. Records that are bad under any type are
 * ignored here. */
QN_CHECKED qn_status qn_csv_infer(qn_csv_guess *guesses, int32_t count,
                                  const qn_csv_dialect *dialect, const char *bytes, int64_t length,
                                  bool final, int64_t max_records, int64_t *records,
                                  int64_t *consumed);

/* ---- Parsing -------------------------------------------------------------------------------- */

typedef struct qn_csv_parser qn_csv_parser;

typedef struct qn_csv_bad {
    int64_t record;   /* index in the parsed block */
    int64_t line;     /* physical lines in the block before the offending field, or the record */
    int64_t offset;   /* byte offset of the record in the block */
    int64_t length;   /* of the record without its line end */
    int32_t field;    /* index of the offending field, -1: the record as a whole */
    int64_t column;   /* 1-based character position in its line of the offending field */
    char reason[160]; /* "'12x' is not an int64", "3 fields, expected 5", "invalid UTF-8" */
} qn_csv_bad;

typedef struct qn_csv_block {
    qn_batch batch;   /* good rows only; first_row and row_ids are the caller's to set */
    int64_t records;  /* good and bad */
    int64_t lines;    /* physical lines consumed */
    int64_t consumed; /* bytes */
    qn_csv_bad *bad;
    int64_t bad_count, bad_capacity;
} qn_csv_block;

void qn_csv_block_init(qn_csv_block *block);
void qn_csv_block_clear(qn_csv_block *block);

/* Local. `fields` gives name and type of every field of a record in file order (bool, int32,
 * int64, float32, float64, string, date, timestamp); wanted[i] false: the field is skipped, not
 * checked, and has no column (NULL: all wanted). The dialect is borrowed. */
QN_CHECKED qn_status qn_csv_parser_new(qn_csv_parser **out, const qn_csv_dialect *dialect,
                                       const qn_schema *fields, const bool *wanted);
void qn_csv_parser_free(qn_csv_parser *parser);

/* Local. Parses up to max_records (<= QN_BATCH_ROWS) whole records from bytes[0], a record start.
 * Stops early when the bytes end inside a record, unless `final`; then consumed is where that
 * record starts. Bytes up to bytes[length + 63] must be readable. Bad records are listed in
 * ascending order, not errors: an unclosed quote at the end of a final buffer is a bad record too.
 * String columns whose values repeat come dictionary-encoded, a function of the batch alone.
 * Rates: performance.md section 1. */
QN_CHECKED qn_status qn_csv_parse(qn_csv_parser *parser, const char *bytes, int64_t length,
                                  bool final, int64_t max_records, qn_csv_block *out);

#endif
