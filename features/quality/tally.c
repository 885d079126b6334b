#include "features/quality/tally.h"

#include "core/memory.h"
#include "core/stats/drift.h"
#include "core/stats/values.h"
#include "mpi/comm/reduce.h"

#include <math.h>

qn_status qn_tally_init(qn_tally *tally, qn_type type) {
    *tally = (qn_tally){.binned = qn_values_allowed(type) && type != QN_BOOL};
    if (!tally->binned)
        QN_TRY(qn_frequency_init(&tally->frequency, type));
    tally->begun = true;
    return QN_OK;
}

void qn_tally_clear(qn_tally *tally) {
    if (tally->begun && !tally->binned)
        qn_frequency_clear(&tally->frequency);
    qn_mem_free(tally->edges);
    qn_mem_free(tally->counts);
    *tally = (qn_tally){0};
}

qn_status qn_tally_set_edges(qn_tally *tally, const qn_quantiles *quantiles, int64_t bins) {
    int64_t count = 0;
    QN_TRY(qn_mem_alloc(&tally->edges, (size_t)bins, sizeof *tally->edges));
    for (int64_t i = 1; i < bins && quantiles->count > 0; i++) {
        double edge = qn_quantiles_value(quantiles, (double)i / (double)bins);
        if (count == 0 || edge > tally->edges[count - 1])
            tally->edges[count++] = edge;
    }
    /* Behind the greatest value would be a bin that the baseline never fills. */
    if (count > 0 && tally->edges[count - 1] >= quantiles->max)
        count--;
    tally->edge_count = count;
    return qn_mem_calloc(&tally->counts, (size_t)count + 2, sizeof *tally->counts);
}

/* Edges that lie below the value: a binary search without branches. */
static int64_t bin_of(const qn_tally *tally, double value) {
    const double *base = tally->edges;
    for (int64_t n = tally->edge_count; n > 0;) {
        int64_t half = (n + 1) / 2;
        base += base[half - 1] < value ? half : 0;
        n -= half;
    }
    return base - tally->edges;
}

static qn_status add_numbers(qn_tally *tally, const qn_column *column) {
    double *values = NULL;
    int64_t missing = tally->edge_count + 1;
    QN_TRY(qn_mem_alloc(&values, (size_t)column->length, sizeof *values));
    int64_t count = qn_values_present(column, values);
    tally->counts[missing] += column->length - count;
    for (int64_t i = 0; i < count; i++)
        tally->counts[isnan(values[i]) ? missing : bin_of(tally, values[i])]++;
    qn_mem_free(values);
    return QN_OK;
}

qn_status qn_tally_add(qn_tally *tally, const qn_column *column) {
    return tally->binned ? add_numbers(tally, column) : qn_frequency_add(&tally->frequency, column);
}

qn_status qn_tally_reduce(qn_tally *tally, qn_comm *comm) {
    if (tally->binned)
        return qn_comm_sum_i64(comm, tally->counts, tally->edge_count + 2);
    return qn_reduce_frequency(comm, &tally->frequency);
}

/* ---- Comparing ------------------------------------------------------------------------------ */

static int compare_keys(const qn_frequency *a, int64_t i, const qn_frequency *b, int64_t k) {
    if (a->text)
        return qn_view_compare(qn_frequency_text(a, i), qn_frequency_text(b, k));
    double x = qn_frequency_number(a, i), y = qn_frequency_number(b, k);
    return (x > y) - (x < y);
}

/* Counts of the values of either, in order of the values, then of the nulls; the number of bins. */
static int64_t align(const qn_frequency *a, const qn_frequency *b, int64_t *counts_a,
                     int64_t *counts_b) {
    int64_t i = 0, k = 0, n = 0;
    for (; i < a->count || k < b->count; n++) {
        int order = i == a->count ? 1 : k == b->count ? -1 : compare_keys(a, i, b, k);
        counts_a[n] = order <= 0 ? a->counts[i++] : 0;
        counts_b[n] = order >= 0 ? b->counts[k++] : 0;
    }
    counts_a[n] = a->nulls;
    counts_b[n] = b->nulls;
    return n + (a->nulls > 0 || b->nulls > 0);
}

static qn_status stability_of_values(const qn_frequency *expected, const qn_frequency *actual,
                                     double *out, int64_t *bins) {
    int64_t *counts = NULL, most = expected->count + actual->count + 1;
    QN_TRY(qn_mem_alloc(&counts, 2 * (size_t)most, sizeof *counts));
    *bins = align(expected, actual, counts, counts + most);
    *out = qn_population_stability(counts, counts + most, *bins);
    qn_mem_free(counts);
    return QN_OK;
}

qn_status qn_tally_stability(const qn_tally *expected, const qn_tally *actual, double *out,
                             int64_t *bins) {
    if (!expected->binned)
        return stability_of_values(&expected->frequency, &actual->frequency, out, bins);
    int64_t missing = expected->edge_count + 1;
    *bins = missing + (expected->counts[missing] > 0 || actual->counts[missing] > 0);
    *out = qn_population_stability(expected->counts, actual->counts, *bins);
    return QN_OK;
}
