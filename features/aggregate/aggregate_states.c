/* Aggregation where rows are: states of groups are sent and merged. */
#include "core/memory.h"
#include "features/aggregate/aggregate_private.h"
#include "features/wide/input.h"
#include "mpi/comm/exchange.h"

#include <stdio.h>

/* How many batches are looked at to see whether grouping makes rows fewer, and whether that many
 * rows say enough. A share of 0.97 in 131,072 rows means some two million groups or more. */
enum { SAMPLE_BATCHES = 8, SAMPLE_ROWS = 100000 };
static const double SAMPLE_SHARE = 0.97;

typedef struct states_build {
    qn_aggregation *self;
    const qn_execution *execution;
    int ranks;
    qn_grouping local, merged;
    qn_scratch *spilled; /* by lane; NULL: nothing yet */
    qn_table *sends;
    qn_table arrived;
} states_build;

static void states_build_clear(states_build *build) {
    qn_grouping_clear(&build->local);
    qn_grouping_clear(&build->merged);
    qn_scratch_free(build->spilled);
    for (int i = 0; build->sends != NULL && i < build->ranks; i++)
        qn_table_clear(&build->sends[i]);
    qn_mem_free(build->sends);
    qn_table_clear(&build->arrived);
}

static qn_status schema_of(const qn_batch *batch, qn_schema *out) {
    for (int32_t c = 0; c < batch->count; c++) {
        char name[32];
        snprintf(name, sizeof name, "%d", (int)c);
        QN_TRY(qn_schema_add(out, name, batch->columns[c]->type));
    }
    return QN_OK;
}

static qn_status add_spilled(states_build *build, int32_t lane, qn_batch *batch) {
    qn_status status = QN_OK;
    if (build->spilled == NULL) {
        qn_schema schema;
        qn_schema_init(&schema);
        status = schema_of(batch, &schema);
        if (status == QN_OK)
            status = qn_scratch_new(&build->spilled, build->execution->scratch, &schema,
                                    QN_AGGREGATION_LANES * build->ranks);
        qn_schema_clear(&schema);
    }
    if (status == QN_OK)
        return qn_scratch_add(build->spilled, lane, batch);
    qn_batch_clear(batch);
    return status;
}

/* Groups ids[0..count) as batches of states, to a lane of scratch or to a rank. */
static qn_status give_states(states_build *build, const uint32_t *ids, int64_t count, int32_t lane,
                             qn_table *to) {
    for (int64_t i = 0; i < count; i += QN_BATCH_ROWS) {
        qn_batch batch;
        qn_batch_init(&batch);
        int64_t length = count - i < QN_BATCH_ROWS ? count - i : QN_BATCH_ROWS;
        QN_TRY(qn_grouping_states(&build->local, ids + i, length, &batch));
        if (to != NULL)
            QN_TRY(qn_table_add(to, &batch));
        else
            QN_TRY(add_spilled(build, lane, &batch));
    }
    return QN_OK;
}

/* Empties the local groups into scratch space. */
static qn_status spill_states(states_build *build) {
    int64_t starts[QN_KEY_PARTITIONS + 1];
    uint32_t *ids = NULL;
    qn_grouping *local = &build->local;
    const qn_aggregate_plan *plan = local->plan;
    for (int32_t c = 0; c < plan->call_count; c++)
        qn_aggregator_even_states(local->aggregators[c]);
    QN_TRY(qn_grouping_order(local, &ids, starts));
    qn_status status = QN_OK;
    for (int32_t p = 0, end; p < QN_KEY_PARTITIONS && status == QN_OK; p = end) {
        int32_t lane = qn_aggregation_lane(p, build->ranks);
        for (end = p + 1;
             end < QN_KEY_PARTITIONS && qn_aggregation_lane(end, build->ranks) == lane;)
            end++;
        status = give_states(build, ids + starts[p], starts[end] - starts[p], lane, NULL);
    }
    qn_mem_free(ids);
    QN_TRY(status);
    qn_grouping_clear(local);
    return qn_grouping_init(local, plan, true);
}

/* Up to `most` batches. */
static qn_status add_batches(states_build *build, qn_stream *in, int64_t most) {
    for (int64_t k = 0; k < most; k++) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY(qn_stream_next(in, &batch));
        if (batch.count == 0)
            return QN_OK;
        qn_status status = qn_grouping_add(&build->local, &batch, NULL, -1);
        qn_batch_clear(&batch);
        QN_TRY(status);
        if (build->self->plan.key_count > 0 &&
            qn_grouping_bytes(&build->local) > build->execution->memory / 2)
            QN_TRY(spill_states(build));
    }
    return QN_OK;
}

/* Collective. Whether in the first batches nearly every row begins a group. */
static qn_status read_sample(states_build *build, qn_input *input, bool *too_many) {
    qn_status status = qn_input_start(input, build->self->in);
    if (status == QN_OK)
        status = add_batches(build, &input->base, SAMPLE_BATCHES);
    QN_TRY(qn_comm_agree(build->execution->comm, qn_input_finish(input, status)));
    int64_t sums[2] = {build->local.rows, build->local.count};
    QN_TRY(qn_comm_sum_i64(build->execution->comm, sums, 2));
    *too_many = build->self->plan.key_count > 0 && build->spilled == NULL &&
                sums[0] >= SAMPLE_ROWS && (double)sums[1] > SAMPLE_SHARE * (double)sums[0];
    return QN_OK;
}

/* Collective. */
static qn_status read_states(states_build *build, qn_input *input) {
    qn_status status = input->ended ? QN_OK : add_batches(build, &input->base, INT64_MAX);
    return qn_input_finish(input, status);
}

/* Local groups to their ranks; all to rank 0 if they are few. */
static qn_status send_states(states_build *build, bool few) {
    int64_t starts[QN_KEY_PARTITIONS + 1];
    uint32_t *ids = NULL;
    qn_status status = QN_OK;
    QN_TRY(qn_grouping_order(&build->local, &ids, starts));
    if (few)
        status = give_states(build, ids, build->local.count, 0, &build->sends[0]);
    for (int r = 0; r < build->ranks && !few && status == QN_OK; r++) {
        int64_t first = starts[qn_aggregation_partition(r, build->ranks)];
        int64_t end = starts[qn_aggregation_partition(r + 1, build->ranks)];
        status = give_states(build, ids + first, end - first, 0, &build->sends[r]);
    }
    qn_mem_free(ids);
    if (status == QN_OK)
        qn_grouping_clear(&build->local);
    return status;
}

static qn_status merge_arrived(states_build *build) {
    QN_TRY(qn_grouping_init(&build->merged, &build->self->plan, false));
    for (int64_t b = 0; b < build->arrived.batch_count; b++) {
        QN_TRY(qn_grouping_merge(&build->merged, &build->arrived.batches[b]));
        qn_batch_clear(&build->arrived.batches[b]);
    }
    qn_table_clear(&build->arrived);
    qn_table_init(&build->arrived);
    return QN_OK;
}

static qn_status finish_merged(states_build *build, bool global) {
    if (global && qn_comm_rank(build->execution->comm) == 0)
        QN_TRY(qn_grouping_ensure_one(&build->merged));
    QN_TRY(qn_aggregation_output(build->self, &build->merged, false));
    qn_grouping_clear(&build->merged);
    return QN_OK;
}

/* Collective. What `sends` holds goes where it belongs, is merged and becomes output. */
static qn_status exchange_states(states_build *build, qn_status status) {
    qn_comm *comm = build->execution->comm;
    QN_TRY(qn_comm_agree(comm, status));
    QN_TRY(qn_exchange_batches(comm, build->sends, &build->arrived));
    for (int r = 0; r < build->ranks; r++) {
        qn_table_clear(&build->sends[r]);
        qn_table_init(&build->sends[r]);
    }
    status = merge_arrived(build);
    if (status == QN_OK)
        status = finish_merged(build, build->self->plan.key_count == 0);
    return qn_comm_agree(comm, status);
}

static qn_status read_lane(states_build *build, int32_t lane, qn_table *to) {
    qn_stream *reader = NULL;
    qn_status status;
    QN_TRY(qn_scratch_open(&reader, build->spilled, lane));
    for (;;) {
        qn_batch batch;
        qn_batch_init(&batch);
        QN_TRY_GOTO(qn_stream_next(reader, &batch), done);
        if (batch.count == 0)
            break;
        QN_TRY_GOTO(qn_table_add(to, &batch), done);
    }
done:
    qn_stream_free(reader);
    return status;
}

/* Collective. Lane by lane. */
static qn_status exchange_lanes(states_build *build) {
    qn_status status = spill_states(build);
    if (status == QN_OK && build->spilled != NULL)
        status = qn_scratch_flush(build->spilled);
    for (int32_t lane = 0; lane < QN_AGGREGATION_LANES; lane++) {
        for (int r = 0; r < build->ranks && status == QN_OK && build->spilled != NULL; r++)
            status = read_lane(build, r * QN_AGGREGATION_LANES + lane, &build->sends[r]);
        QN_TRY(exchange_states(build, status));
    }
    return QN_OK;
}

static qn_status start_states(states_build *build) {
    QN_TRY(qn_mem_calloc(&build->sends, (size_t)build->ranks, sizeof *build->sends));
    return qn_grouping_init(&build->local, &build->self->plan, true);
}

/* Collective. */
static qn_status run_states(states_build *build, bool *too_many) {
    qn_comm *comm = build->execution->comm;
    qn_input input = {0};
    QN_TRY(qn_comm_agree(comm, start_states(build)));
    QN_TRY(read_sample(build, &input, too_many));
    if (*too_many)
        return QN_OK;
    qn_status status = read_states(build, &input);
    int64_t spilled = build->spilled != NULL, groups = build->local.count;
    QN_TRY(qn_comm_agree_max(comm, status, &spilled));
    if (spilled)
        return exchange_lanes(build);
    if (build->ranks == 1) {
        if (build->self->plan.key_count == 0)
            QN_TRY(qn_grouping_ensure_one(&build->local));
        return qn_aggregation_output(build->self, &build->local, false);
    }
    QN_TRY(qn_comm_sum_i64(comm, &groups, 1));
    return exchange_states(build, send_states(build, groups <= QN_BATCH_ROWS));
}

qn_status qn_aggregation_run_states(qn_aggregation *self, const qn_execution *execution,
                                    bool *too_many) {
    states_build build = {
        .self = self, .execution = execution, .ranks = qn_comm_size(execution->comm)};
    qn_table_init(&build.arrived);
    qn_status status = run_states(&build, too_many);
    states_build_clear(&build);
    return status;
}
