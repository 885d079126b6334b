#include "tests/harness/harness.h"

#include "core/log.h"
#include "core/memory.h"

#include <CUnit/Basic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static qn_comm *world;
static char folder[256];

qn_comm *qn_test_comm(void) {
    return world;
}

const char *qn_test_path(const char *name) {
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void qn_test_check(bool condition, const char *file, int line, const char *text) {
    char full[8192];
    qn_error error = qn_last_error();
    if (!condition)
        snprintf(full, sizeof full, "%s: %s%s%s", text, error.location, *error.location ? ": " : "",
                 error.message);
    CU_assertImplementation(condition, (unsigned)line, condition ? text : full, file, "", CU_FALSE);
}

void qn_test_check_error(qn_status status, qn_status expected, const char *text, const char *file,
                         int line, const char *expression) {
    qn_error error = qn_last_error();
    bool same = status == expected && strstr(error.message, text) != NULL;
    char full[8192];
    snprintf(full, sizeof full, "%s: %s '%s', expected %s '%s'", expression, qn_status_name(status),
             status == QN_OK ? "" : error.message, qn_status_name(expected), text);
    CU_assertImplementation(same, (unsigned)line, full, file, "", CU_FALSE);
}

static bool crowded;

/* MPI and HDF5 wait by yielding in turn. With more ranks than cores that takes most of the time
 * from the rank that works; this function stands before libc's and sleeps a little instead. The
 * threads of OpenBLAS call it too, even after the world is gone. */
int sched_yield(void) {
    return crowded ? nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL)
                   : (int)syscall(SYS_sched_yield);
}

/* Files in memory: they are fsynced often, which says nothing about correctness. */
static const char *parent_folder(void) {
    static const char *const memory = "/dev/shm";
    const char *wanted = getenv("TMPDIR");
    struct statvfs room;
    if (wanted != NULL && *wanted != '\0')
        return wanted;
    bool fits = access(memory, W_OK | X_OK) == 0 && statvfs(memory, &room) == 0 &&
                room.f_bavail * room.f_frsize > (fsblkcnt_t)1 << 30;
    return fits ? memory : P_tmpdir;
}

static void make_folder(void) {
    if (qn_comm_rank(world) == 0) {
        snprintf(folder, sizeof folder, "%s/quern-test-XXXXXX", parent_folder());
        if (mkdtemp(folder) == NULL)
            folder[0] = '\0';
    }
    if (qn_comm_broadcast(world, folder, sizeof folder, 0) != QN_OK || folder[0] == '\0') {
        fprintf(stderr, "cannot make a temporary folder\n");
        qn_comm_abort(world, EXIT_FAILURE);
    }
}

static void remove_folder(void) {
    char command[600];
    snprintf(command, sizeof command, "chmod -R u+rwX '%s'; rm -rf '%s'", folder, folder);
    if (qn_comm_rank(world) == 0 && system(command) != 0)
        fprintf(stderr, "cannot remove %s\n", folder);
}

static const qn_test_case *current;
static int64_t leaks;

/* CUnit calls functions without arguments; `current` walks along the cases in the same order. */
static void run_current(void) {
    int64_t before = qn_mem_blocks();
    const qn_test_case *test = current++;
    test->run();
    qn_mem_fail_after(-1);
    int64_t left = qn_mem_blocks() - before;
    if (left != 0)
        fprintf(stderr, "\n  %s: %lld blocks leaked\n", test->name, (long long)left);
    leaks += left != 0;
    CU_ASSERT(left == 0);
}

static int64_t run_all(const char *suite, const qn_test_case *cases) {
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite group = CU_add_suite(suite, NULL, NULL);
    for (const qn_test_case *test = cases; test->name != NULL; test++)
        CU_add_test(group, test->name, run_current);
    current = cases;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    int64_t failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures;
}

int qn_test_main(const char *suite, const qn_test_case *cases) {
    if (qn_comm_world(&world) != QN_OK) {
        fprintf(stderr, "%s\n", qn_last_error().message);
        return EXIT_FAILURE;
    }
    int rank = qn_comm_rank(world);
    crowded = qn_comm_size(world) > 2;
    qn_log_set(QN_LOG_WARN, rank);
    if (rank > 0 && freopen("/dev/null", "w", stdout) == NULL)
        return EXIT_FAILURE;
    make_folder();
    int64_t local = run_all(suite, cases);
    if (local > 0)
        fprintf(stderr, "rank %d: %lld failures in %s\n", rank, (long long)local, suite);
    int64_t failures = local;
    if (qn_comm_sum_i64(world, &failures, 1) != QN_OK || qn_comm_barrier(world) != QN_OK)
        failures = 1;
    remove_folder();
    qn_comm *ended = world;
    world = NULL; /* OpenBLAS's threads and the leak sanitizer go on calling sched_yield */
    qn_comm_free(ended);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
