/* How many ranks share a node, and how many cores they may use there. */
#include "mpi/comm/comm_private.h"

#include "core/memory.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct seat {
    uint64_t node;  /* hash of what names the running kernel */
    int64_t quota;  /* cores that the control group grants; INT64_MAX: no limit */
    cpu_set_t mask; /* where this rank may run */
} seat;

static bool read_line(const char *path, char *line, int size) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool found = fgets(line, size, file) != NULL;
    fclose(file);
    return found;
}

/* FNV-1a of the boot id: equal for all containers of a node, different for two nodes that carry
 * one host name. */
static uint64_t node_hash(void) {
    char text[QN_HOST_SIZE] = "";
    if (!read_line("/proc/sys/kernel/random/boot_id", text, sizeof text) &&
        gethostname(text, sizeof text - 1) != 0)
        text[0] = '\0';
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *c = text; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    return hash;
}

/* A control group's cpu.max holds "QUOTA PERIOD" in microseconds, or "max PERIOD". */
static int64_t quota_of(const char *group) {
    char path[4200], line[128];
    long long quota = 0, period = 0;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
    /* The kernel wrote it. NOLINTNEXTLINE(cert-err34-c) */
    if (!read_line(path, line, sizeof line) || sscanf(line, "%lld %lld", &quota, &period) != 2 ||
        period <= 0)
        return INT64_MAX;
    return quota < period ? 1 : quota / period;
}

/* The strictest limit of this process' control group and those above it. */
static int64_t cpu_quota(void) {
    char line[4096], group[4096] = "";
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "0::", 3) == 0)
            snprintf(group, sizeof group, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    if (file != NULL)
        fclose(file);
    int64_t quota = quota_of("");
    while (*group == '/') {
        int64_t limit = quota_of(group);
        quota = limit < quota ? limit : quota;
        *strrchr(group, '/') = '\0';
    }
    return quota;
}

static seat own_seat(void) {
    seat own;
    memset(&own, 0, sizeof own);
    own.node = node_hash();
    own.quota = cpu_quota();
    if (sched_getaffinity(0, sizeof own.mask, &own.mask) != 0) { /* more cores than a mask holds */
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        for (long i = 0; i < cores && i < CPU_SETSIZE; i++)
            CPU_SET((size_t)i, &own.mask);
    }
    return own;
}

/* On the node of `own`: how many ranks are there, and are they more than the cores? */
static bool node_is_crowded(const seat *own, const seat *seats, int size, int *node_ranks) {
    int ranks = 0;
    int64_t quota = own->quota;
    cpu_set_t cores = own->mask;
    for (int i = 0; i < size; i++) {
        if (seats[i].node != own->node)
            continue;
        ranks++;
        CPU_OR(&cores, &cores, &seats[i].mask);
        quota = seats[i].quota < quota ? seats[i].quota : quota;
    }
    int64_t count = CPU_COUNT(&cores);
    *node_ranks = ranks;
    return ranks > (count < quota ? count : quota);
}

qn_status qn_comm_is_crowded(qn_comm *comm, bool *out) {
    seat own = own_seat(), *seats = NULL;
    qn_status status = qn_mem_alloc(&seats, (size_t)comm->size, sizeof *seats);
    QN_TRY_GOTO(qn_comm_agree(comm, status), done);
    QN_TRY_GOTO(qn_comm_allgather(comm, &own, sizeof own, seats), done);
    int64_t crowded = node_is_crowded(&own, seats, comm->size, &comm->node_ranks);
    QN_TRY_GOTO(qn_comm_max_i64(comm, &crowded, 1), done);
    *out = crowded != 0;
done:
    qn_mem_free(seats);
    return status;
}
