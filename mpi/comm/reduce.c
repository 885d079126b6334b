#include "mpi/comm/reduce.h"

#include "core/memory.h"
#include "core/text/text.h"

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

qn_status qn_reduce_gram(qn_comm *comm, qn_gram *gram) {
    QN_TRY(qn_reduce_sum_vector(comm, &gram->sums));
    QN_TRY(qn_comm_sum_i64(comm, &gram->rows, 1));
    QN_TRY(qn_comm_min_f64(comm, gram->min, (int64_t)gram->width + 1));
    return qn_comm_max_f64(comm, gram->max, (int64_t)gram->width + 1);
}

qn_status qn_reduce_extremes(qn_comm *comm, qn_extremes *extremes) {
    int64_t rows[2] = {extremes->rows, extremes->dense_rows};
    QN_TRY(qn_comm_sum_i64(comm, rows, 2));
    QN_TRY(qn_comm_sum_i64(comm, extremes->stored, extremes->width));
    QN_TRY(qn_comm_min_f64(comm, extremes->min, extremes->width));
    QN_TRY(qn_comm_max_f64(comm, extremes->max, extremes->width));
    extremes->rows = rows[0];
    extremes->dense_rows = rows[1];
    return QN_OK;
}

static qn_type key_type(const qn_frequency *frequency) {
    return frequency->text ? QN_STRING : QN_FLOAT64;
}

/* The counts of the keys that fall to this rank, over all ranks. Clears `frequency`: what is not
 * needed any more must not be in memory beside what comes. */
static qn_status exchange_frequency(qn_comm *comm, qn_frequency *frequency, qn_frequency *share) {
    int size = qn_comm_size(comm);
    qn_text packed = {0};
    void *received = NULL;
    int64_t *send_offsets = NULL, *offsets = NULL;
    qn_status status = qn_mem_calloc(&send_offsets, (size_t)size + 1, sizeof *send_offsets);
    for (int r = 0; r < size && status == QN_OK; r++) {
        status = qn_frequency_pack(frequency, r, size, &packed);
        send_offsets[r + 1] = packed.length;
    }
    qn_frequency_clear(frequency);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_alltoallv(comm, packed.data, send_offsets, &received, &offsets), done);
    qn_text_clear(&packed);
    status = qn_frequency_unpack(share, received, offsets[size]);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    qn_text_clear(&packed);
    qn_mem_free(received);
    qn_mem_free(send_offsets);
    qn_mem_free(offsets);
    return status;
}

/* Clears `share`. */
static qn_status gather_frequency(qn_comm *comm, qn_frequency *share, qn_frequency *whole) {
    qn_text packed = {0};
    void *received = NULL;
    int64_t *offsets = NULL;
    qn_status status = qn_frequency_pack(share, 0, 1, &packed);
    qn_frequency_clear(share);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgatherv(comm, packed.data, packed.length, &received, &offsets), done);
    qn_text_clear(&packed);
    status = qn_frequency_unpack(whole, received, offsets[qn_comm_size(comm)]);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    qn_text_clear(&packed);
    qn_mem_free(received);
    qn_mem_free(offsets);
    return status;
}

qn_status qn_reduce_frequency(qn_comm *comm, qn_frequency *frequency) {
    if (qn_comm_size(comm) == 1)
        return qn_frequency_sort(frequency);
    qn_frequency share = {0}, whole = {0};
    int64_t nulls = frequency->nulls;
    qn_status status = qn_frequency_init(&share, key_type(frequency));
    if (status == QN_OK)
        status = qn_frequency_init(&whole, key_type(frequency));
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(exchange_frequency(comm, frequency, &share), done);
    QN_TRY_GOTO(gather_frequency(comm, &share, &whole), done);
    QN_TRY_GOTO(qn_comm_sum_i64(comm, &nulls, 1), done);
    whole.nulls = nulls;
    QN_TRY_GOTO(qn_comm_agree(comm, qn_frequency_sort(&whole)), done);
    *frequency = whole;
    whole = (qn_frequency){0};
done:
    qn_frequency_clear(&share);
    qn_frequency_clear(&whole);
    return status;
}
