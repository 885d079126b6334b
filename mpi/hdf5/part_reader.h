/* Private to mpi/part*.c: an open part file. */
#ifndef QUERN_MPI_PART_READER_H
#define QUERN_MPI_PART_READER_H

#include "mpi/hdf5/part_plan.h"

/* A dataset that is open for reading, and what was checked of it. */
typedef struct part_source {
    hid_t dataset; /* 0: not open */
    hid_t type;    /* as stored, which is also the type in memory */
    int64_t rows;
    int64_t size;   /* bytes of an element; of a whole row for two dimensions */
    int64_t width;  /* second dimension, 0 if there is none */
    int64_t offset; /* in the file; -1: chunked or empty */
} part_source;

/* Strings of a column, or items of a list column. */
typedef struct part_string_source {
    part_coding coding;
    part_source values; /* codes, fixed-length texts, references */
    part_source heap;
    qn_column *dictionary;
} part_string_source;

typedef struct part_reading {
    part_coding coding;
    bool masked;
    bool open;
    char *key;
    int64_t null_count;
    qn_content content;
    part_source values, mask, offsets, indices;
    part_string_source strings;
} part_reading;

struct qn_part {
    char *path;
    hid_t file;
    int descriptor;
    qn_schema schema;
    int64_t rows;
    int32_t count;
    part_reading *columns;
    char *scratch;
    int64_t scratch_capacity;
};

/* A DATA error "PATH is damaged: ...". */
QN_CHECKED qn_status part_damaged(const qn_part *part, const char *format, ...) QN_PRINTF(2, 3);

/* Opens a column's datasets at its first use, checking their shapes. */
QN_CHECKED qn_status part_open_column(qn_part *part, int32_t index);
void part_close_column(part_reading *column);

/* Elements [first, first + count) of a dataset, as stored. */
QN_CHECKED qn_status part_get(const qn_part *part, const part_source *source, int64_t first,
                              int64_t count, void *out);
QN_CHECKED qn_status part_get_bytes(const qn_part *part, int64_t offset, int64_t count, char *out);
QN_CHECKED qn_status part_scratch(qn_part *part, int64_t bytes);

/* Strings [first, first + count) as a column; nulls only where codes say so. */
QN_CHECKED qn_status part_read_strings(qn_part *part, const part_string_source *strings,
                                       int64_t first, int64_t count, qn_column **out);
QN_CHECKED qn_status part_read_variable(qn_part *part, const part_string_source *strings,
                                        int64_t first, int64_t count, qn_column **out);

#endif
