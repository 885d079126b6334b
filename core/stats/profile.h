/* What `quern describe` says of a table: a summary of every column, in one pass.
 *
 * Over ranks, and in any case before reading results: qn_reduce_profile (mpi/comm/reduce.h). */
#ifndef QUERN_CORE_STATS_PROFILE_H
#define QUERN_CORE_STATS_PROFILE_H

#include "core/column/batch.h"
#include "core/stats/distinct.h"
#include "core/stats/moments.h"
#include "core/stats/quantile.h"

typedef struct qn_column_profile {
    qn_type type;
    int64_t count; /* not null */
    int64_t nulls;
    bool numbers;       /* numeric, bool (0, 1), date (days), timestamp (ns): the next two hold */
    qn_moments moments; /* NaN skipped, counted in moments.nans[0] */
    qn_quantiles quantiles;  /* of the same; relative error 0.001, exact up to 40,000 values;
                                int64 and timestamp: as doubles of the same order, not value */
    int64_t least, greatest; /* int64 and timestamp */
    bool counted;            /* all but vectors */
    qn_distinct distinct;
    qn_text min, max; /* strings: by bytes; empty data: NULL */
    bool extremes;    /* there is a min and a max */
} qn_column_profile;

typedef struct qn_profile {
    int32_t count;
    int64_t rows;
    qn_column_profile *columns;
} qn_profile;

QN_CHECKED qn_status qn_profile_init(qn_profile *profile, const qn_schema *schema);
void qn_profile_clear(qn_profile *profile);

/* Local. Batches in ascending order. About 40 ns a number, 10 to 20 ns a string. */
QN_CHECKED qn_status qn_profile_add(qn_profile *profile, const qn_batch *batch);

/* True if mean and deviation make sense: numeric and bool columns. */
bool qn_profile_has_mean(const qn_column_profile *column);

/* Results of number columns, NaN where there is none: mean, sample standard deviation (0 for a
 * single value), and quantiles for p in [0, 1] with 0 the minimum and 1 the maximum. */
double qn_profile_mean(const qn_column_profile *column);
double qn_profile_deviation(const qn_column_profile *column);
double qn_profile_quantile(const qn_column_profile *column, double p);

/* The same without rounding for integers, dates and timestamps; 0 where there is none. */
int64_t qn_profile_quantile_int(const qn_column_profile *column, double p);

/* Local. For the reduction: takes the extremes of strings of another rank into account. */
QN_CHECKED qn_status qn_profile_add_text(qn_column_profile *column, qn_view text);

#endif
