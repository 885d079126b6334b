/* Reductions of what tests of features against a label need. */
#include "core/memory.h"
#include "mpi/comm/reduce.h"

qn_status qn_reduce_cross(qn_comm *comm, qn_cross *cross) {
    QN_TRY(qn_reduce_sum_vector(comm, &cross->sums));
    QN_TRY(qn_comm_sum_i64(comm, &cross->rows, 1));
    QN_TRY(qn_comm_min_f64(comm, cross->min, (int64_t)cross->width + 1));
    return qn_comm_max_f64(comm, cross->max, (int64_t)cross->width + 1);
}

qn_status qn_reduce_correlation(qn_comm *comm, qn_correlation *correlation) {
    int64_t width = correlation->width;
    QN_TRY(qn_reduce_sum_vector(comm, &correlation->sums));
    return qn_comm_sum_i64(comm, correlation->rows, width * width);
}

/* ---- Analysis of variance ------------------------------------------------------------------- */

/* The keys of all ranks, each once, ascending. */
static qn_status join_labels(qn_comm *comm, const qn_codes *mine, qn_codes *all) {
    void *received = NULL;
    int64_t *offsets = NULL;
    int32_t code;
    QN_TRY(qn_comm_allgatherv(comm, mine->keys, mine->count * (int64_t)sizeof *mine->keys,
                              &received, &offsets));
    const uint64_t *keys = received;
    int64_t count = offsets[qn_comm_size(comm)] / (int64_t)sizeof *keys;
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK && all->count <= QN_CODES_MOST; i++)
        status = qn_codes_add(all, keys[i], &code);
    qn_mem_free(received);
    qn_mem_free(offsets);
    return qn_comm_agree(comm, status);
}

static qn_status arrange(qn_anova *anova, qn_codes *all) {
    uint64_t *keys = NULL;
    const int32_t *order;
    QN_TRY(qn_codes_sorted(all, &order));
    QN_TRY(qn_mem_alloc(&keys, (size_t)all->count, sizeof *keys));
    for (int32_t i = 0; i < all->count; i++)
        keys[i] = all->keys[order[i]];
    qn_status status = qn_anova_arrange(anova, keys, all->count);
    qn_mem_free(keys);
    return status;
}

qn_status qn_reduce_anova(qn_comm *comm, qn_anova *anova) {
    qn_codes all;
    qn_status status;
    int64_t overfull = anova->overfull;
    qn_codes_init(&all);
    QN_TRY_GOTO(qn_comm_max_i64(comm, &overfull, 1), done);
    QN_TRY_GOTO(join_labels(comm, &anova->labels, &all), done);
    anova->overfull = overfull || all.count > QN_CODES_MOST;
    if (anova->overfull)
        goto done;
    QN_TRY_GOTO(qn_comm_agree(comm, arrange(anova, &all)), done);
    for (int32_t c = 0; c < anova->labels.count; c++)
        QN_TRY_GOTO(qn_reduce_moments(comm, &anova->classes[c]), done);
done:
    qn_codes_clear(&all);
    return status;
}

/* ---- Contingency tables --------------------------------------------------------------------- */

static qn_status unpack(qn_contingency *to, const void *bytes, int64_t length) {
    const qn_contingency_entry *entries = bytes;
    return qn_contingency_unpack(to, entries, length / (int64_t)sizeof *entries);
}

static qn_status gather_labels(qn_comm *comm, const qn_contingency *mine, qn_contingency *all) {
    qn_text packed = {0};
    void *received = NULL;
    int64_t *offsets = NULL;
    qn_status status = qn_comm_agree(comm, qn_contingency_pack_labels(mine, &packed));
    if (status == QN_OK)
        status = qn_comm_allgatherv(comm, packed.data, packed.length, &received, &offsets);
    if (status == QN_OK)
        status = qn_comm_agree(comm, unpack(all, received, offsets[qn_comm_size(comm)]));
    qn_text_clear(&packed);
    qn_mem_free(received);
    qn_mem_free(offsets);
    return status;
}

/* The tables that fall to this rank, every `size`-th. */
static qn_status exchange_tables(qn_comm *comm, const qn_contingency *mine, qn_contingency *share) {
    int size = qn_comm_size(comm);
    qn_text packed = {0};
    void *received = NULL;
    int64_t *send_offsets = NULL, *offsets = NULL;
    qn_status status = qn_mem_calloc(&send_offsets, (size_t)size + 1, sizeof *send_offsets);
    for (int r = 0; r < size && status == QN_OK; r++) {
        status = qn_contingency_pack(mine, r, size, &packed);
        send_offsets[r + 1] = packed.length;
    }
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_alltoallv(comm, packed.data, send_offsets, &received, &offsets), done);
    QN_TRY_GOTO(qn_comm_agree(comm, unpack(share, received, offsets[size])), done);
done:
    qn_text_clear(&packed);
    qn_mem_free(received);
    qn_mem_free(send_offsets);
    qn_mem_free(offsets);
    return status;
}

static qn_status gather_tables(qn_comm *comm, const qn_contingency *share, qn_contingency *whole) {
    qn_text packed = {0};
    void *received = NULL;
    int64_t *offsets = NULL;
    qn_status status = qn_comm_agree(comm, qn_contingency_pack(share, 0, 1, &packed));
    if (status == QN_OK)
        status = qn_comm_allgatherv(comm, packed.data, packed.length, &received, &offsets);
    if (status == QN_OK)
        status = qn_comm_agree(comm, unpack(whole, received, offsets[qn_comm_size(comm)]));
    qn_text_clear(&packed);
    qn_mem_free(received);
    qn_mem_free(offsets);
    return status;
}

/* What has too many values on one rank has them on all. */
static qn_status share_drops(qn_comm *comm, const qn_contingency *of, qn_contingency *to) {
    int64_t *flags = NULL;
    qn_status status = qn_mem_alloc(&flags, (size_t)of->width + 1, sizeof *flags);
    QN_TRY(qn_comm_agree(comm, status));
    for (int32_t i = 0; i < of->width; i++)
        flags[i] = of->features[i].overfull;
    flags[of->width] = of->overfull;
    status = qn_comm_max_i64(comm, flags, (int64_t)of->width + 1);
    for (int32_t i = 0; i < of->width && status == QN_OK; i++)
        if (flags[i])
            qn_contingency_drop(to, i);
    if (status == QN_OK && flags[of->width])
        qn_contingency_drop(to, -1);
    qn_mem_free(flags);
    return status;
}

qn_status qn_reduce_contingency(qn_comm *comm, qn_contingency *tables) {
    if (qn_comm_size(comm) == 1)
        return QN_OK;
    qn_contingency share = {0}, whole = {0};
    qn_status status = qn_contingency_init(&share, tables->width, tables->zeros);
    if (status == QN_OK)
        status = qn_contingency_init(&whole, tables->width, tables->zeros);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(share_drops(comm, tables, &share), done);
    QN_TRY_GOTO(gather_labels(comm, tables, &whole), done);
    QN_TRY_GOTO(exchange_tables(comm, tables, &share), done);
    QN_TRY_GOTO(share_drops(comm, &share, &whole), done);
    QN_TRY_GOTO(gather_tables(comm, &share, &whole), done);
    qn_contingency_clear(tables);
    *tables = whole;
    whole = (qn_contingency){0};
done:
    qn_contingency_clear(&share);
    qn_contingency_clear(&whole);
    return status;
}
