/* Wide operators over wide inputs: the first batch of such an input waits for all ranks, so a rank
 * that fails before it asked must not leave the others there.
 * Ranks: 1 2 3 */
#include "core/memory.h"
#include "features/aggregate/aggregate.h"
#include "features/join/join.h"
#include "features/set/union.h"
#include "features/sort/sort.h"
#include "features/window/window.h"
#include "mpi/comm/signal.h"
#include "tests/harness/harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 60, ROOM = 1 << 26, TIGHT = 1 << 10 };

static qn_status add_schema(qn_schema *schema, const char *prefix) {
    for (int c = 0; c < 2; c++) {
        char name[16];
        snprintf(name, sizeof name, "%s%d", prefix, c);
        QN_TRY(qn_schema_add(schema, name, QN_INT64));
    }
    return QN_OK;
}

static qn_status fill(qn_table *table, const char *prefix) {
    qn_batch batch;
    qn_batch_init(&batch);
    QN_TRY(add_schema(&table->schema, prefix));
    QN_TRY(qn_batch_reserve(&batch, 2));
    batch.length = ROWS;
    batch.first_row = (int64_t)qn_comm_rank(qn_test_comm()) * ROWS;
    for (int32_t c = 0; c < 2; c++)
        QN_TRY(qn_column_new(&batch.columns[c], QN_INT64, ROWS, 0));
    for (int64_t i = 0; i < ROWS; i++) {
        batch.columns[0]->i64[i] = (batch.first_row + i) % 17;
        batch.columns[1]->i64[i] = (batch.first_row + i) * 7 % 101;
    }
    return qn_table_add(table, &batch);
}

/* Rows that are spread when they are asked for. */
static qn_status open_input(qn_stream **out, const char *prefix, const qn_execution *execution) {
    qn_table table;
    qn_stream *rows = NULL;
    qn_table_init(&table);
    qn_status status = fill(&table, prefix);
    if (status == QN_OK)
        status = qn_table_stream(&rows, &table);
    qn_table_clear(&table);
    QN_TRY(status);
    return qn_repartition_open(out, rows, execution, NULL, 0);
}

/* ---- Operators ------------------------------------------------------------------------------ */

typedef enum operator_ {
    SUM,
    MEDIAN,
    DISTINCT,
    SORT,
    TOP,
    GROUP_TOP,
    SPREAD_BY_KEY,
    PARTITIONED_WINDOW,
    GLOBAL_WINDOW,
    UNION,
    EXCEPT,
    BROADCAST_JOIN,
    SHUFFLE_JOIN,
    NARROW_JOIN,
    BROADCAST_ASOF,
    SHUFFLE_ASOF,
    OPERATORS
} operator_;

static const int32_t first_column[] = {0};
static const qn_sort_key second_key[] = {{1, false, false}};

static qn_status open_aggregate(qn_stream **out, qn_stream *in, const qn_execution *execution,
                                const char *function) {
    const qn_aggregate_call call = {
        .function = function, .name = "y", .arguments = {1}, .argument_count = 1, .filter = -1};
    return qn_aggregate_open(out, in, execution, first_column, 1, &call, 1);
}

static qn_status open_window(qn_stream **out, qn_stream *in, const qn_execution *execution,
                             int32_t partitions) {
    const qn_window_call call = {
        .function = "row_number", .name = "y", .fallback = -1, .filter = -1, .default_frame = true};
    const qn_window_spec spec = {first_column, partitions, second_key, 1, &call, 1};
    return qn_window_open(out, in, execution, &spec);
}

static qn_status open_join(qn_stream **out, qn_stream *left, qn_stream *right,
                           const qn_execution *execution, qn_join_kind kind, qn_join_form form) {
    qn_schema schema;
    qn_schema_init(&schema);
    qn_status status = add_schema(&schema, "l");
    if (status == QN_OK && kind != QN_JOIN_SEMI)
        status = add_schema(&schema, "r");
    const qn_join_spec spec = {.kind = kind,
                               .form = form,
                               .left_keys = first_column,
                               .right_keys = first_column,
                               .key_count = 1,
                               .schema = &schema};
    if (status == QN_OK)
        status = qn_join_open(out, left, right, execution, &spec);
    qn_schema_clear(&schema);
    return status;
}

static qn_status open_asof(qn_stream **out, qn_stream *left, qn_stream *right,
                           const qn_execution *execution, qn_join_form form) {
    qn_schema schema;
    qn_schema_init(&schema);
    qn_status status = add_schema(&schema, "l");
    if (status == QN_OK)
        status = add_schema(&schema, "r");
    const qn_asof_spec spec = {.form = form,
                               .left_keys = first_column,
                               .right_keys = first_column,
                               .key_count = 1,
                               .left_on = 1,
                               .right_on = 1,
                               .tolerance = -1,
                               .schema = &schema};
    if (status == QN_OK)
        status = qn_asof_open(out, left, right, execution, &spec);
    qn_schema_clear(&schema);
    return status;
}

static qn_status open_of_two(qn_stream **out, qn_stream *left, qn_stream *right,
                             const qn_execution *execution, operator_ which) {
    qn_stream *inputs[2] = {left, right};
    switch (which) {
    case UNION:
        return qn_union_open(out, inputs, 2, execution);
    case EXCEPT:
        return qn_set_open(out, left, right, execution, QN_SET_EXCEPT, true);
    case BROADCAST_JOIN:
        return open_join(out, left, right, execution, QN_JOIN_FULL, QN_JOIN_BROADCAST);
    case SHUFFLE_JOIN:
        return open_join(out, left, right, execution, QN_JOIN_FULL, QN_JOIN_SHUFFLE);
    case NARROW_JOIN:
        return open_join(out, left, right, execution, QN_JOIN_SEMI, QN_JOIN_BROADCAST);
    case BROADCAST_ASOF:
        return open_asof(out, left, right, execution, QN_JOIN_BROADCAST);
    default:
        return open_asof(out, left, right, execution, QN_JOIN_SHUFFLE);
    }
}

static qn_status open_of_one(qn_stream **out, qn_stream *in, const qn_execution *execution,
                             operator_ which) {
    switch (which) {
    case SUM:
        return open_aggregate(out, in, execution, "sum");
    case MEDIAN:
        return open_aggregate(out, in, execution, "median");
    case DISTINCT:
        return qn_distinct_open(out, in, execution, first_column, 1);
    case SORT:
        return qn_sort_open(out, in, execution, second_key, 1, -1, 0);
    case TOP:
        return qn_sort_open(out, in, execution, second_key, 1, 5, 2);
    case GROUP_TOP:
        return qn_group_top_open(out, in, execution, first_column, 1, second_key, 1, 2, "y");
    case SPREAD_BY_KEY:
        return qn_repartition_open(out, in, execution, first_column, 1);
    case PARTITIONED_WINDOW:
        return open_window(out, in, execution, 1);
    default:
        return open_window(out, in, execution, 0);
    }
}

static qn_status open_operator(qn_stream **out, const qn_execution *execution, operator_ which) {
    qn_stream *left = NULL, *right = NULL;
    QN_TRY(open_input(&left, "l", execution));
    if (which < UNION)
        return open_of_one(out, left, execution, which);
    QN_TRY(open_input(&right, "r", execution));
    return open_of_two(out, left, right, execution, which);
}

/* ---- Failures ------------------------------------------------------------------------------- */

/* One rank fails at its i-th allocation, for i up to where nothing fails; the others are told. */
static void fail_everywhere(operator_ which, int64_t memory) {
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_execution execution = {.comm = comm, .memory = memory, .scratch = qn_test_path("")};
    qn_status status = QN_MEMORY;
    for (int64_t i = 0; status == QN_MEMORY && i < 20000; i += 1 + i / 24) {
        int64_t before = qn_mem_blocks();
        qn_stream *stream = NULL;
        qn_table table;
        qn_table_init(&table);
        QN_TEST_OK(open_operator(&stream, &execution, which));
        qn_mem_fail_after(last ? i : -1);
        status = qn_comm_agree(comm, qn_table_collect(&table, stream));
        qn_mem_fail_after(-1);
        qn_stream_free(stream);
        qn_table_clear(&table);
        CU_ASSERT_EQUAL(qn_mem_blocks(), before);
    }
    QN_TEST_OK(status);
}

static void test_failures_in_memory(void) {
    for (operator_ which = 0; which < OPERATORS; which++)
        fail_everywhere(which, ROOM);
}

static void test_failures_while_spilling(void) {
    for (operator_ which = 0; which < OPERATORS; which++)
        fail_everywhere(which, TIGHT);
}

/* ---- Being asked to stop -------------------------------------------------------------------- */

/* One rank gets the signal; all leave the operator with the same status. */
static void test_signals_stop_operators(void) {
    qn_comm *comm = qn_test_comm();
    bool last = qn_comm_rank(comm) == qn_comm_size(comm) - 1;
    qn_execution execution = {.comm = comm, .memory = ROOM, .scratch = qn_test_path("")};
    for (operator_ which = 0; which < OPERATORS; which++) {
        qn_stream *stream = NULL;
        qn_table table;
        qn_table_init(&table);
        QN_TEST_OK(open_operator(&stream, &execution, which));
        QN_TEST_OK(qn_signal_install());
        if (last)
            raise(SIGTERM);
        QN_TEST_FAILS(qn_comm_agree(comm, qn_table_collect(&table, stream)), QN_STOPPED,
                      "stopped by signal");
        qn_signal_restore();
        qn_stream_free(stream);
        qn_table_clear(&table);
    }
}

static const qn_test_case cases[] = {
    {"a rank that fails early leaves nobody waiting", test_failures_in_memory},
    {"nor does it while operators spill", test_failures_while_spilling},
    {"a signal to one rank stops an operator on all", test_signals_stop_operators},
    {NULL, NULL},
};

int main(void) {
    setenv("QUERN_WAIT", "yield", 0); /* many small collectives, on cores that others use, too */
    return qn_test_main("wide inputs", cases);
}
