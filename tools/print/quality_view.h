/* Reports of data quality for people and programs. */
#ifndef QUERN_TOOLS_QUALITY_VIEW_H
#define QUERN_TOOLS_QUALITY_VIEW_H

#include "core/text/text.h"

#include <jansson.h>

/* Local. Prints a report (features/quality/quality.h) to standard output: "table", "csv" (one line
 * a rule) or "json". */
QN_CHECKED qn_status qn_quality_show(const json_t *report, const char *format);

/* Local. The same as text: "csv" or "json". */
QN_CHECKED qn_status qn_quality_format(const json_t *report, const char *format, qn_text *out);

/* Local. Writes it to a file, whole or not at all: csv if the name ends so, else json. */
QN_CHECKED qn_status qn_quality_write(const json_t *report, const char *path);

#endif
