/* The first, last and n-th value of a frame. */
#include "core/window/kernel.h"

/* Values that are not null: before[i] of them stand before row i (count + 1 entries), the k-th is
 * at present[k]. */
typedef struct presence {
    int32_t *before, *present;
} presence;

static qn_status find_presence(presence *out, const qn_window_rows *rows,
                               const qn_window_values *values, qn_arena *arena) {
    int32_t count = 0;
    QN_TRY(qn_arena_take(arena, &out->before, rows->count + 1, sizeof *out->before));
    QN_TRY(qn_arena_take(arena, &out->present, rows->count + 1, sizeof *out->present));
    for (int32_t i = 0; i < rows->count; i++) {
        out->before[i] = count;
        out->present[count] = i;
        count += values->valid[i] != 0;
    }
    out->before[rows->count] = count;
    return QN_OK;
}

/* number >= 1: from the frame's start; -1: the last. */
static int32_t pick_row(const qn_frames *frames, int32_t i, int64_t number) {
    for (int32_t k = 0; number > 0 && k < frames->count; k++) {
        int32_t from = frames->from[k][i], size = frames->to[k][i] - from;
        if (number <= size)
            return from + (int32_t)number - 1;
        number -= size;
    }
    for (int32_t k = frames->count - 1; number < 0 && k >= 0; k--)
        if (frames->from[k][i] < frames->to[k][i])
            return frames->to[k][i] - 1;
    return -1;
}

static int32_t pick_present(const qn_frames *frames, int32_t i, int64_t number,
                            const presence *has) {
    for (int32_t k = 0; number > 0 && k < frames->count; k++) {
        int32_t from = has->before[frames->from[k][i]];
        int32_t size = has->before[frames->to[k][i]] - from;
        if (number <= size)
            return has->present[from + (int32_t)number - 1];
        number -= size;
    }
    for (int32_t k = frames->count - 1; number < 0 && k >= 0; k--) {
        int32_t to = has->before[frames->to[k][i]];
        if (has->before[frames->from[k][i]] < to)
            return has->present[to - 1];
    }
    return -1;
}

qn_status qn_window_nth(qn_window_result *out, qn_window_function function, int64_t number,
                        bool ignore_nulls, const qn_window_rows *rows, const qn_frames *frames,
                        const qn_window_values *values, qn_arena *arena) {
    qn_window_result result = {0};
    presence has = {NULL, NULL};
    int64_t n = function == QN_WINDOW_FIRST ? 1 : function == QN_WINDOW_LAST ? -1 : number;
    QN_TRY(qn_arena_take(arena, &result.positions, rows->count, sizeof *result.positions));
    if (ignore_nulls && values->valid != NULL) {
        QN_TRY(find_presence(&has, rows, values, arena));
        for (int32_t i = 0; i < rows->count; i++)
            result.positions[i] = pick_present(frames, i, n, &has);
    } else {
        for (int32_t i = 0; i < rows->count; i++)
            result.positions[i] = pick_row(frames, i, n);
    }
    *out = result;
    return QN_OK;
}
