#include "mpi/comm/launcher.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

typedef struct launcher {
    const char *name, *rank, *size;
} launcher;

/* The innermost first: an mpiexec in a Slurm batch script sets its own variables beside Slurm's.
 * SLURM_STEP_NUM_TASKS and not SLURM_NTASKS, which a batch script started as one process has. */
static const launcher launchers[] = {
    {"a PMI launcher (mpiexec)", "PMI_RANK", "PMI_SIZE"},
    {"Open MPI's mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"MVAPICH's mpirun", "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"},
    {"Slurm's srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
    {"Flux", "FLUX_TASK_RANK", "FLUX_JOB_SIZE"},
    {"PALS (aprun)", "PALS_RANKID", "PALS_SIZE"},
};

static int number_of(const char *variable) {
    const char *text = getenv(variable);
    if (text == NULL || *text == '\0')
        return -1;
    char *end = NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    return errno != 0 || *end != '\0' || value < 0 || value > INT_MAX ? -1 : (int)value;
}

static const launcher *find_launcher(void) {
    for (size_t i = 0; i < sizeof launchers / sizeof launchers[0]; i++)
        if (number_of(launchers[i].rank) >= 0 && number_of(launchers[i].size) >= 1)
            return &launchers[i];
    return NULL;
}

int qn_launcher_rank(void) {
    const launcher *found = find_launcher();
    return found == NULL ? 0 : number_of(found->rank);
}

int qn_launcher_size(void) {
    const launcher *found = find_launcher();
    return found == NULL ? 1 : number_of(found->size);
}

const char *qn_launcher_name(void) {
    const launcher *found = find_launcher();
    return found == NULL ? "" : found->name;
}
