/* Joining distinct counts and column profiles over the ranks. */
#include "mpi/comm/reduce.h"

#include "core/memory.h"

#include <string.h>

static qn_status reduce_registers(qn_comm *comm, qn_distinct *distinct) {
    int64_t *wide = NULL;
    qn_status status = qn_distinct_estimate(distinct);
    if (status == QN_OK)
        status = qn_mem_alloc(&wide, QN_DISTINCT_REGISTERS, sizeof *wide);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    for (int i = 0; i < QN_DISTINCT_REGISTERS; i++)
        wide[i] = distinct->registers[i];
    QN_TRY_GOTO(qn_comm_max_i64(comm, wide, QN_DISTINCT_REGISTERS), done);
    for (int i = 0; i < QN_DISTINCT_REGISTERS; i++)
        distinct->registers[i] = (uint8_t)wide[i];
done:
    qn_mem_free(wide);
    return status;
}

static qn_status list_hashes(const qn_distinct *distinct, uint64_t **out) {
    uint64_t *hashes = NULL;
    int64_t count = 0;
    QN_TRY(qn_mem_alloc(&hashes, (size_t)distinct->count, sizeof *hashes));
    for (int64_t i = 0; i < distinct->slot_count; i++)
        if (distinct->slots[i] != 0)
            hashes[count++] = distinct->slots[i];
    *out = hashes;
    return QN_OK;
}

static qn_status reduce_hashes(qn_comm *comm, qn_distinct *distinct) {
    uint64_t *hashes = NULL;
    void *received = NULL;
    int64_t *offsets = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_comm_agree(comm, list_hashes(distinct, &hashes)), done);
    QN_TRY_GOTO(qn_comm_allgatherv(comm, hashes, distinct->count * (int64_t)sizeof *hashes,
                                   &received, &offsets),
                done);
    const uint64_t *all = received;
    int64_t count = offsets[qn_comm_size(comm)] / (int64_t)sizeof *all;
    for (int64_t i = 0; i < count && status == QN_OK; i++)
        status = qn_distinct_add_hash(distinct, all[i]);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    qn_mem_free(hashes);
    qn_mem_free(received);
    qn_mem_free(offsets);
    return status;
}

qn_status qn_reduce_distinct(qn_comm *comm, qn_distinct *distinct) {
    int64_t estimating = !qn_distinct_is_exact(distinct);
    if (qn_comm_size(comm) == 1)
        return QN_OK;
    QN_TRY(qn_comm_max_i64(comm, &estimating, 1));
    return estimating ? reduce_registers(comm, distinct) : reduce_hashes(comm, distinct);
}

/* ---- Profiles ------------------------------------------------------------------------------- */

/* The extremes of one string column as length, bytes, length, bytes; nothing if there are none. */
static qn_status pack_extremes(const qn_column_profile *column, qn_text *out) {
    const qn_text *texts[2] = {&column->min, &column->max};
    for (int k = 0; k < 2 && column->extremes; k++) {
        QN_TRY(qn_text_add(out, (const char *)&texts[k]->length, sizeof texts[k]->length));
        QN_TRY(qn_text_add(out, texts[k]->data, texts[k]->length));
    }
    return QN_OK;
}

static qn_status add_extremes(qn_column_profile *column, const char *bytes, int64_t length) {
    const char *end = bytes + length;
    while (bytes < end) {
        qn_view text;
        memcpy(&text.length, bytes, sizeof text.length);
        text.data = bytes + sizeof text.length;
        QN_TRY(qn_profile_add_text(column, text));
        bytes = text.data + text.length;
    }
    return QN_OK;
}

static qn_status reduce_extremes(qn_comm *comm, qn_column_profile *column) {
    qn_text packed = {0};
    void *received = NULL;
    int64_t *offsets = NULL;
    qn_status status = pack_extremes(column, &packed);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgatherv(comm, packed.data, packed.length, &received, &offsets), done);
    status = add_extremes(column, received, offsets[qn_comm_size(comm)]);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
done:
    qn_text_clear(&packed);
    qn_mem_free(received);
    qn_mem_free(offsets);
    return status;
}

static qn_status reduce_column(qn_comm *comm, qn_column_profile *column) {
    int64_t counts[2] = {column->count, column->nulls};
    QN_TRY(qn_comm_sum_i64(comm, counts, 2));
    column->count = counts[0];
    column->nulls = counts[1];
    QN_TRY(qn_comm_min_i64(comm, &column->least, 1));
    QN_TRY(qn_comm_max_i64(comm, &column->greatest, 1));
    if (column->counted)
        QN_TRY(qn_reduce_distinct(comm, &column->distinct));
    if (column->type == QN_STRING)
        QN_TRY(reduce_extremes(comm, column));
    return column->numbers ? qn_reduce_moments(comm, &column->moments) : QN_OK;
}

qn_status qn_reduce_profile(qn_comm *comm, qn_profile *profile) {
    qn_quantiles **trees = NULL;
    int64_t tree_count = 0;
    qn_status status = qn_mem_alloc(&trees, (size_t)profile->count, sizeof(qn_quantiles *));
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_sum_i64(comm, &profile->rows, 1), done);
    for (int32_t i = 0; i < profile->count; i++) {
        QN_TRY_GOTO(reduce_column(comm, &profile->columns[i]), done);
        if (profile->columns[i].numbers)
            trees[tree_count++] = &profile->columns[i].quantiles;
    }
    status = qn_reduce_quantiles(comm, trees, tree_count);
done:
    qn_mem_free(trees);
    return status;
}
