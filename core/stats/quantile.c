#include "core/stats/quantile.h"

#include "core/memory.h"
#include "core/stats/order.h"
#include "core/stats/quantile_node.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NODE_SHARE = 40 };

qn_status qn_quantiles_init(qn_quantiles *quantiles, double relative_error) {
    if (!(relative_error >= 0))
        return qn_fail(QN_JOB, "relative_error must be 0 or more, not %g", relative_error);
    *quantiles = (qn_quantiles){.relative_error = relative_error < 1 ? relative_error : 1};
    double capacity = NODE_SHARE / quantiles->relative_error;
    quantiles->capacity = capacity < 1e15 ? (int64_t)capacity : INT64_MAX;
    quantiles->min = HUGE_VAL;
    quantiles->max = -HUGE_VAL;
    quantiles->last = -1;
    return QN_OK;
}

static void clear_nodes(qn_quantiles *quantiles) {
    for (int64_t i = 0; i < quantiles->node_count; i++)
        qn_quantile_node_clear(&quantiles->nodes[i]);
    quantiles->node_count = 0;
}

void qn_quantiles_clear(qn_quantiles *quantiles) {
    clear_nodes(quantiles);
    qn_mem_free(quantiles->nodes);
    qn_mem_free(quantiles->pending);
    qn_mem_free(quantiles->items);
    qn_mem_free(quantiles->ranks);
    *quantiles = (qn_quantiles){0};
}

/* ---- The tree ------------------------------------------------------------------------------- */

/* The smallest node that covers both, as its level and index. */
static void common_parent(const qn_quantile_node *a, const qn_quantile_node *b, int32_t *level,
                          int64_t *index) {
    int64_t first = a->index << a->level, last = ((b->index + 1) << b->level) - 1;
    int32_t up = a->level > b->level ? a->level : b->level;
    while (first >> up != last >> up)
        up++;
    *level = up;
    *index = first >> up;
}

static qn_status join(qn_quantiles *quantiles, int64_t i, int32_t level, int64_t index) {
    qn_quantile_node *nodes = quantiles->nodes;
    QN_TRY(qn_quantile_node_merge(&nodes[i], &nodes[i + 1]));
    memmove(&nodes[i + 1], &nodes[i + 2], (size_t)(quantiles->node_count - i - 2) * sizeof *nodes);
    quantiles->node_count--;
    nodes[i].level = level;
    nodes[i].index = index;
    return qn_quantile_node_compact(&nodes[i], quantiles->capacity);
}

/* Joins neighbours, the deepest first, whose parent lies within batches [first, end): those are
 * all known. What a parent covers besides holds no values. */
static qn_status fold(qn_quantiles *quantiles, int64_t first, int64_t end) {
    for (;;) {
        int64_t best = -1, best_index = 0;
        int32_t best_level = 0;
        for (int64_t i = 0; i + 1 < quantiles->node_count; i++) {
            int32_t level;
            int64_t index;
            common_parent(&quantiles->nodes[i], &quantiles->nodes[i + 1], &level, &index);
            bool known = index << level >= first && (index + 1) << level <= end;
            if (known && (best < 0 || level < best_level)) {
                best = i;
                best_level = level;
                best_index = index;
            }
        }
        if (best < 0)
            return QN_OK;
        QN_TRY(join(quantiles, best, best_level, best_index));
    }
}

static qn_status push_node(qn_quantiles *quantiles, qn_quantile_node **out) {
    QN_TRY(qn_mem_reserve(&quantiles->nodes, &quantiles->node_capacity, quantiles->node_count + 1,
                          sizeof *quantiles->nodes));
    *out = &quantiles->nodes[quantiles->node_count];
    **out = (qn_quantile_node){0};
    quantiles->node_count++;
    return QN_OK;
}

/* Makes a leaf of the values that were added for the last batch. */
static qn_status close_batch(qn_quantiles *quantiles) {
    int64_t count = quantiles->pending_count;
    double *list = NULL;
    qn_quantile_node *node;
    if (count == 0)
        return QN_OK;
    QN_TRY(qn_mem_alloc(&list, (size_t)count, sizeof *list));
    qn_order_reals(quantiles->pending, list, count);
    memcpy(list, quantiles->pending, (size_t)count * sizeof *list);
    qn_status status = push_node(quantiles, &node);
    if (status != QN_OK) {
        qn_mem_free(list);
        return status;
    }
    quantiles->pending_count = 0;
    quantiles->min = list[0] < quantiles->min ? list[0] : quantiles->min;
    quantiles->max = list[count - 1] > quantiles->max ? list[count - 1] : quantiles->max;
    node->index = quantiles->last;
    node->lists[0] = list;
    node->counts[0] = count;
    return qn_quantile_node_compact(node, quantiles->capacity);
}

static void append_values(qn_quantiles *quantiles, const double *values, int64_t count) {
    double *pending = quantiles->pending + quantiles->pending_count;
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        pending[kept] = values[i] + 0.0; /* one zero */
        kept += values[i] == values[i];
    }
    quantiles->pending_count += kept;
    quantiles->count += kept;
}

/* Else the tree would depend on who saw which batch first. */
static qn_status check_order(const qn_quantiles *quantiles, int64_t next, int64_t least) {
    if (next >= least)
        return QN_OK;
    return qn_fail(QN_INTERNAL, "quantiles: batch %lld comes after batch %lld", (long long)next,
                   (long long)quantiles->last);
}

qn_status qn_quantiles_add(qn_quantiles *quantiles, int64_t batch, const double *values,
                           int64_t count) {
    bool none = quantiles->last < quantiles->first;
    if (none)
        quantiles->first = batch;
    else
        QN_TRY(check_order(quantiles, batch, quantiles->last));
    if (!none && batch > quantiles->last) {
        QN_TRY(close_batch(quantiles));
        QN_TRY(fold(quantiles, quantiles->first, batch));
    }
    if (none || batch > quantiles->last)
        quantiles->last = batch;
    QN_TRY(qn_mem_reserve(&quantiles->pending, &quantiles->pending_capacity,
                          quantiles->pending_count + count + 1, sizeof *quantiles->pending));
    append_values(quantiles, values, count);
    return QN_OK;
}

/* ---- Results -------------------------------------------------------------------------------- */

typedef struct weighted {
    double value;
    int64_t weight;
} weighted;

static int compare_weighted(const void *left, const void *right) {
    const weighted *a = left, *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

static qn_status list_items(qn_quantiles *quantiles, const qn_quantile_node *node) {
    weighted *all = NULL;
    int64_t total = 0, filled = 0, rank = 0;
    for (int h = 0; h < QN_QUANTILE_HEIGHTS; h++)
        total += node->counts[h];
    QN_TRY(qn_mem_alloc(&quantiles->items, (size_t)total, sizeof *quantiles->items));
    QN_TRY(qn_mem_alloc(&quantiles->ranks, (size_t)total, sizeof *quantiles->ranks));
    QN_TRY(qn_mem_alloc(&all, (size_t)total, sizeof *all));
    for (int h = 0; h < QN_QUANTILE_HEIGHTS; h++)
        for (int64_t i = 0; i < node->counts[h]; i++)
            all[filled++] = (weighted){node->lists[h][i], INT64_C(1) << h};
    if (node->counts[0] < total) /* one list is sorted already */
        qsort(all, (size_t)total, sizeof *all, compare_weighted);
    for (int64_t i = 0; i < total; i++) {
        rank += all[i].weight;
        quantiles->items[i] = all[i].value;
        quantiles->ranks[i] = rank;
    }
    quantiles->item_count = total;
    qn_mem_free(all);
    return QN_OK;
}

qn_status qn_quantiles_finish(qn_quantiles *quantiles) {
    QN_TRY(close_batch(quantiles));
    QN_TRY(fold(quantiles, 0, INT64_MAX));
    return quantiles->node_count == 0 ? QN_OK : list_items(quantiles, &quantiles->nodes[0]);
}

double qn_quantiles_value(const qn_quantiles *quantiles, double p) {
    if (quantiles->count == 0)
        return (double)NAN;
    if (p <= quantiles->relative_error)
        return quantiles->min;
    if (p >= 1 - quantiles->relative_error)
        return quantiles->max;
    int64_t wanted = (int64_t)ceil(p * (double)quantiles->count);
    int64_t low = 0, high = quantiles->item_count - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (quantiles->ranks[middle] >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return quantiles->items[low];
}

int64_t qn_quantiles_bound(const qn_quantiles *quantiles) {
    return quantiles->node_count == 0 ? 0 : quantiles->nodes[0].error;
}

/* ---- As bytes ------------------------------------------------------------------------------- */

typedef struct packed_head {
    int64_t count, first, last, node_count;
    double min, max;
} packed_head;

static qn_status pack_node(const qn_quantile_node *node, qn_text *out) {
    int64_t head[3] = {node->level, node->index, node->error};
    QN_TRY(qn_text_add(out, (const char *)head, sizeof head));
    QN_TRY(qn_text_add(out, (const char *)node->counts, sizeof node->counts));
    for (int h = 0; h < QN_QUANTILE_HEIGHTS; h++)
        if (node->counts[h] > 0)
            QN_TRY(qn_text_add(out, (const char *)node->lists[h],
                               node->counts[h] * (int64_t)sizeof(double)));
    return QN_OK;
}

qn_status qn_quantiles_pack(qn_quantiles *quantiles, qn_text *out) {
    QN_TRY(close_batch(quantiles));
    packed_head head = {.count = quantiles->count,
                        .first = quantiles->first,
                        .last = quantiles->last,
                        .node_count = quantiles->node_count,
                        .min = quantiles->min,
                        .max = quantiles->max};
    QN_TRY(qn_text_add(out, (const char *)&head, sizeof head));
    for (int64_t i = 0; i < quantiles->node_count; i++)
        QN_TRY(pack_node(&quantiles->nodes[i], out));
    return QN_OK;
}

static qn_status absorb_node(qn_quantiles *quantiles, const char **bytes) {
    int64_t head[3];
    qn_quantile_node *node;
    QN_TRY(push_node(quantiles, &node));
    memcpy(head, *bytes, sizeof head);
    *bytes += sizeof head;
    node->level = (int32_t)head[0];
    node->index = head[1];
    node->error = head[2];
    int64_t counts[QN_QUANTILE_HEIGHTS];
    memcpy(counts, *bytes, sizeof counts);
    *bytes += sizeof counts;
    for (int h = 0; h < QN_QUANTILE_HEIGHTS; h++) {
        if (counts[h] == 0)
            continue;
        QN_TRY(qn_mem_copy(&node->lists[h], *bytes, (size_t)counts[h], sizeof(double)));
        node->counts[h] = counts[h];
        *bytes += counts[h] * (int64_t)sizeof(double);
    }
    return QN_OK;
}

qn_status qn_quantiles_absorb(qn_quantiles *quantiles, const char *bytes, int64_t *used) {
    packed_head head;
    const char *at = bytes;
    QN_TRY(close_batch(quantiles));
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    if (quantiles->last >= quantiles->first && head.last >= head.first)
        QN_TRY(check_order(quantiles, head.first, quantiles->last + 1));
    for (int64_t i = 0; i < head.node_count; i++)
        QN_TRY(absorb_node(quantiles, &at));
    quantiles->count += head.count;
    quantiles->min = head.min < quantiles->min ? head.min : quantiles->min;
    quantiles->max = head.max > quantiles->max ? head.max : quantiles->max;
    if (head.last >= head.first) {
        if (quantiles->last < quantiles->first)
            quantiles->first = head.first;
        quantiles->last = head.last;
    }
    *used = at - bytes;
    return fold(quantiles, quantiles->first, quantiles->last + 1);
}
