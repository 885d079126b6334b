/* Sliding minimum and maximum: a queue of candidates, each better than those behind it (D. Lemire,
 * "Streaming maximum-minimum filter using no more than three comparisons per element", 2006). */
#include "core/window/kernel.h"

/* Positions in queue[head .. tail): the best of the frame is at its head. */
typedef struct queue {
    int32_t *positions;
    int32_t head, tail, next; /* next: the first row that was not yet looked at */
} queue;

/* What is compared: text, or numbers whose order is that of the values (reversed for min). */
typedef struct candidates {
    const uint64_t *ordered;
    const qn_view *text;
    const uint8_t *valid;
    bool greatest;
} candidates;

static inline bool better_number(const candidates *all, int32_t a, int32_t b) {
    return all->ordered[a] > all->ordered[b];
}

static inline bool better_text(const candidates *all, int32_t a, int32_t b) {
    int order = qn_view_compare(all->text[a], all->text[b]);
    return all->greatest ? order > 0 : order < 0;
}

/* Moves a queue to the frame [from, to) and returns its best row, or -1. A row gives way to a
 * better one that comes later; of equals the first stays at the head. */
#define ADVANCE(name, better)                                                                      \
    static inline int32_t name(queue *q, const candidates *all, int32_t from, int32_t to) {        \
        int32_t i = q->next < from ? from : q->next;                                               \
        for (; i < to; i++) {                                                                      \
            if (all->valid != NULL && !all->valid[i])                                              \
                continue;                                                                          \
            while (q->tail > q->head && better(all, i, q->positions[q->tail - 1]))                 \
                q->tail--;                                                                         \
            q->positions[q->tail++] = i;                                                           \
        }                                                                                          \
        q->next = i > q->next ? i : q->next;                                                       \
        while (q->head < q->tail && q->positions[q->head] < from)                                  \
            q->head++;                                                                             \
        return q->head < q->tail ? q->positions[q->head] : -1;                                     \
    }

ADVANCE(advance_number, better_number)
ADVANCE(advance_text, better_text)

#define SLIDE(name, advance, better)                                                               \
    static void name(const qn_window_rows *rows, const qn_frames *frames, const candidates *all,   \
                     queue *queues, int32_t *out) {                                                \
        for (int32_t p = 0; p < rows->partitions; p++) {                                           \
            for (int32_t k = 0; k < frames->count; k++)                                            \
                queues[k].head = queues[k].tail = 0, queues[k].next = rows->starts[p];             \
            for (int32_t i = rows->starts[p]; i < rows->starts[p + 1]; i++) {                      \
                int32_t best = -1;                                                                 \
                for (int32_t k = 0; k < frames->count; k++) {                                      \
                    int32_t found =                                                                \
                        advance(&queues[k], all, frames->from[k][i], frames->to[k][i]);            \
                    if (best < 0 || (found >= 0 && better(all, found, best)))                      \
                        best = found;                                                              \
                }                                                                                  \
                out[i] = best;                                                                     \
            }                                                                                      \
        }                                                                                          \
    }

SLIDE(slide_numbers, advance_number, better_number)
SLIDE(slide_texts, advance_text, better_text)

static qn_status order_numbers(const uint64_t **out, bool greatest, const qn_window_values *values,
                               int32_t count, qn_arena *arena) {
    uint64_t *ordered = NULL, turn = greatest ? 0 : UINT64_MAX;
    QN_TRY(qn_arena_take(arena, &ordered, count, sizeof *ordered));
    for (int32_t i = 0; values->i64 != NULL && i < count; i++)
        ordered[i] = qn_window_integer_bits(values->i64[i]) ^ turn;
    for (int32_t i = 0; values->i64 == NULL && i < count; i++)
        ordered[i] = qn_window_real_bits(values->f64[i]) ^ turn;
    *out = ordered;
    return QN_OK;
}

qn_status qn_window_extremes(qn_window_result *out, bool greatest, const qn_window_rows *rows,
                             const qn_frames *frames, const qn_window_values *values,
                             qn_arena *arena) {
    qn_window_result result = {0};
    queue queues[QN_FRAME_PIECES] = {0};
    candidates all = {NULL, values->text, values->valid, greatest};
    QN_TRY(qn_arena_take(arena, &result.positions, rows->count, sizeof *result.positions));
    for (int32_t k = 0; k < frames->count; k++)
        QN_TRY(qn_arena_take(arena, &queues[k].positions, rows->longest, sizeof(int32_t)));
    if (values->text != NULL) {
        slide_texts(rows, frames, &all, queues, result.positions);
    } else {
        QN_TRY(order_numbers(&all.ordered, greatest, values, rows->count, arena));
        slide_numbers(rows, frames, &all, queues, result.positions);
    }
    *out = result;
    return QN_OK;
}
