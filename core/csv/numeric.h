/* Private to core/csv: plain short numbers of a column, in plain C (see qn_csv_kernels). */
#ifndef QUERN_CORE_CSV_NUMERIC_H
#define QUERN_CORE_CSV_NUMERIC_H

#include "core/csv/scan.h"

int64_t qn_csv_float64_portable(const qn_csv_spans *spans, double *out, uint32_t *rest);
int64_t qn_csv_int64_portable(const qn_csv_spans *spans, int64_t *out, uint32_t *rest);

#endif
