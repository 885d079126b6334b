/* Counts over frames as differences of prefix counts. */
#include "core/window/kernel.h"

/* out[i] = rows before i for which flags (NULL: all) are set; count + 1 entries. */
static qn_status prefix(const int32_t **out, const uint8_t *flags, const uint8_t *also,
                        int32_t count, qn_arena *arena) {
    int32_t *before = NULL, sum = 0;
    QN_TRY(qn_arena_take(arena, &before, count + 1, sizeof *before));
    for (int32_t i = 0; i < count; i++) {
        before[i] = sum;
        sum += (flags == NULL || flags[i] != 0) && (also == NULL || also[i] != 0);
    }
    before[count] = sum;
    *out = before;
    return QN_OK;
}

static inline int64_t count_frame(const qn_frames *frames, int32_t i, const int32_t *before) {
    int64_t count = 0;
    for (int32_t k = 0; k < frames->count; k++)
        count += before[frames->to[k][i]] - before[frames->from[k][i]];
    return count;
}

static inline int64_t count_rows(const qn_frames *frames, int32_t i) {
    int64_t count = 0;
    for (int32_t k = 0; k < frames->count; k++)
        count += frames->to[k][i] - frames->from[k][i];
    return count;
}

/* Truth values as bytes. */
static qn_status find_true(const uint8_t **out, const qn_window_values *values, int32_t count,
                           qn_arena *arena) {
    uint8_t *flags = NULL;
    QN_TRY(qn_arena_take(arena, &flags, count, sizeof *flags));
    for (int32_t i = 0; i < count; i++)
        flags[i] = values->i64[i] != 0;
    *out = flags;
    return QN_OK;
}

static qn_status judge(qn_window_result *out, bool all, const qn_window_rows *rows,
                       const qn_frames *frames, const qn_window_values *values, qn_arena *arena) {
    const uint8_t *flags = NULL;
    const int32_t *values_before = NULL, *true_before = NULL;
    QN_TRY(find_true(&flags, values, rows->count, arena));
    QN_TRY(prefix(&values_before, values->valid, NULL, rows->count, arena));
    QN_TRY(prefix(&true_before, flags, values->valid, rows->count, arena));
    QN_TRY(qn_arena_take(arena, &out->valid, rows->count, sizeof *out->valid));
    for (int32_t i = 0; i < rows->count; i++) {
        int64_t count = count_frame(frames, i, values_before);
        int64_t hits = count_frame(frames, i, true_before);
        out->i64[i] = count > 0 && (all ? hits == count : hits > 0);
        out->valid[i] = count > 0;
    }
    return QN_OK;
}

qn_status qn_window_counts(qn_window_result *out, qn_window_function function,
                           const qn_window_rows *rows, const qn_frames *frames,
                           const qn_window_values *values, qn_arena *arena) {
    qn_window_result result = {0};
    const int32_t *before = NULL;
    QN_TRY(qn_arena_take(arena, &result.i64, rows->count, sizeof *result.i64));
    if (function != QN_WINDOW_COUNT) {
        bool all = function == QN_WINDOW_BOOL_AND;
        QN_TRY(judge(&result, all, rows, frames, values, arena));
    } else if (values->valid == NULL) {
        for (int32_t i = 0; i < rows->count; i++)
            result.i64[i] = count_rows(frames, i);
    } else {
        QN_TRY(prefix(&before, values->valid, NULL, rows->count, arena));
        for (int32_t i = 0; i < rows->count; i++)
            result.i64[i] = count_frame(frames, i, before);
    }
    *out = result;
    return QN_OK;
}
