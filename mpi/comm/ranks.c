#include "mpi/comm/ranks.h"

#include "core/key/radix.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

/* ---- One column ----------------------------------------------------------------------------- */

typedef struct sorter {
    uint64_t *keys, *spare_keys;
    uint32_t *places, *spare_places;
} sorter;

static qn_status open_sorter(sorter *out, int64_t rows) {
    size_t length = (size_t)rows;
    QN_TRY(qn_mem_alloc(&out->keys, length, sizeof *out->keys));
    QN_TRY(qn_mem_alloc(&out->spare_keys, length, sizeof *out->spare_keys));
    QN_TRY(qn_mem_alloc(&out->places, length, sizeof *out->places));
    return qn_mem_alloc(&out->spare_places, length, sizeof *out->spare_places);
}

static void close_sorter(sorter *of) {
    qn_mem_free(of->keys);
    qn_mem_free(of->spare_keys);
    qn_mem_free(of->places);
    qn_mem_free(of->spare_places);
}

/* Bits that sort as unsigned integers the way the numbers do; one zero. */
static uint64_t key_of(double value) {
    double x = value + 0.0;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits ^ ((uint64_t)((int64_t)bits >> 63) | UINT64_C(1) << 63);
}

static qn_status rank_values(double *values, int64_t rows) {
    sorter by = {0};
    int64_t count = 0;
    qn_status status = rows <= UINT32_MAX
                           ? open_sorter(&by, rows)
                           : qn_fail(QN_DATA,
                                     "%lld rows are too many to be ranked; 2^32 - 1 are "
                                     "the most",
                                     (long long)rows);
    for (int64_t i = 0; status == QN_OK && i < rows; i++)
        if (!isnan(values[i])) {
            by.keys[count] = key_of(values[i]);
            by.places[count++] = (uint32_t)i;
        }
    if (count > 0)
        qn_radix_sort_pairs(by.keys, by.places, by.spare_keys, by.spare_places, count, 0, 64);
    for (int64_t first = 0, next; first < count; first = next) {
        for (next = first + 1; next < count && by.keys[next] == by.keys[first];)
            next++;
        for (int64_t i = first; i < next; i++)
            values[by.places[i]] = 0.5 * (double)(first + 1 + next);
    }
    close_sorter(&by);
    return status;
}

/* ---- Between ranks -------------------------------------------------------------------------- */

static void put_offsets(int64_t *offsets, int64_t first, int64_t count, int size, int64_t rows) {
    for (int r = 0; r < size; r++)
        offsets[r + 1] = offsets[r] + (first + r < count ? rows * (int64_t)sizeof(double) : 0);
}

/* Column first + r is ranked on rank r. */
static qn_status rank_round(qn_comm *comm, double *const *columns, int64_t first, int64_t count,
                            int64_t rows) {
    int size = qn_comm_size(comm);
    double *out = NULL;
    void *whole = NULL, *back = NULL;
    int64_t *mine = NULL, *offsets = NULL, *back_offsets = NULL;
    int64_t some = count - first < size ? count - first : size;
    qn_status status = qn_mem_calloc(&mine, (size_t)size + 1, sizeof *mine);
    if (status == QN_OK)
        status = qn_mem_alloc(&out, (size_t)(some * rows), sizeof *out);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    put_offsets(mine, first, count, size, rows);
    for (int64_t i = 0; i < some && rows > 0; i++)
        memcpy(out + i * rows, columns[first + i], (size_t)rows * sizeof *out);
    QN_TRY_GOTO(qn_comm_alltoallv(comm, out, mine, &whole, &offsets), done);
    status = rank_values(whole, offsets[size] / (int64_t)sizeof *out);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_alltoallv(comm, whole, offsets, &back, &back_offsets), done);
    for (int64_t i = 0; i < some && rows > 0; i++)
        memcpy(columns[first + i], (const char *)back + back_offsets[i],
               (size_t)rows * sizeof *out);
done:
    qn_mem_free(out);
    qn_mem_free(mine);
    qn_mem_free(whole);
    qn_mem_free(offsets);
    qn_mem_free(back);
    qn_mem_free(back_offsets);
    return status;
}

qn_status qn_rank_columns(qn_comm *comm, double *const *columns, int64_t count, int64_t rows) {
    for (int64_t first = 0; first < count; first += qn_comm_size(comm))
        QN_TRY(rank_round(comm, columns, first, count, rows));
    return QN_OK;
}
