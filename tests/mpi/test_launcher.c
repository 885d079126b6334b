/* What a launcher's variables say, and refusing a foreign launcher.
 *
 * The program runs itself as a child with other variables; "child" as its argument makes it print
 * what the communicator says. */
#include "mpi/comm/launcher.h"

#include "mpi/comm/comm.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char own_path[4096];

static int run_child(void) {
    qn_comm *comm = NULL;
    qn_status status = qn_comm_world(&comm);
    if (status == QN_OK)
        printf("%d of %d", qn_comm_rank(comm), qn_comm_size(comm));
    else
        printf("%s: %s; %s", qn_status_name(status), qn_last_error().message, qn_last_error().help);
    printf(" (%d of %d)", qn_launcher_rank(), qn_launcher_size());
    qn_comm_free(comm);
    return 0;
}

static const char *output_of_child(const char *variables) {
    static char output[4096];
    char command[8192];
    snprintf(command, sizeof command, "env %s '%s' child", variables, own_path);
    FILE *child = popen(command, "r");
    size_t length = child == NULL ? 0 : fread(output, 1, sizeof output - 1, child);
    output[length] = '\0';
    if (child != NULL)
        pclose(child);
    return output;
}

static void test_without_launcher(void) {
    CU_ASSERT_STRING_EQUAL(output_of_child("-u PMI_RANK"), "0 of 1 (0 of 1)");
    /* a launcher that starts one process */
    CU_ASSERT_STRING_EQUAL(output_of_child("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1"),
                           "0 of 1 (0 of 1)");
    /* a Slurm batch script, which runs before any srun */
    CU_ASSERT_STRING_EQUAL(output_of_child("SLURM_PROCID=0 SLURM_NTASKS=64"), "0 of 1 (0 of 1)");
    CU_ASSERT_STRING_EQUAL(output_of_child("PMI_RANK=x PMI_SIZE=3"), "0 of 1 (0 of 1)");
}

static void test_foreign_launchers_are_refused(void) {
    const char *output = output_of_child("OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=3");
    CU_ASSERT(strstr(output, "ENVIRONMENT: Open MPI's mpirun started 3 processes") == output);
    CU_ASSERT(strstr(output, "mpiexec") != NULL);
    CU_ASSERT(strstr(output, "(2 of 3)") != NULL);
    output = output_of_child("SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=4");
    CU_ASSERT(strstr(output, "ENVIRONMENT: Slurm's srun started 4 processes") == output);
}

static const qn_test_case cases[] = {
    {"without a launcher there is one rank", test_without_launcher},
    {"a launcher of another MPI is refused", test_foreign_launchers_are_refused},
    {NULL, NULL},
};

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "child") == 0)
        return run_child();
    if (readlink("/proc/self/exe", own_path, sizeof own_path - 1) < 0)
        return EXIT_FAILURE;
    return qn_test_main("launcher", cases);
}
