#include "core/memory.h"
#include "features/scan/csv_scan.h"

void qn_csv_cache_reset(qn_csv_cache *cache, int64_t row, qn_csv_position position) {
    qn_csv_cache_clear(cache);
    cache->end_row = row;
    cache->end = position;
}

void qn_csv_cache_clear(qn_csv_cache *cache) {
    for (int64_t i = 0; i < cache->count; i++)
        qn_batch_clear(&cache->batches[i]);
    qn_mem_free(cache->batches);
    *cache = (qn_csv_cache){.budget = cache->budget};
}

qn_status qn_csv_cache_add(qn_csv_cache *cache, const qn_batch *batch, int64_t rows,
                           qn_csv_position end) {
    if (cache->closed || batch->first_row != cache->end_row)
        return QN_OK;
    int64_t bytes = qn_batch_bytes(batch);
    if (cache->bytes + bytes > cache->budget) {
        cache->closed = true;
        return QN_OK;
    }
    QN_TRY(qn_mem_reserve(&cache->batches, &cache->capacity, cache->count + 1,
                          sizeof *cache->batches));
    qn_batch shared;
    qn_batch_init(&shared);
    QN_TRY(qn_batch_share(&shared, batch));
    cache->batches[cache->count++] = shared;
    cache->bytes += bytes;
    cache->end_row += rows;
    cache->end = end;
    return QN_OK;
}

void qn_csv_cache_narrow(qn_csv_cache *cache, const bool *wanted) {
    cache->bytes = 0;
    for (int64_t i = 0; i < cache->count; i++) {
        qn_batch *batch = &cache->batches[i];
        int32_t kept = 0;
        for (int32_t c = 0; c < batch->count; c++) {
            if (wanted[c])
                batch->columns[kept++] = batch->columns[c];
            else
                qn_column_release(batch->columns[c]);
        }
        batch->count = kept;
        cache->bytes += qn_batch_bytes(batch);
    }
}
