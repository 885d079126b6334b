/* Headers of CSV files. Private to features/scan. */
#ifndef QUERN_FEATURES_SCAN_CSV_HEADER_H
#define QUERN_FEATURES_SCAN_CSV_HEADER_H

#include "features/scan/csv_source.h"

/* Local. Reads the first record of a file: appends its fields to `fields`, each ended by NUL, and
 * sets `begin` and `lines` of the file. Errors: INPUT for an empty file; DATA for UTF-16, an
 * unclosed quote, text that is not UTF-8. */
QN_CHECKED qn_status qn_csv_header_read(qn_csv_source *source, int64_t file, qn_text *fields);

/* Local. DATA error that says where the header of a file differs from the first file's. */
QN_CHECKED qn_status qn_csv_header_compare(const qn_csv_source *source, int64_t file,
                                           const qn_text *fields, const qn_text *first);

/* Local. Makes the source's names from the first file's fields: nameless columns (with a warning,
 * or all of them if there is no header) are called column_N. DATA error for duplicates. */
QN_CHECKED qn_status qn_csv_header_names(qn_csv_source *source, const qn_text *fields);

#endif
