#include "mpi/reduce.h"

#include "core/memory.h"

qn_status qn_reduce_sums(qn_comm *comm, qn_sum *sums, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        qn_sum_normalize(&sums[i]);
    if (qn_comm_size(comm) > 1 && count > 0)
        QN_TRY(qn_comm_sum_i64(comm, sums[0].words, count * QN_SUM_WORDS));
    for (int64_t i = 0; i < count; i++)
        qn_sum_normalize(&sums[i]);
    return QN_OK;
}

/* Brings all ranks to the same window, and to having specials if one has. */
static qn_status align_sums(qn_sums *sums, const int64_t *bounds) {
    if (bounds[2] > 0 && sums->specials == NULL)
        QN_TRY(qn_mem_calloc(&sums->specials, (size_t)sums->count * 3, sizeof *sums->specials));
    return bounds[0] > 0
               ? qn_sums_widen(sums, (int32_t)(QN_SUM_DIGITS - bounds[0]), (int32_t)bounds[1])
               : QN_OK;
}

qn_status qn_reduce_sum_vector(qn_comm *comm, qn_sums *sums) {
    qn_status status = qn_sums_normalize(sums);
    if (qn_comm_size(comm) == 1)
        return status;
    QN_TRY(qn_comm_agree(comm, status));
    /* 0: nothing but zeros so far; one digit more than any rank has takes the carries */
    int32_t last = sums->first + sums->window + 1;
    int64_t bounds[3] = {0, 0, sums->specials != NULL};
    if (sums->window > 0) {
        bounds[0] = QN_SUM_DIGITS - sums->first;
        bounds[1] = last < QN_SUM_DIGITS ? last : QN_SUM_DIGITS;
    }
    QN_TRY(qn_comm_max_i64(comm, bounds, 3));
    QN_TRY(qn_comm_agree(comm, align_sums(sums, bounds)));
    if (bounds[0] > 0)
        QN_TRY(qn_comm_sum_i64(comm, sums->words, sums->count * (sums->window + 1)));
    if (bounds[2] > 0)
        QN_TRY(qn_comm_sum_i64(comm, sums->specials, 3 * sums->count));
    return qn_sums_normalize(sums);
}

qn_status qn_reduce_moments(qn_comm *comm, qn_moments *moments) {
    int64_t rows[2] = {moments->rows, moments->nulls};
    QN_TRY(qn_reduce_sum_vector(comm, &moments->sums));
    QN_TRY(qn_comm_sum_i64(comm, rows, 2));
    QN_TRY(qn_comm_sum_i64(comm, moments->nans, moments->width));
    QN_TRY(qn_comm_sum_i64(comm, moments->stored, moments->width));
    QN_TRY(qn_comm_min_f64(comm, moments->min, moments->width));
    QN_TRY(qn_comm_max_f64(comm, moments->max, moments->width));
    moments->rows = rows[0];
    moments->nulls = rows[1];
    return QN_OK;
}
