/* Being asked to stop.
 * Ranks: 1 2 7 */
#include "mpi/comm/signal.h"

#include "tests/harness/harness.h"

#include <signal.h>

static void test_one_signal_stops_all_ranks(void) {
    qn_comm *comm = qn_test_comm();
    QN_TEST_OK(qn_signal_install());
    QN_TEST_OK(qn_signal_agree(comm));
    if (qn_comm_rank(comm) == qn_comm_size(comm) - 1)
        raise(SIGUSR1);
    CU_ASSERT_EQUAL(qn_signal_received() != 0, qn_comm_rank(comm) == qn_comm_size(comm) - 1);
    QN_TEST_FAILS(qn_signal_agree(comm), QN_STOPPED, "stopped by signal");
    QN_TEST_FAILS(qn_signal_agree(comm), QN_STOPPED, "stopped by signal");
    qn_signal_restore();
    CU_ASSERT_EQUAL(qn_signal_received(), 0);
    QN_TEST_OK(qn_signal_agree(comm));
}

static const qn_test_case cases[] = {
    {"a signal to one rank stops all", test_one_signal_stops_all_ranks},
    {NULL, NULL},
};

int main(void) {
    return qn_test_main("signal", cases);
}
