/* Which rank joins which slots. */
#include "features/join/join_spread.h"

#include "core/memory.h"

#include <string.h>

/* ---- Cuts -------------------------------------------------------------------------------------
 */

void qn_join_layout_clear(qn_join_layout *layout) {
    qn_mem_free(layout->cuts);
    layout->cuts = NULL;
}

/* A slot is cut in its midst if it is heavy against a rank's share, by its left rows. */
static bool may_cut(const qn_join_layout *self, int32_t slot, int64_t share) {
    int64_t weight = self->left[slot] + self->right[slot];
    return weight > share / 8 && self->left[slot] >= self->right[slot];
}

/* The cut nearest to `target` rows behind the slot's begin. */
static qn_join_cut cut_slot(const qn_join_layout *self, int32_t slot, int64_t target,
                            int64_t share) {
    int64_t weight = self->left[slot] + self->right[slot];
    if (may_cut(self, slot, share)) {
        int64_t left = (int64_t)((double)self->left[slot] * ((double)target / (double)weight));
        if (left < self->left[slot])
            return (qn_join_cut){slot, left};
    }
    return (qn_join_cut){target * 2 > weight ? slot + 1 : slot, 0};
}

static void place_cuts(qn_join_layout *self) {
    int64_t total = 0, begin = 0;
    int32_t slot = 0;
    for (int32_t s = 0; s < QN_KEY_PARTITIONS; s++)
        total += self->left[s] + self->right[s];
    int64_t share = total / self->size;
    for (int rank = 1; rank < self->size; rank++) {
        int64_t target = total / self->size * rank + total % self->size * rank / self->size;
        while (slot < QN_KEY_PARTITIONS && begin + self->left[slot] + self->right[slot] <= target) {
            begin += self->left[slot] + self->right[slot];
            slot++;
        }
        self->cuts[rank] = slot == QN_KEY_PARTITIONS ? (qn_join_cut){QN_KEY_PARTITIONS, 0}
                                                     : cut_slot(self, slot, target - begin, share);
    }
    self->cuts[0] = (qn_join_cut){0, 0};
    self->cuts[self->size] = (qn_join_cut){QN_KEY_PARTITIONS, 0};
}

qn_status qn_join_layout_init(qn_join_layout *out, const qn_join_input *left,
                              const qn_join_input *right, qn_comm *comm) {
    out->size = qn_comm_size(comm);
    out->cuts = NULL;
    memcpy(out->left, left->counts, sizeof out->left);
    memcpy(out->right, right->counts, sizeof out->right);
    qn_status status = qn_mem_calloc(&out->cuts, (size_t)out->size + 1, sizeof *out->cuts);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_exscan_i64(comm, out->left, out->left_before, QN_KEY_PARTITIONS), done);
    QN_TRY_GOTO(qn_comm_sum_i64(comm, out->left, QN_KEY_PARTITIONS), done);
    QN_TRY_GOTO(qn_comm_sum_i64(comm, out->right, QN_KEY_PARTITIONS), done);
    place_cuts(out);
done:
    if (status != QN_OK)
        qn_join_layout_clear(out);
    return status;
}

void qn_join_layout_slots(const qn_join_layout *layout, int rank, int32_t *from, int32_t *to) {
    qn_join_cut begin = layout->cuts[rank], end = layout->cuts[rank + 1];
    *from = begin.slot;
    *to = end.slot + (end.left > 0);
    if (begin.slot == end.slot && begin.left == end.left)
        *to = *from;
}
