/* Frames: which rows a function sees at each row. */
#include "core/window/kernel.h"

qn_status qn_window_peers(qn_window_rows *rows, const uint8_t *flags, qn_arena *arena) {
    int32_t *from = NULL, *to = NULL;
    QN_TRY(qn_arena_take(arena, &from, rows->count, sizeof *from));
    QN_TRY(qn_arena_take(arena, &to, rows->count, sizeof *to));
    rows->longest = 0;
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t start = rows->starts[p], end = rows->starts[p + 1];
        if (end - start > rows->longest)
            rows->longest = end - start;
        for (int32_t first = start, next; first < end; first = next) {
            next = flags == NULL ? end : first + 1;
            while (next < end && !flags[next])
                next++;
            for (int32_t i = first; i < next; i++) {
                from[i] = first;
                to[i] = next;
            }
        }
    }
    rows->peer_from = from;
    rows->peer_to = to;
    return QN_OK;
}

static inline int32_t clamp(int64_t position, int32_t from, int32_t to) {
    return position < from ? from : position > to ? to : (int32_t)position;
}

/* Rows or groups are counted in whole numbers; more than 2^31 of them are all. */
static int64_t steps_of(const qn_bound *bound) {
    int64_t steps = bound->offset < (double)INT32_MAX ? (int64_t)bound->offset : INT32_MAX;
    return bound->kind == QN_BOUND_PRECEDING   ? -steps
           : bound->kind == QN_BOUND_FOLLOWING ? steps
                                               : 0;
}

static void unbounded(const qn_window_rows *rows, bool following, int32_t *out) {
    for (int32_t p = 0; p < rows->partitions; p++)
        for (int32_t i = rows->starts[p]; i < rows->starts[p + 1]; i++)
            out[i] = rows->starts[p + following];
}

static void rows_bounds(const qn_window_rows *rows, const qn_bound *bound, bool upper,
                        int32_t *out) {
    int64_t steps = steps_of(bound) + upper;
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t start = rows->starts[p], end = rows->starts[p + 1];
        for (int32_t i = start; i < end; i++)
            out[i] = clamp(i + steps, start, end);
    }
}

/* groups[g] is where peer group g of the partition starts; one more entry at its end. */
static int32_t list_groups(const qn_window_rows *rows, int32_t partition, int32_t *groups) {
    int32_t end = rows->starts[partition + 1], count = 0;
    for (int32_t i = rows->starts[partition]; i < end; i = rows->peer_to[i])
        groups[count++] = i;
    groups[count] = end;
    return count;
}

static void groups_bounds(const qn_window_rows *rows, const qn_bound *bound, bool upper,
                          int32_t *groups, int32_t *out) {
    int64_t steps = steps_of(bound) + upper;
    for (int32_t p = 0; p < rows->partitions; p++) {
        int32_t count = list_groups(rows, p, groups);
        for (int32_t g = 0; g < count; g++) {
            int32_t position = groups[clamp(g + steps, 0, count)];
            for (int32_t i = groups[g]; i < groups[g + 1]; i++)
                out[i] = position;
        }
    }
}

static qn_status find_bound(const int32_t **out, const qn_window_rows *rows, qn_frame_unit unit,
                            const qn_bound *bound, bool upper, const qn_window_key *key,
                            qn_arena *arena) {
    int32_t *positions = NULL, *groups = NULL;
    bool current = bound->kind == QN_BOUND_CURRENT && unit != QN_FRAME_ROWS;
    if (current) {
        *out = upper ? rows->peer_to : rows->peer_from;
        return QN_OK;
    }
    QN_TRY(qn_arena_take(arena, &positions, rows->count, sizeof *positions));
    if (bound->kind == QN_BOUND_UNBOUNDED_PRECEDING ||
        bound->kind == QN_BOUND_UNBOUNDED_FOLLOWING) {
        unbounded(rows, bound->kind == QN_BOUND_UNBOUNDED_FOLLOWING, positions);
    } else if (unit == QN_FRAME_ROWS) {
        rows_bounds(rows, bound, upper, positions);
    } else if (unit == QN_FRAME_RANGE) {
        qn_range_bounds(rows, bound, upper, key, positions);
    } else {
        QN_TRY(qn_arena_take(arena, &groups, rows->longest + 1, sizeof *groups));
        groups_bounds(rows, bound, upper, groups, positions);
    }
    *out = positions;
    return QN_OK;
}

/* The end of a frame never lies before its start. */
static qn_status mend_empty(qn_frames *frames, int32_t count, qn_arena *arena) {
    const int32_t *from = frames->from[0], *to = frames->to[0];
    int32_t *mended = NULL;
    bool wrong = false;
    for (int32_t i = 0; i < count; i++)
        wrong |= to[i] < from[i];
    if (!wrong)
        return QN_OK;
    QN_TRY(qn_arena_take(arena, &mended, count, sizeof *mended));
    for (int32_t i = 0; i < count; i++)
        mended[i] = to[i] < from[i] ? from[i] : to[i];
    frames->to[0] = mended;
    return QN_OK;
}

/* Cuts each frame in two around what is excluded; ties leave the row itself between them. */
static qn_status exclude(qn_frames *frames, const qn_window_rows *rows,
                         qn_frame_exclusion exclusion, qn_arena *arena) {
    const int32_t *from = frames->from[0], *to = frames->to[0];
    int32_t *cut[4] = {NULL, NULL, NULL, NULL};
    bool ties = exclusion == QN_EXCLUDE_TIES, current = exclusion == QN_EXCLUDE_CURRENT;
    for (int k = 0; k < (ties ? 4 : 2); k++)
        QN_TRY(qn_arena_take(arena, &cut[k], rows->count, sizeof *cut[k]));
    for (int32_t i = 0; i < rows->count; i++) {
        cut[0][i] = clamp(current ? i : rows->peer_from[i], from[i], to[i]);
        cut[1][i] = clamp(current ? i + 1 : rows->peer_to[i], from[i], to[i]);
    }
    for (int32_t i = 0; ties && i < rows->count; i++) {
        cut[2][i] = clamp(i, from[i], to[i]);
        cut[3][i] = clamp(i + 1, from[i], to[i]);
    }
    int32_t last = ties ? 2 : 1;
    frames->to[0] = cut[0];
    frames->from[last] = cut[1];
    frames->to[last] = to;
    if (ties) {
        frames->from[1] = cut[2];
        frames->to[1] = cut[3];
    }
    frames->count = last + 1;
    return QN_OK;
}

qn_status qn_frames_find(qn_frames *out, const qn_window_rows *rows, const qn_window_frame *frame,
                         const qn_window_key *key, qn_arena *arena) {
    qn_frames frames = {.count = 1};
    QN_TRY(find_bound(&frames.from[0], rows, frame->unit, &frame->from, false, key, arena));
    QN_TRY(find_bound(&frames.to[0], rows, frame->unit, &frame->to, true, key, arena));
    QN_TRY(mend_empty(&frames, rows->count, arena));
    if (frame->exclusion != QN_EXCLUDE_NOTHING)
        QN_TRY(exclude(&frames, rows, frame->exclusion, arena));
    *out = frames;
    return QN_OK;
}
