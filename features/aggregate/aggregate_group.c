#include "core/memory.h"
#include "features/aggregate/aggregate_private.h"

#include <string.h>

/* ---- Life ----------------------------------------------------------------------------------- */

static qn_status new_aggregator(qn_grouping *grouping, int32_t c) {
    const qn_aggregate_plan *plan = grouping->plan;
    const qn_aggregate_call *call = &plan->calls[c];
    qn_aggregate_options options = {.distinct = call->distinct,
                                    .ignore_nulls = call->ignore_nulls,
                                    .number = call->number,
                                    .text = call->text,
                                    .order_count = call->order_count};
    qn_sort_key *order = NULL;
    qn_type *types = NULL;
    size_t order_count = (size_t)call->order_count;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&order, order_count, sizeof *order), done);
    QN_TRY_GOTO(qn_mem_alloc(&types, 2 + order_count, sizeof *types), done);
    for (int32_t k = 0; k < call->argument_count; k++)
        types[k] = plan->in->fields[call->arguments[k]].type;
    for (int32_t k = 0; k < call->order_count; k++) {
        types[call->argument_count + k] = plan->in->fields[call->order[k].column].type;
        order[k] = call->order[k];
        order[k].column = k;
    }
    options.order = order;
    QN_TRY_GOTO(qn_aggregator_new(&grouping->aggregators[c], call->function, types,
                                  call->argument_count, &options,
                                  grouping->local ? &grouping->row_counts : NULL),
                done);
done:
    qn_mem_free(order);
    qn_mem_free(types);
    return status;
}

static qn_status init(qn_grouping *grouping) {
    const qn_aggregate_plan *plan = grouping->plan;
    qn_type *types = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&types, (size_t)plan->key_count, sizeof *types), done);
    for (int32_t k = 0; k < plan->key_count; k++)
        types[k] = plan->in->fields[plan->keys[k]].type;
    QN_TRY_GOTO(qn_key_new(&grouping->key, types, plan->key_count), done);
    QN_TRY_GOTO(qn_groups_new(&grouping->groups, grouping->key), done);
    QN_TRY_GOTO(qn_mem_alloc(&grouping->ids, QN_BATCH_ROWS, sizeof *grouping->ids), done);
    if (plan->wants_rows)
        QN_TRY_GOTO(qn_mem_alloc(&grouping->numbers, QN_BATCH_ROWS, sizeof *grouping->numbers),
                    done);
    QN_TRY_GOTO(qn_mem_calloc(&grouping->aggregators, (size_t)plan->call_count,
                              sizeof *grouping->aggregators),
                done);
    for (int32_t c = 0; c < plan->call_count; c++)
        QN_TRY_GOTO(new_aggregator(grouping, c), done);
done:
    qn_mem_free(types);
    return status;
}

qn_status qn_grouping_init(qn_grouping *grouping, const qn_aggregate_plan *plan, bool local) {
    *grouping = (qn_grouping){.plan = plan, .local = local};
    qn_status status = init(grouping);
    if (status != QN_OK)
        qn_grouping_clear(grouping);
    return status;
}

void qn_grouping_clear(qn_grouping *grouping) {
    for (int32_t c = 0; grouping->aggregators != NULL && c < grouping->plan->call_count; c++)
        qn_aggregator_free(grouping->aggregators[c]);
    qn_mem_free(grouping->aggregators);
    qn_groups_free(grouping->groups);
    qn_key_free(grouping->key);
    qn_mem_free(grouping->row_counts);
    qn_mem_free(grouping->first_rows);
    qn_mem_free(grouping->ids);
    qn_mem_free(grouping->numbers);
    *grouping = (qn_grouping){0};
}

qn_status qn_grouping_restart(qn_grouping *grouping) {
    grouping->count = grouping->rows = 0;
    qn_groups_free(grouping->groups);
    grouping->groups = NULL;
    QN_TRY(qn_groups_new(&grouping->groups, grouping->key));
    for (int32_t c = 0; c < grouping->plan->call_count; c++) {
        qn_aggregator_free(grouping->aggregators[c]);
        grouping->aggregators[c] = NULL;
        QN_TRY(new_aggregator(grouping, c));
    }
    return QN_OK;
}

int64_t qn_grouping_bytes(const qn_grouping *grouping) {
    int64_t bytes = qn_key_bytes(grouping->key) + qn_groups_bytes(grouping->groups) +
                    8 * (grouping->row_capacity + grouping->first_capacity) + 12 * QN_BATCH_ROWS;
    for (int32_t c = 0; c < grouping->plan->call_count; c++)
        bytes += qn_aggregator_bytes(grouping->aggregators[c]);
    return bytes;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

static qn_status grow(qn_grouping *grouping, int64_t count) {
    int64_t before = grouping->count;
    if (count == before)
        return QN_OK;
    QN_TRY(qn_mem_reserve(&grouping->row_counts, &grouping->row_capacity, count,
                          sizeof *grouping->row_counts));
    QN_TRY(qn_mem_reserve(&grouping->first_rows, &grouping->first_capacity, count,
                          sizeof *grouping->first_rows));
    memset(grouping->row_counts + before, 0,
           (size_t)(count - before) * sizeof *grouping->row_counts);
    for (int64_t g = before; g < count; g++)
        grouping->first_rows[g] = INT64_MAX;
    for (int32_t c = 0; c < grouping->plan->call_count; c++)
        QN_TRY(qn_aggregator_grow(grouping->aggregators[c], count));
    grouping->count = count;
    return QN_OK;
}

qn_status qn_grouping_ensure_one(qn_grouping *grouping) {
    uint32_t id;
    const qn_key_rows *words = NULL;
    if (grouping->count > 0)
        return QN_OK;
    QN_TRY(qn_key_words(grouping->key, NULL, 1, true, &words));
    QN_TRY(qn_groups_find(grouping->groups, words, true, &id));
    return grow(grouping, 1);
}

static const qn_column *column_at(const qn_batch *batch, const int32_t *places, int32_t column) {
    return batch->columns[places != NULL ? places[column] : column];
}

/* Numbers of a batch's rows, for the groups that begin here and for those functions that want
 * them. */
static void note_rows(qn_grouping *grouping, const qn_batch *batch, int32_t row_column,
                      int64_t before) {
    const int64_t *given = row_column >= 0          ? batch->columns[row_column]->i64
                           : batch->row_ids != NULL ? batch->row_ids->i64
                                                    : NULL;
    int64_t next = before;
    for (int64_t i = 0; i < batch->length && next < grouping->count; i++)
        if (grouping->ids[i] == next)
            grouping->first_rows[next++] = given != NULL ? given[i] : batch->first_row + i;
    for (int64_t i = 0; i < batch->length && grouping->numbers != NULL; i++)
        grouping->numbers[i] = given != NULL ? given[i] : batch->first_row + i;
}

static qn_status update(qn_grouping *grouping, int32_t c, const qn_batch *batch,
                        const int32_t *places) {
    const qn_aggregate_call *call = &grouping->plan->calls[c];
    qn_column *arguments[2] = {NULL, NULL}, **order = NULL;
    qn_status status = QN_OK;
    for (int32_t k = 0; k < call->argument_count; k++)
        arguments[k] = (qn_column *)(uintptr_t)column_at(batch, places, call->arguments[k]);
    if (call->order_count > 0)
        QN_TRY(qn_mem_alloc(&order, (size_t)call->order_count, sizeof(qn_column *)));
    for (int32_t k = 0; k < call->order_count; k++)
        order[k] = (qn_column *)(uintptr_t)column_at(batch, places, call->order[k].column);
    qn_aggregate_rows rows = {.count = batch->length,
                              .groups = grouping->ids,
                              .arguments = arguments,
                              .order = order,
                              .rows = grouping->numbers};
    if (call->filter >= 0)
        rows.filter = column_at(batch, places, call->filter);
    status = qn_aggregator_update(grouping->aggregators[c], &rows);
    qn_mem_free(order);
    return status;
}

static qn_status find_groups(qn_grouping *grouping, const qn_batch *batch, const int32_t *places) {
    const qn_aggregate_plan *plan = grouping->plan;
    const qn_key_rows *words = NULL;
    qn_column **columns = NULL;
    qn_status status;
    QN_TRY_GOTO(qn_mem_alloc(&columns, (size_t)plan->key_count, sizeof *columns), done);
    for (int32_t k = 0; k < plan->key_count; k++)
        columns[k] = (qn_column *)(uintptr_t)column_at(batch, places, plan->keys[k]);
    QN_TRY_GOTO(qn_key_words(grouping->key, columns, batch->length, true, &words), done);
    QN_TRY_GOTO(qn_groups_find(grouping->groups, words, true, grouping->ids), done);
done:
    qn_mem_free(columns);
    return status;
}

qn_status qn_grouping_add(qn_grouping *grouping, const qn_batch *batch, const int32_t *places,
                          int32_t row_column) {
    int64_t before = grouping->count;
    if (batch->length == 0)
        return QN_OK;
    QN_TRY(find_groups(grouping, batch, places));
    QN_TRY(grow(grouping, qn_groups_count(grouping->groups)));
    note_rows(grouping, batch, row_column, before);
    for (int32_t c = 0; c < grouping->plan->call_count; c++)
        QN_TRY(update(grouping, c, batch, places));
    for (int64_t i = 0; i < batch->length; i++)
        grouping->row_counts[grouping->ids[i]]++;
    grouping->rows += batch->length;
    return QN_OK;
}

/* ---- States --------------------------------------------------------------------------------- */

qn_status qn_grouping_order(qn_grouping *grouping, uint32_t **ids, int64_t *starts) {
    uint32_t *made = NULL;
    const uint64_t *hashes = NULL;
    int64_t next[QN_KEY_PARTITIONS] = {0};
    QN_TRY(qn_groups_hashes(grouping->groups, &hashes));
    QN_TRY(qn_mem_alloc(&made, (size_t)grouping->count, sizeof *made));
    for (int64_t g = 0; g < grouping->count; g++)
        next[qn_key_partition(hashes[g])]++;
    starts[0] = 0;
    for (int p = 0; p < QN_KEY_PARTITIONS; p++) {
        starts[p + 1] = starts[p] + next[p];
        next[p] = starts[p];
    }
    for (int64_t g = 0; g < grouping->count; g++)
        made[next[qn_key_partition(hashes[g])]++] = (uint32_t)g;
    *ids = made;
    return QN_OK;
}

static qn_status append_keys(const qn_grouping *grouping, const uint32_t *ids, int64_t count,
                             qn_batch *out) {
    for (int32_t k = 0; k < grouping->plan->key_count; k++) {
        qn_column *column = NULL;
        QN_TRY(qn_groups_column(grouping->groups, k, ids, count, &column));
        QN_TRY(qn_batch_append(out, column));
    }
    return QN_OK;
}

static qn_status first_rows_of(const qn_grouping *grouping, const uint32_t *ids, int64_t count,
                               qn_column **out) {
    QN_TRY(qn_column_new_raw(out, QN_INT64, count, 0));
    for (int64_t i = 0; i < count; i++)
        (*out)->i64[i] = grouping->first_rows[ids[i]];
    return QN_OK;
}

static qn_status append_states(qn_grouping *grouping, const uint32_t *ids, int64_t count,
                               qn_batch *out) {
    qn_column *first = NULL;
    QN_TRY(append_keys(grouping, ids, count, out));
    QN_TRY(first_rows_of(grouping, ids, count, &first));
    QN_TRY(qn_batch_append(out, first));
    for (int32_t c = 0; c < grouping->plan->call_count; c++)
        QN_TRY(qn_aggregator_states(grouping->aggregators[c], ids, count, out));
    out->length = count;
    return QN_OK;
}

qn_status qn_grouping_states(qn_grouping *grouping, const uint32_t *ids, int64_t count,
                             qn_batch *out) {
    qn_status status = append_states(grouping, ids, count, out);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}

qn_status qn_grouping_merge(qn_grouping *grouping, const qn_batch *states) {
    const qn_key_rows *words = NULL;
    int32_t at = grouping->plan->key_count;
    if (states->length == 0)
        return QN_OK;
    QN_TRY(qn_key_words(grouping->key, states->columns, states->length, true, &words));
    QN_TRY(qn_groups_find(grouping->groups, words, true, grouping->ids));
    QN_TRY(grow(grouping, qn_groups_count(grouping->groups)));
    const int64_t *rows = states->columns[at++]->i64;
    for (int64_t i = 0; i < states->length; i++) {
        int64_t *first = &grouping->first_rows[grouping->ids[i]];
        *first = rows[i] < *first ? rows[i] : *first;
    }
    for (int32_t c = 0; c < grouping->plan->call_count; c++) {
        QN_TRY(qn_aggregator_merge(grouping->aggregators[c], grouping->ids, states->length,
                                   states->columns + at));
        at += qn_aggregator_state_count(grouping->aggregators[c]);
    }
    return QN_OK;
}

/* ---- Results -------------------------------------------------------------------------------- */

static qn_status append_results(qn_grouping *grouping, const uint32_t *ids, int64_t count,
                                qn_batch *out) {
    QN_TRY(append_keys(grouping, ids, count, out));
    for (int32_t c = 0; c < grouping->plan->call_count; c++) {
        qn_column *column = NULL;
        QN_TRY(qn_aggregator_finish(grouping->aggregators[c], ids, count, &column));
        QN_TRY(qn_batch_append(out, column));
    }
    out->length = count;
    return QN_OK;
}

qn_status qn_grouping_finish(qn_grouping *grouping, const uint32_t *ids, int64_t count,
                             qn_batch *out) {
    qn_status status = append_results(grouping, ids, count, out);
    if (status != QN_OK)
        qn_batch_clear(out);
    return status;
}
