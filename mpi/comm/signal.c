#include "mpi/comm/signal.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

/* A handler has no other way to tell. */
static volatile sig_atomic_t received;

static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};

enum { SIGNAL_COUNT = sizeof signals / sizeof signals[0] };

static void note(int number) {
    if (received == SIGINT && number == SIGINT) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
    received = number;
}

static qn_status set_all(void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNAL_COUNT; i++)
        if (sigaction(signals[i], &action, NULL) != 0)
            return qn_fail_errno(QN_INTERNAL, "cannot handle %s", strsignal(signals[i]));
    return QN_OK;
}

qn_status qn_signal_install(void) {
    return set_all(note);
}

void qn_signal_restore(void) {
    if (set_all(SIG_DFL) != QN_OK)
        qn_error_clear();
    received = 0;
}

int qn_signal_received(void) {
    return received;
}

static qn_status stop_for(int number) {
    if (number == 0)
        return QN_OK;
    return qn_fail(QN_STOPPED, "stopped by signal %d (%s)", number, strsignal(number));
}

qn_status qn_signal_check(void) {
    return stop_for(received);
}

qn_status qn_signal_agree(qn_comm *comm) {
    int64_t number = received;
    QN_TRY(qn_comm_max_i64(comm, &number, 1));
    return stop_for((int)number);
}
