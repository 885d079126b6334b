/* Right rows of slots that several ranks join: matched on one of them is matched. */
#include "features/join/join_parts.h"

#include "core/memory.h"

static bool is_shared(const qn_join_layout *layout, int32_t slot) {
    for (int rank = 1; rank < layout->size; rank++)
        if (layout->cuts[rank].slot == slot && layout->cuts[rank].left > 0)
            return true;
    return false;
}

/* Words in which the flags of shared slots are laid out; *at: where those of `slot` begin. */
static int64_t shared_words(const qn_join_layout *layout, int32_t slot, int64_t *at) {
    int64_t words = 0;
    int32_t last = -1;
    for (int rank = 1; rank < layout->size; rank++) {
        qn_join_cut cut = layout->cuts[rank];
        if (cut.left == 0 || cut.slot == last)
            continue;
        if (cut.slot == slot)
            *at = words;
        words += qn_bit_words(layout->right[cut.slot]);
        last = cut.slot;
    }
    return words;
}

/* Copies flags between words and the part that has the slot, whose right rows begin at `first`. */
static void copy_flags(uint64_t *matched, int64_t first, int64_t rows, uint64_t *words, bool back) {
    for (int64_t i = 0; i < rows; i++) {
        if (!back && qn_bit(matched, first + i))
            qn_bit_set(words, i);
        if (back && qn_bit(words, i))
            qn_bit_set(matched, first + i);
    }
}

static void copy_all_flags(qn_join_parts *parts, int rank, uint64_t *words, bool back) {
    const qn_join_layout *layout = &parts->layout;
    int32_t from, to;
    qn_join_layout_slots(layout, rank, &from, &to);
    for (int32_t p = 0; p < parts->count; p++) {
        const qn_join_lane *lane = &parts->right.lanes[p];
        int64_t first = 0, at = 0;
        for (int32_t s = from + lane->from; s < from + lane->to; s++) {
            if (is_shared(layout, s)) {
                shared_words(layout, s, &at);
                copy_flags(parts->parts[p].matched, first, layout->right[s], words + at, back);
            }
            first += layout->right[s];
        }
    }
}

qn_status qn_join_share_matched(qn_join_parts *parts, qn_comm *comm) {
    const qn_join_layout *layout = &parts->layout;
    int rank = qn_comm_rank(comm);
    int32_t from, to;
    int64_t ignored = 0, count = shared_words(layout, -1, &ignored);
    uint64_t *words = NULL;
    if (!qn_join_keeps_right(parts->plan))
        return QN_OK;
    qn_status status = qn_mem_calloc(&words, (size_t)count, sizeof *words);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    copy_all_flags(parts, rank, words, false);
    QN_TRY_GOTO(qn_comm_or_u64(comm, words, count), done);
    copy_all_flags(parts, rank, words, true);
    for (int32_t p = 0; p < parts->count; p++)
        parts->parts[p].owned = parts->parts[p].right_rows;
    qn_join_layout_slots(layout, rank, &from, &to);
    if (to > from && layout->cuts[rank + 1].left > 0) /* the next rank gives the last slot's */
        parts->parts[parts->count - 1].owned -= layout->right[to - 1];
done:
    qn_mem_free(words);
    return status;
}
