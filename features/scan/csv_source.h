/* The files of a CSV scan: their sizes, compression, headers, and reading them one after the
 * other. Private to features/scan. */
#ifndef QUERN_FEATURES_SCAN_CSV_SOURCE_H
#define QUERN_FEATURES_SCAN_CSV_SOURCE_H

#include "core/csv/csv.h"
#include "mpi/file/decompress.h"

/* All fields are integers: tables of files are summed over ranks. */
typedef struct qn_csv_file {
    int64_t compression; /* a qn_compression */
    int64_t whole;       /* not 0: cannot be cut, one rank reads it from the front */
    int64_t size;        /* bytes on disk */
    int64_t begin;       /* bytes of text before the first record: byte order mark and header */
    int64_t lines;       /* physical lines in them */
} qn_csv_file;

typedef struct qn_csv_source {
    qn_csv_dialect dialect;
    bool dialect_set;
    bool detects;               /* compression is told by the files themselves ... */
    qn_compression compression; /* ... or else given */
    int64_t count;
    char **paths; /* for messages */
    qn_csv_file *files;
    int spool; /* descriptor of standard input's copy on rank 0; -1: none */
    int64_t field_count;
    char **names; /* of the header, or column_1 ... */
    bool named;   /* names come from a header */
} qn_csv_source;

/* A place in the row sequence of all files. */
typedef struct qn_csv_position {
    int64_t file;   /* equal to the source's count: behind the end */
    int64_t offset; /* byte of (decompressed) text */
    int64_t line;   /* physical lines before it in the file */
} qn_csv_position;

/* Collective. Takes plain names (no patterns). Checks that each file can be read and that all
 * headers are the same. Needs the options of qn_csv_options. */
QN_CHECKED qn_status qn_csv_source_open(qn_csv_source *out, qn_comm *comm, const char *const *paths,
                                        int64_t count, const qn_options *options);
void qn_csv_source_clear(qn_csv_source *source);

/* Local. A reader of one file's text. */
QN_CHECKED qn_status qn_csv_source_reader(qn_reader **out, const qn_csv_source *source,
                                          int64_t file);

/* The position of a file's first record. */
qn_csv_position qn_csv_source_start(const qn_csv_source *source, int64_t file);

/* Reads records one window of bytes after the other. */
typedef struct qn_csv_cursor {
    const qn_csv_source *source;
    qn_csv_position at; /* of bytes[0] */
    const char *bytes;  /* 64 more than `length` are readable */
    int64_t length;
    bool final; /* the window reaches the end of the file */
    char *buffer;
    int64_t capacity;
    qn_reader *reader; /* of at.file */
} qn_csv_cursor;

void qn_csv_cursor_init(qn_csv_cursor *cursor, const qn_csv_source *source);
void qn_csv_cursor_clear(qn_csv_cursor *cursor);

/* Local. Goes to a position; the window is empty. */
QN_CHECKED qn_status qn_csv_cursor_seek(qn_csv_cursor *cursor, qn_csv_position position);

/* Local. Makes the window at least `need` bytes long, unless the file ends before (final). DATA
 * error when one record grows past all bounds. */
QN_CHECKED qn_status qn_csv_cursor_fill(qn_csv_cursor *cursor, int64_t need);

/* Drops bytes in front of the window. */
void qn_csv_cursor_consume(qn_csv_cursor *cursor, int64_t bytes, int64_t lines);

/* Local. Goes to the first record of the next file. IO error after the last one: the caller knows
 * that a record must come. */
QN_CHECKED qn_status qn_csv_cursor_next_file(qn_csv_cursor *cursor);

#endif
