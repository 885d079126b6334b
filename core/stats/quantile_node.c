#include "core/stats/quantile_node.h"

#include "core/memory.h"

#include <string.h>

void qn_quantile_node_clear(qn_quantile_node *node) {
    for (int h = 0; h < QN_QUANTILE_HEIGHTS; h++)
        qn_mem_free(node->lists[h]);
    *node = (qn_quantile_node){0};
}

/* What is left of a merge: two sorted ranges and the room they go to, which ends where they do. */
typedef struct ranges {
    const double *a, *a_end, *b, *b_end;
    double *out, *out_end;
} ranges;

/* Takes `steps` numbers from the front and as many from the back, two chains that the processor
 * works on side by side, without branches on the data. 2 * steps is at most the shorter range. */
static void merge_both_ends(ranges *left, int64_t steps) {
    ranges at = *left;
    for (int64_t k = 0; k < steps; k++) {
        double x = *at.a, y = *at.b, u = at.a_end[-1], v = at.b_end[-1];
        bool first = x <= y, last = u > v;
        *at.out++ = first ? x : y;
        at.a += first;
        at.b += !first;
        *--at.out_end = last ? u : v;
        at.a_end -= last;
        at.b_end -= !last;
    }
    *left = at;
}

static void merge_sorted(const double *a, int64_t a_count, const double *b, int64_t b_count,
                         double *out) {
    ranges left = {a, a + a_count, b, b + b_count, out, out + a_count + b_count};
    for (;;) {
        int64_t shorter =
            left.a_end - left.a < left.b_end - left.b ? left.a_end - left.a : left.b_end - left.b;
        if (shorter < 2)
            break;
        merge_both_ends(&left, shorter / 2);
    }
    while (left.a < left.a_end && left.b < left.b_end)
        *left.out++ = *left.a <= *left.b ? *left.a++ : *left.b++;
    while (left.a < left.a_end)
        *left.out++ = *left.a++;
    while (left.b < left.b_end)
        *left.out++ = *left.b++;
}

/* Merges a sorted list into the node's list of height h; `list` is taken over, also on failure. */
static qn_status merge_list(qn_quantile_node *node, int h, double *list, int64_t count) {
    const double *old = node->lists[h];
    int64_t old_count = node->counts[h];
    double *merged = NULL;
    if (old_count == 0) {
        qn_mem_free(node->lists[h]);
        node->lists[h] = list;
        node->counts[h] = count;
        return QN_OK;
    }
    qn_status status = qn_mem_alloc(&merged, (size_t)(old_count + count), sizeof *merged);
    if (status == QN_OK) {
        merge_sorted(old, old_count, list, count, merged);
        qn_mem_free(node->lists[h]);
        node->lists[h] = merged;
        node->counts[h] = old_count + count;
    }
    qn_mem_free(list);
    return status;
}

qn_status qn_quantile_node_merge(qn_quantile_node *node, qn_quantile_node *from) {
    for (int h = 0; h < QN_QUANTILE_HEIGHTS; h++) {
        double *list = from->lists[h];
        from->lists[h] = NULL;
        if (list == NULL)
            continue;
        QN_TRY(merge_list(node, h, list, from->counts[h]));
    }
    node->error += from->error;
    qn_quantile_node_clear(from);
    return QN_OK;
}

/* Replaces pairs of height h by one of each at twice the weight. Which one alternates with the
 * node's place, so that errors do not all point the same way. A number left over stays. */
static qn_status compact_height(qn_quantile_node *node, int h) {
    int64_t pairs = node->counts[h] / 2, rest = node->counts[h] % 2;
    int64_t side = (node->index + node->level + h) & 1;
    double *kept = NULL;
    QN_TRY(qn_mem_alloc(&kept, (size_t)pairs, sizeof *kept));
    for (int64_t i = 0; i < pairs; i++)
        kept[i] = node->lists[h][2 * i + side];
    node->lists[h][0] = node->lists[h][node->counts[h] - 1]; /* what is left over */
    node->counts[h] = rest;
    node->error += INT64_C(1) << h;
    QN_TRY(merge_list(node, h + 1, kept, pairs));
    return qn_mem_resize(&node->lists[h], 1, sizeof(double));
}

qn_status qn_quantile_node_compact(qn_quantile_node *node, int64_t capacity) {
    int64_t total = 0;
    for (int h = 0; h < QN_QUANTILE_HEIGHTS; h++)
        total += node->counts[h];
    for (int h = 0; h + 1 < QN_QUANTILE_HEIGHTS && total > capacity; h++) {
        total -= node->counts[h] / 2;
        if (node->counts[h] >= 2)
            QN_TRY(compact_height(node, h));
    }
    return QN_OK;
}
