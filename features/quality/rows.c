#include "features/quality/rows.h"

#include "core/memory.h"

#include <string.h>

enum { PAGE_WORDS = QN_BATCH_ROWS / 64 };

void qn_row_set_clear(qn_row_set *set) {
    qn_mem_free_all(set->pages, set->page_count);
    *set = (qn_row_set){0};
}

static qn_status page_of(qn_row_set *set, int64_t page, uint64_t **out) {
    if (page >= set->page_count) {
        QN_TRY(qn_mem_reserve(&set->pages, &set->page_capacity, page + 1, sizeof *set->pages));
        memset(set->pages + set->page_count, 0,
               (size_t)(page + 1 - set->page_count) * sizeof *set->pages);
        set->page_count = page + 1;
    }
    if (set->pages[page] == NULL)
        QN_TRY(qn_mem_calloc(&set->pages[page], PAGE_WORDS, sizeof **set->pages));
    *out = set->pages[page];
    return QN_OK;
}

static const uint64_t *find_page(const qn_row_set *set, int64_t row) {
    int64_t page = row / QN_BATCH_ROWS;
    return page < set->page_count ? set->pages[page] : NULL;
}

qn_status qn_row_set_add(qn_row_set *set, int64_t row) {
    uint64_t *page = NULL;
    QN_TRY(page_of(set, row / QN_BATCH_ROWS, &page));
    qn_bit_set(page, row % QN_BATCH_ROWS);
    return QN_OK;
}

/* The rows of a batch as it was cut are words of a page. */
static bool is_aligned(const qn_batch *batch) {
    return batch->row_ids == NULL && batch->first_row % 64 == 0 &&
           batch->first_row % QN_BATCH_ROWS + batch->length <= QN_BATCH_ROWS;
}

qn_status qn_row_set_add_batch(qn_row_set *set, const qn_batch *batch, const uint64_t *bits) {
    if (qn_bits_count(bits, batch->length) == 0)
        return QN_OK;
    if (!is_aligned(batch)) {
        for (int64_t i = 0; i < batch->length; i++)
            if (qn_bit(bits, i))
                QN_TRY(qn_row_set_add(set, qn_batch_row(batch, i)));
        return QN_OK;
    }
    uint64_t *page = NULL;
    QN_TRY(page_of(set, batch->first_row / QN_BATCH_ROWS, &page));
    page += batch->first_row % QN_BATCH_ROWS / 64;
    for (int64_t w = 0; w < qn_bit_words(batch->length); w++)
        page[w] |= bits[w];
    return QN_OK;
}

void qn_row_set_get_batch(const qn_row_set *set, const qn_batch *batch, uint64_t *bits) {
    if (is_aligned(batch)) {
        const uint64_t *page = find_page(set, batch->first_row);
        if (page == NULL)
            return;
        page += batch->first_row % QN_BATCH_ROWS / 64;
        for (int64_t w = 0; w < qn_bit_words(batch->length); w++)
            bits[w] |= page[w];
        if (batch->length % 64 != 0) /* other batches may share the last word */
            bits[batch->length / 64] &= (UINT64_C(1) << (batch->length % 64)) - 1;
        return;
    }
    for (int64_t i = 0; i < batch->length; i++) {
        int64_t row = qn_batch_row(batch, i);
        const uint64_t *page = find_page(set, row);
        if (page != NULL && qn_bit(page, row % QN_BATCH_ROWS))
            qn_bit_set(bits, i);
    }
}

/* ---- Between ranks -------------------------------------------------------------------------- */

void qn_row_range_add(qn_row_range *range, const qn_batch *batch) {
    if (batch->length == 0)
        return;
    int64_t first = qn_batch_row(batch, 0), last = qn_batch_row(batch, batch->length - 1);
    range->first = first < range->first ? first : range->first;
    range->last = last > range->last ? last : range->last;
}

/* A page as it is sent. */
typedef struct packed_page {
    int64_t number;
    uint64_t words[PAGE_WORDS];
} packed_page;

static bool wants(qn_row_range range, int64_t page) {
    return range.first <= range.last && page >= range.first / QN_BATCH_ROWS &&
           page <= range.last / QN_BATCH_ROWS;
}

static qn_status pack(const qn_row_set *set, const qn_row_range *ranges, int size, int self,
                      packed_page **out, int64_t *offsets) {
    packed_page *pages = NULL;
    int64_t count = 0, capacity = 0;
    qn_status status = QN_OK;
    offsets[0] = 0;
    for (int rank = 0; rank < size && status == QN_OK; rank++) {
        for (int64_t p = 0; p < set->page_count && status == QN_OK; p++) {
            if (rank == self || set->pages[p] == NULL || !wants(ranges[rank], p))
                continue;
            status = qn_mem_reserve(&pages, &capacity, count + 1, sizeof *pages);
            if (status != QN_OK)
                break;
            pages[count].number = p;
            memcpy(pages[count++].words, set->pages[p], sizeof pages->words);
        }
        offsets[rank + 1] = count * (int64_t)sizeof *pages;
    }
    *out = pages;
    return status;
}

static qn_status take_pages(qn_row_set *set, const packed_page *pages, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        uint64_t *page = NULL;
        QN_TRY(page_of(set, pages[i].number, &page));
        for (int w = 0; w < PAGE_WORDS; w++)
            page[w] |= pages[i].words[w];
    }
    return QN_OK;
}

/* What no row of this rank is in is not needed any more. */
static void drop_foreign(qn_row_set *set, qn_row_range range) {
    for (int64_t p = 0; p < set->page_count; p++)
        if (!wants(range, p)) {
            qn_mem_free(set->pages[p]);
            set->pages[p] = NULL;
        }
}

qn_status qn_row_set_exchange(qn_row_set *set, qn_comm *comm, qn_row_range range) {
    int size = qn_comm_size(comm);
    qn_row_range *ranges = NULL;
    packed_page *pages = NULL;
    int64_t *offsets = NULL, *arrived_offsets = NULL;
    void *arrived = NULL;
    if (size == 1)
        return QN_OK;
    qn_status status = qn_mem_alloc(&ranges, (size_t)size, sizeof *ranges);
    if (status == QN_OK)
        status = qn_mem_alloc(&offsets, (size_t)size + 1, sizeof *offsets);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgather(comm, &range, sizeof range, ranges), done);
    status = pack(set, ranges, size, qn_comm_rank(comm), &pages, offsets);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_alltoallv(comm, pages, offsets, &arrived, &arrived_offsets), done);
    drop_foreign(set, range);
    status = take_pages(set, arrived, arrived_offsets[size] / (int64_t)sizeof *pages);
    status = qn_comm_agree(comm, status);
done:
    qn_mem_free(ranges);
    qn_mem_free(offsets);
    qn_mem_free(pages);
    qn_mem_free(arrived);
    qn_mem_free(arrived_offsets);
    return status;
}
