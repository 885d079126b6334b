#include "mpi/comm/comm_private.h"

#include "core/memory.h"
#include "mpi/comm/launcher.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A rank that waits for long sleeps, longer each time, but never long against what it waited: the
 * ranks that work then have the cores. Yielding alone took nine tenths of the time of 7 ranks on 2.
 */
enum { POLLS_BEFORE_YIELD = 20, YIELDS_BEFORE_SLEEP = 20, SLEEP_NS = 10000, LONGEST_SLEEP = 50 };

static void give_way(int64_t round) {
    int64_t longer = round - YIELDS_BEFORE_SLEEP;
    struct timespec pause = {.tv_nsec =
                                 SLEEP_NS * (longer < LONGEST_SLEEP ? longer : LONGEST_SLEEP)};
    if (longer <= 0)
        sched_yield();
    else
        nanosleep(&pause, NULL);
}

/* ---- MPI's errors and the waiting policy ---------------------------------------------------- */

qn_status qn_comm_check(int code, const char *call) {
    if (code == MPI_SUCCESS)
        return QN_OK;
    int class_ = MPI_ERR_OTHER, length = 0;
    char text[MPI_MAX_ERROR_STRING + 1] = "";
    MPI_Error_class(code, &class_);
    MPI_Error_string(code, text, &length);
    bool ours = class_ == MPI_ERR_COUNT || class_ == MPI_ERR_TYPE || class_ == MPI_ERR_ARG ||
                class_ == MPI_ERR_BUFFER || class_ == MPI_ERR_TRUNCATE || class_ == MPI_ERR_OP ||
                class_ == MPI_ERR_RANK || class_ == MPI_ERR_ROOT || class_ == MPI_ERR_TAG;
    return qn_fail(ours ? QN_INTERNAL : QN_ENVIRONMENT, "%s failed: %s", call, text);
}

static qn_status poll(MPI_Request *request) {
    for (int64_t round = 0;; round++) {
        for (int i = 0; i < POLLS_BEFORE_YIELD; i++) {
            int done = 0;
            QN_TRY(qn_comm_check(MPI_Test(request, &done, MPI_STATUS_IGNORE), "MPI_Test"));
            if (done)
                return QN_OK;
        }
        give_way(round);
    }
}

qn_status qn_comm_complete(qn_comm *comm, int code, const char *call) {
    QN_TRY(qn_comm_check(code, call));
    return comm->yields ? poll(&comm->request) : QN_OK;
}

qn_status qn_comm_wait_all(qn_comm *comm, MPI_Request *requests, int count) {
    for (int i = 0; i < count; i++) /* waiting for one moves all */
        QN_TRY(comm->yields ? poll(&requests[i])
                            : qn_comm_check(MPI_Wait(&requests[i], MPI_STATUS_IGNORE), "MPI_Wait"));
    return QN_OK;
}

/* ---- Making and ending ---------------------------------------------------------------------- */

qn_status qn_comm_self(qn_comm **out) {
    qn_comm *comm = NULL;
    QN_TRY(qn_mem_calloc(&comm, 1, sizeof *comm));
    comm->mpi = MPI_COMM_NULL;
    comm->size = 1;
    comm->request = MPI_REQUEST_NULL;
    comm->limit = INT64_MAX;
    comm->failed_rank = -1;
    *out = comm;
    return QN_OK;
}

static qn_status check_launcher(const qn_comm *comm) {
    int started = qn_launcher_size();
    if (comm->size > 1 || started <= 1)
        return QN_OK;
    char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    MPI_Get_library_version(library, &length);
    library[strcspn(library, "\n")] = '\0';
    qn_status status = qn_fail(QN_ENVIRONMENT,
                               "%s started %d processes, but each of them sees only itself: the "
                               "launcher belongs to another MPI library",
                               qn_launcher_name(), started);
    qn_error_help("quern uses %s; start it with that library's mpiexec, or with srun --mpi=pmi2",
                  library);
    return status;
}

/* QUERN_WAIT=block|yield overrides what was found out. */
static qn_status choose_waiting(qn_comm *comm) {
    bool crowded = true;
    comm->yields = true;
    QN_TRY(qn_comm_is_crowded(comm, &crowded));
    const char *wanted = getenv("QUERN_WAIT");
    if (wanted != NULL && strcmp(wanted, "block") == 0)
        crowded = false;
    if (wanted != NULL && strcmp(wanted, "yield") == 0)
        crowded = true;
    comm->yields = crowded;
    return QN_OK;
}

static qn_status attach_world(qn_comm *comm, bool initialised) {
    if (!initialised) {
        QN_TRY(qn_comm_check(MPI_Init(NULL, NULL), "MPI_Init"));
        comm->finalise = true;
        comm->mpi = MPI_COMM_WORLD;
    } else {
        QN_TRY(qn_comm_check(MPI_Comm_dup(MPI_COMM_WORLD, &comm->mpi), "MPI_Comm_dup"));
    }
    MPI_Comm_set_errhandler(comm->mpi, MPI_ERRORS_RETURN);
    MPI_Comm_rank(comm->mpi, &comm->rank);
    MPI_Comm_size(comm->mpi, &comm->size);
    QN_TRY(check_launcher(comm));
    return choose_waiting(comm);
}

qn_status qn_comm_world(qn_comm **out) {
    int initialised = 0, finalised = 0;
    MPI_Initialized(&initialised);
    MPI_Finalized(&finalised);
    if (!initialised && qn_launcher_size() == 1)
        return qn_comm_self(out);
    if (finalised)
        return qn_fail(QN_ENVIRONMENT, "MPI was finalised before and cannot be started again");
    qn_comm *comm = NULL;
    QN_TRY(qn_comm_self(&comm));
    qn_status status = attach_world(comm, initialised);
    if (status == QN_OK)
        *out = comm;
    else
        qn_comm_free(comm);
    return status;
}

void qn_comm_free(qn_comm *comm) {
    if (comm == NULL)
        return;
    if (comm->finalise) {
        /* MPI_Finalize spins; let the last rank come first. */
        if (comm->size > 1 && comm->yields && qn_comm_barrier(comm) != QN_OK)
            qn_error_clear();
        MPI_Finalize();
    } else if (comm->mpi != MPI_COMM_NULL) {
        MPI_Comm_free(&comm->mpi);
    }
    qn_mem_free(comm);
}

void qn_comm_abort(qn_comm *comm, int exit_code) {
    fflush(NULL);
    if (comm != NULL && comm->mpi != MPI_COMM_NULL)
        MPI_Abort(comm->mpi, exit_code);
    _exit(exit_code);
}

int qn_comm_rank(const qn_comm *comm) {
    return comm->rank;
}

int qn_comm_size(const qn_comm *comm) {
    return comm->size;
}

int qn_comm_node_ranks(const qn_comm *comm) {
    return comm->node_ranks > 0 ? comm->node_ranks : 1;
}

bool qn_comm_yields(const qn_comm *comm) {
    return comm->yields;
}

int64_t qn_comm_sent(const qn_comm *comm) {
    return comm->sent;
}

int qn_comm_failed_rank(const qn_comm *comm) {
    return comm->failed_rank;
}

const char *qn_comm_failed_host(const qn_comm *comm) {
    return comm->failed_host;
}

void qn_comm_cut(qn_comm *comm, int64_t bytes) {
    comm->limit = bytes < 8 ? 8 : bytes;
}

/* ---- Agreement ------------------------------------------------------------------------------ */

typedef struct failure {
    char packed[QN_ERROR_PACKED_SIZE];
    char host[QN_HOST_SIZE];
} failure;

static void keep_failure(qn_comm *comm, int rank, const char *host) {
    comm->failed_rank = rank;
    snprintf(comm->failed_host, sizeof comm->failed_host, "%s", host);
}

static void own_host(char host[QN_HOST_SIZE]) {
    host[QN_HOST_SIZE - 1] = '\0';
    if (gethostname(host, QN_HOST_SIZE - 1) != 0)
        host[0] = '\0';
}

static qn_status spread_failure(qn_comm *comm, int rank, qn_status code) {
    failure message = {{0}, {0}};
    if (comm->rank == rank) {
        qn_error_pack(message.packed);
        own_host(message.host);
    }
    QN_TRY(qn_comm_spread(comm, &message, sizeof message, rank));
    qn_error_unpack(message.packed);
    keep_failure(comm, rank, message.host);
    return code;
}

qn_status qn_comm_agree_max(qn_comm *comm, qn_status status, int64_t *value) {
    if (comm->size == 1) {
        char host[QN_HOST_SIZE];
        own_host(host);
        if (status != QN_OK)
            keep_failure(comm, 0, host);
        return status;
    }
    /* Rank above code: the minimum is the lowest failing rank's. */
    int64_t words[2] = {INT64_MAX, value == NULL ? 0 : -*value};
    if (status != QN_OK)
        words[0] = ((int64_t)comm->rank << 32) | (int64_t)status;
    QN_TRY(qn_comm_min_i64(comm, words, value == NULL ? 1 : 2));
    if (words[0] != INT64_MAX)
        return spread_failure(comm, (int)(words[0] >> 32), (qn_status)(words[0] & 0xffffffff));
    if (value != NULL)
        *value = -words[1];
    return QN_OK;
}

qn_status qn_comm_agree(qn_comm *comm, qn_status status) {
    return qn_comm_agree_max(comm, status, NULL);
}
