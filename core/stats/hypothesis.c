#include "core/stats/hypothesis.h"

#include "core/linalg/special.h"
#include "core/memory.h"
#include "core/stats/sum.h"

static const qn_test_result nothing = {0, 0, 0, 1};

/* ---- Chi-squared ---------------------------------------------------------------------------- */

static int64_t margins(const int64_t *counts, int32_t rows, int32_t columns, int64_t *of_rows,
                       int64_t *of_columns) {
    int64_t total = 0;
    for (int32_t i = 0; i < rows; i++)
        for (int32_t j = 0; j < columns; j++) {
            int64_t count = counts[(int64_t)i * columns + j];
            of_rows[i] += count;
            of_columns[j] += count;
            total += count;
        }
    return total;
}

static int32_t count_filled(const int64_t *counts, int32_t length) {
    int32_t filled = 0;
    for (int32_t i = 0; i < length; i++)
        filled += counts[i] > 0;
    return filled;
}

qn_status qn_test_chi2(qn_test_result *out, const int64_t *counts, int32_t rows, int32_t columns) {
    int64_t *of_rows = NULL;
    qn_sum sum;
    QN_TRY(qn_mem_calloc(&of_rows, (size_t)rows + (size_t)columns, sizeof *of_rows));
    int64_t *of_columns = of_rows + rows;
    int64_t total = margins(counts, rows, columns, of_rows, of_columns);
    double r = count_filled(of_rows, rows), c = count_filled(of_columns, columns);
    qn_sum_init(&sum);
    for (int32_t i = 0; i < rows; i++)
        for (int32_t j = 0; j < columns; j++) {
            double expected = (double)of_rows[i] * (double)of_columns[j] / (double)total;
            double off = (double)counts[(int64_t)i * columns + j] - expected;
            if (expected > 0)
                qn_sum_add(&sum, off * off / expected);
        }
    qn_mem_free(of_rows);
    *out = nothing;
    if (r > 1 && c > 1) {
        out->statistic = qn_sum_result(&sum);
        out->df1 = (r - 1) * (c - 1);
        out->p = qn_chi2_tail(out->statistic, out->df1);
    }
    return QN_OK;
}

/* ---- Means of groups ------------------------------------------------------------------------ */

static qn_pair whole(int64_t number) {
    double high = (double)number;
    return (qn_pair){high, (double)(number - (int64_t)high)};
}

static qn_pair subtract(qn_pair a, qn_pair b) {
    return qn_pair_add(a, qn_pair_negate(b));
}

/* sum^2 / rows */
static qn_pair square_mean(qn_pair sum, int64_t rows) {
    return qn_pair_divide(qn_pair_multiply(sum, sum), whole(rows));
}

/* (top / top_df) / (bottom / bottom_df), of squares that are not negative but for rounding. */
static void put_f(qn_test_result *out, qn_pair top, qn_pair bottom, double df1, double df2) {
    double above = top.high > 0 ? top.high : 0, below = bottom.high > 0 ? bottom.high : 0;
    *out = nothing;
    if (!(df1 > 0 && df2 > 0))
        return;
    out->df1 = df1;
    out->df2 = df2;
    if (above == 0)
        return;
    out->statistic = below == 0 ? (double)INFINITY : above / df1 / (below / df2);
    out->p = qn_f_tail(out->statistic, df1, df2);
}

void qn_test_anova(qn_test_result *out, const qn_test_group *groups, int64_t count) {
    qn_pair sum = {0, 0}, between = {0, 0}, within = {0, 0};
    int64_t rows = 0, filled = 0;
    bool same = true;
    double first = (double)NAN;
    for (int64_t i = 0; i < count; i++) {
        const qn_test_group *group = &groups[i];
        if (group->rows == 0)
            continue;
        qn_pair part = square_mean(group->sum, group->rows);
        double mean = qn_pair_divide(group->sum, whole(group->rows)).high;
        first = filled == 0 ? mean : first;
        same = same && group->constant && mean == first;
        sum = qn_pair_add(sum, group->sum);
        between = qn_pair_add(between, part);
        if (!group->constant)
            within = qn_pair_add(within, subtract(group->squares, part));
        rows += group->rows;
        filled++;
    }
    *out = nothing;
    if (filled < 2)
        return;
    between = same ? (qn_pair){0, 0} : subtract(between, square_mean(sum, rows));
    put_f(out, between, within, (double)(filled - 1), (double)(rows - filled));
}

/* ---- Correlation ---------------------------------------------------------------------------- */

/* n times the sum of (a - mean a)(b - mean b) */
static qn_pair centred(int64_t rows, qn_pair product, qn_pair a, qn_pair b) {
    return subtract(qn_pair_multiply(whole(rows), product), qn_pair_multiply(a, b));
}

double qn_test_correlation(const qn_test_sums *sums) {
    if (sums->rows < 2 || sums->constant)
        return (double)NAN;
    double xx = centred(sums->rows, sums->xx, sums->x, sums->x).high;
    double yy = centred(sums->rows, sums->yy, sums->y, sums->y).high;
    double xy = centred(sums->rows, sums->xy, sums->x, sums->y).high;
    if (!(xx > 0) || !(yy > 0))
        return (double)NAN;
    if (xx == yy && fabs(xy) == xx)
        return xy > 0 ? 1 : -1; /* the same, rounding apart */
    double r = xy / (sqrt(xx) * sqrt(yy));
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

void qn_test_regression(qn_test_result *out, const qn_test_sums *sums) {
    *out = nothing;
    if (sums->rows < 3 || sums->constant)
        return;
    qn_pair xx = centred(sums->rows, sums->xx, sums->x, sums->x);
    qn_pair yy = centred(sums->rows, sums->yy, sums->y, sums->y);
    qn_pair xy = centred(sums->rows, sums->xy, sums->x, sums->y);
    if (!(xx.high > 0) || !(yy.high > 0))
        return;
    /* of the products of 53 bits each pair is sure of about 53, too: below that the rest is noise
     */
    qn_pair explained = qn_pair_multiply(qn_pair_divide(xy, xx), xy);
    qn_pair rest = subtract(yy, explained);
    if (rest.high < 4e-16 * yy.high)
        rest = (qn_pair){0, 0};
    put_f(out, explained, rest, 1, (double)(sums->rows - 2));
}
