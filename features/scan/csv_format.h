/* Values as CSV text. Private to features/scan; the public part is in scan.h. */
#ifndef QUERN_FEATURES_SCAN_CSV_FORMAT_H
#define QUERN_FEATURES_SCAN_CSV_FORMAT_H

#include "core/text/text.h"

/* Local. Appends a string as a field: quoted if it is empty or holds a comma, quote or line end. */
QN_CHECKED qn_status qn_csv_format_string(qn_text *out, qn_view value);

#endif
