/* The communicator: collectives, agreement on errors, transfers in pieces.
 * Ranks: 1 2 3 7 */
#include "mpi/comm/comm.h"
#include "mpi/comm/launcher.h"

#include "core/memory.h"
#include "tests/harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_rank_and_size_fit(void) {
    qn_comm *comm = qn_test_comm();
    CU_ASSERT_EQUAL(qn_comm_size(comm), qn_launcher_size());
    CU_ASSERT_EQUAL(qn_comm_rank(comm), qn_launcher_rank());
}

static void test_self_is_one_rank(void) {
    qn_comm *self = NULL;
    QN_TEST_OK(qn_comm_self(&self));
    int64_t value = 5, before = -1;
    CU_ASSERT_EQUAL(qn_comm_size(self), 1);
    QN_TEST_OK(qn_comm_sum_i64(self, &value, 1));
    QN_TEST_OK(qn_comm_exscan_i64(self, &value, &before, 1));
    QN_TEST_OK(qn_comm_barrier(self));
    CU_ASSERT_EQUAL(value, 5);
    CU_ASSERT_EQUAL(before, 0);
    qn_comm_free(self);
    qn_comm_free(NULL);
}

static void check_agreement(int first_bad, int second_bad) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm);
    qn_status status = QN_OK;
    if (rank == first_bad) {
        status = qn_fail_at(QN_DATA, "a.csv:3:7", "'x%d' is no number", rank);
        qn_error_excerpt("1,x,3", 3, 1);
        qn_error_help("give the column type string");
    } else if (rank == second_bad) {
        status = qn_fail(QN_IO, "rank %d cannot write", rank);
    }
    char expected[64];
    snprintf(expected, sizeof expected, "'x%d' is no number", first_bad);
    qn_status agreed = qn_comm_agree(comm, status);
    qn_error error = qn_last_error();
    CU_ASSERT_EQUAL(agreed, QN_DATA);
    CU_ASSERT_EQUAL(error.code, QN_DATA);
    CU_ASSERT_STRING_EQUAL(error.message, expected);
    CU_ASSERT_STRING_EQUAL(error.location, "a.csv:3:7");
    CU_ASSERT_STRING_EQUAL(error.help, "give the column type string");
    CU_ASSERT_EQUAL(qn_comm_failed_rank(comm), first_bad);
    CU_ASSERT(strlen(qn_comm_failed_host(comm)) > 0);
    qn_error_clear();
}

static void test_agree_gives_one_error(void) {
    qn_comm *comm = qn_test_comm();
    int size = qn_comm_size(comm);
    QN_TEST_OK(qn_comm_agree(comm, QN_OK));
    for (int bad = 0; bad < size; bad++)
        check_agreement(bad, size - 1 > bad ? size - 1 : -1);
}

static void test_sent_bytes_are_counted(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    int64_t before = qn_comm_sent(comm), value = rank, *offsets = NULL;
    char all[7 * 8] = "";
    void *out = NULL;
    QN_TEST_OK(qn_comm_broadcast(comm, all, 40, size - 1));
    CU_ASSERT_EQUAL(qn_comm_sent(comm) - before, rank == size - 1 ? 40 * (size - 1) : 0);
    before = qn_comm_sent(comm);
    QN_TEST_OK(qn_comm_sum_i64(comm, &value, 1));
    CU_ASSERT_EQUAL(qn_comm_sent(comm), before);
    int64_t starts[8] = {0}; /* 5 bytes to rank 0, none to the others */
    for (int i = 1; i <= size; i++)
        starts[i] = 5;
    QN_TEST_OK(qn_comm_alltoallv(comm, all, starts, &out, &offsets));
    CU_ASSERT_EQUAL(qn_comm_sent(comm) - before, rank == 0 ? 0 : 5);
    qn_mem_free(out);
    qn_mem_free(offsets);
}

static void test_reductions(void) {
    qn_comm *comm = qn_test_comm();
    int64_t rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    int64_t sums[2] = {rank, 1}, least = -rank, most = rank * 10;
    uint64_t bits = UINT64_C(1) << rank;
    QN_TEST_OK(qn_comm_sum_i64(comm, sums, 2));
    QN_TEST_OK(qn_comm_min_i64(comm, &least, 1));
    QN_TEST_OK(qn_comm_max_i64(comm, &most, 1));
    QN_TEST_OK(qn_comm_or_u64(comm, &bits, 1));
    QN_TEST_OK(qn_comm_sum_i64(comm, NULL, 0));
    CU_ASSERT_EQUAL(sums[0], size * (size - 1) / 2);
    CU_ASSERT_EQUAL(sums[1], size);
    CU_ASSERT_EQUAL(least, 1 - size);
    CU_ASSERT_EQUAL(most, (size - 1) * 10);
    CU_ASSERT_EQUAL(bits, (UINT64_C(1) << size) - 1);
}

static void test_nan_is_ignored(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    /* all numbers; NaN on the last rank; NaN everywhere; infinities; zeros of both signs */
    double values[5] = {rank - 2.5, rank == size - 1 && size > 1 ? NAN : rank, NAN,
                        rank == 0 ? -INFINITY : 1, rank == 0 ? -0.0 : 0.0};
    double least[5], most[5];
    memcpy(least, values, sizeof values);
    memcpy(most, values, sizeof values);
    QN_TEST_OK(qn_comm_min_f64(comm, least, 5));
    QN_TEST_OK(qn_comm_max_f64(comm, most, 5));
    CU_ASSERT_EQUAL(least[0], -2.5);
    CU_ASSERT_EQUAL(most[0], size - 3.5);
    CU_ASSERT_EQUAL(least[1], 0);
    CU_ASSERT_EQUAL(most[1], size > 1 ? size - 2 : 0);
    CU_ASSERT(isnan(least[2]) && isnan(most[2]));
    CU_ASSERT_EQUAL(least[3], -INFINITY);
    CU_ASSERT_EQUAL(most[3], size > 1 ? 1 : -INFINITY);
    CU_ASSERT(signbit(least[4]) != 0);
    CU_ASSERT(size == 1 || signbit(most[4]) == 0);
}

static void test_exscan(void) {
    qn_comm *comm = qn_test_comm();
    int64_t rank = qn_comm_rank(comm);
    int64_t values[100], out[100];
    for (int64_t i = 0; i < 100; i++)
        values[i] = rank + i;
    QN_TEST_OK(qn_comm_exscan_i64(comm, values, out, 100));
    for (int64_t i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(out[i], rank * (rank - 1) / 2 + i * rank);
    QN_TEST_OK(qn_comm_exscan_i64(comm, values, values, 1));
    CU_ASSERT_EQUAL(values[0], rank * (rank - 1) / 2);
}

static void test_broadcast_and_allgather(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    char text[40] = "";
    int all[16][3] = {{0}}, own[3] = {rank, rank * 2, 7};
    for (int root = 0; root < size; root++) {
        if (rank == root)
            snprintf(text, sizeof text, "from %d", root);
        QN_TEST_OK(qn_comm_broadcast(comm, text, sizeof text, root));
        CU_ASSERT_EQUAL(atoi(text + 5), root);
    }
    QN_TEST_OK(qn_comm_allgather(comm, own, sizeof own, all));
    for (int i = 0; i < size; i++)
        CU_ASSERT(all[i][0] == i && all[i][1] == 2 * i && all[i][2] == 7);
}

/* Rank r gives r * 5 bytes (none on rank 0) of value r. */
static void test_gathers(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    char own[64], *all = NULL;
    int64_t *offsets = NULL;
    memset(own, 'a' + rank, sizeof own);
    QN_TEST_OK(qn_comm_allgatherv(comm, own, rank * 5, (void **)&all, &offsets));
    CU_ASSERT_EQUAL(offsets[size], 5 * size * (size - 1) / 2);
    for (int i = 0; i < size; i++)
        for (int64_t j = offsets[i]; j < offsets[i + 1]; j++)
            CU_ASSERT_EQUAL(all[j], 'a' + i);
    qn_mem_free(all);
    qn_mem_free(offsets);
    for (int root = 0; root < size; root++) {
        QN_TEST_OK(qn_comm_gatherv(comm, own, rank * 5, root, (void **)&all, &offsets));
        CU_ASSERT((rank == root) == (all != NULL) && (rank == root) == (offsets != NULL));
        for (int i = 0; rank == root && i < size; i++)
            for (int64_t j = offsets[i]; j < offsets[i + 1]; j++)
                CU_ASSERT_EQUAL(all[j], 'a' + i);
        qn_mem_free(all);
        qn_mem_free(offsets);
    }
}

/* Rank r sends r * 3 + 2 * to bytes of value (r, to) to rank `to`, none to itself if r is odd. */
static int64_t message_length(int from, int to) {
    return from == to && from % 2 == 1 ? 0 : from * 3 + 2 * to;
}

static void test_alltoallv(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    char data[1024], *out = NULL;
    int64_t sends[17] = {0}, *offsets = NULL;
    for (int to = 0; to < size; to++) {
        sends[to + 1] = sends[to] + message_length(rank, to);
        memset(data + sends[to], rank * 16 + to, (size_t)message_length(rank, to));
    }
    QN_TEST_OK(qn_comm_alltoallv(comm, data, sends, (void **)&out, &offsets));
    for (int from = 0; from < size; from++) {
        CU_ASSERT_EQUAL(offsets[from + 1] - offsets[from], message_length(from, rank));
        for (int64_t j = offsets[from]; j < offsets[from + 1]; j++)
            CU_ASSERT_EQUAL(out[j], from * 16 + rank);
    }
    qn_mem_free(out);
    qn_mem_free(offsets);
}

/* The same cases again, with every transfer cut at 8 bytes. */
static void test_pieces_give_the_same(void) {
    qn_comm_cut(qn_test_comm(), 8);
    test_reductions();
    test_exscan();
    test_broadcast_and_allgather();
    test_gathers();
    test_alltoallv();
    qn_comm_cut(qn_test_comm(), INT64_MAX);
}

static void test_large_reduction(void) {
    qn_comm *comm = qn_test_comm();
    int64_t count = 300001, *values = NULL, wrong = 0, size = qn_comm_size(comm);
    QN_TEST_OK(qn_mem_alloc(&values, (size_t)count, sizeof *values));
    for (int64_t i = 0; i < count; i++)
        values[i] = i + qn_comm_rank(comm);
    QN_TEST_OK(qn_comm_sum_i64(comm, values, count));
    for (int64_t i = 0; i < count; i++)
        wrong += values[i] != size * i + size * (size - 1) / 2;
    CU_ASSERT_EQUAL(wrong, 0);
    qn_mem_free(values);
}

/* One rank is out of memory in the midst of a collective: all ranks say so, and go on. */
static void test_memory_failure_is_agreed(void) {
    qn_comm *comm = qn_test_comm();
    int rank = qn_comm_rank(comm), size = qn_comm_size(comm);
    int64_t value = rank, *offsets = NULL;
    void *all = NULL;
    for (int64_t step = 0; step < 2; step++) {
        if (rank == size - 1)
            qn_mem_fail_after(step);
        QN_TEST_FAILS(qn_comm_allgatherv(comm, &value, sizeof value, &all, &offsets), QN_MEMORY,
                      "");
        CU_ASSERT_EQUAL(qn_comm_failed_rank(comm), size - 1);
        CU_ASSERT(all == NULL && offsets == NULL);
    }
    qn_mem_fail_after(-1);
    QN_TEST_OK(qn_comm_allgatherv(comm, &value, sizeof value, &all, &offsets));
    qn_mem_free(all);
    qn_mem_free(offsets);
}

static const qn_test_case cases[] = {
    {"rank and size are the launcher's", test_rank_and_size_fit},
    {"self is one rank", test_self_is_one_rank},
    {"all ranks agree on the lowest failing rank's error", test_agree_gives_one_error},
    {"sums, least, most and bits are reduced", test_reductions},
    {"sent bytes are counted", test_sent_bytes_are_counted},
    {"min and max of doubles ignore NaN and know signs of zero", test_nan_is_ignored},
    {"exscan sums the ranks before", test_exscan},
    {"broadcast and allgather reach all", test_broadcast_and_allgather},
    {"byte strings of all lengths are gathered in rank order", test_gathers},
    {"alltoallv brings each message to its rank", test_alltoallv},
    {"transfers in pieces give the same", test_pieces_give_the_same},
    {"a large reduction is right", test_large_reduction},
    {"a memory failure on one rank is everyone's", test_memory_failure_is_agreed},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("comm", cases);
}
