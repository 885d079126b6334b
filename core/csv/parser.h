/* Private to core/csv: what a parser holds, and its parts. */
#ifndef QUERN_CORE_CSV_PARSER_H
#define QUERN_CORE_CSV_PARSER_H

#include "core/csv/field.h"
#include "core/csv/scan.h"
#include "core/csv/strings.h"

/* A wanted column. */
typedef struct qn_csv_target {
    int32_t field; /* in the record */
    qn_type type;
    qn_column *column;
    qn_csv_strings strings;
} qn_csv_target;

/* A bad record of the tile. */
typedef struct qn_csv_fault {
    uint32_t record; /* in the tile */
    int32_t field;   /* -1: the record's number of fields, or its quotes */
    qn_csv_verdict verdict;
    uint32_t begin, end;             /* of the record, without its line end */
    uint32_t field_begin, field_end; /* or number of fields */
} qn_csv_fault;

struct qn_csv_parser {
    const qn_csv_dialect *dialect;
    const qn_csv_kernels *kernels;
    bool numeric_nulls;
    int32_t field_count, target_count;
    qn_csv_target *targets;

    /* The tile. */
    qn_csv_index index;
    qn_csv_rows rows;
    int64_t span_capacity;
    qn_csv_span *spans;
    uint32_t *rest;
    int64_t *wide;
    int64_t scratch_capacity;
    char *scratch;
    int64_t fault_count, fault_capacity;
    qn_csv_fault *faults;

    /* The batch. */
    int64_t row_count; /* of finished tiles, with the bad rows */
    int64_t bad_count;
    int64_t bad_capacity; /* words */
    uint64_t *bad_rows;   /* rows that a field has spoilt */
};

/* Local. Row i of the tile is spoilt by this field; the first field that spoils it is kept. */
QN_CHECKED qn_status qn_csv_fault_add(qn_csv_parser *parser, int64_t i, int32_t field,
                                      qn_csv_verdict verdict);

/* Local. Turns the tile's faults into the block's bad records. out->consumed and ->lines are those
 * of the tile's start. */
QN_CHECKED qn_status qn_csv_faults_report(qn_csv_parser *parser, qn_csv_block *out);

int64_t qn_csv_count_lines(const char *bytes, int64_t length); /* LFs */

/* Local. Parses the tile's fields in parser->spans into the target's column. */
QN_CHECKED qn_status qn_csv_column_parse(qn_csv_parser *parser, qn_csv_target *t);

#endif
